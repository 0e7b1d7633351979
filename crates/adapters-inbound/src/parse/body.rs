//! What the person wrote: texts decoded, chosen, and parted from what they quote.

use std::borrow::Cow;

use recado_domain::incoming::Remark;
use recado_domain::quote::{DelSp, Purpose, separate_for, unflow};
use recado_domain::token::{ReplyToken, reference_tokens};

use super::content;
use super::files::Files;
use super::selection::Stretch;
use super::structure::{Part, Structure};
use crate::html::{self, HtmlText};

/// Octets of one text, plain or HTML, that are read; the whole of a longer one is attached.
const TEXT_OCTETS: usize = 2 * 1024 * 1024;
/// Octets below which a plain text may be a mere note that the mail is in HTML.
const STUB_OCTETS: usize = 500;
/// How many times as long as the text its HTML may be.
const HTML_FOR_TEXT: usize = 4;
/// Most reference lines that are kept.
const TOKENS: usize = 50;

/// One stretch of a mail's text, decoded, in the forms in which it is there; either may be empty.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) plain: String,
    pub(super) html: String,
}

impl Text {
    /// Whether there is nothing in it but white space.
    pub(super) fn is_blank(&self) -> bool {
        self.plain.trim().is_empty() && self.html.trim().is_empty()
    }

    /// It as a file, as it came.
    fn into_file(self) -> (&'static str, &'static str, String) {
        if self.plain.trim().is_empty() {
            ("text.html", "text/html", self.html)
        } else {
            ("text.txt", "text/plain", self.plain)
        }
    }
}

/// A mail's texts, in order.
#[derive(Debug, Default)]
pub(super) struct Texts {
    texts: Vec<Text>,
    /// Whether some of it was no text in its charset.
    is_doubtful: bool,
}

impl Texts {
    /// Decodes stretches.
    pub(super) fn decode(structure: &Structure<'_>, stretches: &[Stretch]) -> Self {
        let mut decoded = Self::default();
        for stretch in stretches {
            let text = Text {
                plain: decoded.join(structure, &stretch.plain),
                html: decoded.join(structure, &stretch.html),
            };
            decoded.texts.push(text);
        }
        decoded
    }

    /// Whether there is nothing in any.
    pub(super) fn are_blank(&self) -> bool {
        self.texts.iter().all(Text::is_blank)
    }

    /// Adds one that was found elsewhere.
    pub(super) fn push(&mut self, text: Text) {
        self.texts.push(text);
    }

    /// The text of parts, one after the other.
    fn join(&mut self, structure: &Structure<'_>, places: &[usize]) -> String {
        let mut joined = String::new();
        for &place in places {
            let part = &structure.parts[place];
            let decoded = content::text(part);
            self.is_doubtful |= decoded.is_doubtful;
            if !joined.is_empty() && !joined.ends_with('\n') {
                joined.push('\n');
            }
            joined.push_str(&flat(part, &decoded.text));
        }
        joined
    }
}

/// What one text says.
struct Said {
    written: String,
    quoted: Option<String>,
    /// What was written, as harmless HTML, where there was HTML.
    html: Option<String>,
}

/// What the person wrote.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) text: String,
    pub(super) quoted: Option<String>,
    pub(super) html: Option<String>,
    pub(super) tokens: Vec<ReplyToken>,
    is_cut: bool,
    is_doubtful: bool,
}

impl Body {
    /// Makes one of all texts, `limit` octets long at most. One that is cut is attached as a whole.
    pub(super) fn read(texts: Texts, purpose: Purpose, limit: usize, files: &mut Files) -> Self {
        let mut body = Self {
            is_doubtful: texts.is_doubtful,
            ..Self::default()
        };
        let mut said = Vec::with_capacity(texts.texts.len());
        for text in &texts.texts {
            body.is_cut |= text.plain.len() > TEXT_OCTETS || text.html.len() > TEXT_OCTETS;
            said.extend(body.hear(text, purpose));
        }
        body.html = html_of(&said);
        let quoted: Vec<&str> = said.iter().filter_map(|said| said.quoted.as_deref()).collect();
        body.quoted = (!quoted.is_empty()).then(|| quoted.join("\n\n"));
        let written = said.iter().map(|said| said.written.as_str());
        let written: Vec<&str> = written.filter(|text| !text.trim().is_empty()).collect();
        body.text = written.join("\n\n");
        body.keep_within(limit);
        if body.is_cut {
            for (name, content_type, text) in texts.texts.into_iter().map(Text::into_file) {
                if !text.is_empty() {
                    files.add(name, content_type, text.into_bytes());
                }
            }
        }
        body
    }

