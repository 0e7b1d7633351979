//! Refusals as `application/problem+json` (RFC 9457), one shape for everything that goes wrong.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use recado_app::access::{FieldError, Refusal};
use recado_app::post_comment::PostCommentError;
use recado_app::put_template::PutTemplateError;
use recado_ports::store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use super::templates::DiagnosticView;

/// How long a caller is asked to wait while the database does not answer, in seconds.
const RETRY_UNAVAILABLE: u64 = 5;

/// What a problem is, to a program. Each has one `type`, one title and one status, listed in `docs/api.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    MalformedRequest,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    InFlight,
    TooLarge,
    UnsupportedMediaType,
    InvalidFields,
    FaultyTemplate,
    KeyReused,
    TooManyRequests,
    Internal,
    Unavailable,
}

impl Kind {
    fn parts(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::MalformedRequest => ("malformed-request", "Malformed request", StatusCode::BAD_REQUEST),
            Self::Unauthenticated => ("unauthenticated", "Not signed in", StatusCode::UNAUTHORIZED),
            Self::Forbidden => ("forbidden", "Not allowed", StatusCode::FORBIDDEN),
            Self::NotFound => ("not-found", "Not found", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                "Method not allowed",
                StatusCode::METHOD_NOT_ALLOWED,
            ),
            Self::Conflict => ("conflict", "Conflict", StatusCode::CONFLICT),
            Self::InFlight => (
                "request-in-flight",
                "The same request is still in flight",
                StatusCode::CONFLICT,
            ),
            Self::TooLarge => ("too-large", "Too large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                "Unsupported media type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            Self::InvalidFields => (
                "invalid-fields",
                "Invalid fields",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::FaultyTemplate => (
                "faulty-template",
                "Faulty template",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::KeyReused => (
                "idempotency-key-reused",
                "Idempotency key reused",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::TooManyRequests => (
                "too-many-requests",
                "Too many requests",
                StatusCode::TOO_MANY_REQUESTS,
            ),
            Self::Internal => ("internal", "Internal error", StatusCode::INTERNAL_SERVER_ERROR),
            Self::Unavailable => ("unavailable", "Unavailable", StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

/// A refusal on its way out.
#[derive(Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    diagnostics: Vec<DiagnosticView>,
    retry_after: Option<u64>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let retry_after = (kind == Kind::Unavailable).then_some(RETRY_UNAVAILABLE);
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            diagnostics: Vec::new(),
            retry_after,
        }
    }

    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(Kind::NotFound, format!("{what} does not exist"))
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Kind::MalformedRequest, detail)
    }

    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.field, one.message),
            _ => format!("{} fields cannot be taken", errors.len()),
        };
        Self {
            errors,
            ..Self::new(Kind::InvalidFields, detail)
        }
    }

    pub(crate) fn field(field: &str, message: impl ToString) -> Self {
        Self::invalid(vec![FieldError::new(field, message)])
    }

    /// Asks the caller to come back after so many seconds.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// Answers nothing of an internal fault, and logs all of it.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a request failed through our own fault");
        Self::new(
            Kind::Internal,
            "the fault is in the daemon; its log says more, under this answer's X-Request-Id",
        )
    }
}

/// The body of every refusal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemView {
    /// What kind of problem it is, as a URI: `urn:recado:problem:` and a name.
    #[serde(rename = "type")]
    #[schema(example = "urn:recado:problem:not-found")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What went wrong this time.
    detail: String,
    /// Every field that cannot be taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldErrorView>,
    /// Every mistake in a template.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    diagnostics: Vec<DiagnosticView>,
}

/// A field that cannot be taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldError)]
struct FieldErrorView {
    /// Its name, with dots between levels: `requester.email`.
    field: String,
    /// What is wrong with it.
    message: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (name, title, status) = self.kind.parts();
        let view = ProblemView {
            kind: format!("urn:recado:problem:{name}"),
            title,
            status: status.as_u16(),
            detail: self.detail,
            errors: self
                .errors
                .into_iter()
                .map(|error| FieldErrorView {
                    field: error.field,
                    message: error.message,
                })
                .collect(),
            diagnostics: self.diagnostics,
        };
        let mut response = (status, Json(view)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind == Kind::Unauthenticated {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"recado\""),
            );
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(_) => Self::new(Kind::NotFound, refusal.to_string()),
            Refusal::Forbidden(detail) => Self::new(Kind::Forbidden, detail),
            Refusal::Invalid(errors) => Self::invalid(errors),
            Refusal::Conflict(detail) => Self::new(Kind::Conflict, detail),
            Refusal::Store(ref error @ StoreError::Unavailable(_)) => {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "a request could not be served"
                );
                Self::new(
                    Kind::Unavailable,
                    "the database is unavailable; repeat the request in a moment (a comment under the same Idempotency-Key)",
                )
            }
            Refusal::Store(error @ StoreError::Conflict { .. }) => {
                Self::new(Kind::Conflict, error.to_string())
            }
            Refusal::Store(ref error @ StoreError::Corrupt { .. }) => Self::internal(error),
            error @ Refusal::Internal(..) => Self::internal(&error),
        }
    }
}

impl From<PostCommentError> for Problem {
    fn from(error: PostCommentError) -> Self {
        match error {
            PostCommentError::Refused(refusal) => refusal.into(),
            PostCommentError::KeyReused => Self::new(
                Kind::KeyReused,
                "this Idempotency-Key was used with another path or body; a new comment needs a new key",
            ),
        }
    }
}

impl From<PutTemplateError> for Problem {
    fn from(error: PutTemplateError) -> Self {
        let detail = error.to_string();
        match error {
            PutTemplateError::Refused(refusal) => refusal.into(),
            PutTemplateError::Faulty(diagnostics) => Self {
                diagnostics: diagnostics.into_iter().map(DiagnosticView::from).collect(),
                ..Self::new(Kind::FaultyTemplate, detail)
            },
        }
    }
}
