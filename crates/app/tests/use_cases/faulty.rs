//! An outbox and a mail server that a test tampers with: calls that fail, and things that happen in the middle of one.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::channel::{AccountId, OutgoingAccount};
use recado_domain::outbox::{Delivery, DeliveryId, LeaseToken};
use recado_domain::person::EmailAddress;
use recado_domain::reply::Reply;
use recado_domain::ticket::TicketId;
use recado_domain::token::MessageId;
use recado_ports::mail::{Envelope, MailSession, SendError, Transport};
use recado_ports::outbox::{
    Claim, ClaimedDelivery, DeliveryFilter, DeliveryHistory, NewDelivery, Outbox, QueueDepth, Settlement,
    TransitionError,
};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use recado_test_support::builders::address;
use recado_test_support::clock::ManualClock;
use recado_test_support::fakes::{MemoryStore, ScriptedTransport};

/// A database that cannot be reached.
pub(crate) fn unavailable() -> StoreError {
    StoreError::Unavailable("connection refused".into())
}

/// A call of the outbox that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Claim,
    Messages,
    Renew,
    Fence,
    Readdress,
    Settle,
}

/// A sleep of the machine: the clock that goes on meanwhile, and for how long.
type Nap = (Arc<ManualClock>, Duration);

/// A [`MemoryStore`] whose outbox fails when told.
#[derive(Clone)]
pub(crate) struct FaultyOutbox {
    store: MemoryStore,
    faults: Arc<Mutex<HashMap<Call, usize>>>,
    lost: Arc<Mutex<Vec<DeliveryId>>>,
    nap: Arc<Mutex<Option<Nap>>>,
    rounds: Arc<Mutex<Vec<(Call, Moment)>>>,
}

/// Where in a call something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Begins,
    Ends,
}

impl FaultyOutbox {
    pub(crate) fn new(store: &MemoryStore) -> Self {
        Self {
            store: store.clone(),
            faults: Arc::default(),
            lost: Arc::default(),
            nap: Arc::default(),
            rounds: Arc::default(),
        }
    }

    /// The next so many calls of this kind find no database.
    pub(crate) fn fail(&self, call: Call, times: usize) {
        self.faults.lock().unwrap().insert(call, times);
    }

    /// How many of the failures asked for are yet to come.
    pub(crate) fn left(&self, call: Call) -> usize {
        self.faults.lock().unwrap().get(&call).copied().unwrap_or(0)
    }

    /// The message of this mail is gone.
    pub(crate) fn lose_message(&self, id: DeliveryId) {
        self.lost.lock().unwrap().push(id);
    }

    /// The machine sleeps for this long while the next fence is written.
    pub(crate) fn sleep_in_fence(&self, clock: Arc<ManualClock>, time: Duration) {
        *self.nap.lock().unwrap() = Some((clock, time));
    }

    /// The fences and settlements so far, as they began and ended.
    pub(crate) fn rounds(&self) -> Vec<(Call, Moment)> {
        self.rounds.lock().unwrap().clone()
    }

    /// A write takes its time: what is asked at the same time begins before it ends.
    async fn begins(&self, call: Call) {
        self.rounds.lock().unwrap().push((call, Moment::Begins));
        tokio::task::yield_now().await;
    }

    fn ends(&self, call: Call) {
        self.rounds.lock().unwrap().push((call, Moment::Ends));
    }

