//! Rendering templates. Checking one is the domain's (`Template::check`); this port only turns a checked one into a mail.

use recado_domain::template::{Rendered, StoredTemplate, TemplateId, TemplateValues};

use crate::store::Cause;

/// A stored template gave no mail: its source, its size or its time is at fault. The caller falls back to the
/// built-in plain template and raises an alarm.
#[derive(Debug, thiserror::Error)]
#[error("template {id} cannot be rendered")]
pub struct RenderError {
    /// The template's number.
    pub id: TemplateId,
    /// What is wrong with it.
    #[source]
    pub source: Cause,
}

/// Turns templates into mails. Pure: the same template and values give the same mail.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Renderer: Send + Sync {
    /// Subject, HTML and text (the template's own, or derived from the HTML; never `None`), with warnings about keys
    /// that have no value.
    fn render(&self, template: &StoredTemplate, values: &TemplateValues) -> Result<Rendered, RenderError>;
}
