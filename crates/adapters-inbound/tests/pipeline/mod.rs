//! Everything pure that happens to a mail on its way in, with what must hold of any octets at all.
//!
//! The replay of the corpus and the fuzz target (`tests/fuzz`) both run it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use recado_adapters_inbound::parse::MailReader;
use recado_domain::comment::Visibility;
use recado_domain::incoming::{
    AuthenticationResults, AuthenticationTrust, Circumstances, IncomingMail, OpenTickets, Policy, Proof,
    ProofPlace, SenderFacts, judge,
};
use recado_domain::ledger::Via;
use recado_domain::outbox::DeliveryId;
use recado_domain::person::{EmailAddress, Party};
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, TicketStatus, Version};
use recado_domain::token::{reference_tokens, without_carriers};
use recado_ports::reader::{MailEnvelope, MailHead, ReadLimits, Reader};
use uuid::Uuid;

/// Small, so that short mails reach them.
const LIMITS: ReadLimits = ReadLimits {
    text: 2_000,
    attachments: 5,
    attachment: 4_000,
};

/// What may stand in no sanitised HTML. The text of a mail has its `<` escaped there.
const HARMFUL: [&str; 9] = [
    "<script", "<style", "<iframe", "<object", "<embed", "<form", "<meta", "<link", "<svg",
];

/// Takes a mail through all of it. Panics where something does not hold.
pub(crate) fn run(octets: &[u8]) -> IncomingMail {
    check_head(&MailReader.head(octets));
    let envelope = MailEnvelope {
        // The three that there are: unknown, null, somebody.
        from: match octets.len() % 3 {
            0 => None,
            1 => Some(String::new()),
            _ => Some("ana@customer.example".to_owned()),
        },
        to: EmailAddress::parse("desk@desk.example").ok(),
    };
    let mail = MailReader
        .read(octets, &envelope, &LIMITS)
        .expect("every octet sequence is a mail of some kind");
    check_mail(&mail);
    for circumstances in circumstances(&mail) {
        for open_tickets in [OpenTickets::Anyone, OpenTickets::Known, OpenTickets::Nobody] {
            let policy = Policy {
                trust: AuthenticationTrust {
                    servers: vec!["mx.desk.example".to_owned()],
                    exchange: vec![Via::Imap],
                    exchange_online: Vec::new(),
                },
                open_tickets,
                ..Policy::default()
            };
            let judgement = judge(&mail, &circumstances, &policy);
            assert_eq!(judgement, judge(&mail, &circumstances, &policy));
        }
    }
    let start = &octets[..octets.len().min(4_000)];
    if let Some(results) = AuthenticationResults::parse(&String::from_utf8_lossy(start)) {
        let domains = results
            .results
            .iter()
            .filter_map(|result| result.domain.as_deref());
        assert!(
            domains
                .into_iter()
                .all(|domain| !domain.is_empty() && domain == domain.to_lowercase())
        );
    }
    mail
}

fn check_head(head: &MailHead) {
    assert!(head.fingerprint.len() == 64 && head.fingerprint.bytes().all(|digit| digit.is_ascii_hexdigit()));
    for shown in [&head.shown.from, &head.shown.to, &head.shown.subject] {
        assert!(
            shown.chars().count() <= 1_000 && !shown.contains(char::is_control),
            "{shown:?}"
        );
    }
}

fn check_mail(mail: &IncomingMail) {
    let quoted = mail.quoted.as_deref().unwrap_or_default();
    let html = mail.html.as_deref().unwrap_or_default();
    assert!(mail.text.len() <= LIMITS.text && quoted.len() <= LIMITS.text);
    assert!(html.len() <= LIMITS.text * 4);
    for text in [mail.text.as_str(), quoted, html] {
        // PostgreSQL keeps no NUL, and what goes on must hold nobody's capability.
        assert!(!text.contains('\0'));
        let clean = without_carriers(text);
        assert!(clean.len() <= text.len());
        assert!(
            reference_tokens(&clean).is_empty(),
            "a carrier goes on: {clean:?}"
        );
    }
    let lower = html.to_ascii_lowercase();
    for harmful in HARMFUL {
        assert!(!lower.contains(harmful), "{harmful} in {html:?}");
    }
    assert!(mail.attachments.len() <= LIMITS.attachments);
    assert!(
        mail.attachments
            .iter()
            .all(|file| file.content.len() <= LIMITS.attachment)
    );
    assert!(mail.recipients.len() <= 200 && mail.references.len() <= 200 && mail.in_reply_to.len() <= 200);
    if let Some(report) = &mail.report {
        assert!(!report.recipients.is_empty());
        let diagnostics = report
            .recipients
            .iter()
            .filter_map(|recipient| recipient.diagnostic.as_deref());
        assert!(
            diagnostics
                .into_iter()
                .all(|diagnostic| diagnostic.chars().count() <= 2_000)
        );
    }
}

/// Nothing known; a proof for the sender; a proof for somebody else and a tag in the subject.
fn circumstances(mail: &IncomingMail) -> [Circumstances; 3] {
    let now: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a time");
    let sender = mail.from.party().map(|party| party.email.clone());
    let ana = EmailAddress::parse("ana@customer.example").expect("an address");
    let ticket = |requester: &EmailAddress| Ticket {
        id: TicketId(Uuid::from_u128(1)),
        number: TicketNumber::parse("4711").expect("a number"),
        title: "La impresora".to_owned(),
        requester: Party::parse("", requester.as_str()).expect("a party"),
        responsible: None,
        group: None,
        status: TicketStatus::Closed,
        contract: None,
        locale: None,
        watchers: Vec::new(),
        attributes: BTreeMap::new(),
        version: Version(1),
        created_at: now,
        updated_at: now,
        closed_at: Some(now - SignedDuration::from_hours(24 * 10)),
        follows: None,
    };
    let proof = |person: &EmailAddress| Proof {
        place: ProofPlace::Address,
        delivery: DeliveryId(Uuid::from_u128(7)),
        ticket: ticket(person),
        person: person.clone(),
        person_role: None,
        written_at: now,
        visibility: Visibility::Public,
    };
    let of = |proofs: Vec<Proof>, tagged| Circumstances {
        now,
        via: Via::Imap,
        own_address: EmailAddress::parse("desk@desk.example").ok(),
        is_ours: false,
        has_unproven_token: false,
        proofs,
        tagged,
        sender: SenderFacts::default(),
    };
    [
        of(Vec::new(), None),
        of(sender.iter().map(proof).collect(), None),
        of(vec![proof(&ana)], Some(ticket(&ana))),
    ]
}
