//! The outbox: claiming, fencing and settling mails. The rules are `recado_domain::outbox`'s; a store carries them out.
//!
//! Every write of a worker names its lease token, and a row whose token differs is left as it is: a worker that was
//! stopped past its lease finds its writes without effect. Claims and settlements are committed, so that every worker
//! sees them, but need not wait for the disk.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::outbox::{Attempt, Cause, Delivery, DeliveryId, LeaseToken, State};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::TicketId;
use recado_domain::token::MessageId;

use crate::page::{Page, PageRequest};
use crate::store::StoreError;

/// A mail to owe, composed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id, made beforehand.
    pub id: DeliveryId,
    /// Why it is owed.
    pub cause: Cause,
    /// The ticket that it is about.
    pub ticket: Option<TicketId>,
    /// The account that it leaves from.
    pub account: AccountId,
    /// Envelope sender.
    pub sender: EmailAddress,
    /// Envelope recipient.
    pub recipient: EmailAddress,
    /// Its Message-ID.
    pub message_id: MessageId,
    /// The finished RFC 5322 octets.
    pub message: Vec<u8>,
    /// Not before this.
    pub due_at: Timestamp,
    /// When its cause was stored.
    pub created_at: Timestamp,
}

/// What a worker wants to claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The account that it works for.
    pub account: AccountId,
    /// Most rows to claim.
    pub limit: u16,
    /// Its token, fresh for this claim.
    pub lease: LeaseToken,
    /// How long it may work without renewing.
    pub lease_time: Duration,
    /// The wall clock: rows due later stay.
    pub now: Timestamp,
    /// A head of a chain that has been refused for this long lets the mails behind it pass.
    pub blocked_after: Duration,
    /// Claim nothing if what the worker knows of parameters and account no longer counts; `None`: claim whatever it
    /// is by now.
    pub under: Option<Revision>,
}

/// What parameters and account a worker has read, by the counters that every write of them moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    /// [`ParameterSnapshot::revision`](crate::parameters::ParameterSnapshot).
    pub parameters: i64,
    /// [`Channel::nudges`](crate::channels::Channel), of an account that nothing held.
    pub nudges: i64,
}

/// A claimed mail, without its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// The row, now `leased`.
    pub delivery: Delivery,
    /// What state it was claimed from.
    pub claimed_from: State,
    /// How long the account has been open since the row was stored: what expiry counts.
    pub open_time: Duration,
}

/// How a worker leaves a row that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// The server took it. Also from `unsure` with the same token: the answer was late, not absent.
    Sent {
        /// The server's answer, which names its queue id.
        reply: String,
    },
    /// Given back uncharged, not before the time: the account was at fault, or the worker stops. From `sending` (the
    /// server answered the final dot with a fault of the account) the charge of the fence is taken back.
    Released {
        /// Not before this; `None` leaves the time as it was.
        not_before: Option<Timestamp>,
        /// What the last word was, if any.
        reply: Option<String>,
    },
    /// Refused for now; the attempt counts.
    Retry {
        /// When to try again.
        at: Timestamp,
        /// What the server said.
        reply: String,
    },
    /// The answer to the final dot is lost; the attempt counts.
    Unsure {
        /// When to try again.
        at: Timestamp,
        /// What was seen of the connection.
        reply: String,
        /// Whether it counts among the row's lost answers.
        lost_by: LostBy,
    },
    /// Given up.
    Dead {
        /// The server's answer, or our reason.
        reply: String,
    },
}

/// Who lost the answer to a final dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostBy {
    /// The connection ended, or the server answered neither yes nor no: counted in `lost_answers`.
    Connection,
    /// Our own process stopped: not counted.
    Ourselves,
}

/// Which deliveries to list. Empty fields do not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Those in one of these states.
    pub states: Vec<State>,
    /// Those of this ticket.
    pub ticket: Option<TicketId>,
    /// Those of this account.
    pub account: Option<AccountId>,
}

/// A delivery with its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryHistory {
    /// The row.
    pub delivery: Delivery,
    /// Oldest first.
    pub attempts: Vec<Attempt>,
}

/// How full the outbox is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDepth {
    /// The account.
    pub account: AccountId,
    /// The state.
    pub state: State,
    /// Rows in it.
    pub count: u64,
    /// When the oldest of them was stored.
    pub oldest: Timestamp,
}

