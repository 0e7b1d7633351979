//! What all workers of an account share: its circuit breaker, its rate limits, and what its refusals have in common.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::Counter;
use recado_domain::channel::{
    AccountId, Breaker, BreakerState, ChannelFault, HoldReason, Permit, RateLimiter,
};
use recado_domain::outbox::{Delivery, DeliveryId};
use recado_domain::reply::{RefusalStreak, Reply, Streak};
use recado_ports::channels::{Channel, Opening};

use super::AccountView;
use super::suspects::Suspects;
use crate::settings::DeliverySettings;

/// The outcome of mails that the server took.
pub(super) const SENT: &str = "sent";

/// Whose fault a refusal is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The recipient's.
    Recipient,
    /// The account's, and so were those of these mails, which were given up.
    Account {
        /// They live again.
        revive: Vec<DeliveryId>,
    },
}

/// The gate in front of an account.
#[derive(Debug)]
pub struct AccountGate {
    account: AccountId,
    /// Counts the mails that were marked as sent: looking the counter up costs as much as counting a hundred times.
    sent: Counter,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    breaker: Breaker,
    limiter: RateLimiter,
    streak: RefusalStreak,
    suspects: Suspects,
    nudges: Option<i64>,
    /// What a worker read last, while nothing held the account.
    view: Option<Arc<AccountView>>,
    /// The hold that the database bears, as it was last read.
    stored_hold: Option<HoldReason>,
    /// How many probes were let through: tells the one under way from those before it.
    probes: u64,
    paused_until: Duration,
    stopped: bool,
}

/// The one mail that an open breaker lets through. Dropped without an outcome (nothing to send, a mail called back, our
/// own stop, a panic) it makes room for the next one: a probe that nobody reports would shut the account for good.
#[derive(Debug)]
pub(super) struct Probe<'a> {
    gate: &'a AccountGate,
    number: u64,
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        let mut inner = self.gate.inner();
        if inner.probes == self.number {
            inner.breaker.abandoned(Duration::ZERO);
        }
    }
}

impl Inner {
    fn is_open(&self, now: Duration) -> bool {
        let closed = self.breaker.state() == BreakerState::Closed && self.paused_until <= now;
        closed && self.breaker.hold().is_none() && !self.stopped
    }
}

impl AccountGate {
    /// An open gate.
    pub fn new(account: AccountId, settings: &DeliverySettings) -> Self {
        let inner = Inner {
            breaker: Breaker::new(settings.breaker),
            limiter: RateLimiter::new(settings.limits),
            streak: RefusalStreak::default(),
            suspects: Suspects::default(),
            nudges: None,
            view: None,
            stored_hold: None,
            probes: 0,
            paused_until: Duration::ZERO,
            stopped: false,
        };
        Self {
            account,
            sent: metrics::counter!("recado_deliveries_total", "outcome" => SENT),
            inner: Mutex::new(inner),
        }
    }

    /// The account behind the gate.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Whether mail can leave, as expiry counts it. A pause for a throttling server, or for the account's own limits,
    /// is no open time: a queue that takes longer than a mail's life to drain would lose its end, untried.
    pub fn opening(&self, now: Duration) -> Opening {
        if self.inner().is_open(now) {
            Opening::Open
        } else {
            Opening::Shut
        }
    }

    /// What was read last, while a worker may claim without asking for leave.
    pub(super) fn recall(&self, now: Duration) -> Option<Arc<AccountView>> {
        let inner = self.inner();
        inner.view.clone().filter(|_| inner.is_open(now))
    }

    /// Keeps what was read for the next claims.
    pub(super) fn remember(&self, view: &Arc<AccountView>) {
        self.inner().view = Some(Arc::clone(view));
    }

    /// Takes over what another process, an operator or a restart left in the database.
    pub(super) fn follow(&self, channel: &Channel, now: Duration) {
        let mut inner = self.inner();
        let stored = channel.hold.as_ref().map(|hold| hold.reason);
        match (stored, inner.breaker.hold()) {
            (Some(reason), None) => {
                inner.breaker.hold_for(reason, now);
                // Found at the start, it may be long mended: find out at once. Found later, somebody has just met it.
                if inner.nudges.is_none() && reason.is_probed() {
                    inner.breaker.retry_now(now);
                }
            }
            (Some(reason), Some(own)) if reason != own && !(reason.is_probed() && own.is_probed()) => {
                inner.breaker.hold_for(reason, now);
            }
            (None, Some(_)) => inner.breaker.release(now),
            _ => {}
        }
        inner.stored_hold = stored;
        if inner
            .nudges
            .replace(channel.nudges)
            .is_some_and(|before| before != channel.nudges)
        {
            inner.breaker.retry_now(now);
            inner.paused_until = Duration::ZERO;
        }
    }

    /// Notes whether parameter 297 stops everything.
    pub(super) fn note_stopped(&self, stopped: bool) {
        self.inner().stopped = stopped;
    }

    /// Whether a worker may claim, and when to ask again. The probe is to be kept while the mail is under way.
    pub(super) fn permit(&self, now: Duration) -> (Permit, Option<Probe<'_>>) {
        let mut inner = self.inner();
        if inner.paused_until > now {
            return (Permit::WaitUntil(inner.paused_until), None);
        }
        let permit = inner.breaker.permit(now);
        let probe = (permit == Permit::Probe).then(|| {
            inner.probes += 1;
            Probe {
                gate: self,
                number: inner.probes,
            }
        });
        (permit, probe)
    }

