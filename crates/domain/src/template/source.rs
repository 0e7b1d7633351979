//! Where the keys stand in a template: a parser for `${KEY}` with exact positions.
//!
//! The parser accepts any text. What looks like a key and is none becomes a [`Fault`], one for every place, and parsing
//! goes on; `diagnostic` words the faults, and whoever saves a template decides whether they stop it.

use std::ops::Range;

use super::key::Key;
use super::link::SignedLink;

/// A place in a template's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The bytes that it covers.
    pub bytes: Range<usize>,
    /// The line of its first character, from 1.
    pub line: usize,
    /// The column of its first character, from 1, in characters.
    pub column: usize,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'s> {
    /// What it is.
    pub kind: SegmentKind,
    /// Where it stands.
    pub span: Span,
    /// How it was written.
    pub raw: &'s str,
}

/// What a piece of a template is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SegmentKind {
    /// Text that is sent as written.
    Text,
    /// `${KEY}`, or `\${KEY}` as the manual's own markup writes it.
    Key(Key),
    /// `{TOKEN(…)}`.
    Link(SignedLink),
    /// A mistake; it is sent as written, should the template be used all the same.
    Fault(Fault),
}

/// A mistake in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `${NAME}` with a name that is no key's.
    UnknownKey {
        /// The name as written.
        name: String,
    },
    /// `$ {KEY}` or `${ KEY }`.
    StraySpace {
        /// The name without its spaces; known or not.
        name: String,
    },
    /// `${KEY` without a closing brace.
    Unclosed {
        /// The letters, digits and underscores after the opening brace.
        name: String,
    },
    /// `${}`.
    Empty,
    /// `{KEY}`, where KEY is known: most likely the dollar sign was lost. The one fault that may be meant.
    MissingDollar {
        /// The name as written.
        name: String,
    },
    /// `{TOKEN(…` that is no signed link.
    MalformedLink,
}

/// A template's source, cut into pieces that cover it in order and without gaps.
///
/// ```
/// use recado_domain::template::{SegmentKind, TemplateKey, TemplateSource};
/// let source = TemplateSource::parse("Ticket ${idServiceRequest}:\n${COMMENTTEXT}");
/// let second = &source.segments()[3];
/// assert_eq!(second.kind, SegmentKind::Key(TemplateKey::CommentText.into()));
/// assert_eq!((second.span.line, second.span.column), (2, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateSource<'s> {
    segments: Vec<Segment<'s>>,
}

impl<'s> TemplateSource<'s> {
    /// Cuts a source into pieces, in time proportional to its length.
    pub fn parse(source: &'s str) -> Self {
        let mut builder = Builder {
            source,
            segments: Vec::new(),
            taken: 0,
            line: 1,
            column: 1,
        };
        let mut at = 0;
        while let Some(offset) = source[at..].find(['$', '{', '\\']) {
            at += offset;
            match recognise(&source[at..]) {
                Some((length, kind)) => {
                    builder.take_until(at, SegmentKind::Text);
                    at += length;
                    builder.take_until(at, kind);
                }
                None => at += 1, // the three characters that are looked for have one byte each
            }
        }
        builder.take_until(source.len(), SegmentKind::Text);
        Self {
            segments: builder.segments,
        }
    }

    /// The pieces, in order.
    pub fn segments(&self) -> &[Segment<'s>] {
        &self.segments
    }

    /// The signed links that rendering needs, each as often as it stands there.
    pub fn links(&self) -> impl Iterator<Item = SignedLink> {
        self.segments.iter().filter_map(|segment| match segment.kind {
            SegmentKind::Link(link) => Some(link),
            _ => None,
        })
    }

    /// Whether a key stands anywhere.
    pub fn uses(&self, key: impl Into<Key>) -> bool {
        let key = key.into();
        self.segments
            .iter()
            .any(|segment| segment.kind == SegmentKind::Key(key))
    }
}

struct Builder<'s> {
    source: &'s str,
    segments: Vec<Segment<'s>>,
    /// Bytes that the segments cover.
    taken: usize,
    line: usize,
    column: usize,
}

impl Builder<'_> {
    fn take_until(&mut self, end: usize, kind: SegmentKind) {
        if end == self.taken {
            return;
        }
        let raw = &self.source[self.taken..end];
        let span = Span {
            bytes: self.taken..end,
            line: self.line,
            column: self.column,
        };
        self.segments.push(Segment { kind, span, raw });
        self.taken = end;
        match raw.rfind('\n') {
            Some(last_break) => {
                self.line += raw.bytes().filter(|byte| *byte == b'\n').count();
                self.column = 1 + raw[last_break + 1..].chars().count();
            }
            None => self.column += raw.chars().count(),
        }
    }
}

