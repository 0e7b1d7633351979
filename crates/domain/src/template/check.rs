//! Everything that is wrong with a template, found in one pass over each field.

use super::Template;
use super::diagnostic::{Code, Diagnostic, Field, Severity};
use super::key::{Key, TemplateKey};
use super::markup;
use super::source::{Segment, SegmentKind, TemplateSource};

/// So many faults get a suggestion each; comparing names is the one step that costs more than reading.
const MOST_SUGGESTIONS: usize = 100;

/// So many diagnostics are listed. Whoever made more mistakes pasted something that is no template.
const MOST_LISTED: usize = 1_000;

/// The diagnostics of a template, in the order of its fields and places.
pub(super) fn check(template: Template<'_>) -> Vec<Diagnostic> {
    let mut report = Report::default();
    let mut shows_comment = false;
    for (field, source) in template.fields() {
        if source.len() > Template::MAX_SOURCE_BYTES {
            let message = format!("it is longer than {} bytes", Template::MAX_SOURCE_BYTES);
            report.add(Diagnostic::of_field(
                (Severity::Error, Code::TooLong),
                field,
                message,
            ));
        } else if source.trim().is_empty() {
            report.add(Diagnostic::of_field(
                (Severity::Error, Code::EmptyField),
                field,
                "it is empty",
            ));
        } else {
            let parsed = TemplateSource::parse(source);
            shows_comment |= field == Field::Html && parsed.uses(TemplateKey::CommentText);
            check_segments(field, parsed.segments(), &mut report);
        }
    }
    if !shows_comment && report.listed.is_empty() {
        let message = "the comment's text, ${COMMENTTEXT}, stands nowhere";
        report.add(Diagnostic::of_field(
            (Severity::Warning, Code::NoComment),
            Field::Html,
            message,
        ));
    }
    report.finish()
}

fn check_segments(field: Field, segments: &[Segment<'_>], report: &mut Report) {
    let mut html = markup::Reader::default();
    for segment in segments {
        let key = match &segment.kind {
            SegmentKind::Text => {
                html.read(segment.raw);
                continue;
            }
            SegmentKind::Fault(fault) => {
                let suggests = report.listed.len() < MOST_SUGGESTIONS;
                let nearest = |name: &str| if suggests { Key::nearest_name(name) } else { None };
                report.add(Diagnostic::worded(field, &segment.span, fault, nearest));
                continue;
            }
            SegmentKind::Key(key) => Some(key.name().to_owned()),
            SegmentKind::Link(_) => None,
        };
        if let Some((code, hazard)) = html.place().hazard().filter(|_| field == Field::Html) {
            let message = hazard.to_owned();
            report.add(Diagnostic::at(
                (Severity::Error, code),
                field,
                &segment.span,
                key,
                message,
                None,
            ));
        }
    }
}

#[derive(Default)]
struct Report {
    listed: Vec<Diagnostic>,
    /// The first that is not listed, and how many they are.
    unlisted: Option<(Diagnostic, usize)>,
}

impl Report {
    fn add(&mut self, diagnostic: Diagnostic) {
        match &mut self.unlisted {
            None if self.listed.len() < MOST_LISTED => self.listed.push(diagnostic),
            None => self.unlisted = Some((diagnostic, 1)),
            Some((first, count)) => {
                first.severity = first.severity.max(diagnostic.severity);
                *count += 1;
            }
        }
    }

    fn finish(self) -> Vec<Diagnostic> {
        let closing = self.unlisted.map(|(first, count)| Diagnostic {
            code: Code::NotListed,
            key: None,
            message: format!("from here on there are {count} more, not listed"),
            suggestion: None,
            ..first
        });
        self.listed.into_iter().chain(closing).collect()
    }
}
