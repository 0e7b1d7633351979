//! On PostgreSQL: all comments, their mails and what lists are ordered by in one statement.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use diesel_async::RunQueryDsl;
use recado_ports::comments::AcceptComment;
use recado_ports::events::EventKind;
use recado_ports::outbox::NewDelivery;

use super::postgres::insert_attachments;
use crate::column::{Id, Key};
use crate::dialect::postgres::{Session, refresh_activity};
use crate::fault::Fault;
use crate::inbox::raise::Raise;
use crate::postgres::statement;
use crate::rows::{MessageRow, NewCommentRow, NewDeliveryRow};

statement! {
    /// Comments, their places in the queue of the search, their events, their mails and messages, the accounts that nobody
    /// has used, and the tickets' newest comments; gives the comments that are new, and the tickets that were told.
    ///
    /// Unless it is forced, it does nothing where a comment is there already, or where a ticket is unknown or knows a newer
    /// comment: what such a ticket is to be told is only found out by looking at its comments afterwards, in the same
    /// transaction.
    ///
    /// The tickets' rows are taken in the order of their ids, and first unless it is forced, so that transactions with several
    /// in common wait for each other in no circle. The limits make the planner expect as many rows of an array as of any other.
    Insert<'a> {
        tickets: Key => Id,
        oldest: Key => Id,
        newest: Key => Id,
        newest_public_by: Option<&'a str> => Nullable<Text>,
        newest_shown: Option<Key> => Nullable<Id>,
        newest_shown_by: Option<&'a str> => Nullable<Text>,
        counts: i64 => BigInt,
        forced: bool => Bool,
        wanted: Key => Id,
        ids: Key => Id,
        ticket_of: Key => Id,
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
        accounts: i64 => BigInt,
        comment_of: Key => Id,
        mails: Key => Id,
        cause_kinds: &'a str => Text,
        cause_ids: Key => Id,
        about: Option<Key> => Nullable<Id>,
        account_of: i64 => BigInt,
        senders: &'a str => Text,
        recipients: &'a str => Text,
        states: &'a str => Text,
        message_ids: &'a str => Text,
        sizes: i64 => BigInt,
        queued_at: i64 => BigInt,
        due_at: i64 => BigInt,
        deliveries: Key => Id,
        messages: &'a [u8] => Binary,
    } -> (Bool, Id) = "WITH raise AS (
            SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?)
                AS given (ticket, oldest, newest, newest_public_by, newest_shown, newest_shown_by, comments)
            LIMIT (SELECT 1000000)
        ), held AS (
            SELECT raise.*, there.newest < raise.oldest AS is_later
            FROM raise JOIN ticket_activity there ON there.ticket = raise.ticket
            ORDER BY raise.ticket FOR NO KEY UPDATE OF there
        ), clear AS (
            SELECT (SELECT given.forced FROM unnest(?) AS given (forced))
                OR (SELECT count(*) FROM held WHERE held.is_later) = (SELECT count(*) FROM raise)
                AND NOT EXISTS (
                    SELECT FROM (SELECT * FROM unnest(?) AS given (id) LIMIT (SELECT 1000000)) AS given
                    JOIN comment ON comment.id = given.id
                ) AS is_so
        ), new AS (
            INSERT INTO comment (id, ticket, author_name, author_email, text, visibility, kind, origin, quoted, html,
                created_at, held_until)
            SELECT given.* FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS given
            WHERE (SELECT is_so FROM clear)
            ON CONFLICT (id) DO NOTHING RETURNING id, ticket, created_at
        ), queued AS (
            INSERT INTO search_queue (comment) SELECT id FROM new
        ), told AS (
            INSERT INTO event (kind, ticket, subject, at)
            SELECT given.event, new.ticket, new.id, new.created_at FROM new, unnest(?) AS given (event)
        ), used AS (
            INSERT INTO channel (account) SELECT given.account FROM unnest(?) AS given (account)
            WHERE NOT EXISTS (SELECT FROM channel WHERE channel.account = given.account) AND (SELECT is_so FROM clear)
            ON CONFLICT DO NOTHING
        ), mail AS (
            INSERT INTO outbox (id, cause_kind, cause_id, ticket, account, sender, recipient, state, message_id, size,
                created_at, due_at, open_base)
            SELECT given.id, given.cause_kind, given.cause_id, given.ticket, given.account, given.sender,
                given.recipient, given.state, given.message_id, given.size, given.created_at, given.due_at,
                coalesce((SELECT open_time FROM channel WHERE channel.account = given.account), 0)
            FROM (
                SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    AS given (comment, id, cause_kind, cause_id, ticket, account, sender, recipient, state, message_id,
                        size, created_at, due_at)
                LIMIT (SELECT 1000000)
            ) AS given JOIN new ON new.id = given.comment
            ON CONFLICT DO NOTHING RETURNING id
        ), message AS (
            INSERT INTO outbox_message (delivery, bytes)
            SELECT given.* FROM unnest(?, ?) AS given (delivery, bytes) JOIN mail ON mail.id = given.delivery
            ON CONFLICT DO NOTHING
        ), raised AS (
            UPDATE ticket_activity SET
                newest = held.newest,
                newest_public_by = coalesce(held.newest_public_by, ticket_activity.newest_public_by),
                newest_shown = coalesce(held.newest_shown, ticket_activity.newest_shown),
                newest_shown_by = coalesce(held.newest_shown_by, ticket_activity.newest_shown_by)
            FROM held
            WHERE ticket_activity.ticket = held.ticket AND ticket_activity.newest < held.oldest
                AND held.comments = (SELECT count(*) FROM new WHERE new.ticket = held.ticket)
            RETURNING ticket_activity.ticket
        )
        SELECT true, id FROM new UNION ALL SELECT false, ticket FROM raised"
}

