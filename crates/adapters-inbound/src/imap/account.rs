//! The mailbox that the parameters describe (23 to 28, 72, 200).

use recado_domain::channel::AccountId;
use recado_domain::parameter::{Parameter, Parameters};
use recado_ports::ledger::MailboxFolder;
use secrecy::{ExposeSecret as _, SecretString};

/// Messages of one round at most, whatever parameter 72 says: so many are listed before the first is taken.
const MAX_PER_ROUND: usize = 1_000;

/// How the connection is protected (parameter 26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// TLS from the first octet (RFC 8314).
    Imaps,
    /// STARTTLS where the server offers it; without it, loopback alone.
    Imap,
}

/// Where mail is read.
#[derive(Debug, Clone)]
pub(super) struct InboxAccount {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    pub(super) user: String,
    pub(super) password: SecretString,
    pub(super) folder: String,
    /// Messages taken before the parameters are looked at again.
    pub(super) per_round: usize,
}

/// What the parameters say.
#[derive(Debug, Clone)]
pub(super) enum Standing {
    /// Mail is not to be read (parameter 200).
    Off,
    /// It is, but this parameter is missing.
    Incomplete(Parameter),
    On(InboxAccount),
}

impl Standing {
    pub(super) fn read(parameters: &Parameters) -> Self {
        if !parameters.is_on(Parameter::ReadMail) {
            return Self::Off;
        }
        InboxAccount::read(parameters).map_or_else(Self::Incomplete, Self::On)
    }

    /// Whether nothing that counts differs.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Off, Self::Off) => true,
            (Self::Incomplete(one), Self::Incomplete(other)) => one == other,
            (Self::On(one), Self::On(other)) => one.is_same(other),
            _ => false,
        }
    }
}

impl InboxAccount {
    /// The account, whether or not it is to be read; else the parameter that is missing.
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Parameter> {
        let text = |parameter| parameters.text(parameter).map(str::to_owned).ok_or(parameter);
        let protocol = match text(Parameter::InboxProtocol)?.as_str() {
            "imap" => Protocol::Imap,
            _ => Protocol::Imaps,
        };
        let default_port = match protocol {
            Protocol::Imaps => 993,
            Protocol::Imap => 143,
        };
        let per_round = text(Parameter::MessagesPerRound)?
            .parse()
            .unwrap_or(MAX_PER_ROUND);
        Ok(Self {
            host: text(Parameter::InboxHost)?,
            port: parameters.port(Parameter::InboxPort).unwrap_or(default_port),
            protocol,
            user: text(Parameter::InboxUser)?,
            password: parameters
                .secret(Parameter::InboxPassword)
                .ok_or(Parameter::InboxPassword)?,
            folder: text(Parameter::InboxFolder)?,
            per_round: per_round.clamp(1, MAX_PER_ROUND),
        })
    }

    /// `host:port`, for messages.
    pub(super) fn server(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// What its messages are known by.
    pub(super) fn mailbox(&self) -> MailboxFolder {
        MailboxFolder {
            account: AccountId::DEFAULT,
            name: format!("{}@{}/{}", self.user, self.server(), self.folder),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.mailbox() == other.mailbox()
            && self.protocol == other.protocol
            && self.per_round == other.per_round
            && self.password.expose_secret() == other.password.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(values: &[(Parameter, &str)]) -> Parameters {
        let mut parameters = Parameters::default();
        for (parameter, value) in values {
            parameters.insert(*parameter, value).unwrap();
        }
        parameters
    }

    const COMPLETE: [(Parameter, &str); 4] = [
        (Parameter::ReadMail, "S"),
        (Parameter::InboxHost, "imap.example.org"),
        (Parameter::InboxUser, "desk@example.org"),
        (Parameter::InboxPassword, "secret"),
    ];

    #[test]
    fn what_is_missing_is_named() {
        assert!(matches!(Standing::read(&parameters(&[])), Standing::Off));
        for missing in 1..COMPLETE.len() {
            let mut values = COMPLETE.to_vec();
            let (parameter, _) = values.remove(missing);
            let standing = Standing::read(&parameters(&values));
            assert!(
                matches!(standing, Standing::Incomplete(named) if named == parameter),
                "{standing:?}"
            );
        }
    }

    #[test]
    fn the_port_is_the_protocols_unless_it_is_set() {
        let account =
            |more: &[(Parameter, &str)]| match Standing::read(&parameters(&[&COMPLETE, more].concat())) {
                Standing::On(account) => account,
                other => panic!("{other:?}"),
            };
        assert_eq!(
            account(&[]).mailbox().name,
            "desk@example.org@imap.example.org:993/INBOX"
        );
        assert_eq!(account(&[(Parameter::InboxProtocol, "IMAP")]).port, 143);
        assert_eq!(account(&[(Parameter::InboxPort, "10143")]).port, 10_143);
        assert_eq!(account(&[]).per_round, 20);
        assert_eq!(
            account(&[(Parameter::MessagesPerRound, "9999999999")]).per_round,
            MAX_PER_ROUND
        );
    }

    #[test]
    fn every_change_that_counts_is_seen() {
        let before = Standing::read(&parameters(&COMPLETE));
        for change in [
            (Parameter::ReadMail, "N"),
            (Parameter::InboxHost, "other.example.org"),
            (Parameter::InboxUser, "other@example.org"),
            (Parameter::InboxPassword, "other"),
            (Parameter::InboxProtocol, "imap"),
            (Parameter::InboxPort, "1143"),
            (Parameter::InboxFolder, "Tickets"),
            (Parameter::MessagesPerRound, "1"),
        ] {
            let after = Standing::read(&parameters(&[&COMPLETE[..], &[change]].concat()));
            assert!(!before.is_same(&after), "{change:?}");
            assert!(after.is_same(&after.clone()));
        }
    }
}
