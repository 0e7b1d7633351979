//! What became of a mail, written down: the settlement, the gate's share, suppressions and alarms.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use recado_domain::channel::{ChannelFault, HoldReason};
use recado_domain::outbox::{Delivery, DeliveryId};
use recado_domain::person::mask_addresses;
use recado_domain::reply::Reply;
use recado_ports::mail::SendError;
use recado_ports::outbox::{LostBy, Settlement};

use super::attempt::Miss;
use super::gate::{Blame, SENT};
use super::hand::Hand;
use super::lease::Lease;
use super::{DATABASE_PAUSE, DeliverBatch, Flow, Next, Shift};

/// The first wait before a settlement is tried again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest of these waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// After so many lost answers the desk is warned: the recipient may have got as many copies.
const LOST_ANSWERS_TO_WARN: u32 = 3;

/// A mail that the server took, to be marked as sent.
pub(super) struct Accepted {
    delivery: Delivery,
    settlement: Settlement,
}

impl Accepted {
    pub(super) fn new(delivery: Delivery, reply: String) -> Self {
        Self {
            delivery,
            settlement: Settlement::Sent { reply },
        }
    }
}

impl DeliverBatch {
    /// The server took a mail: the account works. The mail is to be marked.
    pub(super) async fn accepted(&self) {
        self.gate.accepted();
        if self.gate.take_ended_hold() {
            self.end_hold().await;
        }
    }

    /// Marks the mail that the server took last, if there is one.
    pub(super) async fn mark(&self, hand: &mut Hand, shift: &Shift<'_>) {
        if let Some(accepted) = hand.accepted.take() {
            self.marked_beside(accepted, std::future::ready(()), shift).await;
        }
    }

    /// Marks a mail that the server took while something else is written, and does not give up if that fails.
    pub(super) async fn marked_beside<T>(
        &self,
        accepted: Accepted,
        other: impl Future<Output = T>,
        shift: &Shift<'_>,
    ) -> T {
        let Accepted { delivery, settlement } = accepted;
        let settlements = [(delivery.id, settlement)];
        fail::fail_point!("deliver.before_settle");
        let (is_marked, other) = tokio::join!(self.settled(shift, &settlements), other);
        if !is_marked {
            self.settle_again(shift, &settlements).await;
        }
        fail::fail_point!("deliver.settled");
        other
    }

    /// Writes down how an attempt ended, and tells whether the batch goes on.
    pub(super) async fn conclude(&self, ending: Miss, delivery: &Delivery, shift: &Shift<'_>) -> Flow {
        let flow = self.written_down(ending, delivery, shift).await;
        if self.gate.take_ended_hold() {
            self.end_hold().await;
        }
        flow
    }

    async fn written_down(&self, ending: Miss, delivery: &Delivery, shift: &Shift<'_>) -> Flow {
        match ending {
            Miss::Failed { error, fenced } => self.failed(error, fenced, delivery, shift).await,
            Miss::Interrupted => {
                self.gate.give_leave_back();
                self.give_back(shift.lease, VecDeque::from([delivery.clone()]))
                    .await;
                Flow::End(Next::AtOnce)
            }
            Miss::FenceFailed(error) => {
                tracing::error!(
                    alarm = "database",
                    delivery = %delivery.id.0,
                    error = &error as &dyn std::error::Error,
                    "a mail was not sent because its fence could not be written"
                );
                self.gate.give_leave_back();
                self.give_back(shift.lease, VecDeque::from([delivery.clone()]))
                    .await;
                Flow::End(Next::Within(DATABASE_PAUSE))
            }
            Miss::AnswerAbandoned => {
                let reply = "the daemon stopped before the server answered".to_owned();
                let settlement = Settlement::Unsure {
                    at: self.retry_at(delivery),
                    reply,
                    lost_by: LostBy::Ourselves,
                };
                self.settle(shift, delivery, settlement).await;
                Flow::End(Next::AtOnce)
            }
            Miss::NotOurs => {
                tracing::info!(delivery = %delivery.id.0, "a mail was called back, or its lease ended, before it left");
                self.gate.give_leave_back();
                Flow::Continue
            }
        }
    }

