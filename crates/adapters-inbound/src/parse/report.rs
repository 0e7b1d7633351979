//! Delivery reports: RFC 3464 in its envelope of RFC 6522, and what servers send in its stead ([`words`]).
//!
//! A report is one by its content type, or because a mail server sent it: a person who passes a bounce on makes none.

mod words;

use recado_domain::bounce::{Action, DeliveryReport, RecipientReport};
use recado_domain::reply::EnhancedCode;
use recado_domain::token::MessageId;
use recado_ports::reader::MailEnvelope;

use super::fields::{Field, Fields, line_at};
use super::signs::ReturnPath;
use super::structure::Structure;
use super::{addresses, content, head, message_ids, signs};

/// Recipients of one report that are read.
const RECIPIENTS: usize = 100;
/// Message-IDs of one report that are read.
const MESSAGE_IDS: usize = 100;
/// Octets of a part with the fields of a report that are read.
const STATUS_OCTETS: usize = 256 * 1024;
/// Characters of a diagnostic text.
const DIAGNOSTIC_CHARS: usize = 2_000;

/// Local parts from which mail servers write, and no person does.
const DAEMONS: &[&str] = &[
    "mailer-daemon",
    "mailerdaemon",
    "mail-daemon",
    "maildaemon",
    "mdaemon",
];
/// From here too; and people, who can be answered.
const POSTMASTER: &str = "postmaster";

/// Reads a report. `text` is what the mail says to people.
pub(super) fn read(structure: &Structure<'_>, envelope: &MailEnvelope, text: &str) -> Option<DeliveryReport> {
    let fields = &structure.root().fields;
    let is_by_type = signs::is_report(structure, "delivery-status");
    let return_path = signs::return_path(fields, envelope);
    let is_by_server = is_from_a_server(fields, return_path);
    if !is_by_type && !is_by_server && return_path != ReturnPath::Null {
        return None;
    }
    let (envelope_id, mut recipients) = by_fields(structure);
    if recipients.is_empty() {
        // An absence note has no envelope sender either, and may quote a failure.
        let is_answer =
            signs::auto_submitted(fields).is_some_and(|value| value.eq_ignore_ascii_case("auto-replied"));
        let tells = (is_by_server || !is_answer) && words::tell_of_a_failure(fields, text);
        if !is_by_type && !tells {
            return None;
        }
        recipients.push(words::recipient(fields, text));
    }
    Some(DeliveryReport {
        envelope_id,
        about: about(structure, text),
        recipients,
    })
}

/// Whether the author is a mail server by name, or names failed recipients as Exim does.
fn is_from_a_server(fields: &Fields<'_>, return_path: ReturnPath) -> bool {
    let is_servers = |local: &str| {
        DAEMONS.contains(&local) || (local == POSTMASTER && return_path != ReturnPath::Somebody)
    };
    let is_by_name = |field: &Field<'_>| {
        let addresses = addresses::addresses(field);
        addresses.iter().any(|address| is_servers(address.local_part()))
            // Some call themselves so without a domain.
            || is_servers(field.text().to_ascii_lowercase().trim_matches(['<', '>']))
    };
    fields.first("from").is_some_and(is_by_name) || fields.first("x-failed-recipients").is_some()
}

/// The fields of all `message/delivery-status` parts: the envelope id, and what each recipient's block says.
fn by_fields(structure: &Structure<'_>) -> (Option<String>, Vec<RecipientReport>) {
    let mut envelope_id = None;
    let mut recipients = Vec::new();
    for part in &structure.parts {
        let of = &part.content_type;
        if !(of.is("message", "delivery-status") || of.is("message", "global-delivery-status")) {
            continue;
        }
        let octets = content::octets(part);
        let octets = octets.get(..STATUS_OCTETS).unwrap_or(&octets);
        let mut position = 0;
        while position < octets.len() && recipients.len() < RECIPIENTS {
            let (block, length) = Fields::read(&octets[position..]);
            // A line that is no field ends a block as an empty one does, and is passed over.
            position += if length == 0 {
                line_at(octets, position).len()
            } else {
                length
            };
            if envelope_id.is_none() {
                envelope_id = block.first("original-envelope-id").map(|id| short(&id.text()));
            }
            recipients.extend(recipient(&block));
        }
    }
    (envelope_id, recipients)
}

