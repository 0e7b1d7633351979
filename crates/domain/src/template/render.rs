//! A template and values become a subject, an HTML body and a text body. Pure; the reference for every other renderer.

use std::borrow::Cow;

use super::diagnostic::{Diagnostic, Field, Placeholder};
use super::key::{Key, TemplateKey};
use super::source::{SegmentKind, TemplateSource};
use super::values::TemplateValues;
use super::{Rendered, Template};

/// The longest subject, in characters; what is longer ends in an ellipsis.
pub const MAX_SUBJECT_CHARS: usize = 250;

pub(super) fn render(template: Template<'_>, values: &TemplateValues) -> Rendered {
    let mut rendered = Rendered::default();
    for (field, source) in template.fields() {
        let output = render_field(field, source, values, &mut rendered.warnings);
        match field {
            Field::Subject => rendered.subject = subject_line(&output),
            Field::Html => rendered.html = output,
            Field::Text => rendered.text = Some(output),
        }
    }
    rendered
}

fn render_field(
    field: Field,
    source: &str,
    values: &TemplateValues,
    warnings: &mut Vec<Diagnostic>,
) -> String {
    let mut output = String::with_capacity(source.len());
    for segment in TemplateSource::parse(source).segments() {
        let (placeholder, value) = match &segment.kind {
            SegmentKind::Text => {
                output.push_str(segment.raw);
                continue;
            }
            SegmentKind::Fault(fault) => {
                output.push_str(segment.raw);
                warnings.push(Diagnostic::of_fault(field, &segment.span, fault));
                continue;
            }
            SegmentKind::Key(key) => (Placeholder::Key(*key), values.get(*key)),
            SegmentKind::Link(link) => (Placeholder::Link(*link), values.link(*link)),
        };
        match value {
            Some(value) => output.push_str(&in_field(field, placeholder, value)),
            None => warnings.push(Diagnostic::missing_value(field, &segment.span, placeholder)),
        }
    }
    output
}

/// A value in the form that a field needs.
fn in_field(field: Field, placeholder: Placeholder, value: &str) -> Cow<'_, str> {
    let may_have_lines = placeholder == Placeholder::Key(Key::Message(TemplateKey::CommentText));
    match field {
        // The finished subject becomes one line as a whole.
        Field::Subject => value.into(),
        Field::Html if may_have_lines => unix_lines(&escape_html(value)).replace('\n', "<br>").into(),
        Field::Html => escape_html(&one_line(value)).into_owned().into(),
        Field::Text if may_have_lines => unix_lines(value).into_owned().into(),
        Field::Text => one_line(value).into_owned().into(),
    }
}

/// Makes a text harmless in HTML text and in quoted attributes.
///
/// ```
/// use recado_domain::template::escape_html;
/// assert_eq!(escape_html("<b>\"R&D\"</b> 'x'"), "&lt;b&gt;&quot;R&amp;D&quot;&lt;/b&gt; &#39;x&#39;");
/// ```
pub fn escape_html(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped.into()
}

/// Puts one space in the place of each run of line breaks and other control characters.
///
/// ```
/// use recado_domain::template::one_line;
/// assert_eq!(one_line("Ana\r\nBcc: eve@example.com"), "Ana Bcc: eve@example.com");
/// ```
pub fn one_line(text: &str) -> Cow<'_, str> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !text.contains(breaks) {
        return text.into();
    }
    let mut line = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.chars() {
        if !breaks(c) {
            line.push(c);
        } else if !in_run {
            line.push(' ');
        }
        in_run = breaks(c);
    }
    line.into()
}

/// Writes every line break as `\n`; bare carriage returns are not allowed in mail (RFC 5322, section 2.2).
pub fn unix_lines(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return text.into();
    }
    text.replace("\r\n", "\n").replace('\r', "\n").into()
}

/// A text as a subject: one line without blanks at its ends, and of bounded length.
pub fn subject_line(text: &str) -> String {
    let line = one_line(text);
    let line = line.trim();
    if line.chars().count() <= MAX_SUBJECT_CHARS {
        return line.to_owned();
    }
    let kept = line
        .char_indices()
        .nth(MAX_SUBJECT_CHARS - 1)
        .map_or(line.len(), |(index, _)| index);
    format!("{}…", line[..kept].trim_end())
}
