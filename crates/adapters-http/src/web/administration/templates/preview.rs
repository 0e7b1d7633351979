//! How a template's mail looks: a document of its own, in a frame that may do nothing, under a policy that allows its
//! own styles one by one. No script, no request to anywhere: pictures of the template are put into the document.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recado_app::access::Refusal;
use recado_domain::template::{Rendered, TemplateId, picture_references};
use recado_domain::ticket::TicketNumber;
use recado_ports::templates::TemplateImage;
use serde::{Deserialize, Serialize};

use super::draft::DraftForm;
use super::{existing, pictures, styles};
use crate::web::Shared;
use crate::web::form::Form;
use crate::web::page::segment;
use crate::web::refusal::WebRefusal;
use crate::web::visit::{SignedInAdministrator, Visit, Wanted};

/// What the editor shows of a saved template's mail.
#[derive(Serialize)]
pub(super) struct Shown {
    subject: String,
    text: String,
    /// Where the HTML is.
    href: String,
}

/// What a template makes of a ticket, or the key of why it makes nothing.
pub(super) type Outcome = Result<Rendered, &'static str>;

#[derive(Deserialize)]
pub(super) struct With {
    #[serde(default)]
    ticket: String,
}

/// The number in the ticket field; none for the sample.
fn ticket(text: &str) -> Result<Option<TicketNumber>, &'static str> {
    match text.trim() {
        "" => Ok(None),
        number => TicketNumber::parse(number)
            .map(Some)
            .map_err(|_| "template-ticket-missing"),
    }
}

fn outcome(rendered: Result<Rendered, Refusal>) -> Result<Outcome, WebRefusal> {
    match rendered {
        Ok(rendered) => Ok(Ok(rendered)),
        Err(Refusal::NotFound(_)) => Ok(Err("template-ticket-missing")),
        Err(Refusal::Invalid(_)) => Ok(Err("template-preview-failed")),
        Err(refusal) => Err(refusal.into()),
    }
}

/// A saved template with a ticket's data, for the editor's page.
pub(super) async fn saved(
    shared: &Shared,
    visit: &SignedInAdministrator,
    id: TemplateId,
    number: &str,
) -> Result<Outcome, WebRefusal> {
    let number = match ticket(number) {
        Ok(number) => number,
        Err(key) => return Ok(Err(key)),
    };
    let preview = &shared.api.preview_template;
    outcome(preview.run(visit.actor(), id, number.as_ref(), None).await)
}

impl Shown {
    pub(super) fn of(rendered: Rendered, id: TemplateId, number: &str) -> Self {
        Self {
            subject: rendered.subject,
            text: rendered.text.unwrap_or_default(),
            href: match number.trim() {
                "" => format!("/administration/templates/{id}/preview"),
                number => format!(
                    "/administration/templates/{id}/preview?ticket={}",
                    segment(number)
                ),
            },
        }
    }
}

/// The HTML of a saved template's mail.
pub(super) async fn show(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(with): Query<With>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let id = existing(&id)?;
    let outcome = saved(&shared, &visit, id, &with.ticket).await?;
    let images = pictures::of(&shared, &visit, id).await?;
    Ok(frame(&visit, outcome, &images))
}

/// The HTML of a mail made of what stands in the editor; for the script, its subject and text.
pub(super) async fn draft(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedInAdministrator, DraftForm>,
) -> Result<Response, WebRefusal> {
    let id = form.id();
    // Whatever is written, it renders under some number; a preview stores nothing.
    let template = form.template(id.unwrap_or(TemplateId::new(1).expect("1 is a number from 1")));
    let outcome = match ticket(&form.ticket) {
        Err(key) => Err(key),
        Ok(number) => {
            let preview = &shared.api.preview_template;
            let draft = preview.draft(visit.actor(), template, number.as_ref(), None);
            self::outcome(draft.await)?
        }
    };
    if visit.wanted == Wanted::Fragment {
        return Ok(parts(&visit, outcome));
    }
    let images = match id {
        Some(id) => pictures::of(&shared, &visit, id).await?,
        None => Vec::new(),
    };
    Ok(frame(&visit, outcome, &images))
}

fn parts(visit: &Visit, outcome: Outcome) -> Response {
    #[derive(Serialize)]
    struct Parts {
        subject: String,
        text: String,
        error: Option<String>,
    }
    let parts = match outcome {
        Ok(rendered) => Parts {
            subject: rendered.subject,
            text: rendered.text.unwrap_or_default(),
            error: None,
        },
        Err(key) => Parts {
            subject: String::new(),
            text: String::new(),
            error: Some(visit.words(&key.into())),
        },
    };
    visit.fragment("administration/templates/preview_parts.html", parts)
}

/// A document for the frame.
fn frame(visit: &Visit, outcome: Outcome, images: &[TemplateImage]) -> Response {
    let (status, html) = match outcome {
        Ok(rendered) => (StatusCode::OK, with_pictures(&rendered.html, images)),
        Err(key) => {
            let words = visit.words(&key.into());
            let html = format!("<p>{}</p>", recado_domain::template::escape_html(&words));
            (StatusCode::UNPROCESSABLE_ENTITY, html)
        }
    };
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy(&html)),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
        (
            HeaderName::from_static("referrer-policy"),
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (status, headers, Html(html)).into_response()
}

/// Nothing but the document's own styles and the pictures within it.
fn policy(html: &str) -> HeaderValue {
    let mut styles = String::from("'unsafe-hashes'");
    for hash in styles::hashes(html) {
        styles.push(' ');
        styles.push_str(&hash);
    }
    let policy = format!(
        "default-src 'none'; img-src data:; style-src {styles}; form-action 'none'; base-uri 'none'; sandbox; \
         frame-ancestors 'self'"
    );
    HeaderValue::try_from(policy).expect("a policy is visible ASCII")
}

/// Puts pictures in the place of `cid:NAME`: the frame may ask nobody for them.
fn with_pictures(html: &str, images: &[TemplateImage]) -> String {
    const SCHEME: usize = "cid:".len();
    let mut document = String::with_capacity(html.len());
    let mut copied = 0;
    for range in picture_references(html) {
        let Some(image) = images.iter().find(|image| image.name == html[range.clone()]) else {
            continue;
        };
        document.push_str(&html[copied..range.start - SCHEME]);
        document.push_str("data:");
        document.push_str(&image.content_type);
        document.push_str(";base64,");
        document.push_str(&STANDARD.encode(&image.content));
        copied = range.end;
    }
    document.push_str(&html[copied..]);
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_in_the_document_itself() {
        let image = TemplateImage {
            name: "logo.png".to_owned(),
            content_type: "image/png".to_owned(),
            content: b"\x89PNG".to_vec(),
        };
        assert_eq!(
            with_pictures(r#"<img src="CID:logo.png"> <img src="cid:other">"#, &[image]),
            r#"<img src="data:image/png;base64,iVBORw=="> <img src="cid:other">"#
        );
    }
}
