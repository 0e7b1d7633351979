//! A template's pictures, which go along with each of its mails: listing, storing and removing them.

use std::collections::BTreeSet;
use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::person::Role;
use recado_domain::template::{Diagnostic, PictureKind, PictureName, Template, TemplateId};
use recado_ports::templates::{TemplateImage, TemplateImages, Templates};

use crate::access::{Actor, FieldError, Refusal};
use crate::trail::{Change, Trail};

/// Octets of the largest picture: it goes with every mail.
pub const MAX_OCTETS: usize = 1 << 20;

/// Most pictures of a template.
pub const MAX_PICTURES: usize = 10;

/// Manages pictures; administrators may.
pub struct ManageTemplateImages {
    /// Where their template is.
    pub templates: Arc<dyn Templates>,
    /// Where they are.
    pub images: Arc<dyn TemplateImages>,
    /// Tells who changed them.
    pub trail: Trail,
}

impl ManageTemplateImages {
    /// A template's pictures, by name.
    pub async fn list(&self, actor: &Actor, template: TemplateId) -> Result<Vec<TemplateImage>, Refusal> {
        self.permit(actor, template).await?;
        Ok(self.images.images(template).await?)
    }

    /// One picture, for a preview.
    pub async fn find(
        &self,
        actor: &Actor,
        template: TemplateId,
        name: &str,
    ) -> Result<TemplateImage, Refusal> {
        let images = self.list(actor, template).await?;
        let found = images.into_iter().find(|image| image.name == name);
        found.ok_or_else(|| missing(name))
    }

    /// Stores a picture under a name, in the place of one that bears it. What kind of picture it is, its octets say.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a name, a kind or a size that cannot be taken, and for one picture too many.
    pub async fn put(
        &self,
        actor: &Actor,
        template: TemplateId,
        name: &str,
        content: Vec<u8>,
    ) -> Result<TemplateImage, Refusal> {
        self.permit(actor, template).await?;
        let image = checked(name, content)?;
        let stored = self.images.images(template).await?;
        let before = stored.iter().find(|stored| stored.name == image.name);
        if before.is_none() && stored.len() >= MAX_PICTURES {
            return Err(Refusal::field(
                "image",
                format!("is one more than the {MAX_PICTURES} that a template may have"),
            ));
        }
        let change = Change::new(Action::TemplateImage, template)
            .was(before.map(described))
            .becomes(described(&image));
        let storing = async { Ok::<_, Refusal>(self.images.put_image(template, &image).await?) };
        self.trail.around(actor, change, storing).await?;
        Ok(image)
    }

    /// Removes a picture.
    pub async fn remove(&self, actor: &Actor, template: TemplateId, name: &str) -> Result<(), Refusal> {
        let image = self.find(actor, template, name).await?;
        let change = Change::new(Action::TemplateImage, template).was(described(&image));
        let removing = async {
            if self.images.remove_image(template, name).await? {
                Ok(())
            } else {
                Err(missing(name))
            }
        };
        self.trail.around(actor, change, removing).await
    }

    async fn permit(&self, actor: &Actor, template: TemplateId) -> Result<(), Refusal> {
        actor.require(Role::Administrator, "managing a template's pictures")?;
        match self.templates.find(template).await? {
            Some(_) => Ok(()),
            None => Err(Refusal::NotFound(format!("template {template}"))),
        }
    }
}

/// Warnings about pictures that a template names and has not.
pub(crate) async fn missing_pictures(
    images: &dyn TemplateImages,
    id: TemplateId,
    template: &Template<'_>,
) -> Result<Vec<Diagnostic>, Refusal> {
    // Most templates name none, and cost no look-up.
    if template.missing_pictures(&BTreeSet::new()).is_empty() {
        return Ok(Vec::new());
    }
    let images = images.images(id).await?;
    let known = images.iter().map(|image| image.name.as_str()).collect();
    Ok(template.missing_pictures(&known))
}

fn checked(name: &str, content: Vec<u8>) -> Result<TemplateImage, Refusal> {
    let mut faults = Vec::new();
    let name = PictureName::parse(name).map_err(|error| faults.push(FieldError::new("name", error)));
    if content.len() > MAX_OCTETS {
        faults.push(FieldError::new(
            "image",
            format!("is larger than {MAX_OCTETS} octets"),
        ));
    }
    let kind = PictureKind::of(&content);
    if kind.is_none() {
        faults.push(FieldError::new("image", "is no PNG, JPEG, GIF or WebP picture"));
    }
    match (name, kind) {
        (Ok(name), Some(kind)) if faults.is_empty() => Ok(TemplateImage {
            name: name.as_str().to_owned(),
            content_type: kind.content_type().to_owned(),
            content,
        }),
        _ => Err(Refusal::Invalid(faults)),
    }
}

fn described(image: &TemplateImage) -> String {
    format!(
        "{} ({}, {} octets)",
        image.name,
        image.content_type,
        image.content.len()
    )
}

fn missing(name: &str) -> Refusal {
    Refusal::NotFound(format!("picture {name:?}"))
}
