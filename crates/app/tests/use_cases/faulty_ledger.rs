//! A ledger that a test tampers with: calls that fail, and things that happen just before a mail is settled.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

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
use recado_test_support::fakes::MemoryStore;

use crate::faulty::unavailable;

/// A call that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LedgerCall {
    Take,
    CopyOf,
    Provenance,
    AnswersFor,
    Recent,
    Settle,
}

type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;
type Meanwhile = Box<dyn FnOnce() -> Doing + Send>;

/// A [`MemoryStore`] whose ledger fails when told.
#[derive(Clone)]
pub(crate) struct FaultyLedger {
    store: MemoryStore,
    faults: Arc<Mutex<HashMap<LedgerCall, usize>>>,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

impl FaultyLedger {
    pub(crate) fn new(store: &MemoryStore) -> Self {
        Self {
            store: store.clone(),
            faults: Arc::default(),
            meanwhile: Arc::default(),
        }
    }

    /// The next call of this kind finds no database.
    pub(crate) fn fail(&self, call: LedgerCall) {
        self.fail_often(call, 1);
    }

    /// So many of the next calls of this kind find none.
    pub(crate) fn fail_often(&self, call: LedgerCall, times: usize) {
        self.faults.lock().unwrap().insert(call, times);
    }

    /// Something happens before the next settlement reaches the store.
    pub(crate) fn before_settling<F: Future<Output = ()> + Send + 'static>(
        &self,
        doing: impl FnOnce() -> F + Send + 'static,
    ) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(move || Box::pin(doing())));
    }

    fn pass(&self, call: LedgerCall) -> Result<(), StoreError> {
        match self.faults.lock().unwrap().get_mut(&call) {
            Some(left) if *left > 0 => {
                *left -= 1;
                Err(unavailable())
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Ledger for FaultyLedger {
    async fn take(&self, mail: NewMail) -> Result<Taken, StoreError> {
        self.pass(LedgerCall::Take)?;
        self.store.take(mail).await
    }

    async fn copy_of(&self, fingerprint: &str, except: MailId) -> Result<Option<MailId>, StoreError> {
        self.pass(LedgerCall::CopyOf)?;
        self.store.copy_of(fingerprint, except).await
    }

    async fn settle(&self, settle: SettleMail) -> Result<(), SettleError> {
        self.pass(LedgerCall::Settle)?;
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(doing) = meanwhile {
            doing().await;
        }
        Ledger::settle(&self.store, settle).await
    }

    async fn provenance(&self, deliveries: &[DeliveryId]) -> Result<Vec<Provenance>, StoreError> {
        self.pass(LedgerCall::Provenance)?;
        self.store.provenance(deliveries).await
    }

    async fn answers_for(&self, address: &EmailAddress) -> Result<Vec<EmailAddress>, StoreError> {
        self.pass(LedgerCall::AnswersFor)?;
        self.store.answers_for(address).await
    }

    async fn recent(
        &self,
        sender: &EmailAddress,
        ticket: Option<TicketId>,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        self.pass(LedgerCall::Recent)?;
        self.store.recent(sender, ticket, since).await
    }

    async fn pending(&self, after: Option<MailId>, limit: u16) -> Result<Vec<MailId>, StoreError> {
        self.store.pending(after, limit).await
    }

    async fn find(&self, id: MailId) -> Result<Option<StoredMail>, StoreError> {
        Ledger::find(&self.store, id).await
    }

    async fn entry(&self, id: MailId) -> Result<Option<LedgerEntry>, StoreError> {
        self.store.entry(id).await
    }

    async fn list(&self, filter: &MailFilter, page: &PageRequest) -> Result<Page<LedgerEntry>, StoreError> {
        Ledger::list(&self.store, filter, page).await
    }

    async fn acknowledged(&self, to: Option<EmailAddress>, since: Timestamp) -> Result<u64, StoreError> {
        self.store.acknowledged(to, since).await
    }

    async fn unnoticed(&self, before: Timestamp, limit: u16) -> Result<Vec<LedgerEntry>, StoreError> {
        self.store.unnoticed(before, limit).await
    }

    async fn notice(&self, id: MailId, alerts: Vec<NewDelivery>, now: Timestamp) -> Result<(), StoreError> {
        self.store.notice(id, alerts, now).await
    }

    async fn position(&self, folder: &MailboxFolder) -> Result<Option<MailboxPosition>, StoreError> {
        self.store.position(folder).await
    }

    async fn advance(&self, folder: &MailboxFolder, position: &MailboxPosition) -> Result<(), StoreError> {
        self.store.advance(folder, position).await
    }

    async fn depth(&self) -> Result<Vec<(Option<Outcome>, u64)>, StoreError> {
        Ledger::depth(&self.store).await
    }

    async fn forget_raw(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.store.forget_raw(before, limit).await
    }
}
