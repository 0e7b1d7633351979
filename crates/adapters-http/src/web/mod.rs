//! The pages: portal, desk and administration, as HTML from the server. `docs/architecture.md` says how they hang together.
//!
//! A page's module decides nothing: it calls use cases with the visitor's actor and words what they answer. What every
//! page needs is here: who visits, in which language and zone, forms that nobody else can send, and the layout.

mod assets;
mod render;
mod strings;

mod cookie;
mod csrf;
mod rates;
mod security;

mod form;
mod page;
mod refusal;
mod routes;
mod visit;

mod home;
mod set_up;
mod settings;
mod sign_in;
mod stream;

mod administration;
mod deliveries;
mod paging;
mod quarantine;

mod conversation;
mod desk;
mod portal;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use recado_app::foresee_comment::ForeseeComment;
use recado_app::manage_ticket::ManageTicket;
use recado_app::read_inbox::ReadInbox;
use recado_app::see_comment::SeeComment;
use recado_app::set_preference::SetPreference;
use recado_app::set_up::SetUp;
use recado_app::settings::MessagingSettings;
use recado_app::sign_in::SignIn;
use recado_app::view_link::ViewTicket;
use tower_http::catch_panic::CatchPanicLayer;

use crate::HttpOptions;
use crate::api::Api;
pub use administration::Administration;
use cookie::Jar;
use refusal::WebRefusal;
use render::Renderer;
use routes::Routes;
use sign_in::SignInLimits;
use stream::Hub;
pub(crate) use visit::Peer;

/// What the pages need beside the API's use cases.
#[expect(missing_docs, reason = "each field is the use case that its type documents")]
pub struct Pages {
    pub sign_in: SignIn,
    pub set_up: SetUp,
    pub see_comment: SeeComment,
    pub set_preference: SetPreference,
    pub read_inbox: ReadInbox,
    pub foresee_comment: ForeseeComment,
    pub manage_ticket: ManageTicket,
    pub view_ticket: ViewTicket,
    /// Where the pages are (the scheme of the public URL decides about cookies), their language and their time zone
    /// where a visitor chose none.
    pub settings: Arc<MessagingSettings>,
    /// What the administration needs.
    pub administration: Administration,
}

/// What every handler shares.
pub(crate) struct Context {
    pub(crate) api: Arc<Api>,
    pub(crate) pages: Pages,
    pub(crate) options: HttpOptions,
    pub(crate) renderer: Renderer,
    pub(crate) jar: Jar,
    sign_in_limits: SignInLimits,
    hub: Hub,
}

pub(crate) type Shared = Arc<Context>;

/// Every route of the pages, each with its method: what a test walks through.
pub fn routes() -> Vec<(Method, &'static str)> {
    every().listed()
}

fn every() -> Routes {
    Routes::new()
        .with(assets::routes())
        .with(home::routes())
        .with(sign_in::routes())
        .with(set_up::routes())
        .with(settings::routes())
        .with(stream::routes())
        .with(quarantine::routes())
        .with(deliveries::routes())
        .with(administration::routes())
        .with(portal::routes())
        .with(desk::routes())
        .with(view::routes())
}

/// The pages with what they share; made once.
pub(crate) fn context(api: Arc<Api>, pages: Pages, options: HttpOptions) -> Shared {
    Arc::new(Context {
        jar: Jar::for_url(&pages.settings.public_url),
        renderer: Renderer::new(),
        sign_in_limits: SignInLimits::new(),
        hub: Hub::new(options.limits.page_streams),
        api,
        pages,
        options,
    })
}

/// The routes of the pages.
pub(crate) fn router(shared: &Shared) -> Router {
    every()
        .router()
        .method_not_allowed_fallback(async || WebRefusal::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(shared.options.limits.comment_body))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(middleware::from_fn_with_state(shared.clone(), attend))
        .with_state(shared.clone())
}

/// The page for a path that there is nothing at.
pub(crate) async fn missing(shared: &Shared, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    visit::leave(visit::enter(shared, &mut parts).await.map_or_else(
        |(visit, refusal)| (visit, refusal.into_response()),
        |visit| (visit, WebRefusal::NotFound.into_response()),
    ))
}

/// Finds out who visits before a handler runs; puts refusals into words, and the headers on, after it.
async fn attend(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match visit::enter(&shared, &mut parts).await {
        Err((visit, refusal)) => visit::leave((visit, refusal.into_response())),
        Ok(visit) => {
            parts.extensions.insert(visit.clone());
            let response = next.run(Request::from_parts(parts, body)).await;
            visit::leave((visit, response))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn answer_panic(panic: Box<dyn std::any::Any + Send>) -> Response<Body> {
    crate::observe::tell_panic(&*panic);
    WebRefusal::Internal.into_response()
}
