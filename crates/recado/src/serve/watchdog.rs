//! What systemd is told: ready, stopping, and, while the daemon's loops go round, that it is alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use recado_ports::clock::Clock;
use sd_notify::NotifyState;

/// A round of housekeeping takes milliseconds; a database that must be waited for, some seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// Marks that a loop went round.
#[derive(Clone)]
pub(super) struct Pulse {
    last: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
}

impl Pulse {
    /// A pulse that has just beaten.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let pulse = Self {
            last: Arc::default(),
            clock,
        };
        pulse.beat();
        pulse
    }

    /// The loop went round.
    pub(super) fn beat(&self) {
        self.last.store(self.clock.elapsed().as_secs(), Ordering::Relaxed);
    }

    fn is_alive(&self, patience: Duration) -> bool {
        let silence = self
            .clock
            .elapsed()
            .as_secs()
            .saturating_sub(self.last.load(Ordering::Relaxed));
        silence <= patience.as_secs()
    }
}

/// Tells systemd; without systemd nothing happens.
pub(super) fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not told");
    }
}

/// Pings systemd's watchdog, where there is one, for as long as the pulse beats. Never returns.
///
/// That this task runs shows that the runtime does; the pulse shows that the database path does. A worker is no part of
/// it: waiting ten minutes for a mail server is its work.
pub(super) async fn ping(pulse: Pulse) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    let patience = PATIENCE.max(limit);
    let mut ticks = tokio::time::interval(limit / 3);
    loop {
        ticks.tick().await;
        if pulse.is_alive(patience) {
            notify(&[NotifyState::Watchdog]);
        } else {
            tracing::error!(
                alarm = "stalled",
                "housekeeping does not go round; systemd's watchdog is not told"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use jiff::Timestamp;

    use super::*;

    struct SteppedClock(Mutex<Duration>);

    impl Clock for SteppedClock {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    #[test]
    fn a_loop_that_stands_still_is_noticed() {
        let clock = Arc::new(SteppedClock(Mutex::new(Duration::from_secs(100))));
        let pulse = Pulse::new(clock.clone());
        *clock.0.lock().unwrap() = Duration::from_secs(160);
        assert!(pulse.is_alive(PATIENCE));
        *clock.0.lock().unwrap() = Duration::from_secs(161);
        assert!(!pulse.is_alive(PATIENCE));
        pulse.beat();
        assert!(pulse.is_alive(PATIENCE));
    }
}
