//! Character references: `&eacute;`, `&#233;`, `&#xE9;` (the HTML standard, section 13.2.5.72 and what follows).

use std::borrow::Cow;

use markup5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// Octets of the longest name in the standard's table, the semicolon included.
const LONGEST_NAME: usize = 33;

/// `text` with its character references replaced by what they mean; what means nothing stays as it is.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let length = match behind.strip_prefix('#') {
            Some(number) => numeric(number, &mut decoded).map(|length| length + 1),
            None => named(behind, &mut decoded),
        };
        if length.is_none() {
            decoded.push('&');
        }
        rest = &behind[length.unwrap_or(0)..];
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// Adds the character of a number that stands behind `&#`; says how many octets it took.
fn numeric(text: &str, decoded: &mut String) -> Option<usize> {
    let hexadecimal = text.starts_with(['x', 'X']);
    let (radix, digits) = if hexadecimal { (16, &text[1..]) } else { (10, text) };
    let length = digits
        .bytes()
        .take_while(|&octet| char::from(octet).is_digit(radix))
        .count();
    if length == 0 {
        return None;
    }
    // A number that overflows is out of range, as is one above Unicode's.
    let number = u32::from_str_radix(&digits[..length], radix).unwrap_or(u32::MAX);
    let letter = match number {
        0 => None,
        // Written for Windows-1252, as the standard has it.
        0x80..=0x9f => C1_REPLACEMENTS[(number - 0x80) as usize].or(char::from_u32(number)),
        _ => char::from_u32(number),
    };
    decoded.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    let semicolon = digits.as_bytes().get(length) == Some(&b';');
    Some(usize::from(hexadecimal) + length + usize::from(semicolon))
}

/// Adds the characters of a name that stands behind `&`, the longest that the table knows.
fn named(text: &str, decoded: &mut String) -> Option<usize> {
    let most = text
        .bytes()
        .take(LONGEST_NAME)
        .take_while(|octet| octet.is_ascii_alphanumeric() || *octet == b';')
        .count();
    // Prefixes of names are in the table too, and mean nothing: two zeros.
    let (length, &(first, second)) = (1..=most)
        .rev()
        .filter_map(|length| {
            NAMED_ENTITIES
                .get(&text[..length])
                .map(|letters| (length, letters))
        })
        .find(|(_, (first, _))| *first != 0)?;
    decoded.extend(
        [first, second]
            .into_iter()
            .filter(|&code| code != 0)
            .filter_map(char::from_u32),
    );
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_decoded_as_browsers_do() {
        for (text, expected) in [
            ("a&eacute;&ccedil;&atilde;o", "aéção"),
            ("&lt;b&gt; &amp;amp; &copy 2024", "<b> &amp; © 2024"),
            (
                "&#233;&#xE9;&#Xe9&#128;&#0;&#x110000;&#99999999999;",
                "ééé€\u{fffd}\u{fffd}\u{fffd}",
            ),
            ("&nosuch; & &; &# &#x; AT&T", "&nosuch; & &; &# &#x; AT&T"),
            ("&NotEqualTilde;", "\u{2242}\u{338}"),
            ("&notit;", "¬it;"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }
}
