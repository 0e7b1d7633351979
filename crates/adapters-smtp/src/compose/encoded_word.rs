//! Encoded words (RFC 2047), in base64: nothing in them means anything to a header.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Longest line with encoded words, and longest encoded word (RFC 2047 §2).
const MAX_LINE: usize = 76;
const MAX_WORD: usize = 75;

const BEFORE: &str = "=?utf-8?B?";
const AFTER: &str = "?=";

/// `text` as encoded words, one a line, the first after `column` octets of its line.
///
/// Readers join adjoining encoded words without the white space between them (RFC 2047 §6.2), so the text comes back
/// as it was. No character is split between two words (§5).
pub(super) fn encode(text: &str, column: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut room = octets_in(MAX_LINE.saturating_sub(column));
    while !rest.is_empty() {
        let end = rest.floor_char_boundary(room.min(rest.len()));
        let (word, after) = rest.split_at(end);
        if !word.is_empty() {
            out.push_str(BEFORE);
            out.push_str(&BASE64_STANDARD.encode(word));
            out.push_str(AFTER);
        }
        if !after.is_empty() {
            out.push_str("\r\n ");
        }
        rest = after;
        room = octets_in(MAX_LINE - 1);
    }
    out
}

/// Octets of text that fit into an encoded word where `room` octets are left on the line.
fn octets_in(room: usize) -> usize {
    room.min(MAX_WORD).saturating_sub(BEFORE.len() + AFTER.len()) / 4 * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_and_no_word_is_too_long_and_no_character_is_split() {
        for text in ["é".repeat(200), "a".repeat(500), "👩‍👩‍👧‍👦".repeat(40), "ñ".to_owned()]
        {
            for column in [0, 6, 9, 60, 70, 80] {
                let encoded = encode(&text, column);
                let mut decoded = String::new();
                for (index, line) in encoded.split("\r\n").enumerate() {
                    let before = if index == 0 { column } else { 0 };
                    assert!(line.is_empty() || line.len() + before <= MAX_LINE, "{line}");
                    if let Some(word) = line.trim_start().strip_prefix(BEFORE) {
                        let word = BASE64_STANDARD.decode(word.strip_suffix(AFTER).unwrap()).unwrap();
                        decoded.push_str(&String::from_utf8(word).unwrap());
                    }
                }
                assert_eq!(decoded, text);
            }
        }
    }
}
