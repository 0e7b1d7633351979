//! The circuit breaker in front of an account: it keeps a queue from hammering a server that is down, and tries it again by itself.

use super::{ChannelFault, HoldReason};
use std::time::Duration;
use uuid::Uuid;

/// So many different mails cut off in a row open the breaker: fewer may be the mails' own doing.
const CUT_MAILS: usize = 3;

/// How long an open breaker waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// The first wait; it doubles at every failed probe.
    pub first: Duration,
    /// The longest wait.
    pub max: Duration,
    /// The time between two probes of a held channel.
    pub held: Duration,
}

impl Default for BreakerPolicy {
    /// 1 s doubling to 60 s; a held channel is probed every 60 s.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            max: Duration::from_mins(1),
            held: Duration::from_mins(1),
        }
    }
}

/// What a sender may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Send.
    Pass,
    /// Send one mail, and report how it went: every other sender waits for it.
    Probe,
    /// Ask again at this time.
    WaitUntil(Duration),
    /// Ask again when the probe under way has been reported.
    WaitForProbe,
    /// Wait for [`Breaker::release`]: a person holds the channel.
    Held(HoldReason),
}

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Mail passes.
    Closed,
    /// Nothing passes until `until`.
    Open {
        /// When the next probe may go.
        until: Duration,
        /// The wait that ends then.
        delay: Duration,
    },
    /// One probe is under way.
    Probing {
        /// The wait that came before it.
        delay: Duration,
    },
}

