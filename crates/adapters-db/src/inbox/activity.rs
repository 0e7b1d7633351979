//! What lists are ordered and filtered by, kept in the transactions that change it.
//!
//! A transaction with comments writes its tickets' rows in the order of their ids, so that those on one ticket wait for
//! each other, and in no circle; briefly, since little or nothing is written after them.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::comment::Visibility;
use recado_domain::ticket::{Ticket, TicketStatus};

use crate::column::Key;
use crate::fault::Fault;
use crate::operation::queries;
use crate::schema::{comment, ticket, ticket_activity};

queries! {
    /// Notes that a ticket was put.
    pub(crate) async fn note_ticket(connection: &mut Session, ticket: &Ticket) -> Result<(), Fault> {
        let (id, status) = (Key(ticket.id.0), TicketStatus::as_str(ticket.status));
        let there = ticket_activity::table.find(id);
        let known = diesel::update(there).set(ticket_activity::status.eq(status)).execute(connection).await?;
        if known == 0 {
            diesel::insert_into(ticket_activity::table)
                .values((
                    ticket_activity::ticket.eq(id),
                    ticket_activity::status.eq(status),
                    ticket_activity::newest.eq(id),
                ))
                .execute(connection)
                .await?;
        }
        Ok(())
    }

    /// Finds out anew what a ticket's newest comments are.
    pub(crate) async fn refresh_activity(connection: &mut Session, ticket: Key) -> Result<(), Fault> {
        let row = ticket_activity::table.find(ticket).select(ticket_activity::ticket);
        // Whoever writes the row meanwhile waits, and so finds what is written here.
        let held: Vec<Key> = load_held!(connection, row);
        if held.is_empty() {
            // Put by a daemon of an older version, on a database that was migrated beside it.
            let status = ticket::table.find(ticket).select(ticket::status).first::<String>(connection).await;
            let Some(status) = status.optional()? else { return Ok(()) };
            diesel::insert_into(ticket_activity::table)
                .values((
                    ticket_activity::ticket.eq(ticket),
                    ticket_activity::status.eq(status),
                    ticket_activity::newest.eq(ticket),
                ))
                .on_conflict_do_nothing()
                .execute(connection)
                .await?;
        }
        let standing = || {
            comment::table
                .filter(comment::ticket.eq(ticket))
                .filter(comment::withdrawn_at.is_null())
                .order(comment::id.desc())
                .select((comment::id, comment::author_email))
        };
        let public = || standing().filter(comment::visibility.eq(Visibility::Public.as_str()));
        let newest = standing().first::<(Key, String)>(connection).await.optional()?;
        let newest_public = public().first::<(Key, String)>(connection).await.optional()?;
        let shown = public().filter(comment::held_until.is_null());
        let shown = shown.first::<(Key, String)>(connection).await.optional()?;
        diesel::update(ticket_activity::table.find(ticket))
            .set((
                ticket_activity::newest.eq(newest.map_or(ticket, |(id, _)| id)),
                ticket_activity::newest_public_by.eq(newest_public.map(|(_, author)| author)),
                ticket_activity::newest_shown.eq(shown.as_ref().map(|(id, _)| *id)),
                ticket_activity::newest_shown_by.eq(shown.map(|(_, author)| author)),
            ))
            .execute(connection)
            .await?;
        Ok(())
    }
}
