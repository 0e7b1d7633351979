//! Reading the outbox: messages, lists, one mail with its attempts, threads, and how full it is.

use std::collections::BTreeMap;

use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::outbox::{Attempt, Delivery, DeliveryId, State};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_domain::token::MessageId;
use recado_ports::outbox::{DeliveryFilter, DeliveryHistory, QueueDepth};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use uuid::Uuid;

use crate::column::{Key, count, timestamp};
use crate::database::Database;
use crate::fault::Fault;
use crate::literal::{Held, KnownCause, Resting, Waiting};
use crate::operation::{queries, run};
use crate::rows::{AttemptRow, Cursor, DeliveryRow, cursor, message_id};
use crate::schema::{channel, delivery_attempt, outbox};

/// Most mails under way that a list looks at.
const HELD: i64 = 100_000;

struct Wanted {
    filter: DeliveryFilter,
    after: Uuid,
    limit: i64,
}

/// A state, how many mails are in it, and when the oldest of them was stored.
type InState = (String, i64, Option<i64>);

queries! {
    pub(super) async fn messages(connection: &mut Session, ids: &[Key]) -> Result<Vec<(Key, Vec<u8>)>, Fault> {
        read_messages(connection, ids).await
    }

    pub(super) async fn next_due(connection: &mut Session, account: &i64) -> Result<Option<i64>, Fault> {
        let waiting = outbox::table.filter(outbox::account.eq(account)).filter(Waiting).filter(KnownCause);
        Ok(waiting.select(min(outbox::due_at)).get_result(connection).await?)
    }

    pub(super) async fn list(connection: &mut Session, wanted: &Wanted) -> Result<Vec<DeliveryRow>, Fault> {
        let DeliveryFilter { states, ticket, account } = &wanted.filter;
        let page = || {
            let mut query = outbox::table
                .filter(outbox::id.gt(Key(wanted.after)))
                .filter(KnownCause)
                .order(outbox::id)
                .limit(wanted.limit)
                .select(DeliveryRow::as_select())
                .into_boxed::<Backend>();
            if let Some(ticket) = ticket {
                query = query.filter(outbox::ticket.eq(Key(ticket.0)));
            }
            if let Some(account) = account {
                query = query.filter(outbox::account.eq(i64::from(account.0)));
            }
            query
        };
        if states.is_empty() {
            let known = State::ALL.map(State::as_str);
            return Ok(page().filter(outbox::state.eq_any(known)).load(connection).await?);
        }
        // Each state by itself comes out of its index in order; the page is the first of them all.
        let mut rows = Vec::new();
        for state in State::ALL.into_iter().filter(|state| states.contains(state)) {
            let of_state = page().filter(outbox::state.eq(state.as_str()));
            // Says the same in the words of the partial index.
            let of_state = match state {
                State::Sent | State::Cancelled => of_state,
                // These are few. Asked for in order, all that there ever was would be read to find them.
                State::Leased | State::Sending => of_state.filter(Held).order(outbox::lease_token).limit(HELD),
                State::Ready | State::Retry | State::Unsure | State::Dead => of_state.filter(Resting),
            };
            rows.extend(of_state.load::<DeliveryRow>(connection).await?);
        }
        rows.sort_by_key(|row| row.id);
        rows.truncate(usize::try_from(wanted.limit).unwrap_or(usize::MAX));
        Ok(rows)
    }

    pub(super) async fn find(
        connection: &mut Session,
        id: &Key,
    ) -> Result<Option<(DeliveryRow, Vec<AttemptRow>)>, Fault> {
        let row = outbox::table.find(id).filter(KnownCause).select(DeliveryRow::as_select());
        let Some(row) = row.first(connection).await.optional()? else { return Ok(None) };
        let attempts = delivery_attempt::table
            .filter(delivery_attempt::delivery.eq(id))
            .order(delivery_attempt::seq)
            .select(AttemptRow::as_select())
            .load(connection)
            .await?;
        Ok(Some((row, attempts)))
    }

    pub(super) async fn thread(
        connection: &mut Session,
        input: &(Key, EmailAddress, i64),
    ) -> Result<Vec<String>, Fault> {
        let (ticket, recipient, limit) = input;
        let mails = outbox::table
            .filter(outbox::ticket.eq(ticket))
            .filter(outbox::recipient.eq(recipient.as_str()))
            .order((outbox::ticket.desc(), outbox::recipient.desc(), outbox::id.desc()))
            .limit(*limit)
            .select(outbox::message_id);
        let mut newest_first = mails.load(connection).await?;
        newest_first.reverse();
        Ok(newest_first)
    }

    /// Account by account: of accounts and states together SQLite would sort every mail that waits, in memory.
    pub(super) async fn depth(connection: &mut Session, _input: &()) -> Result<Vec<(i64, InState)>, Fault> {
        let accounts: Vec<i64> = channel::table.order(channel::account).select(channel::account).load(connection).await?;
        let mut depths = Vec::new();
        for account in accounts {
            let of_account = || outbox::table.filter(outbox::account.eq(account));
            let resting = of_account()
                .filter(Resting)
                .group_by(outbox::state)
                .select((outbox::state, count_star(), min(outbox::created_at)))
                .order(outbox::state);
            let resting: Vec<InState> = resting.load(connection).await?;
            depths.extend(resting.into_iter().map(|depth| (account, depth)));
            for state in [State::Leased, State::Sending].map(State::as_str) {
                let held = of_account().filter(Held).filter(outbox::state.eq(state));
                let held = held.select((count_star(), min(outbox::created_at)));
                let (count, oldest) = held.first::<(i64, Option<i64>)>(connection).await?;
                depths.push((account, (state.to_owned(), count, oldest)));
            }
        }
        Ok(depths)
    }
}

