//! What can be said of any octets at all: what a list shows of a mail, and by what its copies are known.

use data_encoding::HEXLOWER;
use recado_domain::incoming::Shown;
use recado_domain::token::MessageId;
use recado_ports::reader::MailHead;
use sha2::{Digest, Sha256};

use super::fields::{Field, Fields, from_first_line};

/// Most characters of one field that are shown.
const SHOWN_CHARS: usize = 1_000;
/// Fields of one name that are shown.
const SHOWN_FIELDS: usize = 5;
/// What a mail is known by, besides its body.
const FINGERPRINTED: [&str; 4] = ["message-id", "from", "date", "subject"];

/// Reads the head.
pub(super) fn read(raw: &[u8]) -> MailHead {
    let mail = from_first_line(raw);
    let (fields, body) = Fields::read(mail);
    let message_id = message_id(&fields);
    let fingerprint = if message_id.is_some() {
        fingerprint(&fields, &mail[body..])
    } else {
        fingerprint_of_octets(raw)
    };
    MailHead {
        shown: shown(&fields),
        message_id,
        fingerprint,
    }
}

/// What a list shows.
pub(super) fn shown(fields: &Fields<'_>) -> Shown {
    let text = |name| {
        let texts: Vec<String> = fields.all(name).take(SHOWN_FIELDS).map(Field::text).collect();
        texts
            .join(", ")
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(SHOWN_CHARS)
            .collect()
    };
    Shown {
        from: text("from"),
        to: text("to"),
        subject: text("subject"),
    }
}

/// `Message-ID`.
pub(super) fn message_id(fields: &Fields<'_>) -> Option<MessageId> {
    fields
        .first("message-id")
        .and_then(|field| message_ids(field).into_iter().next())
}

/// The Message-IDs in a field: what stands in angle brackets, white space in them dropped, which relays put there
/// when they fold; without any brackets, every word with an `@`.
pub(super) fn message_ids(field: &Field<'_>) -> Vec<MessageId> {
    let value = field.unfolded();
    let bracketed = value.split('<').skip(1).filter_map(|rest| {
        let (id, _) = rest.split_once('>')?;
        MessageId::parse(&id.split_whitespace().collect::<String>())
    });
    let bracketed: Vec<MessageId> = bracketed.collect();
    if !bracketed.is_empty() {
        return bracketed;
    }
    let words = value.split_whitespace().filter(|word| word.contains('@'));
    words.filter_map(MessageId::parse).collect()
}

/// The digest of all octets.
pub(super) fn fingerprint_of_octets(raw: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(raw))
}

/// A digest that does not change on the way: servers fold fields anew, change CR LF into LF and drop or add empty
/// lines at the end.
fn fingerprint(fields: &Fields<'_>, body: &[u8]) -> String {
    let mut digest = Sha256::new();
    for name in FINGERPRINTED {
        let value = fields.first(name).map(Field::raw).unwrap_or_default();
        for word in value
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
        {
            digest.update(word);
            digest.update(b" ");
        }
        // No field holds a line break by now, so no two mails give the same input.
        digest.update(b"\n");
    }
    let mut rest = body.trim_ascii_end();
    // In runs without CR, which is nearly always one.
    while let Some(position) = memchr::memchr(b'\r', rest) {
        let is_of_line_break = rest.get(position + 1) == Some(&b'\n');
        let kept = if is_of_line_break { position } else { position + 1 };
        digest.update(&rest[..kept]);
        rest = &rest[position + 1..];
    }
    digest.update(rest);
    HEXLOWER.encode(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: Ana <ana@example.com>\r\nMessage-ID: <1@example.com>\r\nSubject: a b\r\n\r\nHello\r\nworld\r\n";

    fn digest(mail: &str) -> String {
        read(mail.as_bytes()).fingerprint
    }

    #[test]
    fn copies_of_a_mail_are_known_whatever_servers_did_to_them() {
        for copy in [
            MAIL.replace("\r\n", "\n"),
            format!("Received: from a\r\n\tby b\r\nDelivered-To: c@d\r\n{MAIL}"),
            format!("{MAIL}\r\n\r\n"),
            format!("\r\n{MAIL}"),
            MAIL.replace("Subject: a b", "Subject: a\r\n b"),
        ] {
            assert_eq!(digest(&copy), digest(MAIL), "{copy}");
        }
        assert_eq!(digest(MAIL).len(), 64);
    }

    #[test]
    fn other_mails_are_other_mails() {
        for (part, other) in [
            ("ana@", "eva@"),
            ("<1@", "<2@"),
            ("a b", "a c"),
            ("world", "World"),
            ("Hello\r\n", "Hello"),
        ] {
            assert_ne!(digest(&MAIL.replace(part, other)), digest(MAIL), "{other}");
        }
    }

    #[test]
    fn without_a_message_id_every_octet_counts() {
        let anonymous = MAIL.replace("Message-ID: <1@example.com>\r\n", "");
        assert_ne!(digest(&anonymous), digest(&format!("Received: x\r\n{anonymous}")));
        assert_eq!(digest(&anonymous), digest(&anonymous));
    }

    #[test]
    fn anything_at_all_has_a_head() {
        for octets in [&b""[..], b"\0\xff\r\r\n", b"From", b": x\n", b"Subject: \xff\n"] {
            assert_eq!(read(octets).fingerprint.len(), 64, "{octets:?}");
        }
        let shown =
            read(format!("Subject: {}\nFrom: a\0b\r c\nTo: x\n\n", "é".repeat(5_000)).as_bytes()).shown;
        assert_eq!(
            (
                shown.subject.chars().count(),
                shown.from.as_str(),
                shown.to.as_str()
            ),
            (1_000, "a\u{fffd}b c", "x")
        );
    }

    #[test]
    fn message_ids_are_found_however_they_were_folded() {
        let header = b"References: <a@b>\r\n <c@\r\n d> (x) <e f@g>\r\nIn-Reply-To: h@i\r\n\r\n";
        let (fields, _) = Fields::read(header);
        let ids = |name| -> Vec<String> {
            message_ids(fields.first(name).unwrap())
                .iter()
                .map(|id| id.as_str().to_owned())
                .collect()
        };
        assert_eq!(ids("references"), ["a@b", "c@d", "ef@g"]);
        assert_eq!(ids("in-reply-to"), ["h@i"]);
    }
}
