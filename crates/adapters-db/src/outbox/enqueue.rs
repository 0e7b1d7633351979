//! Storing mails that are owed.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_ports::outbox::NewDelivery;
use recado_ports::store::StoreError;

use crate::column::Key;
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::rows::{MessageRow, NewDeliveryRow};
use crate::schema::{channel, outbox, outbox_message};
use crate::wakeup::News;

queries! {
    /// Stores mails; one whose cause and recipient are stored already is left as it is.
    pub(crate) async fn insert_deliveries(
        connection: &mut Session,
        deliveries: &[NewDelivery],
    ) -> Result<(), Fault> {
        let accounts: BTreeSet<i64> = deliveries.iter().map(|delivery| i64::from(delivery.account.0)).collect();
        let mut open_times: BTreeMap<i64, i64> = BTreeMap::new();
        for account in accounts {
            let known = channel::table.find(account).select(channel::open_time).first(connection).await.optional()?;
            if known.is_none() {
                let rows = [channel::account.eq(account)];
                insert_new!(connection, channel::table, &rows);
            }
            open_times.insert(account, known.unwrap_or(0));
        }
        let rows: Vec<_> = deliveries
            .iter()
            .map(|delivery| NewDeliveryRow::new(delivery, open_times[&i64::from(delivery.account.0)]))
            .collect();
        let new = insert_new_returning!(connection, outbox::table, &rows, outbox::id => Key);
        let messages: Vec<_> = deliveries
            .iter()
            .filter(|delivery| new.contains(&Key(delivery.id.0)))
            .map(|delivery| MessageRow { delivery: Key(delivery.id.0), bytes: &delivery.message })
            .collect();
        insert_new!(connection, outbox_message::table, &messages);
        Ok(())
    }

    #[expect(clippy::ptr_arg, reason = "an operation borrows what its caller gave")]
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
