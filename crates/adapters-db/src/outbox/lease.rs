//! Holding a lease: renewing it, passing the fence, and ending those that ran out.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::outbox::{DeliveryId, LeaseToken, State};
use recado_domain::person::EmailAddress;
use recado_ports::events::EventKind;
use recado_ports::store::StoreError;

use super::marks::{Held, Mark};
use crate::column::{Key, micros, stored_size};
use crate::database::Database;
use crate::events::NewEventRow;
use crate::fault::Fault;
use crate::literal::{BlockedSince, Held as IsHeld, LeaseClock};
use crate::operation::{Purpose, queries, run};
use crate::rows::NewAttemptRow;
use crate::schema::{delivery_attempt, outbox, outbox_message};
use crate::wakeup::News;

struct Readdress {
    lease: Key,
    id: Key,
    sender: EmailAddress,
    message: Vec<u8>,
}

struct End {
    /// Leases that end before this are over.
    over: LeaseClock,
    now: i64,
    unsure_due: i64,
}

queries! {
    pub(super) async fn renew(connection: &mut Session, input: &(Key, LeaseClock)) -> Result<Vec<Key>, Fault> {
        let (lease, until) = *input;
        let held = outbox::table.filter(IsHeld).filter(outbox::lease_token.eq(lease));
        let renewed = diesel::update(held).set(outbox::lease_until.eq(until.nullable())).returning(outbox::id);
        Ok(renewed.get_results(connection).await?)
    }

    pub(super) async fn readdress(connection: &mut Session, input: &Readdress) -> Result<bool, Fault> {
        let leased = outbox::table
            .filter(outbox::id.eq(input.id))
            .filter(outbox::lease_token.eq(input.lease))
            .filter(outbox::state.eq(State::Leased.as_str()));
        let size = stored_size(input.message.len() as u64);
        let change = (outbox::sender.eq(input.sender.as_str()), outbox::size.eq(size));
        if diesel::update(leased).set(change).execute(connection).await? == 0 {
            return Ok(false);
        }
        let message = outbox_message::table.find(input.id);
        diesel::update(message).set(outbox_message::bytes.eq(&input.message)).execute(connection).await?;
        Ok(true)
    }

    pub(super) async fn end(connection: &mut Session, input: &End) -> Result<u64, Fault> {
        let mut over: Vec<(Key, Option<Key>, String)> = outbox::table
            .filter(IsHeld)
            .filter(outbox::lease_until.lt(input.over.nullable()))
            .select((outbox::id, outbox::ticket, outbox::state))
            .load(connection)
            .await?;
        // Asked for in this order, SQLite would read every mail that there ever was, in place of the few that are held.
        over.sort_by_key(|(id, ..)| *id);
        let mut events = Vec::new();
        let mut attempts = Vec::new();
        for (id, ticket, state) in over {
            // Renewed or settled since it was read: left alone.
            let row = outbox::table
                .filter(outbox::id.eq(id))
                .filter(outbox::state.eq(&state))
                .filter(outbox::lease_until.lt(input.over.nullable()));
            let ended = if state == State::Sending.as_str() {
                let unsure = (
                    outbox::state.eq(State::Unsure.as_str()),
                    outbox::due_at.eq(input.unsure_due),
                    outbox::blocked_since.eq(BlockedSince(input.now)),
                );
                diesel::update(row).set(unsure).execute(connection).await?
            } else {
                let ready = (outbox::state.eq(State::Ready.as_str()), outbox::lease_token.eq(None::<Key>));
                diesel::update(row).set(ready).execute(connection).await?
            };
            if ended == 0 {
                continue;
            }
            events.push(NewEventRow::new(EventKind::DeliveryChanged, ticket, id.0, input.now));
            if state == State::Sending.as_str() {
                let outcome = State::Unsure.as_str();
                attempts.push(NewAttemptRow { delivery: id, at: input.now, outcome, reply: None });
            }
        }
        insert_new!(connection, delivery_attempt::table, &attempts);
        record_events(connection, &events).await?;
        Ok(events.len() as u64)
    }
}

pub(super) async fn renew(
    database: &Database,
    lease: LeaseToken,
    lease_time: Duration,
) -> Result<Vec<DeliveryId>, StoreError> {
    let until = LeaseClock(database.lease_offset(lease_time));
    let renewed = run!(
        database.write(Purpose::Track.with(News::Nothing)),
        renew,
        (Key(lease.0), until)
    )?;
    Ok(renewed.into_iter().map(|Key(id)| DeliveryId(id)).collect())
}

pub(super) async fn fence(
    database: &Database,
    lease: LeaseToken,
    ids: &[DeliveryId],
) -> Result<Vec<DeliveryId>, StoreError> {
    let lease = Key(lease.0);
    let held = ids.iter().map(|id| Held { id: Key(id.0), lease }).collect();
    let fenced = database.marking.answer(Mark::Fence(held)).await?;
    Ok(fenced.into_iter().map(|Key(id)| DeliveryId(id)).collect())
}

pub(super) async fn readdress(
    database: &Database,
    lease: LeaseToken,
    id: DeliveryId,
    sender: &EmailAddress,
    message: Vec<u8>,
) -> Result<bool, StoreError> {
    let input = Readdress {
        lease: Key(lease.0),
        id: Key(id.0),
        sender: sender.clone(),
        message,
    };
    Ok(run!(
        database.write(Purpose::Record.with(News::Nothing)),
        readdress,
        input
    )?)
}

pub(super) async fn end_expired(
    database: &Database,
    now: Timestamp,
    unsure_due: Timestamp,
) -> Result<u64, StoreError> {
    let over = LeaseClock(database.lease_offset(Duration::ZERO));
    let input = End {
        over,
        now: micros(now),
        unsure_due: micros(unsure_due),
    };
    let ended = run!(database.write(Purpose::Track.with(News::Nothing)), end, input)?;
    if ended > 0 {
        database.spread(News::Both);
    }
    Ok(ended)
}

impl Database {
    /// Ends every lease (SQLite): the daemon that held them is gone, and its clock with it.
    pub(crate) async fn end_all_leases(&self, now: Timestamp) -> Result<u64, StoreError> {
        // Every lease ends before the end of time.
        let input = End {
            over: LeaseClock(i64::MAX),
            now: micros(now),
            unsure_due: micros(now),
        };
        Ok(run!(self.write(Purpose::Track.with(News::Both)), end, input)?)
    }
}