impl<'a> Insert<'a> {
    fn of(accepts: &BTreeMap<Key, &'a AcceptComment>) -> Self {
        let mut insert = Insert {
            event: vec![EventKind::CommentCreated.as_str()],
            ..Insert::default()
        };
        let all: Vec<_> = accepts.values().copied().collect();
        for raise in Raise::all(&all) {
            insert.raise(&raise);
        }
        for accept in all {
            insert.add(accept);
        }
        let accounts: BTreeSet<i64> = insert.account_of.iter().copied().collect();
        insert.accounts.extend(accounts);
        insert
    }

    fn raise(&mut self, raise: &Raise<'a>) {
        self.tickets.push(raise.ticket);
        self.oldest.push(raise.oldest);
        self.newest.push(raise.newest);
        self.newest_public_by.push(raise.newest_public_by);
        self.newest_shown.push(raise.newest_shown.map(|(id, _)| id));
        self.newest_shown_by
            .push(raise.newest_shown.map(|(_, author)| author));
        self.counts.push(raise.comments);
    }

    fn add(&mut self, accept: &'a AcceptComment) {
        let row = NewCommentRow::from(accept);
        self.wanted.push(row.id);
        self.ids.push(row.id);
        self.ticket_of.push(row.ticket);
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
        for delivery in &accept.deliveries {
            self.owe(row.id, delivery);
        }
    }

    fn owe(&mut self, comment: Key, delivery: &'a NewDelivery) {
        // The statement knows the account's open time better.
        let row = NewDeliveryRow::new(delivery, 0);
        self.comment_of.push(comment);
        self.mails.push(row.id);
        self.cause_kinds.push(row.cause_kind);
        self.cause_ids.push(row.cause_id);
        self.about.push(row.ticket);
        self.account_of.push(row.account);
        self.senders.push(row.sender);
        self.recipients.push(row.recipient);
        self.states.push(row.state);
        self.message_ids.push(row.message_id);
        self.sizes.push(row.size);
        self.queued_at.push(row.created_at);
        self.due_at.push(row.due_at);
        let message = MessageRow {
            delivery: row.id,
            bytes: &delivery.message,
        };
        self.deliveries.push(message.delivery);
        self.messages.push(message.bytes);
    }
}

/// By id, each once.
fn by_id<'a>(accepts: &[&'a AcceptComment]) -> BTreeMap<Key, &'a AcceptComment> {
    let mut by_id = BTreeMap::new();
    for accept in accepts {
        by_id.entry(Key(accept.comment.id.0)).or_insert(*accept);
    }
    by_id
}

/// Stores comments; one that is stored already is left as it is.
pub(crate) async fn insert_comments(
    connection: &mut Session,
    accepts: &[&AcceptComment],
) -> Result<(), Fault> {
    let accepts = by_id(accepts);
    if accepts.is_empty() {
        return Ok(());
    }
    let mut insert = Insert::of(&accepts);
    insert.forced.push(true);
    let rows: Vec<(bool, Key)> = insert.get_results(connection).await?;
    let (new, raised): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(is_comment, _)| *is_comment);
    for accept in new.iter().filter_map(|(_, id)| accepts.get(id)) {
        insert_attachments(connection, accept).await?;
    }
    // A newer one was quicker, or some comments were there already: stored by whom, and how far that one came, nobody knows.
    let mut behind: BTreeSet<Key> = accepts
        .values()
        .map(|accept| Key(accept.comment.ticket.0))
        .collect();
    for (_, ticket) in raised {
        behind.remove(&ticket);
    }
    for ticket in behind {
        refresh_activity(connection, ticket).await?;
    }
    Ok(())
}

/// Stores comments that are new, have no attachments, and are the newest of their tickets, with one statement; gives
/// whether they were, and all is done.
pub(crate) async fn insert_newest(
    connection: &mut Session,
    accepts: &[&AcceptComment],
) -> Result<bool, Fault> {
    let accepts = by_id(accepts);
    let insert = Insert::of(&accepts);
    let expected = insert.tickets.len() + accepts.len();
    let rows: Vec<(bool, Key)> = insert.get_results(connection).await?;
    Ok(rows.len() == expected)
}
