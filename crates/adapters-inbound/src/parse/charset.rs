//! Octets to text: charsets as they are declared, and as they really are.

use mail_parser::decoders::charsets::map::charset_decoder;

/// Text, and whether its octets were text in the charset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) text: String,
    /// Whether some octets stood for nothing in the charset, or the charset is none that is known.
    pub(super) is_doubtful: bool,
}

/// Charsets that programs name by habit, whatever the text is in.
const HABITS: &[&str] = &[
    "us-ascii",
    "ascii",
    "iso-8859-1",
    "latin1",
    "windows-1252",
    "utf-8",
    "utf8",
    "unknown-8bit",
    "8bit",
];

/// Decodes `octets` from the charset that a mail names.
///
/// Octets beyond ASCII that are UTF-8 are never anything else by accident, so a declared ASCII or Latin-1 is then
/// taken for a habit. What claims to be UTF-8 and is not, or claims nothing, is Windows-1252.
pub(super) fn decode(octets: &[u8], charset: Option<&str>) -> Decoded {
    let charset = charset.map(|name| name.trim().trim_matches(['"', '\'']));
    let is_habit = charset.is_none_or(|name| HABITS.iter().any(|habit| habit.eq_ignore_ascii_case(name)));
    let decoder = charset
        .filter(|name| !name.is_empty())
        .and_then(|name| charset_decoder(name.as_bytes()));
    if (is_habit || decoder.is_none())
        && let Ok(text) = std::str::from_utf8(octets)
    {
        return Decoded {
            text: text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
            is_doubtful: false,
        };
    }
    let claims_utf_8 =
        charset.is_none_or(|name| ["utf-8", "utf8"].iter().any(|utf| utf.eq_ignore_ascii_case(name)));
    let Some(decoder) = decoder.filter(|_| !claims_utf_8) else {
        return Decoded {
            text: windows_1252(octets),
            is_doubtful: true,
        };
    };
    let mut text = decoder(octets);
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Decoded {
        is_doubtful: text.contains(char::REPLACEMENT_CHARACTER),
        text,
    }
}

/// Octets as Windows-1252, in which every octet is a character.
pub(super) fn windows_1252(octets: &[u8]) -> String {
    match charset_decoder(b"windows-1252") {
        Some(decoder) => decoder(octets),
        None => octets.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_octets_outweigh_a_charset_named_by_habit() {
        let cases: [(&[u8], Option<&str>, &str, bool); 11] = [
            (b"a\xf1o", Some("ISO-8859-1"), "año", false),
            (b"a\xf1o", Some("windows-1252"), "año", false),
            ("año".as_bytes(), Some("us-ascii"), "año", false),
            ("año".as_bytes(), Some("iso-8859-1"), "año", false),
            ("año".as_bytes(), None, "año", false),
            (b"a\xf1o", None, "año", true),
            (b"a\xf1o", Some("utf-8"), "año", true),
            (b"a\xf1o", Some("no-such-charset"), "año", true),
            (b"\x93\xfa\x96{", Some("shift_jis"), "日本", false),
            (b"\x1b$BF|K\\\x1b(B", Some("iso-2022-jp"), "日本", false),
            (b"\xef\xbb\xbfa", Some("utf-8"), "a", false),
        ];
        for (octets, charset, text, is_doubtful) in cases {
            let expected = Decoded {
                text: text.to_owned(),
                is_doubtful,
            };
            assert_eq!(decode(octets, charset), expected, "{octets:?} {charset:?}");
        }
    }

    #[test]
    fn any_name_of_a_charset_is_borne() {
        for name in ["", "\"", "a".repeat(1_000).as_str(), "ütf", "\0"] {
            assert_eq!(decode(b"plain", Some(name)).text, "plain", "{name:?}");
        }
    }
}
