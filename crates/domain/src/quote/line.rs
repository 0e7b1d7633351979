//! What can be told of a line by itself: blank, marked as quoted, holding a reference.

use super::fold::is_unseen;

/// RFC 3676 section 4.3: the line that parts a text from its signature.
pub(super) const SIGNATURE_DELIMITER: &str = "-- ";

/// A line of a mail, with what is known of it beyond its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line without its break.
    pub text: &'a str,
    /// What the mail's markup says of it.
    pub cue: Cue,
}

impl<'a> Line<'a> {
    /// A line of plain text, of which nothing is known.
    pub const fn plain(text: &'a str) -> Self {
        Self { text, cue: Cue::None }
    }
}

/// What markup says of a line. Plain text says nothing: there the words decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cue {
    /// Nothing.
    #[default]
    None,
    /// The line, which bears `>`, is quoted for sure: a mail program marked it so, not a person.
    Quoted,
    /// The line, which bears `>`, is set as a quote, as mail programs do and people who format their text.
    SetAsQuote,
    /// The mail program wrote the line above a quote.
    Introduction,
    /// The answered mail begins here and bears no marks.
    QuoteBegins,
    /// The line is of a signature.
    Signature,
}

/// What a line is, seen alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    /// Marked as quoted (`>`), with something behind the marks.
    Marked,
    /// Marked as quoted, and empty: it parts quoted paragraphs.
    MarkedBlank,
    Text,
}

