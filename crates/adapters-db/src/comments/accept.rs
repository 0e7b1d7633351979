//! Taking a comment in: comment, attachments, mails, idempotency record and event, in one commit.

use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::comment::CommentId;
use recado_ports::comments::{AcceptComment, AcceptError, IdempotencyKey, IdempotencyRecord};
use recado_ports::store::StoreError;

use crate::column::{Key, micros, timestamp};
use crate::comments::insert::together::insert_newest;
use crate::database::{Backend, Database};
use crate::fault::Fault;
use crate::gather::{Answers, Bounds, Gatherer};
use crate::operation::{Purpose, queries, run};
use crate::postgres::Connection;
use crate::schema::{comment, idempotency};
use crate::wakeup::News;

/// Most comments that share one transaction.
const GROUP: usize = 128;
/// Most octets of mails and attachments that do.
const GROUP_OCTETS: usize = 8 << 20;

/// What an idempotency key holds.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency)]
pub(crate) struct IdempotencyRow {
    scope: String,
    key: String,
    digest: String,
    answer: String,
    expires_at: i64,
}

impl IdempotencyRow {
    /// Whether it is kept under this key.
    pub(super) fn is_under(&self, wanted: &IdempotencyKey) -> bool {
        self.scope == wanted.scope && self.key == wanted.key
    }

    pub(super) fn try_into_port(self) -> Result<IdempotencyRecord, Fault> {
        Ok(IdempotencyRecord {
            key: IdempotencyKey {
                scope: self.scope,
                key: self.key,
            },
            digest: self.digest,
            answer: self.answer,
            expires_at: timestamp(self.expires_at)?,
        })
    }
}

impl From<&IdempotencyRecord> for IdempotencyRow {
    fn from(record: &IdempotencyRecord) -> Self {
        Self {
            scope: record.key.scope.clone(),
            key: record.key.key.clone(),
            digest: record.digest.clone(),
            answer: record.answer.clone(),
            expires_at: micros(record.expires_at),
        }
    }
}

/// Whether there was anything to take in.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// The comment is stored, now or by an earlier call with the same value.
    Stored,
    /// The key was used for another comment; nothing was written.
    Repeated(IdempotencyRow),
}

/// A comment to take in.
pub(crate) struct Accept {
    write: AcceptComment,
    /// When keys that have expired by then may be used anew.
    now: i64,
}

impl Accept {
    /// Whether a comment and its mails are all that there is to store.
    fn is_plain(&self) -> bool {
        self.write.idempotency.is_none() && self.write.comment.attachments.is_empty()
    }
}

queries! {
    /// Takes in comments that came at the same time: all of them, or none.
    pub(super) async fn accept_all(
        connection: &mut Session,
        inputs: &Vec<Arc<Accept>>,
    ) -> Result<Vec<Accepted>, Fault> {
        let mut accepted = Vec::with_capacity(inputs.len());
        let mut owed: Vec<&AcceptComment> = Vec::with_capacity(inputs.len());
        for input in inputs {
            let AcceptComment { comment, idempotency, .. } = &input.write;
            if let Some(record) = idempotency
                && let Some(stored) = use_key(connection, &IdempotencyRow::from(record), input.now).await?
            {
                let is_owed = owed.iter().any(|accept| accept.comment.id == comment.id);
                accepted.push(if is_owed || is_stored(connection, comment.id).await? {
                    Accepted::Stored
                } else {
                    Accepted::Repeated(stored)
                });
            } else {
                owed.push(&input.write);
                accepted.push(Accepted::Stored);
            }
        }
        insert_comments(connection, &owed).await?;
        Ok(accepted)
    }

    async fn is_stored(connection: &mut Session, id: CommentId) -> Result<bool, Fault> {
        let there = comment::table.find(Key(id.0)).select(comment::id).first::<Key>(connection).await;
        Ok(there.optional()?.is_some())
    }

    /// Stores a record under its key; gives what is stored there already and has not expired.
    async fn use_key(
        connection: &mut Session,
        row: &IdempotencyRow,
        now: i64,
    ) -> Result<Option<IdempotencyRow>, Fault> {
        use idempotency::{answer, digest, expires_at, table};
        let new = diesel::insert_into(table).values(row).on_conflict_do_nothing().execute(connection).await?;
        if new > 0 {
            return Ok(None);
        }
        let there = table.find((&row.scope, &row.key));
        let expired = there.filter(expires_at.le(now));
        let record = (digest.eq(&row.digest), answer.eq(&row.answer), expires_at.eq(row.expires_at));
        if diesel::update(expired).set(record).execute(connection).await? > 0 {
            return Ok(None);
        }
        Ok(Some(there.select(IdempotencyRow::as_select()).first(connection).await?))
    }

    pub(super) async fn forget_keys(connection: &mut Session, input: &(i64, i64)) -> Result<usize, Fault> {
        let (now, limit) = *input;
        let expired: Vec<(String, String)> = idempotency::table
            .filter(idempotency::expires_at.le(now))
            .order(idempotency::expires_at)
            .limit(limit)
            .select((idempotency::scope, idempotency::key))
            .load(connection)
            .await?;
        let mut forgotten = 0;
        for (scope, key) in expired {
            // A key that was used anew meanwhile stays.
            let row = idempotency::table.find((scope, key)).filter(idempotency::expires_at.le(now));
            forgotten += diesel::delete(row).execute(connection).await?;
        }
        Ok(forgotten)
    }
}

