//! HTML laid out as plain text: lines are not wrapped, tables become one cell a line, and a link shows its address behind it.

use std::panic;

use html2text::config;
use html2text::render::TextDecorator;

use crate::nesting;

/// Why the layout of an HTML body cannot be followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayoutError {
    #[error("its elements nest {0} levels deep")]
    TooDeep(usize),
    #[error("the HTML cannot be laid out: {0}")]
    Refused(String),
    #[error("laying out the HTML panicked")]
    Panicked,
}

/// Marks for what the layout would not tell: private characters, which no standard uses.
const LINK_START: char = '\u{10fff2}';
const LINK_ADDRESS: char = '\u{10fff3}';
const LINK_END: char = '\u{10fff4}';
const NO_ATTRIBUTE: char = '\u{10fff5}';
const MARKS: [char; 4] = [LINK_START, LINK_ADDRESS, LINK_END, NO_ATTRIBUTE];

/// Deeper HTML is not laid out: the time grows with the square of the depth.
const MAX_DEPTH: usize = 100;

/// The narrowest page; pages are as wide as the HTML is long, so that no line is wrapped.
const MIN_WIDTH: usize = 80;

/// Lays a document or a fragment out. The last line, too, ends in a line break.
pub(crate) fn as_text(html: &str) -> Result<String, LayoutError> {
    let depth = nesting::depth(html);
    if depth > MAX_DEPTH {
        return Err(LayoutError::TooDeep(depth));
    }
    let html = without_row_spans(&html.replace(MARKS, "\u{fffd}"));
    let width = html.len().max(MIN_WIDTH);
    let text = panic::catch_unwind(|| {
        config::with_decorator(Decorator::default())
            .raw_mode(true)
            .unicode_strikeout(false)
            .allow_width_overflow()
            .string_from_read(html.as_bytes(), width)
    });
    let text = text
        .map_err(|_| LayoutError::Panicked)?
        .map_err(|failure| LayoutError::Refused(failure.to_string()))?;
    Ok(tidy(&show_links(&text).replace(MARKS, "")))
}

/// No blanks at the ends of lines, no two empty lines in a row, none at the start, one line break at the end.
pub(crate) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty_lines = 0;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        if empty_lines > 0 && !tidied.is_empty() {
            tidied.push('\n');
        }
        empty_lines = 0;
        tidied.push_str(line);
        tidied.push('\n');
    }
    tidied
}

/// Disables the attribute `rowspan`, which means nothing where each cell has a line of its own, and whose layout takes time in
/// proportion to the cube of the rows. The mark within the word goes away with the others, should the word stand in text.
fn without_row_spans(html: &str) -> String {
    const NAME: &str = "rowspan";
    let lower = html.to_ascii_lowercase();
    let mut disabled = String::with_capacity(html.len());
    let mut taken = 0;
    for (at, _) in lower.match_indices(NAME) {
        disabled.push_str(&html[taken..=at]);
        disabled.push(NO_ATTRIBUTE);
        taken = at + 1;
    }
    disabled.push_str(&html[taken..]);
    disabled
}

