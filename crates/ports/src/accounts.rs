//! Accounts, groups and tokens as administrators manage them; who asks for something is `people`'s.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::person::{EmailAddress, Group, PersonName, Role, Standing, User, UserId};
use uuid::Uuid;

use crate::page::{Page, PageRequest};
use crate::store::StoreError;

/// What to change of an account; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// The account's own name.
    pub name: Option<PersonName>,
    /// What it may do.
    pub role: Option<Role>,
    /// Whether it may do anything. Disabling ends its sessions and spends its links, in the same transaction.
    pub standing: Option<Standing>,
    /// The PHC string of a new password's hash; `Some(None)` takes the password away.
    pub password_hash: Option<Option<String>>,
}

/// An account with what a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub user: User,
    /// Whether it signs in by password.
    pub has_password: bool,
    /// Tokens in force.
    pub tokens: u64,
    /// When a session of it was last opened.
    pub signed_in_at: Option<Timestamp>,
}

/// Which accounts to list. Empty fields do not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// Those whose name or address holds this text, in any letter case.
    pub text: Option<String>,
    /// Those with this role.
    pub role: Option<Role>,
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub owner: EmailAddress,
    /// What it is for.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why an account was not changed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ChangeAccountError {
    /// No such account.
    #[error("there is no such account")]
    NotFound,
    /// Nobody could administer the installation any more.
    #[error("the last active administrator cannot be disabled or given another role")]
    LastAdministrator,
    /// As every store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store of accounts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Whether there is any active administrator.
    async fn has_administrator(&self) -> Result<bool, StoreError>;

    /// Stores the first administrator. `false`, and nothing written, when there is one already: of two calls at once
    /// one alone goes through. [`StoreError::Conflict`] when the address has an account.
    async fn add_first_administrator(&self, user: &User, password_hash: String) -> Result<bool, StoreError>;

    /// Accounts, by address.
    async fn accounts(&self, filter: &AccountFilter, page: &PageRequest)
    -> Result<Page<Account>, StoreError>;

    /// One account.
    async fn account(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError>;

    /// The account with this address, and the PHC string of its password's hash.
    async fn password(&self, email: &EmailAddress) -> Result<Option<(User, Option<String>)>, StoreError>;

    /// Changes an account, in one transaction. Of two administrators demoted at once one stays.
    async fn change_account(&self, id: UserId, change: &AccountChange) -> Result<User, ChangeAccountError>;

    /// The name of somebody who needs no account to be known: that which the newest ticket gives to the address as
    /// requester, responsible or watcher; an empty one for a member of a group whom no ticket names. `None` for anybody
    /// else, a group's own address included.
    async fn known_name(&self, email: &EmailAddress) -> Result<Option<PersonName>, StoreError>;

    /// Groups, by address.
    async fn groups(&self, page: &PageRequest) -> Result<Page<Group>, StoreError>;

    /// Removes a group; tickets keep its name and address. `false` when there was none.
    async fn remove_group(&self, email: &EmailAddress) -> Result<bool, StoreError>;

    /// An account's tokens, or everybody's, the newest first.
    async fn tokens(&self, of: Option<UserId>, page: &PageRequest) -> Result<Page<Token>, StoreError>;

    /// Revokes a token; gives what it was, or `None` when there was none.
    async fn revoke_token(&self, id: Uuid) -> Result<Option<Token>, StoreError>;
}
