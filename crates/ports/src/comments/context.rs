//! What taking a comment in depends on, in one reading.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::person::EmailAddress;
use recado_domain::template::{StoredTemplate, TemplateId};
use recado_domain::ticket::{Ticket, TicketNumber};
use recado_domain::token::MessageId;

use super::{IdempotencyKey, IdempotencyRecord};
use crate::parameters::ParameterSnapshot;
use crate::preferences::Unwilling;

/// Asks for a [`CommentContext`].
#[derive(Debug, Clone)]
pub struct ContextQuery {
    /// The ticket that the comment is to stand on.
    pub ticket: OnTicket,
    /// In whose name it is to stand, as far as that is known.
    pub author: Option<EmailAddress>,
    /// The desk's own address, which is told when nobody answers for the ticket.
    pub desk: Option<EmailAddress>,
    /// The caller's key, when it gave one.
    pub idempotency: Option<IdempotencyKey>,
    /// The account that sends the comment's mails.
    pub account: AccountId,
    /// How many earlier mails of a thread are wanted.
    pub thread_length: u16,
    /// As of when.
    pub now: Timestamp,
}

/// The ticket that a comment is to stand on.
#[derive(Debug, Clone)]
pub enum OnTicket {
    /// The stored one with this number, in any letter case.
    Numbered(TicketNumber),
    /// This one, as it will be stored together with the comment, or is known to be stored. It is not read.
    Given(Box<Ticket>),
}

/// Everything that taking a comment in depends on, the mails that it owes included.
///
/// Each fact is as of a moment within the call; parameters and templates are as of one and the same.
#[derive(Debug, Clone)]
pub struct CommentContext {
    /// The ticket.
    pub ticket: Ticket,
    /// What the idempotency key holds, if it has not expired.
    pub repeated: Option<IdempotencyRecord>,
    /// Which of the author and the ticket's watchers have accounts with the role technician.
    pub technicians: BTreeSet<EmailAddress>,
    /// Which of those who may be told ([`eligible`](recado_domain::audience::eligible)) want no mail about the ticket
    /// now, as [`Preferences::unwilling`](crate::preferences::Preferences::unwilling) has it.
    pub unwilling: Unwilling,
    /// Which of them are suppressed now.
    pub suppressed: BTreeSet<EmailAddress>,
    /// The thread of mails about the ticket to each of them who got any, as [`Outbox::thread`](crate::outbox::Outbox::thread)
    /// has it.
    pub threads: BTreeMap<EmailAddress, Vec<MessageId>>,
    /// Whether the account is held.
    pub is_held: bool,
    /// The parameters.
    pub parameters: Arc<ParameterSnapshot>,
    /// The templates that the parameters 417, 253 and 251 name, as far as they exist.
    pub templates: Arc<BTreeMap<TemplateId, StoredTemplate>>,
}
