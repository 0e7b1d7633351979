//! The document as lines of text, as its reader sees them, and which line each event is on.
//!
//! Quotes bear `>`, so that the rules for plain text serve here too; what the markup tells beyond that is a cue.

use recado_domain::quote::{Cue, introduces};

use super::links::Link;
use super::marks::{self, Mark};
use super::tokens::Tag;
use super::tree::{Event, Whitespace};

/// Lines that may introduce a quote.
const INTRODUCTION_LINES: usize = 4;

/// Octets of such lines together: a longer paragraph introduces nothing, and is not looked into for every indent
/// below it.
const INTRODUCTION_OCTETS: usize = 1_000;

/// Quotes within quotes that are marked; deeper ones look the same.
const MOST_MARKS: usize = 16;

/// Between the cells of a row.
const CELL_GAP: &str = " | ";

/// A horizontal rule, as Outlook writes it in plain text.
const RULE: &str = "________________________________";

/// One line, without its break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextLine {
    pub(super) text: String,
    pub(super) cue: Cue,
}

/// The text of a document.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) lines: Vec<TextLine>,
    /// The line that each event is on; `None` for what shows nothing.
    pub(super) line_of: Vec<Option<usize>>,
}

pub(super) fn render(events: &[Event]) -> Rendered {
    let mut renderer = Renderer {
        rendered: Rendered {
            lines: Vec::new(),
            line_of: vec![None; events.len()],
        },
        ..Renderer::default()
    };
    for (index, event) in events.iter().enumerate() {
        match event {
            Event::Open { tag, .. } => renderer.open(events, index, tag),
            Event::Close { open } => {
                if let Event::Open { tag, .. } = &events[*open] {
                    renderer.close(*open, tag);
                }
            }
            Event::Void(tag) => renderer.void(index, tag),
            Event::Text { text, whitespace } => renderer.text(index, text, *whitespace),
            Event::Newline => renderer.line_break(index),
        }
    }
    renderer.end_line();
    renderer.rendered
}

/// What parts a word from the one before on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Joint {
    #[default]
    Nothing,
    /// Blanks, however many.
    Space,
    /// The end of a cell.
    Cell,
}

#[derive(Default)]
struct Renderer {
    rendered: Rendered,
    line: String,
    /// What parts the next word from the line so far.
    joint: Joint,
    /// The next line is parted from the one above by a blank one.
    margin: bool,
    /// What the next line begins with: the mark of a list item.
    bullet: String,
    line_cue: Cue,
    line_depth: usize,
    /// Numbers of the open lists; `None` for those without.
    lists: Vec<Option<usize>>,
    links: Vec<Link>,
    /// Elements open that quote: the events that opened them, and the cues of their lines.
    quotes: Vec<(usize, Cue)>,
    introductions: Vec<usize>,
    signatures: Vec<usize>,
    quote_begins: bool,
}

impl Renderer {
    fn open(&mut self, events: &[Event], index: usize, tag: &Tag) {
        match tag.name.as_str() {
            "a" => self.links.push(Link::to(tag.attribute("href"))),
            "td" | "th" if !self.line.is_empty() => self.joint = Joint::Cell,
            "td" | "th" => {}
            name => {
                if is_block(name) {
                    self.end_line();
                    self.margin |= has_margin(tag);
                }
                match name {
                    "ul" | "menu" | "dir" => self.lists.push(None),
                    "ol" => self.lists.push(Some(tag.attribute("start").parse().unwrap_or(1))),
                    "li" => self.begin_item(),
                    _ => {}
                }
            }
        }
        match marks::mark(events, index) {
            Some(Mark::Quote) => self.begin_quote(index, Cue::Quoted),
            Some(Mark::SetAsQuote) => self.begin_quote(index, Cue::SetAsQuote),
            Some(Mark::QuoteIfIntroduced) if self.is_introduced() => self.begin_quote(index, Cue::Quoted),
            Some(Mark::Introduction) => self.introductions.push(index),
            Some(Mark::Signature) => self.signatures.push(index),
            Some(Mark::QuoteBegins) => self.quote_begins = true,
            Some(Mark::QuoteIfIntroduced) | None => {}
        }
    }