/// The kinds of all `lines`, each seen with its neighbours where alone it would deceive.
pub(super) fn kinds(lines: &[Line<'_>]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = lines.iter().map(|line| kind(line.text)).collect();
    // mbox files escape a typed "From " at the start of a line as ">From ": one such line alone is no quote.
    for index in 0..kinds.len() {
        if lines[index].text.starts_with(">From ") && !beside_marked(&kinds, index) {
            kinds[index] = Kind::Text;
        }
    }
    mark_initials(lines, &mut kinds);
    kinds
}

/// Whether the line above or below `index` is marked.
fn beside_marked(kinds: &[Kind], index: usize) -> bool {
    let is_marked = |neighbour: Option<&Kind>| matches!(neighbour, Some(Kind::Marked | Kind::MarkedBlank));
    (index > 0 && is_marked(kinds.get(index - 1))) || is_marked(kinds.get(index + 1))
}

/// The Bat and its kin mark with the author's initials: `AP> text`. A single such line may be anything; two with the
/// same initials are a quote, with an answer between them or not.
fn mark_initials(lines: &[Line<'_>], kinds: &mut [Kind]) {
    let mut last: Option<(usize, &str)> = None;
    for (index, line) in lines.iter().enumerate() {
        let Some(initials) = initials(line.text) else {
            continue;
        };
        if let Some((before, same)) = last
            && same == initials
        {
            kinds[before] = Kind::Marked;
            kinds[index] = Kind::Marked;
        }
        last = Some((index, initials));
    }
}

fn initials(text: &str) -> Option<&str> {
    let (initials, rest) = text.trim_start().split_at_checked(text.trim_start().find('>')?)?;
    let mut letters = initials.chars();
    (initials.len() <= 8
        && (2..=4).contains(&letters.clone().count())
        && letters.all(char::is_uppercase)
        && rest.trim_start_matches('>').starts_with(' '))
    .then_some(initials)
}

fn kind(text: &str) -> Kind {
    if !text.starts_with('>') {
        return if is_blank(text) { Kind::Blank } else { Kind::Text };
    }
    if is_blank(unmarked(text)) {
        Kind::MarkedBlank
    } else {
        Kind::Marked
    }
}

/// The line behind its marks of quoting: `>`, with or without spaces between.
pub(super) fn unmarked(text: &str) -> &str {
    text.trim_start_matches(['>', ' ', '\u{a0}', '\t'])
}

/// Whether the line shows nothing.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|letter| letter.is_whitespace() || is_unseen(letter))
}

/// Letters and digits of a token in a reference line: 44 today; a range, since a later version may sign more.
const REFERENCE_LETTERS: std::ops::RangeInclusive<usize> = 32..=128;

/// Which lines hold the reference that our own mails end with, `[ref:TOKEN]`, in any letter case, marked or not, and
/// broken over two lines or not. Such lines are always quoted: the token proves its bearer, and must not travel on in
/// a comment.
pub(super) fn references(lines: &[Line<'_>]) -> Vec<bool> {
    let mut holds = vec![false; lines.len()];
    for index in 0..lines.len() {
        let text = lines[index].text;
        for (at, _) in text.match_indices('[') {
            let Some(inside) = tagged(&text[at + 1..]) else {
                continue;
            };
            let letters = token_letters(inside);
            let rest = inside[letters..].trim_start();
            if rest.starts_with(']') && REFERENCE_LETTERS.contains(&letters) {
                holds[index] = true;
            } else if rest.is_empty()
                && let Some(next) = lines.get(index + 1).map(|line| unmarked(line.text))
                && REFERENCE_LETTERS.contains(&(letters + token_letters(next)))
                && next[token_letters(next)..].trim_start().starts_with(']')
            {
                holds[index] = true;
                holds[index + 1] = true;
            }
        }
    }
    holds
}

/// What follows the tag of a reference.
fn tagged(inside: &str) -> Option<&str> {
    let tag = inside.get(..4)?;
    tag.eq_ignore_ascii_case("ref:").then(|| inside[4..].trim_start())
}

/// Letters and digits at the start of `text`, counted no further than a token may reach.
fn token_letters(text: &str) -> usize {
    let most = REFERENCE_LETTERS.end() + 1;
    text.bytes()
        .take(most)
        .take_while(u8::is_ascii_alphanumeric)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds_of(text: &str) -> Vec<Kind> {
        kinds(&text.lines().map(Line::plain).collect::<Vec<_>>())
    }

    #[test]
    fn marks_are_told_from_typed_angles() {
        use Kind::{Blank, Marked, MarkedBlank, Text};
        assert_eq!(
            kinds_of("a\n\n> b\n>\n> > c\n\u{a0}\u{200b}"),
            [Text, Blank, Marked, MarkedBlank, Marked, Blank]
        );
        assert_eq!(kinds_of("hi\n>From here on\nbye"), [Text; 3]);
        assert_eq!(kinds_of("> hi\n>From here on"), [Marked; 2]);
    }

    #[test]
    fn initials_mark_when_they_come_twice() {
        assert_eq!(
            kinds_of("AP> hola\n\nAP> adiós"),
            [Kind::Marked, Kind::Blank, Kind::Marked]
        );
        assert_eq!(
            kinds_of("AP> hola\nsí\nAP> ya"),
            [Kind::Marked, Kind::Text, Kind::Marked]
        );
        assert_eq!(kinds_of("AP> hola\nsí\nBQ> ya"), [Kind::Text; 3]);
        assert_eq!(kinds_of("a -> b\na -> c"), [Kind::Text; 2]);
    }

    #[test]
    fn a_reference_is_found_in_any_spelling() {
        let found = |text: &str| references(&text.lines().map(Line::plain).collect::<Vec<_>>());
        let token = "abcdefghijklmnopqrstuvwxyz234567ABCDEFGHIJKL";
        for text in [
            format!("[ref:{token}]"),
            format!("> > [REF:{}]", token.to_uppercase()),
            format!("ok [a] [Ref: {token} ]"),
        ] {
            assert_eq!(found(&text), [true], "{text}");
        }
        let (head, tail) = token.split_at(30);
        assert_eq!(
            found(&format!("> [ref:{head}\n> {tail}]\n> x")),
            [true, true, false]
        );
        for text in [
            "[ref:short]",
            "ref:abcdefghijklmnopqrstuvwxyz234567ABCDEFGHIJKL",
            "[ref:",
            "[réf:x]",
            "[re",
        ] {
            assert_eq!(found(text), [false], "{text}");
        }
    }
}
