//! TLS, and what goes over the wire without it.

use recado_adapters_inbound::imap::MailboxFaultKind;
use recado_domain::parameter::Parameter;

use crate::harness::{Desk, mail};
use crate::server::{Protection, Server, certificate};

/// A desk that trusts the certificate in `pem`.
async fn trusting(server: &Server, pem: &str, protocol: &str) -> (Desk, tempfile::TempDir) {
    let mut desk = Desk::of(server).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, pem).unwrap();
    desk.settings.ca_file = Some(path);
    desk.settings.tls_name = Some("imap.recado.test".to_owned());
    desk.set(Parameter::InboxProtocol, protocol).await;
    (desk, directory)
}

/// What to do about the fault that a try at the mailbox meets.
async fn remedy(desk: &Desk) -> String {
    desk.check().await.unwrap_err().remedy.unwrap()
}

#[tokio::test]
async fn mail_is_read_through_tls_from_the_first_octet_or_from_starttls_on() {
    let (acceptor, pem) = certificate("imap.recado.test");
    for (protocol, protection) in [
        ("imaps", Protection::Implicit(acceptor.clone())),
        ("imap", Protection::StartTls(acceptor.clone(), b"")),
    ] {
        let server = Server::with(protection).await;
        let uid = server.append(&mail("a"));
        let (desk, _directory) = trusting(&server, &pem, protocol).await;
        let running = desk.start();
        server.until_flagged(&[uid], "\\Seen").await;
        running.stop().await;
        let log = server.state.borrow().log.clone();
        assert_eq!(log.iter().any(|line| line == "STARTTLS"), protocol == "imap");
    }
}

#[tokio::test]
async fn a_certificate_of_a_stranger_or_for_another_host_is_refused() {
    let (acceptor, pem) = certificate("imap.recado.test");
    let (_, strange) = certificate("imap.recado.test");
    for (protocol, protection) in [
        ("imaps", Protection::Implicit(acceptor.clone())),
        ("imap", Protection::StartTls(acceptor.clone(), b"")),
    ] {
        let server = Server::with(protection).await;
        let (desk, _directory) = trusting(&server, &strange, protocol).await;
        assert_eq!(remedy(&desk).await, MailboxFaultKind::Certificate.remedy());
        let (mut desk, _directory) = trusting(&server, &pem, protocol).await;
        desk.settings.tls_name = None;
        assert_eq!(remedy(&desk).await, MailboxFaultKind::Certificate.remedy());
        assert!(server.commands("AUTHENTICATE").is_empty());
    }
}

#[tokio::test]
async fn what_is_slipped_in_behind_starttls_ends_the_session() {
    let (acceptor, pem) = certificate("imap.recado.test");
    let server = Server::with(Protection::StartTls(
        acceptor,
        b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",
    ))
    .await;
    let (desk, _directory) = trusting(&server, &pem, "imap").await;
    assert_eq!(remedy(&desk).await, MailboxFaultKind::Passing.remedy());
    assert!(server.commands("AUTHENTICATE").is_empty());
}

#[tokio::test]
async fn imaps_at_a_server_that_speaks_in_the_clear_gives_no_password_away() {
    let server = Server::start().await;
    let (desk, _directory) = trusting(&server, &certificate("imap.recado.test").1, "imaps").await;
    let remedy = remedy(&desk).await;
    assert_eq!(remedy, MailboxFaultKind::Passing.remedy());
    assert!(server.commands("AUTHENTICATE").is_empty() && server.commands("LOGIN").is_empty());
}
