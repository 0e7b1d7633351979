//! The document as balanced events: every element opened is closed, in order, none nested deeper than a bound.
//!
//! A flat list instead of a tree of nodes: what walks it is a loop, so that nesting costs no stack.

use super::tokens::{Tag, Token, Tokens};

/// Elements that may be open at once; what is nested deeper is flattened. Outlook's layouts nest some 30 deep.
const DEEPEST: usize = 128;

/// Events of a document; beyond, tags and line breaks are passed over and their text joins what stands before.
const MOST_EVENTS: usize = 400_000;

/// Elements without content.
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Elements whose start ends an open paragraph.
const ENDS_PARAGRAPH: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dd",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
];

/// Elements out of which no end tag and no implied end reaches.
const BOUNDARIES: &[&str] = &["td", "th", "table", "caption"];

/// A piece of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    Open {
        tag: Tag,
        /// The index of the event that closes it.
        close: usize,
    },
    Close {
        /// The index of the event that opened it.
        open: usize,
    },
    /// An element without content.
    Void(Tag),
    Text {
        text: String,
        whitespace: Whitespace,
    },
    /// The end of a line in preformatted text.
    Newline,
}

/// What a run of blanks means in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whitespace {
    Collapses,
    Counts,
}

/// Reads a document. Hidden elements are left out: their author did not see them.
pub(super) fn events(html: &str) -> Vec<Event> {
    let mut builder = Builder {
        events: Vec::new(),
        open: Vec::new(),
        flattened: 0,
    };
    for token in Tokens::of(html) {
        match token {
            Token::Text(text) => builder.text(&text),
            Token::Open(tag) => builder.open(tag),
            Token::Close(name) => builder.close(&name),
        }
    }
    builder.close_to(0);
    builder.events
}

struct Element {
    event: usize,
    name: String,
    whitespace: Whitespace,
    hidden: bool,
}

struct Builder {
    events: Vec<Event>,
    open: Vec<Element>,
    /// Elements that were not opened for their depth, and whose ends are still to come.
    flattened: usize,
}

impl Builder {
    fn is_hidden(&self) -> bool {
        self.open.last().is_some_and(|element| element.hidden)
    }

    fn whitespace(&self) -> Whitespace {
        self.open
            .last()
            .map_or(Whitespace::Collapses, |element| element.whitespace)
    }

    fn text(&mut self, text: &str) {
        if self.is_hidden() || text.is_empty() {
            return;
        }
        let whitespace = self.whitespace();
        if whitespace == Whitespace::Collapses {
            self.put_text(text, whitespace);
            return;
        }
        for (number, line) in text.split('\n').enumerate() {
            // The standard drops the line break right behind `<pre>`.
            let follows_pre = number == 1 && matches!(self.events.last(), Some(Event::Open { .. }));
            if number > 0 && !follows_pre && self.events.len() < MOST_EVENTS {
                self.events.push(Event::Newline);
            }
            let line = line.trim_end_matches('\r');
            if !line.is_empty() {
                self.put_text(line, whitespace);
            }
        }
    }

    fn put_text(&mut self, text: &str, whitespace: Whitespace) {
        if self.events.len() >= MOST_EVENTS
            && let Some(Event::Text { text: before, .. }) = self.events.last_mut()
        {
            before.push(' ');
            before.push_str(text);
            return;
        }
        self.events.push(Event::Text {
            text: text.to_owned(),
            whitespace,
        });
    }

    fn open(&mut self, tag: Tag) {
        if self.events.len() >= MOST_EVENTS {
            return;
        }
        self.imply_ends(&tag.name);
        if VOID.contains(&tag.name.as_str()) {
            if !self.is_hidden() {
                self.events.push(Event::Void(tag));
            }
            return;
        }
        if self.open.len() >= DEEPEST {
            self.flattened += 1;
            return;
        }
        let whitespace =
            if tag.name == "pre" || tag.name == "textarea" || keeps_whitespace(tag.attribute("style")) {
                Whitespace::Counts
            } else {
                self.whitespace()
            };
        self.open.push(Element {
            event: self.events.len(),
            name: tag.name.clone(),
            whitespace,
            hidden: self.is_hidden() || hides(tag.attribute("style")),
        });
        self.events.push(Event::Open { tag, close: 0 });
    }

    fn close(&mut self, name: &str) {
        if self.flattened > 0 {
            self.flattened -= 1;
            return;
        }
        // A `</br>` is a `<br>`, and a `</p>` without its start nothing worth showing.
        if name == "br" {
            self.open(Tag::bare(name));
            return;
        }
        let is_boundary = BOUNDARIES.contains(&name) || matches!(name, "tr" | "tbody" | "thead" | "tfoot");
        let found = self
            .open
            .iter()
            .enumerate()
            .rev()
            .take_while(|(_, element)| {
                element.name == name
                    || !BOUNDARIES.contains(&element.name.as_str())
                    || is_boundary && (name == "table" || element.name != "table")
            })
            .find(|(_, element)| element.name == name)
            .map(|(depth, _)| depth);
        if let Some(depth) = found {
            self.close_to(depth);
        }
    }

