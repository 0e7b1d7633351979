//! The written part as harmless HTML.
//!
//! The document is written anew from its events: known elements alone, hardly an attribute, every text escaped. Then
//! ammonia, whose rules are those of browsers, passes over it: neither is trusted alone.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::lines::{Rendered, is_block};
use super::tokens::Tag;
use super::tree::{Event, Whitespace};

/// The elements that may stay.
pub(super) const KEPT: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
];

/// What the addresses of links may be.
const SCHEMES: &[&str] = &["http", "https", "mailto", "tel"];

/// Columns or rows that a cell may span.
const MOST_SPAN: u16 = 100;

/// Octets of text after which an empty comment parts it, which ammonia drops: to find the next letter that needs an
/// escape, html5ever's serializer looks through the rest of the text each time, so its work grows with the square.
const MOST_UNBROKEN: usize = 2048;

/// The events on lines for which `keeps` says so, as HTML.
pub(super) fn sanitise(events: &[Event], rendered: &Rendered, keeps: &[bool]) -> String {
    let is_kept = |index: usize| rendered.line_of[index].is_some_and(|line| keeps[line]);
    // How many events before each one are kept: an element with none inside is left out.
    let mut kept_before = Vec::with_capacity(events.len() + 1);
    kept_before.push(0_usize);
    for index in 0..events.len() {
        kept_before.push(kept_before[index] + usize::from(is_kept(index)));
    }
    let mut writer = Writer {
        html: String::new(),
        written: vec![None; events.len()],
        preformatted: 0,
        broken_at: 0,
    };
    for (index, event) in events.iter().enumerate() {
        match event {
            Event::Open { tag, close } if kept_before[*close] > kept_before[index] => writer.open(index, tag),
            Event::Close { open } => writer.close(*open),
            Event::Void(tag) if is_kept(index) => writer.void(tag),
            Event::Text { text, whitespace } if is_kept(index) => writer.text(text, *whitespace),
            Event::Newline if is_kept(index) => writer.newline(),
            _ => {}
        }
    }
    builder().clean(&writer.html).to_string()
}

fn builder() -> ammonia::Builder<'static> {
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(KEPT.iter().copied().collect())
        .generic_attributes(HashSet::new())
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("ol", HashSet::from(["start"])),
            ("td", HashSet::from(["colspan", "rowspan"])),
            ("th", HashSet::from(["colspan", "rowspan"])),
        ]))
        .url_schemes(SCHEMES.iter().copied().collect())
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
}

struct Writer {
    html: String,
    /// The name under which an element was written, by the event that opened it.
    written: Vec<Option<&'static str>>,
    /// Open `pre` elements.
    preformatted: usize,
    /// Where the last tag or comment ended.
    broken_at: usize,
}

impl Writer {
    fn open(&mut self, index: usize, tag: &Tag) {
        let kept = KEPT.iter().find(|kept| **kept == tag.name).copied();
        // A division for every other element that begins a line; of the rest the content alone.
        let Some(name) = kept.or(is_block(&tag.name).then_some("div")) else {
            return;
        };
        self.written[index] = Some(name);
        let _ = write!(self.html, "<{name}");
        match name {
            "a" => self.attribute("href", tag.attribute("href")),
            "ol" => self.number("start", tag.attribute("start"), u16::MAX),
            "td" | "th" => {
                self.number("colspan", tag.attribute("colspan"), MOST_SPAN);
                self.number("rowspan", tag.attribute("rowspan"), MOST_SPAN);
            }
            "pre" => self.preformatted += 1,
            _ => {}
        }
        self.html.push('>');
    }

    fn close(&mut self, open: usize) {
        if let Some(name) = self.written[open] {
            let _ = write!(self.html, "</{name}>");
            self.preformatted -= usize::from(name == "pre");
        }
    }

    fn void(&mut self, tag: &Tag) {
        match tag.name.as_str() {
            "br" | "hr" => {
                let _ = write!(self.html, "<{}>", tag.name);
            }
            "img" => {
                if let Some(note) = super::lines::image_note(tag) {
                    self.escape(&note);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, whitespace: Whitespace) {
        if whitespace == Whitespace::Counts && self.preformatted == 0 {
            // Blanks that counted by style alone would collapse without it.
            self.escape(&text.replace("  ", " \u{a0}"));
        } else {
            self.escape(text);
        }
    }

    fn newline(&mut self) {
        self.html
            .push_str(if self.preformatted > 0 { "\n" } else { "<br>" });
    }

    fn attribute(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            let _ = write!(self.html, " {name}=\"");
            for letter in value.chars() {
                push_escaped(&mut self.html, letter);
            }
            self.html.push('"');
        }
    }

    fn number(&mut self, name: &str, value: &str, most: u16) {
        if let Ok(number) = value.trim().parse::<u16>() {
            self.attribute(name, &number.min(most).to_string());
        }
    }

    fn escape(&mut self, text: &str) {
        for letter in text.chars() {
            push_escaped(&mut self.html, letter);
            if self.html.len() - self.broken_at > MOST_UNBROKEN {
                self.html.push_str("<!---->");
                self.broken_at = self.html.len();
            }
        }
    }
}

fn push_escaped(html: &mut String, letter: char) {
    match letter {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        '\0' => html.push(char::REPLACEMENT_CHARACTER),
        letter => html.push(letter),
    }
}
