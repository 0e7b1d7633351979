//! The state of outgoing accounts that must outlive a process: holds, and how long an account was open.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::channel::{AccountId, HoldReason};

use crate::store::StoreError;

/// An account's stored state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// The account.
    pub account: AccountId,
    /// Why nothing leaves, when nothing does.
    pub hold: Option<Hold>,
    /// Counts the times that the account was told to try again now (a parameter of it was written, a hold released).
    pub nudges: i64,
    /// The last fault of the channel, for operators; kept after it is mended.
    pub last_fault: Option<String>,
}

/// A held channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Why.
    pub reason: HoldReason,
    /// In words, with the server's answer.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
}

/// The store of channels. Account 0 always exists.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Channels: Send + Sync {
    /// Every account that was ever used.
    async fn list(&self) -> Result<Vec<Channel>, StoreError>;

    /// One account; a fresh one for an account never used.
    async fn find(&self, account: AccountId) -> Result<Channel, StoreError>;

    /// Holds an account. A hold with the same reason keeps its `since`; a hold for [`HoldReason::Restored`] or
    /// [`HoldReason::Operator`] is never replaced by another reason.
    async fn hold(&self, account: AccountId, hold: &Hold) -> Result<(), StoreError>;

    /// Holds every account: the database is older than its start counter.
    async fn hold_all(&self, hold: &Hold) -> Result<(), StoreError>;

    /// Ends a hold for any of these reasons; `false` when there was none such. Wakes the workers.
    async fn release(&self, account: AccountId, reasons: &[HoldReason]) -> Result<bool, StoreError>;

    /// Tells the account's workers, of every daemon, to try again now.
    async fn nudge(&self, account: AccountId) -> Result<(), StoreError>;

    /// Records the last fault, for operators.
    async fn record_fault(&self, account: AccountId, fault: &str) -> Result<(), StoreError>;

    /// Counts the time since the last tick of any daemon as open or shut; expiry counts open time alone. A gap of
    /// more than two minutes (no daemon ran) counts as shut. No time is counted twice, though the daemons' clocks
    /// differ: a tick before the last one adds nothing, and one long before it (a clock set right) begins anew.
    async fn tick(&self, account: AccountId, opening: Opening, now: Timestamp) -> Result<(), StoreError>;
}

/// Whether mail could leave an account since the last tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It could.
    Open,
    /// Held, stopped by parameter 297, or its breaker open.
    Shut,
}
