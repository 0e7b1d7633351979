//! What a judgement goes by, besides the mail: the configured policy, the proven carriers, and what is known of people.

use std::time::Duration;

use jiff::Timestamp;

use super::AuthenticationTrust;
use crate::comment::Visibility;
use crate::ledger::Via;
use crate::outbox::DeliveryId;
use crate::person::{EmailAddress, Role, User};
use crate::ticket::{Ticket, TicketStatus};

/// Who may open tickets by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenTickets {
    /// Whoever writes.
    Anyone,
    /// People with an account, in a group or on a ticket.
    #[default]
    Known,
    /// Nobody: such mails are quarantined.
    Nobody,
}

/// What the configuration decides.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Whose word about authentication counts.
    pub trust: AuthenticationTrust,
    /// Who may open tickets.
    pub open_tickets: OpenTickets,
    /// Programs that may open tickets too.
    pub monitoring: Vec<EmailAddress>,
    /// How long after it was closed an answer reopens a ticket.
    pub reopen: Duration,
    /// How long a carrier proves anything.
    pub token_age: Duration,
    /// Told when nobody answers for a ticket; on no ticket by name, and yet allowed to answer.
    pub desk: Option<EmailAddress>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            trust: AuthenticationTrust::default(),
            open_tickets: OpenTickets::default(),
            monitoring: Vec::new(),
            reopen: Duration::from_hours(14 * 24),
            token_age: Duration::from_hours(180 * 24),
            desk: None,
        }
    }
}

impl Policy {
    /// Whether an answer opens a closed ticket again: it was closed a short while ago.
    pub fn reopens(&self, ticket: &Ticket, now: Timestamp) -> bool {
        let since = now.duration_since(ticket.closed_at.unwrap_or(ticket.updated_at));
        ticket.status == TicketStatus::Closed && Duration::try_from(since).unwrap_or_default() <= self.reopen
    }
}

/// Where a carrier stood in the mail; in the order in which carriers are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProofPlace {
    /// The plus-address that the mail was sent to.
    Address,
    /// `In-Reply-To` or `References`.
    Thread,
    /// The reference line, in the quoted text.
    Body,
}

/// A carrier whose signature was verified, with what it leads to.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Where it stood.
    pub place: ProofPlace,
    /// The mail of ours that it was in.
    pub delivery: DeliveryId,
    /// The ticket that the mail was about.
    pub ticket: Ticket,
    /// Whom the mail went to.
    pub person: EmailAddress,
    /// The role of that person's account, when there is one.
    pub person_role: Option<Role>,
    /// When the mail was written.
    pub written_at: Timestamp,
    /// Who may read what the mail told of. An answer to it is as private.
    pub visibility: Visibility,
}

/// What is known of the address in `From`.
#[derive(Debug, Clone, Default)]
pub struct SenderFacts {
    /// Its account.
    pub account: Option<User>,
    /// The groups that it belongs to.
    pub groups: Vec<EmailAddress>,
    /// The people for whom the desk accepted an answer from it.
    pub answers_for: Vec<EmailAddress>,
    /// Whether it has an account, is in a group or is named on any ticket.
    pub is_known: bool,
}

/// Everything that the judgement goes by, besides the mail.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The time of judging.
    pub now: Timestamp,
    /// The way in.
    pub via: Via,
    /// The address that our mails come from (parameter 10).
    pub own_address: Option<EmailAddress>,
    /// Whether the mail's own Message-ID proves that we wrote it.
    pub is_ours: bool,
    /// Whether a plus-address of ours bears a token that proves nothing.
    pub has_unproven_token: bool,
    /// The carriers that prove something.
    pub proofs: Vec<Proof>,
    /// The first ticket that a tag in the subject names.
    pub tagged: Option<Ticket>,
    /// About the sender.
    pub sender: SenderFacts,
}
