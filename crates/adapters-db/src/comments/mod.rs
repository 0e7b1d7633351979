//! Comments.

pub(crate) mod accept;
pub(crate) mod context;
pub(crate) mod insert;
mod list;
mod release;
mod retract;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::comment::{AttachmentId, CommentId};
use recado_domain::outbox::Delivery;
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_ports::comments::{
    AcceptComment, AcceptError, Audience, CommentContext, CommentWithDeliveries, Comments, ContextQuery,
    Retraction,
};
use recado_ports::page::{Page, PageLimit, PageRequest};
use recado_ports::store::StoreError;

use crate::database::Database;

#[async_trait]
impl Comments for Database {
    async fn accept(&self, accept: AcceptComment) -> Result<(), AcceptError> {
        accept::accept(self, accept).await
    }

    async fn context(&self, query: &ContextQuery) -> Result<Option<CommentContext>, StoreError> {
        context::context(self, query).await
    }

    async fn forget_idempotency(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        accept::forget_idempotency(self, now, limit).await
    }

    async fn list(
        &self,
        ticket: TicketId,
        audience: &Audience,
        page: &PageRequest,
    ) -> Result<Page<CommentWithDeliveries>, StoreError> {
        list::list(self, ticket, audience, page).await
    }

    async fn latest(
        &self,
        ticket: TicketId,
        audience: &Audience,
        before: Option<CommentId>,
        limit: PageLimit,
    ) -> Result<Vec<CommentWithDeliveries>, StoreError> {
        list::latest(self, ticket, audience, before, limit).await
    }

    async fn find(
        &self,
        ticket: TicketId,
        id: CommentId,
    ) -> Result<Option<CommentWithDeliveries>, StoreError> {
        list::find(self, ticket, id).await
    }

    async fn attachment(&self, comment: CommentId, id: AttachmentId) -> Result<Option<Vec<u8>>, StoreError> {
        list::attachment(self, comment, id).await
    }

    async fn retract(
        &self,
        ticket: TicketId,
        id: CommentId,
        retraction: Retraction,
        keep: &[EmailAddress],
        now: Timestamp,
    ) -> Result<Option<Vec<Delivery>>, StoreError> {
        retract::retract(self, ticket, id, retraction, keep, now).await
    }

    async fn release_held(&self, now: Timestamp, limit: u16) -> Result<u64, StoreError> {
        release::release_held(self, now, limit).await
    }

    async fn next_held(&self) -> Result<Option<Timestamp>, StoreError> {
        release::next_held(self).await
    }
}