/// More bytes than this between the braces are no key: the closing brace was forgotten.
const LONGEST_NAME: usize = 128;

/// The key, link or fault that a text begins with, and its length in bytes.
fn recognise(text: &str) -> Option<(usize, SegmentKind)> {
    if let Some(escaped) = text.strip_prefix('\\') {
        return recognise_after_dollar(escaped.strip_prefix('$')?).map(|(length, kind)| (length + 2, kind));
    }
    if let Some(rest) = text.strip_prefix('$') {
        return recognise_after_dollar(rest).map(|(length, kind)| (length + 1, kind));
    }
    if let Some(link) = SignedLink::recognise(text) {
        let (length, parsed) = link;
        return Some((
            length,
            parsed.map_or(SegmentKind::Fault(Fault::MalformedLink), SegmentKind::Link),
        ));
    }
    let name = leading_name(text.strip_prefix('{')?);
    let is_whole = text[1 + name.len()..].starts_with('}') && Key::parse(name).is_some();
    is_whole.then(|| {
        let fault = Fault::MissingDollar {
            name: name.to_owned(),
        };
        (name.len() + 2, SegmentKind::Fault(fault))
    })
}

fn recognise_after_dollar(text: &str) -> Option<(usize, SegmentKind)> {
    match text.strip_prefix('{') {
        Some(inside) => {
            let (length, kind) = recognise_braced(inside);
            Some((length + 1, kind))
        }
        None => recognise_after_space(text),
    }
}

/// What follows `${`; never nothing, for nobody writes `${` but for a key.
fn recognise_braced(inside: &str) -> (usize, SegmentKind) {
    let end = inside
        .char_indices()
        .find(|(index, c)| *index > LONGEST_NAME || "}{$\\<>\"'\r\n".contains(*c))
        .filter(|(_, c)| *c == '}');
    let Some((end, _)) = end else {
        let name = leading_name(trim_start(inside));
        let spaces = inside.len() - trim_start(inside).len();
        // Spaces alone belong to the text that follows.
        let length = if name.is_empty() { 0 } else { spaces + name.len() };
        return (
            length,
            SegmentKind::Fault(Fault::Unclosed {
                name: name.to_owned(),
            }),
        );
    };
    let written = &inside[..end];
    let name = trim(written);
    let kind = if name.is_empty() {
        SegmentKind::Fault(Fault::Empty)
    } else if name.len() < written.len() {
        SegmentKind::Fault(Fault::StraySpace {
            name: name.to_owned(),
        })
    } else if let Some(key) = Key::parse(name) {
        SegmentKind::Key(key)
    } else {
        SegmentKind::Fault(Fault::UnknownKey {
            name: name.to_owned(),
        })
    };
    (end + 1, kind)
}

/// What follows a dollar sign without a brace: `$ {KEY}` is a slip, `$ 5` is money.
fn recognise_after_space(text: &str) -> Option<(usize, SegmentKind)> {
    let from_brace = trim_start(text);
    let inside = from_brace
        .strip_prefix('{')
        .filter(|_| from_brace.len() < text.len())?;
    let from_name = trim_start(inside);
    let name = leading_name(from_name);
    let after_name = &from_name[name.len()..];
    if name.is_empty() {
        return None;
    }
    let closed = trim_start(after_name).strip_prefix('}');
    let rest = closed.or_else(|| Key::parse(name).map(|_| after_name))?;
    let fault = Fault::StraySpace {
        name: name.to_owned(),
    };
    Some((text.len() - rest.len(), SegmentKind::Fault(fault)))
}

fn leading_name(text: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    &text[..text.find(|c| !is_part(c)).unwrap_or(text.len()).min(LONGEST_NAME)]
}

/// Blanks of one line, with those that HTML editors write in their place.
pub(super) fn trim_start(text: &str) -> &str {
    const BLANKS: [&str; 5] = [" ", "\t", "\u{a0}", "&nbsp;", "&#160;"];
    let mut rest = text;
    while let Some(shorter) = BLANKS.iter().find_map(|blank| rest.strip_prefix(blank)) {
        rest = shorter;
    }
    rest
}

/// The same at both ends.
pub(super) fn trim(text: &str) -> &str {
    const BLANKS: [&str; 5] = [" ", "\t", "\u{a0}", "&nbsp;", "&#160;"];
    let mut rest = trim_start(text);
    while let Some(shorter) = BLANKS.iter().find_map(|blank| rest.strip_suffix(blank)) {
        rest = shorter;
    }
    rest
}
