//! The reference line that closes our mails: written, found again in quoted text, and taken out before it goes on.

use super::{MessageId, ReplyToken, ReturnToken};

const REFERENCE_START: &str = "[ref:";
/// Characters in which a wrapped and quoted token ends.
const REFERENCE_WINDOW: usize = 120;
/// Most tokens that are read out of one text.
const REFERENCES_READ: usize = 50;
/// Characters of the row in a Message-ID of ours, before the dot.
const ROW: usize = 32;
/// Characters of the signature after the dot.
const SIGNATURE: usize = 16;
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
            .take_while(|c| !['[', ']'].contains(c))
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

/// The text without our reference lines, the tokens in plus-addresses, and what signs our Message-IDs: each is a
/// capability of the person whom the quoted mail went to, and must not be passed on in a comment.
///
/// ```
/// use recado_domain::token::without_carriers;
/// let token = "a".repeat(44);
/// assert_eq!(without_carriers(&format!("Ok\n> [ref:{token}]\n")), "Ok\n> \n");
/// assert_eq!(without_carriers(&format!("to desk+{token}@example.org")), "to desk@example.org");
/// let id = format!("{}.{}@example.org", "0".repeat(32), "a".repeat(16));
/// assert_eq!(without_carriers(&format!("Message-ID: <{id}>")), "Message-ID: <@example.org>");
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
    while let Some(position) = rest.find(['[', '+', '.']) {
        let (before, from) = rest.split_at(position);
        clean.push_str(before);
        let length = match from.as_bytes()[0] {
            b'[' => reference_length(from),
            b'+' => plus_length(from),
            _ => {
                let length = signature_length(&clean, from);
                if length > 0 {
                    clean.truncate(clean.len() - ROW);
                }
                length
            }
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
    // What begins anew has its own end; so no character is looked at more than twice.
    let ending = within.find(|(_, c)| ['[', ']'].contains(c));
    let closing = ending.filter(|(_, c)| *c == ']').map(|(end, _)| end);
    let window = ending.or_else(|| body.char_indices().nth(REFERENCE_WINDOW));
    let window = window.map_or(body.len(), |(end, _)| end);
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

/// Octets of the dot and the signature of one of our Message-IDs that a text begins with, after the row; 0 when they
/// are none.
fn signature_length(before: &str, text: &str) -> usize {
    let end = 1 + SIGNATURE;
    let row = before
        .len()
        .checked_sub(ROW)
        .and_then(|start| before.get(start..));
    let (Some(row), Some(signature)) = (row, text.get(..end)) else {
        return 0;
    };
    let ends = !text[end..].starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_ours = || MessageId::parse(&format!("{row}{signature}")).is_some_and(|id| id.carrier().is_some());
    if ends && row.bytes().all(|octet| octet.is_ascii_hexdigit()) && is_ours() {
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
    fn the_signature_of_a_message_id_stays_behind_and_other_dots_stay() {
        let keys = Keyring::new(&[1; 32], &[]).unwrap();
        let ana = EmailAddress::parse("ana@example.com").unwrap();
        let id = keys.message_id(
            &Subject {
                ticket: None,
                recipient: &ana,
                delivery: DeliveryId(Uuid::from_u128(12)),
            },
            "example.org",
        );
        for text in [
            format!("Message-ID: {id}"),
            format!("see &lt;{}&gt;.", id.as_str().to_uppercase()),
            format!("Original-Envelope-Id: {}", id.envelope_id()),
        ] {
            let clean = without_carriers(&text).to_ascii_lowercase();
            let signature = id.envelope_id().split_once('.').unwrap().1;
            assert!(!clean.contains(signature), "{clean}");
        }
        let digest = "d41d8cd98f00b204e9800998ecf8427e";
        for text in [
            format!("{digest}.internationalizations"),
            format!("{digest}.txt. é.{digest}"),
            format!("{digest}."),
        ] {
            assert_eq!(without_carriers(&text), text);
        }
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
