//! Comments in memory.

mod context;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::comment::{AttachmentId, Comment, CommentId, Visibility};
use recado_domain::outbox::{Cause, Delivery, Event};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_ports::comments::{
    AcceptComment, AcceptError, Audience, CommentContext, CommentWithDeliveries, Comments, ContextQuery,
    DeliverySummary, Retraction,
};
use recado_ports::events::EventKind;
use recado_ports::page::{Page, PageLimit, PageRequest};
use recado_ports::store::StoreError;

use super::{MemoryStore, Tables, page};

/// A stored comment.
pub(super) struct Row {
    pub(super) comment: Comment,
    withdrawn_at: Option<Timestamp>,
    held_until: Option<Timestamp>,
    /// When its hold ended, if it was held.
    pub(super) released_at: Option<Timestamp>,
}

#[async_trait]
impl Comments for MemoryStore {
    async fn accept(&self, accept: AcceptComment) -> Result<(), AcceptError> {
        self.write(|tables| {
            // The id comes before the key: a call repeated after an unknown outcome is done, not a repeated request.
            if tables.comments.contains_key(&accept.comment.id) {
                return Ok(());
            }
            if let Some(record) = &accept.idempotency
                && let Some(stored) = tables.idempotency.get(&record.key)
                && stored.expires_at > accept.comment.created_at
            {
                return Err(AcceptError::Repeated(stored.clone()));
            }
            if !tables.tickets.contains_key(&accept.comment.ticket) {
                return Err(AcceptError::NoTicket);
            }
            if let Some(record) = &accept.idempotency {
                tables.idempotency.insert(record.key.clone(), record.clone());
            }
            tables.insert_comment(accept);
            Ok(())
        })
    }

    async fn context(&self, query: &ContextQuery) -> Result<Option<CommentContext>, StoreError> {
        context::context(self, query).await
    }

    async fn forget_idempotency(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        Ok(self.write(|tables| {
            let expired = tables
                .idempotency
                .values()
                .filter(|record| record.expires_at <= now);
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let keys: Vec<_> = expired.map(|record| record.key.clone()).take(limit).collect();
            for key in &keys {
                tables.idempotency.remove(key);
            }
            keys.len() as u64
        }))
    }

    async fn list(
        &self,
        ticket: TicketId,
        audience: &Audience,
        request: &PageRequest,
    ) -> Result<Page<CommentWithDeliveries>, StoreError> {
        Ok(self.read(|tables| {
            let keyed = tables
                .read_by(ticket, audience)
                .map(|found| (found.comment.id.0.to_string(), found));
            page(keyed, request, |cursor, after| cursor > after)
        }))
    }

    async fn latest(
        &self,
        ticket: TicketId,
        audience: &Audience,
        before: Option<CommentId>,
        limit: PageLimit,
    ) -> Result<Vec<CommentWithDeliveries>, StoreError> {
        Ok(self.read(|tables| {
            let mut found: Vec<_> = tables
                .read_by(ticket, audience)
                .filter(|found| before.is_none_or(|before| found.comment.id < before))
                .collect();
            found.reverse();
            found.truncate(usize::from(limit.get()));
            found
        }))
    }

    async fn find(
        &self,
        ticket: TicketId,
        id: CommentId,
    ) -> Result<Option<CommentWithDeliveries>, StoreError> {
        Ok(self.read(|tables| tables.standing(ticket, id).map(|row| tables.with_deliveries(row))))
    }

