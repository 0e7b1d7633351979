//! The retry schedule: when a mail is tried again, as data. The clock and the dice are the caller's.

use std::time::Duration;

/// Why a schedule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No entry at all.
    #[error("the retry schedule is empty: name at least one delay")]
    Empty,
    /// An entry of no time would send without pause.
    #[error("the retry schedule holds a delay of zero")]
    Zero,
}

/// The delays between attempts; the last one repeats until the mail expires.
///
/// ```
/// use recado_domain::retry::Schedule;
/// use std::time::Duration;
/// let schedule = Schedule::default();
/// assert_eq!(schedule.delay(1), Duration::from_secs(60));
/// assert_eq!(schedule.delay(99), Duration::from_secs(4 * 3600));
/// // Jitter spreads a delay by a fifth either way: 0.0 is the earliest, 1.0 the latest.
/// assert_eq!(schedule.jittered(1, 0.0), Duration::from_secs(48));
/// assert_eq!(schedule.jittered(1, 1.0), Duration::from_secs(72));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<Duration>);

impl Schedule {
    /// Jitter takes off, or adds, at most this share of a delay.
    pub const JITTER: f64 = 0.2;

    /// A schedule of at least one delay, none of them zero.
    pub fn new(delays: Vec<Duration>) -> Result<Self, ScheduleError> {
        if delays.is_empty() {
            return Err(ScheduleError::Empty);
        }
        if delays.contains(&Duration::ZERO) {
            return Err(ScheduleError::Zero);
        }
        Ok(Self(delays))
    }

    /// The delay after the given number of failed attempts (1 for the first).
    pub fn delay(&self, failed_attempts: u32) -> Duration {
        let last = self.0.len() - 1;
        let index = usize::try_from(failed_attempts.saturating_sub(1))
            .unwrap_or(last)
            .min(last);
        self.0[index]
    }

    /// [`Schedule::delay`] with jitter: `dice` runs from 0 (earliest) to 1 (latest).
    pub fn jittered(&self, failed_attempts: u32, dice: f64) -> Duration {
        let factor = 1.0 - Self::JITTER + 2.0 * Self::JITTER * dice.clamp(0.0, 1.0);
        self.delay(failed_attempts).mul_f64(factor)
    }
}

impl Default for Schedule {
    /// 1, 5, 15, 30 minutes, 1, 2, 4 hours.
    fn default() -> Self {
        Self(
            [1, 5, 15, 30, 60, 120, 240]
                .map(|minutes| Duration::from_secs(minutes * 60))
                .to_vec(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_without_pause_is_refused() {
        assert_eq!(Schedule::new(vec![]), Err(ScheduleError::Empty));
        assert_eq!(Schedule::new(vec![Duration::ZERO]), Err(ScheduleError::Zero));
    }

    #[test]
    fn delays_follow_the_list_and_the_last_repeats() {
        let schedule = Schedule::new([3, 7].map(Duration::from_secs).to_vec()).unwrap();
        let seconds: Vec<_> = (0..5).map(|n| schedule.delay(n).as_secs()).collect();
        assert_eq!(seconds, [3, 3, 7, 7, 7]);
    }
}
