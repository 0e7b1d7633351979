//! Header values that hold what people typed: they show as typed, and never become a header or a recipient.

use super::encoded_word;
use crate::address::on_the_wire;
use recado_ports::mail::Mailbox;

/// Where lines are folded (RFC 5322 §2.1.1 recommends 78 with CRLF apart).
const FOLD: usize = 76;

/// A longer word is encoded, because it could not be folded.
const MAX_PLAIN_WORD: usize = 60;

/// The value of an unstructured header such as `Subject`, folded.
pub(super) fn text(name: &str, value: &str) -> String {
    let value = without_controls(value);
    let column = name.len() + 2;
    if is_plain(&value) {
        fold(&value, column)
    } else {
        encoded_word::encode(&value, column)
    }
}

/// The value of a header with one mailbox, folded.
pub(super) fn mailbox(name: &str, mailbox: &Mailbox) -> String {
    let address = on_the_wire(&mailbox.address);
    let shown = mailbox
        .name
        .as_deref()
        .map(without_controls)
        .filter(|shown| !shown.trim().is_empty());
    let Some(shown) = shown else {
        return address.into_owned();
    };
    let column = name.len() + 2;
    let phrase = phrase(&shown, column);
    let last_line = phrase.rsplit("\r\n").next().unwrap_or_default().len();
    let used = if phrase.contains("\r\n") {
        last_line
    } else {
        column + last_line
    };
    let separator = if used + address.len() + 3 > FOLD {
        "\r\n "
    } else {
        " "
    };
    format!("{phrase}{separator}<{address}>")
}

/// A display name (RFC 5322 §3.2.5): as it is, as a quoted string, or encoded.
fn phrase(shown: &str, column: usize) -> String {
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~ ".contains(c);
    if !is_plain(shown) || shown.len() > MAX_PLAIN_WORD {
        encoded_word::encode(shown, column)
    } else if shown.chars().all(is_atom) {
        shown.to_owned()
    } else {
        format!("\"{}\"", shown.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// Whether a reader shows the text as it stands: printable ASCII, nothing that looks like an encoded word, and no
/// white space that folding or unfolding could change.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !text.contains("=?")
        && !text.contains("  ")
        && text.trim() == text
        && text.split(' ').all(|word| word.len() <= MAX_PLAIN_WORD)
}

/// Breaks lines before words that would pass the fold.
fn fold(text: &str, column: usize) -> String {
    let mut out = String::new();
    let mut used = column;
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            if used + 1 + word.len() > FOLD {
                out.push_str("\r\n");
                used = 0;
            }
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += word.len();
    }
    out
}

/// A line break, of whatever kind, becomes a space, as does any other control character.
fn without_controls(text: &str) -> String {
    let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.replace("\r\n", "\n").replace(is_break, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(name: &str) -> String {
        mailbox(
            "From",
            &Mailbox {
                name: Some(name.to_owned()),
                address: "a@example.org".parse().unwrap(),
            },
        )
    }

    #[test]
    fn a_name_stands_as_it_is_quoted_or_encoded() {
        assert_eq!(from("Ana Pena"), "Ana Pena <a@example.org>");
        assert_eq!(from("Pena, Ana (Desk)"), "\"Pena, Ana (Desk)\" <a@example.org>");
        assert_eq!(
            from("x\" <y@example.org>, \\"),
            "\"x\\\" <y@example.org>, \\\\\" <a@example.org>"
        );
        assert_eq!(from("Peña"), "=?utf-8?B?UGXDsWE=?= <a@example.org>");
        assert_eq!(
            from("=?utf-8?q?x?="),
            "=?utf-8?B?PT91dGYtOD9xP3g/PQ==?= <a@example.org>"
        );
        assert_eq!(from("  "), "a@example.org");
    }

    #[test]
    fn a_line_break_becomes_a_space() {
        assert_eq!(text("Subject", "a\r\nBcc: b\nc\rd\u{85}e"), "a Bcc: b c d e");
        assert_eq!(
            from("a\r\nBcc: victim@example.org"),
            "\"a Bcc: victim@example.org\" <a@example.org>"
        );
    }

    #[test]
    fn long_plain_text_is_folded_at_its_spaces() {
        let typed = "word ".repeat(60).trim_end().to_owned();
        let folded = text("Subject", &typed);
        assert!(folded.lines().all(|line| line.len() <= FOLD));
        assert_eq!(folded.replace("\r\n", ""), typed);
    }
}
