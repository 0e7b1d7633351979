//! Both databases keep the contract of every store port, and do what each of them alone must.
#![expect(clippy::unwrap_used, reason = "an error where none may be is a failed test")]

mod claim;
mod databases;
mod postgres;
mod sqlite;

mod sqlite_contract {
    use recado_test_support::contract::Subject;

    use crate::databases;

    async fn empty_store() -> Subject {
        let clock = databases::clock();
        let (database, directory) = databases::sqlite(clock.clone()).await;
        Subject::new(database)
            .measuring_leases_by(clock)
            .keeping(directory)
    }

    recado_test_support::store_contract!(empty_store);
}

mod postgres_contract {
    use recado_test_support::contract::Subject;

    use crate::databases;

    async fn empty_store() -> Option<Subject> {
        let (database, _url, server) = databases::postgres(databases::clock()).await?;
        Some(Subject::new(database).keeping(server))
    }

    recado_test_support::store_contract!(empty_store);
}
