//! Reading comments with their attachments and mails.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::channel::AccountId;
use recado_domain::comment::{AttachmentId, CommentId, Visibility};
use recado_domain::outbox::{DeliveryId, Outcome, State};
use recado_domain::ticket::TicketId;
use recado_ports::comments::{Audience, CommentWithDeliveries, DeliverySummary};
use recado_ports::page::{Page, PageLimit, PageRequest};
use recado_ports::store::StoreError;
use uuid::Uuid;

use crate::column::{Key, count, timestamp, word};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{queries, run};
use crate::rows::{AttachmentRow, CommentRow, Cursor, address, cursor};
use crate::schema::{attachment, comment, content, outbox};

/// Which comments of a ticket to read.
struct Wanted {
    ticket: Key,
    place: Place,
    audience: Audience,
    limit: i64,
}

/// Where in the ticket.
enum Place {
    One(Key),
    /// Oldest first.
    After(Key),
    /// Newest first.
    Before(Key),
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = outbox)]
struct SummaryRow {
    id: Key,
    cause_id: Key,
    recipient: String,
    state: String,
    account: i64,
    outcome: Option<String>,
    last_reply: Option<String>,
}

struct Read {
    comments: Vec<(CommentRow, Option<i64>)>,
    attachments: Vec<AttachmentRow>,
    deliveries: Vec<SummaryRow>,
}

queries! {
    pub(super) async fn read(connection: &mut Session, wanted: &Wanted) -> Result<Read, Fault> {
        let mut query = comment::table
            .filter(comment::ticket.eq(wanted.ticket))
            .filter(comment::withdrawn_at.is_null())
            .limit(wanted.limit)
            .select((CommentRow::as_select(), comment::held_until))
            .into_boxed::<Backend>();
        query = match wanted.place {
            Place::One(id) => query.filter(comment::id.eq(id)),
            Place::After(id) => query.filter(comment::id.gt(id)).order(comment::id),
            Place::Before(id) => query.filter(comment::id.lt(id)).order(comment::id.desc()),
        };
        if let Audience::Public { reader } = &wanted.audience {
            query = query.filter(comment::visibility.eq(Visibility::Public.as_str()));
            query = match reader {
                None => query.filter(comment::held_until.is_null()),
                Some(reader) => {
                    query.filter(comment::held_until.is_null().or(comment::author_email.eq(reader.as_str())))
                }
            };
        }
        let comments = query.load(connection).await?;
        if comments.is_empty() {
            return Ok(Read { comments, attachments: Vec::new(), deliveries: Vec::new() });
        }
        let ids: Vec<Key> = comments.iter().map(|(row, _): &(CommentRow, _)| row.id).collect();
        let attachments = attachment::table
            .filter(attachment::comment.eq_any(&ids))
            .order((attachment::comment, attachment::position))
            .select(AttachmentRow::as_select())
            .load(connection)
            .await?;
        let deliveries = outbox::table
            .filter(outbox::cause_kind.eq("comment"))
            .filter(outbox::cause_id.eq_any(&ids))
            .order(outbox::id)
            .select(SummaryRow::as_select())
            .load(connection)
            .await?;
        Ok(Read { comments, attachments, deliveries })
    }

    pub(super) async fn octets(connection: &mut Session, input: &(Key, Key)) -> Result<Option<Vec<u8>>, Fault> {
        let (comment, id) = *input;
        let octets = attachment::table
            .inner_join(content::table.on(content::sha256.eq(attachment::sha256)))
            .filter(attachment::id.eq(id))
            .filter(attachment::comment.eq(comment))
            .select(content::bytes)
            .first(connection)
            .await;
        Ok(octets.optional()?)
    }
}

pub(super) async fn list(
    database: &Database,
    ticket: TicketId,
    audience: &Audience,
    page: &PageRequest,
) -> Result<Page<CommentWithDeliveries>, StoreError> {
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
    let limit = i64::from(page.limit.get()) + 1;
    let wanted = Wanted {
        ticket: Key(ticket.0),
        place: Place::After(Key(after)),
        audience: audience.clone(),
        limit,
    };
    let mut items = assemble(run!(database.read(), read, wanted)?)?;
    let more = items.len() > size;
    items.truncate(size);
    let next = items
        .last()
        .filter(|_| more)
        .map(|item| item.comment.id.0.to_string());
    Ok(Page { items, next })
}

pub(super) async fn latest(
    database: &Database,
    ticket: TicketId,
    audience: &Audience,
    before: Option<CommentId>,
    limit: PageLimit,
) -> Result<Vec<CommentWithDeliveries>, StoreError> {
    let wanted = Wanted {
        ticket: Key(ticket.0),
        place: Place::Before(Key(before.map_or(Uuid::max(), |CommentId(id)| id))),
        audience: audience.clone(),
        limit: i64::from(limit.get()),
    };
    Ok(assemble(run!(database.read(), read, wanted)?)?)
}

pub(super) async fn find(
    database: &Database,
    ticket: TicketId,
    id: CommentId,
) -> Result<Option<CommentWithDeliveries>, StoreError> {
    let wanted = Wanted {
        ticket: Key(ticket.0),
        place: Place::One(Key(id.0)),
        audience: Audience::Desk,
        limit: 1,
    };
    Ok(assemble(run!(database.read(), read, wanted)?)?.pop())
}

pub(super) async fn attachment(
    database: &Database,
    comment: CommentId,
    id: AttachmentId,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(run!(database.read(), octets, (Key(comment.0), Key(id.0)))?)
}

fn assemble(read: Read) -> Result<Vec<CommentWithDeliveries>, Fault> {
    let mut attachments: BTreeMap<Key, Vec<AttachmentRow>> = BTreeMap::new();
    for row in read.attachments {
        attachments.entry(row.comment).or_default().push(row);
    }
    let mut deliveries: BTreeMap<Key, Vec<DeliverySummary>> = BTreeMap::new();
    for row in read.deliveries {
        let summary = DeliverySummary {
            id: DeliveryId(row.id.0),
            recipient: address(&row.recipient)?,
            state: word("a delivery's state", &row.state, State::parse)?,
            account: AccountId(count("an account", row.account)?),
            outcome: row
                .outcome
                .map(|text| word("a delivery's outcome", &text, Outcome::parse))
                .transpose()?,
            last_reply: row.last_reply,
        };
        deliveries.entry(row.cause_id).or_default().push(summary);
    }
    let assembled = read.comments.into_iter().map(|(row, held_until)| {
        let id = row.id;
        Ok(CommentWithDeliveries {
            comment: row.try_into_domain(attachments.remove(&id).unwrap_or_default())?,
            deliveries: deliveries.remove(&id).unwrap_or_default(),
            held_until: held_until.map(timestamp).transpose()?,
        })
    });
    assembled.collect()
}
