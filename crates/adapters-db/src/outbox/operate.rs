//! What operators do with a mail: send it anew, call it back.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::outbox::{Delivery, DeliveryId, Event, State};
use recado_ports::events::EventKind;
use recado_ports::outbox::TransitionError;
use recado_ports::store::StoreError;

use crate::column::{Key, micros, word};
use crate::database::Database;
use crate::events::NewEventRow;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::rows::DeliveryRow;
use crate::schema::{channel, outbox, outbox_message};
use crate::wakeup::News;

/// What to do.
enum Wish {
    Requeue,
    Cancel { reason: String },
}

struct Operate {
    id: Key,
    wish: Wish,
    now: i64,
}

/// What came of it.
enum Done {
    Changed(Box<DeliveryRow>),
    NotFound,
    Illegal(State),
    NoMessage,
}

queries! {
    pub(super) async fn operate(connection: &mut Session, input: &Operate) -> Result<Done, Fault> {
        let changed = match &input.wish {
            Wish::Requeue => {
                let message = outbox_message::table.find(input.id).select(outbox_message::delivery);
                if message.first::<Key>(connection).await.optional()?.is_none() {
                    return refused(connection, input.id, Done::NoMessage).await;
                }
                let account = outbox::table.find(input.id).select(outbox::account);
                let open_time = channel::table.filter(channel::account.eq_any(account)).select(channel::open_time);
                let open_time: i64 = open_time.first(connection).await?;
                let states = State::sources(Event::Requeue).into_iter().map(State::as_str);
                let row = outbox::table.filter(outbox::id.eq(input.id)).filter(outbox::state.eq_any(states));
                let ready = (
                    outbox::state.eq(State::Ready.as_str()),
                    outbox::due_at.eq(input.now),
                    outbox::open_base.eq(open_time),
                    outbox::blocked_since.eq(None::<i64>),
                    outbox::lease_token.eq(None::<Key>),
                );
                let returning = DeliveryRow::as_returning();
                let requeued: Option<DeliveryRow> =
                    diesel::update(row).set(ready).returning(returning).get_result(connection).await.optional()?;
                if let Some(row) = &requeued {
                    let event = NewEventRow::new(EventKind::DeliveryChanged, row.ticket, row.id.0, input.now);
                    record_events(connection, &[event]).await?;
                }
                requeued
            }
            Wish::Cancel { reason } => cancel_deliveries(connection, &[input.id], reason, input.now).await?.pop(),
        };
        match changed {
            Some(row) => Ok(Done::Changed(Box::new(row))),
            None => refused(connection, input.id, Done::NotFound).await,
        }
    }

    /// Why a row was not changed: its state, unless that would have allowed it.
    async fn refused(connection: &mut Session, id: Key, otherwise: Done) -> Result<Done, Fault> {
        let state = outbox::table.find(id).select(outbox::state).first::<String>(connection).await.optional()?;
        let Some(state) = state else { return Ok(Done::NotFound) };
        let state = word("a delivery's state", &state, State::parse)?;
        Ok(match otherwise {
            Done::NoMessage if state.on(Event::Requeue).is_some() => Done::NoMessage,
            _ => Done::Illegal(state),
        })
    }
}

pub(super) async fn requeue(
    database: &Database,
    id: DeliveryId,
    now: Timestamp,
) -> Result<Delivery, TransitionError> {
    operate(database, id, Wish::Requeue, now).await
}

pub(super) async fn cancel(
    database: &Database,
    id: DeliveryId,
    reason: &str,
    now: Timestamp,
) -> Result<Delivery, TransitionError> {
    operate(
        database,
        id,
        Wish::Cancel {
            reason: reason.to_owned(),
        },
        now,
    )
    .await
}

async fn operate(
    database: &Database,
    id: DeliveryId,
    wish: Wish,
    now: Timestamp,
) -> Result<Delivery, TransitionError> {
    let input = Operate {
        id: Key(id.0),
        wish,
        now: micros(now),
    };
    let done =
        run!(database.write(Purpose::Record.with(News::Both)), operate, input).map_err(StoreError::from)?;
    match done {
        Done::Changed(row) => Ok(row.try_into_domain().map_err(StoreError::from)?),
        Done::NotFound => Err(TransitionError::NotFound),
        Done::Illegal(state) => Err(TransitionError::Illegal(state)),
        Done::NoMessage => Err(TransitionError::NoMessage),
    }
}