    /// Whether a mail that was claimed under a permit may still go: another worker's mail may have shut the gate.
    pub(super) fn still_honours(&self, permit: Permit) -> bool {
        let inner = self.inner();
        match permit {
            Permit::Pass => inner.breaker.state() == BreakerState::Closed && !inner.stopped,
            Permit::Probe => matches!(inner.breaker.state(), BreakerState::Probing { .. }) && !inner.stopped,
            Permit::WaitUntil(_) | Permit::WaitForProbe | Permit::Held(_) => false,
        }
    }

    /// Whether no server has asked for a pause, and no limit of the account's own was met.
    pub(super) fn is_unpaused(&self, now: Duration) -> bool {
        self.inner().paused_until <= now
    }

    /// Takes leave to send one mail, by the account's own limits.
    pub(super) fn take(&self, now: Duration) -> Result<(), Duration> {
        let mut inner = self.inner();
        inner
            .limiter
            .take(now)
            .inspect_err(|until| inner.paused_until = *until)
    }

    /// A mail that had taken leave never came to the server.
    pub(super) fn give_leave_back(&self) {
        self.inner().limiter.give_back();
    }

    /// A mail was accepted.
    pub(super) fn accepted(&self) {
        let mut inner = self.inner();
        inner.streak.accepted();
        inner.suspects.account_works();
        inner.limiter.accepted();
        inner.breaker.success();
    }

    /// A recipient was refused. Tells whether the refusal is really the account's: the same policy refusal for three
    /// recipients in a row.
    pub(super) fn refused(&self, delivery: &Delivery, reply: &Reply) -> Blame {
        let mut inner = self.inner();
        if inner.suspects.was_excused_in_vain(delivery.id) {
            inner.breaker.success();
            return Blame::Recipient;
        }
        match inner.streak.refused(delivery.recipient.as_str(), reply) {
            Streak::Recipient => {
                inner.suspects.condemn(delivery.id, reply);
                inner.breaker.success();
                Blame::Recipient
            }
            Streak::Channel => Blame::Account {
                revive: inner.suspects.excuse(delivery.id, reply),
            },
        }
    }

    /// The server answered as working servers do, whatever it said.
    pub(super) fn answered(&self) {
        self.inner().breaker.success();
    }

    /// The channel is at fault, as it was when the batch with these `nudges` began.
    pub(super) fn fault(&self, fault: &ChannelFault, nudges: i64, now: Duration) {
        let mut inner = self.inner();
        inner.breaker.fault(fault, now);
        // The account was written while the mail was under way: its fault is the old account's.
        if inner.nudges.is_some_and(|latest| latest != nudges) {
            inner.breaker.retry_now(now);
        }
    }

    /// A mail's connection was cut. `true` when that opened the breaker.
    pub(super) fn cut(&self, mail: DeliveryId, detail: &str, now: Duration) -> bool {
        self.inner().breaker.cut(mail.0, detail, now)
    }

    /// The server asks to slow down.
    pub(super) fn throttled(&self, now: Duration) {
        let mut inner = self.inner();
        inner.breaker.success();
        inner.limiter.throttled(now);
        // The limiter knows the pause; asking without taking leave is not its interface.
        if let Err(until) = inner.limiter.take(now) {
            inner.paused_until = until;
        }
    }

    /// Something is missing in the parameters. What a person holds stays held.
    pub(super) fn hold_for(&self, reason: HoldReason, now: Duration) {
        let mut inner = self.inner();
        if inner.breaker.hold().is_none_or(HoldReason::is_probed) {
            inner.breaker.hold_for(reason, now);
        }
    }

    /// Whether a hold that the database still bears has ended here; says so once.
    pub(super) fn take_ended_hold(&self) -> bool {
        let mut inner = self.inner();
        let is_over = inner.breaker.hold().is_none();
        inner
            .stored_hold
            .take_if(|reason| is_over && reason.is_probed())
            .is_some()
    }

    /// Counts what became of a mail.
    pub(super) fn count(&self, outcome: &'static str) {
        if outcome == SENT {
            self.sent.increment(1);
        } else {
            metrics::counter!("recado_deliveries_total", "outcome" => outcome).increment(1);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Every transition under the lock leaves a valid state, so a panic elsewhere does not spoil it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_account_as_it_was_does_not_delay_the_account_as_it_is() {
        let gate = AccountGate::new(AccountId::DEFAULT, &DeliverySettings::default());
        let channel = |nudges| Channel {
            account: AccountId::DEFAULT,
            hold: None,
            nudges,
            last_fault: None,
        };
        let now = Duration::from_secs(100);
        gate.follow(&channel(1), now);
        assert_eq!(gate.permit(now).0, Permit::Pass);
        // The account is written while the mail is under way, and another worker has seen it.
        gate.follow(&channel(2), now);
        let refused = ChannelFault::holding(HoldReason::LoginRefused, "535");
        gate.fault(&refused, 1, now);
        assert_eq!(gate.permit(now).0, Permit::Probe);
        gate.fault(&refused, 2, now);
        assert!(matches!(gate.permit(now).0, Permit::WaitUntil(until) if until > now));
    }
}
