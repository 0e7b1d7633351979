//! A worker's hold on the rows that it claimed, kept alive while it works.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use recado_domain::outbox::LeaseToken;
use recado_ports::clock::Clock;
use recado_ports::outbox::Outbox;

/// A lease is renewed when a third of it is over.
const RENEW_AFTER: u32 = 3;

/// The share of a lease that must be left before something irrevocable is begun.
const MARGIN: u32 = 6;

/// A lease that lives while it is [`renewed`](Lease::renewed).
pub(super) struct Lease {
    pub(super) token: LeaseToken,
    time: Duration,
    /// In microseconds of [`Clock::elapsed`].
    valid_until: AtomicU64,
    clock: Arc<dyn Clock>,
    outbox: Arc<dyn Outbox>,
}

impl Lease {
    /// A lease that was asked for at `asked_at`: it counts from then, whenever the answer came.
    pub(super) fn new(
        outbox: Arc<dyn Outbox>,
        clock: Arc<dyn Clock>,
        token: LeaseToken,
        time: Duration,
        asked_at: Duration,
    ) -> Self {
        Self {
            token,
            time,
            valid_until: AtomicU64::new(micros(asked_at + time)),
            clock,
            outbox,
        }
    }

    /// Whether enough of the lease is left, by a clock that goes on while the machine sleeps, to let a mail go.
    pub(super) fn suffices(&self) -> bool {
        let valid_until = Duration::from_micros(self.valid_until.load(Ordering::Acquire));
        valid_until.saturating_sub(self.clock.elapsed()) >= self.time / MARGIN
    }

    /// Renews the lease as long as it is waited for, beside the work: most batches end before its first third does, and
    /// a task of its own would cost each of them more than this timer.
    pub(super) async fn renewed(&self) -> Infallible {
        let mut pause = self.time / RENEW_AFTER;
        loop {
            tokio::time::sleep(pause).await;
            let asked_at = self.clock.elapsed();
            pause = match self.outbox.renew(self.token, self.time).await {
                Ok(_) => {
                    self.valid_until
                        .store(micros(asked_at + self.time), Ordering::Release);
                    self.time / RENEW_AFTER
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a lease could not be renewed"
                    );
                    self.time / (RENEW_AFTER * 4)
                }
            };
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
