//! What the behaviours have in common: putting things into a subject, and looking at them.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::ledger::MailId;
use recado_domain::outbox::{Delivery, DeliveryId, LeaseToken, State};
use recado_domain::ticket::Ticket;
use recado_ports::comments::{CommentContext, ContextQuery, IdempotencyKey, IdempotencyRecord, OnTicket};
use recado_ports::events::Event;
use recado_ports::ledger::Taken;
use recado_ports::outbox::{Claim, ClaimedDelivery, LostBy, NewDelivery, Revision, Settlement};
use recado_ports::page::{Page, PageLimit, PageRequest};

use super::{DEADLINE, Subject};
use crate::builders;
use crate::clock::START;

/// A lease that outlives every test.
pub(super) const LONG_LEASE: Duration = Duration::from_mins(10);
/// A lease to run out.
pub(super) const SHORT_LEASE: Duration = Duration::from_millis(40);
/// How long a refused head blocks its chain.
pub(super) const BLOCKED_AFTER: Duration = Duration::from_mins(5);

/// This many seconds after the start of every test.
pub(super) fn after(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

/// The first page of this size, or the one behind a cursor.
pub(super) fn page(limit: u64, cursor: Option<String>) -> PageRequest {
    PageRequest {
        after: cursor,
        limit: PageLimit::clamp(limit),
    }
}

/// Everything that a list gives, page by page of this size; `between` runs after each page.
pub(super) async fn all_pages<T, F: Future<Output = Page<T>>, B: Future<Output = ()>>(
    limit: u64,
    fetch: impl Fn(PageRequest) -> F,
    between: impl Fn() -> B,
) -> Vec<T> {
    let mut items = Vec::new();
    let mut cursor = None;
    loop {
        let fetched = fetch(page(limit, cursor)).await;
        let full = u64::try_from(fetched.items.len()).unwrap() == limit;
        assert!(
            full || fetched.next.is_none(),
            "a page before the last one is full"
        );
        items.extend(fetched.items);
        cursor = fetched.next;
        if cursor.is_none() {
            return items;
        }
        assert!(items.len() < 1_000, "the list has no end");
        between().await;
    }
}

/// What a future gives, which must come before the deadline.
pub(super) async fn in_time<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("{what} took longer than {DEADLINE:?}"))
}

/// A claim of this moment, for account 0.
pub(super) fn claim_at(now: Timestamp) -> Claim {
    Claim {
        account: AccountId::DEFAULT,
        limit: 100,
        lease: builders::lease(),
        lease_time: LONG_LEASE,
        now,
        blocked_after: BLOCKED_AFTER,
        under: None,
    }
}

/// Asks about a comment by nobody in particular.
pub(super) fn query(ticket: OnTicket, now: Timestamp) -> ContextQuery {
    ContextQuery {
        ticket,
        author: None,
        desk: None,
        idempotency: None,
        account: AccountId::DEFAULT,
        thread_length: 10,
        now,
    }
}

pub(super) fn sent() -> Settlement {
    Settlement::Sent {
        reply: "250 2.0.0 queued as 4f2a".to_owned(),
    }
}

pub(super) fn retry(at: Timestamp) -> Settlement {
    Settlement::Retry {
        at,
        reply: "450 4.2.1 try again later".to_owned(),
    }
}

pub(super) fn unsure(at: Timestamp) -> Settlement {
    Settlement::Unsure {
        at,
        reply: "connection reset".to_owned(),
        lost_by: LostBy::Connection,
    }
}

pub(super) fn dead() -> Settlement {
    Settlement::Dead {
        reply: "550 5.1.1 no such user".to_owned(),
    }
}

pub(super) fn released(not_before: Option<Timestamp>) -> Settlement {
    Settlement::Released {
        not_before,
        reply: None,
    }
}

impl Subject {
    /// Stores a ticket of Ana's.
    pub(super) async fn ticket(&self, number: &str) -> Ticket {
        self.put(builders::ticket(number)).await
    }

    /// Stores a ticket.
    pub(super) async fn put(&self, ticket: builders::TicketBuilder) -> Ticket {
        let ticket = ticket.build();
        let write = recado_ports::tickets::TicketWrite {
            ticket: ticket.clone(),
            expected: None,
            cut_off: BTreeSet::new(),
        };
        let version = self.tickets.put(write).await.unwrap();
        Ticket { version, ..ticket }
    }

    /// What a comment on the ticket depends on, as of this time.
    pub(super) async fn context(&self, ticket: &Ticket, now: Timestamp) -> CommentContext {
        self.asked(&query(OnTicket::Given(Box::new(ticket.clone())), now))
            .await
            .expect("the ticket is given")
    }

    pub(super) async fn asked(&self, query: &ContextQuery) -> Option<CommentContext> {
        self.comments.context(query).await.unwrap()
    }

    /// What a key holds at this time.
    pub(super) async fn kept_under(&self, key: &IdempotencyKey, now: Timestamp) -> Option<IdempotencyRecord> {
        let ticket = OnTicket::Given(Box::new(builders::ticket("any").build()));
        let asked = ContextQuery {
            idempotency: Some(key.clone()),
            ..query(ticket, now)
        };
        self.asked(&asked).await?.repeated
    }

