//! Accounts, their tokens and groups.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::person::{EmailAddress, Group, User, UserId};
use uuid::Uuid;

use crate::store::StoreError;
use crate::templates::Written;

/// The SHA-256 of a token, in lower-case hexadecimal. Tokens are 256 random bits, so a plain hash keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenHash(pub String);

/// A token to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Its id, by which it is listed and revoked.
    pub id: Uuid,
    /// Whose it is.
    pub user: UserId,
    /// What it is for, in the operator's words.
    pub label: String,
    /// All that is kept of it.
    pub hash: TokenHash,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOwner {
    /// The token's id.
    pub token: Uuid,
    /// The account, which may be disabled.
    pub user: User,
    /// The groups that the account belongs to.
    pub groups: Vec<EmailAddress>,
}

/// Why an account was not stored.
#[derive(Debug, thiserror::Error)]
pub enum AddUserError {
    /// The address has an account.
    #[error("{0} has an account already")]
    Exists(EmailAddress),
    /// As every store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store of people.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait People: Send + Sync {
    /// Stores a new account, with the PHC string of its password's hash when it has one.
    async fn add_user(&self, user: &User, password_hash: Option<String>) -> Result<(), AddUserError>;

    /// The account with this address.
    async fn find_user(&self, email: &EmailAddress) -> Result<Option<User>, StoreError>;

    /// Which of these addresses belong to accounts with the role technician.
    async fn technicians(&self, among: &[EmailAddress]) -> Result<BTreeSet<EmailAddress>, StoreError>;

    /// Stores a token.
    async fn add_token(&self, token: &NewToken) -> Result<(), StoreError>;

    /// Whose token it is.
    async fn find_token(&self, hash: &TokenHash) -> Result<Option<TokenOwner>, StoreError>;

    /// Stores a group whole, members and all.
    async fn put_group(&self, group: &Group) -> Result<Written, StoreError>;

    /// The group with this address.
    async fn find_group(&self, email: &EmailAddress) -> Result<Option<Group>, StoreError>;

    /// The addresses of the groups that an address belongs to, account or not.
    async fn groups_of(&self, email: &EmailAddress) -> Result<Vec<EmailAddress>, StoreError>;

    /// Whether an address has an account, is or belongs to a group, or is named on any ticket.
    async fn is_known(&self, email: &EmailAddress) -> Result<bool, StoreError>;
}
