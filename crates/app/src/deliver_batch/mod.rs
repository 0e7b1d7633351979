//! Delivering mails that are due: claim a batch, send each through the fence, settle what became of it.
//!
//! The worker knows nothing of templates: it sends stored octets. Between the server's go-ahead and the final dot
//! stands the fence, a committed write that names the lease, so that whoever lost it sends nothing.
//!
//! While the server takes one mail in, it hears of the next one; that one mail was accepted, and that the next one may
//! leave, is then written down in one round (`docs/adr/0016-pipelining-across-mails.md`).

mod attempt;
mod claim;
mod gate;
mod hand;
mod lease;
mod settle;
mod suspects;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

pub use attempt::Line;
pub use gate::AccountGate;
use gate::Probe;
use hand::Hand;
use lease::Lease;
use recado_domain::channel::{HoldReason, Permit};
use recado_domain::outbox::Delivery;
use recado_domain::parameter::Parameter;
use recado_domain::person::mask_addresses;
use recado_ports::channels::{Channels, Hold};
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use recado_ports::mail::{Reports, Transport};
use recado_ports::outbox::{Outbox, Revision};
use recado_ports::parameters::Parameters;
use recado_ports::store::StoreError;
use recado_ports::suppressions::Suppressions;
use settle::Accepted;

use crate::outgoing::Account;
use crate::settings::DeliverySettings;
use crate::stop::Stop;

/// The longest that a worker goes without looking, should every wake-up be lost.
const POLL: Duration = Duration::from_secs(5);

/// How old a batch's knowledge of the account may grow: parameter 297, a hold or a new server counts within this time
/// and the mail under way.
const KNOWLEDGE: Duration = Duration::from_secs(1);

/// How long to wait after the database failed.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// A session that carried nothing for so long is closed; servers drop idle clients after minutes.
const IDLE: Duration = Duration::from_secs(30);

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

/// What a look at the outbox found.
pub enum Look<'a> {
    /// Mails, which are the caller's to [`work`](DeliverBatch::work) through.
    Batch(Box<Batch<'a>>),
    /// Nothing that may leave now.
    Nothing(Next),
}

/// Claimed mails, and what they have in common.
pub struct Batch<'a> {
    deliveries: VecDeque<Delivery>,
    view: Arc<AccountView>,
    permit: Permit,
    /// Kept while the mail is under way.
    _probe: Option<Probe<'a>>,
    lease: Lease,
}

/// What parameters and account ask of a batch.
#[derive(Debug)]
struct AccountView {
    account: Account,
    /// What a server that can shall report.
    reports: Reports,
    /// By which the database tells whether it still counts.
    revision: Revision,
}

impl Batch<'_> {
    /// How many mails were claimed.
    #[expect(clippy::len_without_is_empty, reason = "a batch has a mail at least")]
    pub fn len(&self) -> usize {
        self.deliveries.len()
    }
}

/// What the mails of one batch have in common, and the word to stop.
struct Shift<'a> {
    account: &'a Account,
    nudges: i64,
    permit: Permit,
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
        match self.look(line, self.settings.batch, stop).await {
            Look::Batch(batch) => self.work(*batch, line, stop).await,
            Look::Nothing(next) => next,
        }
    }

    /// Claims at most so many mails that are due, and no more than the settings allow.
    pub async fn look(&self, line: &mut Line, at_most: u16, stop: &Stop) -> Look<'_> {
        if stop.is_requested() {
            return Look::Nothing(Next::Within(POLL));
        }
        match self.claim(line, at_most).await {
            Ok(look) => look,
            Err(error) => Look::Nothing(waits_for_database(&error)),
        }
    }

    /// Sends what was claimed, in order.
    pub async fn work(&self, batch: Batch<'_>, line: &mut Line, stop: &Stop) -> Next {
        let shift = Shift {
            account: &batch.view.account,
            nudges: batch.view.revision.nudges,
            permit: batch.permit,
            reports: batch.view.reports,
            lease: &batch.lease,
            stop,
        };
        let hand = Hand::of(batch.deliveries, self.clock.elapsed());
        let worked = tokio::select! {
            biased;
            worked = self.work_through(hand, line, &shift) => worked,
            never = batch.lease.renewed() => match never {},
        };
        worked.unwrap_or_else(|error| waits_for_database(&error))
    }

    /// Closes a session that has been idle for long.
    pub async fn rest(&self, line: &mut Line) {
        let now = self.clock.elapsed();
        let idle = |open: &attempt::Open| now.saturating_sub(open.used_at) >= IDLE;
        if line.session.as_ref().is_some_and(idle) {
            self.hang_up(std::mem::take(line)).await;
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

    /// Sends what was claimed, in order, and gives back what was not come to.
    async fn work_through(
        &self,
        mut hand: Hand,
        line: &mut Line,
        shift: &Shift<'_>,
    ) -> Result<Next, StoreError> {
        loop {
            let now = self.clock.elapsed();
            if hand.is_outdated(now) {
                self.mark(&mut hand, shift).await;
                if !self.is_unchanged(shift).await {
                    return Ok(self.give_up(hand, line, shift, Next::AtOnce).await);
                }
                hand.looked_at = now;
            }
            // The server took its time over the last mail, and another worker's mail may have shut the gate meanwhile.
            if hand.next.is_some() && !(self.may_go(shift) && self.gate.is_unpaused(now)) {
                self.mark(&mut hand, shift).await;
                return Ok(self.give_up(hand, line, shift, Next::AtOnce).await);
            }
            let mail = if let Some(mail) = hand.next.take() {
                mail
            } else {
                self.mark(&mut hand, shift).await;
                match self.next_mail(&mut hand, shift).await {
                    ControlFlow::Continue(mail) => mail,
                    ControlFlow::Break(end) => {
                        self.give_back(shift.lease, hand.held).await;
                        return end;
                    }
                }
            };
            let miss = match self.attempt(line, &mail, &mut hand, shift).await {
                Ok(reply) => {
                    self.accepted().await;
                    hand.accepted = Some(Accepted::new(mail.delivery, reply));
                    continue;
                }
                Err(miss) => miss,
            };
            self.mark(&mut hand, shift).await;
            if let Flow::End(next) = self.conclude(miss, &mail.delivery, shift).await {
                return Ok(self.give_up(hand, line, shift, next).await);
            }
        }
    }

    /// Gives back what was not come to; a mail that the server was told of takes its connection with it.
    async fn give_up(&self, mut hand: Hand, line: &mut Line, shift: &Shift<'_>, next: Next) -> Next {
        if let Some(mail) = hand.next.take() {
            self.gate.give_leave_back();
            hand.held.push_front(mail.delivery);
            self.hang_up(std::mem::take(line)).await;
        }
        self.give_back(shift.lease, hand.held).await;
        next
    }

    /// Whether what the batch began with still counts. A database that does not answer is found out by the next write.
    async fn is_unchanged(&self, shift: &Shift<'_>) -> bool {
        let read = tokio::try_join!(
            self.parameters.snapshot(),
            self.channels.find(self.gate.account())
        );
        let Ok((snapshot, channel)) = read else {
            return true;
        };
        self.gate
            .note_stopped(snapshot.values.is_on(Parameter::StopOutgoingMail));
        self.gate.still_honours(shift.permit) && channel.hold.is_none() && channel.nudges == shift.nudges
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

fn waits_for_database(error: &StoreError) -> Next {
    tracing::error!(
        alarm = "database",
        error = error as &dyn std::error::Error,
        "delivery waits for the database"
    );
    Next::Within(DATABASE_PAUSE)
}
