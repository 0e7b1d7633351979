//! Pictures of a template: what may be one, its name, and where the HTML names it as `cid:NAME` (RFC 2392).

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use super::Template;
use super::diagnostic::{Code, Diagnostic, Field, Severity};
use super::markup::{Place, Reader};
use super::source::Span;

/// A text that is no picture's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name of a picture; take 1 to {max} letters, digits, `-`, `_` and `.`", max = PictureName::MAX_CHARS)]
pub struct InvalidPictureName(pub String);

/// The name of a template's picture: ASCII letters, digits, `-`, `_` and `.`, so that it can stand in a Content-ID.
///
/// ```
/// use recado_domain::template::PictureName;
/// assert_eq!(PictureName::parse(" logo.png ")?.as_str(), "logo.png");
/// assert!(PictureName::parse("../logo").is_err());
/// # Ok::<(), recado_domain::template::InvalidPictureName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PictureName(String);

impl PictureName {
    /// Longest name.
    pub const MAX_CHARS: usize = 80;

    /// Reads a name, blanks around it aside. A dot stands between other characters.
    pub fn parse(text: &str) -> Result<Self, InvalidPictureName> {
        let name = text.trim();
        let fits = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if name.len() > Self::MAX_CHARS || !name.split('.').all(fits) {
            return Err(InvalidPictureName(text.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PictureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The kinds of pictures that every mail program shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureKind {
    /// `image/png`.
    Png,
    /// `image/jpeg`.
    Jpeg,
    /// `image/gif`.
    Gif,
    /// `image/webp`.
    Webp,
}

impl PictureKind {
    /// The kind, by the octets that each begins with: what a browser says of a file is not asked.
    pub fn of(content: &[u8]) -> Option<Self> {
        let begins = |magic: &[u8]| content.starts_with(magic);
        if begins(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if begins(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if begins(b"GIF87a") || begins(b"GIF89a") {
            Some(Self::Gif)
        } else if begins(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
            Some(Self::Webp)
        } else {
            None
        }
    }

    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }
}

/// Where a document's tags and styles name a picture as `cid:NAME`: the ranges of the names. Text between tags names
/// none, whatever it says.
///
/// ```
/// use recado_domain::template::picture_references;
/// let html = r#"<p>cid:text</p><img src="cid:logo.png">"#;
/// let named: Vec<_> = picture_references(html).into_iter().map(|range| &html[range]).collect();
/// assert_eq!(named, ["logo.png"]);
/// ```
pub fn picture_references(html: &str) -> Vec<Range<usize>> {
    const SCHEME: &str = "cid:";
    // ASCII alone changes, so that positions stay what they were.
    let lower = html.to_ascii_lowercase();
    let mut reader = Reader::default();
    let mut read = 0;
    let mut found = Vec::new();
    for (at, _) in lower.match_indices(SCHEME) {
        reader.read(&html[read..at]);
        read = at;
        let is_named_here = matches!(
            reader.place(),
            Place::Tag | Place::Quoted(_) | Place::Raw("style")
        );
        let begins_a_word = !html[..at].ends_with(|c: char| c.is_alphanumeric());
        if !is_named_here || !begins_a_word {
            continue;
        }
        let start = at + SCHEME.len();
        let length = html[start..]
            .find(|c: char| c.is_whitespace() || "\"'()<>&;,".contains(c))
            .unwrap_or(html.len() - start);
        found.push(start..start + length);
    }
    found
}

impl Template<'_> {
    /// A warning for each picture that the HTML names and that is not among those known.
    pub fn missing_pictures(&self, known: &BTreeSet<&str>) -> Vec<Diagnostic> {
        picture_references(self.html)
            .into_iter()
            .filter(|range| !known.contains(&self.html[range.clone()]))
            .map(|range| {
                let name = &self.html[range.clone()];
                let before = &self.html[..range.start];
                let line_start = before.rfind('\n').map_or(0, |end| end + 1);
                let span = Span {
                    line: before.matches('\n').count() + 1,
                    column: before[line_start..].chars().count() + 1,
                    bytes: range,
                };
                let message = format!("the template has no picture named {name:?}");
                Diagnostic::at(
                    (Severity::Warning, Code::NoPicture),
                    Field::Html,
                    &span,
                    Some(name.to_owned()),
                    message,
                    None,
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(html: &str) -> Vec<&str> {
        picture_references(html)
            .into_iter()
            .map(|range| &html[range])
            .collect()
    }

    #[test]
    fn pictures_are_named_in_tags_and_styles_alone() {
        for (html, expected) in [
            (r#"<img src="cid:a.png"><img src='CID:b'>"#, vec!["a.png", "b"]),
            ("<td background=cid:c>", vec!["c"]),
            (r#"<p style="background: url(cid:d-1)">"#, vec!["d-1"]),
            ("<style>p { background: url('cid:e') }</style>", vec!["e"]),
            ("<p>cid:f</p> \"cid:g\"", vec![]),
            ("<!-- <img src=\"cid:h\"> -->", vec![]),
            (r#"<img alt="acid:i" src="cid:ñ">"#, vec!["ñ"]),
            (r#"<img src="cid:">"#, vec![""]),
        ] {
            assert_eq!(named(html), expected, "{html}");
        }
    }

    #[test]
    fn a_missing_picture_is_told_at_its_place() {
        let html = "<p>${COMMENTTEXT}</p>\n<b>ñ</b> <img src=\"cid:logo.png\"><img src=\"cid:seal\">";
        let template = Template {
            subject: "x",
            html,
            text: None,
        };
        let told = template.missing_pictures(&BTreeSet::from(["seal"]));
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].line, told[0].column), (2, 24));
        assert_eq!(&html[told[0].range.clone()], "logo.png");
        assert_eq!(told[0].key.as_deref(), Some("logo.png"));
    }

    #[test]
    fn kinds_are_told_by_their_first_octets() {
        assert_eq!(PictureKind::of(b"\x89PNG\r\n\x1a\n..."), Some(PictureKind::Png));
        assert_eq!(PictureKind::of(b"RIFF\0\0\0\0WEBPVP8 "), Some(PictureKind::Webp));
        for other in [
            &b""[..],
            b"<svg xmlns=",
            b"RIFF\0\0\0\0WAVE",
            b"GIF88a",
            b"\x89PNG",
        ] {
            assert_eq!(PictureKind::of(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_name_that_could_break_a_header_or_a_path_is_refused() {
        let long = "x".repeat(81);
        for text in [
            "", ".", "a..b", ".a", "a.", "a b", "a/b", "ñ", "a@b", "a\r\nb", "\"a", &long,
        ] {
            assert!(PictureName::parse(text).is_err(), "{text:?}");
        }
        assert!(PictureName::parse("Logo_2-final.v3.PNG").is_ok());
    }
}
