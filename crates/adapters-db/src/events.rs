//! The log of events, and waiting for news.

use std::time::Duration;

use async_trait::async_trait;
use diesel::dsl::not;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::ticket::TicketId;
use recado_ports::events::{Event, EventKind, Events, Topic};
use recado_ports::store::StoreError;
use uuid::Uuid;

use crate::column::{Key, micros, timestamp, word};
use crate::database::{Backend, Database};
use crate::fault::Fault;
use crate::literal::{Behind, NewestFirst, OldestFirst, Place, Settled, UpTo};
use crate::operation::{Purpose, queries, run};
use crate::schema::event;
use crate::wakeup::News;

/// Most entries that one transaction forgets.
const CHUNK: i64 = 5_000;
/// How often a reader looks whether the transactions before the newest entry have ended.
const SETTLING: Duration = Duration::from_millis(5);
/// A transaction that runs for longer does not keep readers: what it holds back comes with a later reading.
const LONGEST_SETTLING: Duration = Duration::from_secs(1);

/// An entry to store. Number and transaction are the database's.
#[derive(Debug, Insertable)]
#[diesel(table_name = event)]
pub(crate) struct NewEventRow {
    kind: &'static str,
    ticket: Option<Key>,
    subject: Key,
    at: i64,
}

impl NewEventRow {
    pub(crate) fn new(kind: EventKind, ticket: Option<Key>, subject: Uuid, at: i64) -> Self {
        Self {
            kind: kind.as_str(),
            ticket,
            subject: Key(subject),
            at,
        }
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = event)]
struct EventRow {
    xid: i64,
    seq: i64,
    kind: String,
    ticket: Option<Key>,
    subject: Key,
    at: i64,
}

impl EventRow {
    fn try_into_port(self) -> Result<Event, Fault> {
        Ok(Event {
            cursor: Place {
                xid: self.xid,
                seq: self.seq,
            }
            .to_string(),
            kind: word("an event's kind", &self.kind, EventKind::parse)?,
            ticket: self.ticket.map(|Key(id)| TicketId(id)),
            subject: self.subject.0,
            at: timestamp(self.at)?,
        })
    }
}

impl Place {
    fn parse(cursor: &str) -> Option<Self> {
        let (xid, seq) = cursor.split_once('-')?;
        Some(Self {
            xid: xid.parse().ok()?,
            seq: seq.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.xid, self.seq)
    }
}

queries! {
    pub(crate) async fn record_events(connection: &mut Session, rows: &[NewEventRow]) -> Result<(), Fault> {
        insert_new!(connection, event::table, rows);
        Ok(())
    }

    pub(super) async fn after(
        connection: &mut Session,
        input: &(Option<Place>, i64),
    ) -> Result<Vec<EventRow>, Fault> {
        let (place, limit) = *input;
        let place = place.unwrap_or(Place { xid: -1, seq: -1 });
        let rows = event::table
            .filter(Settled)
            .filter(Behind(place))
            .order(OldestFirst)
            .limit(limit)
            .select(EventRow::as_select())
            .load(connection)
            .await?;
        Ok(rows)
    }

    pub(super) async fn newest(connection: &mut Session, _input: &()) -> Result<Option<Place>, Fault> {
        let newest = event::table
            .filter(Settled)
            .order(NewestFirst)
            .select((event::xid, event::seq))
            .first::<(i64, i64)>(connection)
            .await
            .optional()?;
        Ok(newest.map(|(xid, seq)| Place { xid, seq }))
    }

    /// The transaction of the newest entry that can be seen.
    pub(super) async fn seen(connection: &mut Session, _input: &()) -> Result<Option<i64>, Fault> {
        let newest = event::table.order(NewestFirst).select(event::xid);
        Ok(newest.first(connection).await.optional()?)
    }

    /// Whether an entry up to this transaction's is not settled yet.
    pub(super) async fn unsettled(connection: &mut Session, newest: &i64) -> Result<bool, Fault> {
        let unsettled = event::table.filter(not(Settled)).filter(event::xid.le(newest)).select(event::xid);
        Ok(unsettled.first::<i64>(connection).await.optional()?.is_some())
    }

    /// Forgets the oldest entries, as far as they are older than this.
    pub(super) async fn forget(connection: &mut Session, before: &i64) -> Result<usize, Fault> {
        let oldest = event::table.order(OldestFirst).select(event::at);
        let oldest: Option<i64> = oldest.first(connection).await.optional()?;
        if oldest.is_none_or(|at| at >= *before) {
            return Ok(0);
        }
        let oldest = event::table.order(OldestFirst).limit(CHUNK).select((event::xid, event::seq, event::at));
        let oldest: Vec<(i64, i64, i64)> = oldest.load(connection).await?;
        let Some((xid, seq, _)) = oldest.into_iter().take_while(|(.., at)| at < before).last() else {
            return Ok(0);
        };
        Ok(diesel::delete(event::table.filter(UpTo(Place { xid, seq }))).execute(connection).await?)
    }
}

impl Database {
    /// Waits until no entry can appear before those that can be seen now. A reader who was woken by a commit beside
    /// which another transaction still runs would find nothing otherwise, and nothing would wake it again.
    async fn let_log_settle(&self) -> Result<(), StoreError> {
        if matches!(*self.backend, Backend::Sqlite(_)) {
            return Ok(());
        }
        let Some(newest) = run!(self.read(), seen, ())? else {
            return Ok(());
        };
        for _ in 0..LONGEST_SETTLING.as_millis() / SETTLING.as_millis() {
            if !run!(self.read(), unsettled, newest)? {
                break;
            }
            tokio::time::sleep(SETTLING).await;
        }
        Ok(())
    }
}

#[async_trait]
impl Events for Database {
    async fn after(&self, cursor: Option<String>, limit: u16) -> Result<Vec<Event>, StoreError> {
        let place = match &cursor {
            None => None,
            Some(text) => match Place::parse(text) {
                Some(place) => Some(place),
                // A cursor that we never gave: nothing is known to come after it.
                None => return Ok(Vec::new()),
            },
        };
        self.let_log_settle().await?;
        let rows = run!(self.read(), after, (place, i64::from(limit)))?;
        Ok(rows
            .into_iter()
            .map(EventRow::try_into_port)
            .collect::<Result<_, _>>()?)
    }

    async fn newest(&self) -> Result<Option<String>, StoreError> {
        self.let_log_settle().await?;
        Ok(run!(self.read(), newest, ())?.map(|place| place.to_string()))
    }

    async fn wait(&self, topic: Topic, at_most: Duration) {
        match &*self.backend {
            Backend::Sqlite(store) => store.wait(topic, at_most).await,
            Backend::Postgres(store) => store.wait(topic, at_most).await,
        }
    }

    async fn forget(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let chunk = run!(
                self.write(Purpose::Track.with(News::Nothing)),
                forget,
                micros(before)
            )?;
            forgotten += chunk as u64;
            if chunk == 0 {
                return Ok(forgotten);
            }
        }
    }
}
