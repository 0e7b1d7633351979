//! The text body of a template that has only HTML, derived once and with the keys still in it.
//!
//! The values are put in afterwards, as they are: whatever a person typed, `<b>` or `*`, stands in the text body to the letter.

use recado_domain::template::Placeholder;

use crate::engine::Piece;
use crate::layout::{self, LayoutError};

/// Around a value's number, in its place in the HTML: private characters, which no standard uses.
const VALUE_START: char = '\u{10fff0}';
const VALUE_END: char = '\u{10fff1}';
const MARKS: [char; 2] = [VALUE_START, VALUE_END];

/// Derives the pieces of a text body from those of an HTML body.
pub(crate) fn derive(html: &[Piece]) -> Result<Vec<Piece>, LayoutError> {
    let (marked, values) = with_marks(html);
    Ok(without_marks(&layout::as_text(&marked)?, &values))
}

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
    without_marks(&layout::tidy(&text), &values)
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
                marked.push(VALUE_START);
                marked.push_str(&number.to_string());
                marked.push(VALUE_END);
            }
        }
    }
    (marked, values)
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
