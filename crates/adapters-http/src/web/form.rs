//! Forms: whoever sends one, came from our own page. The check is here and nowhere else; a handler that takes a form
//! cannot leave it out.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::refusal::WebRefusal;
use super::visit::Visit;
use super::{Shared, csrf};

/// Octets of a form by somebody who has not signed in.
const STRANGERS_FORM: usize = 64 << 10;

/// Octets of a form without files.
const FORM: usize = 8 << 20;

/// The field that holds the token.
const FIELD: &str = "csrf";

/// A form (`application/x-www-form-urlencoded`), checked. `V` says who may send it: [`Visit`],
/// [`SignedIn`](super::visit::SignedIn) and so on. Repeated fields fill a `Vec`.
pub(crate) struct Form<V, T>(pub(crate) V, pub(crate) T);

impl<V, T> FromRequest<Shared> for Form<V, T>
where
    V: FromRequestParts<Shared, Rejection = WebRefusal> + AsRef<Visit> + Send,
    T: DeserializeOwned,
{
    type Rejection = WebRefusal;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, WebRefusal> {
        let (mut parts, body) = request.into_parts();
        let visitor = V::from_request_parts(&mut parts, shared).await?;
        let visit = visitor.as_ref();
        check_origin(&parts.headers, visit)?;
        if !has_type(&parts.headers, "application/x-www-form-urlencoded") {
            return Err(WebRefusal::Forged);
        }
        let most = if visit.actor.is_some() {
            FORM
        } else {
            STRANGERS_FORM
        };
        let body = to_bytes(body, most).await.map_err(|_| WebRefusal::TooLarge)?;
        let pairs: Vec<(String, String)> = serde_html_form::from_bytes(&body).map_err(malformed)?;
        let token = pairs
            .iter()
            .find(|(name, _)| name == FIELD)
            .map(|(_, value)| value.as_str());
        check_token(visit, token)?;
        let fields = serde_html_form::from_bytes(&body).map_err(malformed)?;
        Ok(Self(visitor, fields))
    }
}

/// A file that came with a form.
pub(crate) struct UploadedFile {
    /// The field that it came in.
    pub(crate) field: String,
    /// Its name, as the browser gave it.
    pub(crate) name: String,
    /// Its type, as the browser gave it.
    pub(crate) content_type: String,
    pub(crate) content: Bytes,
}

/// A form with files (`multipart/form-data`), checked. Empty file fields are left out.
pub(crate) struct Upload<V> {
    pub(crate) visit: V,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) files: Vec<UploadedFile>,
}

impl<V> Upload<V> {
    /// The first value of a field; empty where there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value.as_str())
    }
}

impl<V> FromRequest<Shared> for Upload<V>
where
    V: FromRequestParts<Shared, Rejection = WebRefusal> + AsRef<Visit> + Send,
{
    type Rejection = WebRefusal;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, WebRefusal> {
        let (mut parts, body) = request.into_parts();
        let visitor = V::from_request_parts(&mut parts, shared).await?;
        check_origin(&parts.headers, visitor.as_ref())?;
        if visitor.as_ref().actor.is_none() || !has_type(&parts.headers, "multipart/form-data") {
            return Err(WebRefusal::Forged);
        }
        // Its length is bounded by the routes' limit on bodies.
        let mut multipart = Multipart::from_request(Request::from_parts(parts, body), shared)
            .await
            .map_err(|error| WebRefusal::Invalid(error.body_text()))?;
        let (mut fields, mut files) = (Vec::new(), Vec::new());
        while let Some(field) = multipart.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            let Some(file_name) = field.file_name().map(ToOwned::to_owned) else {
                fields.push((name, field.text().await.map_err(broken)?));
                continue;
            };
            let content_type = field
                .content_type()
                .unwrap_or("application/octet-stream")
                .to_owned();
            let content = field.bytes().await.map_err(broken)?;
            if file_name.is_empty() && content.is_empty() {
                continue;
            }
            files.push(UploadedFile {
                field: name,
                name: file_name,
                content_type,
                content,
            });
        }
        let token = fields
            .iter()
            .find(|(name, _)| name == FIELD)
            .map(|(_, value)| value.as_str());
        check_token(visitor.as_ref(), token)?;
        Ok(Self {
            visit: visitor,
            fields,
            files,
        })
    }
}

fn check_origin(headers: &HeaderMap, visit: &Visit) -> Result<(), WebRefusal> {
    if csrf::is_same_origin(headers, &visit.shared.pages.settings.public_url) {
        return Ok(());
    }
    tracing::warn!("a form came from another site");
    Err(WebRefusal::Forged)
}

fn check_token(visit: &Visit, token: Option<&str>) -> Result<(), WebRefusal> {
    if token.is_some_and(|token| csrf::is_token(&visit.csrf, token)) {
        return Ok(());
    }
    Err(WebRefusal::Forged)
}

fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    given
        .and_then(|given| given.split(';').next())
        .is_some_and(|given| given.trim().eq_ignore_ascii_case(wanted))
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn malformed(error: serde_html_form::de::Error) -> WebRefusal {
    WebRefusal::Invalid(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn broken(error: axum::extract::multipart::MultipartError) -> WebRefusal {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return WebRefusal::TooLarge;
    }
    WebRefusal::Invalid(error.body_text())
}
