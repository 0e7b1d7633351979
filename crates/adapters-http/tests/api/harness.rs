//! A desk in memory with the API in front of it, and calls as a client makes them.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::tz::TimeZone;
use recado_adapters_http::{Administration, Api, Health, HttpLimits, HttpOptions, Pages, router};
use recado_app::access::Actor;
use recado_app::authenticate::Authenticate;
use recado_app::create_token::CreateToken;
use recado_app::follow_events::FollowEvents;
use recado_app::foresee_comment::ForeseeComment;
use recado_app::manage_ticket::ManageTicket;
use recado_app::post_comment::PostComment;
use recado_app::preview_template::PreviewTemplate;
use recado_app::put_group::PutGroup;
use recado_app::put_template::PutTemplate;
use recado_app::put_ticket::PutTicket;
use recado_app::read_comments::ReadComments;
use recado_app::read_deliveries::ReadDeliveries;
use recado_app::read_inbox::ReadInbox;
use recado_app::read_mails::ReadMails;
use recado_app::read_parameters::ReadParameters;
use recado_app::read_templates::ReadTemplates;
use recado_app::read_tickets::ReadTickets;
use recado_app::receive_mail::ReceiveMail;
use recado_app::retract_comment::RetractComment;
use recado_app::see_comment::SeeComment;
use recado_app::set_parameter::SetParameter;
use recado_app::set_preference::SetPreference;
use recado_app::set_up::SetUp;
use recado_app::settings::{CommentLimits, IncomingSettings, MessagingSettings, WayBack, WayOut};
use recado_app::sign_in::SignIn;
use recado_app::steer_delivery::SteerDelivery;
use recado_app::steer_mail::SteerMail;
use recado_app::steer_suppression::SteerSuppression;
use recado_app::test_template::TestTemplate;
use recado_app::trail::Trail;
use recado_app::view_link::ViewTicket;
use recado_domain::locale::Locale;
use recado_domain::parameter::Parameter;
use recado_domain::person::{Role, Standing, User};
use recado_domain::token::Keyring;
use recado_ports::comments::Comments;
use recado_ports::parameters::Parameters;
use recado_ports::people::People;
use recado_ports::templates::Templates;
use recado_ports::tickets::Tickets;
use recado_test_support::builders;
use recado_test_support::clock::ManualClock;
use recado_test_support::fakes::{MemoryStore, PlainComposer, PlainRenderer};
use recado_test_support::ids::SequentialIds;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::administration::administration;
use crate::inbox::PlainReader;

/// A healthy database.
pub(crate) struct Healthy;

#[async_trait]
impl Health for Healthy {
    async fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A database that is not there.
pub(crate) struct Ailing;

#[async_trait]
impl Health for Ailing {
    async fn check(&self) -> Result<(), String> {
        Err("the database is not migrated".to_owned())
    }
}

/// What a test changes before the desk opens.
pub(crate) struct Setup {
    pub(crate) store: MemoryStore,
    pub(crate) limits: HttpLimits,
    pub(crate) health: Arc<dyn Health>,
    pub(crate) comment_limits: CommentLimits,
    /// Stands in for the store where the API reads accounts.
    pub(crate) people: Option<Arc<dyn People>>,
    /// Stands in for the store where comments are posted.
    pub(crate) comments: Option<Arc<dyn Comments>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            store: MemoryStore::new(),
            limits: HttpLimits::default(),
            health: Arc::new(Healthy),
            comment_limits: CommentLimits::default(),
            people: None,
            comments: None,
        }
    }
}

impl Setup {
    pub(crate) fn with_rate(per_minute: u32) -> Self {
        let limits = HttpLimits {
            requests_per_minute: NonZeroU32::new(per_minute),
            ..HttpLimits::default()
        };
        Self {
            limits,
            ..Self::default()
        }
    }

