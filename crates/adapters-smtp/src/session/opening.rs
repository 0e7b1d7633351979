//! From a name to a session that is ready for a mail: connection, greeting, EHLO, TLS, login.

use super::announcing::Servers;
use super::wire::{Answer, Wire, WireError};
use super::{Capabilities, SmtpSession, SmtpSettings, Standing};
use crate::tls::Authorities;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use recado_domain::channel::{ChannelFault, Credentials, HoldReason, OutgoingAccount, TlsMode};
use recado_domain::reply::{Reply, Stage, Verdict, classify};
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret as _;
use std::net::{IpAddr, SocketAddr};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

pub(super) async fn open(
    settings: &SmtpSettings,
    authorities: &Authorities,
    servers: &Servers,
    account: &OutgoingAccount,
) -> Result<SmtpSession, ChannelFault> {
    let opening = Opening {
        settings,
        authorities,
        account,
        server: format!("{}:{}", account.host, account.port),
    };
    let mut wire = opening.connect().await?;
    if account.tls == TlsMode::Implicit {
        wire = opening.secure(wire, Stage::Greeting).await?;
    }
    let greeting = wire.read(settings.timeouts.greeting).await;
    let mut welcome = opening.accepted(Stage::Greeting, greeting)?;
    let mut capabilities = opening.greet(&mut wire).await?;
    if account.tls == TlsMode::StartTls {
        wire = opening.start_tls(wire, &capabilities).await?;
        // RFC 3207 §4.2: what was said before TLS counts no more.
        capabilities = opening.greet(&mut wire).await?;
    }
    if let Some(credentials) = &account.credentials {
        welcome = opening.log_in(&mut wire, &capabilities, credentials).await?;
    }
    Ok(SmtpSession {
        wire: Some(wire),
        standing: Standing::Fresh,
        announced: None,
        hearing: servers.hearing(&opening.server),
        capabilities,
        timeouts: settings.timeouts,
        server: opening.server,
        welcome: welcome.to_string(),
    })
}

struct Opening<'a> {
    settings: &'a SmtpSettings,
    authorities: &'a Authorities,
    account: &'a OutgoingAccount,
    /// `host:port`, for messages.
    server: String,
}

impl Opening<'_> {
    /// Tries the host's addresses in turn; each has its share of the time.
    async fn connect(&self) -> Result<Wire, ChannelFault> {
        let limit = self.settings.timeouts.connect;
        let fault =
            |detail: String| ChannelFault::passing(format!("connecting to {}: {detail}", self.server));
        let addresses: Vec<SocketAddr> = timeout(
            limit,
            lookup_host((self.account.host.as_str(), self.account.port)),
        )
        .await
        .map_err(|_| fault(format!("the name was not resolved within {limit:?}")))?
        .map_err(|error| fault(error.to_string()))?
        .collect();
        let share = limit / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let mut last = fault("the name has no address".to_owned());
        for address in addresses {
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Without it, every mail waits for a delayed acknowledgement: 22 mails a second instead of 17,000.
                    stream
                        .set_nodelay(true)
                        .map_err(|error| fault(error.to_string()))?;
                    return Ok(Wire::new(stream));
                }
                Ok(Err(error)) => last = fault(format!("{address}: {error}")),
                Err(_) => last = fault(format!("{address} did not answer within {share:?}")),
            }
        }
        Err(last)
    }

    async fn greet(&self, wire: &mut Wire) -> Result<Capabilities, ChannelFault> {
        let name = match (&self.settings.ehlo_name, wire.local_address()) {
            (Some(name), _) => name.clone(),
            (None, Ok(SocketAddr::V6(address))) => format!("[IPv6:{}]", address.ip()),
            (None, Ok(SocketAddr::V4(address))) => format!("[{}]", address.ip()),
            (None, Err(error)) => return Err(self.lost(Stage::Ehlo, &error.into())),
        };
        let answer = self.ask(wire, Stage::Ehlo, &format!("EHLO {name}")).await?;
        if answer.code / 100 == 5 {
            // RFC 5321 §3.2: a server without extensions knows HELO alone.
            let answer = self.ask(wire, Stage::Ehlo, &format!("HELO {name}")).await?;
            return self
                .accepted(Stage::Ehlo, Ok(answer))
                .map(|_| Capabilities::default());
        }
        // Read before the text is cut to a reply's length.
        let capabilities = Capabilities::parse(&answer.text);
        self.accepted(Stage::Ehlo, Ok(answer)).map(|_| capabilities)
    }

    async fn start_tls(&self, mut wire: Wire, capabilities: &Capabilities) -> Result<Wire, ChannelFault> {
        if !capabilities.starttls {
            let detail = format!("{} does not offer STARTTLS, which is required", self.server);
            return Err(ChannelFault::holding(HoldReason::TlsMissing, detail));
        }
        let answer = self.ask(&mut wire, Stage::StartTls, "STARTTLS").await?;
        self.accepted(Stage::StartTls, Ok(answer))?;
        if wire.has_unread() {
            // Somebody on the way puts words into the session that is about to be trusted (CVE-2011-0411).
            return Err(ChannelFault::passing(format!(
                "{} sent data in the clear after STARTTLS",
                self.server
            )));
        }
        self.secure(wire, Stage::StartTls).await
    }

    async fn secure(&self, wire: Wire, stage: Stage) -> Result<Wire, ChannelFault> {
        let name = self.settings.tls_name.as_ref().unwrap_or(&self.account.host);
        let server_name = ServerName::try_from(name.clone()).map_err(|_| {
            ChannelFault::holding(
                HoldReason::CertificateRefused,
                format!("{name} is no name that a certificate can bear"),
            )
        })?;
        let config = self.authorities.client_config().await;
        let secured = wire
            .secure(config, server_name, self.settings.timeouts.greeting)
            .await;
        secured.map_err(|error| {
            let fault = self.lost(stage, &error);
            let hold = is_certificate_error(&error).then_some(HoldReason::CertificateRefused);
            ChannelFault {
                hold,
                detail: format!("{} (TLS handshake)", fault.detail),
            }
        })
    }

    async fn log_in(
        &self,
        wire: &mut Wire,
        offered: &Capabilities,
        login: &Credentials,
    ) -> Result<Reply, ChannelFault> {
        let is_private = wire.is_secured() || wire.peer_address().is_ok_and(|peer| is_loopback(peer.ip()));
        if !is_private {
            let detail = format!("logging in to {} without TLS is refused", self.server);
            return Err(ChannelFault::holding(HoldReason::TlsMissing, detail));
        }
        let offers = |name: &str| offered.mechanisms.iter().any(|mechanism| mechanism == name);
        let password = login.password.expose_secret();
        let answer = if offers("PLAIN") {
            let response = BASE64_STANDARD.encode(format!("\0{}\0{password}", login.user));
            let answer = self
                .ask(wire, Stage::Auth, &format!("AUTH PLAIN {response}"))
                .await?;
            if answer.code == 334 {
                self.ask(wire, Stage::Auth, &response).await?
            } else {
                answer
            }
        } else if offers("LOGIN") {
            // The challenges are the server's words for user and password, in that order, whatever they say.
            let mut answer = self.ask(wire, Stage::Auth, "AUTH LOGIN").await?;
            for secret in [login.user.as_str(), password] {
                if answer.code == 334 {
                    answer = self
                        .ask(wire, Stage::Auth, &BASE64_STANDARD.encode(secret))
                        .await?;
                }
            }
            answer
        } else {
            let detail = format!("{} offers no login by PLAIN or LOGIN", self.server);
            return Err(ChannelFault::holding(HoldReason::AuthMissing, detail));
        };
        if answer.code / 100 == 3 {
            let detail = format!("{} asked on after user and password", self.server);
            return Err(ChannelFault::holding(HoldReason::LoginRefused, detail));
        }
        self.accepted(Stage::Auth, Ok(answer))
    }

    async fn ask(&self, wire: &mut Wire, stage: Stage, command: &str) -> Result<Answer, ChannelFault> {
        let limit = self.settings.timeouts.command;
        let lost = |error: WireError| self.lost(stage, &error);
        wire.write(format!("{command}\r\n").as_bytes(), limit)
            .await
            .map_err(lost)?;
        wire.read(limit).await.map_err(lost)
    }

    fn accepted(&self, stage: Stage, answer: Result<Answer, WireError>) -> Result<Reply, ChannelFault> {
        let reply = answer.map_err(|error| self.lost(stage, &error))?.into_reply();
        let hold = match classify(stage, &reply) {
            Verdict::Accepted => return Ok(reply),
            Verdict::Channel(hold) => hold,
            _ => None,
        };
        Err(ChannelFault {
            hold,
            detail: format!("{} answered {stage} with {reply}", self.server),
        })
    }

    fn lost(&self, stage: Stage, error: &WireError) -> ChannelFault {
        ChannelFault::passing(format!("{} at {stage}: {error}", self.server))
    }
}