/// Lets comments that come at the same time share one transaction.
pub(crate) fn gatherer(backend: &Arc<Backend>) -> Gatherer<Accept, Accepted> {
    let bounds = Bounds {
        runs: 1,
        inputs: GROUP,
        weight: GROUP_OCTETS,
        weigh: |input: &Accept| {
            let messages = input
                .write
                .deliveries
                .iter()
                .map(|delivery| delivery.message.len());
            messages.chain(input.write.contents.iter().map(Vec::len)).sum()
        },
    };
    let backend = Arc::clone(backend);
    Gatherer::new(bounds, move |inputs| {
        let backend = Arc::clone(&backend);
        Box::pin(async move { take_in(&backend, inputs).await })
    })
}

async fn take_in(backend: &Arc<Backend>, inputs: Vec<Arc<Accept>>) -> Answers<Accepted> {
    let terms = Purpose::Accept.with(News::Both);
    if let Backend::Postgres(store) = &**backend
        && inputs.iter().all(|input| input.is_plain())
    {
        let stored = store.write(terms.by_one_statement(), inputs.clone(), |connection, inputs| {
            Box::pin(accept_newest(connection, inputs))
        });
        if stored.await? {
            return Ok(inputs.iter().map(|_| Accepted::Stored).collect());
        }
    }
    run!(backend.write(terms), accept_all, inputs)
}

/// With one statement, if they can be taken in so; gives whether they were.
#[expect(clippy::ptr_arg, reason = "an operation borrows what its caller gave")]
async fn accept_newest(connection: &mut Connection, inputs: &Vec<Arc<Accept>>) -> Result<bool, Fault> {
    let accepts: Vec<_> = inputs.iter().map(|input| &input.write).collect();
    insert_newest(connection, &accepts).await
}

pub(super) async fn accept(database: &Database, write: AcceptComment) -> Result<(), AcceptError> {
    let input = Accept {
        write,
        now: database.now(),
    };
    match database.accepting.answer(input).await {
        Ok(Accepted::Stored) => Ok(()),
        Ok(Accepted::Repeated(stored)) => Err(AcceptError::Repeated(
            stored.try_into_port().map_err(StoreError::from)?,
        )),
        // A comment refers to its ticket; attachments to what was stored with them.
        Err(fault) if fault.is_missing_reference() => Err(AcceptError::NoTicket),
        Err(fault) => Err(StoreError::from(fault).into()),
    }
}

pub(super) async fn forget_idempotency(
    database: &Database,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let input = (micros(now), i64::from(limit));
    Ok(run!(
        database.write(Purpose::Track.with(News::Nothing)),
        forget_keys,
        input
    )? as u64)
}
