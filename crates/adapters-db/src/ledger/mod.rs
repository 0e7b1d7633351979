//! The ledger of incoming mail.

mod keep;
mod list;
mod positions;
mod provenance;
mod settle;
mod take;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::ledger::{LedgerEntry, MailId, Outcome};
use recado_domain::outbox::DeliveryId;
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_ports::ledger::{
    Ledger, MailFilter, MailboxFolder, MailboxPosition, NewMail, Provenance, SettleError, SettleMail,
    StoredMail, Taken,
};
use recado_ports::outbox::NewDelivery;
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;

use crate::database::Database;

#[async_trait]
impl Ledger for Database {
    async fn take(&self, mail: NewMail) -> Result<Taken, StoreError> {
        take::take(self, mail).await
    }

    async fn pending(&self, after: Option<MailId>, limit: u16) -> Result<Vec<MailId>, StoreError> {
        list::pending(self, after, limit).await
    }

    async fn find(&self, id: MailId) -> Result<Option<StoredMail>, StoreError> {
        list::find(self, id).await
    }

    async fn entry(&self, id: MailId) -> Result<Option<LedgerEntry>, StoreError> {
        list::entry(self, id).await
    }

    async fn list(&self, filter: &MailFilter, page: &PageRequest) -> Result<Page<LedgerEntry>, StoreError> {
        list::list(self, filter, page).await
    }

    async fn copy_of(&self, fingerprint: &str, except: MailId) -> Result<Option<MailId>, StoreError> {
        list::copy_of(self, fingerprint, except).await
    }

    async fn settle(&self, settle: SettleMail) -> Result<(), SettleError> {
        settle::settle(self, settle).await
    }

    async fn provenance(&self, deliveries: &[DeliveryId]) -> Result<Vec<Provenance>, StoreError> {
        provenance::provenance(self, deliveries).await
    }

    async fn answers_for(&self, address: &EmailAddress) -> Result<Vec<EmailAddress>, StoreError> {
        provenance::answers_for(self, address).await
    }

    async fn recent(
        &self,
        sender: &EmailAddress,
        ticket: Option<TicketId>,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        list::recent(self, sender, ticket, since).await
    }

    async fn acknowledged(&self, to: Option<EmailAddress>, since: Timestamp) -> Result<u64, StoreError> {
        list::acknowledged(self, to, since).await
    }

    async fn unnoticed(
        &self,
        received_before: Timestamp,
        limit: u16,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        keep::unnoticed(self, received_before, limit).await
    }

    async fn notice(&self, id: MailId, alerts: Vec<NewDelivery>, now: Timestamp) -> Result<(), StoreError> {
        keep::notice(self, id, alerts, now).await
    }

    async fn position(&self, folder: &MailboxFolder) -> Result<Option<MailboxPosition>, StoreError> {
        positions::position(self, folder).await
    }

    async fn advance(&self, folder: &MailboxFolder, position: &MailboxPosition) -> Result<(), StoreError> {
        positions::advance(self, folder, position).await
    }

    async fn depth(&self) -> Result<Vec<(Option<Outcome>, u64)>, StoreError> {
        list::depth(self).await
    }

    async fn forget_raw(&self, received_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        keep::forget_raw(self, received_before, limit).await
    }
}
