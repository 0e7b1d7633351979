//! Rows of the ledger.
#![expect(
    clippy::ref_option_ref,
    reason = "in the code that diesel derives for a change set"
)]

use std::borrow::Cow;

use diesel::prelude::*;
use recado_domain::comment::CommentId;
use recado_domain::ledger::{BounceNote, LedgerEntry, MailId, Outcome, Via};
use recado_domain::outbox::DeliveryId;
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_ports::ledger::{NewMail, SettleMail};

use super::address;
use crate::column::{Key, count, micros, storable, stored_size, timestamp, word};
use crate::fault::Fault;
use crate::schema::{incoming_mail, incoming_message};

/// The word for a failure for good.
const PERMANENT: &str = "permanent";
/// The word for any other report.
const TRANSIENT: &str = "transient";

/// A mail that came in, without its octets.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = incoming_mail)]
pub(crate) struct MailRow {
    pub(crate) id: Key,
    received_at: i64,
    via: String,
    envelope_from: Option<String>,
    envelope_to: Option<String>,
    shown_from: String,
    shown_to: String,
    subject: String,
    message_id: Option<String>,
    size: i64,
    outcome: Option<String>,
    reason: Option<String>,
    ticket: Option<Key>,
    comment: Option<Key>,
    person: Option<String>,
    bounce_recipient: Option<String>,
    bounce_status: Option<String>,
    bounce_diagnostic: Option<String>,
    bounce_kind: Option<String>,
    bounce_delivery: Option<Key>,
}

impl MailRow {
    pub(crate) fn try_into_domain(self) -> Result<LedgerEntry, Fault> {
        let permanence = |text: &str| match text {
            PERMANENT => Some(true),
            TRANSIENT => Some(false),
            _ => None,
        };
        let bounce = match self.bounce_kind {
            None => None,
            Some(kind) => Some(BounceNote {
                recipient: self.bounce_recipient,
                status: self.bounce_status,
                diagnostic: self.bounce_diagnostic,
                permanent: word("a bounce's kind", &kind, permanence)?,
                delivery: self.bounce_delivery.map(|Key(id)| DeliveryId(id)),
            }),
        };
        Ok(LedgerEntry {
            id: MailId(self.id.0),
            received_at: timestamp(self.received_at)?,
            via: word("a mail's way in", &self.via, Via::parse)?,
            envelope_from: self.envelope_from,
            envelope_to: self.envelope_to.as_deref().map(address).transpose()?,
            from: self.shown_from,
            to: self.shown_to,
            subject: self.subject,
            message_id: self.message_id,
            size: count("a mail's size", self.size)?,
            outcome: self.outcome.as_deref().map(outcome).transpose()?,
            reason: self.reason,
            ticket: self.ticket.map(|Key(id)| TicketId(id)),
            comment: self.comment.map(|Key(id)| CommentId(id)),
            bounce,
            person: self.person.as_deref().map(address).transpose()?,
        })
    }
}

/// A stored outcome.
pub(crate) fn outcome(text: &str) -> Result<Outcome, Fault> {
    word("a mail's outcome", text, Outcome::parse)
}

/// A mail to store, pending.
#[derive(Debug, Insertable)]
#[diesel(table_name = incoming_mail)]
pub(crate) struct NewMailRow<'a> {
    id: Key,
    received_at: i64,
    via: &'static str,
    source: Option<Cow<'a, str>>,
    envelope_from: Option<Cow<'a, str>>,
    envelope_to: Option<&'a str>,
    fingerprint: &'a str,
    shown_from: Cow<'a, str>,
    shown_to: Cow<'a, str>,
    subject: Cow<'a, str>,
    message_id: Option<Cow<'a, str>>,
    size: i64,
    kept_since: i64,
}

impl<'a> From<&'a NewMail> for NewMailRow<'a> {
    fn from(mail: &'a NewMail) -> Self {
        Self {
            id: Key(mail.id.0),
            received_at: micros(mail.received_at),
            via: mail.via.as_str(),
            source: mail.source.as_deref().map(storable),
            envelope_from: mail.envelope_from.as_deref().map(storable),
            envelope_to: mail.envelope_to.as_ref().map(EmailAddress::as_str),
            fingerprint: &mail.fingerprint,
            shown_from: storable(&mail.shown.from),
            shown_to: storable(&mail.shown.to),
            subject: storable(&mail.shown.subject),
            message_id: mail.message_id.as_deref().map(storable),
            size: stored_size(mail.raw.len() as u64),
            kept_since: micros(mail.received_at),
        }
    }
}

/// A mail's octets.
#[derive(Debug, Insertable)]
#[diesel(table_name = incoming_message)]
pub(crate) struct NewIncomingMessageRow<'a> {
    pub(crate) mail: Key,
    pub(crate) bytes: &'a [u8],
}

/// What a settlement writes into the mail's own row: everything, an absent value as NULL.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = incoming_mail)]
#[diesel(treat_none_as_null = true)]
pub(crate) struct Verdict<'a> {
    outcome: &'static str,
    settled_at: i64,
    reason: Option<Cow<'a, str>>,
    ticket: Option<Key>,
    comment: Option<Key>,
    sender: Option<&'a str>,
    person: Option<&'a str>,
    bounce_recipient: Option<Cow<'a, str>>,
    bounce_status: Option<Cow<'a, str>>,
    bounce_diagnostic: Option<Cow<'a, str>>,
    bounce_kind: Option<&'static str>,
    bounce_delivery: Option<Key>,
}

impl<'a> From<&'a SettleMail> for Verdict<'a> {
    fn from(settle: &'a SettleMail) -> Self {
        let bounce = settle.bounce.as_ref();
        let kind = |bounce: &BounceNote| if bounce.permanent { PERMANENT } else { TRANSIENT };
        Self {
            outcome: settle.outcome.as_str(),
            settled_at: micros(settle.now),
            reason: settle.reason.as_deref().map(storable),
            ticket: settle.ticket.map(|TicketId(id)| Key(id)),
            comment: settle.comment.as_ref().map(|accept| Key(accept.comment.id.0)),
            sender: settle.sender.as_ref().map(EmailAddress::as_str),
            person: settle.person.as_ref().map(EmailAddress::as_str),
            bounce_recipient: bounce
                .and_then(|bounce| bounce.recipient.as_deref())
                .map(storable),
            bounce_status: bounce.and_then(|bounce| bounce.status.as_deref()).map(storable),
            bounce_diagnostic: bounce
                .and_then(|bounce| bounce.diagnostic.as_deref())
                .map(storable),
            bounce_kind: bounce.map(kind),
            bounce_delivery: bounce
                .and_then(|bounce| bounce.delivery)
                .map(|DeliveryId(id)| Key(id)),
        }
    }
}
