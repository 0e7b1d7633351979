//! What became of a message's mails, in words for people. `DELIVERY.md`'s states are the machine's.

use recado_app::read_deliveries::{HeldChannels, ShownState};
use recado_app::see_comment::SeeComment;
use recado_domain::outbox::{Outcome, State};
use recado_ports::comments::DeliverySummary;
use serde::Serialize;

/// The state of one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(in crate::web) struct MailState {
    /// The key of its words.
    pub(in crate::web) key: &'static str,
    /// `good`, `bad`, or nothing special.
    pub(in crate::web) tone: &'static str,
    pub(in crate::web) icon: &'static str,
    /// Of several mails the one that most needs somebody speaks for all: the greatest.
    #[serde(skip)]
    weight: u8,
}

impl MailState {
    const fn new(weight: u8, key: &'static str, tone: &'static str, icon: &'static str) -> Self {
        Self {
            key,
            tone,
            icon,
            weight,
        }
    }

    /// The words for a mail's state. *Delivered* is said when a final report said so, and never before.
    pub(in crate::web) fn of(state: ShownState, outcome: Option<Outcome>) -> Self {
        match (state, outcome) {
            (ShownState::Held, _) => Self::new(7, "mail-held", "", "pause"),
            (ShownState::Stored(State::Sent), outcome) => match outcome {
                None => Self::new(2, "mail-sent", "", "check"),
                Some(Outcome::Relayed) => Self::new(3, "mail-relayed", "", "check"),
                Some(Outcome::Delivered) => Self::new(1, "mail-delivered", "good", "checks"),
                Some(Outcome::Bounced) => Self::new(11, "mail-bounced", "bad", "warning"),
                Some(Outcome::Answered) => Self::new(1, "mail-answered", "good", "checks"),
            },
            (ShownState::Stored(state), _) => match state {
                State::Dead => Self::new(10, "mail-dead", "bad", "warning"),
                State::Unsure => Self::new(9, "mail-unsure", "", "clock"),
                State::Retry => Self::new(8, "mail-retry", "", "clock"),
                State::Ready => Self::new(6, "mail-waiting", "", "clock"),
                State::Leased | State::Sending => Self::new(5, "mail-leaving", "", "clock"),
                State::Cancelled | State::Sent => Self::new(0, "mail-cancelled", "", "undo"),
            },
        }
    }

    /// What a message without mails says: nobody else is there to be told.
    pub(in crate::web) const NO_MAIL: Self = Self::new(0, "mail-none", "", "check");

    /// What a requester's message without mails says.
    pub(in crate::web) const RECEIVED: Self = Self::new(0, "mail-received", "", "check");

    /// The recipient has it before their eyes, and wanted no mail.
    const SEEN: Self = Self::new(1, "mail-seen", "good", "checks");

    /// A message that can still be undone.
    pub(in crate::web) const HOLD: Self = Self::new(0, "mail-hold", "", "clock");
}

/// What a message says of all its mails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::web) struct Together {
    #[serde(flatten)]
    pub(in crate::web) state: MailState,
    /// Mails in this state.
    pub(in crate::web) count: usize,
    /// All of the message's mails, when not all of them are in this state; else 0.
    pub(in crate::web) others: usize,
}

impl From<MailState> for Together {
    fn from(state: MailState) -> Self {
        Self {
            state,
            count: 1,
            others: 0,
        }
    }
}

/// One line for all mails of a message; `None` without mails.
pub(in crate::web) fn together(mails: &[MailState]) -> Option<Together> {
    let state = *mails.iter().max_by_key(|mail| mail.weight)?;
    let count = mails.iter().filter(|mail| **mail == state).count();
    Some(Together {
        state,
        count,
        others: if count == mails.len() { 0 } else { mails.len() },
    })
}

/// A mail's state as it is shown.
pub(in crate::web) fn shown(delivery: &DeliverySummary, held: &HeldChannels) -> MailState {
    if delivery.state == State::Cancelled && delivery.last_reply.as_deref() == Some(SeeComment::SEEN) {
        return MailState::SEEN;
    }
    MailState::of(held.shown(delivery.account, delivery.state), delivery.outcome)
}

/// Whether a server has the mail, or may have it.
pub(in crate::web) fn has_left(delivery: &DeliverySummary) -> bool {
    matches!(delivery.state, State::Sent | State::Sending | State::Unsure)
}

/// The server's or Recado's own words, where the state needs a reason.
pub(in crate::web) fn reason(delivery: &DeliverySummary) -> Option<String> {
    let needs_one = matches!(delivery.state, State::Dead | State::Retry | State::Unsure)
        || delivery.outcome == Some(Outcome::Bounced);
    delivery
        .last_reply
        .as_deref()
        .filter(|_| needs_one)
        .map(|reply| reply.chars().take(400).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(state: State) -> MailState {
        MailState::of(ShownState::Stored(state), None)
    }

    #[test]
    fn delivered_is_said_of_a_final_report_alone() {
        for state in State::ALL {
            for outcome in [None, Some(Outcome::Relayed), Some(Outcome::Bounced)] {
                assert_ne!(
                    MailState::of(ShownState::Stored(state), outcome).key,
                    "mail-delivered"
                );
            }
        }
        let delivered = MailState::of(ShownState::Stored(State::Sent), Some(Outcome::Delivered));
        assert_eq!((delivered.key, delivered.tone), ("mail-delivered", "good"));
    }

    #[test]
    fn the_mail_that_most_needs_somebody_speaks_for_all() {
        let bounced = MailState::of(ShownState::Stored(State::Sent), Some(Outcome::Bounced));
        let line = together(&[stored(State::Sent), bounced, stored(State::Ready)]).unwrap();
        assert_eq!((line.state.key, line.count, line.others), ("mail-bounced", 1, 3));
        let line = together(&[stored(State::Sent), stored(State::Sent)]).unwrap();
        assert_eq!((line.state.key, line.count, line.others), ("mail-sent", 2, 0));
        let line = together(&[stored(State::Cancelled), stored(State::Sent)]).unwrap();
        assert_eq!(line.state.key, "mail-sent");
        assert_eq!(together(&[]), None);
    }
}