    pub(crate) async fn open(self) -> Desk {
        let store = self.store.clone();
        let clock = Arc::new(ManualClock::new());
        let ids = Arc::new(SequentialIds::new());
        let shutdown = CancellationToken::new();
        let api = api(&store, &clock, &ids, &self);
        let receive = api.steer_mail.receive.clone();
        let administration = administration(&store, &clock, &ids, &api);
        let settings = &api.preview_template.settings;
        let pages = pages(&store, &clock, &ids, settings, administration);
        let options = HttpOptions {
            limits: self.limits,
            clock: clock.clone(),
            ids: Arc::new(SequentialIds::new()),
            health: self.health,
            metrics: Arc::new(|| "# HELP recado_up\nrecado_up 1\n".to_owned()),
            shutdown: shutdown.clone(),
        };
        let mut desk = Desk {
            router: router(api, pages, options),
            store,
            clock,
            shutdown,
            receive,
            admin: String::new(),
            tomas: String::new(),
            ana: String::new(),
            eva: String::new(),
        };
        desk.admin = desk.account(&ids, "admin@example.org", Role::Administrator).await;
        desk.tomas = desk.account(&ids, "tomas@example.com", Role::Technician).await;
        desk.ana = desk.account(&ids, "ana@example.com", Role::Requester).await;
        desk.eva = desk.account(&ids, "eva@example.com", Role::Requester).await;
        desk
    }
}

#[expect(clippy::too_many_lines, reason = "it names every use case")]
fn api(store: &MemoryStore, clock: &Arc<ManualClock>, ids: &Arc<SequentialIds>, setup: &Setup) -> Api {
    let s = Arc::new(store.clone());
    let keyring = Arc::new(Keyring::new(&[7; 32], &[]).unwrap());
    let settings = Arc::new(MessagingSettings {
        desk: None,
        desk_name: Some("Mesa".to_owned()),
        public_host: "desk.example.org".to_owned(),
        public_url: "https://recado.example.org".to_owned(),
        locale: Locale::Es,
        time_zone: TimeZone::UTC,
        hold: Duration::ZERO,
        page_hold: Duration::from_secs(10),
        way_out: WayOut::Files,
        limits: setup.comment_limits,
        way_back: WayBack::default(),
    });
    let trail = trail(store, clock, ids);
    let renderer = Arc::new(PlainRenderer);
    let composer = Arc::new(PlainComposer);
    Api {
        authenticate: Authenticate {
            people: setup.people.clone().unwrap_or_else(|| s.clone()),
            sessions: s.clone(),
            clock: clock.clone(),
        },
        put_ticket: PutTicket {
            tickets: s.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            desk: settings.desk.clone(),
        },
        read_tickets: ReadTickets { tickets: s.clone() },
        post_comment: PostComment {
            comments: setup.comments.clone().unwrap_or_else(|| s.clone()),
            images: s.clone(),
            renderer: renderer.clone(),
            composer: composer.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            keyring: keyring.clone(),
            settings: settings.clone(),
        },
        read_comments: ReadComments {
            tickets: s.clone(),
            comments: s.clone(),
        },
        retract_comment: RetractComment {
            tickets: s.clone(),
            comments: s.clone(),
            people: s.clone(),
            clock: clock.clone(),
            trail: trail.clone(),
        },
        read_deliveries: ReadDeliveries {
            outbox: s.clone(),
            tickets: s.clone(),
            parameters: s.clone(),
            channels: s.clone(),
            trail: trail.clone(),
        },
        steer_delivery: SteerDelivery {
            outbox: s.clone(),
            clock: clock.clone(),
            trail: trail.clone(),
        },
        read_mails: ReadMails {
            ledger: s.clone(),
            tickets: s.clone(),
            outbox: s.clone(),
            trail: trail.clone(),
        },
        steer_mail: SteerMail {
            trail: trail.clone(),
            receive: Arc::new(ReceiveMail {
                ledger: s.clone(),
                reader: Arc::new(PlainReader),
                tickets: s.clone(),
                people: s.clone(),
                comments: s.clone(),
                suppressions: s.clone(),
                outbox: s.clone(),
                parameters: s.clone(),
                images: s.clone(),
                renderer: renderer.clone(),
                composer: composer.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                keyring: keyring.clone(),
                messaging: settings.clone(),
                settings: Arc::new(IncomingSettings::default()),
            }),
        },
        put_template: PutTemplate {
            templates: s.clone(),
            images: s.clone(),
            clock: clock.clone(),
            trail: trail.clone(),
        },
        read_templates: ReadTemplates { templates: s.clone() },
        preview_template: PreviewTemplate {
            templates: s.clone(),
            tickets: s.clone(),
            renderer: renderer.clone(),
            clock: clock.clone(),
            settings: settings.clone(),
        },
        test_template: TestTemplate {
            templates: s.clone(),
            images: s.clone(),
            parameters: s.clone(),
            outbox: s.clone(),
            renderer,
            composer,
            clock: clock.clone(),
            ids: ids.clone(),
            keyring,
            settings,
        },
        read_parameters: ReadParameters {
            parameters: s.clone(),
        },
        set_parameter: SetParameter {
            parameters: s.clone(),
            templates: s.clone(),
            trail: trail.clone(),
        },
        put_group: PutGroup {
            people: s.clone(),
            trail: trail.clone(),
        },
        steer_suppression: SteerSuppression {
            suppressions: s.clone(),
            clock: clock.clone(),
            trail: trail.clone(),
        },
        follow_events: FollowEvents {
            events: s.clone(),
            tickets: s.clone(),
            comments: s.clone(),
            outbox: s,
        },
    }
}

