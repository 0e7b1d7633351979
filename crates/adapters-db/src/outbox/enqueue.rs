//! Storing mails that are owed.

use recado_ports::outbox::NewDelivery;
use recado_ports::store::StoreError;

use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::wakeup::News;

queries! {
    pub(super) async fn enqueue(connection: &mut Session, deliveries: &Vec<NewDelivery>) -> Result<(), Fault> {
        insert_deliveries(connection, deliveries).await
    }
}

pub(super) async fn enqueue(database: &Database, deliveries: Vec<NewDelivery>) -> Result<(), StoreError> {
    Ok(run!(
        database.write(Purpose::Accept.with(News::Outbox)),
        enqueue,
        deliveries
    )?)
}
