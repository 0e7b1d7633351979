//! SQLite keeps the contract of every store port.

mod support;

use recado_test_support::contract::Subject;

async fn empty_store() -> Subject {
    let clock = support::clock();
    let (database, directory) = support::sqlite(clock.clone()).await;
    Subject::new(database).measuring_leases_by(clock).keeping(directory)
}

recado_test_support::store_contract!(empty_store);
