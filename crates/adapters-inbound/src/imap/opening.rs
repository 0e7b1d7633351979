//! From a name to an open folder: connection, greeting, TLS, login.

use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret as _;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::MailboxSettings;
use super::account::{InboxAccount, Protocol};
use super::fault::{MailboxFault, MailboxFaultKind};
use super::response::{Reply, Status};
use super::session::{Access, Done, Opened, SMALL, Session, quoted};
use super::tls::Authorities;
use super::wire::{Wire, WireError};

/// A session with its folder open.
pub(super) struct OpenMailbox {
    pub(super) session: Session,
    pub(super) folder: Opened,
    /// What the server said when it opened the folder.
    pub(super) said: String,
}

/// Connects, logs in, and opens the folder, all in the time of one command.
pub(super) async fn open(
    settings: &MailboxSettings,
    authorities: &Authorities,
    account: &InboxAccount,
    access: Access,
) -> Result<OpenMailbox, MailboxFault> {
    let limit = settings.timeouts.command;
    match timeout(limit, step_by_step(settings, authorities, account, access)).await {
        Ok(opened) => opened,
        Err(_) => Err(MailboxFault::passing(
            &account.server(),
            format!("no folder was open within {limit:?}"),
        )),
    }
}

async fn step_by_step(
    settings: &MailboxSettings,
    authorities: &Authorities,
    account: &InboxAccount,
    access: Access,
) -> Result<OpenMailbox, MailboxFault> {
    let opening = Opening {
        settings,
        authorities,
        account,
        server: account.server(),
        is_near: is_loopback,
    };
    let mut session = opening.begin().await?;
    // What is offered may differ for those who are logged in.
    session
        .ask_capabilities()
        .await
        .map_err(|error| opening.lost("CAPABILITY", &error))?;
    opening.open_folder(session, access).await
}

struct Opening<'a> {
    settings: &'a MailboxSettings,
    authorities: &'a Authorities,
    account: &'a InboxAccount,
    /// `host:port`, for messages.
    server: String,
    /// Whether nobody is on the way to this address.
    is_near: fn(IpAddr) -> bool,
}

