//! What a worker has in hand of its batch: the mails to come, their messages, and the mail that is taken but not marked.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use recado_domain::outbox::{Delivery, DeliveryId};
use recado_ports::mail::Envelope;
use recado_ports::outbox::Settlement;
use recado_ports::store::StoreError;

use super::settle::Accepted;
use super::{DATABASE_PAUSE, DeliverBatch, KNOWLEDGE, Next, Shift};
use crate::outgoing::{self, SENDER_UNSET};
use crate::sign_in;

/// Messages are read so many octets at a time, whatever the batch: memory does not grow with the queue.
const READ_AHEAD: u64 = 1 << 20;

/// A mail that may leave: the account's leave is taken, and its message is in hand.
pub(super) struct Mail {
    pub(super) delivery: Delivery,
    pub(super) envelope: Envelope,
    pub(super) message: Vec<u8>,
}

impl Mail {
    fn new(delivery: Delivery, message: Vec<u8>, shift: &Shift<'_>) -> Self {
        let envelope = Envelope {
            from: delivery.sender.clone(),
            to: delivery.recipient.clone(),
            size: message.len() as u64,
            message_id: delivery.message_id.clone(),
            reports: shift.reports,
        };
        Self {
            delivery,
            envelope,
            message,
        }
    }
}

pub(super) struct Hand {
    /// Not yet come to.
    pub(super) held: VecDeque<Delivery>,
    /// Their messages, of the first few.
    ahead: VecDeque<(DeliveryId, Vec<u8>)>,
    /// When what the batch began with was last looked at.
    pub(super) looked_at: Duration,
    /// The mail that is next, and may be known to the server.
    pub(super) next: Option<Mail>,
    /// The mail that the server took last.
    pub(super) accepted: Option<Accepted>,
}

impl Hand {
    pub(super) fn of(held: VecDeque<Delivery>, looked_at: Duration) -> Self {
        Self {
            held,
            ahead: VecDeque::new(),
            looked_at,
            next: None,
            accepted: None,
        }
    }

    /// Whether what the batch began with is to be looked at again.
    pub(super) fn is_outdated(&self, now: Duration) -> bool {
        now.saturating_sub(self.looked_at) >= KNOWLEDGE
    }

    /// The message of a mail, if it is the first of those that were read.
    fn take_message(&mut self, id: DeliveryId) -> Option<Vec<u8>> {
        let (_, message) = self.ahead.pop_front_if(|(first, _)| *first == id)?;
        Some(message)
    }
}

impl DeliverBatch {
    /// The mail that comes next, if nothing is to be asked or written before it can be announced.
    pub(super) fn at_hand(&self, hand: &mut Hand, shift: &Shift<'_>) -> Option<Mail> {
        let first = hand.held.front()?;
        let is_read = hand.ahead.front().is_some_and(|(id, _)| *id == first.id);
        let is_plain = first.sender.as_str() != SENDER_UNSET && !sign_in::is_stale(first, self.clock.now());
        let now = self.clock.elapsed();
        if !is_read || !is_plain || hand.is_outdated(now) {
            return None;
        }
        if !self.may_go(shift) || self.gate.take(now).is_err() {
            return None;
        }
        let delivery = hand.held.pop_front()?;
        let message = hand.take_message(delivery.id)?;
        Some(Mail::new(delivery, message, shift))
    }

    /// The mail that comes next, whatever is to be asked and written before; or how the batch ends.
    pub(super) async fn next_mail(
        &self,
        hand: &mut Hand,
        shift: &Shift<'_>,
    ) -> ControlFlow<Result<Next, StoreError>, Mail> {
        let end = |next| ControlFlow::Break(Ok(next));
        while let Some(delivery) = hand.held.pop_front() {
            if hand.ahead.is_empty() {
                match self.outbox.messages(&read_ahead(&delivery, &hand.held)).await {
                    Ok(messages) => hand.ahead = messages.into(),
                    Err(error) => {
                        hand.held.push_front(delivery);
                        return ControlFlow::Break(Err(error));
                    }
                }
            }
            let message = hand.take_message(delivery.id);
            if sign_in::is_stale(&delivery, self.clock.now()) {
                let reply = "the link in it has expired".to_owned();
                self.settle(shift, &delivery, Settlement::Dead { reply }).await;
                continue;
            }
            let Some(message) = message else {
                let reply = "the message is no longer stored".to_owned();
                tracing::error!(alarm = "delivery_dead", delivery = %delivery.id.0, reason = reply, "a mail cannot be sent");
                self.settle(shift, &delivery, Settlement::Dead { reply }).await;
                continue;
            };
            if !self.may_go(shift) || self.gate.take(self.clock.elapsed()).is_err() {
                hand.held.push_front(delivery);
                return end(Next::AtOnce);
            }
            if delivery.sender.as_str() != SENDER_UNSET {
                return ControlFlow::Continue(Mail::new(delivery, message, shift));
            }
            let id = delivery.id;
            match self.readdressed(delivery.clone(), &message, shift).await {
                Ok(Some(mail)) => return ControlFlow::Continue(mail),
                Ok(None) => self.gate.give_leave_back(),
                Err(error) => {
                    tracing::warn!(
                        delivery = %id.0,
                        error = &error as &dyn std::error::Error,
                        "a mail could not be given its sender"
                    );
                    self.gate.give_leave_back();
                    hand.held.push_front(delivery);
                    return end(Next::Within(DATABASE_PAUSE));
                }
            }
        }
        end(Next::AtOnce)
    }

    pub(super) fn may_go(&self, shift: &Shift<'_>) -> bool {
        !shift.stop.is_requested() && self.gate.still_honours(shift.permit)
    }

    /// A mail that was composed while parameter 10 was unset, with its sender; `None` when it is no longer ours.
    async fn readdressed(
        &self,
        mut delivery: Delivery,
        message: &[u8],
        shift: &Shift<'_>,
    ) -> Result<Option<Mail>, StoreError> {
        let sender = &shift.account.sender;
        let message = outgoing::readdressed(message, sender);
        let is_ours = self
            .outbox
            .readdress(shift.lease.token, delivery.id, sender, message.clone())
            .await?;
        delivery.sender = sender.clone();
        Ok(is_ours.then(|| Mail::new(delivery, message, shift)))
    }
}

/// The rows whose messages are read together with the first one's.
fn read_ahead(first: &Delivery, rest: &VecDeque<Delivery>) -> Vec<DeliveryId> {
    let mut octets = first.size;
    let mut ids = vec![first.id];
    for delivery in rest {
        octets += delivery.size;
        if octets > READ_AHEAD {
            break;
        }
        ids.push(delivery.id);
    }
    ids
}
