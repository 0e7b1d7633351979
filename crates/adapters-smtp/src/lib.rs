//! Composing mails and handing them to a mail server.
//!
//! [`MailComposer`] makes the finished octets of a mail. [`SmtpTransport`] opens sessions with a mail server and
//! [`FileTransport`] writes files instead; both are [`Transport`](recado_ports::mail::Transport)s. When to send, how
//! often to try again and how many connections to hold is left to the delivery use case.

mod address;
mod compose;
mod file;
mod session;
mod tls;

pub use compose::MailComposer;
pub use file::FileTransport;
pub use session::{SmtpSettings, SmtpTransport, Timeouts};
pub use tls::TlsSetupError;