/// Writes each link as its text with the address behind it, unless they say the same.
fn show_links(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once(LINK_START) {
        shown.push_str(before);
        let parts = link.split_once(LINK_ADDRESS).and_then(|(label, after)| {
            after
                .split_once(LINK_END)
                .map(|(address, after)| (label, address, after))
        });
        let Some((label, address, after)) = parts else {
            rest = link;
            continue;
        };
        shown.push_str(label);
        if says_more(address, label) {
            shown.extend([" (", address, ")"]);
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

fn says_more(address: &str, label: &str) -> bool {
    let (address, label) = (address.trim(), label.trim());
    let bare = address
        .strip_prefix("mailto:")
        .or_else(|| address.strip_prefix("tel:"))
        .unwrap_or(address);
    !(address.is_empty() || address.starts_with('#') || address == label || bare == label)
}

/// Plain words: no stars, no hashes, no brackets; lists keep their bullets.
#[derive(Debug, Clone, Default)]
struct Decorator {
    /// The addresses of the links that are open.
    addresses: Vec<String>,
}

fn nothing() -> (String, ()) {
    (String::new(), ())
}

impl TextDecorator for Decorator {
    type Annotation = ();

    fn decorate_link_start(&mut self, url: &str) -> (String, ()) {
        self.addresses.push(url.to_owned());
        (LINK_START.to_string(), ())
    }

    fn decorate_link_end(&mut self) -> String {
        let address = self.addresses.pop().unwrap_or_default();
        format!("{LINK_ADDRESS}{address}{LINK_END}")
    }

    fn decorate_em_start(&self) -> (String, ()) {
        nothing()
    }

    fn decorate_em_end(&self) -> String {
        String::new()
    }

    fn decorate_strong_start(&self) -> (String, ()) {
        nothing()
    }

    fn decorate_strong_end(&self) -> String {
        String::new()
    }

    fn decorate_strikeout_start(&self) -> (String, ()) {
        nothing()
    }

    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }

    fn decorate_code_start(&self) -> (String, ()) {
        nothing()
    }

    fn decorate_code_end(&self) -> String {
        String::new()
    }

    fn decorate_preformat_first(&self) {}

    fn decorate_preformat_cont(&self) {}

    fn decorate_image(&mut self, _src: &str, alternative: &str) -> (String, ()) {
        (alternative.to_owned(), ())
    }

    fn header_prefix(&self, _level: usize) -> String {
        String::new()
    }

    /// None: a comment of several lines would have it on its first line alone.
    fn quote_prefix(&self) -> String {
        String::new()
    }

    fn unordered_item_prefix(&self) -> String {
        "* ".to_owned()
    }

    fn ordered_item_prefix(&self, number: i64) -> String {
        format!("{number}. ")
    }

    fn make_subblock_decorator(&self) -> Self {
        Self::default()
    }

    fn decorate_superscript_start(&self) -> (String, ()) {
        nothing()
    }

    fn decorate_superscript_end(&self) -> String {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        as_text(html).unwrap()
    }

    #[test]
    fn blocks_are_apart_and_entities_are_characters() {
        assert_eq!(
            text(
                "<html><head><title>t</title><style>p{}</style></head><body><h1>Solicita&ccedil;&atilde;o</h1>\
                  <p>um<br>dois</p>\n\n<div>  tr&ecirc;s &amp; <b>mais</b></div><hr><ul><li>a<li>b</ul></body></html>"
            ),
            "Solicitação\n\num\ndois\n\ntrês & mais\n* a\n* b\n"
        );
    }

    #[test]
    fn a_table_is_one_cell_a_line_without_art() {
        let html = "<table border=1><tr><td>Ticket</td><td>4711</td></tr><tr><td colspan=1000000000>x</td></tr></table>";
        assert_eq!(text(html), "Ticket\n4711\nx\n");
    }

    #[test]
    fn a_link_shows_its_address_once() {
        assert_eq!(
            text("<p><a href='https://d.example/?a&amp;b'>open it</a>.</p>"),
            "open it (https://d.example/?a&b).\n"
        );
        assert_eq!(
            text("<a href='https://d.example/'>https://d.example/</a>"),
            "https://d.example/\n"
        );
        assert_eq!(
            text("<a href='mailto:a@b.example'>a@b.example</a> <a href='#x'>up</a>"),
            "a@b.example up\n"
        );
        assert_eq!(
            text("<a href='https://d.example/'><img src=x alt=Logo></a>"),
            "Logo (https://d.example/)\n"
        );
    }

    #[test]
    fn long_lines_are_not_wrapped_and_pictures_without_words_vanish() {
        let words = "word ".repeat(500);
        assert_eq!(
            text(&format!("<p>{words}</p><img src='https://t.example/pixel'>")),
            format!("{}\n", words.trim_end())
        );
    }

    #[test]
    fn cells_that_span_rows_cost_no_more_than_others() {
        let html = format!("<table>{}", "<tr><td RowSpan=99999>x".repeat(5_000));
        assert_eq!(text(&html), "x\n".repeat(5_000));
        assert_eq!(
            text("<p>rowspan <a href='/?rowspan=1'>y</a></p>"),
            "rowspan y (/?rowspan=1)\n"
        );
    }
}