    async fn attachment(&self, comment: CommentId, id: AttachmentId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read(|tables| {
            let attachment = tables.attachments.get(&(comment, id))?;
            tables.contents.get(&attachment.sha256).cloned()
        }))
    }

    async fn retract(
        &self,
        ticket: TicketId,
        id: CommentId,
        retraction: Retraction,
        keep: &[EmailAddress],
        now: Timestamp,
    ) -> Result<Option<Vec<Delivery>>, StoreError> {
        Ok(self.write(|tables| {
            tables.standing(ticket, id)?;
            let row = tables.comments.get_mut(&id)?;
            let reason = match retraction {
                Retraction::MakeInternal => {
                    row.comment.visibility = Visibility::Internal;
                    "the comment was made internal"
                }
                Retraction::Withdraw => {
                    row.withdrawn_at = Some(now);
                    row.held_until = None;
                    "the comment was withdrawn"
                }
            };
            tables.log(EventKind::CommentCreated, Some(ticket), id.0, now);
            let revocable: Vec<_> = tables
                .outbox
                .values()
                .filter(|mail| mail.cause == Cause::Comment(id) && !keep.contains(&mail.recipient))
                .filter(|mail| mail.state.on(Event::Cancel).is_some())
                .map(|mail| mail.id)
                .collect();
            Some(
                revocable
                    .into_iter()
                    .filter_map(|id| tables.cancel(id, reason, now))
                    .collect(),
            )
        }))
    }

    async fn release_held(&self, now: Timestamp, limit: u16) -> Result<u64, StoreError> {
        Ok(self.write(|tables| {
            let mut ended: Vec<_> = tables
                .comments
                .values()
                .filter_map(|row| Some((row.held_until?, row.comment.id)))
                .filter(|(end, _)| *end <= now)
                .collect();
            ended.sort_unstable();
            ended.truncate(usize::from(limit));
            for (_, id) in &ended {
                let row = tables.comments.get_mut(id).expect("it was found just now");
                row.held_until = None;
                row.released_at = Some(now);
                let (ticket, visibility) = (row.comment.ticket, row.comment.visibility);
                if visibility == Visibility::Public {
                    tables.log(EventKind::CommentCreated, Some(ticket), id.0, now);
                }
            }
            ended.len() as u64
        }))
    }

    async fn next_held(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.read(|tables| tables.comments.values().filter_map(|row| row.held_until).min()))
    }
}

impl Tables {
    /// Stores a comment of a ticket that is there, with its attachments, mails and event; one that is stored already
    /// is left as it is.
    pub(super) fn insert_comment(&mut self, accept: AcceptComment) {
        let AcceptComment {
            comment,
            contents,
            deliveries,
            idempotency: _,
            held_until,
        } = accept;
        if self.comments.contains_key(&comment.id) {
            return;
        }
        assert_eq!(
            comment.attachments.len(),
            contents.len(),
            "each attachment comes with its octets"
        );
        for (attachment, content) in comment.attachments.iter().zip(contents) {
            self.contents.insert(attachment.sha256.clone(), content);
            self.attachments
                .insert((comment.id, attachment.id), attachment.clone());
        }
        for delivery in deliveries {
            self.enqueue(delivery);
        }
        let (id, ticket, at) = (comment.id, comment.ticket, comment.created_at);
        self.log(EventKind::CommentCreated, Some(ticket), id.0, at);
        let row = Row {
            comment,
            withdrawn_at: None,
            held_until,
            released_at: None,
        };
        self.comments.insert(id, row);
    }

    /// Who may read a comment, withdrawn or not.
    pub(super) fn visibility(&self, id: CommentId) -> Option<Visibility> {
        Some(self.comments.get(&id)?.comment.visibility)
    }

    /// A comment of the ticket that was not withdrawn.
    fn standing(&self, ticket: TicketId, id: CommentId) -> Option<&Row> {
        let row = self.comments.get(&id)?;
        (row.comment.ticket == ticket && row.withdrawn_at.is_none()).then_some(row)
    }

    /// The comments of a ticket that an audience reads, oldest first.
    pub(super) fn rows_read_by(&self, ticket: TicketId, audience: Audience) -> impl Iterator<Item = &Row> {
        let standing = self
            .comments
            .values()
            .filter(move |row| row.comment.ticket == ticket && row.withdrawn_at.is_none());
        standing.filter(move |row| audience.reads(&self.with_deliveries(row)))
    }

    fn read_by(&self, ticket: TicketId, audience: &Audience) -> impl Iterator<Item = CommentWithDeliveries> {
        self.rows_read_by(ticket, audience.clone())
            .map(|row| self.with_deliveries(row))
    }

    fn with_deliveries(&self, row: &Row) -> CommentWithDeliveries {
        let comment = &row.comment;
        let deliveries = self
            .outbox
            .values()
            .filter(|mail| mail.cause == Cause::Comment(comment.id))
            .map(|mail| DeliverySummary {
                id: mail.id,
                recipient: mail.recipient.clone(),
                state: mail.state,
                account: mail.account,
                outcome: mail.outcome,
                last_reply: mail.last_reply.clone(),
            })
            .collect();
        CommentWithDeliveries {
            comment: comment.clone(),
            deliveries,
            held_until: row.held_until,
        }
    }
}
