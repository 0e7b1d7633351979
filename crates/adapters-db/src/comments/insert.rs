//! Storing comments with all that belongs to them, but for idempotency records: a statement a row on SQLite, where
//! statements cost no way to a server and back; on PostgreSQL one for all of them.

pub(crate) mod together;

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
