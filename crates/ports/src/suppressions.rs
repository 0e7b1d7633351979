//! Addresses that get no mail for a while: two hard bounces, a day apart.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::person::EmailAddress;

use crate::page::{Page, PageRequest};
use crate::store::StoreError;

/// A suppressed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The address.
    pub address: EmailAddress,
    /// The last hard bounce, in the server's words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// It lapses by itself.
    pub until: Timestamp,
}

/// The store of suppressions.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Suppressions: Send + Sync {
    /// Counts a hard bounce. The second one, at least a day after the first and at most 30 days, suppresses the
    /// address for 30 days; then `true`.
    async fn record_hard_bounce(
        &self,
        address: &EmailAddress,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Those in force at `now`, by address.
    async fn list(&self, now: Timestamp, page: &PageRequest) -> Result<Page<Suppression>, StoreError>;

    /// Forgets an address's bounces; `false` when there was nothing to forget.
    async fn lift(&self, address: &EmailAddress) -> Result<bool, StoreError>;
}
