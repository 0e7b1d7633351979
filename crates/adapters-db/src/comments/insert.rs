//! Storing comments with all that belongs to them, but for idempotency records: a statement a row on SQLite, where
//! statements cost no way to a server and back; on PostgreSQL a few for all of them.

use diesel_async::RunQueryDsl;
use recado_ports::comments::AcceptComment;

use crate::fault::Fault;
use crate::operation::queries;
use crate::rows::{ContentRow, NewAttachmentRow};
use crate::schema::{attachment, content};

queries! {
    pub(super) async fn insert_attachments(connection: &mut Session, accept: &AcceptComment) -> Result<(), Fault> {
        let AcceptComment { comment, contents, .. } = accept;
        let contents: Vec<_> = comment
            .attachments
            .iter()
            .zip(contents)
            .map(|(attachment, bytes)| ContentRow { sha256: &attachment.sha256, bytes })
            .collect();
        insert_new!(connection, content::table, &contents);
        let attachments = NewAttachmentRow::all_of(comment);
        insert_new!(connection, attachment::table, &attachments);
        Ok(())
    }
}

/// One row, one statement.
pub(crate) mod each {
    use diesel::ExpressionMethods;
    use diesel_async::RunQueryDsl;
    use recado_ports::comments::AcceptComment;
    use recado_ports::events::EventKind;

    use super::sqlite::insert_attachments;
    use crate::column::{Key, micros};
    use crate::dialect::sqlite::{Session, insert_deliveries, note_comments, record_events};
    use crate::events::NewEventRow;
    use crate::fault::Fault;
    use crate::rows::NewCommentRow;
    use crate::schema::{comment, search_queue};

    /// Stores comments; one that is stored already is left as it is.
    pub(crate) async fn insert_comments(
        connection: &mut Session,
        accepts: &[&AcceptComment],
    ) -> Result<(), Fault> {
        for accept in accepts {
            insert_comment(connection, accept).await?;
        }
        Ok(())
    }

    async fn insert_comment(connection: &mut Session, accept: &AcceptComment) -> Result<(), Fault> {
        let AcceptComment {
            comment, deliveries, ..
        } = accept;
        let new = diesel::insert_into(comment::table)
            .values(NewCommentRow::from(accept))
            .on_conflict(comment::id)
            .do_nothing()
            .execute(connection)
            .await?;
        if new == 0 {
            return Ok(());
        }
        insert_attachments(connection, accept).await?;
        insert_deliveries(connection, deliveries).await?;
        let id = Key(comment.id.0);
        diesel::insert_into(search_queue::table)
            .values(search_queue::comment.eq(id))
            .execute(connection)
            .await?;
        note_comments(connection, &[accept]).await?;
        let ticket = Some(Key(comment.ticket.0));
        let event = NewEventRow::new(
            EventKind::CommentCreated,
            ticket,
            comment.id.0,
            micros(comment.created_at),
        );
        record_events(connection, &[event]).await
    }
}

/// All rows of a table, one statement.
pub(crate) mod together {
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    use diesel::sql_types::{BigInt, Nullable, Text};
    use diesel_async::RunQueryDsl;
    use recado_ports::comments::AcceptComment;
    use recado_ports::events::EventKind;

    use super::postgres::insert_attachments;
    use crate::column::{Id, Key};
    use crate::dialect::postgres::{Session, insert_deliveries, note_comments};
    use crate::fault::Fault;
    use crate::postgres::statement;
    use crate::rows::NewCommentRow;

    statement! {
        /// Comments, their places in the queue of the search, and their events; gives those that are new.
        Insert<'a> {
            ids: Key => Id,
            tickets: Key => Id,
            author_names: &'a str => Text,
            author_emails: &'a str => Text,
            texts: &'a str => Text,
            visibilities: &'a str => Text,
            kinds: &'a str => Text,
            origins: &'a str => Text,
            quoted: Option<Cow<'a, str>> => Nullable<Text>,
            html: Option<Cow<'a, str>> => Nullable<Text>,
            created_at: i64 => BigInt,
            held_until: Option<i64> => Nullable<BigInt>,
            event: &'a str => Text,
        } -> Id = "WITH new AS (
                INSERT INTO comment (id, ticket, author_name, author_email, text, visibility, kind, origin, quoted, html,
                    created_at, held_until)
                SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO NOTHING RETURNING id, ticket, created_at
            ), queued AS (
                INSERT INTO search_queue (comment) SELECT id FROM new
            ), told AS (
                INSERT INTO event (kind, ticket, subject, at)
                SELECT given.event, new.ticket, new.id, new.created_at FROM new, unnest(?) AS given (event)
            )
            SELECT id FROM new"
    }

    impl<'a> Insert<'a> {
        fn add(&mut self, accept: &'a AcceptComment) {
            let row = NewCommentRow::from(accept);
            self.ids.push(row.id);
            self.tickets.push(row.ticket);
            self.author_names.push(row.author_name);
            self.author_emails.push(row.author_email);
            self.texts.push(row.text);
            self.visibilities.push(row.visibility);
            self.kinds.push(row.kind);
            self.origins.push(row.origin);
            self.quoted.push(row.quoted);
            self.html.push(row.html);
            self.created_at.push(row.created_at);
            self.held_until.push(row.held_until);
        }
    }

    /// Stores comments; one that is stored already is left as it is.
    pub(crate) async fn insert_comments(
        connection: &mut Session,
        accepts: &[&AcceptComment],
    ) -> Result<(), Fault> {
        // By id, so that daemons that store the same comments wait for each other in no circle.
        let mut by_id: BTreeMap<Key, &AcceptComment> = BTreeMap::new();
        for accept in accepts {
            by_id.entry(Key(accept.comment.id.0)).or_insert(accept);
        }
        if by_id.is_empty() {
            return Ok(());
        }
        let mut insert = Insert {
            event: vec![EventKind::CommentCreated.as_str()],
            ..Insert::default()
        };
        for accept in by_id.values() {
            insert.add(accept);
        }
        let new: Vec<Key> = insert.get_results(connection).await?;
        let new: Vec<_> = new.iter().filter_map(|id| by_id.get(id).copied()).collect();
        for accept in &new {
            insert_attachments(connection, accept).await?;
        }
        insert_deliveries(connection, new.iter().flat_map(|accept| &accept.deliveries)).await?;
        note_comments(connection, &new).await
    }
}
