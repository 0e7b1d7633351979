//! HTML cut into tags and text.
//!
//! By the tokenizer of the HTML standard (section 13.2.5), without what only its error reports need. `html5ever`'s own
//! compares every attribute of a tag with all before it: 1 MB of attributes in one tag takes it minutes. Here a tag
//! keeps the few attributes that anyone asks for, and everything is linear.

use std::borrow::Cow;

use super::entities::decode;

/// The attributes that are kept; all others are passed over.
const KEPT: &[&str] = &[
    "alt",
    "class",
    "colspan",
    "data-smartmail",
    "dir",
    "href",
    "id",
    "rowspan",
    "src",
    "start",
    "style",
    "type",
];

/// Octets of an attribute's value that are kept: a `data:` picture may have megabytes.
const VALUE_OCTETS: usize = 4096;

/// Elements whose content is text and no markup, and not for readers.
const HIDDEN_RAW: &[&str] = &["script", "style", "title", "iframe", "noembed", "noframes"];

/// Elements whose content is text and no markup, for readers.
const SHOWN_RAW: &[&str] = &["textarea", "xmp"];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open(Tag),
    /// The name, in small letters.
    Close(String),
    /// Character references decoded.
    Text(Cow<'a, str>),
}

/// A start tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// In small letters.
    pub(super) name: String,
    attributes: Vec<(&'static str, String)>,
}

impl Tag {
    /// A tag without attributes.
    pub(super) fn bare(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            attributes: Vec::new(),
        }
    }

    /// The value of one of the [`KEPT`] attributes; empty if the tag has none.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }
}

/// The tokens of an HTML text.
pub(super) struct Tokens<'a> {
    html: &'a str,
    at: usize,
    /// The element whose raw text comes next.
    raw: Option<&'static str>,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(html: &'a str) -> Self {
        Self {
            html,
            at: 0,
            raw: None,
        }
    }

    fn rest(&self) -> &'a str {
        &self.html[self.at..]
    }

    /// Passes over `<!…>`, `<?…>` and comments.
    fn skip_declaration(&mut self) {
        let rest = self.rest();
        let length = if let Some(comment) = rest.strip_prefix("<!--") {
            // An empty comment may be as short as `<!-->`.
            if comment.starts_with('>') {
                Some(5)
            } else if comment.starts_with("->") {
                Some(6)
            } else {
                comment.find("-->").map(|end| 4 + end + 3)
            }
        } else {
            rest.find('>').map(|end| end + 1)
        };
        self.at += length.unwrap_or(rest.len());
    }

    /// The text up to the end tag of a raw text element.
    fn raw_text(&mut self, name: &str) -> &'a str {
        let rest = self.rest();
        let ends_here = |at: usize| {
            let behind = &rest.as_bytes()[at + 2..];
            behind.len() > name.len()
                && behind[..name.len()].eq_ignore_ascii_case(name.as_bytes())
                && matches!(
                    behind[name.len()],
                    b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n' | b'\x0c'
                )
        };
        let end = rest
            .match_indices("</")
            .map(|(at, _)| at)
            .find(|&at| ends_here(at))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// The tag at `<`, and whether it closes; `None` if the text ends before it does.
    fn tag(&mut self) -> Option<(Tag, bool)> {
        let octets = self.html.as_bytes();
        let closes = octets[self.at + 1] == b'/';
        let mut at = self.at + 1 + usize::from(closes);
        let name_end = at + octets[at..].iter().position(|&octet| ends_name(octet))?;
        let mut tag = Tag {
            name: self.html[at..name_end].to_ascii_lowercase(),
            attributes: Vec::new(),
        };
        at = name_end;
        loop {
            at += octets[at..]
                .iter()
                .position(|octet| !octet.is_ascii_whitespace() && *octet != b'/')?;
            if octets[at] == b'>' {
                self.at = at + 1;
                return Some((tag, closes));
            }
            // The standard: a name may begin with an equals sign.
            let start = at;
            at += 1 + octets[at + 1..]
                .iter()
                .position(|&octet| ends_name(octet) || octet == b'=')?;
            let name = &self.html[start..at];
            let gap = octets[at..]
                .iter()
                .position(|octet| !octet.is_ascii_whitespace())?;
            let mut value = "";
            if octets[at + gap] == b'=' {
                at += gap + 1;
                at += octets[at..]
                    .iter()
                    .position(|octet| !octet.is_ascii_whitespace())?;
                let quote = octets[at];
                if matches!(quote, b'"' | b'\'') {
                    let length = octets[at + 1..].iter().position(|&octet| octet == quote)?;
                    value = &self.html[at + 1..at + 1 + length];
                    at += length + 2;
                } else {
                    let length = octets[at..]
                        .iter()
                        .position(|&octet| octet.is_ascii_whitespace() || octet == b'>')?;
                    value = &self.html[at..at + length];
                    at += length;
                }
            }
            tag.keep(name, value);
        }
    }
}

