//! How fast an account may send: its own limits, and the pauses that a throttling server asks for.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// A window is counted in so many slots: exact enough, and the memory does not grow with the limit.
const SLOTS: u32 = 60;

const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The limits of an account; `None`: unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimits {
    /// Mails in any 60 seconds.
    pub per_minute: Option<NonZeroU32>,
    /// Recipients in any 24 hours. A mail has one recipient.
    pub per_day: Option<NonZeroU32>,
}

/// Counts what an account has sent, in memory: a restart begins anew.
///
/// ```
/// use recado_domain::channel::{RateLimiter, RateLimits};
/// use std::{num::NonZeroU32, time::Duration};
///
/// let mut limiter = RateLimiter::new(RateLimits { per_minute: NonZeroU32::new(2), per_day: None });
/// let now = Duration::from_secs(10);
/// assert_eq!([limiter.take(now), limiter.take(now)], [Ok(()), Ok(())]);
/// assert_eq!(limiter.take(now), Err(Duration::from_secs(71)));
/// assert_eq!(limiter.take(Duration::from_secs(71)), Ok(()));
/// ```
#[derive(Debug, Clone)]
pub struct RateLimiter {
    minute: Option<Window>,
    day: Option<Window>,
    pause: Duration,
    paused_until: Duration,
}

impl RateLimiter {
    /// A limiter that has counted nothing.
    pub fn new(limits: RateLimits) -> Self {
        Self {
            minute: limits.per_minute.map(|limit| Window::new(limit, MINUTE)),
            day: limits.per_day.map(|limit| Window::new(limit, DAY)),
            pause: Duration::ZERO,
            paused_until: Duration::ZERO,
        }
    }

    /// Takes leave to send one mail at `now`.
    ///
    /// # Errors
    ///
    /// The time at which to ask again. Nothing was counted.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let mut free_at = self.paused_until;
        for window in [&mut self.minute, &mut self.day].into_iter().flatten() {
            free_at = free_at.max(window.free_at(now));
        }
        if free_at > now {
            return Err(free_at);
        }
        for window in [&mut self.minute, &mut self.day].into_iter().flatten() {
            window.count(now);
        }
        Ok(())
    }

    /// The mail that last took leave never came to the server: it counts no more.
    pub fn give_back(&mut self) {
        for window in [&mut self.minute, &mut self.day].into_iter().flatten() {
            window.uncount();
        }
    }

    /// The server asked to slow down: pauses for 5 s, twice as long each further time, at most 5 minutes.
    ///
    /// Answers that arrive during a pause (to mails begun before it) do not lengthen it.
    pub fn throttled(&mut self, now: Duration) {
        if now >= self.paused_until {
            self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            self.paused_until = now.saturating_add(self.pause);
        }
    }

    /// The server took a mail: the next pause is half as long again.
    pub fn accepted(&mut self) {
        self.pause /= 2;
    }
}

/// At most `limit` in any span of `SLOTS` slots and the one under way.
#[derive(Debug, Clone)]
struct Window {
    limit: u32,
    slot: Duration,
    total: u32,
    counts: VecDeque<(Duration, u32)>,
}

impl Window {
    fn new(limit: NonZeroU32, span: Duration) -> Self {
        Self {
            limit: limit.get(),
            slot: span / SLOTS,
            total: 0,
            counts: VecDeque::new(),
        }
    }

    /// `now` or earlier when one more may be counted.
    fn free_at(&mut self, now: Duration) -> Duration {
        while let Some((begun, count)) = self.counts.front().copied()
            && self.leaves_at(begun) <= now
        {
            self.total -= count;
            self.counts.pop_front();
        }
        match self.counts.front() {
            Some((begun, _)) if self.total >= self.limit => self.leaves_at(*begun),
            _ => now,
        }
    }

    fn count(&mut self, now: Duration) {
        self.total += 1;
        match self.counts.back_mut() {
            Some((begun, count)) if now < *begun + self.slot => *count += 1,
            _ => self.counts.push_back((now, 1)),
        }
    }

