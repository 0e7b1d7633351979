//! Ending a hold on mails: settling, expiry, and forgetting the messages of those sent long ago.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::outbox::{DeliveryId, Event, LeaseToken, State};
use recado_ports::events::EventKind;
use recado_ports::outbox::{LostBy, Settlement};
use recado_ports::store::StoreError;

use super::marks::Mark;
use crate::column::{Key, micros, span};
use crate::database::Database;
use crate::events::NewEventRow;
use crate::fault::Fault;
use crate::literal::{BlockedSince, Charge, KnownCause, Refund, Waiting};
use crate::operation::{Purpose, queries, run};
use crate::rows::NewAttemptRow;
use crate::schema::{channel, delivery_attempt, outbox, outbox_message};
use crate::wakeup::News;

/// Most mails that expire in one transaction.
const CHUNK: i64 = 500;
/// Why they are dead then.
const EXPIRED: &str = "expired";

/// How a worker leaves rows under its lease.
pub(crate) struct Settle {
    pub(super) lease: Key,
    /// By id.
    pub(super) settlements: Vec<(Key, Settlement)>,
    pub(super) now: i64,
}

struct Expire {
    account: i64,
    open_for: i64,
    now: i64,
}

/// What a settlement does to a row; `None` leaves a column as it is.
#[derive(AsChangeset)]
#[diesel(table_name = outbox)]
struct Change<'a> {
    state: &'static str,
    last_reply: Option<&'a str>,
    due_at: Option<i64>,
}

/// The event, and what it does to the columns besides the counters; nothing of a mail that was sent.
fn change(settlement: &Settlement) -> Option<(Event, Change<'_>)> {
    let (event, state, reply, due_at) = match settlement {
        Settlement::Sent { .. } => return None,
        Settlement::Released { not_before, reply } => {
            (Event::Release, State::Ready, reply.as_deref(), *not_before)
        }
        Settlement::Retry { at, reply } => (Event::Refuse, State::Retry, Some(reply.as_str()), Some(*at)),
        Settlement::Unsure { at, reply, .. } => {
            (Event::LoseTrack, State::Unsure, Some(reply.as_str()), Some(*at))
        }
        Settlement::Dead { reply } => (Event::Reject, State::Dead, Some(reply.as_str()), None),
    };
    let change = Change {
        state: state.as_str(),
        last_reply: reply,
        due_at: due_at.map(micros),
    };
    Some((event, change))
}

