//! Ending the hold of comments: from then on everybody sees them.

use std::collections::BTreeSet;

use diesel::dsl::min;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::comment::Visibility;
use recado_ports::events::EventKind;
use recado_ports::store::StoreError;

use crate::column::{Key, micros, timestamp};
use crate::database::Database;
use crate::events::NewEventRow;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::schema::comment;
use crate::wakeup::News;

queries! {
    pub(super) async fn release(connection: &mut Session, input: &(i64, i64)) -> Result<usize, Fault> {
        let (now, limit) = *input;
        let ended = comment::table
            .filter(comment::held_until.le(now))
            .order((comment::held_until, comment::id))
            .limit(limit)
            .select((comment::id, comment::ticket, comment::visibility));
        let ended: Vec<(Key, Key, String)> = free!(ended).load(connection).await?;
        if ended.is_empty() {
            return Ok(0);
        }
        let ids = comment::table.filter(comment::id.eq_any(ended.iter().map(|(id, ..)| *id)));
        let shown = (comment::held_until.eq(None::<i64>), comment::released_at.eq(now));
        diesel::update(ids).set(shown).execute(connection).await?;
        // In one order everywhere, so that transactions wait for each other and never in a circle.
        let tickets: BTreeSet<Key> = ended.iter().map(|(_, ticket, _)| *ticket).collect();
        for ticket in tickets {
            refresh_activity(connection, ticket).await?;
        }
        // Who reads internal comments has seen them all along, and nobody else learns that there are any.
        let events: Vec<_> = ended
            .iter()
            .filter(|(.., visibility)| visibility == Visibility::Public.as_str())
            .map(|(id, ticket, _)| NewEventRow::new(EventKind::CommentCreated, Some(*ticket), id.0, now))
            .collect();
        record_events(connection, &events).await?;
        Ok(ended.len())
    }

    pub(super) async fn next(connection: &mut Session, _input: &()) -> Result<Option<i64>, Fault> {
        let held = comment::table.filter(comment::held_until.is_not_null());
        Ok(held.select(min(comment::held_until)).get_result(connection).await?)
    }
}

pub(super) async fn release_held(database: &Database, now: Timestamp, limit: u16) -> Result<u64, StoreError> {
    let input = (micros(now), i64::from(limit));
    // Nothing to release is the usual answer, and needs no writer.
    match next_held(database).await? {
        Some(next) if next <= now => {}
        _ => return Ok(0),
    }
    Ok(run!(database.write(Purpose::Record.with(News::Log)), release, input)? as u64)
}

pub(super) async fn next_held(database: &Database) -> Result<Option<Timestamp>, StoreError> {
    Ok(run!(database.read(), next, ())?.map(timestamp).transpose()?)
}
