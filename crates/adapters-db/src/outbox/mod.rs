//! The outbox. The rules are `recado_domain::outbox`'s: every condition below takes its states from there.

pub(crate) mod cancel;
mod claim;
mod enqueue;
pub(crate) mod insert;
mod lease;
pub(crate) mod list;
pub(crate) mod marks;
mod operate;
mod revive;
pub(crate) mod settle;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::outbox::{Delivery, DeliveryId, LeaseToken};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_domain::token::MessageId;
use recado_ports::outbox::{
    Claim, ClaimedDelivery, DeliveryFilter, DeliveryHistory, NewDelivery, Outbox, QueueDepth, Settlement,
    TransitionError,
};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;

use crate::database::Database;

#[async_trait]
impl Outbox for Database {
    async fn enqueue(&self, deliveries: Vec<NewDelivery>) -> Result<(), StoreError> {
        enqueue::enqueue(self, deliveries).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<ClaimedDelivery>, StoreError> {
        claim::claim(self, claim).await
    }

    async fn messages(&self, ids: &[DeliveryId]) -> Result<Vec<(DeliveryId, Vec<u8>)>, StoreError> {
        list::messages(self, ids).await
    }

    async fn renew(&self, lease: LeaseToken, lease_time: Duration) -> Result<Vec<DeliveryId>, StoreError> {
        lease::renew(self, lease, lease_time).await
    }

    async fn fence(
        &self,
        lease: LeaseToken,
        ids: &[DeliveryId],
        _now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        lease::fence(self, lease, ids).await
    }

    async fn readdress(
        &self,
        lease: LeaseToken,
        id: DeliveryId,
        sender: &EmailAddress,
        message: Vec<u8>,
    ) -> Result<bool, StoreError> {
        lease::readdress(self, lease, id, sender, message).await
    }

    async fn settle(
        &self,
        lease: LeaseToken,
        settlements: &[(DeliveryId, Settlement)],
        now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        settle::settle(self, lease, settlements, now).await
    }

    async fn end_expired_leases(&self, now: Timestamp, unsure_due: Timestamp) -> Result<u64, StoreError> {
        lease::end_expired(self, now, unsure_due).await
    }

    async fn expire(
        &self,
        account: AccountId,
        expire: Duration,
        now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        settle::expire(self, account, expire, now).await
    }

    async fn next_due(&self, account: AccountId) -> Result<Option<Timestamp>, StoreError> {
        list::next_due(self, account).await
    }

    async fn list(&self, filter: &DeliveryFilter, page: &PageRequest) -> Result<Page<Delivery>, StoreError> {
        list::list(self, filter, page).await
    }

    async fn find(&self, id: DeliveryId) -> Result<Option<DeliveryHistory>, StoreError> {
        list::find(self, id).await
    }

    async fn thread(
        &self,
        ticket: TicketId,
        recipient: &EmailAddress,
        limit: u16,
    ) -> Result<Vec<MessageId>, StoreError> {
        list::thread(self, ticket, recipient, limit).await
    }

    async fn requeue(&self, id: DeliveryId, now: Timestamp) -> Result<Delivery, TransitionError> {
        operate::requeue(self, id, now).await
    }

    async fn revive(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        revive::revive(self, id, now).await
    }

    async fn cancel(
        &self,
        id: DeliveryId,
        reason: &str,
        now: Timestamp,
    ) -> Result<Delivery, TransitionError> {
        operate::cancel(self, id, reason, now).await
    }

    async fn depth(&self) -> Result<Vec<QueueDepth>, StoreError> {
        list::depth(self).await
    }

    async fn forget_messages(&self, sent_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        settle::forget_messages(self, sent_before, limit).await
    }
}
