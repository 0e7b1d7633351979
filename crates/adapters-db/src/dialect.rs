//! The few things that the databases say differently, and the bodies that others share. Code in `queries!` sees one
//! of these modules.

/// SQLite's way.
pub(crate) mod sqlite {
    pub(crate) use crate::comments::accept::sqlite::insert_comment;
    pub(crate) use crate::events::sqlite::record_events;
    pub(crate) use crate::inbox::activity::sqlite::{note_comment, note_ticket, refresh_activity};
    pub(crate) use crate::inbox::fts5::{add_to_index, expression, hits, is_sole_indexer};
    pub(crate) use crate::outbox::cancel::sqlite::cancel_deliveries;
    pub(crate) use crate::outbox::enqueue::sqlite::insert_deliveries;
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

    /// The same, giving a column of those that were new.
    macro_rules! insert_new_returning {
        ($connection:expr, $table:expr, $rows:expr, $column:expr => $kind:ty) => {{
            let mut new: Vec<$kind> = Vec::new();
            for row in $rows {
                let inserted: Vec<$kind> = diesel::insert_into($table)
                    .values(row)
                    .on_conflict_do_nothing()
                    .returning($column)
                    .get_results($connection)
                    .await?;
                new.extend(inserted);
            }
            new
        }};
    }
    pub(crate) use insert_new_returning;

    /// Loads rows that no other transaction holds, and holds them. One transaction runs at a time here.
    macro_rules! load_free {
        ($connection:expr, $query:expr) => {
            $query.load($connection).await?
        };
    }
    pub(crate) use load_free;

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
    pub(crate) use crate::comments::accept::postgres::insert_comment;
    pub(crate) use crate::events::postgres::record_events;
    pub(crate) use crate::inbox::activity::postgres::{note_comment, note_ticket, refresh_activity};
    pub(crate) use crate::inbox::tsvector::{add_to_index, expression, hits, is_sole_indexer};
    pub(crate) use crate::outbox::cancel::postgres::cancel_deliveries;
    pub(crate) use crate::outbox::enqueue::postgres::insert_deliveries;
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

    /// The same, giving a column of those that were new.
    macro_rules! insert_new_returning {
        ($connection:expr, $table:expr, $rows:expr, $column:expr => $kind:ty) => {{
            let new: Vec<$kind> = if $rows.is_empty() {
                Vec::new()
            } else {
                diesel::insert_into($table)
                    .values($rows)
                    .on_conflict_do_nothing()
                    .returning($column)
                    .get_results($connection)
                    .await?
            };
            new
        }};
    }
    pub(crate) use insert_new_returning;

    /// Loads rows that no other transaction holds, and holds them.
    macro_rules! load_free {
        ($connection:expr, $query:expr) => {
            $query.for_update().skip_locked().load($connection).await?
        };
    }
    pub(crate) use load_free;

    /// Loads rows, and holds them until the transaction ends: nobody else changes them. Rows that somebody changed
    /// while this waited for them are looked at anew.
    macro_rules! load_held {
        ($connection:expr, $query:expr) => {
            $query.for_no_key_update().load($connection).await?
        };
    }
    pub(crate) use load_held;
}
