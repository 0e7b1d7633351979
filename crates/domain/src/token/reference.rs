//! The reference line that closes our mails: written, found again in quoted text, and taken out before it goes on.

use super::{ReplyToken, ReturnToken};

const REFERENCE_START: &str = "[ref:";
/// Characters in which a wrapped and quoted token ends.
const REFERENCE_WINDOW: usize = 120;
/// Most tokens that are read out of one text.
const REFERENCES_READ: usize = 50;
/// How deep carriers inside carriers are taken out one by one.
const NESTED: usize = 8;

/// The line that closes our mails, which a mail program quotes: `[ref:token]`.
pub fn reference_line(token: &ReplyToken) -> String {
    format!("[ref:{}]", token.as_str())
}

/// The tokens of our reference lines in a text, in order and without repeats, at most 50 of them. Line breaks and
/// blanks in one, which mail programs put there when they wrap quoted lines, are passed over.
pub fn reference_tokens(text: &str) -> Vec<ReplyToken> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices(REFERENCE_START) {
        let tail = text[start + REFERENCE_START.len()..]
            .chars()
            .take(REFERENCE_WINDOW);
        let token: String = tail
            .take_while(|c| *c != ']')
            .filter(char::is_ascii_alphanumeric)
            .collect();
        if let Some(token) = ReplyToken::parse(&token)
            && !found.contains(&token)
        {
            found.push(token);
        }
        if found.len() == REFERENCES_READ {
            break;
        }
    }
    found
}

/// The text without our reference lines and the tokens in plus-addresses: each is a capability of the person whom the
/// quoted mail went to, and must not be passed on in a comment.
///
/// ```
/// use recado_domain::token::without_carriers;
/// let token = "a".repeat(44);
/// assert_eq!(without_carriers(&format!("Ok\n> [ref:{token}]\n")), "Ok\n> \n");
/// assert_eq!(without_carriers(&format!("to desk+{token}@example.org")), "to desk@example.org");
/// assert_eq!(without_carriers("[ref:note] c+b@example.org"), "[ref:note] c+b@example.org");
/// ```
pub fn without_carriers(text: &str) -> String {
    let mut clean = without_outer_carriers(text);
    for _ in 0..NESTED {
        // What was taken out may have kept apart the ends of another one.
        let cleaner = without_outer_carriers(&clean);
        if cleaner.len() == clean.len() {
            return clean;
        }
        clean = cleaner;
    }
    // No mail program nests them so: this was made to pass, and no part of it does.
    clean.replace(REFERENCE_START, "(").replace('+', " ")
}

fn without_outer_carriers(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find(['[', '+']) {
        let (before, from) = rest.split_at(position);
        clean.push_str(before);
        let length = if from.starts_with('[') {
            reference_length(from)
        } else {
            plus_length(from)
        };
        if length == 0 {
            clean.push_str(&from[..1]);
        }
        rest = &from[length.max(1)..];
    }
    clean.push_str(rest);
    clean
}

/// Octets of the reference line that a text begins with; 0 when it begins with none. Its end may be missing, where a
/// text was cut.
fn reference_length(text: &str) -> usize {
    let Some(body) = text.strip_prefix(REFERENCE_START) else {
        return 0;
    };
    let mut within = body.char_indices().take(REFERENCE_WINDOW);
    let closing = within.find(|(_, c)| *c == ']').map(|(end, _)| end);
    let window = body
        .char_indices()
        .nth(REFERENCE_WINDOW)
        .map_or(body.len(), |(end, _)| end);
    let token_end = closing.unwrap_or(window);
    let token: String = body[..token_end]
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    if ReplyToken::parse(&token).is_some() {
        REFERENCE_START.len() + closing.map_or(window, |end| end + 1)
    } else {
        0
    }
}

/// Octets of `+token` that a text begins with, before an `@`; 0 when it begins with none.
fn plus_length(text: &str) -> usize {
    let end = 1 + text[1..].bytes().take_while(u8::is_ascii_alphanumeric).count();
    let token = &text[1..end];
    let is_token = ReplyToken::parse(token).is_some() || ReturnToken::parse(token).is_some();
    if is_token && text[end..].starts_with('@') {
        end
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::outbox::DeliveryId;
    use crate::person::EmailAddress;
    use crate::token::{Keyring, Subject};

    #[test]
    fn a_reference_line_is_found_however_it_was_quoted_and_wrapped() {
        let keys = Keyring::new(&[1; 32], &[]).unwrap();
        let ana = EmailAddress::parse("ana@example.com").unwrap();
        let token = keys.reply_token(&Subject {
            ticket: None,
            recipient: &ana,
            delivery: DeliveryId(Uuid::from_u128(12)),
        });
        let line = reference_line(&token);
        let (head, tail) = line.split_at(30);
        for text in [
            line.clone(),
            format!("> > {line}\r\n"),
            format!("> {head}\n> {tail}\n"),
            format!(
                "{} and again {line}",
                line.to_uppercase().replace("[REF:", "[ref:")
            ),
        ] {
            assert_eq!(reference_tokens(&text), std::slice::from_ref(&token), "{text}");
            assert!(!without_carriers(&text).contains(&token.as_str()[..20]), "{text}");
        }
        assert_eq!(reference_tokens("[ref:] [ref:short] [ref:"), []);
    }

    #[test]
    fn no_carrier_is_left_where_a_text_was_cut_or_they_are_nested() {
        let token = "a".repeat(44);
        assert_eq!(without_carriers(&format!("Ok [ref:{token}")), "Ok ");
        assert_eq!(without_carriers(&format!("[ref:[ref:{token}]{token}]")), "");
        let deep = format!("{}{}", "[ref:".repeat(20), format!("{token}]").repeat(20));
        assert_eq!(reference_tokens(&without_carriers(&deep)), []);
        let deep = format!(
            "{}{}",
            format!("+{}", "a".repeat(20)).repeat(20),
            format!("+{token}@").repeat(20)
        );
        assert!(!without_carriers(&deep).contains(&format!("+{token}@")));
    }
}
