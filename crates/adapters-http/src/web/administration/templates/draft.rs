//! A template in its form: what the browser sends, and what the form shows.

use recado_app::put_template::NewTemplate;
use recado_domain::locale::Locale;
use recado_domain::template::{Situation, StoredTemplate, TemplateId};
use serde::{Deserialize, Serialize};

/// What the editor's form sends.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct DraftForm {
    pub(super) id: String,
    name: String,
    subject: String,
    html: String,
    text: String,
    locale: String,
    active: Option<String>,
    /// The ticket to preview with.
    pub(super) ticket: String,
}

impl DraftForm {
    /// The template under a number. Forms end lines with CR LF; templates with LF.
    pub(super) fn template(&self, id: TemplateId) -> NewTemplate {
        let lines = |text: &str| text.replace("\r\n", "\n");
        NewTemplate {
            id,
            name: self.name.trim().to_owned(),
            subject: self.subject.clone(),
            html: lines(&self.html),
            text: Some(lines(&self.text)).filter(|text| !text.trim().is_empty()),
            situation: if self.active.is_some() {
                Situation::Active
            } else {
                Situation::Inactive
            },
            locale: Locale::parse(&self.locale).ok(),
        }
    }

    /// The number that it gives itself.
    pub(super) fn id(&self) -> Option<TemplateId> {
        TemplateId::parse(&self.id).ok()
    }
}

/// What the editor shows.
#[derive(Serialize)]
pub(super) struct Draft {
    pub(super) id: String,
    name: String,
    subject: String,
    html: String,
    text: Option<String>,
    locale: Option<&'static str>,
    is_active: bool,
}

impl Draft {
    /// A draft whose number may be none.
    pub(super) fn of(template: NewTemplate, id: String) -> Self {
        Self {
            id,
            name: template.name,
            subject: template.subject,
            html: template.html,
            text: template.text,
            locale: template.locale.map(Locale::as_str),
            is_active: template.situation == Situation::Active,
        }
    }
}

/// A stored template, to be written on.
pub(super) fn reopened(template: StoredTemplate) -> NewTemplate {
    NewTemplate {
        id: template.id,
        name: template.name,
        subject: template.subject,
        html: template.html,
        text: template.text,
        situation: template.situation,
        locale: template.locale,
    }
}
