//! The SMTP session against the scripted server: every answer, every cut, every silence.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod announcing;
mod cuts;
mod dialogue;
mod faults;
mod protection;

use recado_adapters_smtp::{SmtpSettings, SmtpTransport, Timeouts};
use recado_domain::channel::{Credentials, OutgoingAccount, TlsMode};
use recado_domain::reply::Reply;
use recado_domain::token::MessageId;
use recado_ports::mail::{Envelope, MailSession, Reports, SendError, Transport};
use recado_test_support::smtp_server::SmtpServer;
use std::time::Duration;

/// Long enough for a busy machine to answer, short enough to wait for silence.
const SHORT: Duration = Duration::from_secs(1);

fn account(server: &SmtpServer) -> OutgoingAccount {
    OutgoingAccount {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        tls: TlsMode::None,
        credentials: None,
    }
}

fn credentials() -> Credentials {
    Credentials {
        user: "desk".to_owned(),
        password: "s3cret pässword".into(),
    }
}

fn transport() -> SmtpTransport {
    SmtpTransport::new(SmtpSettings::default()).unwrap()
}

fn impatient() -> SmtpTransport {
    let timeouts = Timeouts {
        connect: SHORT,
        greeting: SHORT,
        command: SHORT,
        announcement: SHORT,
        data: SHORT,
        block: SHORT,
        final_dot: SHORT,
        farewell: SHORT,
    };
    SmtpTransport::new(SmtpSettings {
        timeouts,
        ..SmtpSettings::default()
    })
    .unwrap()
}

fn message(id: &str) -> Vec<u8> {
    format!("Message-ID: <{id}>\r\nSubject: test\r\n\r\nHello\r\n.\r\n..\r\nMAIL FROM:<x@example.org>\r\n")
        .into_bytes()
}

fn envelope_to(to: &str, id: &str) -> Envelope {
    Envelope {
        from: "desk@example.org".parse().unwrap(),
        to: to.parse().unwrap(),
        size: message(id).len() as u64,
        message_id: MessageId::parse(id).unwrap(),
        reports: Reports::Failure,
    }
}

fn envelope(id: &str) -> Envelope {
    envelope_to("ana@example.org", id)
}

/// Begins and finishes one mail.
async fn send(session: &mut dyn MailSession, id: &str) -> Result<Reply, SendError> {
    session.begin(&envelope(id)).await?;
    session.finish(&message(id), None).await
}

/// Connects and sends one mail.
async fn deliver(transport: &SmtpTransport, account: &OutgoingAccount, id: &str) -> Result<Reply, SendError> {
    let mut session = transport.connect(account).await?;
    send(session.as_mut(), id).await
}
