//! Saving a template, after telling all that is wrong with it.

use std::sync::Arc;

use jiff::Timestamp;
use recado_domain::audit::Action;
use recado_domain::locale::Locale;
use recado_domain::person::Role;
use recado_domain::template::{
    Diagnostic, Severity, Situation, StoredTemplate, Template, TemplateId, TemplateVersion,
};
use recado_ports::clock::Clock;
use recado_ports::templates::{TemplateImages, Templates, Written};

use crate::access::{Actor, FieldError, Refusal};
use crate::manage_template_images::missing_pictures;
use crate::trail::{Change, Trail};

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
    /// Tells of it.
    pub trail: Trail,
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
        let before = self.templates.find(stored.id).await.map_err(Refusal::from)?;
        let written = self
            .trail
            .around(actor, told(before.as_ref(), &stored), async {
                self.templates.put(&stored).await.map_err(Refusal::from)
            })
            .await?;
        Ok((written, diagnostics))
    }
}

/// What differs between a template and its next version, field by field; of a body the lines between those that stay.
fn told(before: Option<&StoredTemplate>, after: &StoredTemplate) -> Change {
    let mut was = Vec::new();
    let mut becomes = Vec::new();
    for (field, is) in fields(after) {
        let stood = before.map(|before| {
            let mut fields = fields(before).into_iter();
            fields
                .find(|(name, _)| *name == field)
                .map_or("", |(_, text)| text)
        });
        if stood == Some(is) {
            continue;
        }
        let (stood, is) = differing(stood.unwrap_or_default(), is);
        was.push(format!("{field}: {stood}"));
        becomes.push(format!("{field}: {is}"));
    }
    Change::new(Action::TemplatePut, after.id)
        .was(before.map(|_| was.join("\n")))
        .becomes(becomes.join("\n"))
}

/// A template's fields, the shortest first, as the trail keeps no more than a page of them.
fn fields(template: &StoredTemplate) -> [(&'static str, &str); 6] {
    let situation = match template.situation {
        Situation::Active => "active",
        Situation::Inactive => "inactive",
    };
    [
        ("name", &template.name),
        ("situation", situation),
        ("locale", template.locale.map_or("", Locale::as_str)),
        ("subject", &template.subject),
        ("text", template.text.as_deref().unwrap_or_default()),
        ("html", &template.html),
    ]
}

/// Two texts without the lines that they begin and end with alike.
fn differing(one: &str, other: &str) -> (String, String) {
    let one: Vec<_> = one.lines().collect();
    let other: Vec<_> = other.lines().collect();
    let alike = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let start = one.iter().zip(&other).take_while(alike).count();
    let rest = (&one[start..], &other[start..]);
    let end = rest
        .0
        .iter()
        .rev()
        .zip(rest.1.iter().rev())
        .take_while(alike)
        .count();
    let middle = |lines: &[&str]| lines[..lines.len() - end].join("\n");
    (middle(rest.0), middle(rest.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_texts_the_lines_that_differ_are_told() {
        for (one, other, told) in [
            ("a\nb\nc", "a\nx\nc", ("b", "x")),
            ("a\nb", "a\nb\nc", ("", "c")),
            ("", "a", ("", "a")),
            ("a\na", "a", ("a", "")),
            ("a", "b", ("a", "b")),
        ] {
            let (was, is) = differing(one, other);
            assert_eq!((was.as_str(), is.as_str()), told, "{one:?} {other:?}");
        }
    }
}
