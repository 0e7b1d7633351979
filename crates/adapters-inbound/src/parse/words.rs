//! Encoded words (RFC 2047), in bounded time, and joined before they are decoded: programs cut a character in two.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode_char;

use super::charset;

/// Octets within which an encoded word must end. RFC 2047 §2 allows 75; programs that encode a whole subject as one
/// word are common.
const WORD_OCTETS: usize = 4_000;

/// One encoded word.
struct Word<'a> {
    charset: &'a str,
    octets: Vec<u8>,
    /// Octets that it takes.
    length: usize,
}

/// Unstructured text with its encoded words decoded.
pub(super) fn decode(text: &str) -> String {
    rewrite(text, |decoded, _| decoded.to_owned())
}

/// Structured text with each run of encoded words made one word, and nothing else in it that looks like the
/// beginning of one: what mail-parser reads in linear time, and to the letter.
pub(super) fn canonical(text: &str) -> String {
    rewrite(text, |decoded, is_word| {
        if is_word {
            format!("=?utf-8?B?{}?=", data_encoding::BASE64.encode(decoded.as_bytes()))
        } else {
            decoded.replace("=?", "= ?")
        }
    })
}

/// Puts the text together again out of its runs, each as `write` gives it.
fn rewrite(text: &str, write: impl Fn(&str, bool) -> String) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = next_word(rest) {
        let (before, from) = rest.split_at(start);
        result.push_str(&write(before, false));
        let (decoded, length) = run(from);
        result.push_str(&write(&decoded, true));
        rest = &from[length..];
    }
    result.push_str(&write(rest, false));
    result
}

fn next_word(text: &str) -> Option<usize> {
    text.match_indices("=?")
        .map(|(position, _)| position)
        .find(|&position| word(&text[position..]).is_some())
}

/// The encoded words that a text begins with, white space between them dropped (RFC 2047 §6.2).
fn run(text: &str) -> (String, usize) {
    let mut decoded = String::new();
    let mut length = 0;
    // Octets of words in one charset, not decoded yet.
    let mut pending: Option<(&str, Vec<u8>)> = None;
    loop {
        let rest = &text[length..];
        let next = rest.trim_start();
        let Some(word) = word(next) else { break };
        match &mut pending {
            Some((charset, octets)) if charset.eq_ignore_ascii_case(word.charset) => {
                octets.extend(word.octets);
            }
            _ => {
                if let Some((charset, octets)) = pending.replace((word.charset, word.octets)) {
                    decoded.push_str(&charset::decode(&octets, Some(charset)).text);
                }
            }
        }
        length += rest.len() - next.len() + word.length;
    }
    if let Some((charset, octets)) = pending {
        decoded.push_str(&charset::decode(&octets, Some(charset)).text);
    }
    (decoded, length)
}

/// The encoded word that a text begins with.
fn word(text: &str) -> Option<Word<'_>> {
    let within = &text[..text.floor_char_boundary(WORD_OCTETS)];
    let (charset, rest) = within.strip_prefix("=?")?.split_once('?')?;
    let is_token = (1..=60).contains(&charset.len()) && charset.bytes().all(|octet| octet.is_ascii_graphic());
    let (encoding, rest) = is_token.then(|| rest.split_once('?'))??;
    let (payload, _) = rest.split_once("?=")?;
    let octets = match encoding {
        "q" | "Q" => quoted(payload),
        "b" | "B" => {
            let plain: Vec<u8> = payload
                .bytes()
                .filter(|octet| !octet.is_ascii_whitespace())
                .collect();
            base64_decode(&plain)?
        }
        _ => return None,
    };
    Some(Word {
        // The language that may follow (RFC 2231 §5) says nothing of the charset.
        charset: charset.split('*').next().unwrap_or_default(),
        octets,
        length: "=???".len() + charset.len() + encoding.len() + payload.len() + "?=".len(),
    })
}

/// The Q encoding (RFC 2047 §4.2); what is not hexadecimal after `=` stands for itself.
fn quoted(payload: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(payload.len());
    let mut rest = payload.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (octet, left) = match (first, after) {
            (b'_', _) => (b' ', after),
            (b'=', [high, low, left @ ..]) => match quoted_printable_decode_char(*high, *low) {
                Some(octet) => (octet, left),
                None => (first, after),
            },
            _ => (first, after),
        };
        octets.push(octet);
        rest = left;
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded_and_joined() {
        for (encoded, text) in [
            ("=?iso-8859-1?Q?Pe=F1a?=", "Peña"),
            ("=?UTF-8?b?UGXDsWE=?=", "Peña"),
            ("=?utf-8?B?UGXD?= =?utf-8?B?sWE=?=", "Peña"),
            ("=?utf-8?q?a?=  =?iso-8859-1?q?_b?= c", "a b c"),
            ("Re: =?utf-8*es?q?hola?= x", "Re: hola x"),
            ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
            ("=?no-such?q?a?=", "a"),
            ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
            ("=?utf-8?q?a", "=?utf-8?q?a"),
            ("a =? b", "a =? b"),
        ] {
            assert_eq!(decode(encoded), text, "{encoded}");
        }
    }

    #[test]
    fn only_whole_words_are_left_in_canonical_text() {
        assert_eq!(
            canonical("=?utf-8?q?Pe=C3?= =?utf-8?q?=B1a?= =?utf-8?q?<a@b>"),
            "=?utf-8?B?UGXDsWE=?= = ?utf-8?q?<a@b>"
        );
    }
}
