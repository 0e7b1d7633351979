//! IMAP: reading the mailbox that the parameters describe (23 to 28, 72 and 200), for ever.
//!
//! A message is marked `\Seen` when the ledger has it, never before. Whatever happens in between is mended by looking
//! again: the ledger knows a message by its place (`UIDVALIDITY` and UID) and takes it once.
//!
//! What is new is what is unread, and what came after the position that the ledger keeps: so a mail that somebody
//! opened in a mail program before we looked is taken too. A folder that is new to us is read from its unread mails on.
//! After a change of `UIDVALIDITY` (the server renumbered its mails, RFC 3501 §2.3.1.1) everything since the day before
//! the last look is read again, and the ledger recognises the copies.
//!
//! The session is ours, as SMTP's is: async-imap could not hold the bounds (`docs/adr/0012-our-own-imap-session.md`).

mod account;
mod check;
mod fault;
mod memory;
mod opening;
mod reader;
mod response;
mod round;
mod session;
mod stub;
mod tls;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

pub use check::MailboxTrial;
pub use fault::{MailboxFault, MailboxFaultKind};
pub use reader::{MailboxReader, Trust};
pub use tls::TlsSetupError;

/// The longest waits of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxTimeouts {
    /// For name resolution, and for the TCP connection to all addresses of the host together.
    pub connect: Duration,
    /// For the server to say anything at all.
    pub silence: Duration,
    /// For a command to come to its end, a whole message included.
    pub command: Duration,
    /// For IDLE: then it is issued anew, so that a connection that died silently is noticed. RFC 2177 wants less than
    /// 29 minutes; devices on the way forget connections earlier.
    pub idle: Duration,
    /// Between two attempts when only somebody can mend what is wrong; a changed parameter ends it.
    pub refused: Duration,
    /// After a fault that passes by itself; doubles up to `longest_pause`.
    pub pause: Duration,
    /// See `pause`.
    pub longest_pause: Duration,
}

impl Default for MailboxTimeouts {
    /// 30 s, a minute, ten minutes, nine minutes; a minute; 1 s to a minute.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            silence: Duration::from_mins(1),
            command: Duration::from_mins(10),
            idle: Duration::from_mins(9),
            refused: Duration::from_mins(1),
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(1),
        }
    }
}

/// What the configuration says of reading the mailbox (`[inbound]`); the parameters say where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxSettings {
    /// How often to look where the server does not tell (`poll`).
    pub poll: Duration,
    /// The name that the server's certificate must bear, when it is not the host's.
    pub tls_name: Option<String>,
    /// Authorities in PEM, trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Octets of the largest mail that is taken.
    pub largest_mail: usize,
    /// The longest waits.
    pub timeouts: MailboxTimeouts,
}