    async fn failed(&self, error: SendError, fenced: bool, delivery: &Delivery, shift: &Shift<'_>) -> Flow {
        let now = self.clock.elapsed();
        let text = error.to_string();
        match error {
            SendError::Channel(fault) => {
                if !fenced {
                    // A server that is down for long would use the day's allowance up by probes.
                    self.gate.give_leave_back();
                }
                self.channel_fault(&fault, None, delivery, shift).await
            }
            SendError::Throttled(reply) => {
                self.gate.throttled(now);
                tracing::warn!(
                    reply = mask_addresses(&reply.to_string()),
                    "the server asks to slow down"
                );
                self.release(shift, delivery, reply.to_string()).await;
                Flow::End(Next::AtOnce)
            }
            SendError::Retry(reply) => {
                let settlement = Settlement::Retry {
                    at: self.retry_at(delivery),
                    reply: reply.to_string(),
                };
                self.refusal(&reply, settlement, delivery, shift).await
            }
            SendError::Rejected { reply, hard_bounce } => {
                let settlement = Settlement::Dead {
                    reply: reply.to_string(),
                };
                let flow = self.refusal(&reply, settlement, delivery, shift).await;
                if hard_bounce && matches!(flow, Flow::Continue) {
                    self.count_hard_bounce(delivery, &reply).await;
                }
                flow
            }
            SendError::OurFault(_) | SendError::Impossible(_) | SendError::TooLarge(_) => {
                let reason = mask_addresses(&text);
                tracing::error!(alarm = "delivery_dead", delivery = %delivery.id.0, reason, "a mail cannot be sent");
                self.gate.answered();
                self.settle(shift, delivery, Settlement::Dead { reply: text })
                    .await;
                Flow::Continue
            }
            SendError::Stale | SendError::Cut { .. } => {
                let opened = self.gate.cut(delivery.id, &text, now);
                let settlement = Settlement::Retry {
                    at: self.retry_at(delivery),
                    reply: text,
                };
                self.settle(shift, delivery, settlement).await;
                if opened {
                    Flow::End(Next::AtOnce)
                } else {
                    Flow::Continue
                }
            }
            SendError::Unsure(_) => {
                debug_assert!(fenced, "only a mail behind its fence can have left");
                if delivery.lost_answers + 1 >= LOST_ANSWERS_TO_WARN {
                    tracing::warn!(
                        alarm = "answers_lost",
                        delivery = %delivery.id.0,
                        count = delivery.lost_answers + 1,
                        "the recipient may have got several copies of a mail"
                    );
                }
                let opened = self.gate.cut(delivery.id, &text, now);
                let at = self.retry_at(delivery);
                let settlement = Settlement::Unsure {
                    at,
                    reply: text,
                    lost_by: LostBy::Connection,
                };
                self.settle(shift, delivery, settlement).await;
                if opened {
                    Flow::End(Next::AtOnce)
                } else {
                    Flow::Continue
                }
            }
        }
    }

    /// A refusal of the recipient, unless three recipients in a row were refused alike.
    async fn refusal(
        &self,
        reply: &Reply,
        settlement: Settlement,
        delivery: &Delivery,
        shift: &Shift<'_>,
    ) -> Flow {
        match self.gate.refused(delivery, reply) {
            Blame::Recipient => {
                self.settle(shift, delivery, settlement).await;
                Flow::Continue
            }
            Blame::Account { revive } => {
                let fault = ChannelFault::passing(format!("every recipient is refused alike: {reply}"));
                // Another mail is to be the next probe: this one may deserve its refusal after all.
                let not_before = Some(self.clock.now() + self.settings.breaker.max);
                let flow = self.channel_fault(&fault, not_before, delivery, shift).await;
                self.revive(revive).await;
                flow
            }
        }
    }

    /// Brings mails back that were given up for a fault of the account.
    async fn revive(&self, mails: Vec<DeliveryId>) {
        for mail in mails {
            match self.outbox.revive(mail, self.clock.now()).await {
                Ok(true) => {
                    tracing::info!(delivery = %mail.0, "a refused mail goes on: the account was refused");
                }
                Ok(false) => tracing::info!(delivery = %mail.0, "a refused mail was called back meanwhile"),
                Err(error) => tracing::warn!(
                    alarm = "delivery_dead",
                    delivery = %mail.0,
                    error = &error as &dyn std::error::Error,
                    "a mail that was refused for the account's sake stays given up"
                ),
            }
        }
    }