/// Why an operator's wish was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum TransitionError {
    /// No such delivery.
    #[error("there is no such delivery")]
    NotFound,
    /// The state does not allow it.
    #[error("the delivery is {}", .0.as_str())]
    Illegal(State),
    /// The message is no longer kept.
    #[error("the delivery's message is no longer kept")]
    NoMessage,
    /// As every store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store of owed mails.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Stores mails that no comment causes (tests of a template), flushed to disk. A row whose cause, recipient and
    /// kind are stored already is left as it is.
    async fn enqueue(&self, deliveries: Vec<NewDelivery>) -> Result<(), StoreError>;

    /// Leases rows that are due, oldest due first, of kinds that this version knows, and only the head of each
    /// (ticket, recipient) chain, or rows behind heads blocked for longer than `blocked_after`. No row is given to
    /// two claims, whatever runs beside it; and none to one under a [`Revision`] once a parameter was written, or the
    /// account nudged or held, since.
    async fn claim(&self, claim: &Claim) -> Result<Vec<ClaimedDelivery>, StoreError>;

    /// The messages of claimed rows, in the order asked for; an id whose message is gone is left out.
    async fn messages(&self, ids: &[DeliveryId]) -> Result<Vec<(DeliveryId, Vec<u8>)>, StoreError>;

    /// Prolongs the lease of whatever rows still bear the token, and gives their ids: others are lost to the caller.
    async fn renew(&self, lease: LeaseToken, lease_time: Duration) -> Result<Vec<DeliveryId>, StoreError>;

    /// `leased` → `sending`, committed before it returns. Gives the ids that went through; for any other the caller
    /// must send nothing. Counts the attempt.
    async fn fence(
        &self,
        lease: LeaseToken,
        ids: &[DeliveryId],
        now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError>;

    /// Names the sender of a leased mail that was composed while parameter 10 was unset, and replaces its message,
    /// before the first attempt. `false` when the row no longer is the caller's.
    async fn readdress(
        &self,
        lease: LeaseToken,
        id: DeliveryId,
        sender: &EmailAddress,
        message: Vec<u8>,
    ) -> Result<bool, StoreError>;

    /// Ends the caller's hold on rows, writes their attempts and `delivery.changed` events, and gives the ids that
    /// still were the caller's. Attempts are counted once, at the fence or here. Repeating a call is harmless.
    /// An acceptance that the same token settled already is given again: the first answer may not have been heard.
    async fn settle(
        &self,
        lease: LeaseToken,
        settlements: &[(DeliveryId, Settlement)],
        now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError>;

    /// Ends leases that ran out: `leased` → `ready`; `sending` → `unsure` due at `unsure_due`, keeping the token so
    /// that a late [`Settlement::Sent`] of its holder still counts. Gives how many.
    async fn end_expired_leases(&self, now: Timestamp, unsure_due: Timestamp) -> Result<u64, StoreError>;

    /// Gives up waiting rows whose open time (see [`ClaimedDelivery::open_time`]) exceeds `expire`, with the
    /// reason `expired`. Gives their ids.
    async fn expire(
        &self,
        account: AccountId,
        expire: Duration,
        now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError>;

    /// When the next waiting row of the account is due; `None` when nothing waits.
    async fn next_due(&self, account: AccountId) -> Result<Option<Timestamp>, StoreError>;

    /// Deliveries, oldest first.
    async fn list(&self, filter: &DeliveryFilter, page: &PageRequest) -> Result<Page<Delivery>, StoreError>;

    /// One delivery with its attempts.
    async fn find(&self, id: DeliveryId) -> Result<Option<DeliveryHistory>, StoreError>;

    /// The Message-IDs of the mails about a ticket to one recipient, oldest first, the last `limit` of them.
    async fn thread(
        &self,
        ticket: TicketId,
        recipient: &EmailAddress,
        limit: u16,
    ) -> Result<Vec<MessageId>, StoreError>;

    /// Sends a dead, cancelled or waiting delivery anew: due now, same Message-ID, expiry from now.
    async fn requeue(&self, id: DeliveryId, now: Timestamp) -> Result<Delivery, TransitionError>;

    /// Brings a dead delivery back that was refused for the account's sake: due now, the refusal uncharged. `false`,
    /// and nothing written, when it is no longer dead: its comment may have been withdrawn meanwhile.
    async fn revive(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError>;

    /// Calls a delivery back that has not left; a dead one too, which nobody can requeue by a slip then.
    async fn cancel(&self, id: DeliveryId, reason: &str, now: Timestamp)
    -> Result<Delivery, TransitionError>;

    /// Counts of the rows that are not `sent` or `cancelled`, for alarms and metrics.
    async fn depth(&self) -> Result<Vec<QueueDepth>, StoreError>;

    /// Forgets the messages of mails sent before the time, at most `limit` of them; gives how many.
    async fn forget_messages(&self, sent_before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
