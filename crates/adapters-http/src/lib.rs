//! The HTTP API, the pages, and the server below them.
//!
//! Whoever wires the daemon fills an [`Api`] and [`Pages`] with use cases and [`HttpOptions`] with what surrounds them,
//! makes a [`router`] of them, and [`serve`]s it. Permissions are the use cases' matter; here are forms, names and statuses.

mod api;
mod limits;
mod observe;
mod probes;
mod server;
mod stall;
mod web;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

pub use api::{Api, PREFIX, openapi};
pub use limits::HttpLimits;
pub use probes::{Health, RenderMetrics};
pub use server::{ServerLimits, serve};
pub use web::{Administration, Pages, routes as page_routes};

use api::{Kind, Problem};

/// What the API needs besides use cases.
#[derive(Clone)]
pub struct HttpOptions {
    /// How much callers may use up.
    pub limits: HttpLimits,
    /// Measures latencies and rates.
    pub clock: Arc<dyn Clock>,
    /// Names requests.
    pub ids: Arc<dyn Ids>,
    /// Answers `/readyz`.
    pub health: Arc<dyn Health>,
    /// Answers `/metrics`.
    pub metrics: RenderMetrics,
    /// Ends streams of events; give the same token to [`serve`].
    pub shutdown: CancellationToken,
}

/// Everything that the daemon answers over HTTP.
pub fn router(api: Api, pages: Pages, options: HttpOptions) -> Router {
    let shared = Arc::new(options.clone());
    let api = Arc::new(api);
    let web = web::context(api.clone(), pages, options.clone());
    probes::router(options.health.clone(), options.metrics.clone())
        .merge(api::router(api, options))
        .merge(web::router(&web))
        .fallback(async move |request: Request| missing(&web, request).await)
        .method_not_allowed_fallback(not_allowed)
        .layer(CatchPanicLayer::custom(observe::answer_panic))
        .layer(middleware::from_fn_with_state(shared, observe::observe))
}

async fn missing(web: &web::Shared, request: Request) -> Response {
    let path = request.uri().path();
    // Whoever asks here is a program, whatever version of the API it takes this for.
    if path == "/api" || path.starts_with("/api/") {
        let detail = format!("there is nothing at this path; {PREFIX}/openapi.json lists what there is");
        return Problem::new(Kind::NotFound, detail).into_response();
    }
    web::missing(web, request).await
}

async fn not_allowed(method: Method) -> Problem {
    Problem::new(
        Kind::MethodNotAllowed,
        format!("{method} is not allowed here; the header Allow says what is"),
    )
}
