//! A bare program that commits the rows of comments to SQLite, with the daemon's settings of the database.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::flow::as_number;
use crate::limits::Committed;
use crate::processor;

/// How long one repetition takes.
const TIME: Duration = Duration::from_secs(1);

/// Octets of a mail.
const MAIL: usize = 1900;

// The columns that a new comment fills; the rest have defaults.
diesel::table! {
    comment (id) {
        id -> Binary,
        ticket -> Binary,
        author_name -> Text,
        author_email -> Text,
        text -> Text,
        visibility -> Text,
        kind -> Text,
        origin -> Text,
        created_at -> BigInt,
    }
}
diesel::table! {
    outbox (id) {
        id -> Binary,
        cause_kind -> Text,
        cause_id -> Binary,
        ticket -> Binary,
        account -> BigInt,
        sender -> Text,
        recipient -> Text,
        state -> Text,
        message_id -> Text,
        size -> BigInt,
        created_at -> BigInt,
        due_at -> BigInt,
        open_base -> BigInt,
    }
}
diesel::table! {
    outbox_message (delivery) {
        delivery -> Binary,
        bytes -> Binary,
    }
}
diesel::table! {
    search_queue (comment) {
        comment -> Binary,
    }
}
diesel::table! {
    event (seq) {
        seq -> BigInt,
        kind -> Text,
        ticket -> Binary,
        subject -> Binary,
        at -> BigInt,
    }
}
diesel::table! {
    ticket_activity (ticket) {
        ticket -> Binary,
        newest -> Binary,
        newest_public_by -> Text,
        newest_shown -> Binary,
        newest_shown_by -> Text,
    }
}
diesel::table! {
    ticket (id) {
        id -> Binary,
    }
}

/// A connection that writes comments.
pub(crate) struct Rows {
    connection: SqliteConnection,
    tickets: Vec<Vec<u8>>,
    written: u64,
}

impl Rows {
    /// Opens a database that a daemon has laid out and that has tickets; no daemon runs on it.
    pub(crate) fn open(file: &Path) -> Self {
        let path = file.to_str().expect("the folder's name is UTF-8");
        let mut connection = SqliteConnection::establish(path).expect("it opens");
        connection
            .batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
            .expect("SQLite knows them");
        let tickets = ticket::table
            .select(ticket::id)
            .load(&mut connection)
            .expect("there are tickets");
        Self {
            connection,
            tickets,
            written: 0,
        }
    }

    /// Commits comments, so many at a time.
    pub(crate) fn commit(&mut self, group: usize) -> Committed {
        let (start, before) = (Instant::now(), processor::of_this_thread());
        let mut comments = 0;
        while start.elapsed() < TIME {
            self.write(group);
            comments += group;
        }
        let used = processor::of_this_thread().saturating_sub(before);
        Committed {
            rate: as_number(comments) / start.elapsed().as_secs_f64(),
            cost: used.as_secs_f64() * 1000.0 / as_number(comments),
        }
    }

    /// Commits so many comments.
    pub(crate) fn write(&mut self, group: usize) {
        let Self {
            connection,
            tickets,
            written,
        } = self;
        let done = connection.immediate_transaction(|connection| {
            for _ in 0..group {
                *written += 1;
                let ticket = usize::try_from(*written).expect("a small number") % tickets.len();
                write(connection, &tickets[ticket], *written)?;
            }
            diesel::QueryResult::Ok(())
        });
        done.expect("nobody else writes");
    }
}

fn write(connection: &mut SqliteConnection, ticket: &[u8], number: u64) -> QueryResult<()> {
    // Ids ascend, as those of the daemon do.
    let id = |kind: u8| {
        let mut id = [kind; 16];
        id[0] = 1;
        id[1..9].copy_from_slice(&number.to_be_bytes());
        id.to_vec()
    };
    let (said, mail) = (id(8), id(9));
    let now = 1_795_000_000_000_000 + i64::try_from(number).expect("a small number");
    diesel::insert_into(comment::table)
        .values((
            comment::id.eq(&said),
            comment::ticket.eq(ticket),
            comment::author_name.eq("Ana Peña"),
            comment::author_email.eq("ana@example.com"),
            comment::text.eq("La impresora se atasca otra vez con cada tercera hoja."),
            comment::visibility.eq("public"),
            comment::kind.eq("message"),
            comment::origin.eq("api"),
            comment::created_at.eq(now),
        ))
        .execute(connection)?;
    diesel::insert_into(outbox::table)
        .values((
            outbox::id.eq(&mail),
            outbox::cause_kind.eq("comment"),
            outbox::cause_id.eq(&said),
            outbox::ticket.eq(ticket),
            outbox::account.eq(0),
            outbox::sender.eq("desk@example.org"),
            outbox::recipient.eq("tomas@example.com"),
            outbox::state.eq("ready"),
            outbox::message_id.eq(format!("{number}.0123456789abcdef0123456789abcdef@example.org")),
            outbox::size.eq(i64::try_from(MAIL).expect("a small number")),
            outbox::created_at.eq(now),
            outbox::due_at.eq(now),
            outbox::open_base.eq(0),
        ))
        .execute(connection)?;
    diesel::insert_into(outbox_message::table)
        .values((
            outbox_message::delivery.eq(&mail),
            outbox_message::bytes.eq(vec![b'x'; MAIL]),
        ))
        .execute(connection)?;
    diesel::insert_into(search_queue::table)
        .values(search_queue::comment.eq(&said))
        .execute(connection)?;
    diesel::insert_into(event::table)
        .values((
            event::kind.eq("comment.created"),
            event::ticket.eq(ticket),
            event::subject.eq(&said),
            event::at.eq(now),
        ))
        .execute(connection)?;
    diesel::update(ticket_activity::table.find(ticket))
        .set((
            ticket_activity::newest.eq(&said),
            ticket_activity::newest_public_by.eq("ana@example.com"),
            ticket_activity::newest_shown.eq(&said),
            ticket_activity::newest_shown_by.eq("ana@example.com"),
        ))
        .execute(connection)?;
    Ok(())
}
