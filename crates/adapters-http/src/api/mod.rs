//! The REST API below `/api/v1`: JSON in, JSON out, a problem for every refusal. `docs/api.md` tells it to callers.

mod problem;

mod auth;
mod fields;
mod idempotency;
mod json;
mod page;
mod request;

mod people;
mod tickets;

mod comments;

mod attachments;
mod post_comment;

mod deliveries;
mod mails;

mod templates;

mod parameters;

mod groups;
mod suppressions;

mod events;
mod openapi;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::middleware;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use recado_app::authenticate::Authenticate;
use recado_app::follow_events::FollowEvents;
use recado_app::post_comment::PostComment;
use recado_app::preview_template::PreviewTemplate;
use recado_app::put_group::PutGroup;
use recado_app::put_template::PutTemplate;
use recado_app::put_ticket::PutTicket;
use recado_app::read_comments::ReadComments;
use recado_app::read_deliveries::ReadDeliveries;
use recado_app::read_mails::ReadMails;
use recado_app::read_parameters::ReadParameters;
use recado_app::read_templates::ReadTemplates;
use recado_app::read_tickets::ReadTickets;
use recado_app::retract_comment::RetractComment;
use recado_app::set_parameter::SetParameter;
use recado_app::steer_delivery::SteerDelivery;
use recado_app::steer_mail::SteerMail;
use recado_app::steer_suppression::SteerSuppression;
use recado_app::test_template::TestTemplate;
use tokio::sync::Semaphore;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use attachments::{content_type, download};
pub use openapi::openapi;
pub(crate) use page::List;
pub(crate) use problem::{Kind, Problem};

use crate::HttpOptions;
use crate::limits::Rates;

/// What every path of the API begins with.
pub const PREFIX: &str = "/api/v1";

/// The use cases that the API serves.
#[expect(missing_docs, reason = "each field is the use case that its type documents")]
pub struct Api {
    pub authenticate: Authenticate,
    pub put_ticket: PutTicket,
    pub read_tickets: ReadTickets,
    pub post_comment: PostComment,
    pub read_comments: ReadComments,
    pub retract_comment: RetractComment,
    pub read_deliveries: ReadDeliveries,
    pub steer_delivery: SteerDelivery,
    pub read_mails: ReadMails,
    pub steer_mail: SteerMail,
    pub put_template: PutTemplate,
    pub read_templates: ReadTemplates,
    pub preview_template: PreviewTemplate,
    pub test_template: TestTemplate,
    pub read_parameters: ReadParameters,
    pub set_parameter: SetParameter,
    pub put_group: PutGroup,
    pub steer_suppression: SteerSuppression,
    pub follow_events: FollowEvents,
}

/// What every handler shares.
pub(crate) struct Context {
    api: Arc<Api>,
    options: HttpOptions,
    rates: Rates,
    in_flight: idempotency::InFlight,
    event_streams: Arc<Semaphore>,
    /// Made when it is first asked for.
    openapi: OnceLock<Bytes>,
}

type Shared = Arc<Context>;

/// The API's routes, below [`PREFIX`].
pub(crate) fn router(api: Arc<Api>, options: HttpOptions) -> Router {
    let state = Arc::new(Context {
        rates: Rates::new(options.limits.requests_per_minute),
        event_streams: Arc::new(Semaphore::new(options.limits.event_streams)),
        in_flight: idempotency::InFlight::default(),
        openapi: OnceLock::new(),
        api,
        options,
    });
    let authenticate = middleware::from_fn_with_state(state.clone(), auth::authenticate);
    let (router, _) = closed_routes()
        .route_layer(authenticate)
        .merge(open_routes())
        .split_for_parts();
    let header = SetResponseHeaderLayer::if_not_present;
    let router = router
        .layer(header(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(header(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ))
        .with_state(state);
    Router::new().nest(PREFIX, router)
}

fn routes() -> OpenApiRouter<Shared> {
    closed_routes().merge(open_routes())
}

/// What needs a token.
fn closed_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(tickets::list_tickets))
        .routes(routes!(tickets::put_ticket, tickets::get_ticket))
        .routes(routes!(post_comment::post_comment, comments::list_comments))
        .routes(routes!(
            comments::get_comment,
            comments::change_comment,
            comments::withdraw_comment
        ))
        .routes(routes!(attachments::get_attachment))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(deliveries::get_delivery))
        .routes(routes!(deliveries::get_message))
        .routes(routes!(deliveries::requeue_delivery))
        .routes(routes!(deliveries::cancel_delivery))
        .routes(routes!(mails::list_mails))
        .routes(routes!(mails::get_mail))
        .routes(routes!(mails::get_raw_mail))
        .routes(routes!(mails::release_mail))
        .routes(routes!(mails::refuse_mail))
        .routes(routes!(mails::replay_mail))
        .routes(routes!(templates::list_templates))
        .routes(routes!(templates::put_template, templates::get_template))
        .routes(routes!(templates::preview_template))
        .routes(routes!(templates::test_template))
        .routes(routes!(parameters::list_parameters))
        .routes(routes!(parameters::put_parameter, parameters::get_parameter))
        .routes(routes!(groups::put_group))
        .routes(routes!(suppressions::list_suppressions))
        .routes(routes!(suppressions::lift_suppression))
        .routes(routes!(events::follow_events))
}

/// What needs none.
fn open_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(openapi::get_openapi))
}

/// Everything but what RFC 3986 §2.3 leaves unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where something of the API is, for `Location`.
fn location(segments: &[&str]) -> String {
    segments.iter().fold(PREFIX.to_owned(), |path, segment| {
        format!("{path}/{}", utf8_percent_encode(segment, SEGMENT))
    })
}
