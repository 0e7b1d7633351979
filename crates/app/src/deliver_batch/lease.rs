//! A worker's hold on the rows that it claimed, kept alive while it works.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use recado_domain::outbox::LeaseToken;
use recado_ports::clock::Clock;
use recado_ports::outbox::Outbox;
use tokio::task::JoinHandle;

/// A lease is renewed when a third of it is over.
const RENEW_AFTER: u32 = 3;

/// The share of a lease that must be left before something irrevocable is begun.
const MARGIN: u32 = 6;

/// A lease that is renewed in the background until it is dropped.
pub(super) struct Lease {
    pub(super) token: LeaseToken,
    time: Duration,
    /// In microseconds of [`Clock::elapsed`].
    valid_until: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    renewing: JoinHandle<()>,
}

impl Lease {
    /// Keeps a lease that was asked for at `asked_at`: it counts from then, whenever the answer came.
    pub(super) fn keep(
        outbox: Arc<dyn Outbox>,
        clock: Arc<dyn Clock>,
        token: LeaseToken,
        time: Duration,
        asked_at: Duration,
    ) -> Self {
        let valid_until = Arc::new(AtomicU64::new(micros(asked_at + time)));
        let renewing = tokio::spawn(renew(outbox, clock.clone(), token, time, valid_until.clone()));
        Self {
            token,
            time,
            valid_until,
            clock,
            renewing,
        }
    }

    /// Whether enough of the lease is left, by a clock that goes on while the machine sleeps, to let a mail go.
    pub(super) fn suffices(&self) -> bool {
        let valid_until = Duration::from_micros(self.valid_until.load(Ordering::Acquire));
        valid_until.saturating_sub(self.clock.elapsed()) >= self.time / MARGIN
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

async fn renew(
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
    token: LeaseToken,
    time: Duration,
    valid_until: Arc<AtomicU64>,
) {
    let mut pause = time / RENEW_AFTER;
    loop {
        tokio::time::sleep(pause).await;
        let asked_at = clock.elapsed();
        pause = match outbox.renew(token, time).await {
            Ok(_) => {
                valid_until.store(micros(asked_at + time), Ordering::Release);
                time / RENEW_AFTER
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a lease could not be renewed"
                );
                time / (RENEW_AFTER * 4)
            }
        };
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
