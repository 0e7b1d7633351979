//! Saving a template, after telling all that is wrong with it.

use std::sync::Arc;

use jiff::Timestamp;
use recado_domain::locale::Locale;
use recado_domain::person::Role;
use recado_domain::template::{
    Diagnostic, Severity, Situation, StoredTemplate, Template, TemplateId, TemplateVersion,
};
use recado_ports::clock::Clock;
use recado_ports::templates::{TemplateImages, Templates, Written};

use crate::access::{Actor, FieldError, Refusal};
use crate::manage_template_images::missing_pictures;

/// Longest name, in characters.
const NAME_CHARS: usize = 200;

/// A template as an administrator gives it.
#[derive(Debug, Clone)]
pub struct NewTemplate {
    /// Its number.
    pub id: TemplateId,
    /// For people.
    pub name: String,
    /// Subject, with keys.
    pub subject: String,
    /// HTML body, with keys.
    pub html: String,
    /// Text body, with keys.
    pub text: Option<String>,
    /// Active or not.
    pub situation: Situation,
    /// The language of dates.
    pub locale: Option<Locale>,
}

impl NewTemplate {
    /// The sources, for checking.
    pub fn source(&self) -> Template<'_> {
        Template {
            subject: &self.subject,
            html: &self.html,
            text: self.text.as_deref(),
        }
    }

    /// The same, as it is kept.
    pub(crate) fn stored(self, updated_at: Timestamp) -> StoredTemplate {
        StoredTemplate {
            id: self.id,
            // The store counts.
            version: TemplateVersion(0),
            name: self.name,
            subject: self.subject,
            html: self.html,
            text: self.text,
            situation: self.situation,
            locale: self.locale,
            updated_at,
        }
    }
}

/// Why a template was not saved.
#[derive(Debug, thiserror::Error)]
pub enum PutTemplateError {
    /// Its source has faults; every one is named, warnings too.
    #[error("the template has {} fault(s)", .0.iter().filter(|d| d.severity == Severity::Error).count())]
    Faulty(Vec<Diagnostic>),
    /// As every use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Saves a template.
pub struct PutTemplate {
    /// Where it goes.
    pub templates: Arc<dyn Templates>,
    /// For the pictures that it names.
    pub images: Arc<dyn TemplateImages>,
    /// Dates it.
    pub clock: Arc<dyn Clock>,
}

impl PutTemplate {
    /// Saves a template whole; administrators may. Gives its warnings.
    pub async fn run(
        &self,
        actor: &Actor,
        new: NewTemplate,
    ) -> Result<(Written, Vec<Diagnostic>), PutTemplateError> {
        actor.require(Role::Administrator, "saving a template")?;
        let mut faults = Vec::new();
        for (field, text) in [
            ("name", Some(&new.name)),
            ("subject", Some(&new.subject)),
            ("html", Some(&new.html)),
            ("text", new.text.as_ref()),
        ] {
            if text.is_some_and(|text| text.contains('\0')) {
                faults.push(FieldError::new(field, "holds a NUL character"));
            }
        }
        if new.name.chars().count() > NAME_CHARS {
            faults.push(FieldError::new(
                "name",
                format!("is longer than {NAME_CHARS} characters"),
            ));
        }
        if !faults.is_empty() {
            return Err(Refusal::Invalid(faults).into());
        }
        let mut diagnostics = new.source().check();
        if diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
        {
            return Err(PutTemplateError::Faulty(diagnostics));
        }
        let missing = missing_pictures(&*self.images, new.id, &new.source()).await?;
        diagnostics.extend(missing);
        let stored = new.stored(self.clock.now());
        let written = self.templates.put(&stored).await.map_err(Refusal::from)?;
        Ok((written, diagnostics))
    }
}
