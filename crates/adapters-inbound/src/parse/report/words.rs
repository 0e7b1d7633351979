//! Reports in words alone: the failure notices of qmail, Exim, older Exchange, Lotus Notes and others, told by how they
//! begin.

use recado_domain::bounce::{Action, RecipientReport};
use recado_domain::person::EmailAddress;
use recado_domain::reply::EnhancedCode;
use recado_domain::token::MessageId;

use super::super::addresses;
use super::super::fields::{Field, Fields};
use super::{DIAGNOSTIC_CHARS, MESSAGE_IDS};

/// Octets of a text in which a notice says what it is.
const OPENING: usize = 2_000;
/// Octets of a text that are searched for addresses and Message-IDs.
const SEARCHED: usize = 256 * 1024;

/// How servers call a notice, in subjects and first sentences, in small letters.
const FAILURES: &[&str] = &[
    // qmail, Exim, Postfix, Sendmail, Exchange, Gmail, Yahoo, Lotus Notes, and hosters
    "hi. this is the qmail-send program",
    "hi. this is the deliver program",
    "this message was created automatically by mail delivery software",
    "mail delivery failed",
    "mail delivery failure",
    "mail delivery error",
    "undelivered mail returned to sender",
    "undelivered mail",
    "undeliverable",
    "undelivered message",
    "returned mail",
    "mail returned",
    "failure notice",
    "delivery status notification",
    "delivery failure",
    "delivery has failed",
    "delivery failed",
    "delivery report",
    "delivery to the following recipient",
    "delivery notification",
    "message could not be delivered",
    "could not be delivered",
    "couldn't be delivered",
    "was not delivered",
    "wasn't delivered",
    "unable to deliver",
    "wasn't able to deliver",
    "did not reach",
    "non-delivery",
    "message not deliverable",
    // Spanish, Portuguese
    "no se puede entregar",
    "no se ha podido entregar",
    "no se pudo entregar",
    "no entregado",
    "no se entregó",
    "error de entrega",
    "error en la entrega",
    "fallo de entrega",
    "fallo en la entrega",
    "correo devuelto",
    "não foi possível entregar",
    "não pôde ser entregue",
    "não é possível entregar",
    "não entregue",
    "falha na entrega",
    "falha de entrega",
    "falha no envio",
    // German, French, Italian, Dutch, Polish, Russian, Turkish, Japanese, Chinese
    "unzustellbar",
    "konnte nicht zugestellt werden",
    "non remis",
    "échec de la remise",
    "n'a pas pu être remis",
    "non recapitabile",
    "mancato recapito",
    "onbestelbaar",
    "kon niet worden bezorgd",
    "nie można dostarczyć",
    "niedostarczon",
    "недоставлен",
    "не удалось доставить",
    "teslim edilemedi",
    "配信不能",
    "配信できません",
    "退信",
    "无法投递",
];

/// How they say that they still try.
const DELAYS: &[&str] = &[
    "delayed",
    "delivery delay",
    "warning: message",
    "warning: could not send",
    "not yet been delivered",
    "will keep trying",
    "still being retried",
    "retrasad",
    "demorad",
    "aplazad",
    "atrasad",
    "adiada",
    "verzögert",
    "retardé",
];

/// Whether a mail says of itself that another could not be delivered, or not yet.
pub(super) fn tell_of_a_failure(fields: &Fields<'_>, text: &str) -> bool {
    let said = said(fields, text);
    FAILURES.iter().chain(DELAYS).any(|phrase| said.contains(phrase))
        || fields.first("x-failed-recipients").is_some()
}

/// The one recipient of such a report, as far as its words tell.
pub(super) fn recipient(fields: &Fields<'_>, text: &str) -> RecipientReport {
    let said = said(fields, text);
    let named = fields
        .first("x-failed-recipients")
        .map(addresses::addresses)
        .unwrap_or_default();
    let recipient = named.into_iter().next().or_else(|| first_address(text));
    let is_delay = DELAYS.iter().any(|phrase| said.contains(phrase));
    let diagnostic: String = text.trim().chars().take(DIAGNOSTIC_CHARS).collect();
    RecipientReport {
        recipient: recipient.map(String::from),
        action: if is_delay { Action::Delayed } else { Action::Failed },
        status: status(&text[..text.floor_char_boundary(SEARCHED)]),
        diagnostic: (!diagnostic.is_empty()).then_some(diagnostic),
    }
}

/// The first enhanced status code of a failure in a text; addresses of hosts and versions of programs look otherwise.
pub(super) fn status(text: &str) -> Option<EnhancedCode> {
    let candidates = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let codes = candidates.filter_map(|candidate| EnhancedCode::parse(candidate.trim_end_matches('.')));
    codes
        .into_iter()
        .find(|code| matches!(code.class, 4 | 5) && code.subject <= 7)
}

