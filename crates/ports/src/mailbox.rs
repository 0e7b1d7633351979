//! Trying the incoming account: a log-in and a look, nothing read and nothing marked.

use async_trait::async_trait;
use recado_domain::parameter::Parameters;

/// What a try at the mailbox found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxState {
    /// `host:port`, and the folder.
    pub place: String,
    /// The server's greeting or answer to the log-in, in its own words.
    pub greeting: String,
    /// Mails in the folder.
    pub messages: u64,
    /// Those that nobody has read.
    pub unseen: u64,
}

/// Why the mailbox cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MailboxFault {
    /// What failed, with the server's own words.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// Tries the mailbox that parameters 23 to 28 describe.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MailboxCheck: Send + Sync {
    /// Connects, secures, logs in and looks at the folder. Bounded in time; changes nothing there.
    async fn check(&self, parameters: &Parameters) -> Result<MailboxState, MailboxFault>;
}
