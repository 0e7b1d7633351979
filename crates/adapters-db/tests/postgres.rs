//! PostgreSQL keeps the contract of every store port, where a server is at hand.

mod support;

use std::sync::Arc;

use recado_adapters_db::Database;
use recado_test_support::contract::Subject;

async fn empty_store() -> Option<Subject> {
    let url = support::postgres_url().await?;
    let database = Database::open(&url, support::options(support::clock())).await.unwrap();
    Some(Subject::new(Arc::new(database)))
}

recado_test_support::store_contract!(empty_store);
