//! Delivering mails that are due: claim a batch, send each through the fence, settle what became of it.
//!
//! The worker knows nothing of templates: it sends stored octets. Between the server's go-ahead and the final dot
//! stands the fence, a committed write that names the lease, so that whoever lost it sends nothing.

mod attempt;
mod gate;
mod lease;
mod settle;
mod suspects;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub use attempt::Line;
pub use gate::AccountGate;
use lease::Lease;
use recado_domain::channel::{HoldReason, Permit};
use recado_domain::outbox::{Delivery, DeliveryId, LeaseToken};
use recado_domain::parameter::{Parameter, Parameters as ParameterValues};
use recado_domain::person::mask_addresses;
use recado_ports::channels::{Channels, Hold};
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use recado_ports::mail::{Reports, Transport};
use recado_ports::outbox::{Claim, Outbox, Settlement};
use recado_ports::parameters::Parameters;
use recado_ports::store::StoreError;
use recado_ports::suppressions::Suppressions;

use crate::outgoing::{self, Account, SENDER_UNSET};
use crate::settings::DeliverySettings;
use crate::sign_in;
use crate::stop::Stop;

/// The longest that a worker goes without looking, should every wake-up be lost.
const POLL: Duration = Duration::from_secs(5);

/// How soon a row that is due, and was not to be had, is looked at again: it waits for a chain's head, whose settlement
/// wakes the worker, or for the head to count as blocked, which wakes nobody.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// How old a batch's knowledge of the account may grow: parameter 297, a hold or a new server counts within this time
/// and the mail under way.
const KNOWLEDGE: Duration = Duration::from_secs(1);

/// How long to wait after the database failed.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// A session that carried nothing for so long is closed; servers drop idle clients after minutes.
const IDLE: Duration = Duration::from_secs(30);

/// Messages are read so many octets at a time, whatever the batch: memory does not grow with the queue.
const READ_AHEAD: u64 = 1 << 20;

/// Delivers what is due for one account.
pub struct DeliverBatch {
    /// What is due.
    pub outbox: Arc<dyn Outbox>,
    /// Holds and nudges.
    pub channels: Arc<dyn Channels>,
    /// The account.
    pub parameters: Arc<dyn Parameters>,
    /// Hard bounces.
    pub suppressions: Arc<dyn Suppressions>,
    /// The mail server.
    pub transport: Arc<dyn Transport>,
    /// Due times and leases.
    pub clock: Arc<dyn Clock>,
    /// Lease tokens and jitter.
    pub ids: Arc<dyn Ids>,
    /// What the configuration decides.
    pub settings: Arc<DeliverySettings>,
    /// What the account's workers share.
    pub gate: Arc<AccountGate>,
}

/// When to call again at the latest; sooner when the outbox changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// There may be more.
    AtOnce,
    /// Nothing is due before this.
    Within(Duration),
}

/// What the mails of one batch have in common.
struct Shift<'a> {
    account: &'a Account,
    /// The account's nudges when the batch began.
    nudges: i64,
    permit: Permit,
    /// What a server that can shall report.
    reports: Reports,
    lease: &'a Lease,
    stop: &'a Stop,
}

/// Whether the batch goes on after a mail.
enum Flow {
    Continue,
    End(Next),
}

