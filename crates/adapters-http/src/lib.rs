//! The HTTP API and the server below it.
//!
//! Whoever wires the daemon fills an [`Api`] with use cases and [`HttpOptions`] with what surrounds them, makes a
//! [`router`] of both, and [`serve`]s it. Permissions are the use cases' matter; here are forms, names and statuses.

mod api;
mod limits;
mod observe;
mod probes;
mod server;
mod stall;

use std::sync::Arc;

use axum::extract::OriginalUri;
use axum::http::Method;
use axum::{Router, middleware};
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

pub use api::{Api, PREFIX, openapi};
pub use limits::HttpLimits;
pub use probes::{Health, RenderMetrics};
pub use server::{ServerLimits, serve};

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
pub fn router(api: Api, options: HttpOptions) -> Router {
    let shared = Arc::new(options.clone());
    probes::router(options.health.clone(), options.metrics.clone())
        .merge(api::router(api, options))
        .fallback(missing)
        .method_not_allowed_fallback(not_allowed)
        .layer(CatchPanicLayer::custom(observe::answer_panic))
        .layer(middleware::from_fn_with_state(shared, observe::observe))
}

async fn missing(OriginalUri(uri): OriginalUri) -> Problem {
    let detail = if uri.path().starts_with(PREFIX) {
        format!("there is nothing at this path; {PREFIX}/openapi.json lists what there is")
    } else {
        format!("there is nothing at this path; the API begins with {PREFIX}")
    };
    Problem::new(Kind::NotFound, detail)
}

async fn not_allowed(method: Method) -> Problem {
    Problem::new(
        Kind::MethodNotAllowed,
        format!("{method} is not allowed here; the header Allow says what is"),
    )
}