    fn close(&mut self, open: usize, tag: &Tag) {
        match tag.name.as_str() {
            "a" => {
                if let Some(address) = self.links.pop().and_then(Link::into_shown) {
                    self.space();
                    self.push(&format!("<{address}>"));
                }
            }
            "td" | "th" => {}
            name => {
                if is_block(name) {
                    self.end_line();
                    self.margin |= has_margin(tag);
                }
                if matches!(name, "ul" | "ol" | "menu" | "dir") {
                    self.lists.pop();
                }
            }
        }
        self.quotes.pop_if(|(opened, _)| *opened == open);
        self.introductions.pop_if(|opened| *opened == open);
        self.signatures.pop_if(|opened| *opened == open);
    }

    fn void(&mut self, index: usize, tag: &Tag) {
        if marks::void(tag) == Some(Mark::QuoteBegins) {
            self.quote_begins = true;
        }
        match tag.name.as_str() {
            "br" => self.line_break(index),
            "hr" => {
                self.end_line();
                // The rule belongs to what is below it.
                self.push(RULE);
                self.rendered.line_of[index] = Some(self.rendered.lines.len());
                self.end_line();
            }
            "img" => {
                if let Some(note) = image_note(tag) {
                    self.space();
                    self.push(&note);
                    self.rendered.line_of[index] = Some(self.rendered.lines.len());
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, index: usize, text: &str, whitespace: Whitespace) {
        if let Some(link) = self.links.last_mut() {
            link.add(text);
        }
        match whitespace {
            Whitespace::Counts => self.push(text),
            Whitespace::Collapses => {
                for word in text.split_inclusive(is_blank) {
                    let bare = word.trim_end_matches(is_blank);
                    if !bare.is_empty() {
                        self.push(bare);
                    }
                    if bare.len() < word.len() {
                        self.space();
                    }
                }
            }
        }
        if !self.line.is_empty() {
            self.rendered.line_of[index] = Some(self.rendered.lines.len());
        }
    }

    /// Ends the line, even an empty one.
    fn line_break(&mut self, index: usize) {
        if self.line.is_empty() {
            // A blank line is gap enough.
            self.margin = false;
            self.begin_line();
        }
        self.rendered.line_of[index] = Some(self.rendered.lines.len());
        self.put_line();
    }

    /// Parts the next word from this line's words.
    fn space(&mut self) {
        if self.joint == Joint::Nothing && !self.line.is_empty() {
            self.joint = Joint::Space;
        }
    }

    fn push(&mut self, text: &str) {
        if self.line.is_empty() {
            self.begin_line();
        } else {
            match self.joint {
                Joint::Nothing => {}
                Joint::Space => self.line.push(' '),
                Joint::Cell => self.line.push_str(CELL_GAP),
            }
        }
        self.joint = Joint::Nothing;
        self.line.push_str(text);
    }

    fn begin_line(&mut self) {
        let depth = self.quotes.len();
        let above = self
            .rendered
            .lines
            .last()
            .map(|line| line.text.trim_matches(['>', ' ']).is_empty());
        if std::mem::take(&mut self.margin) && above == Some(false) {
            let depth = depth.min(self.line_depth);
            self.rendered.lines.push(TextLine {
                text: marked(depth, ""),
                cue: Cue::None,
            });
        }
        self.line_depth = depth;
        self.line_cue = if let Some((_, outermost)) = self.quotes.first() {
            *outermost
        } else if std::mem::take(&mut self.quote_begins) {
            Cue::QuoteBegins
        } else if !self.signatures.is_empty() {
            Cue::Signature
        } else if !self.introductions.is_empty() {
            Cue::Introduction
        } else {
            Cue::None
        };
        self.line = std::mem::take(&mut self.bullet);
    }

    /// Ends the line if it has begun.
    fn end_line(&mut self) {
        if !self.line.is_empty() {
            self.put_line();
        }
    }

    fn put_line(&mut self) {
        let text = self.line.replace('\u{a0}', " ");
        let text = marked(self.line_depth, text.trim_end());
        let is_blank = text.is_empty();
        if is_blank && self.line_cue == Cue::QuoteBegins {
            // A blank line begins nothing.
            self.quote_begins = true;
            self.line_cue = Cue::None;
        }
        self.rendered.lines.push(TextLine {
            text,
            cue: self.line_cue,
        });
        self.line.clear();
        self.joint = Joint::Nothing;
    }

    fn begin_item(&mut self) {
        let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(8));
        self.bullet = match self.lists.last_mut() {
            Some(Some(number)) => {
                let bullet = format!("{indent}{number}. ");
                *number = number.saturating_add(1);
                bullet
            }
            _ => format!("{indent}- "),
        };
    }

    fn begin_quote(&mut self, index: usize, cue: Cue) {
        self.end_line();
        self.quotes.push((index, cue));
    }

    /// Whether the lines above introduce a quote.
    fn is_introduced(&self) -> bool {
        let lines = &self.rendered.lines;
        let blanks = lines
            .iter()
            .rev()
            .take(INTRODUCTION_LINES)
            .take_while(|line| line.text.is_empty())
            .count();
        let end = lines.len() - blanks;
        let mut octets = 0;
        let near = lines[..end].iter().rev().take(INTRODUCTION_LINES);
        let short = near.take_while(|line| {
            octets += line.text.len();
            octets <= INTRODUCTION_OCTETS
        });
        (1..=short.count()).any(|count| {
            let text: Vec<&str> = lines[end - count..end]
                .iter()
                .map(|line| line.text.as_str())
                .collect();
            introduces(&text.join("\n"))
        })
    }
}

/// A line behind the marks of its depth.
fn marked(depth: usize, text: &str) -> String {
    let mut line = "> ".repeat(depth.min(MOST_MARKS));
    line.push_str(text);
    line.truncate(line.trim_end().len());
    line
}

/// Blanks that collapse: the no-break space is none of them.
fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

/// What stands in the text for a picture: its words, or that there was one. Pictures that show themselves from the
/// net and bear no words are layout, or tell the sender that the mail was read.
pub(super) fn image_note(tag: &Tag) -> Option<String> {
    let alternative = tag
        .attribute("alt")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let is_emoji = !alternative.is_empty()
        && alternative.chars().count() <= 8
        && !alternative
            .chars()
            .any(|letter| letter.is_alphanumeric() && !letter.is_ascii_digit());
    if is_emoji && !alternative.is_ascii() {
        return Some(alternative);
    }
    let is_in_the_mail =
        tag.attribute("src").starts_with("cid:") || tag.attribute("src").starts_with("data:");
    match (alternative.is_empty(), is_in_the_mail) {
        (false, _) => Some(format!("[image: {alternative}]")),
        (true, true) => Some("[image]".to_owned()),
        (true, false) => None,
    }
}

/// Whether the element begins and ends lines.
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "legend"
            | "li"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "option"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
    )
}

/// Whether a reader sees a gap around the element. Outlook writes each line as a paragraph without one.
fn has_margin(tag: &Tag) -> bool {
    match tag.name.as_str() {
        "p" => {
            let style = super::tree::plain_style(tag.attribute("style"));
            let is_close = style.contains("margin:0")
                || style.contains("margin-top:0") && style.contains("margin-bottom:0");
            let class = tag.attribute("class").to_ascii_lowercase();
            !is_close && !class.contains("mso") && !class.contains("elementtoproof")
        }
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "pre" | "dl" => true,
        _ => false,
    }
}