impl Opening<'_> {
    /// From nothing to a session that is logged in.
    async fn begin(&self) -> Result<Session, MailboxFault> {
        let mut wire = self.connect().await?;
        if self.account.protocol == Protocol::Imaps {
            wire = self.secure(wire).await?;
        }
        let mut session = Session::new(wire, self.settings.timeouts);
        let is_known = self.greet(&mut session).await?;
        if is_known {
            return Ok(session);
        }
        if self.account.protocol == Protocol::Imap {
            session = self.start_tls(session).await?;
        }
        self.log_in(&mut session).await?;
        Ok(session)
    }

    /// Tries the host's addresses in turn; each has its share of the time.
    async fn connect(&self) -> Result<Wire, MailboxFault> {
        let limit = self.settings.timeouts.connect;
        let fault = |detail: String| MailboxFault::passing(&self.server, format!("connecting: {detail}"));
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
                    // Commands are small and each waits for its answer.
                    stream
                        .set_nodelay(true)
                        .map_err(|error| fault(error.to_string()))?;
                    return Ok(Wire::new(stream, self.settings.timeouts.silence));
                }
                Ok(Err(error)) => last = fault(format!("{address}: {error}")),
                Err(_) => last = fault(format!("{address} did not answer within {share:?}")),
            }
        }
        Err(last)
    }

    /// Reads the greeting; whether we are logged in already.
    async fn greet(&self, session: &mut Session) -> Result<bool, MailboxFault> {
        let reply = session
            .reply(SMALL)
            .await
            .map_err(|error| self.lost("greeting", &error))?;
        match reply {
            Reply::Status {
                status: Status::Ok, ..
            } => Ok(false),
            // Before STARTTLS it may be anybody's word, meant to keep us from securing the session (CVE-2021-39272).
            Reply::Status {
                status: Status::Preauth,
                ..
            } if self.is_private(session.wire()) => Ok(true),
            Reply::Status { status, text } => Err(MailboxFault::passing(
                &self.server,
                format!("it greets with {status:?} {text}"),
            )),
            _ => Err(MailboxFault::passing(&self.server, "its greeting is no IMAP")),
        }
    }

    /// STARTTLS where it is offered; where it is not, the login decides whether the connection will do.
    async fn start_tls(&self, mut session: Session) -> Result<Session, MailboxFault> {
        let lost = |error: WireError| self.lost("STARTTLS", &error);
        session.ask_capabilities().await.map_err(lost)?;
        if !session.offers("STARTTLS") {
            return Ok(session);
        }
        let done = session.command("STARTTLS", SMALL, |_| {}).await.map_err(lost)?;
        self.accepted(MailboxFaultKind::TlsMissing, "STARTTLS", &done)?;
        if session.wire().has_unread() {
            // Somebody on the way puts words into the session that is about to be trusted (CVE-2011-0411).
            return Err(MailboxFault::passing(
                &self.server,
                "it sent data in the clear after STARTTLS",
            ));
        }
        let wire = self.secure(session.into_wire()).await?;
        Ok(Session::new(wire, self.settings.timeouts))
    }

    async fn secure(&self, wire: Wire) -> Result<Wire, MailboxFault> {
        let name = self.settings.tls_name.as_ref().unwrap_or(&self.account.host);
        let server_name = ServerName::try_from(name.clone()).map_err(|_| {
            MailboxFault::new(
                MailboxFaultKind::Certificate,
                &self.server,
                format!("{name} is no name that a certificate can bear"),
            )
        })?;
        let config = self.authorities.client_config().await;
        wire.secure(config, server_name).await.map_err(|error| {
            let kind = if is_certificate_error(&error) {
                MailboxFaultKind::Certificate
            } else {
                MailboxFaultKind::Passing
            };
            MailboxFault::new(kind, &self.server, format!("TLS handshake: {error}"))
        })
    }

    async fn log_in(&self, session: &mut Session) -> Result<(), MailboxFault> {
        session
            .ask_capabilities()
            .await
            .map_err(|error| self.lost("CAPABILITY", &error))?;
        if !self.is_private(session.wire()) {
            return Err(MailboxFault::new(
                MailboxFaultKind::TlsMissing,
                &self.server,
                "it offers no STARTTLS, and logging in without TLS is refused",
            ));
        }
        let (user, password) = (&self.account.user, self.account.password.expose_secret());
        let attempt = if session.offers("AUTH=PLAIN") {
            authenticate_plain(session, user, password).await
        } else if session.offers("LOGINDISABLED") {
            let detail = "it offers neither AUTH=PLAIN nor LOGIN";
            return Err(MailboxFault::new(
                MailboxFaultKind::LoginMissing,
                &self.server,
                detail,
            ));
        } else {
            log_in_plainly(session, user, password).await
        };
        let done = attempt.map_err(|error| self.lost("login", &error))?;
        let kind = if is_passing(&done.text) {
            MailboxFaultKind::Passing
        } else {
            MailboxFaultKind::LoginRefused
        };
        self.accepted(kind, "the login", &done)
    }

    async fn open_folder(&self, mut session: Session, access: Access) -> Result<OpenMailbox, MailboxFault> {
        let name = &self.account.folder;
        let (done, folder) = session
            .open_folder(name, access)
            .await
            .map_err(|error| self.lost("SELECT", &error))?;
        let kind = if is_passing(&done.text) {
            MailboxFaultKind::Passing
        } else {
            MailboxFaultKind::FolderRefused
        };
        self.accepted(kind, &format!("the folder {name:?}"), &done)?;
        Ok(OpenMailbox {
            session,
            folder,
            said: done.text,
        })
    }

    /// Whether nobody on the way can read along.
    fn is_private(&self, wire: &Wire) -> bool {
        wire.is_secured() || wire.peer_address().is_ok_and(|peer| (self.is_near)(peer.ip()))
    }

    fn accepted(&self, kind: MailboxFaultKind, what: &str, done: &Done) -> Result<(), MailboxFault> {
        if done.is_ok() {
            return Ok(());
        }
        let detail = format!("it refuses {what}: {:?} {}", done.status, done.text);
        Err(MailboxFault::new(kind, &self.server, detail))
    }

    fn lost(&self, stage: &str, error: &WireError) -> MailboxFault {
        MailboxFault::passing(&self.server, format!("{stage}: {error}"))
    }
}

/// AUTHENTICATE PLAIN (RFC 4616), which carries any UTF-8, with the response at once where RFC 4959 is offered.
async fn authenticate_plain(session: &mut Session, user: &str, password: &str) -> Result<Done, WireError> {
    let response = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
    if session.offers("SASL-IR") {
        return session
            .command(&format!("AUTHENTICATE PLAIN {response}"), SMALL, |_| {})
            .await;
    }
    answer_when_asked(session, "AUTHENTICATE PLAIN", &[response.as_bytes()]).await
}

