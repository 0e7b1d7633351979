//! Mails that came in, and how they are settled.

use jiff::Timestamp;
use recado_domain::incoming::Shown;
use recado_domain::ledger::{MailId, Outcome, Via};
use recado_domain::outbox::Cause;
use recado_domain::ticket::Ticket;
use recado_ports::ledger::{NewMail, SettleMail};

use super::outbox::new_delivery;
use super::{DeliveryBuilder, ana, id};
use crate::clock::START;

/// A mail of Ana's to the desk, handed over by LMTP, like no other.
pub fn incoming(subject: &str) -> IncomingBuilder {
    let id = id();
    let raw = format!("From: ana@example.com\r\nSubject: {subject}\r\n\r\nSigue igual.\r\n");
    IncomingBuilder(NewMail {
        id: MailId(id),
        received_at: START,
        via: Via::Lmtp,
        source: None,
        envelope_from: Some("ana@example.com".to_owned()),
        envelope_to: None,
        fingerprint: format!("{:0>64}", id.simple()),
        shown: Shown {
            from: "Ana Peña <ana@example.com>".to_owned(),
            to: "desk@example.org".to_owned(),
            subject: subject.to_owned(),
        },
        message_id: Some(format!("{}@example.com", id.simple())),
        raw: raw.into_bytes(),
    })
}

/// Builds a [`NewMail`].
#[derive(Debug, Clone)]
pub struct IncomingBuilder(NewMail);

impl IncomingBuilder {
    /// When it came.
    #[must_use]
    pub fn received_at(mut self, at: Timestamp) -> Self {
        self.0.received_at = at;
        self
    }

    /// Where it lies in a mailbox.
    #[must_use]
    pub fn at_source(mut self, source: &str) -> Self {
        self.0.via = Via::Imap;
        self.0.source = Some(source.to_owned());
        self
    }

    /// Another copy of this mail.
    #[must_use]
    pub fn copy_of(mut self, other: &NewMail) -> Self {
        self.0.fingerprint.clone_from(&other.fingerprint);
        self.0.message_id.clone_from(&other.message_id);
        self.0.raw.clone_from(&other.raw);
        self
    }

    /// Its octets.
    #[must_use]
    pub fn raw(mut self, raw: &[u8]) -> Self {
        self.0.raw = raw.to_vec();
        self
    }

    /// The mail.
    pub fn build(self) -> NewMail {
        self.0
    }
}

/// A settlement of a pending mail that writes nothing but the outcome; for `..` in a test's own.
pub fn settlement(mail: MailId, outcome: Outcome) -> SettleMail {
    SettleMail {
        id: mail,
        expected: None,
        outcome,
        reason: None,
        ticket: None,
        person: None,
        sender: Some(ana().email),
        bounce: None,
        ticket_write: None,
        comment: None,
        mails: Vec::new(),
        outcomes: Vec::new(),
        accepts: None,
        lifts: None,
        now: START,
    }
}

/// A mail that tells Ana that her mail opened a ticket.
pub fn acknowledgement(mail: MailId, ticket: &Ticket) -> DeliveryBuilder {
    new_delivery(Cause::Acknowledgement(mail), Some(ticket.id))
}

/// A mail that tells the desk that a mail waits in quarantine.
pub fn alert(mail: MailId) -> DeliveryBuilder {
    new_delivery(Cause::Alert(mail), None)
}
