//! What is to be said about a template, at its place.

use std::collections::BTreeSet;

use recado_domain::template::{Code, Diagnostic, Field, Severity, Template};
use serde::Serialize;

/// So much of a line is shown on each side of what is wrong in it.
const CONTEXT: usize = 60;

/// A diagnostic for the editor.
#[derive(Serialize)]
pub(super) struct Remark {
    severity: &'static str,
    code: &'static str,
    field: &'static str,
    line: usize,
    key: String,
    suggestion: Option<String>,
    /// Whether the suggestion goes in the place of what is marked.
    replaces: bool,
    /// The place in UTF-16 code units, as the script counts.
    from: usize,
    to: usize,
    source: Option<SourceLine>,
}

/// The line that a diagnostic is about.
#[derive(Serialize)]
struct SourceLine {
    before: String,
    marked: String,
    after: String,
}

/// Everything to say about a template whose pictures have these names.
pub(super) fn remarks(template: Template<'_>, pictures: &BTreeSet<&str>) -> Vec<Remark> {
    let mut found = template.check();
    found.extend(template.missing_pictures(pictures));
    listed(template, found)
}

/// Diagnostics with the lines that they are about.
pub(super) fn listed(template: Template<'_>, found: Vec<Diagnostic>) -> Vec<Remark> {
    found
        .into_iter()
        .map(|diagnostic| Remark::of(template, diagnostic))
        .collect()
}

impl Remark {
    fn of(template: Template<'_>, diagnostic: Diagnostic) -> Self {
        let source = match diagnostic.field {
            Field::Subject => template.subject,
            Field::Html => template.html,
            Field::Text => template.text.unwrap_or_default(),
        };
        let range = diagnostic.range.clone();
        let units = |end: usize| source.get(..end).map_or(0, |text| text.encode_utf16().count());
        let replaces = matches!(
            diagnostic.code,
            Code::UnknownKey | Code::StraySpace | Code::UnclosedKey | Code::MissingDollar
        );
        Self {
            severity: match diagnostic.severity {
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            code: diagnostic.code.as_str(),
            field: diagnostic.field.as_str(),
            line: diagnostic.line,
            key: diagnostic.key.unwrap_or_default(),
            replaces: replaces && diagnostic.suggestion.is_some() && !range.is_empty(),
            suggestion: diagnostic.suggestion,
            from: units(range.start),
            to: units(range.end),
            source: (!range.is_empty())
                .then(|| SourceLine::around(source, &range))
                .flatten(),
        }
    }
}

impl SourceLine {
    fn around(source: &str, range: &std::ops::Range<usize>) -> Option<Self> {
        let marked = source.get(range.clone())?.lines().next().unwrap_or_default();
        let before = source[..range.start].rsplit('\n').next().unwrap_or_default();
        let after = source[range.start + marked.len()..]
            .lines()
            .next()
            .unwrap_or_default();
        let skipped = before.chars().count().saturating_sub(CONTEXT);
        Some(Self {
            before: before.trim_start().chars().skip(skipped).collect(),
            marked: marked.to_owned(),
            after: after.chars().take(CONTEXT).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_shows_its_line_and_counts_as_the_script_does() {
        let html = "<p>${COMMENTTEXT}</p>\n  <b>😀 ${USERNAM} wrote</b>\n<i>";
        let template = Template {
            subject: "x",
            html,
            text: None,
        };
        let found = remarks(template, &BTreeSet::new());
        let [remark] = &found[..] else {
            panic!("{} remarks", found.len())
        };
        assert_eq!(
            (remark.line, remark.field, remark.code),
            (2, "html", "unknown-key")
        );
        let source = remark.source.as_ref().unwrap();
        assert_eq!(
            (
                source.before.as_str(),
                source.marked.as_str(),
                source.after.as_str()
            ),
            ("<b>😀 ", "${USERNAM}", " wrote</b>")
        );
        let units: Vec<u16> = html.encode_utf16().collect();
        assert_eq!(
            String::from_utf16(&units[remark.from..remark.to]).unwrap(),
            "${USERNAM}"
        );
        assert!(remark.replaces);
    }

    #[test]
    fn every_code_has_its_words() {
        let strings = crate::web::strings::Strings::default();
        for code in Code::ALL {
            let key = format!("diagnostic-{}", code.as_str());
            assert!(strings.has(recado_domain::locale::Locale::Es, &key), "{key}");
        }
    }
}
