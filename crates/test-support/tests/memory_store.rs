//! The in-memory store keeps the contract of the store ports.

use std::sync::Arc;

use recado_test_support::clock::ManualClock;
use recado_test_support::contract::Subject;
use recado_test_support::fakes::MemoryStore;

async fn empty_store() -> Subject {
    let clock = Arc::new(ManualClock::new());
    let store = Arc::new(MemoryStore::with_clock(clock.clone()));
    Subject::new(store).measuring_leases_by(clock)
}

recado_test_support::store_contract!(empty_store);