impl Tag {
    fn keep(&mut self, name: &str, value: &str) {
        let known = KEPT.iter().find(|known| known.eq_ignore_ascii_case(name));
        if let Some(&known) = known
            && !self.attributes.iter().any(|(had, _)| *had == known)
        {
            let most = value.floor_char_boundary(VALUE_OCTETS);
            self.attributes.push((known, decode(&value[..most]).into_owned()));
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if let Some(name) = self.raw.take() {
                let text = self.raw_text(name);
                if SHOWN_RAW.contains(&name) && !text.is_empty() {
                    return Some(Token::Text(decode(text)));
                }
            }
            let rest = self.rest();
            if rest.is_empty() {
                return None;
            }
            // A `<` that begins no tag is text.
            let end = rest
                .match_indices('<')
                .map(|(at, _)| at)
                .find(|&at| begins_markup(&rest.as_bytes()[at + 1..]))
                .unwrap_or(rest.len());
            if end > 0 {
                self.at += end;
                return Some(Token::Text(decode(&rest[..end])));
            }
            if matches!(rest.as_bytes()[1], b'!' | b'?') {
                self.skip_declaration();
                continue;
            }
            let Some((tag, closes)) = self.tag() else {
                // Cut off within a tag: a browser drops the rest; here nobody's words are lost.
                self.at = self.html.len();
                return Some(Token::Text(decode(rest)));
            };
            if closes {
                return Some(Token::Close(tag.name));
            }
            self.raw = HIDDEN_RAW
                .iter()
                .chain(SHOWN_RAW)
                .find(|raw| **raw == tag.name)
                .copied();
            return Some(Token::Open(tag));
        }
    }
}

fn begins_markup(behind: &[u8]) -> bool {
    match behind {
        [b'!' | b'?', ..] => true,
        [b'/', letter, ..] | [letter, ..] => letter.is_ascii_alphabetic(),
        [] => false,
    }
}

fn ends_name(octet: u8) -> bool {
    octet.is_ascii_whitespace() || matches!(octet, b'/' | b'>')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        let shown: Vec<String> = Tokens::of(html)
            .map(|token| match token {
                Token::Open(tag) => {
                    let attributes: Vec<String> = tag
                        .attributes
                        .iter()
                        .map(|(name, value)| format!(" {name}={value:?}"))
                        .collect();
                    format!("[{}{}]", tag.name, attributes.concat())
                }
                Token::Close(name) => format!("[/{name}]"),
                Token::Text(text) => text.into_owned(),
            })
            .collect();
        shown.concat()
    }

    #[test]
    fn tags_and_text_are_told_apart() {
        for (html, expected) in [
            (
                "<P CLASS=a id='b c' onclick=x>hi</P >",
                "[p class=\"a\" id=\"b c\"]hi[/p]",
            ),
            ("a < b <3 & c &lt;d&gt; &amp;nbsp;", "a < b <3 & c <d> &nbsp;"),
            (
                "<br/><img src=a/b.png alt=\"x>y\">",
                "[br][img src=\"a/b.png\" alt=\"x>y\"]",
            ),
            ("<!-- <b> --><!doctype html><?xml?>x<![if !mso]>y<!-->z", "xyz"),
            (
                "<style>p > a {}</style><script>'</b>'</SCRIPT >x",
                "[style][/style][script][/script]x",
            ),
            ("<a href=x href=y>", "[a href=\"x\"]"),
            ("<textarea><b>hi</textarea>", "[textarea]<b>hi[/textarea]"),
            ("cut <a href=\"x", "cut <a href=\"x"),
            ("<", "<"),
            ("</", "</"),
            ("<o:p>&nbsp;</o:p>", "[o:p]\u{a0}[/o:p]"),
            ("<a =b=c d>", "[a]"),
        ] {
            assert_eq!(shown(html), expected, "{html}");
        }
    }
}
