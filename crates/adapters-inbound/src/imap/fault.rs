//! Why a mailbox cannot be read, and what to do about it.

use std::fmt;

use recado_domain::person::mask_addresses;

/// What kind of a fault it is, which is to say: what mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailboxFaultKind {
    /// The server is not there, or not well; time mends it.
    Passing,
    /// Its certificate is not to be trusted.
    Certificate,
    /// It offers no TLS, and a password does not go over a network in the clear.
    TlsMissing,
    /// It offers no way to log in that we know.
    LoginMissing,
    /// It refuses user or password.
    LoginRefused,
    /// It has no such folder, or does not let us read it.
    FolderRefused,
}

impl MailboxFaultKind {
    /// Whether trying again changes nothing until somebody does something.
    pub fn needs_mending(self) -> bool {
        self != Self::Passing
    }

    /// What to do.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Passing => "see that the server of parameters 23 and 27 is up and can be reached from here",
            Self::Certificate => {
                "set [inbound] ca_file to the authority that signed the certificate, and [inbound] tls_name to the \
                 name in it when that is not parameter 23"
            }
            Self::TlsMissing => {
                "set parameter 26 to imaps (and 27 to its port), or let the server offer STARTTLS"
            }
            Self::LoginMissing => "let the server offer AUTH=PLAIN or LOGIN to this user",
            Self::LoginRefused => "set parameters 24 and 25 to a user and password that the server takes",
            Self::FolderRefused => "set parameter 28 to a folder that the user has",
        }
    }
}

/// A mailbox cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxFault {
    /// What mends it.
    pub kind: MailboxFaultKind,
    /// `host:port`.
    pub server: String,
    /// What happened; addresses in it are masked.
    pub detail: String,
}

impl MailboxFault {
    pub(super) fn new(kind: MailboxFaultKind, server: &str, detail: impl fmt::Display) -> Self {
        Self {
            kind,
            server: server.to_owned(),
            detail: mask_addresses(&detail.to_string()),
        }
    }

    pub(super) fn passing(server: &str, detail: impl fmt::Display) -> Self {
        Self::new(MailboxFaultKind::Passing, server, detail)
    }
}

impl fmt::Display for MailboxFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the mailbox at {} cannot be read: {}",
            self.server, self.detail
        )
    }
}

impl std::error::Error for MailboxFault {}
