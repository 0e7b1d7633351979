//! The outbox in memory: rows and their transitions. `outbox/port.rs` is the port upon them.

mod port;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use recado_domain::bounce::supersedes;
use recado_domain::channel::AccountId;
use recado_domain::outbox::{Attempt, Cause, Delivery, DeliveryId, Event, LeaseToken, Outcome, State};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_domain::token::MessageId;
use recado_ports::events::EventKind;
use recado_ports::outbox::{LostBy, NewDelivery, Settlement};

use super::Tables;

/// A stored mail.
pub(super) struct Row {
    pub(super) id: DeliveryId,
    pub(super) cause: Cause,
    pub(super) recipient: EmailAddress,
    pub(super) state: State,
    pub(super) ticket: Option<TicketId>,
    pub(super) account: AccountId,
    sender: EmailAddress,
    message_id: MessageId,
    message: Option<Vec<u8>>,
    size: u64,
    attempts: u32,
    lost_answers: u32,
    pub(super) last_reply: Option<String>,
    pub(super) created_at: Timestamp,
    /// Counts while the row waits; a release without a time returns to it.
    due_at: Timestamp,
    /// Stays on `unsure` and `sent` rows, for a late or repeated acceptance.
    lease: Option<LeaseToken>,
    /// By the elapsed time of the store's clock.
    lease_end: Duration,
    /// When the mail was first refused; lets the mails behind it pass after a while.
    blocked_since: Option<Timestamp>,
    /// How long the account had been open when the expiry began to count.
    open_before: Duration,
    sent_at: Option<Timestamp>,
    /// What became known after it was sent.
    pub(super) outcome: Option<Outcome>,
    history: Vec<Attempt>,
}

impl Row {
    fn delivery(&self) -> Delivery {
        Delivery {
            id: self.id,
            cause: self.cause,
            ticket: self.ticket,
            account: self.account,
            recipient: self.recipient.clone(),
            sender: self.sender.clone(),
            state: self.state,
            outcome: self.outcome,
            attempts: self.attempts,
            lost_answers: self.lost_answers,
            message_id: self.message_id.clone(),
            last_reply: self.last_reply.clone(),
            size: self.size,
            created_at: self.created_at,
            next_attempt_at: self.waits().then_some(self.due_at),
        }
    }

    fn waits(&self) -> bool {
        State::WAITING.contains(&self.state)
    }

    /// Whether a worker has it.
    fn is_held(&self) -> bool {
        matches!(self.state, State::Leased | State::Sending)
    }

    /// Whether the mails behind this one may overtake it.
    fn is_passable(&self, now: Timestamp, blocked_after: Duration) -> bool {
        let blocked = |since| {
            now.duration_since(since)
                >= SignedDuration::try_from(blocked_after).unwrap_or(SignedDuration::MAX)
        };
        !self.state.is_active() || self.blocked_since.is_some_and(blocked)
    }

    /// Ends a worker's hold, where the state machine allows it.
    fn settle(&mut self, settlement: &Settlement, now: Timestamp) -> bool {
        let event = match settlement {
            Settlement::Sent { .. } => Event::Accept,
            Settlement::Released { .. } => Event::Release,
            Settlement::Retry { .. } => Event::Refuse,
            Settlement::Unsure { .. } => Event::LoseTrack,
            Settlement::Dead { .. } => Event::Reject,
        };
        // Of one who lost the mail, only the late acceptance counts.
        if !self.is_held() && event != Event::Accept {
            return false;
        }
        let Some(next) = self.state.on(event) else {
            return false;
        };
        let charged_at_fence = self.state != State::Leased;
        self.state = next;
        // Kept where a late or repeated acceptance still counts.
        if !matches!(next, State::Sent | State::Unsure) {
            self.lease = None;
        }
        let reply = match settlement {
            Settlement::Released { not_before, reply } => {
                self.due_at = not_before.unwrap_or(self.due_at);
                self.last_reply = reply.clone().or_else(|| self.last_reply.take());
                if charged_at_fence {
                    self.attempts -= 1;
                }
                return true;
            }
            Settlement::Sent { reply } => {
                self.sent_at = Some(now);
                reply
            }
            Settlement::Retry { at, reply } => {
                self.due_at = *at;
                self.blocked_since.get_or_insert(now);
                reply
            }
            Settlement::Unsure { at, reply, lost_by } => {
                self.due_at = *at;
                self.blocked_since.get_or_insert(now);
                self.lost_answers += u32::from(*lost_by == LostBy::Connection);
                reply
            }
            Settlement::Dead { reply } => reply,
        };
        if !charged_at_fence {
            self.attempts += 1;
        }
        self.last_reply = Some(reply.clone());
        self.history.push(Attempt {
            at: now,
            outcome: next,
            reply: Some(reply.clone()),
        });
        true
    }

