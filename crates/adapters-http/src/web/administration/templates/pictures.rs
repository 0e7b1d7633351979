//! A template's pictures: shown, added, removed.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use recado_app::access::Refusal;
use recado_domain::template::{PictureName, TemplateId};
use recado_ports::templates::TemplateImage;
use serde::Serialize;

use super::{Errors, editor, existing};
use crate::web::Shared;
use crate::web::administration::{Confirmation, Sure};
use crate::web::form::{Form, Upload};
use crate::web::page::{see_other_with, segment};
use crate::web::refusal::WebRefusal;
use crate::web::visit::{SignedIn, SignedInAdministrator};

/// A picture in the editor's list.
#[derive(Serialize)]
pub(super) struct Picture {
    name: String,
    content_type: String,
    size: usize,
    href: String,
    /// Where it is removed.
    remove: String,
}

impl Picture {
    pub(super) fn of(id: TemplateId, image: &TemplateImage) -> Self {
        let href = format!("/administration/templates/{id}/images/{}", segment(&image.name));
        Self {
            name: image.name.clone(),
            content_type: image.content_type.clone(),
            size: image.content.len(),
            remove: format!("{href}/remove"),
            href,
        }
    }
}

/// A template's pictures.
pub(super) async fn of(
    shared: &Shared,
    visit: &SignedIn,
    id: TemplateId,
) -> Result<Vec<TemplateImage>, WebRefusal> {
    let images = &shared.pages.administration.template_images;
    match images.list(visit.actor(), id).await {
        // A template that is not stored yet has none.
        Err(Refusal::NotFound(_)) => Ok(Vec::new()),
        listed => Ok(listed?),
    }
}

/// One picture. Its kind was found out when it was stored, and is one of four that hold no script.
pub(super) async fn show(
    State(shared): State<Shared>,
    Path((id, name)): Path<(String, String)>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let images = &shared.pages.administration.template_images;
    let image = images.find(visit.actor(), existing(&id)?, &name).await?;
    let content_type = HeaderValue::try_from(image.content_type).map_err(|_| WebRefusal::Internal)?;
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox"),
        ),
    ];
    Ok((headers, image.content).into_response())
}

/// Adds a picture under its file's name.
pub(super) async fn add(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    upload: Upload<SignedInAdministrator>,
) -> Result<Response, WebRefusal> {
    let id = existing(&id)?;
    let visit = upload.visit;
    let refused = async |visit: SignedInAdministrator| {
        let mut errors = Errors::new();
        errors.insert("picture", "template-image-bad");
        editor::again(&shared, &visit, id, StatusCode::UNPROCESSABLE_ENTITY, errors).await
    };
    let Some(file) = upload.files.into_iter().find(|file| file.field == "picture") else {
        return refused(visit).await;
    };
    let Some(name) = name(&file.name) else {
        return refused(visit).await;
    };
    let images = &shared.pages.administration.template_images;
    match images
        .put(visit.actor(), id, name.as_str(), file.content.to_vec())
        .await
    {
        Ok(_) => Ok(see_other_with(
            &format!("/administration/templates/{id}#images"),
            "flash-image-added",
        )),
        Err(Refusal::Invalid(_) | Refusal::Conflict(_)) => refused(visit).await,
        Err(refusal) => Err(refusal.into()),
    }
}

/// A name that a mail can bear, as near as can be to the file's.
fn name(file: &str) -> Option<PictureName> {
    let base = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = base
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    let parts: Vec<_> = kept.split('.').filter(|part| !part.is_empty()).collect();
    let kept = parts.join(".");
    let skipped = kept.len().saturating_sub(PictureName::MAX_CHARS);
    PictureName::parse(kept[skipped..].trim_start_matches('.')).ok()
}

/// Removes a picture, after asking.
pub(super) async fn remove(
    State(shared): State<Shared>,
    Path((id, name)): Path<(String, String)>,
    Form(visit, sure): Form<SignedInAdministrator, Sure>,
) -> Result<Response, WebRefusal> {
    let id = existing(&id)?;
    let name = PictureName::parse(&name).map_err(|_| WebRefusal::NotFound)?;
    let back = format!("/administration/templates/{id}#images");
    if !sure.is_sure() {
        let question = Confirmation {
            question: "remove-image",
            name: name.as_str(),
            action: &format!(
                "/administration/templates/{id}/images/{}/remove",
                segment(name.as_str())
            ),
            back: &back,
        };
        return Ok(question.ask(&visit, "templates", "template-images"));
    }
    let images = &shared.pages.administration.template_images;
    images.remove(visit.actor(), id, name.as_str()).await?;
    Ok(see_other_with(&back, "flash-removed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_s_name_becomes_one_that_a_mail_can_bear() {
        for (file, expected) in [
            ("logo.png", Some("logo.png")),
            ("C:\\Imágenes\\Mi logo (2).PNG", Some("Mi-logo--2-.PNG")),
            ("../../x..gif", Some("x.gif")),
            ("...", None),
            ("", None),
        ] {
            assert_eq!(
                name(file).map(|name| name.as_str().to_owned()).as_deref(),
                expected,
                "{file}"
            );
        }
        assert!(name(&"ñ.".repeat(200)).is_some());
    }
}