    /// Where a text is there in both forms, the plain one is what the person wrote, and the HTML how it looked; unless
    /// the HTML alone tells what is quoted: programs mark it there in languages that no table of phrases knows.
    fn hear(&mut self, text: &Text, purpose: Purpose) -> Option<Said> {
        let has_html = !text.html.trim().is_empty();
        let read = has_html.then(|| html::read_for(up_to(&text.html, TEXT_OCTETS), purpose));
        self.find_tokens(&text.plain);
        self.find_tokens(&text.html);
        if let Some(read) = &read {
            // A token may be in pieces between tags.
            self.find_tokens(&read.written);
            self.find_tokens(read.quoted.as_deref().unwrap_or_default());
        }
        if text.plain.trim().is_empty() && read.is_none() {
            return None;
        }
        let separated = separate_for(up_to(&text.plain, TEXT_OCTETS), purpose);
        let counts = |read: &HtmlText| {
            text.plain.trim().is_empty()
                || is_stub(&text.plain, &read.written)
                || (separated.quoted.is_none() && read.quoted.is_some())
        };
        Some(match read {
            Some(read) if counts(&read) => Said {
                written: read.written,
                quoted: read.quoted,
                html: Some(read.sanitised),
            },
            read => Said {
                written: separated.written,
                quoted: separated.quoted,
                html: read.map(|read| read.sanitised),
            },
        })
    }

    /// All that it says, what was set aside too: a server's notice has no author whose words could be parted from it.
    pub(super) fn told(&self) -> String {
        let quoted = self.quoted.as_deref().unwrap_or_default();
        format!("{}\n{quoted}", self.text)
    }

    /// What the desk should know of it.
    pub(super) fn remarks(&self) -> impl Iterator<Item = Remark> {
        let cut = self.is_cut.then_some(Remark::TextCut);
        let doubtful = self.is_doubtful.then_some(Remark::Undecodable);
        cut.into_iter().chain(doubtful)
    }

    fn find_tokens(&mut self, text: &str) {
        for token in reference_tokens(up_to(text, TEXT_OCTETS)) {
            if self.tokens.len() < TOKENS && !self.tokens.contains(&token) {
                self.tokens.push(token);
            }
        }
    }

    fn keep_within(&mut self, limit: usize) {
        let quoted = self.quoted.as_mut();
        for text in std::iter::once(&mut self.text).chain(quoted) {
            if text.len() > limit {
                text.truncate(text.floor_char_boundary(limit));
                self.is_cut = true;
            }
        }
        // Half a document is none: what does not fit is told by the text alone.
        if self
            .html
            .as_ref()
            .is_some_and(|html| html.len() > limit.saturating_mul(HTML_FOR_TEXT))
        {
            self.html = None;
            self.is_cut = true;
        }
    }
}

/// The HTML of all, where any had HTML; the others are put as HTML.
fn html_of(said: &[Said]) -> Option<String> {
    said.iter().find(|said| said.html.is_some())?;
    let parts = said
        .iter()
        .map(|said| said.html.clone().unwrap_or_else(|| escaped(&said.written)));
    let html = parts.collect::<Vec<_>>().join("\n");
    (!html.trim().is_empty()).then_some(html)
}

/// A text with the line breaks that its author made (RFC 3676), not those that were made for the journey.
fn flat<'t>(part: &Part<'_>, text: &'t str) -> Cow<'t, str> {
    let of = &part.content_type;
    if of.is("text", "plain") && of.has("format", "flowed") {
        let del_sp = if of.has("delsp", "yes") {
            DelSp::Yes
        } else {
            DelSp::No
        };
        Cow::Owned(unflow(text, del_sp))
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a plain text only says that there is HTML: short, about HTML, and not in the HTML itself.
fn is_stub(plain: &str, written: &str) -> bool {
    let plain = plain.trim();
    let speaks_of_html = plain.to_ascii_lowercase().contains("html");
    let first_line = plain.lines().next().unwrap_or_default().trim();
    plain.len() < STUB_OCTETS && speaks_of_html && !written.trim().is_empty() && !written.contains(first_line)
}

fn up_to(text: &str, octets: usize) -> &str {
    &text[..text.floor_char_boundary(octets)]
}

/// Plain text as HTML.
fn escaped(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!("<p>{}</p>", text.replace('\n', "<br>"))
}
