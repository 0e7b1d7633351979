//! Rows of the outbox.

use diesel::prelude::*;
use recado_domain::channel::AccountId;
use recado_domain::outbox::{Attempt, Cause, Delivery, DeliveryId, Outcome, State};
use recado_domain::ticket::TicketId;
use recado_domain::token::MessageId;
use recado_ports::outbox::NewDelivery;

use super::address;
use crate::column::{Key, count, micros, timestamp, word};
use crate::fault::Fault;
use crate::schema::{delivery_attempt, outbox, outbox_message};

/// What the domain knows of a mail.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub(crate) struct DeliveryRow {
    pub(crate) id: Key,
    pub(crate) cause_kind: String,
    pub(crate) cause_id: Key,
    pub(crate) ticket: Option<Key>,
    pub(crate) account: i64,
    pub(crate) recipient: String,
    pub(crate) sender: String,
    pub(crate) state: String,
    pub(crate) outcome: Option<String>,
    pub(crate) attempts: i64,
    pub(crate) lost_answers: i64,
    pub(crate) message_id: String,
    pub(crate) last_reply: Option<String>,
    pub(crate) size: i64,
    pub(crate) created_at: i64,
    pub(crate) due_at: i64,
}

impl DeliveryRow {
    pub(crate) fn try_into_domain(self) -> Result<Delivery, Fault> {
        let state = word("a delivery's state", &self.state, State::parse)?;
        let next_attempt_at = State::WAITING
            .contains(&state)
            .then(|| timestamp(self.due_at))
            .transpose()?;
        let outcome = self
            .outcome
            .map(|text| word("a delivery's outcome", &text, Outcome::parse))
            .transpose()?;
        Ok(Delivery {
            id: DeliveryId(self.id.0),
            cause: word("a delivery's cause", &self.cause_kind, |kind| {
                Cause::parse(kind, self.cause_id.0)
            })?,
            ticket: self.ticket.map(|Key(id)| TicketId(id)),
            account: AccountId(count("an account", self.account)?),
            recipient: address(&self.recipient)?,
            sender: address(&self.sender)?,
            state,
            outcome,
            attempts: count("a count of attempts", self.attempts)?,
            lost_answers: count("a count of lost answers", self.lost_answers)?,
            message_id: message_id(&self.message_id)?,
            last_reply: self.last_reply,
            size: count("a size", self.size)?,
            created_at: timestamp(self.created_at)?,
            next_attempt_at,
        })
    }
}

/// A stored Message-ID.
pub(crate) fn message_id(text: &str) -> Result<MessageId, Fault> {
    word("a Message-ID", text, MessageId::parse)
}

/// A mail to store.
#[derive(Debug, Insertable)]
#[diesel(table_name = outbox)]
pub(crate) struct NewDeliveryRow<'a> {
    pub(crate) id: Key,
    pub(crate) cause_kind: &'static str,
    pub(crate) cause_id: Key,
    pub(crate) ticket: Option<Key>,
    pub(crate) account: i64,
    pub(crate) sender: &'a str,
    pub(crate) recipient: &'a str,
    pub(crate) state: &'static str,
    pub(crate) message_id: &'a str,
    pub(crate) size: i64,
    pub(crate) created_at: i64,
    pub(crate) due_at: i64,
    pub(crate) open_base: i64,
}

impl<'a> NewDeliveryRow<'a> {
    /// `open_base` is the account's open time, from which expiry counts.
    pub(crate) fn new(delivery: &'a NewDelivery, open_base: i64) -> Self {
        Self {
            id: Key(delivery.id.0),
            cause_kind: delivery.cause.kind(),
            cause_id: Key(delivery.cause.id()),
            ticket: delivery.ticket.map(|TicketId(id)| Key(id)),
            account: i64::from(delivery.account.0),
            sender: delivery.sender.as_str(),
            recipient: delivery.recipient.as_str(),
            state: State::Ready.as_str(),
            message_id: delivery.message_id.as_str(),
            size: i64::try_from(delivery.message.len()).unwrap_or(i64::MAX),
            created_at: micros(delivery.created_at),
            due_at: micros(delivery.due_at),
            open_base,
        }
    }
}

/// A mail's octets.
#[derive(Debug, Insertable)]
#[diesel(table_name = outbox_message)]
pub(crate) struct MessageRow<'a> {
    pub(crate) delivery: Key,
    pub(crate) bytes: &'a [u8],
}

/// A try at sending, to store.
#[derive(Debug, Insertable)]
#[diesel(table_name = delivery_attempt)]
pub(crate) struct NewAttemptRow<'a> {
    pub(crate) delivery: Key,
    pub(crate) at: i64,
    pub(crate) outcome: &'static str,
    pub(crate) reply: Option<&'a str>,
}

/// A stored try.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = delivery_attempt)]
pub(crate) struct AttemptRow {
    at: i64,
    outcome: String,
    reply: Option<String>,
}

impl AttemptRow {
    pub(crate) fn try_into_domain(self) -> Result<Attempt, Fault> {
        Ok(Attempt {
            at: timestamp(self.at)?,
            outcome: word("an attempt's outcome", &self.outcome, State::parse)?,
            reply: self.reply,
        })
    }
}