/// The Message-IDs that a text holds as header fields, in what it returns of the mail.
pub(super) fn message_ids(text: &str) -> Vec<MessageId> {
    let text = &text[..text.floor_char_boundary(SEARCHED)];
    let mut lines = text
        .lines()
        .map(|line| line.trim_start_matches(['>', ' ', '\t', '|']));
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if !name.trim().eq_ignore_ascii_case("message-id") {
            continue;
        }
        // The id may stand alone in the next line.
        let value = if value.trim().is_empty() {
            lines.next().unwrap_or_default()
        } else {
            value
        };
        let id = value
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'))
            .map_or(value, |(id, _)| id);
        found.extend(MessageId::parse(id));
        if found.len() == MESSAGE_IDS {
            break;
        }
    }
    found
}

/// Subject and opening, in small letters.
fn said(fields: &Fields<'_>, text: &str) -> String {
    let subject = fields.first("subject").map(Field::text).unwrap_or_default();
    let opening = text.trim_start();
    format!("{subject}\n{}", &opening[..opening.floor_char_boundary(OPENING)]).to_lowercase()
}

/// The first address in angle brackets, or at the beginning of a line.
fn first_address(text: &str) -> Option<EmailAddress> {
    let text = &text[..text.floor_char_boundary(SEARCHED)];
    text.lines().filter(|line| line.contains('@')).find_map(|line| {
        let bracketed = line
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'))
            .map(|(address, _)| address);
        let begins = line
            .split_whitespace()
            .next()
            .map(|word| word.trim_end_matches(':'));
        bracketed
            .into_iter()
            .chain(begins)
            .find_map(|candidate| EmailAddress::parse(candidate).ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str, text: &str) -> Option<RecipientReport> {
        let header = format!("{header}\n\n");
        let (fields, _) = Fields::read(header.as_bytes());
        tell_of_a_failure(&fields, text).then(|| recipient(&fields, text))
    }

    #[test]
    fn notices_of_the_common_servers_are_read() {
        for (server, header, text, address, status) in [
            (
                "qmail",
                "Subject: failure notice",
                "Hi. This is the qmail-send program at mx.example.org.\nI'm afraid I wasn't able to deliver.\n\n\
                 <ana@example.com>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 unknown\n",
                "ana@example.com",
                Some("5.1.1"),
            ),
            (
                "Exim",
                "Subject: Mail delivery failed: returning message to sender\nX-Failed-Recipients: ana@example.com",
                "This message was created automatically by mail delivery software.\n\n  ana@example.com\n    Unrouteable address\n",
                "ana@example.com",
                None,
            ),
            (
                "Exchange",
                "Subject: No se puede entregar: Impresora",
                "El mensaje no llegó a algunos destinatarios.\n\n      ana@example.com\n      #5.1.1\n",
                "ana@example.com",
                Some("5.1.1"),
            ),
            (
                "Yahoo",
                "Subject: Failure Notice",
                "Sorry, we were unable to deliver your message to the following address.\n\n<ana@example.com>:\n554: 5.7.9\n",
                "ana@example.com",
                Some("5.7.9"),
            ),
            (
                "Lotus Notes",
                "Subject: DELIVERY FAILURE: User ana (ana@example.com) not listed",
                "Your message\n\n  Subject: x\n\nwas not delivered to:\n\n  ana@example.com\n\nbecause:\n\n  User not listed\n",
                "ana@example.com",
                None,
            ),
        ] {
            let read = read(header, text).unwrap_or_else(|| panic!("{server}"));
            assert_eq!(read.recipient.as_deref(), Some(address), "{server}");
            assert_eq!(read.status, status.and_then(EnhancedCode::parse), "{server}");
            assert_eq!(read.action, Action::Failed, "{server}");
        }
    }

    #[test]
    fn a_delay_is_none_of_the_failures() {
        let read = read(
            "Subject: Warning: message 1abc delayed 24 hours",
            "ana@example.com\n",
        )
        .unwrap();
        assert_eq!(
            (read.action, read.is_permanent_failure()),
            (Action::Delayed, false)
        );
    }

    #[test]
    fn other_mails_tell_of_no_failure() {
        assert_eq!(read("Subject: Out of office", "I am away until Monday.\n"), None);
    }

    #[test]
    fn message_ids_in_what_is_returned_are_found() {
        let text = "--- Below this line is a copy.\n\n> Message-ID: <1@a>\n   Message-Id:\n <2@a>\nIn-Reply-To: <3@a>\n";
        let found = message_ids(text);
        assert_eq!(
            found.iter().map(MessageId::as_str).collect::<Vec<_>>(),
            ["1@a", "2@a"]
        );
    }

    #[test]
    fn status_codes_are_no_addresses_of_hosts() {
        for (text, code) in [
            ("host 5.1.1.7 said: 550 5.7.1.", Some("5.7.1")),
            ("version 5.99.1 (2.1.5)", None),
            ("550-5.1.1 x", Some("5.1.1")),
        ] {
            assert_eq!(status(text), code.and_then(EnhancedCode::parse), "{text}");
        }
    }
}