    fn pass(&self, call: Call) -> Result<(), StoreError> {
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
impl Outbox for FaultyOutbox {
    async fn claim(&self, claim: &Claim) -> Result<Vec<ClaimedDelivery>, StoreError> {
        self.pass(Call::Claim)?;
        self.store.claim(claim).await
    }

    async fn messages(&self, ids: &[DeliveryId]) -> Result<Vec<(DeliveryId, Vec<u8>)>, StoreError> {
        self.pass(Call::Messages)?;
        let mut messages = self.store.messages(ids).await?;
        messages.retain(|(id, _)| !self.lost.lock().unwrap().contains(id));
        Ok(messages)
    }

    async fn renew(&self, lease: LeaseToken, lease_time: Duration) -> Result<Vec<DeliveryId>, StoreError> {
        self.pass(Call::Renew)?;
        self.store.renew(lease, lease_time).await
    }

    async fn fence(
        &self,
        lease: LeaseToken,
        ids: &[DeliveryId],
        now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        self.begins(Call::Fence).await;
        self.pass(Call::Fence)?;
        if let Some((clock, time)) = self.nap.lock().unwrap().take() {
            clock.advance(time);
        }
        let fenced = self.store.fence(lease, ids, now).await;
        self.ends(Call::Fence);
        fenced
    }

    async fn readdress(
        &self,
        lease: LeaseToken,
        id: DeliveryId,
        sender: &EmailAddress,
        message: Vec<u8>,
    ) -> Result<bool, StoreError> {
        self.pass(Call::Readdress)?;
        self.store.readdress(lease, id, sender, message).await
    }

    async fn settle(
        &self,
        lease: LeaseToken,
        settlements: &[(DeliveryId, Settlement)],
        now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        self.begins(Call::Settle).await;
        self.pass(Call::Settle)?;
        let settled = self.store.settle(lease, settlements, now).await;
        self.ends(Call::Settle);
        settled
    }

    async fn enqueue(&self, deliveries: Vec<NewDelivery>) -> Result<(), StoreError> {
        self.store.enqueue(deliveries).await
    }

    async fn end_expired_leases(&self, now: Timestamp, unsure_due: Timestamp) -> Result<u64, StoreError> {
        self.store.end_expired_leases(now, unsure_due).await
    }

    async fn expire(
        &self,
        account: AccountId,
        expire: Duration,
        now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        self.store.expire(account, expire, now).await
    }

    async fn next_due(&self, account: AccountId) -> Result<Option<Timestamp>, StoreError> {
        self.store.next_due(account).await
    }

    async fn list(&self, filter: &DeliveryFilter, page: &PageRequest) -> Result<Page<Delivery>, StoreError> {
        Outbox::list(&self.store, filter, page).await
    }

    async fn find(&self, id: DeliveryId) -> Result<Option<DeliveryHistory>, StoreError> {
        Outbox::find(&self.store, id).await
    }

    async fn thread(
        &self,
        ticket: TicketId,
        recipient: &EmailAddress,
        limit: u16,
    ) -> Result<Vec<MessageId>, StoreError> {
        self.store.thread(ticket, recipient, limit).await
    }

    async fn requeue(&self, id: DeliveryId, now: Timestamp) -> Result<Delivery, TransitionError> {
        self.store.requeue(id, now).await
    }

    async fn revive(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.store.revive(id, now).await
    }

    async fn cancel(
        &self,
        id: DeliveryId,
        reason: &str,
        now: Timestamp,
    ) -> Result<Delivery, TransitionError> {
        self.store.cancel(id, reason, now).await
    }

    async fn depth(&self) -> Result<Vec<QueueDepth>, StoreError> {
        self.store.depth().await
    }

    async fn forget_messages(&self, sent_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.store.forget_messages(sent_before, limit).await
    }
}

type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;
type Hook = Arc<dyn Fn() -> Doing + Send + Sync>;

/// A [`ScriptedTransport`] during whose dialogues something happens.
#[derive(Clone)]
pub(crate) struct Interrupted {
    server: ScriptedTransport,
    during_begin: Option<Hook>,
    during_finish: Option<Hook>,
    refusal: Option<(Vec<EmailAddress>, SendError)>,
}

impl Interrupted {
    pub(crate) fn new(server: &ScriptedTransport) -> Self {
        Self {
            server: server.clone(),
            during_begin: None,
            during_finish: None,
            refusal: None,
        }
    }

    /// What happens before the server gives its go-ahead.
    pub(crate) fn during_begin<F: Future<Output = ()> + Send + 'static>(
        mut self,
        hook: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        self.during_begin = Some(Arc::new(move || Box::pin(hook())));
        self
    }

    /// Whom the server refuses, whenever a mail to them begins.
    pub(crate) fn refusing(mut self, recipients: &[&str], error: SendError) -> Self {
        self.refusal = Some((recipients.iter().map(|email| address(email)).collect(), error));
        self
    }

    /// What happens before the server answers the final dot.
    pub(crate) fn during_finish<F: Future<Output = ()> + Send + 'static>(
        mut self,
        hook: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        self.during_finish = Some(Arc::new(move || Box::pin(hook())));
        self
    }
}

#[async_trait]
impl Transport for Interrupted {
    async fn connect(&self, account: &OutgoingAccount) -> Result<Box<dyn MailSession>, SendError> {
        let session = self.server.connect(account).await?;
        Ok(Box::new(InterruptedSession {
            session,
            transport: self.clone(),
        }))
    }
}

struct InterruptedSession {
    session: Box<dyn MailSession>,
    transport: Interrupted,
}

#[async_trait]
impl MailSession for InterruptedSession {
    async fn begin(&mut self, envelope: &Envelope) -> Result<(), SendError> {
        if let Some(hook) = &self.transport.during_begin {
            hook().await;
        }
        match &self.transport.refusal {
            Some((recipients, error)) if recipients.contains(&envelope.to) => Err(error.clone()),
            _ => self.session.begin(envelope).await,
        }
    }

    async fn finish<'a>(&mut self, message: &[u8], next: Option<&'a Envelope>) -> Result<Reply, SendError> {
        if let Some(hook) = &self.transport.during_finish {
            hook().await;
        }
        self.session.finish(message, next).await
    }

    fn is_usable(&self) -> bool {
        self.session.is_usable()
    }

    fn welcome(&self) -> &str {
        self.session.welcome()
    }

    async fn quit(self: Box<Self>) {
        self.session.quit().await;
    }
}
