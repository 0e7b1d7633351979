//! Charsets, transfer encodings and encoded words, as mail programs write them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::prelude::{BASE64_STANDARD, Engine};

/// Octets of text in one encoded word (RFC 2047 §2 allows 75 in all).
const WORD: usize = 42;

/// Digits that no other mail of any test run has: the local part of a Message-ID.
pub fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    use std::hash::{BuildHasher, RandomState};
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(
        "{:016x}{count:04x}",
        RandomState::new().hash_one(std::process::id())
    )
}

/// The text of an unstructured header: as it is, or as encoded words (RFC 2047), folded.
pub(super) fn encoded_words(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    let mut chunk = String::new();
    for character in text.chars() {
        if chunk.len() + character.len_utf8() > WORD {
            words.push(std::mem::take(&mut chunk));
        }
        chunk.push(character);
    }
    words.push(chunk);
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(word)))
        .collect();
    words.join("\r\n ")
}

/// A charset that holds the text: ISO 8859-1 where that suffices, as European Outlooks choose, else UTF-8.
pub(super) fn narrow(text: &str) -> (&'static str, Vec<u8>) {
    let narrow: Option<Vec<u8>> = text
        .chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect();
    match narrow {
        Some(octets) => ("iso-8859-1", octets),
        None => ("utf-8", text.as_bytes().to_vec()),
    }
}

/// Quoted-printable (RFC 2045 §6.7): soft breaks within 76 columns, hard breaks at each LF.
pub(super) fn quoted_printable(octets: &[u8]) -> String {
    let mut coded = String::new();
    for line in octets.split(|octet| *octet == b'\n') {
        let mut column = 0;
        for (place, octet) in line.iter().enumerate() {
            let is_last = place + 1 == line.len();
            let is_plain =
                matches!(octet, b'!'..=b'~') && *octet != b'=' || matches!(octet, b' ' | b'\t') && !is_last;
            let width = if is_plain { 1 } else { 3 };
            if column + width > 75 {
                coded.push_str("=\r\n");
                column = 0;
            }
            if is_plain {
                coded.push(char::from(*octet));
            } else {
                write!(coded, "={octet:02X}").expect("a text takes all that is written");
            }
            column += width;
        }
        coded.push_str("\r\n");
    }
    coded
}

/// Base64 in lines of 76 (RFC 2045 §6.8).
pub(super) fn base64_lines(octets: &[u8]) -> String {
    let coded = BASE64_STANDARD.encode(octets);
    let mut lines = String::new();
    for line in coded.as_bytes().chunks(76) {
        lines.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        lines.push_str("\r\n");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_hides_what_is_no_plain_ascii_and_blanks_at_ends() {
        assert_eq!(
            quoted_printable("é = a \nb".as_bytes()),
            "=C3=A9 =3D a=20\r\nb\r\n"
        );
        let long = quoted_printable(&[b'x'; 100]);
        assert!(long.lines().all(|line| line.len() <= 76) && long.contains("=\r\n"));
    }

    #[test]
    fn a_header_beyond_ascii_is_made_of_short_words() {
        let coded = encoded_words(&"ñ".repeat(50));
        assert!(
            coded
                .lines()
                .all(|line| line.trim().len() <= 75 && line.trim().starts_with("=?UTF-8?B?"))
        );
    }
}
