//! The HTTP API's use cases, wired.

use std::sync::Arc;

use async_trait::async_trait;
use metrics_exporter_prometheus::PrometheusHandle;
use recado_adapters_db::Database;
use recado_adapters_http::{Api, Health, HttpLimits, HttpOptions};
use recado_app::follow_events::FollowEvents;
use recado_app::post_comment::PostComment;
use recado_app::put_group::PutGroup;
use recado_app::read_tickets::ReadTickets;
use recado_app::receive_mail::ReceiveMail;
use recado_app::retract_comment::RetractComment;
use recado_app::steer_mail::SteerMail;
use recado_app::steer_suppression::SteerSuppression;
use recado_app::test_template::TestTemplate;
use recado_domain::token::Keyring;
use tokio_util::sync::CancellationToken;

use crate::wiring::House;

/// Every use case that the API serves.
pub(super) fn api(house: &House, keyring: &Arc<Keyring>, receive: &Arc<ReceiveMail>) -> Api {
    let database = || house.database.clone();
    Api {
        authenticate: house.authenticate(),
        put_ticket: house.put_ticket(),
        read_tickets: ReadTickets { tickets: database() },
        post_comment: post_comment(house, keyring),
        read_comments: house.read_comments(),
        retract_comment: RetractComment {
            tickets: database(),
            comments: database(),
            people: database(),
            clock: house.clock.clone(),
            trail: house.trail(),
        },
        read_deliveries: house.read_deliveries(),
        steer_delivery: house.steer_delivery(),
        read_mails: house.read_mails(),
        steer_mail: SteerMail {
            receive: receive.clone(),
            trail: house.trail(),
        },
        put_template: house.put_template(),
        read_templates: house.read_templates(),
        preview_template: house.preview_template(),
        test_template: TestTemplate {
            templates: database(),
            images: database(),
            parameters: database(),
            outbox: database(),
            renderer: house.renderer.clone(),
            composer: house.composer.clone(),
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            keyring: keyring.clone(),
            settings: house.configuration.messaging.clone(),
        },
        read_parameters: house.read_parameters(),
        set_parameter: house.set_parameter(),
        put_group: PutGroup {
            people: database(),
            trail: house.trail(),
        },
        steer_suppression: SteerSuppression {
            suppressions: database(),
            clock: house.clock.clone(),
            trail: house.trail(),
        },
        follow_events: FollowEvents {
            events: database(),
            tickets: database(),
            comments: database(),
            outbox: database(),
        },
    }
}

/// Takes comments in.
pub(super) fn post_comment(house: &House, keyring: &Arc<Keyring>) -> PostComment {
    let database = || house.database.clone();
    PostComment {
        comments: database(),
        images: database(),
        renderer: house.renderer.clone(),
        composer: house.composer.clone(),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        keyring: keyring.clone(),
        settings: house.configuration.messaging.clone(),
    }
}

/// What surrounds the use cases.
pub(super) fn options(house: &House, metrics: PrometheusHandle, shutdown: CancellationToken) -> HttpOptions {
    let limits = &house.configuration.limits;
    HttpOptions {
        limits: HttpLimits {
            comment_body: limits.body,
            requests_per_minute: limits.requests_per_minute,
            ..HttpLimits::default()
        },
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        health: Arc::new(DatabaseHealth(house.database.clone())),
        metrics: Arc::new(move || metrics.render()),
        shutdown,
    }
}

struct DatabaseHealth(Arc<Database>);

#[async_trait]
impl Health for DatabaseHealth {
    async fn check(&self) -> Result<(), String> {
        self.0.ping().await.map_err(|error| error.to_string())
    }
}
