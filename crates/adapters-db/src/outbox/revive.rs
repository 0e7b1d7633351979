//! Bringing a mail back that was given up for a fault of its account.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::outbox::{DeliveryId, State};
use recado_ports::events::EventKind;
use recado_ports::store::StoreError;

use crate::column::{Key, micros};
use crate::database::Database;
use crate::events::NewEventRow;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::schema::outbox;
use crate::wakeup::News;

queries! {
    pub(super) async fn revive(connection: &mut Session, input: &(Key, i64)) -> Result<bool, Fault> {
        let (id, now) = *input;
        // One that was called back meanwhile is no longer dead, and stays where it is.
        let dead = outbox::table
            .filter(outbox::id.eq(id))
            .filter(outbox::state.eq(State::Dead.as_str()))
            .filter(outbox::attempts.gt(0));
        let ready = (
            outbox::state.eq(State::Ready.as_str()),
            outbox::due_at.eq(now),
            outbox::attempts.eq(outbox::attempts - 1),
            outbox::blocked_since.eq(None::<i64>),
        );
        let revived = diesel::update(dead).set(ready).returning(outbox::ticket).get_result(connection).await;
        let Some(ticket) = revived.optional()? else { return Ok(false) };
        let event = NewEventRow::new(EventKind::DeliveryChanged, ticket, id.0, now);
        record_events(connection, &[event]).await?;
        Ok(true)
    }
}

pub(super) async fn revive(database: &Database, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
    let input = (Key(id.0), micros(now));
    Ok(run!(
        database.write(Purpose::Record.with(News::Both)),
        revive,
        input
    )?)
}