/// What one block says (RFC 3464 §2.3); servers leave out fields that must be there.
fn recipient(block: &Fields<'_>) -> Option<RecipientReport> {
    let value = |name| {
        block
            .first(name)
            .map(Field::text)
            .filter(|value| !value.is_empty())
    };
    let named = value("final-recipient").or_else(|| value("original-recipient"));
    let status = value("status").and_then(|status| {
        let code = status
            .split(|letter: char| letter.is_whitespace() || letter == '(')
            .next()?;
        EnhancedCode::parse(code)
    });
    let action = value("action");
    if named.is_none() && status.is_none() && action.is_none() {
        return None;
    }
    let diagnostic = value("diagnostic-code").map(|text| short(after_type(&text)));
    let said = diagnostic.as_deref().and_then(words::status);
    // 5.0.0 says nothing that the server's own words could not say better.
    let status = match status {
        Some(general) if general.subject == 0 && general.detail == 0 => {
            said.filter(|said| said.class == general.class).or(Some(general))
        }
        other => other.or(said),
    };
    let action = action.and_then(|action| Action::parse(action.split_whitespace().next()?));
    Some(RecipientReport {
        recipient: named.map(|named| short(after_type(&named).trim_matches(['<', '>']))),
        action: action.unwrap_or_else(|| implied_action(status)),
        status,
        diagnostic,
    })
}

fn implied_action(status: Option<EnhancedCode>) -> Action {
    match status.map(|status| status.class) {
        Some(2) => Action::Delivered,
        Some(4) => Action::Delayed,
        _ => Action::Failed,
    }
}

/// The Message-IDs that may prove which mail it is about: of the returned mails or headers, written out in the text,
/// and of the thread.
fn about(structure: &Structure<'_>, text: &str) -> Vec<MessageId> {
    let mut found: Vec<MessageId> = Vec::new();
    let mut add = |ids: Vec<MessageId>| {
        for id in ids {
            if found.len() < MESSAGE_IDS && !found.contains(&id) {
                found.push(id);
            }
        }
    };
    for part in &structure.parts[1..] {
        let of = &part.content_type;
        let is_returned = match of.kind.as_str() {
            "message" => matches!(
                of.subtype.as_str(),
                "rfc822" | "global" | "global-headers" | "rfc822-headers"
            ),
            "text" => of.subtype == "rfc822-headers",
            _ => false,
        };
        if is_returned {
            let octets = content::octets(part);
            add(head::message_id(&Fields::read(octets.trim_ascii_start()).0)
                .into_iter()
                .collect());
        }
    }
    add(words::message_ids(text));
    let fields = &structure.root().fields;
    add(message_ids(fields, "in-reply-to"));
    add(message_ids(fields, "references"));
    found
}

/// A value without the type in front of it: `rfc822; ana@example.com`, `smtp; 550 5.1.1 …`.
fn after_type(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, rest))
            if kind
                .trim()
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-') =>
        {
            rest.trim()
        }
        _ => value.trim(),
    }
}

