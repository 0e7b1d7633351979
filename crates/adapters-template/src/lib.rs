//! Renders stored templates: `${KEY}` sources compiled to tera, with bounds, a cache and a derived text body.
//!
//! What a key is, where it stands and how a value is escaped is defined by `recado_domain::template`, whose own renderer is
//! the reference for this one: both give the same subject, HTML and warnings. What this crate adds is what an installation
//! needs: a source is compiled once and not read for every mail, a mail has a size that cannot be exceeded, and a template
//! without a text body gets one that reads well.
//!
//! **Invariant**: no character of a template, and none of a value, ever reaches tera's parser. The source that tera compiles is
//! made here and consists of variables alone, so `{{`, `{%` and `{#` are plain text wherever they stand, and neither a function
//! nor a loop can be written by an administrator. Rendering therefore takes time in proportion to its output, which is bounded.

mod cache;
mod compiled;
mod engine;
mod layout;
mod nesting;
mod plain_text;

use std::sync::Arc;

use recado_domain::template::{Rendered, StoredTemplate, TemplateValues};
use recado_ports::renderer::{RenderError, Renderer};

use crate::cache::Cache;
use crate::compiled::Compiled;
use crate::engine::Engines;
pub use crate::engine::TemplateFault;

/// Bounds on what a template may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest field of a rendered mail, in bytes. A comment of 1 MB must pass even when every character of it is escaped.
    pub output_bytes: usize,
    /// How many compiled templates are kept; those unused for longest go first.
    pub cached_templates: usize,
}

impl Default for Limits {
    /// 8 MiB and 64 templates.
    fn default() -> Self {
        Self {
            output_bytes: 8 * 1024 * 1024,
            cached_templates: 64,
        }
    }
}

/// Renders stored templates with tera.
///
/// ```
/// use recado_adapters_template::{Limits, TeraRenderer};
/// use recado_domain::template::{
///     Situation, StoredTemplate, TemplateId, TemplateKey, TemplateValues, TemplateVersion,
/// };
/// use recado_ports::renderer::Renderer;
///
/// let template = StoredTemplate {
///     id: TemplateId::new(1)?,
///     version: TemplateVersion(1),
///     name: "Message".to_owned(),
///     subject: "Ticket ${IDSERVICEREQUEST}".to_owned(),
///     html: "<p>${USERNAME} wrote:</p><p>${COMMENTTEXT}</p>".to_owned(),
///     text: None,
///     situation: Situation::Active,
///     locale: None,
///     updated_at: jiff::Timestamp::UNIX_EPOCH,
/// };
/// let values = TemplateValues::new()
///     .with(TemplateKey::TicketNumber, "4711")
///     .with(TemplateKey::AuthorName, "Ana")
///     .with(TemplateKey::CommentText, "<b> & {{ 7*7 }}");
///
/// let mail = TeraRenderer::new(Limits::default()).render(&template, &values)?;
/// assert_eq!(mail.html, "<p>Ana wrote:</p><p>&lt;b&gt; &amp; {{ 7*7 }}</p>");
/// assert_eq!(mail.text.as_deref(), Some("Ana wrote:\n\n<b> & {{ 7*7 }}\n"));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Debug)]
pub struct TeraRenderer {
    engines: Engines,
    cache: Cache,
    limits: Limits,
}

impl TeraRenderer {
    /// A renderer with nothing compiled yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            engines: Engines::new(),
            cache: Cache::new(limits.cached_templates),
            limits,
        }
    }

    fn compiled(&self, template: &StoredTemplate) -> Result<Arc<Compiled>, TemplateFault> {
        if let Some(compiled) = self.cache.get(template) {
            return Ok(compiled);
        }
        let compiled = Arc::new(Compiled::new(template, &self.engines)?);
        self.cache.put(template, Arc::clone(&compiled));
        Ok(compiled)
    }
}

impl Default for TeraRenderer {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Renderer for TeraRenderer {
    fn render(&self, template: &StoredTemplate, values: &TemplateValues) -> Result<Rendered, RenderError> {
        self.compiled(template)
            .and_then(|compiled| compiled.render(values, self.limits.output_bytes))
            .map_err(|fault| RenderError {
                id: template.id,
                source: Box::new(fault),
            })
    }
}