/// LOGIN. A quoted string holds ASCII alone; anything else goes as a literal.
async fn log_in_plainly(session: &mut Session, user: &str, password: &str) -> Result<Done, WireError> {
    if user.is_ascii() && password.is_ascii() {
        let command = format!("LOGIN {} {}", quoted(user), quoted(password));
        return session.command(&command, SMALL, |_| {}).await;
    }
    let first = format!("LOGIN {{{}}}", user.len());
    let second = format!("{user} {{{}}}", password.len());
    answer_when_asked(session, &first, &[second.as_bytes(), password.as_bytes()]).await
}

/// Sends a command, and one of the answers each time that the server waits for more.
async fn answer_when_asked(
    session: &mut Session,
    command: &str,
    answers: &[&[u8]],
) -> Result<Done, WireError> {
    let tag = session.send(command).await?;
    for answer in answers {
        loop {
            match session.reply(SMALL).await? {
                Reply::Continue => break,
                Reply::Done {
                    tag: done,
                    status,
                    text,
                } if done == tag => return Ok(Done { status, text }),
                Reply::Status {
                    status: Status::Bye,
                    text,
                } => return Err(WireError::Bye(text)),
                _ => {}
            }
        }
        session.wire_mut().write(answer).await?;
        session.wire_mut().write(b"\r\n").await?;
    }
    session.until_done(&tag, SMALL, &mut |_| {}).await
}

/// Whether a refusal is one that time mends (RFC 5530 §3).
fn is_passing(text: &str) -> bool {
    ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]"]
        .iter()
        .any(|code| {
            text.trim_start()
                .get(..code.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(code))
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::MailboxTimeouts;
    use std::time::Duration;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    #[test]
    fn only_our_own_machine_is_loopback() {
        for (address, expected) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.0.0.1", false),
            ("::ffff:192.0.2.1", false),
            ("fe80::1", false),
        ] {
            assert_eq!(is_loopback(address.parse().unwrap()), expected, "{address}");
        }
    }

    /// What a server hears that is far away and says these lines, one to each of ours; and how it ends.
    async fn far_away(said: &[&str]) -> (String, MailboxFault) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let said: Vec<String> = said.iter().map(|&line| line.to_owned()).collect();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut heard = String::new();
            for answer in said {
                stream.get_mut().write_all(answer.as_bytes()).await.unwrap();
                if stream.read_line(&mut heard).await.unwrap() == 0 {
                    break;
                }
            }
            heard
        });
        let settings = MailboxSettings {
            poll: Duration::ZERO,
            tls_name: None,
            ca_file: None,
            largest_mail: 0,
            timeouts: MailboxTimeouts::default(),
        };
        let account = InboxAccount {
            host: address.ip().to_string(),
            port: address.port(),
            protocol: Protocol::Imap,
            user: "desk".to_owned(),
            password: "secret".into(),
            folder: "INBOX".to_owned(),
            per_round: 1,
        };
        let opening = Opening {
            settings: &settings,
            authorities: &Authorities::new(None).unwrap(),
            account: &account,
            server: account.server(),
            is_near: |_| false,
        };
        let fault = opening.begin().await.map(drop).unwrap_err();
        (server.await.unwrap(), fault)
    }

    #[tokio::test]
    async fn starttls_that_was_stripped_gets_no_password() {
        let stripped = [
            "* OK\r\n",
            "* CAPABILITY AUTH=PLAIN\r\nr1 OK\r\n",
            "* CAPABILITY AUTH=PLAIN\r\nr2 OK\r\n",
            "",
        ];
        let (heard, fault) = far_away(&stripped).await;
        assert_eq!(fault.kind, MailboxFaultKind::TlsMissing);
        assert_eq!(heard, "r1 CAPABILITY\r\nr2 CAPABILITY\r\n");
    }

    #[tokio::test]
    async fn starttls_that_is_refused_gets_no_password() {
        let refused = ["* OK\r\n", "* CAPABILITY STARTTLS\r\nr1 OK\r\n", "r2 NO\r\n"];
        let (heard, fault) = far_away(&refused).await;
        assert_eq!(fault.kind, MailboxFaultKind::TlsMissing);
        assert_eq!(heard, "r1 CAPABILITY\r\nr2 STARTTLS\r\n");
    }

    #[tokio::test]
    async fn a_session_that_is_said_to_be_logged_in_is_not_believed_in_the_clear() {
        let (heard, fault) = far_away(&["* PREAUTH welcome\r\n"]).await;
        assert_eq!((fault.kind, heard.as_str()), (MailboxFaultKind::Passing, ""));
    }

    #[test]
    fn a_busy_server_is_no_refusal_for_good() {
        assert!(is_passing("[unavailable] try later"));
        assert!(!is_passing("[AUTHENTICATIONFAILED] wrong password"));
        assert!(!is_passing("é"));
    }
}