/// The messages of mails, on each database.
pub(crate) mod stored {
    /// A list, which SQLite prepares for each length.
    pub(crate) mod sqlite {
        use diesel::prelude::*;
        use diesel_async::RunQueryDsl;

        use crate::column::Key;
        use crate::dialect::sqlite::Session;
        use crate::fault::Fault;
        use crate::schema::outbox_message;

        pub(crate) async fn read_messages(
            connection: &mut Session,
            ids: &[Key],
        ) -> Result<Vec<(Key, Vec<u8>)>, Fault> {
            let messages = outbox_message::table.filter(outbox_message::delivery.eq_any(ids));
            let messages = messages.select((outbox_message::delivery, outbox_message::bytes));
            Ok(messages.load(connection).await?)
        }
    }

    /// An array.
    pub(crate) mod postgres {
        use diesel::sql_types::Binary;
        use diesel_async::RunQueryDsl;

        use crate::column::{Id, Key};
        use crate::dialect::postgres::Session;
        use crate::fault::Fault;
        use crate::postgres::statement;

        statement! {
            /// The limit makes the planner expect as few as there are mostly, so that it plans once.
            Messages<'a> {
                ids: &'a Key => Id,
            } -> (Id, Binary) = "SELECT outbox_message.delivery, outbox_message.bytes
                FROM (SELECT * FROM unnest(?) AS given (id) LIMIT (SELECT 1000000)) AS given
                JOIN outbox_message ON outbox_message.delivery = given.id"
        }

        pub(crate) async fn read_messages(
            connection: &mut Session,
            ids: &[Key],
        ) -> Result<Vec<(Key, Vec<u8>)>, Fault> {
            let messages = Messages {
                ids: ids.iter().collect(),
            };
            Ok(messages.get_results(connection).await?)
        }
    }
}

pub(super) async fn messages(
    database: &Database,
    ids: &[DeliveryId],
) -> Result<Vec<(DeliveryId, Vec<u8>)>, StoreError> {
    let keys: Vec<Key> = ids.iter().map(|id| Key(id.0)).collect();
    let mut found: BTreeMap<Key, Vec<u8>> = run!(database.read(), messages, keys)?.into_iter().collect();
    Ok(ids
        .iter()
        .filter_map(|id| Some((*id, found.remove(&Key(id.0))?)))
        .collect())
}

pub(super) async fn next_due(
    database: &Database,
    account: AccountId,
) -> Result<Option<Timestamp>, StoreError> {
    let due = run!(database.read(), next_due, i64::from(account.0))?;
    Ok(due.map(timestamp).transpose()?)
}

pub(super) async fn list(
    database: &Database,
    filter: &DeliveryFilter,
    page: &PageRequest,
) -> Result<Page<Delivery>, StoreError> {
    let after = match cursor(page.after.as_deref()) {
        Cursor::Start => Uuid::nil(),
        Cursor::Behind(id) => id,
        Cursor::Nowhere => {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
    };
    let size = usize::from(page.limit.get());
    let wanted = Wanted {
        filter: filter.clone(),
        after,
        limit: i64::from(page.limit.get()) + 1,
    };
    let mut rows = run!(database.read(), list, wanted)?;
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|row| row.id.0.to_string());
    Ok(Page {
        items: rows
            .into_iter()
            .map(DeliveryRow::try_into_domain)
            .collect::<Result<_, _>>()?,
        next,
    })
}

pub(super) async fn find(database: &Database, id: DeliveryId) -> Result<Option<DeliveryHistory>, StoreError> {
    let Some((row, attempts)) = run!(database.read(), find, Key(id.0))? else {
        return Ok(None);
    };
    let attempts: Vec<Attempt> = attempts
        .into_iter()
        .map(AttemptRow::try_into_domain)
        .collect::<Result<_, _>>()?;
    Ok(Some(DeliveryHistory {
        delivery: row.try_into_domain()?,
        attempts,
    }))
}

pub(super) async fn thread(
    database: &Database,
    ticket: TicketId,
    recipient: &EmailAddress,
    limit: u16,
) -> Result<Vec<MessageId>, StoreError> {
    let ids = run!(
        database.read(),
        thread,
        (Key(ticket.0), recipient.clone(), i64::from(limit))
    )?;
    Ok(ids
        .iter()
        .map(|text| message_id(text))
        .collect::<Result<_, _>>()?)
}

pub(super) async fn depth(database: &Database) -> Result<Vec<QueueDepth>, StoreError> {
    let rows = run!(database.read(), depth, ())?;
    let depths = rows.into_iter().filter_map(|(account, (state, number, oldest))| {
        let state = State::parse(&state)?;
        Some(depth_of(account, state, number, oldest?))
    });
    Ok(depths.collect::<Result<_, Fault>>()?)
}

fn depth_of(account: i64, state: State, number: i64, oldest: i64) -> Result<QueueDepth, Fault> {
    Ok(QueueDepth {
        account: AccountId(count("an account", account)?),
        state,
        count: count("a count", number)?,
        oldest: timestamp(oldest)?,
    })
}
