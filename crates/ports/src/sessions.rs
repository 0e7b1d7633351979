//! Sessions of the pages, and the links that begin them. Secrets are 256 random bits, so a plain hash keeps them.

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::person::{EmailAddress, User, UserId};
use recado_domain::preference::Preference;
use uuid::Uuid;

use crate::store::StoreError;

/// The SHA-256 of a session's or link's secret, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecretHash(pub String);

/// A session to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its id; never in a cookie.
    pub id: Uuid,
    /// Whose it is.
    pub user: UserId,
    /// All that is kept of the cookie's secret.
    pub hash: SecretHash,
    /// The browser, in its own words, cut to 200 characters.
    pub device: String,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it ends if nobody uses it before; no later than [`NewSession::ends_at`], whatever is given.
    pub idle_until: Timestamp,
    /// When it ends whatever happens.
    pub ends_at: Timestamp,
}

/// A session that is open.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenSession {
    /// Its id.
    pub id: Uuid,
    /// The account.
    pub user: User,
    /// The groups that the account belongs to.
    pub groups: Vec<EmailAddress>,
    /// The account's choices.
    pub preference: Preference,
    /// When it ends if nobody uses it before.
    pub idle_until: Timestamp,
}

/// A link to sign in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// All that is kept of it.
    pub hash: SecretHash,
    /// Whom it signs in.
    pub email: EmailAddress,
    /// The local path to go to afterwards.
    pub target: Option<String>,
    /// After this it opens nothing.
    pub expires_at: Timestamp,
}

/// A link that can still be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whom it signs in.
    pub email: EmailAddress,
    /// The local path to go to afterwards.
    pub target: Option<String>,
}

/// Why a link opened no session. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// It was used, has expired, or never was.
    #[error("the link was used or has expired")]
    Spent,
    /// As every store; [`StoreError::Conflict`] when the address got an account meanwhile, or when the session is not
    /// one of an active account with the link's address.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store of sessions.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Stores a link.
    async fn add_link(&self, link: &NewLink) -> Result<(), StoreError>;

    /// A link that can still be used at `now`; looking at it does not use it up.
    async fn find_link(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<Link>, StoreError>;

    /// Uses a link up and opens a session, in one transaction; of two calls with one link one alone goes through. The
    /// link must not have expired when the session begins. `account` is stored first when it is given: a person named
    /// on tickets who had none.
    async fn redeem(
        &self,
        hash: &SecretHash,
        session: &NewSession,
        account: Option<User>,
    ) -> Result<Link, RedeemError>;

    /// Opens a session. [`StoreError::Conflict`] when the account is not there or not active.
    async fn open(&self, session: &NewSession) -> Result<(), StoreError>;

    /// The session of a secret, open at `now`, of an account that is active.
    async fn find(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<OpenSession>, StoreError>;

    /// Prolongs a session, never beyond its end; a later time that was given before stays. Need not wait for the disk.
    async fn prolong(&self, id: Uuid, idle_until: Timestamp) -> Result<(), StoreError>;

    /// Ends a session.
    async fn end(&self, id: Uuid) -> Result<(), StoreError>;

    /// Ends an account's sessions but one, and spends its links. Gives how many sessions.
    async fn end_all(&self, user: UserId, except: Option<Uuid>) -> Result<u64, StoreError>;

    /// Forgets sessions, links and open pages ([`crate::preferences::Preferences::show_page`]) that ended by `now`, at
    /// most `limit` of each. Gives how many in all.
    async fn forget_ended(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
