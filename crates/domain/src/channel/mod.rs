//! An outgoing mail account, why it may be held, and the guards in front of it: circuit breaker and rate limits.
//!
//! All of it is data and transitions; the clock is the caller's. Breaker and limiter count in monotonic time, a
//! [`std::time::Duration`] since a start that the caller chose, because the wall clock jumps.

mod breaker;
mod rate;

pub use breaker::{Breaker, BreakerPolicy, BreakerState, Permit};
pub use rate::{RateLimiter, RateLimits};

use secrecy::SecretString;
use std::fmt;

/// The number of an outgoing account. 0 is the default account, which parameters 10 to 14, 199 and 269 describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct AccountId(pub u32);

impl AccountId {
    /// The account that the parameters describe.
    pub const DEFAULT: Self = Self(0);
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsMode {
    /// Plain text. Logging in is refused, except to a loopback address.
    None,
    /// STARTTLS is required: a server that does not offer it is not used.
    StartTls,
    /// TLS from the first byte (RFC 8314), as on port 465.
    Implicit,
}

/// A login at a mail server (parameters 12 and 13).
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password; never shown by `Debug`.
    pub password: SecretString,
}

/// Where an account's mail leaves from.
///
/// ```
/// use recado_domain::channel::{Credentials, OutgoingAccount, TlsMode};
///
/// let account = OutgoingAccount {
///     host: "smtp.example.org".to_owned(),
///     port: 587,
///     tls: TlsMode::StartTls,
///     credentials: Some(Credentials { user: "desk".to_owned(), password: "hunter2".into() }),
/// };
/// assert!(!format!("{account:?}").contains("hunter2"));
/// ```
#[derive(Debug, Clone)]
pub struct OutgoingAccount {
    /// Host name or address (parameter 14).
    pub host: String,
    /// TCP port (parameter 269).
    pub port: u16,
    /// Protection (parameter 199, and port 465).
    pub tls: TlsMode,
    /// The login, when the server wants one (parameter 11).
    pub credentials: Option<Credentials>,
}

/// Why a channel is held: no mail leaves until the cause is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum HoldReason {
    /// The server refused user or password.
    LoginRefused,
    /// The server's certificate is expired, for another host, or from an authority that is not trusted.
    CertificateRefused,
    /// TLS is required, by us or by the server, and cannot be had.
    TlsMissing,
    /// A login is required, by us or by the server, and cannot be had.
    AuthMissing,
    /// The server refuses this account: send-as denied, mailbox full, quota spent, sender blocked.
    AccountRefused,
    /// A parameter without which nothing can be sent (10 or 14) is missing.
    NotConfigured,
    /// The database is a restored copy; an operator must confirm that it may send.
    Restored,
    /// An operator holds the channel.
    Operator,
}

impl HoldReason {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::LoginRefused,
        Self::CertificateRefused,
        Self::TlsMissing,
        Self::AuthMissing,
        Self::AccountRefused,
        Self::NotConfigured,
        Self::Restored,
        Self::Operator,
    ];

    /// The stable name, as stored and as shown by the API.
    ///
    /// ```
    /// use recado_domain::channel::HoldReason;
    ///
    /// assert_eq!(HoldReason::LoginRefused.as_str(), "login_refused");
    /// assert_eq!(HoldReason::parse("login_refused"), Some(HoldReason::LoginRefused));
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoginRefused => "login_refused",
            Self::CertificateRefused => "certificate_refused",
            Self::TlsMissing => "tls_missing",
            Self::AuthMissing => "auth_missing",
            Self::AccountRefused => "account_refused",
            Self::NotConfigured => "not_configured",
            Self::Restored => "restored",
            Self::Operator => "operator",
        }
    }

    /// Reads the stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Whether trying again may lift the hold. `Restored` and `Operator` wait for a person.
    pub const fn is_probed(self) -> bool {
        !matches!(self, Self::Restored | Self::Operator)
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A fault of the account or its server. No mail is charged for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelFault {
    /// Set when the fault holds the channel; without it the circuit breaker alone waits.
    pub hold: Option<HoldReason>,
    /// What happened, for the operator: the stage and the server's answer or the system's error.
    pub detail: String,
}

impl ChannelFault {
    /// A fault that the breaker waits out.
    pub fn passing(detail: impl Into<String>) -> Self {
        Self {
            hold: None,
            detail: detail.into(),
        }
    }

    /// A fault that holds the channel.
    pub fn holding(reason: HoldReason, detail: impl Into<String>) -> Self {
        Self {
            hold: Some(reason),
            detail: detail.into(),
        }
    }
}

impl fmt::Display for ChannelFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hold_reason_is_read_back_by_its_name() {
        for reason in HoldReason::ALL {
            assert_eq!(HoldReason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(HoldReason::parse("Operator"), None);
    }

    #[test]
    fn a_hold_that_a_person_set_is_not_probed() {
        let waiting: Vec<_> = HoldReason::ALL
            .into_iter()
            .filter(|reason| !reason.is_probed())
            .collect();
        assert_eq!(waiting, [HoldReason::Restored, HoldReason::Operator]);
    }
}