    /// A fault of the account: no mail is charged, and the queue waits.
    async fn channel_fault(
        &self,
        fault: &ChannelFault,
        not_before: Option<Timestamp>,
        delivery: &Delivery,
        shift: &Shift<'_>,
    ) -> Flow {
        self.gate.fault(fault, shift.nudges, self.clock.elapsed());
        let told = mask_addresses(&fault.to_string());
        tracing::warn!(
            account = self.gate.account().0,
            fault = told,
            "the outgoing account is at fault; its queue waits"
        );
        metrics::counter!("recado_channel_faults_total").increment(1);
        let account = self.gate.account();
        let noted = match fault.hold {
            Some(reason) => self.hold(reason, fault.detail.clone()).await,
            None => self.channels.record_fault(account, &fault.detail).await,
        };
        if let Err(error) = noted {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a fault of the account could not be noted"
            );
        }
        let reply = Some(fault.detail.clone());
        self.settle(shift, delivery, Settlement::Released { not_before, reply })
            .await;
        Flow::End(Next::AtOnce)
    }

    /// The server answered otherwise than the hold says: whatever a probe can lift is lifted.
    async fn end_hold(&self) {
        let probed: Vec<_> = HoldReason::ALL
            .into_iter()
            .filter(|reason| reason.is_probed())
            .collect();
        match self.channels.release(self.gate.account(), &probed).await {
            Ok(_) => tracing::info!(
                account = self.gate.account().0,
                "the outgoing account is no longer held"
            ),
            // The next round finds the stored hold, probes again, and ends it then.
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a hold could not be ended"
            ),
        }
    }

    async fn count_hard_bounce(&self, delivery: &Delivery, reply: &Reply) {
        let now = self.clock.now();
        match self
            .suppressions
            .record_hard_bounce(&delivery.recipient, &reply.to_string(), now)
            .await
        {
            Ok(true) => tracing::warn!(
                recipient = delivery.recipient.masked(),
                "an address is suppressed after its second hard bounce"
            ),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a hard bounce could not be counted"
                );
            }
        }
    }

    fn retry_at(&self, delivery: &Delivery) -> Timestamp {
        self.clock.now()
            + self
                .settings
                .schedule
                .jittered(delivery.attempts + 1, self.ids.dice())
    }

    async fn release(&self, shift: &Shift<'_>, delivery: &Delivery, reply: String) {
        self.settle(
            shift,
            delivery,
            Settlement::Released {
                not_before: None,
                reply: Some(reply),
            },
        )
        .await;
    }

    /// Gives rows back untouched. Best effort: where it fails their leases run out.
    pub(super) async fn give_back(&self, lease: &Lease, deliveries: VecDeque<Delivery>) {
        if deliveries.is_empty() {
            return;
        }
        let released = Settlement::Released {
            not_before: None,
            reply: None,
        };
        let settlements: Vec<_> = deliveries
            .iter()
            .map(|delivery| (delivery.id, released.clone()))
            .collect();
        if let Err(error) = self
            .outbox
            .settle(lease.token, &settlements, self.clock.now())
            .await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "claimed mails wait for their leases to end"
            );
        }
    }

    /// Writes a settlement down, and does not give up while the process lives: the lease is kept alive meanwhile, so
    /// that nobody sends the mail again.
    pub(super) async fn settle(&self, shift: &Shift<'_>, delivery: &Delivery, settlement: Settlement) {
        let settlements = [(delivery.id, settlement)];
        if !self.settled(shift, &settlements).await {
            self.settle_again(shift, &settlements).await;
        }
    }

    async fn settle_again(&self, shift: &Shift<'_>, settlements: &[(DeliveryId, Settlement); 1]) {
        let given_up = async {
            shift.stop.requested().await;
            tokio::time::sleep(self.settings.shutdown).await;
        };
        tokio::pin!(given_up);
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = &mut given_up => return,
            }
            if self.settled(shift, settlements).await {
                return;
            }
        }
    }

    /// Whether a settlement could be written down.
    async fn settled(&self, shift: &Shift<'_>, settlements: &[(DeliveryId, Settlement); 1]) -> bool {
        let [(id, settlement)] = settlements;
        let outcome = name(settlement);
        match self
            .outbox
            .settle(shift.lease.token, settlements, self.clock.now())
            .await
        {
            Ok(settled) => {
                if settled.is_empty() {
                    tracing::warn!(delivery = %id.0, outcome, "a mail was no longer ours to settle");
                }
                self.gate.count(outcome);
                true
            }
            Err(error) => {
                tracing::error!(
                    alarm = "database",
                    delivery = %id.0,
                    outcome,
                    error = &error as &dyn std::error::Error,
                    "what became of a mail could not be written down; trying again"
                );
                false
            }
        }
    }
}

fn name(settlement: &Settlement) -> &'static str {
    match settlement {
        Settlement::Sent { .. } => SENT,
        Settlement::Released { .. } => "released",
        Settlement::Retry { .. } => "retry",
        Settlement::Unsure { .. } => "unsure",
        Settlement::Dead { .. } => "dead",
    }
}
