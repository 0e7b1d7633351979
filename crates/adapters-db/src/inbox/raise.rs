//! Telling tickets of comments that are newer than any that they knew.

use std::collections::BTreeMap;

use recado_domain::comment::Visibility;
use recado_ports::comments::AcceptComment;

use crate::column::Key;

/// What several new comments on a ticket, or a single one, make of it.
#[derive(Debug)]
pub(crate) struct Raise<'a> {
    pub(crate) ticket: Key,
    /// The oldest of them: if the ticket knows an older one alone, nothing else is to be looked at.
    oldest: Key,
    newest: Key,
    /// Who wrote the newest public one; none of them need be public.
    newest_public_by: Option<&'a str>,
    /// The newest public one that is not under hold, and who wrote it.
    newest_shown: Option<(Key, &'a str)>,
}

impl<'a> Raise<'a> {
    /// By ticket.
    pub(crate) fn all(accepts: &[&'a AcceptComment]) -> Vec<Self> {
        let mut accepts = accepts.to_vec();
        accepts.sort_by_key(|accept| accept.comment.id.0);
        let mut by_ticket: BTreeMap<Key, Self> = BTreeMap::new();
        for accept in accepts {
            let comment = &accept.comment;
            let (ticket, id) = (Key(comment.ticket.0), Key(comment.id.0));
            let raise = by_ticket.entry(ticket).or_insert(Self {
                ticket,
                oldest: id,
                newest: id,
                newest_public_by: None,
                newest_shown: None,
            });
            raise.newest = id;
            if comment.visibility == Visibility::Public {
                let author = comment.author.email.as_str();
                raise.newest_public_by = Some(author);
                if accept.held_until.is_none() {
                    raise.newest_shown = Some((id, author));
                }
            }
        }
        by_ticket.into_values().collect()
    }
}

pub(crate) mod sqlite {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;

    use super::Raise;
    use crate::cached::Cached;
    use crate::column::Key;
    use crate::dialect::sqlite::Session;
    use crate::fault::Fault;
    use crate::schema::ticket_activity;

    /// Gives the tickets that knew older comments alone. The others are left as they are.
    pub(crate) async fn raise_activity(
        connection: &mut Session,
        raises: &[Raise<'_>],
    ) -> Result<Vec<Key>, Fault> {
        let mut done = Vec::new();
        for raise in raises {
            let older = ticket_activity::table
                .filter(ticket_activity::ticket.eq(raise.ticket))
                .filter(ticket_activity::newest.lt(raise.oldest));
            // An absent value leaves its column as it is.
            let newest = (
                ticket_activity::newest.eq(raise.newest),
                raise
                    .newest_public_by
                    .map(|author| ticket_activity::newest_public_by.eq(author)),
                raise
                    .newest_shown
                    .map(|(id, _)| ticket_activity::newest_shown.eq(id)),
                raise
                    .newest_shown
                    .map(|(_, author)| ticket_activity::newest_shown_by.eq(author)),
            );
            if Cached(diesel::update(older).set(newest))
                .execute(connection)
                .await?
                > 0
            {
                done.push(raise.ticket);
            }
        }
        Ok(done)
    }
}

pub(crate) mod postgres {
    use diesel::sql_types::{Nullable, Text};
    use diesel_async::RunQueryDsl;

    use super::Raise;
    use crate::column::{Id, Key};
    use crate::dialect::postgres::Session;
    use crate::fault::Fault;
    use crate::postgres::statement;

    statement! {
        /// The rows are taken in the order of the tickets, so that transactions with several tickets in common wait for
        /// each other in no circle.
        Raises<'a> {
            tickets: Key => Id,
            oldest: Key => Id,
            newest: Key => Id,
            newest_public_by: Option<&'a str> => Nullable<Text>,
            newest_shown: Option<Key> => Nullable<Id>,
            newest_shown_by: Option<&'a str> => Nullable<Text>,
        } -> Id = "WITH held AS (
                SELECT given.* FROM unnest(?, ?, ?, ?, ?, ?)
                    AS given (ticket, oldest, newest, newest_public_by, newest_shown, newest_shown_by)
                JOIN ticket_activity there ON there.ticket = given.ticket
                ORDER BY given.ticket FOR NO KEY UPDATE OF there
            )
            UPDATE ticket_activity SET
                newest = held.newest,
                newest_public_by = coalesce(held.newest_public_by, ticket_activity.newest_public_by),
                newest_shown = coalesce(held.newest_shown, ticket_activity.newest_shown),
                newest_shown_by = coalesce(held.newest_shown_by, ticket_activity.newest_shown_by)
            FROM held
            WHERE ticket_activity.ticket = held.ticket AND ticket_activity.newest < held.oldest
            RETURNING ticket_activity.ticket"
    }

    /// Gives the tickets that knew older comments alone. The others are left as they are.
    pub(crate) async fn raise_activity(
        connection: &mut Session,
        raises: &[Raise<'_>],
    ) -> Result<Vec<Key>, Fault> {
        let mut statement = Raises::default();
        for raise in raises {
            statement.tickets.push(raise.ticket);
            statement.oldest.push(raise.oldest);
            statement.newest.push(raise.newest);
            statement.newest_public_by.push(raise.newest_public_by);
            statement.newest_shown.push(raise.newest_shown.map(|(id, _)| id));
            statement
                .newest_shown_by
                .push(raise.newest_shown.map(|(_, author)| author));
        }
        Ok(statement.get_results(connection).await?)
    }
}
