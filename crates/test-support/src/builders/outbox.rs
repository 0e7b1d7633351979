//! Mails that are owed.

use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::comment::Comment;
use recado_domain::outbox::{Cause, DeliveryId};
use recado_domain::ticket::TicketId;
use recado_ports::outbox::NewDelivery;

use super::mail::message_id;
use super::{address, ana, id};
use crate::clock::START;

/// A mail about a comment, to Ana.
pub fn delivery(comment: &Comment) -> DeliveryBuilder {
    new_delivery(Cause::Comment(comment.id), Some(comment.ticket))
}

/// A mail that no comment causes, to Ana.
pub fn test_delivery() -> DeliveryBuilder {
    new_delivery(Cause::Test(id()), None)
}

pub(super) fn new_delivery(cause: Cause, ticket: Option<TicketId>) -> DeliveryBuilder {
    let id = id();
    DeliveryBuilder(NewDelivery {
        id: DeliveryId(id),
        cause,
        ticket,
        account: AccountId::DEFAULT,
        sender: address("desk@example.org"),
        recipient: ana().email,
        message_id: message_id(id),
        message: format!("Subject: {id}\r\n\r\nEstamos en ello.\r\n").into_bytes(),
        due_at: START,
        created_at: START,
    })
}

/// Builds a [`NewDelivery`].
#[derive(Debug, Clone)]
pub struct DeliveryBuilder(NewDelivery);

impl DeliveryBuilder {
    /// Whom it goes to.
    #[must_use]
    pub fn to(mut self, email: &str) -> Self {
        self.0.recipient = address(email);
        self
    }

    /// The account that it leaves from.
    #[must_use]
    pub fn from_account(mut self, account: u32) -> Self {
        self.0.account = AccountId(account);
        self
    }

    /// Not before this.
    #[must_use]
    pub fn due_at(mut self, due_at: Timestamp) -> Self {
        self.0.due_at = due_at;
        self
    }

    /// When its cause was stored.
    #[must_use]
    pub fn created_at(mut self, created_at: Timestamp) -> Self {
        self.0.created_at = created_at;
        self
    }

    /// Its octets.
    #[must_use]
    pub fn message(mut self, message: &[u8]) -> Self {
        self.0.message = message.to_vec();
        self
    }

    /// The mail.
    pub fn build(self) -> NewDelivery {
        self.0
    }
}