    /// Ends a lease that ran out: nothing was sent, or nobody knows.
    fn end_lease(&mut self, now: Timestamp, unsure_due: Timestamp) {
        if self.state == State::Leased {
            self.state = State::Ready;
            self.lease = None;
        } else if let Some(unsure) = self.state.on(Event::LoseTrack) {
            self.state = unsure;
            self.due_at = unsure_due;
            self.blocked_since.get_or_insert(now);
            self.history.push(Attempt {
                at: now,
                outcome: unsure,
                reply: None,
            });
        }
    }
}

impl Tables {
    /// Stores a mail, unless one of the same cause, recipient and kind is there.
    pub(super) fn enqueue(&mut self, new: NewDelivery) {
        if self
            .outbox
            .values()
            .any(|row| row.cause == new.cause && row.recipient == new.recipient)
        {
            return;
        }
        let open_before = self.channel(new.account).open;
        let row = Row {
            id: new.id,
            cause: new.cause,
            ticket: new.ticket,
            account: new.account,
            recipient: new.recipient,
            sender: new.sender,
            state: State::Ready,
            attempts: 0,
            lost_answers: 0,
            message_id: new.message_id,
            last_reply: None,
            size: new.message.len() as u64,
            message: Some(new.message),
            created_at: new.created_at,
            due_at: new.due_at,
            lease: None,
            lease_end: Duration::ZERO,
            blocked_since: None,
            open_before,
            sent_at: None,
            outcome: None,
            history: Vec::new(),
        };
        self.outbox.insert(row.id, row);
        self.wake_outbox();
    }

    /// Calls a mail back; `None` where its state does not allow it.
    pub(super) fn cancel(&mut self, id: DeliveryId, reason: &str, now: Timestamp) -> Option<Delivery> {
        let row = self.outbox.get_mut(&id)?;
        row.state = row.state.on(Event::Cancel)?;
        row.lease = None;
        row.last_reply = Some(reason.to_owned());
        let delivery = row.delivery();
        self.log_delivery(&delivery, now);
        // The mail behind it in its chain may leave now.
        self.wake_outbox();
        Some(delivery)
    }

    /// Calls back the mails about a ticket to these that have not left.
    pub(super) fn cancel_to(
        &mut self,
        ticket: TicketId,
        recipients: &BTreeSet<EmailAddress>,
        reason: &str,
        now: Timestamp,
    ) {
        let mails: Vec<_> = self
            .outbox
            .values()
            .filter(|mail| mail.ticket == Some(ticket) && recipients.contains(&mail.recipient))
            .map(|mail| mail.id)
            .collect();
        for id in mails {
            // What has left, or is at its end, stays as it is.
            let _cancelled = self.cancel(id, reason, now);
        }
    }

    /// Notes what became known of a sent mail, where it outweighs what was known before.
    pub(super) fn note_outcome(&mut self, id: DeliveryId, outcome: Outcome, now: Timestamp) {
        let left = |state| matches!(state, State::Sent | State::Sending | State::Unsure);
        let news = |row: &&mut Row| left(row.state) && supersedes(outcome, row.outcome);
        let Some(row) = self.outbox.get_mut(&id).filter(news) else {
            return;
        };
        row.outcome = Some(outcome);
        let delivery = row.delivery();
        self.log_delivery(&delivery, now);
    }

    fn log_delivery(&mut self, delivery: &Delivery, now: Timestamp) {
        self.log(EventKind::DeliveryChanged, delivery.ticket, delivery.id.0, now);
    }

    /// Whether every mail before this one in its chain is gone or may be overtaken.
    fn may_leave(&self, row: &Row, now: Timestamp, blocked_after: Duration) -> bool {
        row.ticket.is_none()
            || self
                .outbox
                .range(..row.id)
                .filter(|(_, earlier)| earlier.ticket == row.ticket && earlier.recipient == row.recipient)
                .all(|(_, earlier)| earlier.is_passable(now, blocked_after))
    }

    /// How long the row's account has been open since its expiry began to count.
    fn open_time(&self, row: &Row) -> Duration {
        let open = self
            .channels
            .get(&row.account)
            .map_or(Duration::ZERO, |channel| channel.open);
        open.saturating_sub(row.open_before)
    }
}
