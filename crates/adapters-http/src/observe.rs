//! What is seen of every request: a span, a log line, two metrics, and an id that the answer bears too. No query, no
//! body and no path: routes stand for them, since paths name tickets and people.

use std::any::Any;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::HttpOptions;
use crate::api::{Kind, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Watches a request, and bounds the time to its answer's head.
pub(crate) async fn observe(
    State(options): State<Arc<HttpOptions>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id(&request, &options);
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    let method = known(request.method());
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default(), method, route);
    let began = options.clock.elapsed();
    let mut response = async {
        let answer = tokio::time::timeout(options.limits.request_time, next.run(request)).await;
        let response = answer.unwrap_or_else(|_| timed_out(&options).into_response());
        let status = response.status().as_u16();
        let latency = options.clock.elapsed().saturating_sub(began);
        if is_probe(&route) {
            tracing::debug!(status, latency_ms = latency.as_millis(), "answered");
        } else {
            tracing::info!(status, latency_ms = latency.as_millis(), "answered");
        }
        let labels = [
            ("method", method.to_owned()),
            ("route", route.clone()),
            ("status", status.to_string()),
        ];
        metrics::counter!("recado_http_requests_total", &labels).increment(1);
        metrics::histogram!("recado_http_request_seconds", "method" => method, "route" => route.clone())
            .record(latency.as_secs_f64());
        response
    }
    .instrument(span)
    .await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // The pages have a policy of their own.
    headers
        .entry(header::REFERRER_POLICY)
        .or_insert(HeaderValue::from_static("no-referrer"));
    response
}

/// A panic ends its request alone; it is logged where it happens, by the process' panic hook, and here with the request.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub(crate) fn answer_panic(panic: Box<dyn Any + Send>) -> Response {
    tell_panic(&*panic);
    Problem::new(
        Kind::Internal,
        "the fault is in the daemon; its log says more, under this answer's X-Request-Id",
    )
    .into_response()
}

/// Logs a panic within its request's span.
pub(crate) fn tell_panic(panic: &(dyn Any + Send)) {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("of another kind"), "a request panicked");
}

fn timed_out(options: &HttpOptions) -> Problem {
    let seconds = options.limits.request_time.as_secs();
    Problem::new(
        Kind::Unavailable,
        format!(
            "the request took longer than {seconds} s; whether it was carried out is unknown: repeat it (a comment \
             under the same Idempotency-Key)"
        ),
    )
}

/// The caller's own id where it is a plain word, else one of ours.
fn request_id(request: &Request, options: &HttpOptions) -> HeaderValue {
    let is_plain = |value: &&HeaderValue| {
        (1..=64).contains(&value.len())
            && value
                .as_bytes()
                .iter()
                .all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(octet))
    };
    request
        .headers()
        .get(REQUEST_ID)
        .filter(is_plain)
        .cloned()
        .unwrap_or_else(|| {
            HeaderValue::from_str(&options.ids.next().to_string()).expect("a UUID is visible ASCII")
        })
}

fn is_probe(route: &str) -> bool {
    matches!(route, "/healthz" | "/readyz" | "/metrics")
}

/// A method for a label: callers invent methods without end.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