impl DeliverBatch {
    /// Delivers at most one batch. Everything that can fail is settled, released or left to its lease; nothing is
    /// thrown.
    pub async fn run(&self, line: &mut Line, stop: &Stop) -> Next {
        if stop.is_requested() {
            return Next::Within(POLL);
        }
        match self.batch(line, stop).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(
                    alarm = "database",
                    error = &error as &dyn std::error::Error,
                    "delivery waits for the database"
                );
                Next::Within(DATABASE_PAUSE)
            }
        }
    }

    /// Takes leave of the server.
    pub async fn hang_up(&self, line: Line) {
        if let Some(open) = line.session
            && open.session.is_usable()
        {
            open.session.quit().await;
        }
    }

    async fn batch(&self, line: &mut Line, stop: &Stop) -> Result<Next, StoreError> {
        let account_id = self.gate.account();
        let parameters = self.parameters.snapshot().await?.values;
        let mut channel = self.channels.find(account_id).await?;
        let now = self.clock.elapsed();
        self.gate.follow(&channel, now);
        let stopped = parameters.is_on(Parameter::StopOutgoingMail);
        self.gate.note_stopped(stopped);
        if stopped {
            self.hang_up(std::mem::take(line)).await;
            return Ok(Next::Within(POLL));
        }
        let account = match outgoing::account(&parameters, self.settings.way_out) {
            Ok(account) => account,
            Err(missing) => {
                self.hang_up(std::mem::take(line)).await;
                self.hold(HoldReason::NotConfigured, missing.to_string()).await?;
                self.gate.hold_for(HoldReason::NotConfigured, now);
                return Ok(Next::Within(POLL));
            }
        };
        if channel
            .hold
            .as_ref()
            .is_some_and(|hold| hold.reason == HoldReason::NotConfigured)
        {
            self.channels
                .release(account_id, &[HoldReason::NotConfigured])
                .await?;
            channel = self.channels.find(account_id).await?;
            self.gate.follow(&channel, now);
        }
        let (permit, _probe) = self.gate.permit(now);
        let wait = match permit {
            Permit::Pass | Permit::Probe => None,
            Permit::WaitUntil(until) => Some(until.saturating_sub(now).min(POLL)),
            Permit::WaitForProbe => Some(DATABASE_PAUSE),
            Permit::Held(_) => Some(POLL),
        };
        if let Some(wait) = wait {
            self.rest(line, now).await;
            return Ok(Next::Within(wait));
        }
        let limit = if permit == Permit::Probe {
            1
        } else {
            self.settings.batch
        };
        let token = LeaseToken(self.ids.random());
        let claim = Claim {
            account: account_id,
            limit,
            lease: token,
            lease_time: self.settings.lease,
            now: self.clock.now(),
            blocked_after: self.settings.blocked_after,
        };
        let claimed = self.outbox.claim(&claim).await?;
        if claimed.is_empty() {
            self.rest(line, now).await;
            return self.until_due().await;
        }
        fail::fail_point!("deliver.claimed");
        let lease = Lease::keep(
            self.outbox.clone(),
            self.clock.clone(),
            token,
            self.settings.lease,
            now,
        );
        let held = claimed.into_iter().map(|claimed| claimed.delivery).collect();
        let shift = Shift {
            account: &account,
            nudges: channel.nudges,
            permit,
            reports: self.reports(&parameters),
            lease: &lease,
            stop,
        };
        self.work_through(held, line, &shift).await
    }

    /// Reports of success are asked for only where a program reads them.
    fn reports(&self, parameters: &ParameterValues) -> Reports {
        if self.settings.way_back.is_open(parameters) {
            Reports::All
        } else {
            Reports::Failure
        }
    }

    /// Sends what was claimed, in order, and gives back what was not come to.
    async fn work_through(
        &self,
        mut held: VecDeque<Delivery>,
        line: &mut Line,
        shift: &Shift<'_>,
    ) -> Result<Next, StoreError> {
        let mut ahead: VecDeque<(DeliveryId, Vec<u8>)> = VecDeque::new();
        let mut looked_at = self.clock.elapsed();
        while let Some(delivery) = held.pop_front() {
            if self.clock.elapsed().saturating_sub(looked_at) >= KNOWLEDGE {
                looked_at = self.clock.elapsed();
                if !self.is_unchanged(shift).await {
                    held.push_front(delivery);
                    self.give_back(shift.lease, held).await;
                    return Ok(Next::AtOnce);
                }
            }
            if ahead.is_empty() {
                match self.outbox.messages(&read_ahead(&delivery, &held)).await {
                    Ok(messages) => ahead = messages.into(),
                    Err(error) => {
                        held.push_front(delivery);
                        self.give_back(shift.lease, held).await;
                        return Err(error);
                    }
                }
            }
            let message = match ahead.front() {
                Some((id, _)) if *id == delivery.id => ahead.pop_front().map(|(_, message)| message),
                _ => None,
            };
            let flow = if sign_in::is_stale(&delivery, self.clock.now()) {
                let reply = "the link in it has expired".to_owned();
                self.settle(shift, &delivery, Settlement::Dead { reply }).await;
                Flow::Continue
            } else if let Some(message) = message {
                self.send(line, delivery, message, shift).await
            } else {
                let reply = "the message is no longer stored".to_owned();
                tracing::error!(alarm = "delivery_dead", delivery = %delivery.id.0, reason = reply, "a mail cannot be sent");
                self.settle(shift, &delivery, Settlement::Dead { reply }).await;
                Flow::Continue
            };
            if let Flow::End(next) = flow {
                self.give_back(shift.lease, held).await;
                return Ok(next);
            }
        }
        Ok(Next::AtOnce)
    }

    /// Whether what the batch began with still counts. A database that does not answer is found out by the next write.
    async fn is_unchanged(&self, shift: &Shift<'_>) -> bool {
        let (Ok(snapshot), Ok(channel)) = (
            self.parameters.snapshot().await,
            self.channels.find(self.gate.account()).await,
        ) else {
            return true;
        };
        self.gate
            .note_stopped(snapshot.values.is_on(Parameter::StopOutgoingMail));
        self.gate.still_honours(shift.permit) && channel.hold.is_none() && channel.nudges == shift.nudges
    }

    /// One mail, from the gate to its settlement.
    async fn send(
        &self,
        line: &mut Line,
        mut delivery: Delivery,
        mut message: Vec<u8>,
        shift: &Shift<'_>,
    ) -> Flow {
        let now = self.clock.elapsed();
        let lease = shift.lease;
        let may_go = !shift.stop.is_requested() && self.gate.still_honours(shift.permit);
        if !may_go || self.gate.take(now).is_err() {
            self.give_back(lease, VecDeque::from([delivery])).await;
            return Flow::End(Next::AtOnce);
        }
        if delivery.sender.as_str() == SENDER_UNSET {
            message = outgoing::readdressed(&message, &shift.account.sender);
            delivery.sender = shift.account.sender.clone();
            match self
                .outbox
                .readdress(lease.token, delivery.id, &delivery.sender, message.clone())
                .await
            {
                Ok(true) => {}
                Ok(false) => {
                    self.gate.give_leave_back();
                    return Flow::Continue;
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a mail could not be given its sender"
                    );
                    self.gate.give_leave_back();
                    self.give_back(lease, VecDeque::from([delivery])).await;
                    return Flow::End(Next::Within(DATABASE_PAUSE));
                }
            }
        }
        let ending = self.attempt(line, &delivery, &message, shift).await;
        self.conclude(ending, &delivery, shift).await
    }

    /// Closes a session that has been idle for long.
    async fn rest(&self, line: &mut Line, now: Duration) {
        let idle = |open: &attempt::Open| now.saturating_sub(open.used_at) >= IDLE;
        if line.session.as_ref().is_some_and(idle) {
            self.hang_up(std::mem::take(line)).await;
        }
    }

    async fn until_due(&self) -> Result<Next, StoreError> {
        let due = self.outbox.next_due(self.gate.account()).await?;
        let now = self.clock.now();
        let wait = match due {
            None => POLL,
            Some(due) if due <= now => LOOK_AGAIN,
            Some(due) => Duration::try_from(due.duration_since(now))
                .unwrap_or_default()
                .min(POLL),
        };
        Ok(Next::Within(wait))
    }

    /// Holds the account, with an alarm at the first time. What a person holds stays as it is.
    async fn hold(&self, reason: HoldReason, detail: String) -> Result<(), StoreError> {
        let account = self.gate.account();
        let held = self.channels.find(account).await?.hold;
        let is_known =
            |hold: &Hold| !hold.reason.is_probed() || (hold.reason == reason && hold.detail == detail);
        if held.as_ref().is_some_and(is_known) {
            return Ok(());
        }
        tracing::error!(
            alarm = "channel_held",
            account = account.0,
            reason = reason.as_str(),
            detail = mask_addresses(&detail),
            "no mail leaves"
        );
        metrics::counter!("recado_channel_holds_total", "reason" => reason.as_str()).increment(1);
        self.channels
            .hold(
                account,
                &Hold {
                    reason,
                    detail,
                    since: self.clock.now(),
                },
            )
            .await
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