    fn uncount(&mut self) {
        if let Some((_, count)) = self.counts.back_mut() {
            *count -= 1;
            self.total -= 1;
            if *count == 0 {
                self.counts.pop_back();
            }
        }
    }

    /// When the last mail of the slot begun then is out of the window.
    fn leaves_at(&self, begun: Duration) -> Duration {
        begun + self.slot * (SLOTS + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(per_minute: u32, per_day: u32) -> RateLimiter {
        RateLimiter::new(RateLimits {
            per_minute: NonZeroU32::new(per_minute),
            per_day: NonZeroU32::new(per_day),
        })
    }

    #[test]
    fn a_mail_that_never_came_to_the_server_is_not_counted() {
        let mut limiter = limiter(2, 2);
        let now = Duration::from_secs(1);
        for _ in 0..10 {
            limiter.take(now).unwrap();
            limiter.give_back();
        }
        assert_eq!([limiter.take(now), limiter.take(now)], [Ok(()), Ok(())]);
        assert!(limiter.take(now).is_err());
        for _ in 0..10 {
            limiter.give_back();
        }
        assert_eq!(
            [limiter.take(now), limiter.take(now)],
            [Ok(()), Ok(())],
            "there is nothing to give back below none"
        );
        assert!(limiter.take(now).is_err());
    }

    /// Sends as fast as the limiter lets, up to `end`.
    fn send_until(limiter: &mut RateLimiter, end: Duration) -> Vec<Duration> {
        let (mut now, mut sent) = (Duration::ZERO, Vec::new());
        while now < end {
            match limiter.take(now) {
                Ok(()) => {
                    sent.push(now);
                    now += Duration::from_millis(7);
                }
                Err(later) => {
                    assert!(later > now);
                    now = later;
                }
            }
        }
        sent
    }

    fn most_within(sent: &[Duration], span: Duration) -> usize {
        (0..sent.len())
            .map(|i| {
                sent[i..]
                    .iter()
                    .take_while(|at| at.saturating_sub(sent[i]) < span)
                    .count()
            })
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn no_minute_holds_more_than_the_limit() {
        let sent = send_until(&mut limiter(100, 0), Duration::from_mins(10));
        assert_eq!(most_within(&sent, MINUTE), 100);
        assert!(sent.len() >= 900, "{} sent in ten minutes", sent.len());
    }

    #[test]
    fn the_day_counts_across_minutes() {
        let mut limiter = limiter(2, 5);
        let sent = send_until(&mut limiter, Duration::from_hours(1));
        assert_eq!(sent.len(), 5);
        let free = limiter.take(Duration::from_hours(1)).unwrap_err();
        assert!(free >= DAY && free < DAY + DAY / 30);
    }

    #[test]
    fn without_limits_nothing_waits() {
        let mut limiter = RateLimiter::new(RateLimits::default());
        assert!((0..10_000).all(|_| limiter.take(Duration::ZERO).is_ok()));
    }

    #[test]
    fn a_refused_leave_is_not_counted() {
        let mut limiter = limiter(1, 2);
        assert_eq!(limiter.take(Duration::ZERO), Ok(()));
        for _ in 0..10 {
            assert!(limiter.take(Duration::ZERO).is_err());
        }
        assert_eq!(limiter.take(Duration::from_secs(61)), Ok(()));
    }

    #[test]
    fn throttling_pauses_longer_each_time_and_recovers() {
        let mut limiter = RateLimiter::new(RateLimits::default());
        let (mut now, mut pauses) = (Duration::ZERO, Vec::new());
        for _ in 0..8 {
            limiter.throttled(now);
            limiter.throttled(now);
            let until = limiter.take(now).unwrap_err();
            pauses.push(until.saturating_sub(now).as_secs());
            now = until;
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300]);
        for _ in 0..20 {
            limiter.accepted();
        }
        limiter.throttled(now);
        assert_eq!(limiter.take(now), Err(now + FIRST_PAUSE));
    }
}
