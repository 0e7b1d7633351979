//! The text body of a template that has only HTML, derived once and with the keys still in it.
//!
//! The values are put in afterwards, as they are: whatever a person typed, `<b>` or `*`, stands in the text body to the letter.
//! Lines are not wrapped, tables become one cell a line, and a link shows its address behind it.

use std::panic;

use html2text::config;
use html2text::render::TextDecorator;
use recado_domain::template::Placeholder;

use crate::engine::Piece;
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

/// Marks that stand in the HTML for what it does not know: private characters, which no font and no standard uses.
const VALUE_START: char = '\u{10fff0}';
const VALUE_END: char = '\u{10fff1}';
const LINK_START: char = '\u{10fff2}';
const LINK_ADDRESS: char = '\u{10fff3}';
const LINK_END: char = '\u{10fff4}';
const NO_ATTRIBUTE: char = '\u{10fff5}';
const MARKS: [char; 6] = [
    VALUE_START,
    VALUE_END,
    LINK_START,
    LINK_ADDRESS,
    LINK_END,
    NO_ATTRIBUTE,
];

/// Derives the pieces of a text body from those of an HTML body.
pub(crate) fn derive(html: &[Piece]) -> Result<Vec<Piece>, LayoutError> {
    let (marked, values) = with_marks(html);
    let depth = nesting::depth(&marked);
    if depth > MAX_DEPTH {
        return Err(LayoutError::TooDeep(depth));
    }
    let marked = without_row_spans(&marked);
    let width = marked.len().max(MIN_WIDTH); // no line is longer, so none is wrapped
    let layout = panic::catch_unwind(|| {
        config::with_decorator(Decorator::default())
            .raw_mode(true)
            .unicode_strikeout(false)
            .allow_width_overflow()
            .string_from_read(marked.as_bytes(), width)
    });
    let text = layout
        .map_err(|_| LayoutError::Panicked)?
        .map_err(|failure| LayoutError::Refused(failure.to_string()))?;
    Ok(without_marks(&tidy(&show_links(&text)), &values))
}

const MIN_WIDTH: usize = 80;

/// Deeper HTML is not laid out: the time grows with the square of the depth.
const MAX_DEPTH: usize = 100;

/// The text between the tags, for HTML whose layout cannot be followed.
pub(crate) fn without_markup(html: &[Piece]) -> Vec<Piece> {
    let (marked, values) = with_marks(html);
    let mut text = String::new();
    for (index, part) in marked.split('<').enumerate() {
        let outside = if index == 0 {
            Some(part)
        } else {
            part.split_once('>').map(|(_, outside)| outside)
        };
        text.push_str(outside.unwrap_or_default());
    }
    without_marks(&tidy(&text), &values)
}

/// The HTML with a mark in the place of each value, and the values by the numbers in the marks.
fn with_marks(html: &[Piece]) -> (String, Vec<Placeholder>) {
    let mut marked = String::new();
    let mut values: Vec<Placeholder> = Vec::new();
    for piece in html {
        match piece {
            Piece::Literal(text) => marked.push_str(&text.replace(MARKS, "\u{fffd}")),
            Piece::Value(placeholder) => {
                let number = values
                    .iter()
                    .position(|known| known == placeholder)
                    .unwrap_or_else(|| {
                        values.push(*placeholder);
                        values.len() - 1
                    });
                marked.push_str(&format!("{VALUE_START}{number}{VALUE_END}"));
            }
        }
    }
    (marked, values)
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

/// The inverse of [`with_marks`]. Marks that it did not make (an entity can spell one) vanish.
fn without_marks(text: &str, values: &[Placeholder]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut parts = text.split(VALUE_START);
    let mut literal = parts.next().unwrap_or_default().replace(MARKS, "");
    for part in parts {
        let value = part.split_once(VALUE_END).and_then(|(number, rest)| {
            let placeholder = number.parse().ok().and_then(|number: usize| values.get(number))?;
            Some((*placeholder, rest))
        });
        let (placeholder, rest) = match value {
            Some((placeholder, rest)) => (Some(placeholder), rest),
            None => (None, part),
        };
        if let Some(placeholder) = placeholder {
            pieces.extend(literal_piece(std::mem::take(&mut literal)));
            pieces.push(Piece::Value(placeholder));
        }
        literal.push_str(&rest.replace(MARKS, ""));
    }
    pieces.extend(literal_piece(literal));
    pieces
}

fn literal_piece(text: String) -> Option<Piece> {
    (!text.is_empty()).then_some(Piece::Literal(text))
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
            shown.push_str(&format!(" ({address})"));
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

/// No blanks at the ends of lines, no two empty lines in a row, none at the start, one line break at the end.
fn tidy(text: &str) -> String {
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
    use recado_domain::template::TemplateKey;

    use super::*;

    fn key(key: TemplateKey) -> Piece {
        Piece::Value(Placeholder::Key(key.into()))
    }

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.to_owned())
    }

    fn text(html: &str) -> String {
        match derive(&[literal(html)]).unwrap().as_slice() {
            [] => String::new(),
            [Piece::Literal(text)] => text.clone(),
            other => panic!("{other:?}"),
        }
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
    fn keys_stay_where_they_are_in_text_and_in_addresses() {
        let html = [
            literal("<p>"),
            key(TemplateKey::AuthorName),
            literal(" wrote:</p><blockquote>"),
            key(TemplateKey::CommentText),
            literal("</blockquote><a href='https://d.example/"),
            key(TemplateKey::TicketNumber),
            literal("'>open</a>"),
        ];
        assert_eq!(
            derive(&html).unwrap(),
            [
                key(TemplateKey::AuthorName),
                literal(" wrote:\n\n"),
                key(TemplateKey::CommentText),
                literal("\n\nopen (https://d.example/"),
                key(TemplateKey::TicketNumber),
                literal(")\n"),
            ]
        );
    }

    #[test]
    fn marks_that_a_template_spells_itself_do_no_harm() {
        let spelled = "a\u{10fff0}0\u{10fff1}b &#x10fff0;9&#x10fff1;c &#x10fff2;d &#x10fff0;e";
        assert_eq!(text(spelled), "a\u{fffd}0\u{fffd}b 9c d e\n");
    }

    #[test]
    fn nesting_without_end_is_survived() {
        for tag in [
            "<div>",
            "<b>",
            "<table><tr><td>",
            "<ul><li>",
            "<blockquote>",
            "<a href=x>",
            "<font size=1><font size=2>",
        ] {
            let html = [literal(&tag.repeat(2_000)), key(TemplateKey::CommentText)];
            let pieces = derive(&html).unwrap_or_else(|_| without_markup(&html));
            assert!(pieces.contains(&key(TemplateKey::CommentText)), "{tag}");
        }
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

    #[test]
    fn without_layout_the_text_between_the_tags_remains() {
        let html = [
            literal("<p class='x'>a <b>"),
            key(TemplateKey::CommentText),
            literal("</b></p><p"),
        ];
        assert_eq!(
            without_markup(&html),
            [literal("a "), key(TemplateKey::CommentText), literal("\n")]
        );
    }
}
