//! Texts as a page shows them: cut where they are endless, taken apart where something in them is more than words.
//!
//! Nothing here makes HTML. A template writes each segment, escaped.

use serde::Serialize;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::web) struct Segment {
    pub(in crate::web) text: String,
    /// Where it leads, when it is an address of the web.
    pub(in crate::web) href: Option<String>,
    /// Whether it is what somebody searched for.
    pub(in crate::web) is_match: bool,
}

impl Segment {
    fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            href: None,
            is_match: false,
        }
    }
}

/// Longest address that becomes a link, in characters.
const LINK_CHARS: usize = 2_000;

/// Characters of a text that a conversation shows; the rest is a click away.
const SHOWN_CHARS: usize = 8_000;

/// The beginning of a text, and whether there is more.
pub(in crate::web) fn beginning(text: &str) -> (&str, bool) {
    match text.char_indices().nth(SHOWN_CHARS) {
        None => (text, false),
        Some((end, _)) => (&text[..end], true),
    }
}

/// A text with its web addresses as links. Only `http` and `https`: nothing else is worth the risk.
pub(in crate::web) fn linked(text: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut plain_from = 0;
    let mut from = 0;
    while let Some(start) = text[from..].find("http").map(|at| from + at) {
        let follows_word = text[..start]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
        let address = if follows_word {
            Err("http".len())
        } else {
            address(&text[start..])
        };
        let address = match address {
            Ok(address) => address,
            Err(skipped) => {
                from = start + skipped;
                continue;
            }
        };
        if plain_from < start {
            segments.push(Segment::plain(&text[plain_from..start]));
        }
        segments.push(Segment {
            href: Some(address.to_owned()),
            ..Segment::plain(address)
        });
        from = start + address.len();
        plain_from = from;
    }
    if plain_from < text.len() {
        segments.push(Segment::plain(&text[plain_from..]));
    }
    segments
}

/// The address that the text begins with; else how many octets to go on. Linear, whatever somebody sends: an address is
/// looked for within as many characters as one may have.
fn address(text: &str) -> Result<&str, usize> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme));
    let Some(scheme) = scheme else {
        return Err("http".len());
    };
    let ends =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '«' | '»' | '“' | '”');
    let window = text
        .char_indices()
        .nth(LINK_CHARS)
        .map_or(text.len(), |(at, _)| at);
    let end = match text[..window].find(ends) {
        Some(end) => end,
        None if window == text.len() => window,
        None => return Err(window),
    };
    let mut address = &text[..end];
    let (mut round, mut square) = (balance(address, '(', ')'), balance(address, '[', ']'));
    // The sentence's own punctuation is not the address's; a bracket is, when it was opened within.
    while let Some(last) = address.chars().next_back() {
        match last {
            ')' if round < 0 => round += 1,
            ']' if square < 0 => square += 1,
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '}' | '*' | '_' => {}
            _ => break,
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    if address.len() > scheme.len() {
        Ok(address)
    } else {
        Err(end)
    }
}

/// How many more brackets are opened than closed.
fn balance(text: &str, open: char, close: char) -> i32 {
    text.chars()
        .map(|c| i32::from(c == open) - i32::from(c == close))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<String> {
        linked(text)
            .into_iter()
            .filter_map(|segment| segment.href)
            .collect()
    }

    #[test]
    fn addresses_become_links_without_the_sentence_around_them() {
        assert_eq!(
            links("Mira https://example.com/a?b=1&c=(x). Y (http://example.org/ñ), <https://x.example>!"),
            [
                "https://example.com/a?b=1&c=(x)",
                "http://example.org/ñ",
                "https://x.example"
            ]
        );
    }

    #[test]
    fn nothing_else_becomes_a_link() {
        let text = "javascript:alert(1) data:text/html,x xhttp://a.example http:// https://. file:///etc mailto:a@b.example";
        assert_eq!(links(text), Vec::<String>::new());
        let endless = format!("https://example.com/{}", "a".repeat(LINK_CHARS));
        assert_eq!(links(&endless), Vec::<String>::new());
    }

    #[test]
    fn endless_addresses_are_passed_over_at_once() {
        // Quadratic, this would take minutes.
        assert!(links(&"http://".repeat(300_000)).len() <= 1);
        assert_eq!(
            links(&format!("http://{}", ")".repeat(2_000_000))),
            Vec::<String>::new()
        );
    }

    #[test]
    fn the_segments_are_the_text_again() {
        for text in [
            "",
            "a",
            "http",
            "https://a.example https://b.example",
            "ñ https://a.example/ü 🖨",
        ] {
            let again: String = linked(text).into_iter().map(|segment| segment.text).collect();
            assert_eq!(again, text);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = "ñ".repeat(SHOWN_CHARS + 1);
        let (shown, is_cut) = beginning(&text);
        assert_eq!((shown.chars().count(), is_cut), (SHOWN_CHARS, true));
        assert_eq!(beginning("ñ"), ("ñ", false));
    }
}
