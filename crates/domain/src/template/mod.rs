//! Templates: the keys, the parser that finds them, what is wrong with a template, and a renderer without I/O.
//!
//! A template is a subject and an HTML body, and optionally a text body, in which `${KEY}` stands for a value:
//!
//! ```
//! use recado_domain::template::{Template, TemplateKey, TemplateValues};
//!
//! let template = Template {
//!     subject: "Ticket ${IDSERVICEREQUEST}",
//!     html: "<p>${USERNAME} wrote:</p><p>${COMMENTTEXT}</p>",
//!     text: None,
//! };
//! assert!(template.check().is_empty());
//!
//! let mail = template.render(
//!     &TemplateValues::new()
//!         .with(TemplateKey::TicketNumber, "4711")
//!         .with(TemplateKey::AuthorName, "Ana")
//!         .with(TemplateKey::CommentText, "1 < 2\nbye"),
//! );
//! assert_eq!(mail.subject, "Ticket 4711");
//! assert_eq!(mail.html, "<p>Ana wrote:</p><p>1 &lt; 2<br>bye</p>");
//! ```
//!
//! Deriving a text body from the HTML, limits on the output and a cache are an adapter's part.

mod builtin;
mod check;
pub mod diagnostic;
pub mod key;
mod link;
mod markup;
mod nearest;
mod picture;
mod render;
pub mod source;
mod stored;
mod values;

pub use diagnostic::{Code, Diagnostic, Field, Placeholder, Severity};
pub use key::{Key, TemplateKey, TicketKey};
pub use link::SignedLink;
pub use picture::{InvalidPictureName, PictureKind, PictureName, picture_references};
pub use render::{MAX_SUBJECT_CHARS, escape_html, one_line, subject_line, unix_lines};
pub use source::{Fault, Segment, SegmentKind, Span, TemplateSource};
pub use stored::{InvalidTemplateId, Situation, StoredTemplate, TemplateId, TemplateVersion};
pub use values::TemplateValues;

/// The sources of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template<'s> {
    /// The subject line's.
    pub subject: &'s str,
    /// The HTML body's.
    pub html: &'s str,
    /// The text body's; none or blank, and no text is rendered here.
    pub text: Option<&'s str>,
}

impl<'s> Template<'s> {
    /// The longest source of a field, in bytes.
    pub const MAX_SOURCE_BYTES: usize = 512 * 1024;

    /// Everything to tell the administrator who saves the template, all faults and not the first alone; a thousand are listed
    /// one by one.
    ///
    /// An entry of [`Severity::Error`] means that the template must not be saved.
    pub fn check(self) -> Vec<Diagnostic> {
        check::check(self)
    }

    /// Puts the values in place.
    ///
    /// Values are escaped in the HTML. The comment keeps its lines (`<br>` in HTML, `\n` in text); every other value, and the
    /// subject as a whole, becomes one line. A key without a value leaves nothing, and a mistake stays as written; both are
    /// reported in [`Rendered::warnings`].
    pub fn render(self, values: &TemplateValues) -> Rendered {
        render::render(self, values)
    }

    /// The fields that are there, in their order.
    pub fn fields(self) -> impl Iterator<Item = (Field, &'s str)> {
        let text = self.text.filter(|text| !text.trim().is_empty());
        [(Field::Subject, self.subject), (Field::Html, self.html)]
            .into_iter()
            .chain(text.map(|text| (Field::Text, text)))
    }
}

/// A template with its values in place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    /// One line, at most [`MAX_SUBJECT_CHARS`] long.
    pub subject: String,
    /// The HTML body.
    pub html: String,
    /// The text body, when the template has one.
    pub text: Option<String>,
    /// What was missing or mistaken.
    pub warnings: Vec<Diagnostic>,
}

#[cfg(test)]
mod tests;
