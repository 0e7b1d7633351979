//! What a visitor is told when a page cannot be had: in their language, as a page, or as a line where a script asked.

use std::convert::Infallible;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use recado_app::access::Refusal;
use recado_ports::store::StoreError;

/// Why there is no page. As a response it is a note for [`leave`](super::visit::leave), which knows the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WebRefusal {
    /// Nobody is signed in; where to go on afterwards.
    SignedOut(Option<String>),
    /// The visitor may see it, and may not do this.
    Forbidden,
    /// A form that does not come from our page, or from one that is too old.
    Forged,
    /// There is nothing here, or nothing for this visitor.
    NotFound,
    /// Nothing can be done to it in this way.
    MethodNotAllowed,
    /// The state of things does not allow it; the use case's own words.
    Conflict(String),
    /// Values that cannot be taken; the use case's own words.
    Invalid(String),
    /// More octets than are taken.
    TooLarge,
    /// Too often; seconds to wait.
    TooOften(u64),
    /// The database does not answer for now.
    Unavailable,
    /// Our own fault.
    Internal,
}

impl WebRefusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Forged => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The keys of what it says: a headline, and what to do.
    pub(crate) fn keys(&self) -> (&'static str, &'static str) {
        match self {
            Self::SignedOut(_) => ("error-signed-out", "error-signed-out-remedy"),
            Self::Forbidden => ("error-forbidden", "error-forbidden-remedy"),
            Self::Forged => ("error-forged", "error-forged-remedy"),
            Self::NotFound => ("error-not-found", "error-not-found-remedy"),
            Self::MethodNotAllowed => ("error-method", "error-method-remedy"),
            Self::Conflict(_) => ("error-conflict", "error-conflict-remedy"),
            Self::Invalid(_) => ("error-invalid", "error-invalid-remedy"),
            Self::TooLarge => ("error-too-large", "error-too-large-remedy"),
            Self::TooOften(_) => ("error-too-often", "error-too-often-remedy"),
            Self::Unavailable => ("error-unavailable", "error-unavailable-remedy"),
            Self::Internal => ("error-internal", "error-internal-remedy"),
        }
    }

    /// What the use case said, in English.
    pub(crate) fn detail(&self) -> Option<&str> {
        match self {
            Self::Conflict(detail) | Self::Invalid(detail) => Some(detail),
            _ => None,
        }
    }

    /// When to come back.
    pub(crate) fn retry_after(&self) -> Option<HeaderValue> {
        match self {
            Self::TooOften(seconds) => Some(HeaderValue::from(*seconds)),
            Self::Unavailable => Some(HeaderValue::from_static("5")),
            _ => None,
        }
    }
}

impl From<Refusal> for WebRefusal {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(_) => Self::NotFound,
            Refusal::Forbidden(_) => Self::Forbidden,
            Refusal::Conflict(detail) => Self::Conflict(detail),
            refusal @ Refusal::Invalid(_) => Self::Invalid(refusal.to_string()),
            Refusal::Store(error) => error.into(),
            refusal @ Refusal::Internal(..) => {
                tracing::error!(error = &refusal as &dyn std::error::Error, "a page failed");
                Self::Internal
            }
        }
    }
}

impl From<StoreError> for WebRefusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the database is unavailable"
                );
                Self::Unavailable
            }
            StoreError::Conflict { .. } => Self::Conflict(error.to_string()),
            StoreError::Corrupt { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "a page failed");
                Self::Internal
            }
        }
    }
}

impl From<Infallible> for WebRefusal {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Rides on a response until the visitor's language is at hand.
#[derive(Clone)]
pub(super) struct Refused(pub(super) WebRefusal);

impl IntoResponse for WebRefusal {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(Refused(self));
        response
    }
}
