//! Our own SMTP session: no answer is ever taken for that of another command, and no wait is without end.
//!
//! lettre's session was not fit for it (`docs/adr/0004-our-own-smtp-session.md`). On any doubt the connection is
//! dropped, and a future that is dropped takes its connection with it: while a step runs, the session does not own it.

mod announcing;
mod commands;
mod opening;
mod stuffing;
mod transaction;
mod wire;

use crate::tls::{Authorities, TlsSetupError};
use announcing::{Hearing, Servers};
use async_trait::async_trait;
use recado_domain::channel::OutgoingAccount;
use recado_domain::reply::Reply;
use recado_ports::mail::{Envelope, MailSession, SendError, Transport};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wire::Wire;

/// The longest waits of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For name resolution, and for the TCP connection to all addresses of the host together.
    pub connect: Duration,
    /// For the banner, and for a TLS handshake.
    pub greeting: Duration,
    /// For the answer to any command but DATA.
    pub command: Duration,
    /// For the first answer to an announced mail, from a server that has not answered an announcement before: it may have
    /// thrown the announcement away. Nothing of the mail has left then, and it begins anew.
    pub announcement: Duration,
    /// For the go-ahead after DATA (RFC 5321 §4.5.3.2.4).
    pub data: Duration,
    /// For writing one block of the message (RFC 5321 §4.5.3.2.5).
    pub block: Duration,
    /// For the answer to the final dot (RFC 5321 §4.5.3.2.6): giving up earlier makes duplicates.
    pub final_dot: Duration,
    /// For the answer to QUIT, and for what a server that hung up may still have said.
    pub farewell: Duration,
}

impl Default for Timeouts {
    /// RFC 5321's minima after DATA, where a mail could be duplicated; less before it, where waiting gains nothing.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            greeting: Duration::from_mins(1),
            command: Duration::from_mins(1),
            announcement: Duration::from_secs(5),
            data: Duration::from_mins(2),
            block: Duration::from_mins(3),
            final_dot: Duration::from_mins(10),
            farewell: Duration::from_secs(1),
        }
    }
}

/// What all sessions of a transport have in common.
#[derive(Debug, Clone, Default)]
pub struct SmtpSettings {
    /// The name in EHLO; without one, the address literal of our end of the connection (RFC 5321 §4.1.4).
    pub ehlo_name: Option<String>,
    /// The name that the server's certificate must bear, when it is not the account's host.
    pub tls_name: Option<String>,
    /// Authorities in PEM, trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The longest waits.
    pub timeouts: Timeouts,
}

/// Opens SMTP sessions.
pub struct SmtpTransport {
    settings: SmtpSettings,
    authorities: Authorities,
    servers: Servers,
}

impl SmtpTransport {
    /// A transport with these settings.
    ///
    /// # Errors
    ///
    /// The certificate file cannot be used.
    pub fn new(settings: SmtpSettings) -> Result<Self, TlsSetupError> {
        let authorities = Authorities::new(settings.ca_file.as_deref())?;
        Ok(Self {
            settings,
            authorities,
            servers: Servers::default(),
        })
    }
}

#[async_trait]
impl Transport for SmtpTransport {
    async fn connect(&self, account: &OutgoingAccount) -> Result<Box<dyn MailSession>, SendError> {
        let session = opening::open(&self.settings, &self.authorities, &self.servers, account)
            .await
            .map_err(SendError::Channel)?;
        Ok(Box::new(session))
    }
}

/// What the server offers (RFC 5321 §4.1.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an extension, offered or not"
)]
struct Capabilities {
    pipelining: bool,
    eight_bit_mime: bool,
    smtp_utf8: bool,
    starttls: bool,
    /// Reports can be asked for (RFC 3461).
    dsn: bool,
    /// The largest message, when the server names one (RFC 1870).
    size: Option<u64>,
    /// In upper case.
    mechanisms: Vec<String>,
}

/// Where an SMTP session stands between two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// No mail has begun on this connection.
    Fresh,
    /// Earlier mails went well; the server may have hung up since.
    Idle,
    /// A transaction was refused half-way: RSET comes first.
    Refused,
    /// The server waits for the message.
    GoAhead,
}

struct SmtpSession {
    /// `None` once the connection is in doubt, and while a step runs.
    wire: Option<Wire>,
    standing: Standing,
    /// The mail whose commands left with the last message; their answers are yet to be read.
    announced: Option<Envelope>,
    /// Whether the server heeds announcements, as far as all sessions with it know.
    hearing: Arc<Hearing>,
    capabilities: Capabilities,
    timeouts: Timeouts,
    /// `host:port`, for messages.
    server: String,
    /// The answer to the login, else the greeting.
    welcome: String,
}

#[async_trait]
impl MailSession for SmtpSession {
    async fn begin(&mut self, envelope: &Envelope) -> Result<(), SendError> {
        self.begin_transaction(envelope).await
    }

    async fn finish<'a>(&mut self, message: &[u8], next: Option<&'a Envelope>) -> Result<Reply, SendError> {
        self.finish_transaction(message, next).await
    }

    fn is_usable(&self) -> bool {
        self.wire.is_some() && self.standing != Standing::GoAhead
    }

    fn welcome(&self) -> &str {
        &self.welcome
    }

    async fn quit(self: Box<Self>) {
        let limit = self.timeouts.farewell;
        // In the middle of DATA, or behind an announced one, a QUIT would be a line of the message.
        let waits_for_message = self.standing == Standing::GoAhead || self.announced.is_some();
        if let Some(mut wire) = self.wire.filter(|_| !waits_for_message) {
            if wire.write(b"QUIT\r\n", limit).await.is_ok() {
                // The answer tells nothing, but leaving before it makes servers log a lost connection.
                drop(wire.read(limit).await);
            }
            wire.close(limit).await;
        }
    }
}
