//! The configuration: a file, the environment over it, checked whole before anything starts.
//!
//! Every key is read here and nowhere else; whatever no section knows is refused. What the keys mean for operators is in
//! `docs/configuration.md`.

mod fault;
mod incoming;
mod load;
mod outgoing;
mod parameters;
mod secret;
mod section;
mod sections;
mod value;

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use recado_app::settings::{CommentLimits, DeliverySettings, IncomingSettings, MessagingSettings};
use recado_domain::parameter::Parameters;
use recado_domain::token::Keyring;
use recado_ports::ids::Ids;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

pub(crate) use fault::ConfigurationFault;
pub(crate) use load::Sources;
pub(crate) use secret::{MissingSecret, directory, keyring};

/// Everything that the configuration decides.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) database: DatabaseSettings,
    pub(crate) http: HttpSettings,
    pub(crate) secret_file: PathBuf,
    pub(crate) mail: MailSettings,
    pub(crate) messaging: Arc<MessagingSettings>,
    pub(crate) delivery: Arc<DeliverySettings>,
    pub(crate) inbound: InboundSettings,
    pub(crate) incoming: Arc<IncomingSettings>,
    /// How long the octets of a sent mail are kept.
    pub(crate) keep_messages: Duration,
    /// Tasks that deliver, each with a connection of its own.
    pub(crate) workers: u16,
    /// Parameters that the configuration pins.
    pub(crate) pins: Parameters,
    pub(crate) limits: Limits,
    pub(crate) log: LogSettings,
}

/// `[database]`.
pub(crate) struct DatabaseSettings {
    /// May hold a password.
    url: SecretString,
    /// Authorities in PEM that a PostgreSQL server's certificate may be signed by, instead of the system's.
    pub(crate) ca_file: Option<PathBuf>,
}

impl DatabaseSettings {
    /// The URL, password and all: for connecting, never for showing.
    pub(crate) fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// Whether several daemons may share it.
    pub(crate) fn is_shared(&self) -> bool {
        !self.url().starts_with("sqlite:")
    }
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseSettings")
    }
}

/// `[http]`.
#[derive(Debug)]
pub(crate) struct HttpSettings {
    /// `host:port`; port 0 lets the system pick one.
    pub(crate) listen: String,
    /// Where people reach the service.
    pub(crate) public_url: Url,
}

/// `[mail]`, as far as the way out goes.
#[derive(Debug)]
pub(crate) struct MailSettings {
    /// What carries the mail.
    pub(crate) way_out: WayOut,
    /// The name in EHLO.
    pub(crate) ehlo_name: Option<String>,
    /// The name that the server's certificate must bear, when it is not parameter 14.
    pub(crate) tls_name: Option<String>,
    /// Authorities in PEM, trusted beside the system's.
    pub(crate) ca_file: Option<PathBuf>,
}

/// What carries the mail, with what it needs.
#[derive(Debug)]
pub(crate) enum WayOut {
    /// The server that the parameters name.
    Smtp,
    /// Files in this directory.
    Files(PathBuf),
}

/// `[inbound]`, as far as the ways in go.
#[derive(Debug)]
pub(crate) struct InboundSettings {
    /// `host:port` at which mail servers hand mail over; port 0 lets the system pick one. `None`: nowhere.
    pub(crate) lmtp: Option<String>,
    /// How often a mailbox is looked at whose server does not tell of new mail.
    pub(crate) poll: Duration,
    /// The name that the mailbox server's certificate must bear, when it is not parameter 23.
    pub(crate) tls_name: Option<String>,
    /// Authorities in PEM, trusted beside the system's.
    pub(crate) ca_file: Option<PathBuf>,
}

/// `[limits]`.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Requests a minute that one token may make; `None`: as many as it likes.
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    /// Octets of a request's body.
    pub(crate) body: usize,
    /// Octets of one incoming mail.
    pub(crate) mail: usize,
    /// What a comment may bring.
    pub(crate) comment: CommentLimits,
}

/// `[log]`.
#[derive(Debug)]
pub(crate) struct LogSettings {
    /// How a line looks.
    pub(crate) format: LogFormat,
    /// What is logged: a level, or directives such as `info,recado_app=debug`.
    pub(crate) level: String,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Configuration {
    /// Reads and checks the whole configuration.
    pub(crate) fn load(sources: &Sources) -> Result<Self, ConfigurationFault> {
        sections::read(sources)
    }

    /// The signing secret; made when it is missing and a daemon would be the only one on its database.
    pub(crate) fn keyring(&self, ids: &dyn Ids) -> Result<Arc<Keyring>, ConfigurationFault> {
        let missing = if self.database.is_shared() {
            MissingSecret::Refuse
        } else {
            MissingSecret::Make
        };
        keyring(&self.secret_file, missing, ids).map(Arc::new)
    }
}

#[cfg(test)]
mod tests;