queries! {
    /// Settles what was not sent, row by row; gives those that still were the caller's.
    pub(crate) async fn settle_unsent(connection: &mut Session, input: &Settle) -> Result<Vec<Key>, Fault> {
        let mut settled = Vec::new();
        let mut events = Vec::new();
        let mut attempts = Vec::new();
        for (id, settlement) in &input.settlements {
            let Some((event, change)) = change(settlement) else { continue };
            let outcome = change.state;
            let reply = change.last_reply;
            let held = |state: &State| matches!(state, State::Leased | State::Sending);
            let states = State::sources(event).into_iter().filter(held).map(State::as_str);
            let row = outbox::table
                .filter(outbox::id.eq(id))
                .filter(outbox::lease_token.eq(input.lease))
                .filter(outbox::state.eq_any(states));
            let free = outbox::lease_token.eq(None::<Key>);
            let there = match settlement {
                Settlement::Sent { .. } => continue,
                Settlement::Released { .. } => {
                    let change = (change, outbox::attempts.eq(Refund), free);
                    diesel::update(row).set(change).returning(outbox::ticket).get_result(connection).await
                }
                Settlement::Retry { .. } | Settlement::Dead { .. } => {
                    let change = (change, outbox::attempts.eq(Charge), blocked_from(input.now), free);
                    diesel::update(row).set(change).returning(outbox::ticket).get_result(connection).await
                }
                // One that may have been sent keeps its token: a late answer still counts.
                Settlement::Unsure { lost_by, .. } => {
                    let lost = outbox::lost_answers.eq(outbox::lost_answers + i64::from(*lost_by == LostBy::Connection));
                    let change = (change, lost, blocked_from(input.now));
                    diesel::update(row).set(change).returning(outbox::ticket).get_result(connection).await
                }
            };
            let Some(ticket) = there.optional()? else { continue };
            settled.push(*id);
            events.push(NewEventRow::new(EventKind::DeliveryChanged, ticket, id.0, input.now));
            if event != Event::Release {
                attempts.push(NewAttemptRow { delivery: *id, at: input.now, outcome, reply });
            }
        }
        insert_new!(connection, delivery_attempt::table, &attempts);
        record_events(connection, &events).await?;
        Ok(settled)
    }

    pub(super) async fn expire(connection: &mut Session, input: &Expire) -> Result<Vec<Key>, Fault> {
        let open_time = channel::table.find(input.account).select(channel::open_time);
        let open_time: Option<i64> = open_time.first(connection).await.optional()?;
        let over = open_time.unwrap_or(0).saturating_sub(input.open_for);
        let ids: Vec<Key> = outbox::table
            .filter(outbox::account.eq(input.account))
            .filter(outbox::open_base.lt(over))
            .filter(Waiting)
            .filter(KnownCause)
            .order(outbox::open_base)
            .limit(CHUNK)
            .select(outbox::id)
            .load(connection)
            .await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let waiting = outbox::table.filter(outbox::id.eq_any(ids)).filter(Waiting);
        let dead = (outbox::state.eq(State::Dead.as_str()), outbox::last_reply.eq(EXPIRED));
        let expired: Vec<(Key, Option<Key>)> = diesel::update(waiting)
            .set((dead, outbox::lease_token.eq(None::<Key>)))
            .returning((outbox::id, outbox::ticket))
            .get_results(connection)
            .await?;
        let events: Vec<_> = expired
            .iter()
            .map(|(id, ticket)| NewEventRow::new(EventKind::DeliveryChanged, *ticket, id.0, input.now))
            .collect();
        record_events(connection, &events).await?;
        Ok(expired.into_iter().map(|(id, _)| id).collect())
    }

    pub(super) async fn forget_messages(connection: &mut Session, input: &(i64, i64)) -> Result<usize, Fault> {
        let (before, limit) = *input;
        let old: Vec<Key> = outbox::table
            .filter(outbox::kept_since.is_not_null())
            .filter(outbox::kept_since.lt(before))
            .order(outbox::kept_since)
            .limit(limit)
            .select(outbox::id)
            .load(connection)
            .await?;
        if old.is_empty() {
            return Ok(0);
        }
        let rows = outbox::table.filter(outbox::id.eq_any(&old));
        diesel::update(rows).set(outbox::kept_since.eq(None::<i64>)).execute(connection).await?;
        let messages = outbox_message::table.filter(outbox_message::delivery.eq_any(&old));
        Ok(diesel::delete(messages).execute(connection).await?)
    }
}

/// Since when a mail is refused: since the first time.
fn blocked_from(now: i64) -> diesel::dsl::Eq<outbox::blocked_since, BlockedSince> {
    outbox::blocked_since.eq(BlockedSince(now))
}

pub(super) async fn settle(
    database: &Database,
    lease: LeaseToken,
    settlements: &[(DeliveryId, Settlement)],
    now: Timestamp,
) -> Result<Vec<DeliveryId>, StoreError> {
    let mut settlements: Vec<_> = settlements
        .iter()
        .map(|(id, how)| (Key(id.0), how.clone()))
        .collect();
    // In one order everywhere, so that transactions wait for each other and never in a circle.
    settlements.sort_by_key(|(id, _)| *id);
    let input = Settle {
        lease: Key(lease.0),
        settlements,
        now: micros(now),
    };
    let settled = database.marking.answer(Mark::Settle(input)).await?;
    Ok(settled.into_iter().map(|Key(id)| DeliveryId(id)).collect())
}

pub(super) async fn expire(
    database: &Database,
    account: AccountId,
    expire: Duration,
    now: Timestamp,
) -> Result<Vec<DeliveryId>, StoreError> {
    let mut all = Vec::new();
    loop {
        let input = Expire {
            account: i64::from(account.0),
            open_for: span(expire),
            now: micros(now),
        };
        let expired = run!(database.write(Purpose::Track.with(News::Nothing)), expire, input)?;
        if expired.is_empty() {
            break;
        }
        all.extend(expired.into_iter().map(|Key(id)| DeliveryId(id)));
    }
    if !all.is_empty() {
        database.spread(News::Both);
    }
    Ok(all)
}

pub(super) async fn forget_messages(
    database: &Database,
    sent_before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let input = (micros(sent_before), i64::from(limit));
    Ok(run!(
        database.write(Purpose::Track.with(News::Nothing)),
        forget_messages,
        input
    )? as u64)
}
