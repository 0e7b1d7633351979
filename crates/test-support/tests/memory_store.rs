//! The in-memory store keeps the contract of the store ports.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use recado_ports::clock::Clock;
use recado_test_support::clock::{ManualClock, START};
use recado_test_support::contract::{Subject, outbox_lease};
use recado_test_support::fakes::MemoryStore;

async fn empty_store() -> Subject {
    let clock = Arc::new(ManualClock::new());
    let store = Arc::new(MemoryStore::with_clock(clock.clone()));
    Subject::new(store).measuring_leases_by(clock)
}

recado_test_support::store_contract!(empty_store);

/// Leases by real time, as a database's own clock measures them.
struct RealTime(Instant);

impl Clock for RealTime {
    fn now(&self) -> Timestamp {
        START
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[tokio::test]
async fn leases_that_no_test_can_shorten_run_out_by_themselves() {
    let store = || {
        Subject::new(Arc::new(MemoryStore::with_clock(Arc::new(RealTime(
            Instant::now(),
        )))))
    };
    outbox_lease::a_mail_whose_lease_ran_out_before_the_fence_is_ready_again(&store()).await;
    outbox_lease::a_mail_whose_lease_ran_out_behind_the_fence_is_unsure(&store()).await;
    outbox_lease::a_renewed_lease_goes_on(&store()).await;
}