fn short(text: &str) -> String {
    text.chars().take(DIAGNOSTIC_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(mail: &str) -> Option<DeliveryReport> {
        let structure = Structure::read(mail.as_bytes());
        let text = mail.split_once("\n\n").map_or("", |(_, body)| body);
        read(&structure, &MailEnvelope::default(), text)
    }

    /// A report with one recipient's fields.
    fn standard(fields: &str) -> RecipientReport {
        let mail = format!(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=a\n\n--a\n\nSorry.\n--a\n\
             Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n{fields}\n--a--\n"
        );
        let mut recipients = report(&mail).unwrap().recipients;
        assert_eq!(recipients.len(), 1, "{fields}");
        recipients.remove(0)
    }

    #[test]
    fn every_recipient_of_a_report_is_read() {
        let mail = "From: MAILER-DAEMON@mx.example.org\nContent-Type: multipart/report; report-type=delivery-status;\n boundary=a\n\
                    In-Reply-To: <0@example.org>\n\n--a\n\nSorry.\n--a\nContent-Type: message/delivery-status\n\n\
                    Original-Envelope-Id: abc.def\nReporting-MTA: dns; mx.example.org\n\n\
                    Final-Recipient: rfc822; ana@example.com\nAction: failed\nStatus: 5.1.1\n\
                    Diagnostic-Code: smtp; 550 5.1.1 <ana@example.com>: unknown\n\n\
                    Final-Recipient: rfc822;eva@example.com\nAction: delayed (soon)\nStatus: 4.4.1 (no answer)\n\n\
                    --a\nContent-Type: text/rfc822-headers\n\nMessage-ID: <1@example.org>\nTo: x\n--a--\n";
        let read = report(mail).unwrap();
        assert_eq!(read.envelope_id.as_deref(), Some("abc.def"));
        assert_eq!(
            read.about.iter().map(MessageId::as_str).collect::<Vec<_>>(),
            ["1@example.org", "0@example.org"]
        );
        let [ana, eva] = read.recipients.as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!(ana.recipient.as_deref(), Some("ana@example.com"));
        assert!(ana.is_hard_bounce());
        assert_eq!(
            ana.diagnostic.as_deref(),
            Some("550 5.1.1 <ana@example.com>: unknown")
        );
        assert_eq!(
            (eva.action, eva.status),
            (Action::Delayed, EnhancedCode::parse("4.4.1"))
        );
    }

    #[test]
    fn fields_that_are_missing_or_say_little_are_made_up_for() {
        let code = EnhancedCode::parse;
        for (fields, action, status) in [
            (
                "Action: relayed\nStatus: 2.0.0\nFinal-Recipient: a@b",
                Action::Relayed,
                code("2.0.0"),
            ),
            (
                "Final-Recipient: rfc822; a@b\nStatus: 5.2.2",
                Action::Failed,
                code("5.2.2"),
            ),
            (
                "Final-Recipient: rfc822; a@b\nStatus: 4.2.2",
                Action::Delayed,
                code("4.2.2"),
            ),
            ("Final-Recipient: rfc822; a@b", Action::Failed, None),
            (
                "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; x",
                Action::Failed,
                code("5.1.10"),
            ),
            (
                "Action: failed\nDiagnostic-Code: 550 #5.1.1 no such user at 4.3.2.1",
                Action::Failed,
                code("5.1.1"),
            ),
            (
                "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 450 4.2.1 x",
                Action::Failed,
                code("5.0.0"),
            ),
        ] {
            let read = standard(fields);
            assert_eq!((read.action, read.status), (action, status), "{fields}");
        }
    }

    #[test]
    fn a_bounce_that_a_person_passes_on_is_no_report() {
        let bounce = "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nLook: Mail delivery failed\n--a\n\
                      Content-Type: message/delivery-status\n\nAction: failed\nFinal-Recipient: a@b\n--a--\n";
        assert_eq!(report(&format!("From: Ana <ana@example.com>\n{bounce}")), None);
        assert!(report(&format!("From: <>\nReturn-Path: <>\n{bounce}")).is_some());
    }

    #[test]
    fn a_postmaster_who_can_be_answered_is_a_person() {
        let mail = "From: postmaster@customer.example\nSubject: Undeliverable mails\n\nOur mails could not be delivered.\n";
        assert!(report(mail).is_some());
        assert!(report(&format!("Return-Path: <>\n{mail}")).is_some());
        assert_eq!(
            report(&format!("Return-Path: <postmaster@customer.example>\n{mail}")),
            None
        );
    }

    #[test]
    fn an_absence_note_is_no_report_even_when_it_has_no_sender() {
        for header in [
            "Auto-Submitted: auto-replied\nSubject: Undeliverable\n",
            "Subject: Out of office\n",
        ] {
            let mail = format!("Return-Path: <>\nFrom: ana@example.com\n{header}\nI am away.\n");
            assert_eq!(report(&mail), None, "{header}");
        }
    }

    #[test]
    fn a_report_without_fields_has_one_recipient_all_the_same() {
        let read =
            report("Content-Type: multipart/report; report-type=delivery-status\n\nnothing\n").unwrap();
        assert_eq!(read.recipients.len(), 1);
    }
}
