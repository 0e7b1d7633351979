//! The outbox: one row per mail that is owed, and the state machine that takes it to its end.
//!
//! ```text
//! ready ─┐            ┌─ release ─→ ready
//! retry ─┼─ claim ─→ leased ─ fence ─→ sending ─ accept ─→ sent
//! unsure ┘            │                 │
//!                     ├─ refuse → retry ├─ lose track → unsure
//!                     └─ reject → dead  └─ refuse, reject, release
//! ```
//! Stores carry the transitions out with the rows' lease token in every condition; this module says which are legal.

use jiff::Timestamp;
use uuid::Uuid;

use crate::channel::AccountId;
use crate::comment::CommentId;
use crate::ledger::MailId;
use crate::person::EmailAddress;
use crate::ticket::TicketId;
use crate::token::MessageId;

/// The id of an outbox row, a UUIDv7 made before the insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DeliveryId(pub Uuid);

/// A random token that a worker's writes name, so that one who lost its lease cannot write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseToken(pub Uuid);

/// Where a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum State {
    /// Never tried, or put back untried.
    Ready,
    /// A worker has it; nothing that the server could take was sent.
    Leased,
    /// The final dot may have gone out.
    Sending,
    /// Refused for now; tried again later.
    Retry,
    /// The final dot went out and its answer never came; sent again later.
    Unsure,
    /// The server took it.
    Sent,
    /// Given up, with a reason; an operator can requeue it.
    Dead,
    /// Called back before it left.
    Cancelled,
}

/// What happens to a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A worker takes it.
    Claim,
    /// The worker commits that the final dot goes out next.
    Fence,
    /// A 2xx to the final dot.
    Accept,
    /// The worker gives it back uncharged, or its lease ran out before the fence.
    Release,
    /// Refused for now.
    Refuse,
    /// Refused for good, or expired.
    Reject,
    /// The answer to the final dot is lost, or the lease ran out behind the fence.
    LoseTrack,
    /// An operator or the comment's author calls it back, or its recipient is no longer named on the ticket.
    Cancel,
    /// An operator sends it again.
    Requeue,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Ready,
        Self::Leased,
        Self::Sending,
        Self::Retry,
        Self::Unsure,
        Self::Sent,
        Self::Dead,
        Self::Cancelled,
    ];

    /// The states that a worker may claim, and that show as `held` while the channel is.
    pub const WAITING: [Self; 3] = [Self::Ready, Self::Retry, Self::Unsure];

    /// The name by which the state is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Sending => "sending",
            Self::Retry => "retry",
            Self::Unsure => "unsure",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// The inverse of [`State::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the mail still has a way to go by itself.
    pub fn is_active(self) -> bool {
        !matches!(self, Self::Sent | Self::Dead | Self::Cancelled)
    }

    /// The state after an event, or `None` where the event cannot happen.
    ///
    /// ```
    /// use recado_domain::outbox::{Event, State};
    /// assert_eq!(State::Leased.on(Event::Fence), Some(State::Sending));
    /// assert_eq!(State::Sent.on(Event::Claim), None);
    /// ```
    pub fn on(self, event: Event) -> Option<Self> {
        Some(match (self, event) {
            (Self::Ready | Self::Retry | Self::Unsure, Event::Claim) => Self::Leased,
            (Self::Leased, Event::Fence) => Self::Sending,
            // Unsure: the answer came after another process had ended the lease.
            (Self::Sending | Self::Unsure, Event::Accept) => Self::Sent,
            // Released from sending: the server answered the final dot with a fault of the account, so the mail is
            // not charged. Requeued while it waits: an operator who asks twice is not refused.
            (Self::Leased | Self::Sending, Event::Release)
            | (Self::Dead | Self::Cancelled | Self::Ready | Self::Retry | Self::Unsure, Event::Requeue) => {
                Self::Ready
            }
            (Self::Leased | Self::Sending, Event::Refuse) => Self::Retry,
            (Self::Leased | Self::Sending | Self::Ready | Self::Retry | Self::Unsure, Event::Reject) => {
                Self::Dead
            }
            (Self::Sending, Event::LoseTrack) => Self::Unsure,
            // A leased mail too: its worker finds the fence refused. A dead one, so that nothing brings it back.
            (Self::Ready | Self::Retry | Self::Unsure | Self::Leased | Self::Dead, Event::Cancel) => {
                Self::Cancelled
            }
            _ => return None,
        })
    }

    /// The states in which an event can happen; what a store puts into its condition.
    pub fn sources(event: Event) -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|state| state.on(event).is_some())
            .collect()
    }
}

