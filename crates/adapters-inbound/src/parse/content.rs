//! What a part holds: its octets without transfer encoding (RFC 2045 §6), and its text.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode_char;
use memchr::memmem;

use super::charset::{self, Decoded};
use super::structure::Part;

/// Octets of an HTML part in which the charset may be declared.
const PROLOGUE: usize = 1_024;

/// A part's octets, decoded. What is wrong in them is passed over, as mail programs do.
pub(super) fn octets<'a>(part: &Part<'a>) -> Cow<'a, [u8]> {
    let encoding = part
        .fields
        .first("content-transfer-encoding")
        .map(|field| field.text().to_ascii_lowercase());
    match encoding
        .as_deref()
        .map(|encoding| encoding.split([';', ' ']).next().unwrap_or_default())
    {
        Some("base64") => Cow::Owned(base64(part.body)),
        Some("quoted-printable") => Cow::Owned(quoted_printable(part.body)),
        _ => Cow::Borrowed(part.body),
    }
}

/// A text part's text: line breaks are LF, NUL is U+FFFD.
pub(super) fn text(part: &Part<'_>) -> Decoded {
    let octets = octets(part);
    let declared = part.content_type.parameter("charset").map(str::to_owned);
    let charset =
        declared.or_else(|| (part.content_type.subtype == "html").then(|| charset_in_html(&octets))?);
    let decoded = charset::decode(&octets, charset.as_deref());
    Decoded {
        text: with_plain_breaks(decoded.text),
        is_doubtful: decoded.is_doubtful,
    }
}

/// A text whose line breaks are LF and whose NUL are U+FFFD.
pub(super) fn with_plain_breaks(text: String) -> String {
    if text.contains(['\r', '\0']) {
        text.replace("\r\n", "\n")
            .replace('\r', "\n")
            .replace('\0', "\u{fffd}")
    } else {
        text
    }
}

/// The charset that an HTML document declares of itself.
fn charset_in_html(octets: &[u8]) -> Option<String> {
    let prologue = octets.get(..PROLOGUE).unwrap_or(octets).to_ascii_lowercase();
    let after = memmem::find(&prologue, b"charset=")? + "charset=".len();
    let name = prologue[after..]
        .iter()
        .skip_while(|octet| matches!(octet, b'"' | b'\'' | b' '));
    let name: Vec<u8> = name
        .take_while(|octet| octet.is_ascii_alphanumeric() || b"-_.:".contains(octet))
        .copied()
        .collect();
    String::from_utf8(name).ok().filter(|name| !name.is_empty())
}

fn base64(encoded: &[u8]) -> Vec<u8> {
    base64_decode(encoded).unwrap_or_else(|| {
        let is_of_alphabet = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/=".contains(octet);
        let plain: Vec<u8> = encoded.iter().copied().filter(is_of_alphabet).collect();
        base64_decode(&plain).unwrap_or_default()
    })
}

/// RFC 2045 §6.7, in one pass; what is not hexadecimal after `=` stands for itself.
fn quoted_printable(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    for line in encoded.split_inclusive(|octet| *octet == b'\n') {
        let line_break: &[u8] = match line {
            [.., b'\r', b'\n'] => b"\r\n",
            [.., b'\n'] => b"\n",
            _ => b"",
        };
        // White space at the end of a line was added on the way.
        let content = line.trim_ascii_end();
        let (content, is_soft) = content
            .strip_suffix(b"=")
            .map_or((content, false), |before| (before, true));
        let mut rest = content;
        while let Some((&first, after)) = rest.split_first() {
            let escaped = match after {
                [high, low, ..] if first == b'=' => quoted_printable_decode_char(*high, *low),
                _ => None,
            };
            decoded.push(escaped.unwrap_or(first));
            rest = if escaped.is_some() { &after[2..] } else { after };
        }
        if !is_soft {
            decoded.extend_from_slice(line_break);
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_is_read_as_it_was_meant() {
        for (encoded, decoded) in [
            ("a=3Db", "a=b"),
            ("caf=C3=A9", "café"),
            ("soft =\r\nbreak", "soft break"),
            ("soft= \t\nbreak", "softbreak"),
            ("trailing  \r\nnext", "trailing\r\nnext"),
            ("lower =c3=a9", "lower é"),
            ("wrong =ZZ =", "wrong =ZZ "),
            ("a=\r\n=\r\nb", "ab"),
            ("=", ""),
            ("", ""),
        ] {
            assert_eq!(
                String::from_utf8(quoted_printable(encoded.as_bytes())).unwrap(),
                decoded,
                "{encoded:?}"
            );
        }
    }

    #[test]
    fn base64_with_dirt_in_it_is_read_all_the_same() {
        for encoded in ["aG9sYQ==", "aG9s\r\nYQ==\r\n", "aG9sYQ", "*aG-9s YQ=="] {
            assert_eq!(base64(encoded.as_bytes()), b"hola", "{encoded:?}");
        }
    }

    #[test]
    fn a_documents_own_charset_counts_where_the_mail_names_none() {
        for (html, charset) in [
            ("<meta charset=\"Shift_JIS\">", Some("shift_jis")),
            (
                "<meta content='text/html; charset=iso-8859-2'>",
                Some("iso-8859-2"),
            ),
            ("<p>charset", None),
        ] {
            assert_eq!(charset_in_html(html.as_bytes()).as_deref(), charset, "{html}");
        }
    }
}
