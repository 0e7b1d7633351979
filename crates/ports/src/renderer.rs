//! Rendering templates.

use recado_domain::template::{Diagnostic, Rendered, TemplateValues};

use crate::store::Cause;
use crate::templates::StoredTemplate;

/// A template's source, before it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateParts<'a> {
    /// Subject, with keys.
    pub subject: &'a str,
    /// HTML body, with keys.
    pub html: &'a str,
    /// Text body, with keys.
    pub text: Option<&'a str>,
}

/// Why a stored template gave no mail. The caller falls back to the built-in plain one and raises an alarm.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template is at fault: its source, its size or its time.
    #[error("template {id} cannot be rendered")]
    Template {
        /// The template's number.
        id: i64,
        /// What is wrong with it.
        #[source]
        source: Cause,
    },
}

/// Turns templates into mails. Pure: the same template and values give the same mail.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Renderer: Send + Sync {
    /// All faults and warnings of a template; without errors it can be saved.
    fn check<'a>(&self, parts: TemplateParts<'a>) -> Vec<Diagnostic>;

    /// Subject, HTML and text (the template's own, or derived from the HTML).
    fn render(&self, template: &StoredTemplate, values: &TemplateValues) -> Result<Rendered, RenderError>;
}