/// What only the pages need.
pub(crate) fn pages(
    store: &MemoryStore,
    clock: &Arc<ManualClock>,
    ids: &Arc<SequentialIds>,
    settings: &Arc<MessagingSettings>,
    administration: Administration,
) -> Pages {
    let s = Arc::new(store.clone());
    let keyring = Arc::new(Keyring::new(&[7; 32], &[]).unwrap());
    Pages {
        sign_in: SignIn {
            people: s.clone(),
            accounts: s.clone(),
            sessions: s.clone(),
            preferences: s.clone(),
            parameters: s.clone(),
            outbox: s.clone(),
            composer: Arc::new(PlainComposer),
            clock: clock.clone(),
            ids: ids.clone(),
            keyring: keyring.clone(),
            settings: settings.clone(),
        },
        set_up: SetUp {
            accounts: s.clone(),
            sessions: s.clone(),
            keyring: keyring.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            trail: trail(store, clock, ids),
        },
        see_comment: SeeComment {
            preferences: s.clone(),
            outbox: s.clone(),
            clock: clock.clone(),
        },
        set_preference: SetPreference {
            preferences: s.clone(),
            accounts: s.clone(),
            sessions: s.clone(),
            tickets: s.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
        },
        read_inbox: ReadInbox {
            inbox: s.clone(),
            tickets: s.clone(),
            clock: clock.clone(),
        },
        foresee_comment: ForeseeComment {
            parameters: s.clone(),
            people: s.clone(),
            settings: settings.clone(),
        },
        manage_ticket: ManageTicket {
            put: PutTicket {
                tickets: s.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                desk: settings.desk.clone(),
            },
        },
        view_ticket: ViewTicket {
            tickets: s.clone(),
            comments: s,
            keyring,
            clock: clock.clone(),
        },
        settings: settings.clone(),
        administration,
    }
}

pub(crate) fn trail(store: &MemoryStore, clock: &Arc<ManualClock>, ids: &Arc<SequentialIds>) -> Trail {
    Trail {
        audit: Arc::new(store.clone()),
        clock: clock.clone(),
        ids: ids.clone(),
    }
}