/// What later became known of a sent mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Outcome {
    /// Handed to a server that gives no further reports (RFC 3461 §5.2.7).
    Relayed,
    /// A final delivery report came.
    Delivered,
    /// A non-delivery report came.
    Bounced,
    /// Its recipient wrote back.
    Answered,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Relayed, Self::Delivered, Self::Bounced, Self::Answered];

    /// The name by which the outcome is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Relayed => "relayed",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Answered => "answered",
        }
    }

    /// The inverse of [`Outcome::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// Why a mail is owed. The outbox holds one row per (cause, recipient, kind of cause).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A comment on a ticket.
    Comment(CommentId),
    /// An administrator tries a template or an account.
    Test(Uuid),
    /// A mail opened a ticket, and its sender is told so.
    Acknowledgement(MailId),
    /// A mail has waited in quarantine for long, and the desk is told so.
    Alert(MailId),
    /// Somebody asked for a link to sign in with. Its message is a secret: nobody reads it but its recipient.
    SignIn(Uuid),
}

impl Cause {
    /// The kind's stored name. A store leaves rows of kinds that it does not know alone.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Comment(_) => "comment",
            Self::Test(_) => "test",
            Self::Acknowledgement(_) => "acknowledgement",
            Self::Alert(_) => "alert",
            Self::SignIn(_) => "sign_in",
        }
    }

    /// The id of what caused it.
    pub fn id(self) -> Uuid {
        match self {
            Self::Comment(CommentId(id))
            | Self::Test(id)
            | Self::SignIn(id)
            | Self::Acknowledgement(MailId(id))
            | Self::Alert(MailId(id)) => id,
        }
    }

    /// The inverse of [`Cause::kind`] and [`Cause::id`]; `None` for a kind of a later version.
    pub fn parse(kind: &str, id: Uuid) -> Option<Self> {
        match kind {
            "comment" => Some(Self::Comment(CommentId(id))),
            "test" => Some(Self::Test(id)),
            "acknowledgement" => Some(Self::Acknowledgement(MailId(id))),
            "alert" => Some(Self::Alert(MailId(id))),
            "sign_in" => Some(Self::SignIn(id)),
            _ => None,
        }
    }
}

/// One try at sending that counted, or the one that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it ended.
    pub at: Timestamp,
    /// The state that it led to.
    pub outcome: State,
    /// What the server said, or what cut it off.
    pub reply: Option<String>,
}

/// A row of the outbox, without its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Why it is owed.
    pub cause: Cause,
    /// The ticket that it is about; a test has none.
    pub ticket: Option<TicketId>,
    /// The account that it leaves from.
    pub account: AccountId,
    /// Envelope recipient.
    pub recipient: EmailAddress,
    /// Envelope sender.
    pub sender: EmailAddress,
    /// Where it stands; see [`State`] for `held`.
    pub state: State,
    /// What became known after it was sent.
    pub outcome: Option<Outcome>,
    /// Attempts charged so far.
    pub attempts: u32,
    /// How often the answer to its final dot was lost through no end of our own process.
    pub lost_answers: u32,
    /// The same in every copy.
    pub message_id: MessageId,
    /// The server's last word, or why it is dead or cancelled.
    pub last_reply: Option<String>,
    /// Octets of the message.
    pub size: u64,
    /// When its cause was stored.
    pub created_at: Timestamp,
    /// When it is due; `None` when it is not waiting.
    pub next_attempt_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const EVENTS: [Event; 9] = [
        Event::Claim,
        Event::Fence,
        Event::Accept,
        Event::Release,
        Event::Refuse,
        Event::Reject,
        Event::LoseTrack,
        Event::Cancel,
        Event::Requeue,
    ];

    #[test]
    fn a_mail_that_a_server_took_never_moves_again() {
        assert!(EVENTS.into_iter().all(|event| State::Sent.on(event).is_none()));
    }

    #[test]
    fn nothing_is_sent_but_through_the_fence() {
        let to_sending: Vec<_> = State::ALL
            .into_iter()
            .flat_map(|state| EVENTS.map(|event| (state, event)))
            .filter(|(state, event)| state.on(*event) == Some(State::Sending))
            .collect();
        assert_eq!(to_sending, [(State::Leased, Event::Fence)]);
        assert_eq!(State::sources(Event::Accept), [State::Sending, State::Unsure]);
    }

    #[test]
    fn every_active_state_has_a_way_to_sent() {
        for start in State::ALL.into_iter().filter(|state| state.is_active()) {
            let mut reached = BTreeSet::from([start]);
            loop {
                let more: BTreeSet<_> = reached
                    .iter()
                    .flat_map(|state| EVENTS.into_iter().filter_map(|event| state.on(event)))
                    .chain(reached.iter().copied())
                    .collect();
                if more.len() == reached.len() {
                    break;
                }
                reached = more;
            }
            assert!(reached.contains(&State::Sent), "{start:?}");
        }
    }

    #[test]
    fn names_read_back_as_what_they_were() {
        assert!(
            State::ALL
                .into_iter()
                .all(|state| State::parse(state.as_str()) == Some(state))
        );
        assert_eq!(State::parse("held"), None);
    }
}
