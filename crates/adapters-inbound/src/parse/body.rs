//! What the person wrote: texts decoded, chosen, and parted from what they quote.

use std::borrow::Cow;

use recado_domain::incoming::Remark;
use recado_domain::quote::{DelSp, separate, unflow};
use recado_domain::token::{ReplyToken, reference_tokens};

use super::content;
use super::files::Files;
use super::selection::Stretch;
use super::structure::{Part, Structure};
use super::tnef::Tnef;
use crate::html;

/// Octets of one text, plain or HTML, that are read; the whole of a longer one is attached.
const TEXT_OCTETS: usize = 2 * 1024 * 1024;
/// Octets below which a plain text may be a mere note that the mail is in HTML.
const STUB_OCTETS: usize = 500;
/// How many times as long as the text its HTML may be.
const HTML_FOR_TEXT: usize = 4;
/// Most reference lines that are kept.
const TOKENS: usize = 50;

/// The text of a mail.
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
    /// Reads the stretches of a mail. Where one is there in both forms, the plain text is what the person wrote, and
    /// the HTML how it looked. A text that is cut is attached as a whole.
    pub(super) fn read(
        structure: &Structure<'_>,
        stretches: &[Stretch],
        limit: usize,
        files: &mut Files,
    ) -> Self {
        let mut body = Self::default();
        let mut quoted = Vec::new();
        let mut written = Vec::new();
        let mut looks = Vec::new();
        let mut whole = Vec::new();
        for stretch in stretches {
            let plain = body.join(structure, &stretch.plain);
            let source = body.join(structure, &stretch.html);
            let read = (!source.trim().is_empty()).then(|| html::read(up_to(&source, TEXT_OCTETS)));
            body.is_cut |= plain.len() > TEXT_OCTETS || source.len() > TEXT_OCTETS;
            body.find_tokens(&plain);
            body.find_tokens(&source);
            if let Some(read) = &read {
                // A token may be in pieces between tags.
                body.find_tokens(&read.written);
                body.find_tokens(read.quoted.as_deref().unwrap_or_default());
            }
            let is_stub = read.as_ref().is_some_and(|read| is_stub(&plain, &read.written));
            let separated = if plain.trim().is_empty() || is_stub {
                read.as_ref()
                    .map(|read| (read.written.clone(), read.quoted.clone()))
            } else {
                let separated = separate(up_to(&plain, TEXT_OCTETS));
                Some((separated.written, separated.quoted))
            };
            if let Some((text, set_aside)) = separated {
                looks.push(
                    read.as_ref()
                        .map_or_else(|| Err(text.clone()), |read| Ok(read.sanitised.clone())),
                );
                written.push(text);
                quoted.extend(set_aside);
            }
            whole.push(if plain.trim().is_empty() {
                ("text.html", "text/html", source)
            } else {
                ("text.txt", "text/plain", plain)
            });
        }
        written.retain(|text| !text.trim().is_empty());
        body.text = written.join("\n\n");
        body.quoted = (!quoted.is_empty()).then(|| quoted.join("\n\n"));
        if looks.iter().any(Result::is_ok) {
            let looks: Vec<String> = looks
                .into_iter()
                .map(|look| look.unwrap_or_else(|text| escaped(&text)))
                .collect();
            body.html = Some(looks.join("\n")).filter(|html| !html.trim().is_empty());
        }
        body.keep_within(limit);
        if body.is_cut {
            for (name, content_type, text) in whole {
                if !text.is_empty() {
                    files.add(name, content_type, text.into_bytes());
                }
            }
        }
        body
    }

    /// Takes the files out of a `winmail.dat`, and its text where the mail has none of its own.
    pub(super) fn fill(&mut self, tnef: Tnef, limit: usize, files: &mut Files) {
        for file in tnef.files {
            files.add(&file.name, &file.content_type, file.content);
        }
        if !self.text.trim().is_empty() || self.quoted.is_some() {
            return;
        }
        let html = tnef.html.map(|html| html::read(up_to(&html, TEXT_OCTETS)));
        if let Some(text) = tnef.text.filter(|text| !text.trim().is_empty()) {
            let text = text.replace("\r\n", "\n").replace('\0', "\u{fffd}");
            self.find_tokens(&text);
            let separated = separate(up_to(&text, TEXT_OCTETS));
            (self.text, self.quoted) = (separated.written, separated.quoted);
        } else if let Some(html) = &html {
            self.find_tokens(&html.written);
            self.find_tokens(html.quoted.as_deref().unwrap_or_default());
            (self.text, self.quoted) = (html.written.clone(), html.quoted.clone());
        } else if let Some(rtf) = tnef.rtf {
            files.add("text.rtf", "application/rtf", rtf);
        }
        self.html = html.map(|html| html.sanitised).or(self.html.take());
        self.keep_within(limit);
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