/// A desk with four accounts: an administrator, Tomás the technician, Ana the requester, and Eva, whom nothing concerns.
pub(crate) struct Desk {
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) receive: Arc<ReceiveMail>,
    pub(crate) router: Router,
    pub(crate) admin: String,
    pub(crate) tomas: String,
    pub(crate) ana: String,
    pub(crate) eva: String,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        Setup::default().open().await
    }

    /// A desk that tells people: template 1 is active, 417 names it, and parameter 10 is set. Ticket 4711 is Ana's,
    /// and Tomás answers for it.
    pub(crate) async fn telling() -> Self {
        let desk = Self::open().await;
        desk.start_telling().await;
        desk
    }

    pub(crate) async fn start_telling(&self) {
        self.store.put_template(builders::template(1)).await;
        self.store
            .set(Parameter::MessagingTemplate, Some("1".to_owned()))
            .await
            .unwrap();
        self.store
            .set(Parameter::FromAddress, Some("desk@example.org".to_owned()))
            .await
            .unwrap();
        Tickets::put(&self.store, builders::ticket("4711").write())
            .await
            .unwrap();
    }

    /// An account's token.
    async fn account(&self, ids: &Arc<SequentialIds>, email: &str, role: Role) -> String {
        self.store
            .add_user(&builders::user(email, role), None)
            .await
            .unwrap();
        let people = Arc::new(self.store.clone());
        let create = CreateToken {
            trail: trail(&self.store, &self.clock, ids),
            people,
            clock: self.clock.clone(),
            ids: ids.clone(),
        };
        create
            .run(&Actor::Operator, &builders::address(email), "test")
            .await
            .unwrap()
    }

    /// A disabled account's token.
    pub(crate) async fn disabled(&self) -> String {
        let user = User {
            standing: Standing::Disabled,
            ..builders::user("gone@example.com", Role::Technician)
        };
        self.store.add_user(&user, None).await.unwrap();
        let ids = SequentialIds::new();
        for _ in 0..9 {
            recado_ports::ids::Ids::secret(&ids);
        }
        let people = Arc::new(self.store.clone());
        let ids = Arc::new(ids);
        let create = CreateToken {
            trail: trail(&self.store, &self.clock, &ids),
            people,
            clock: self.clock.clone(),
            ids,
        };
        create
            .run(&Actor::Operator, &builders::address("gone@example.com"), "test")
            .await
            .unwrap()
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(request(Method::GET, path, token).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn delete(&self, token: &str, path: &str) -> Answer {
        self.send(request(Method::DELETE, path, token).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn put(&self, token: &str, path: &str, body: Value) -> Answer {
        self.json(Method::PUT, token, path, &body).await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.json(Method::POST, token, path, &body).await
    }

    pub(crate) async fn json(&self, method: Method, token: &str, path: &str, body: &Value) -> Answer {
        self.raw(method, token, path, body.to_string()).await
    }

    pub(crate) async fn raw(&self, method: Method, token: &str, path: &str, body: impl Into<Body>) -> Answer {
        let request = request(method, path, token).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Posts under an idempotency key.
    pub(crate) async fn post_keyed(
        &self,
        token: &str,
        path: &str,
        key: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let request = request(Method::POST, path, token)
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key);
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

/// A request below the API's prefix; an empty token sends none.
pub(crate) fn request(method: Method, path: &str, token: &str) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
    if token.is_empty() {
        request
    } else {
        request.header(header::AUTHORIZATION, format!("Bearer {token}"))
    }
}

trait PutTemplateDirectly {
    async fn put_template(&self, template: recado_domain::template::StoredTemplate);
}

impl PutTemplateDirectly for MemoryStore {
    async fn put_template(&self, template: recado_domain::template::StoredTemplate) {
        Templates::put(self, &template).await.unwrap();
    }
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub(crate) fn of(&self, status: u16) -> Value {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self.value()
    }

    /// The body of a problem, which says itself what its status is.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, name: &str) -> Value {
        let problem = self.of(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["type"], format!("urn:recado:problem:{name}"));
        assert_eq!(problem["status"], status);
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()));
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty())
        );
        problem
    }

    /// The names of the fields that a 422 refuses.
    #[track_caller]
    pub(crate) fn refused_fields(&self) -> Vec<String> {
        let problem = self.problem(422, "invalid-fields");
        let errors = problem["errors"].as_array().expect("a 422 names fields").clone();
        errors
            .iter()
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect()
    }
}
