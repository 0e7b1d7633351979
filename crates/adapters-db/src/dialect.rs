//! The few things that the databases say differently, and the bodies that others share. Code in `queries!` sees one
//! of these modules.

/// SQLite's way.
pub(crate) mod sqlite {
    pub(crate) use crate::comments::insert::each::insert_comments;
    pub(crate) use crate::events::sqlite::record_events;
    pub(crate) use crate::inbox::activity::sqlite::{note_ticket, refresh_activity};
    pub(crate) use crate::inbox::fts5::{add_to_index, expression, hits, is_sole_indexer};
    pub(crate) use crate::inbox::raise::sqlite::note_comments;
    pub(crate) use crate::outbox::cancel::sqlite::cancel_deliveries;
    pub(crate) use crate::outbox::insert::sqlite::insert_deliveries;
    pub(crate) use crate::outbox::list::stored::sqlite::read_messages;
    pub(crate) use crate::outbox::marks::each::mark_rows;
    pub(crate) use crate::outbox::settle::sqlite::settle_unsent;
    pub(crate) use crate::people::sqlite::{add_user as insert_user, groups_of};
    pub(crate) use crate::sessions::sqlite::end_sessions;
    pub(crate) use crate::suppressions::sqlite::lift as lift_suppression;
    pub(crate) use crate::tickets::sqlite::put as put_ticket;
    /// A connection.
    pub(crate) type Session = crate::sqlite::Connection;

    /// Diesel's name for the database.
    pub(crate) type Backend = diesel::sqlite::Sqlite;

    /// Inserts rows, leaving those that are there already as they are.
    macro_rules! insert_new {
        ($connection:expr, $table:expr, $rows:expr) => {
            for row in $rows {
                diesel::insert_into($table)
                    .values(row)
                    .on_conflict_do_nothing()
                    .execute($connection)
                    .await?;
            }
        };
    }
    pub(crate) use insert_new;

    /// Those rows of a query that no other transaction holds, held. One transaction runs at a time here.
    macro_rules! free {
        ($query:expr) => {
            $query
        };
    }
    pub(crate) use free;

    /// Loads rows, and holds them until the transaction ends: nobody else changes them. One transaction runs at a time
    /// here.
    macro_rules! load_held {
        ($connection:expr, $query:expr) => {
            $query.load($connection).await?
        };
    }
    pub(crate) use load_held;
}

/// PostgreSQL's way.
pub(crate) mod postgres {
    pub(crate) use crate::comments::insert::together::insert_comments;
    pub(crate) use crate::events::postgres::record_events;
    pub(crate) use crate::inbox::activity::postgres::{note_ticket, refresh_activity};
    pub(crate) use crate::inbox::tsvector::{add_to_index, expression, hits, is_sole_indexer};
    pub(crate) use crate::outbox::cancel::postgres::cancel_deliveries;
    pub(crate) use crate::outbox::insert::postgres::insert_deliveries;
    pub(crate) use crate::outbox::list::stored::postgres::read_messages;
    pub(crate) use crate::outbox::marks::together::mark_rows;
    pub(crate) use crate::outbox::settle::postgres::settle_unsent;
    pub(crate) use crate::people::postgres::{add_user as insert_user, groups_of};
    pub(crate) use crate::sessions::postgres::end_sessions;
    pub(crate) use crate::suppressions::postgres::lift as lift_suppression;
    pub(crate) use crate::tickets::postgres::put as put_ticket;
    /// A connection.
    pub(crate) type Session = crate::postgres::Connection;

    /// Diesel's name for the database.
    pub(crate) type Backend = diesel::pg::Pg;

    /// Inserts rows, leaving those that are there already as they are.
    macro_rules! insert_new {
        ($connection:expr, $table:expr, $rows:expr) => {
            if !$rows.is_empty() {
                diesel::insert_into($table)
                    .values($rows)
                    .on_conflict_do_nothing()
                    .execute($connection)
                    .await?;
            }
        };
    }
    pub(crate) use insert_new;

    /// Those rows of a query that no other transaction holds, held.
    macro_rules! free {
        ($query:expr) => {
            $query.for_update().skip_locked()
        };
    }
    pub(crate) use free;

    /// Loads rows, and holds them until the transaction ends: nobody else changes them. Rows that somebody changed
    /// while this waited for them are looked at anew.
    macro_rules! load_held {
        ($connection:expr, $query:expr) => {
            $query.for_no_key_update().load($connection).await?
        };
    }
    pub(crate) use load_held;
}