/// A circuit breaker for one account.
///
/// ```
/// use recado_domain::channel::{Breaker, BreakerPolicy, ChannelFault, Permit};
/// use std::time::Duration;
///
/// let at = Duration::from_secs;
/// let mut breaker = Breaker::new(BreakerPolicy::default());
/// assert_eq!(breaker.permit(at(0)), Permit::Pass);
///
/// breaker.fault(&ChannelFault::passing("connection refused"), at(0));
/// assert_eq!(breaker.permit(at(0)), Permit::WaitUntil(at(1)));
/// assert_eq!(breaker.permit(at(1)), Permit::Probe);
/// assert_eq!(breaker.permit(at(1)), Permit::WaitForProbe);
///
/// breaker.success();
/// assert_eq!(breaker.permit(at(1)), Permit::Pass);
/// ```
#[derive(Debug, Clone)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: BreakerState,
    hold: Option<HoldReason>,
    cut: Vec<Uuid>,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            state: BreakerState::Closed,
            hold: None,
            cut: Vec::new(),
        }
    }

    /// Where the breaker stands.
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// Why the channel is held, if it is. An open breaker alone is no hold.
    pub fn hold(&self) -> Option<HoldReason> {
        self.hold
    }

    /// Asks to send one mail. A [`Permit::Probe`] must be answered by [`success`](Self::success),
    /// [`fault`](Self::fault), [`cut`](Self::cut) or [`abandoned`](Self::abandoned).
    pub fn permit(&mut self, now: Duration) -> Permit {
        if let Some(reason) = self.hold.filter(|reason| !reason.is_probed()) {
            return Permit::Held(reason);
        }
        match self.state {
            BreakerState::Closed => Permit::Pass,
            BreakerState::Open { until, .. } if now < until => Permit::WaitUntil(until),
            BreakerState::Open { delay, .. } => {
                self.state = BreakerState::Probing { delay };
                Permit::Probe
            }
            BreakerState::Probing { .. } => Permit::WaitForProbe,
        }
    }

    /// The server answered as a working server does, be it with a refusal of the recipient.
    ///
    /// Closes the breaker after a probe. While it is open the answer is that of a mail begun before the fault, and
    /// tells nothing: with two connections, one too many for the server, it would close what the other just opened.
    pub fn success(&mut self) {
        self.cut.clear();
        if let BreakerState::Probing { .. } = self.state {
            self.state = BreakerState::Closed;
            self.hold = self.hold.filter(|reason| !reason.is_probed());
        }
    }

    /// The channel is at fault. Opens the breaker, or makes it wait twice as long after a probe.
    pub fn fault(&mut self, fault: &ChannelFault, now: Duration) {
        self.cut.clear();
        if self.hold.is_none_or(HoldReason::is_probed) {
            // A probe that fails otherwise than the last one shows the present reason: after the password is mended, a
            // server that is down is no longer a refused login.
            match (self.state, fault.hold) {
                (_, Some(reason)) => self.hold = Some(reason),
                (BreakerState::Probing { .. }, None) => self.hold = None,
                _ => {}
            }
        }
        let delay = match self.state {
            BreakerState::Closed => self.policy.first,
            BreakerState::Probing { delay } => delay.saturating_mul(2),
            // A mail begun before the breaker opened; it must not count as a probe.
            BreakerState::Open { delay, until } => {
                if fault.hold.is_some() {
                    self.state = BreakerState::Open {
                        delay,
                        until: until.max(now + self.policy.held),
                    };
                }
                return;
            }
        };
        let delay = delay.clamp(self.policy.first.min(self.policy.max), self.policy.max);
        let wait = if self.hold.is_some() {
            self.policy.held
        } else {
            delay
        };
        self.state = BreakerState::Open {
            until: now.saturating_add(wait),
            delay,
        };
    }

    /// The connection was cut before the final dot of `mail`. The mail is charged; the third different mail in a row
    /// (or the probe) opens the breaker. Tells whether it did.
    pub fn cut(&mut self, mail: Uuid, detail: &str, now: Duration) -> bool {
        if !self.cut.contains(&mail) {
            self.cut.push(mail);
        }
        let opens = self.cut.len() >= CUT_MAILS || matches!(self.state, BreakerState::Probing { .. });
        if opens {
            self.fault(&ChannelFault::passing(detail), now);
        }
        opens
    }

    /// The probe ended without an outcome (nothing to send, shutdown): the next sender probes at once.
    pub fn abandoned(&mut self, now: Duration) {
        if let BreakerState::Probing { delay } = self.state {
            self.state = BreakerState::Open { until: now, delay };
        }
    }

    /// One of the account's parameters was written: probe at once, from the first delay on.
    pub fn retry_now(&mut self, now: Duration) {
        if self.state != BreakerState::Closed {
            self.state = BreakerState::Open {
                until: now,
                delay: self.policy.first,
            };
        }
    }

    /// Holds the channel for a reason that no fault brought: restored, an operator's word, not configured.
    pub fn hold_for(&mut self, reason: HoldReason, now: Duration) {
        self.hold = Some(reason);
        self.state = BreakerState::Open {
            until: now.saturating_add(self.policy.held),
            delay: self.policy.first,
        };
    }

    /// An operator lifts whatever hold there is; the next mail is a probe, at once.
    pub fn release(&mut self, now: Duration) {
        self.hold = None;
        self.retry_now(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn down() -> ChannelFault {
        ChannelFault::passing("connection refused")
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        breaker.fault(&down(), at(0));
        breaker
    }

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        let mut breaker = opened();
        let (mut now, mut waits) = (at(0), Vec::new());
        for _ in 0..8 {
            let Permit::WaitUntil(until) = breaker.permit(now) else {
                panic!("the breaker is open")
            };
            waits.push(until.saturating_sub(now).as_secs());
            now = until;
            assert_eq!(breaker.permit(now), Permit::Probe);
            breaker.fault(&down(), now);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn faults_of_mails_begun_before_do_not_lengthen_the_wait() {
        let mut breaker = opened();
        for _ in 0..10 {
            breaker.fault(&down(), at(0));
        }
        assert_eq!(breaker.permit(at(0)), Permit::WaitUntil(at(1)));
    }

    #[test]
    fn a_success_of_a_mail_begun_before_does_not_close_an_open_breaker() {
        let mut breaker = opened();
        breaker.success();
        assert_eq!(breaker.permit(at(0)), Permit::WaitUntil(at(1)));
    }

    #[test]
    fn one_probe_goes_at_a_time_and_closes_the_breaker() {
        let mut breaker = opened();
        assert_eq!(
            [breaker.permit(at(1)), breaker.permit(at(99))],
            [Permit::Probe, Permit::WaitForProbe]
        );
        breaker.success();
        assert_eq!(
            (breaker.permit(at(99)), breaker.state()),
            (Permit::Pass, BreakerState::Closed)
        );
    }

    #[test]
    fn an_abandoned_probe_lets_the_next_sender_probe() {
        let mut breaker = opened();
        breaker.permit(at(1));
        breaker.abandoned(at(2));
        assert_eq!(breaker.permit(at(2)), Permit::Probe);
    }

    #[test]
    fn a_held_channel_is_probed_every_minute_and_when_told() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        breaker.fault(&ChannelFault::holding(HoldReason::LoginRefused, "535"), at(0));
        assert_eq!(breaker.hold(), Some(HoldReason::LoginRefused));
        assert_eq!(breaker.permit(at(59)), Permit::WaitUntil(at(60)));
        breaker.retry_now(at(5));
        assert_eq!(breaker.permit(at(5)), Permit::Probe);
        breaker.success();
        assert_eq!((breaker.hold(), breaker.permit(at(5))), (None, Permit::Pass));
    }

    #[test]
    fn a_probe_that_fails_in_passing_ends_the_hold_but_not_the_wait() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        breaker.fault(&ChannelFault::holding(HoldReason::LoginRefused, "535"), at(0));
        breaker.permit(at(60));
        breaker.fault(&down(), at(60));
        assert_eq!(
            (breaker.hold(), breaker.permit(at(60))),
            (None, Permit::WaitUntil(at(62)))
        );
    }

    #[test]
    fn what_a_person_holds_only_a_person_releases() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        breaker.hold_for(HoldReason::Restored, at(0));
        breaker.retry_now(at(1));
        breaker.fault(&ChannelFault::holding(HoldReason::LoginRefused, "535"), at(1));
        breaker.success();
        assert_eq!(breaker.permit(at(1_000)), Permit::Held(HoldReason::Restored));
        breaker.release(at(1_000));
        assert_eq!(breaker.permit(at(1_000)), Permit::Probe);
    }

    #[test]
    fn a_mail_that_makes_the_server_drop_the_line_holds_up_nobody() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        let bad = Uuid::from_u128(1);
        assert!((0..10).all(|_| !breaker.cut(bad, "cut", at(0))));
        assert_eq!(breaker.permit(at(0)), Permit::Pass);
    }

    #[test]
    fn three_different_mails_cut_in_a_row_open_the_breaker() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        let cuts: Vec<bool> = (1..=3)
            .map(|mail| breaker.cut(Uuid::from_u128(mail), "cut", at(0)))
            .collect();
        assert_eq!(cuts, [false, false, true]);
        assert_eq!(breaker.permit(at(0)), Permit::WaitUntil(at(1)));
    }

    #[test]
    fn a_success_between_two_cuts_begins_the_count_anew() {
        let mut breaker = Breaker::new(BreakerPolicy::default());
        for mail in 1..=10 {
            assert!(!breaker.cut(Uuid::from_u128(mail), "cut", at(0)));
            breaker.success();
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_probe_that_is_cut_opens_the_breaker_again() {
        let mut breaker = opened();
        breaker.permit(at(1));
        assert!(breaker.cut(Uuid::from_u128(1), "cut", at(1)));
        assert_eq!(breaker.permit(at(1)), Permit::WaitUntil(at(3)));
    }
}
