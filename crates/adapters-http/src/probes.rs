//! `/healthz`, `/readyz` and `/metrics`: for whoever runs the daemon. They need no token; listen where only they reach it.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::api::{Kind, Problem};

/// Whether the daemon can do its work. The mail server does not count: mails wait.
#[async_trait]
pub trait Health: Send + Sync {
    /// `Ok` when the database is reachable and migrated, else what is amiss, for an operator to read.
    async fn check(&self) -> Result<(), String>;
}

/// Writes the metrics in Prometheus' text format.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

pub(crate) fn router(health: Arc<dyn Health>, metrics: RenderMetrics) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready).with_state(health))
        .route(
            "/metrics",
            get(async move || ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics())),
        )
}

async fn ready(State(health): State<Arc<dyn Health>>) -> Response {
    match health.check().await {
        Ok(()) => "ready\n".into_response(),
        Err(reason) => Problem::new(Kind::Unavailable, reason).into_response(),
    }
}