    /// Closes the elements that a start of `name` ends without saying so.
    fn imply_ends(&mut self, name: &str) {
        if ENDS_PARAGRAPH.contains(&name) {
            self.end_nearest(&["p"], BOUNDARIES);
        }
        match name {
            "li" => self.end_nearest(&["li"], &["ul", "ol", "menu", "td", "th", "table"]),
            "dt" | "dd" => self.end_nearest(&["dt", "dd"], &["dl", "td", "th", "table"]),
            "td" | "th" => self.end_nearest(&["td", "th"], &["tr", "table"]),
            "tr" => self.end_nearest(&["tr"], &["table"]),
            "tbody" | "thead" | "tfoot" => self.end_nearest(&["tbody", "thead", "tfoot"], &["table"]),
            "a" => self.end_nearest(&["a"], &["td", "th", "table", "div", "p"]),
            "option" => self.end_nearest(&["option"], &["select"]),
            _ => {}
        }
    }

    fn end_nearest(&mut self, names: &[&str], boundaries: &[&str]) {
        let found = self
            .open
            .iter()
            .enumerate()
            .rev()
            .take_while(|(_, element)| !boundaries.contains(&element.name.as_str()))
            .find(|(_, element)| names.contains(&element.name.as_str()))
            .map(|(depth, _)| depth);
        if let Some(depth) = found {
            self.close_to(depth);
        }
    }

    /// Closes elements until `depth` are open.
    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let element = self.open.pop().expect("longer than depth");
            let end = self.events.len();
            if let Event::Open { close, .. } = &mut self.events[element.event] {
                *close = end;
            }
            self.events.push(Event::Close { open: element.event });
        }
    }
}

/// A style without blanks and in small letters, for looking into.
pub(super) fn plain_style(style: &str) -> String {
    style
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

fn hides(style: &str) -> bool {
    !style.is_empty() && {
        let style = plain_style(style);
        style.contains("display:none")
            || style.contains("mso-hide:all")
            || style.contains("visibility:hidden")
    }
}

fn keeps_whitespace(style: &str) -> bool {
    !style.is_empty() && plain_style(style).contains("white-space:pre")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        let events = events(html);
        events
            .iter()
            .map(|event| match event {
                Event::Open { tag, close } => {
                    assert!(matches!(events[*close], Event::Close { .. }));
                    format!("<{}>", tag.name)
                }
                Event::Close { open } => match &events[*open] {
                    Event::Open { tag, .. } => format!("</{}>", tag.name),
                    other => panic!("closes {other:?}"),
                },
                Event::Void(tag) => format!("<{}/>", tag.name),
                Event::Text { text, .. } => text.clone(),
                Event::Newline => "\\n".to_owned(),
            })
            .collect()
    }

    #[test]
    fn every_element_is_closed() {
        for (html, expected) in [
            ("<p>a<p>b<div>c", "<p>a</p><p>b</p><div>c</div>"),
            (
                "<ul><li>a<li>b<ul><li>c</ul></ul>",
                "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>",
            ),
            (
                "<table><tr><td>a<td>b<p>c<tr><td></p>d</table>e",
                "<table><tr><td>a</td><td>b<p>c</p></td></tr><tr><td>d</td></tr></table>e",
            ),
            ("<b><i>a</b>b</i></p>", "<b><i>a</i></b>b"),
            ("<a href=x>a<a href=y>b</a>", "<a>a</a><a>b</a>"),
            (
                "<table><tr><td><table><tr><td>a</td></tr></table></td></tr></table>",
                "<table><tr><td><table><tr><td>a</td></tr></table></td></tr></table>",
            ),
            ("<pre>\na\n\n b</pre>", "<pre>a\\n\\n b</pre>"),
            (
                "a<span style='DISPLAY : none'>secret<br></span>b",
                "a<span></span>b",
            ),
            ("x</br>y", "x<br/>y"),
        ] {
            assert_eq!(shown(html), expected, "{html}");
        }
    }

    #[test]
    fn depth_is_bounded_and_words_are_kept() {
        let html = format!("{}deep{}after", "<div>".repeat(100_000), "</div>".repeat(100_000));
        let events = events(&html);
        assert_eq!(events.len(), 2 * DEEPEST + 2);
        assert_eq!(
            events[DEEPEST],
            Event::Text {
                text: "deep".to_owned(),
                whitespace: Whitespace::Collapses
            }
        );
        assert_eq!(
            events.last(),
            Some(&Event::Text {
                text: "after".to_owned(),
                whitespace: Whitespace::Collapses
            })
        );
    }

    #[test]
    fn the_number_of_events_is_bounded_and_words_are_kept() {
        let events = events(&"<br>x".repeat(MOST_EVENTS));
        assert!(events.len() <= MOST_EVENTS + 1);
        let letters: usize = events
            .iter()
            .map(|event| match event {
                Event::Text { text, .. } => text.matches('x').count(),
                _ => 0,
            })
            .sum();
        assert_eq!(letters, MOST_EVENTS);
    }
}
