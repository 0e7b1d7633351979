//! The outgoing account, as the parameters describe it.

use recado_domain::channel::{Credentials, OutgoingAccount, TlsMode};
use recado_domain::parameter::{Parameter, Parameters};
use recado_domain::person::EmailAddress;

use crate::settings::WayOut;

/// The port of implicit TLS (RFC 8314 §7.3).
const SUBMISSIONS: u16 = 465;

/// A sender whose mails have none yet: parameter 10 was unset when they were composed. Its domain can never be
/// delivered to (RFC 2606 §2), and the first worker that finds parameter 10 set puts the real sender in its place.
pub(crate) const SENDER_UNSET: &str = "sender-unset@recado.invalid";

/// A parameter without which no mail can leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not set: no mail can leave before it is")]
pub struct Missing(pub Parameter);

/// Account 0, ready to connect to.
#[derive(Debug, Clone)]
pub struct Account {
    /// Where and how to connect.
    pub outgoing: OutgoingAccount,
    /// Parameter 10.
    pub sender: EmailAddress,
}

/// What to do when a mail server cannot be connected to.
pub(crate) const REMEDY: &str = "check parameters 14 (server), 269 (port), 199 (TLS) and 11 to 13 (login) against what the server's operator says";

impl Account {
    /// Where mail leaves to, for people.
    pub(crate) fn place(&self, way_out: WayOut) -> String {
        match way_out {
            WayOut::Files => "the mail directory".to_owned(),
            WayOut::Smtp => format!("{}:{}", self.outgoing.host, self.outgoing.port),
        }
    }
}

/// Reads account 0 from the parameters.
pub fn account(parameters: &Parameters, way_out: WayOut) -> Result<Account, Missing> {
    let sender = parameters
        .address(Parameter::FromAddress)
        .ok_or(Missing(Parameter::FromAddress))?;
    let host = match (parameters.text(Parameter::SmtpHost), way_out) {
        (Some(host), _) => host.to_owned(),
        (None, WayOut::Files) => String::new(),
        (None, WayOut::Smtp) => return Err(Missing(Parameter::SmtpHost)),
    };
    let port = parameters
        .port(Parameter::SmtpPort)
        .expect("parameter 269 has a default");
    let tls = match parameters.is_on(Parameter::SmtpTls) {
        _ if port == SUBMISSIONS => TlsMode::Implicit,
        true => TlsMode::StartTls,
        false => TlsMode::None,
    };
    let wants_login = parameters.is_on(Parameter::SmtpAuthentication) && way_out == WayOut::Smtp;
    let credentials = if wants_login {
        Some(credentials(parameters)?)
    } else {
        None
    };
    Ok(Account {
        outgoing: OutgoingAccount {
            host,
            port,
            tls,
            credentials,
        },
        sender,
    })
}

fn credentials(parameters: &Parameters) -> Result<Credentials, Missing> {
    let user = parameters
        .text(Parameter::SmtpUser)
        .ok_or(Missing(Parameter::SmtpUser))?;
    let password = parameters
        .secret(Parameter::SmtpPassword)
        .ok_or(Missing(Parameter::SmtpPassword))?;
    Ok(Credentials {
        user: user.to_owned(),
        password,
    })
}

/// The sender to compose with: parameter 10, or the placeholder.
pub(crate) fn sender_or_placeholder(parameters: &Parameters) -> EmailAddress {
    parameters
        .address(Parameter::FromAddress)
        .unwrap_or_else(|| EmailAddress::parse(SENDER_UNSET).expect("the placeholder is an address"))
}

/// Puts the real sender in the placeholder's place, wherever it stands in the header section (somebody may bear it as
/// a name); leaves the body alone.
pub(crate) fn readdressed(message: &[u8], sender: &EmailAddress) -> Vec<u8> {
    let placeholder = SENDER_UNSET.as_bytes();
    let header_end = message
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or(message.len());
    let (mut header, body) = message.split_at(header_end);
    let mut whole = Vec::with_capacity(message.len() + sender.as_str().len());
    while let Some(start) = header
        .windows(placeholder.len())
        .position(|window| window == placeholder)
    {
        whole.extend_from_slice(&header[..start]);
        whole.extend_from_slice(sender.as_str().as_bytes());
        header = &header[start + placeholder.len()..];
    }
    whole.extend_from_slice(header);
    whole.extend_from_slice(body);
    whole
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

    #[test]
    fn what_is_missing_is_named() {
        let host = (Parameter::SmtpHost, "smtp.example.org");
        let from = (Parameter::FromAddress, "desk@example.org");
        let login = (Parameter::SmtpAuthentication, "Y");
        for (values, missing) in [
            (vec![host], Parameter::FromAddress),
            (vec![from], Parameter::SmtpHost),
            (vec![from, host, login], Parameter::SmtpUser),
            (
                vec![from, host, login, (Parameter::SmtpUser, "desk")],
                Parameter::SmtpPassword,
            ),
        ] {
            assert_eq!(
                account(&parameters(&values), WayOut::Smtp).unwrap_err(),
                Missing(missing)
            );
        }
        assert!(account(&parameters(&[from]), WayOut::Files).is_ok());
    }

    #[test]
    fn port_465_means_implicit_tls_and_199_means_starttls() {
        let tls = |port, on| {
            let values = [
                (Parameter::FromAddress, "desk@example.org"),
                (Parameter::SmtpHost, "smtp.example.org"),
                (Parameter::SmtpPort, port),
                (Parameter::SmtpTls, on),
            ];
            account(&parameters(&values), WayOut::Smtp).unwrap().outgoing.tls
        };
        assert_eq!(
            [tls("465", "N"), tls("465", "Y"), tls("587", "Y"), tls("25", "N")],
            [
                TlsMode::Implicit,
                TlsMode::Implicit,
                TlsMode::StartTls,
                TlsMode::None
            ]
        );
    }

    #[test]
    fn the_placeholder_is_replaced_in_the_header_alone() {
        let message =
            b"From: \"sender-unset@recado.invalid\" <sender-unset@recado.invalid>\r\n\r\nsender-unset@recado.invalid\r\n";
        let sender = EmailAddress::parse("desk@example.org").unwrap();
        assert_eq!(
            readdressed(message, &sender),
            b"From: \"desk@example.org\" <desk@example.org>\r\n\r\nsender-unset@recado.invalid\r\n"
        );
    }
}
