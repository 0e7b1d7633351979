//! Telling tickets of comments that are newer than any that they knew. On PostgreSQL the statement that stores the comments
//! does so (`comments::insert::together`).

use std::collections::BTreeMap;

use recado_domain::comment::Visibility;
use recado_ports::comments::AcceptComment;

use crate::column::Key;

/// What several new comments on a ticket, or a single one, make of it.
#[derive(Debug)]
pub(crate) struct Raise<'a> {
    pub(crate) ticket: Key,
    /// The oldest of them: if the ticket knows an older one alone, nothing else is to be looked at.
    pub(crate) oldest: Key,
    pub(crate) newest: Key,
    /// Who wrote the newest public one; none of them need be public.
    pub(crate) newest_public_by: Option<&'a str>,
    /// The newest public one that is not under hold, and who wrote it.
    pub(crate) newest_shown: Option<(Key, &'a str)>,
    /// How many they are.
    pub(crate) comments: i64,
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
                comments: 0,
            });
            raise.newest = id;
            raise.comments += 1;
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

    use recado_ports::comments::AcceptComment;

    use super::Raise;
    use crate::cached::Cached;
    use crate::column::Key;
    use crate::dialect::sqlite::{Session, refresh_activity};
    use crate::fault::Fault;
    use crate::schema::ticket_activity;

    /// Notes comments that were just stored.
    pub(crate) async fn note_comments(
        connection: &mut Session,
        accepts: &[&AcceptComment],
    ) -> Result<(), Fault> {
        let raises = Raise::all(accepts);
        let done = raise_activity(connection, &raises).await?;
        for raise in raises.iter().filter(|raise| !done.contains(&raise.ticket)) {
            // A newer one was quicker.
            refresh_activity(connection, raise.ticket).await?;
        }
        Ok(())
    }

    /// Gives the tickets that knew older comments alone. The others are left as they are.
    async fn raise_activity(connection: &mut Session, raises: &[Raise<'_>]) -> Result<Vec<Key>, Fault> {
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
