//! A stored template, compiled: what is done once, so that a mail costs little.

use recado_domain::template::{
    Diagnostic, Field, Placeholder, Rendered, SegmentKind, Span, StoredTemplate, Template, TemplateSource,
    TemplateValues, subject_line,
};

use crate::engine::{Engines, Piece, Program, TemplateFault};
use crate::plain_text;

/// A stored template as programs.
#[derive(Debug)]
pub(crate) struct Compiled {
    subject: Program,
    html: Program,
    text: Program,
    /// What may have to be told about a mail, in the order of the template.
    notes: Vec<Note>,
}

#[derive(Debug)]
enum Note {
    /// A mistake that is there in every mail.
    Fault(Diagnostic),
    /// A place that is empty in mails without the value.
    Place(Field, Span, Placeholder),
}

impl Compiled {
    pub(crate) fn new(template: &StoredTemplate, engines: &Engines) -> Result<Self, TemplateFault> {
        let mut notes = Vec::new();
        let mut own_text = None;
        let (mut subject, mut html) = (Vec::new(), Vec::new());
        for (field, source) in template.source().fields() {
            if source.len() > Template::MAX_SOURCE_BYTES {
                return Err(TemplateFault::SourceTooLong {
                    field,
                    limit: Template::MAX_SOURCE_BYTES,
                });
            }
            let pieces = pieces(field, source, &mut notes);
            match field {
                Field::Subject => subject = pieces,
                Field::Html => html = pieces,
                Field::Text => own_text = Some(pieces),
            }
        }
        let text = own_text.unwrap_or_else(|| {
            plain_text::derive(&html).unwrap_or_else(|failure| {
                tracing::warn!(template = %template.id, %failure, "the text body is derived without layout");
                plain_text::without_markup(&html)
            })
        });
        Ok(Self {
            subject: Program::compile(Field::Subject, &subject, engines)?,
            html: Program::compile(Field::Html, &html, engines)?,
            text: Program::compile(Field::Text, &text, engines)?,
            notes,
        })
    }

    pub(crate) fn render(&self, values: &TemplateValues, limit: usize) -> Result<Rendered, TemplateFault> {
        Ok(Rendered {
            subject: subject_line(&self.subject.run(values, limit)?),
            html: self.html.run(values, limit)?,
            text: Some(self.text.run(values, limit)?),
            warnings: self
                .notes
                .iter()
                .filter_map(|note| note.warning(values))
                .collect(),
        })
    }
}

impl Note {
    fn warning(&self, values: &TemplateValues) -> Option<Diagnostic> {
        match self {
            Self::Fault(diagnostic) => Some(diagnostic.clone()),
            Self::Place(field, span, placeholder) => {
                let is_there = match placeholder {
                    Placeholder::Key(key) => values.get(*key).is_some(),
                    Placeholder::Link(link) => values.link(*link).is_some(),
                };
                (!is_there).then(|| Diagnostic::missing_value(*field, span, *placeholder))
            }
        }
    }
}

fn pieces(field: Field, source: &str, notes: &mut Vec<Note>) -> Vec<Piece> {
    let parsed = TemplateSource::parse(source);
    let to_piece = |segment: &recado_domain::template::Segment<'_>| {
        let placeholder = match &segment.kind {
            SegmentKind::Text => return Piece::Literal(segment.raw.to_owned()),
            SegmentKind::Fault(fault) => {
                notes.push(Note::Fault(Diagnostic::of_fault(field, &segment.span, fault)));
                return Piece::Literal(segment.raw.to_owned());
            }
            SegmentKind::Key(key) => Placeholder::Key(*key),
            SegmentKind::Link(link) => Placeholder::Link(*link),
        };
        notes.push(Note::Place(field, segment.span.clone(), placeholder));
        Piece::Value(placeholder)
    };
    parsed.segments().iter().map(to_piece).collect()
}