/// Loopback, also where an IPv6 socket shows an IPv4 address.
fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn is_certificate_error(error: &WireError) -> bool {
    let WireError::Failed(error) = error else {
        return false;
    };
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(
        inner,
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)
    )
}

impl Capabilities {
    /// Reads the lines after the first of an answer to EHLO.
    fn parse(text: &str) -> Self {
        let mut capabilities = Self::default();
        for line in text.lines().skip(1) {
            // `AUTH=PLAIN` is how servers of the last century spell it.
            let line = line.to_ascii_uppercase().replace("AUTH=", "AUTH ");
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("PIPELINING") => capabilities.pipelining = true,
                Some("8BITMIME") => capabilities.eight_bit_mime = true,
                Some("SMTPUTF8") => capabilities.smtp_utf8 = true,
                Some("STARTTLS") => capabilities.starttls = true,
                Some("DSN") => capabilities.dsn = true,
                // Without a number, or with 0, there is no fixed limit (RFC 1870 §4).
                Some("SIZE") => {
                    capabilities.size = words
                        .next()
                        .and_then(|size| size.parse().ok())
                        .filter(|size| *size > 0);
                }
                Some("AUTH") => capabilities.mechanisms.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        capabilities
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_in_any_letter_case() {
        let text = "mx.example.org hello\nPipelining\nSIZE 35882577\n8BITMIME\nauth=login plain\nAUTH XOAUTH2\nSMTPUTF8\nX-ELSE 1";
        let capabilities = Capabilities::parse(text);
        assert!(capabilities.pipelining && capabilities.eight_bit_mime && capabilities.smtp_utf8);
        assert!(!capabilities.starttls);
        assert_eq!(capabilities.size, Some(35_882_577));
        assert_eq!(capabilities.mechanisms, ["LOGIN", "PLAIN", "XOAUTH2"]);
    }

    #[test]
    fn only_our_own_machine_is_loopback() {
        for (address, expected) in [
            ("127.0.0.1", true),
            ("127.1.2.3", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.0.0.1", false),
            ("192.168.1.1", false),
            ("::ffff:192.0.2.1", false),
            ("fe80::1", false),
        ] {
            assert_eq!(is_loopback(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn the_servers_own_name_is_no_capability() {
        assert_eq!(Capabilities::parse("STARTTLS\nSIZE 0"), Capabilities::default());
    }
}
