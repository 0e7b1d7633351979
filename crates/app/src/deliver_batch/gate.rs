//! What all workers of an account share: its circuit breaker, its rate limits, and what its refusals have in common.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use recado_domain::channel::{AccountId, Breaker, BreakerState, ChannelFault, HoldReason, Permit, RateLimiter};
use recado_domain::outbox::DeliveryId;
use recado_domain::person::EmailAddress;
use recado_domain::reply::{RefusalStreak, Reply, Streak};
use recado_ports::channels::{Channel, Opening};

use crate::settings::DeliverySettings;

/// The gate in front of an account.
#[derive(Debug)]
pub struct AccountGate {
    account: AccountId,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    breaker: Breaker,
    limiter: RateLimiter,
    streak: RefusalStreak,
    nudges: Option<i64>,
    paused_until: Duration,
    stopped: bool,
}

impl AccountGate {
    /// An open gate.
    pub fn new(account: AccountId, settings: &DeliverySettings) -> Self {
        let inner = Inner {
            breaker: Breaker::new(settings.breaker),
            limiter: RateLimiter::new(settings.limits),
            streak: RefusalStreak::default(),
            nudges: None,
            paused_until: Duration::ZERO,
            stopped: false,
        };
        Self { account, inner: Mutex::new(inner) }
    }

    /// The account behind the gate.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Whether mail can leave, as expiry counts it.
    pub fn opening(&self) -> Opening {
        let inner = self.inner();
        let closed = inner.breaker.state() == BreakerState::Closed;
        if closed && inner.breaker.hold().is_none() && !inner.stopped { Opening::Open } else { Opening::Shut }
    }

    /// Takes over what another process, an operator or a restart left in the database.
    pub(super) fn follow(&self, channel: &Channel, now: Duration) {
        let mut inner = self.inner();
        let stored = channel.hold.as_ref().map(|hold| hold.reason);
        match (stored, inner.breaker.hold()) {
            (Some(reason), None) => {
                inner.breaker.hold_for(reason, now);
                // A fault that a server may have mended meanwhile: find out at once.
                if reason.is_probed() {
                    inner.breaker.retry_now(now);
                }
            }
            (Some(reason), Some(own)) if reason != own && !reason.is_probed() => inner.breaker.hold_for(reason, now),
            (None, Some(_)) => inner.breaker.release(now),
            _ => {}
        }
        if inner.nudges.replace(channel.nudges).is_some_and(|before| before != channel.nudges) {
            inner.breaker.retry_now(now);
            inner.paused_until = Duration::ZERO;
        }
    }

    /// Notes whether parameter 297 stops everything.
    pub(super) fn note_stopped(&self, stopped: bool) {
        self.inner().stopped = stopped;
    }

    /// Whether a worker may claim, and when to ask again.
    pub(super) fn permit(&self, now: Duration) -> Permit {
        let mut inner = self.inner();
        if inner.paused_until > now {
            return Permit::WaitUntil(inner.paused_until);
        }
        inner.breaker.permit(now)
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

    /// Takes leave to send one mail, by the account's own limits.
    pub(super) fn take(&self, now: Duration) -> Result<(), Duration> {
        let mut inner = self.inner();
        inner.limiter.take(now).inspect_err(|until| inner.paused_until = *until)
    }

    /// The probe found nothing to send, or was cut short by ourselves.
    pub(super) fn abandoned(&self, now: Duration) {
        self.inner().breaker.abandoned(now);
    }

    /// A mail was accepted. `true` when this ended a hold.
    pub(super) fn accepted(&self) -> bool {
        let mut inner = self.inner();
        inner.streak.accepted();
        inner.limiter.accepted();
        Self::works(&mut inner)
    }

    /// The server answered about a recipient, as working servers do. Tells whether the refusal is really the
    /// account's: the same policy refusal for three recipients in a row.
    pub(super) fn refused(&self, recipient: &EmailAddress, reply: &Reply) -> Streak {
        let mut inner = self.inner();
        let streak = inner.streak.refused(recipient.as_str(), reply);
        if streak == Streak::Recipient {
            Self::works(&mut inner);
        }
        streak
    }

    /// The server answered as working servers do, whatever it said.
    pub(super) fn answered(&self) {
        Self::works(&mut self.inner());
    }

    /// The channel is at fault.
    pub(super) fn fault(&self, fault: &ChannelFault, now: Duration) {
        self.inner().breaker.fault(fault, now);
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

    /// Something is missing in the parameters.
    pub(super) fn hold_for(&self, reason: HoldReason, now: Duration) {
        self.inner().breaker.hold_for(reason, now);
    }

    fn works(inner: &mut Inner) -> bool {
        let held = inner.breaker.hold();
        inner.breaker.success();
        held.is_some() && inner.breaker.hold().is_none()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Every transition under the lock leaves a valid state, so a panic elsewhere does not spoil it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
