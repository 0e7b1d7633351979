//! In which part of an HTML template a key stands, as far as escaping depends on it.
//!
//! Escaped values are harmless in text and in quoted attributes. Elsewhere a space or a semicolon in a name could end the
//! attribute or the rule that the template's author wrote, so such places are refused when a template is saved.
//! This reads just enough HTML to tell them apart, and errs towards refusing.

use super::diagnostic::Code;

/// A place in an HTML document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    /// Between tags.
    #[default]
    Text,
    /// In a tag, outside quotes.
    Tag,
    /// In an attribute's value with these quotes.
    Quoted(char),
    /// In `<!-- … -->`.
    Comment,
    /// In a `<style>` or `<script>` element.
    Raw(&'static str),
}

impl Place {
    /// Why a value must not stand here.
    pub(super) fn hazard(self) -> Option<(Code, &'static str)> {
        match self {
            Self::Text | Self::Quoted(_) | Self::Comment => None,
            Self::Tag => Some((
                Code::Unquoted,
                "it stands in a tag outside quotes; attribute values need quotes",
            )),
            Self::Raw(_) => Some((
                Code::RawElement,
                "it stands in a style or script element, where text cannot be made safe",
            )),
        }
    }
}

/// Follows the places through a document whose pieces are read in order.
#[derive(Debug, Default)]
pub(super) struct Reader {
    place: Place,
    /// The element whose tag is being read, when its content is raw.
    raw_element: Option<&'static str>,
}

impl Reader {
    /// Where the last piece ended.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Reads on. Markup that a key cuts in two is read as two pieces.
    pub(super) fn read(&mut self, piece: &str) {
        let mut rest = piece;
        while let Some(shorter) = self.step(rest) {
            rest = shorter;
        }
    }

    /// Moves behind the next change of place; none when the piece holds no more.
    fn step<'p>(&mut self, rest: &'p str) -> Option<&'p str> {
        match self.place {
            Place::Text => {
                let tag = &rest[rest.find('<')?..];
                if let Some(comment) = tag.strip_prefix("<!--") {
                    self.place = Place::Comment;
                    return Some(comment);
                }
                let opens = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c));
                // A `<` that a key follows may open a tag whose name the key would give.
                if opens || tag.len() == 1 {
                    self.raw_element = RAW_ELEMENTS.into_iter().find(|name| has_name(&tag[1..], name));
                    self.place = Place::Tag;
                }
                Some(&tag[1..])
            }
            Place::Tag => {
                let at = rest.find(['>', '"', '\''])?;
                self.place = match &rest[at..=at] {
                    ">" => self.raw_element.take().map_or(Place::Text, Place::Raw),
                    "'" => Place::Quoted('\''),
                    _ => Place::Quoted('"'),
                };
                Some(&rest[at + 1..])
            }
            Place::Quoted(quote) => {
                let at = rest.find(quote)?;
                self.place = Place::Tag;
                Some(&rest[at + 1..])
            }
            Place::Comment => {
                let at = rest.find("-->")?;
                self.place = Place::Text;
                Some(&rest[at + 3..])
            }
            Place::Raw(element) => {
                let at = rest.find("</")?;
                let after = &rest[at + 2..];
                if has_name(after, element) {
                    self.place = Place::Tag;
                }
                Some(after)
            }
        }
    }
}

const RAW_ELEMENTS: [&str; 2] = ["style", "script"];

fn has_name(tag: &str, name: &str) -> bool {
    tag.get(..name.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(name))
        && !tag[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_after(pieces: &[&str]) -> Place {
        let mut reader = Reader::default();
        for piece in pieces {
            reader.read(piece);
        }
        reader.place()
    }

    #[test]
    fn text_and_quoted_attributes_are_harmless() {
        for pieces in [
            &["<p class=\"a>b\">"][..],
            &["1 < 2"],
            &["<a href=\"x?id=", "&amp;y='"],
            &["<style>p { color: red }</style ><p>"],
            &["<styled-box>"],
            &["<!-- <a -->"],
            &["<!-- <a "],
        ] {
            assert_eq!(place_after(pieces).hazard(), None, "{pieces:?}");
        }
    }

    #[test]
    fn tags_and_raw_elements_are_hazards() {
        for pieces in [
            &["<div class="][..],
            &["<div class=\"a\" ", " "],
            &["<"],
            &["<STYLE type='x'>p { content: '</p>"],
            &["<script>"],
        ] {
            assert!(place_after(pieces).hazard().is_some(), "{pieces:?}");
        }
    }
}
