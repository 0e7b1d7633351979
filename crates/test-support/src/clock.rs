//! A clock that a test turns by hand.

use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use recado_ports::clock::Clock;

/// Where a new [`ManualClock`] stands: 22 November 2026, 10:00 UTC. Builders date their objects by it too.
pub const START: Timestamp = Timestamp::constant(1_795_341_600, 0);

/// A [`Clock`] that stands still until it is told. Share it by `Arc`.
///
/// ```
/// use recado_ports::clock::Clock;
/// use recado_test_support::clock::{ManualClock, START};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), START + Duration::from_secs(60));
/// clock.jump_to(START);
/// assert_eq!(clock.now(), START, "the wall clock jumps");
/// assert_eq!(clock.elapsed(), Duration::from_secs(60), "elapsed time does not");
/// ```
#[derive(Debug)]
pub struct ManualClock(Mutex<Hands>);

#[derive(Debug, Clone, Copy)]
struct Hands {
    wall: Timestamp,
    elapsed: Duration,
}

impl ManualClock {
    /// A clock that stands at [`START`], no time elapsed.
    pub fn new() -> Self {
        Self(Mutex::new(Hands {
            wall: START,
            elapsed: Duration::ZERO,
        }))
    }

    /// Lets time pass: both the wall clock and the elapsed time go on.
    pub fn advance(&self, by: Duration) {
        let mut hands = self.hands();
        hands.wall += SignedDuration::try_from(by).expect("a test's time fits a timestamp");
        hands.elapsed += by;
    }

    /// Sets the wall clock alone, as an operator or a time server does.
    pub fn jump_to(&self, wall: Timestamp) {
        self.hands().wall = wall;
    }

    fn hands(&self) -> std::sync::MutexGuard<'_, Hands> {
        self.0.lock().expect("no holder of the clock panics")
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.hands().wall
    }

    fn elapsed(&self) -> Duration {
        self.hands().elapsed
    }
}