    /// Whether an address gets no mail at this time.
    pub(super) async fn is_suppressed(&self, email: &str, now: Timestamp) -> bool {
        let ticket = builders::ticket("any").watched_by(email).build();
        let suppressed = self.context(&ticket, now).await.suppressed;
        let expected = BTreeSet::from([builders::address(email)]);
        assert!(suppressed.is_empty() || suppressed == expected, "{suppressed:?}");
        !suppressed.is_empty()
    }

    /// Takes a mail in, which stays pending.
    pub(super) async fn incoming(&self) -> MailId {
        let mail = builders::incoming("Sigue igual").build();
        let id = mail.id;
        assert_eq!(self.ledger.take(mail).await.unwrap(), Taken::New);
        id
    }

    /// Stores a comment that owes a mail.
    pub(super) async fn mail(&self, ticket: &Ticket, recipient: &str) -> DeliveryId {
        let accept = builders::comment(ticket).owing(&[recipient]);
        let id = accept.deliveries[0].id;
        self.comments.accept(accept).await.unwrap();
        id
    }

    /// Stores a mail that no comment causes: no chain holds it.
    pub(super) async fn enqueue(&self, delivery: NewDelivery) -> DeliveryId {
        let id = delivery.id;
        self.outbox.enqueue(vec![delivery]).await.unwrap();
        id
    }

    /// Stores a mail that is due at once.
    pub(super) async fn due_mail(&self) -> DeliveryId {
        self.enqueue(builders::test_delivery().build()).await
    }

    /// What parameters and account 0 are now.
    pub(super) async fn revision(&self) -> Revision {
        Revision {
            parameters: self.parameters.snapshot().await.unwrap().revision,
            nudges: self.channels.find(AccountId::DEFAULT).await.unwrap().nudges,
        }
    }

    /// Claims, and gives the ids.
    pub(super) async fn claim(&self, claim: &Claim) -> Vec<DeliveryId> {
        self.claimed(claim)
            .await
            .into_iter()
            .map(|claimed| claimed.delivery.id)
            .collect()
    }

    pub(super) async fn claimed(&self, claim: &Claim) -> Vec<ClaimedDelivery> {
        self.outbox.claim(claim).await.unwrap()
    }

    /// Stores a mail and claims it.
    pub(super) async fn leased(&self) -> (DeliveryId, LeaseToken) {
        let id = self.due_mail().await;
        let claim = claim_at(START);
        assert_eq!(self.claim(&claim).await, [id]);
        (id, claim.lease)
    }

    /// Stores a mail, claims it and passes the fence.
    pub(super) async fn sending(&self) -> (DeliveryId, LeaseToken) {
        let (id, lease) = self.leased().await;
        assert_eq!(self.outbox.fence(lease, &[id], START).await.unwrap(), [id]);
        (id, lease)
    }

    /// Stores a mail and leaves it in a state.
    pub(super) async fn mail_in(&self, state: State) -> DeliveryId {
        let id = match state {
            State::Ready => self.due_mail().await,
            State::Leased => self.leased().await.0,
            State::Sending => self.sending().await.0,
            State::Retry => self.settled(retry(after(3_600))).await,
            State::Unsure => self.settled(unsure(after(3_600))).await,
            State::Sent => self.settled(sent()).await,
            State::Dead => self.settled(dead()).await,
            State::Cancelled => {
                let id = self.due_mail().await;
                self.outbox.cancel(id, "not wanted", START).await.unwrap();
                id
            }
        };
        assert_eq!(self.state(id).await, state);
        id
    }

    async fn settled(&self, settlement: Settlement) -> DeliveryId {
        let (id, lease) = self.sending().await;
        assert_eq!(self.settle(lease, id, settlement).await, [id]);
        id
    }

    /// Settles one mail at the start of the test.
    pub(super) async fn settle(
        &self,
        lease: LeaseToken,
        id: DeliveryId,
        settlement: Settlement,
    ) -> Vec<DeliveryId> {
        self.outbox
            .settle(lease, &[(id, settlement)], START)
            .await
            .unwrap()
    }

    pub(super) async fn delivery(&self, id: DeliveryId) -> Delivery {
        self.outbox
            .find(id)
            .await
            .unwrap()
            .expect("the mail is stored")
            .delivery
    }

    pub(super) async fn state(&self, id: DeliveryId) -> State {
        self.delivery(id).await.state
    }

    /// The states that the mail's attempts led to.
    pub(super) async fn attempts(&self, id: DeliveryId) -> Vec<State> {
        let history = self.outbox.find(id).await.unwrap().expect("the mail is stored");
        history
            .attempts
            .into_iter()
            .map(|attempt| attempt.outcome)
            .collect()
    }

    /// The whole log.
    pub(super) async fn log(&self) -> Vec<Event> {
        self.events.after(None, 1_000).await.unwrap()
    }
}
