//! The real servers themselves: that each starts, does what the suites count on, and leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a test client fails the test by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use base64::prelude::{BASE64_STANDARD, Engine};
use recado_tests::mail_client::{NOBODY, deliver, submit};
use recado_tests::servers::dovecot::{Announcing, INBOX};
use recado_tests::servers::postfix::Route;
use recado_tests::servers::postgres::Durability;
use recado_tests::servers::{Dovecot, Postfix, Postgres, dovecot, postfix};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn each_postgres_database_is_empty_and_of_its_own() {
    let Some(postgres) = Postgres::for_this_test() else {
        return;
    };
    let (first, second) = (postgres.database("first"), postgres.database("second"));
    postgres
        .query(
            &first,
            "CREATE TABLE note (text text); INSERT INTO note VALUES ('ñandú')",
        )
        .unwrap();
    assert_eq!(
        postgres
            .query(&first, "SELECT text, length(text) FROM note")
            .unwrap(),
        "ñandú\t5\n"
    );
    let error = postgres.query(&second, "SELECT text FROM note").unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
}

#[test]
fn postgres_keeps_a_commit_over_a_crash() {
    let Some(postgres) = Postgres::alone(Durability::Flushed) else {
        return;
    };
    let url = postgres.database("crash");
    postgres
        .query(
            &url,
            "CREATE TABLE note (number int); INSERT INTO note VALUES (1)",
        )
        .unwrap();
    postgres.crash();
    postgres.query(&url, "SELECT 1").unwrap_err();
    postgres.recover();
    assert_eq!(postgres.query(&url, "SELECT number FROM note").unwrap(), "1\n");
}

#[test]
fn postgres_demands_its_password() {
    let Some(postgres) = Postgres::for_this_test() else {
        return;
    };
    let error = postgres
        .query(&postgres.admin_url().replace(":recado@", ":wrong@"), "SELECT 1")
        .unwrap_err();
    assert!(
        error.to_string().contains("password authentication failed"),
        "{error}"
    );
}

/// The plainest client there is: each line waits for its answer.
struct Client<S: Read + Write> {
    stream: BufReader<S>,
}

impl Client<TcpStream> {
    fn connect(address: SocketAddr) -> Self {
        let mut client = Self {
            stream: BufReader::new(tcp(address)),
        };
        assert!(client.answer().starts_with("220"));
        client
    }

    /// Goes on in TLS, after the server agreed to it.
    fn secure(self, ca_file: &Path) -> Client<StreamOwned<ClientConnection, TcpStream>> {
        Client {
            stream: BufReader::new(tls(self.stream.into_inner(), postfix::HOST, ca_file)),
        }
    }
}

impl<S: Read + Write> Client<S> {
    fn say(&mut self, line: &str) -> String {
        self.stream
            .get_mut()
            .write_all(format!("{line}\r\n").as_bytes())
            .unwrap();
        self.answer()
    }

    /// One answer, all its lines.
    fn answer(&mut self) -> String {
        let mut answer = String::new();
        loop {
            let start = answer.len();
            assert!(
                self.stream.read_line(&mut answer).unwrap() > 0,
                "the server hung up after {answer:?}"
            );
            if answer.as_bytes()[start..].get(3) == Some(&b' ') {
                return answer;
            }
        }
    }

    fn log_in(&mut self, password: &str) -> String {
        let credentials = BASE64_STANDARD.encode(format!("\0{}\0{password}", postfix::USER));
        self.say(&format!("AUTH PLAIN {credentials}"))
    }

    /// Sends a mail whose lines end with CRLF.
    fn send(&mut self, recipient: &str, mail: &str) {
        assert!(self.say("MAIL FROM:<desk@recado.test>").starts_with("250"));
        assert!(self.say(&format!("RCPT TO:<{recipient}>")).starts_with("250"));
        assert!(self.say("DATA").starts_with("354"));
        assert!(
            self.say(&format!("{}.", mail.replace("\n.", "\n..")))
                .starts_with("250")
        );
    }
}

fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A TLS session that trusts the server's own authority alone, and checks the name.
fn tls(stream: TcpStream, host: &'static str, ca_file: &Path) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(ca_file).unwrap())
        .unwrap();
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

#[test]
fn postfix_delivers_a_mail_byte_for_byte_to_any_address() {
    let Some(postfix) = Postfix::for_this_test() else {
        return;
    };
    let mut client = Client::connect(postfix.relay());
    assert!(client.say("EHLO test").contains("PIPELINING"));
    // The header is complete: Postfix adds what is missing.
    let mail = "From: desk@recado.test\r\nTo: ana@example.org\r\nSubject: dots\r\n\
                Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@recado.test>\r\n\
                \r\n.\r\n..\r\n=F1 \r\n";
    client.send("ana@example.org", mail);

    let delivered = String::from_utf8(postfix.wait_for_mail("ana@example.org", PATIENCE)).unwrap();
    assert!(delivered.ends_with(&mail.replace("\r\n", "\n")), "{delivered}");
    assert_eq!(postfix.delivered_to("bob@example.org"), Vec::<Vec<u8>>::new());
}

#[test]
fn postfix_takes_submissions_after_starttls_and_auth_alone() {
    let Some(postfix) = Postfix::for_this_test() else {
        return;
    };
    let mut client = Client::connect(postfix.submission());
    let offer = client.say("EHLO test");
    assert!(offer.contains("STARTTLS") && !offer.contains("AUTH"), "{offer}");
    assert!(client.say("MAIL FROM:<desk@recado.test>").starts_with("530"));
    assert!(client.say("STARTTLS").starts_with("220"));

    let mut client = client.secure(&postfix.ca_file());
    let offer = client.say("EHLO test");
    assert!(
        offer.contains("AUTH") && offer.contains("PLAIN") && offer.contains("LOGIN"),
        "{offer}"
    );
    assert!(client.say("MAIL FROM:<desk@recado.test>").starts_with("250"));
    assert!(
        client.say("RCPT TO:<ana@example.org>").starts_with("554"),
        "a stranger may not submit"
    );
    assert!(client.say("RSET").starts_with("250"));
    assert!(client.log_in("wrong").starts_with("535"));
    assert!(
        client.log_in(postfix::PASSWORD).starts_with("235"),
        "{}",
        postfix.log()
    );
    client.send("ana@example.org", "Subject: submitted\r\n\r\nHola\r\n");
    let delivered = String::from_utf8(postfix.wait_for_mail("ana@example.org", PATIENCE)).unwrap();
    assert!(
        delivered.contains("\nSubject: submitted\n") && delivered.ends_with("\n\nHola\n"),
        "{delivered}"
    );
}

#[test]
fn postfix_takes_submissions_in_implicit_tls() {
    let Some(postfix) = Postfix::for_this_test() else {
        return;
    };
    let mut client = Client {
        stream: BufReader::new(tls(tcp(postfix.submissions()), postfix::HOST, &postfix.ca_file())),
    };
    assert!(client.answer().starts_with("220"));
    assert!(client.say("EHLO test").contains("AUTH"));
    assert!(
        client.log_in(postfix::PASSWORD).starts_with("235"),
        "{}",
        postfix.log()
    );
}

/// A user of Dovecot's.
const ANA: &str = "ana@recado.test";

/// One command of IMAP and its answer's lines, up to the one that begins with the tag.
fn imap<S: Read + Write>(stream: &mut BufReader<S>, command: &str) -> String {
    stream
        .get_mut()
        .write_all(format!("t {command}\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    loop {
        let start = answer.len();
        assert!(stream.read_line(&mut answer).unwrap() > 0, "{answer}");
        if answer[start..].starts_with("t ") || answer[start..].starts_with("+ ") {
            return answer;
        }
    }
}

/// A command that logs in: the password as a quoted string.
fn login(user: &str) -> String {
    let password = dovecot::PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
    format!("LOGIN {user} \"{password}\"")
}

#[test]
fn dovecot_takes_a_login_in_tls_and_tells_an_idle_client_of_new_mail() {
    let Some(server) = Dovecot::for_this_test(&[ANA]) else {
        return;
    };
    let mut client = BufReader::new(tls(tcp(server.imaps()), dovecot::HOST, &server.ca_file()));
    let mut greeting = String::new();
    client.read_line(&mut greeting).unwrap();
    assert!(greeting.starts_with("* OK"), "{greeting}");
    assert!(imap(&mut client, "LOGIN ana@recado.test wrong").contains("t NO"));
    let answer = imap(&mut client, &login(ANA));
    assert!(answer.contains("t OK"), "{answer}{}", server.log());
    assert!(imap(&mut client, "SELECT INBOX").contains("* 0 EXISTS"));
    assert_eq!(server.connections(ANA), 1);
    assert!(imap(&mut client, "IDLE").starts_with("+ "));
    server.append(ANA, b"Subject: new\n\nHola\n");
    let mut told = String::new();
    client.read_line(&mut told).unwrap();
    assert_eq!(told, "* 1 EXISTS\r\n");
    server.kick(ANA);
    // The connection ends, with a word or without.
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest);
    assert_eq!(server.connections(ANA), 0);

    let (address, ca_file) = (server.imap(), server.ca_file());
    drop(server);
    assert!(!ca_file.exists() && TcpStream::connect(address).is_err());
}

#[test]
fn dovecot_keeps_plus_addresses_and_refuses_strangers() {
    let Some(server) = Dovecot::for_this_test(&[ANA]) else {
        return;
    };
    let to = ["Ana+Detail@recado.test", "bob@recado.test"];
    let replies = deliver(server.lmtp(), NOBODY, &to, b"Subject: x\n\n.\n\xf1\x00\n");
    assert_eq!((replies[0].code(), replies[1].code()), (250, 550), "{replies:?}");
    let mails = server.mails(ANA);
    assert_eq!(mails.len(), 1);
    let text = String::from_utf8_lossy(&mails[0].raw);
    assert!(text.contains("Delivered-To: Ana+Detail@recado.test\n"), "{text}");
    assert!(
        mails[0].raw.ends_with(b"Subject: x\n\n.\n\xf1\x00\n"),
        "byte for byte: {text}"
    );
}

#[test]
fn dovecot_keeps_mails_and_flags_over_renumbering_and_a_crash() {
    let Some(server) = Dovecot::for_this_test(&[ANA]) else {
        return;
    };
    let before = server.uid_validity(ANA);
    for number in 1..=3 {
        server.append(ANA, format!("Subject: {number}\n\nHola\n").as_bytes());
    }
    let mut client = BufReader::new(tcp(server.imap()));
    client.read_line(&mut String::new()).unwrap();
    assert!(imap(&mut client, &login(ANA)).contains("t OK"));
    imap(&mut client, "SELECT INBOX");
    assert!(imap(&mut client, "STORE 1 +FLAGS (\\Deleted)").contains("t OK"));
    assert!(imap(&mut client, "EXPUNGE").contains("t OK"));
    assert!(imap(&mut client, "STORE 1 +FLAGS (\\Seen)").contains("t OK"));
    let uids = || {
        server
            .mails(ANA)
            .iter()
            .map(|mail| (mail.uid, mail.has("\\Seen")))
            .collect::<Vec<_>>()
    };
    assert_eq!(uids(), [(2, true), (3, false)]);
    server.renumber(ANA);
    assert_ne!(server.uid_validity(ANA), before);
    assert_eq!(uids(), [(1, true), (2, false)]);
    server.mark_unread(ANA);
    assert_eq!(uids(), [(1, false), (2, false)]);
    server.mark_read(ANA);
    assert_eq!(uids(), [(1, true), (2, true)]);
    server.crash();
    assert!(TcpStream::connect(server.imap()).is_err());
    server.recover();
    assert_eq!(uids(), [(1, true), (2, true)]);
    server.create_folder(ANA, "Archive");
    server.append_to(ANA, "Archive", b"Subject: old\n\n");
    assert_eq!(server.mails_in(ANA, "Archive").len(), 1);
    assert_eq!(server.mails_in(ANA, INBOX).len(), 2);
    server.empty(ANA);
    assert_eq!(server.mails(ANA), []);
}

#[test]
fn dovecot_keeps_idle_to_itself_where_the_test_says_so() {
    for (announcing, expected) in [(Announcing::Everything, true), (Announcing::NoIdle, false)] {
        let Some(server) = Dovecot::for_this_test_as(&[ANA], announcing) else {
            return;
        };
        let mut client = BufReader::new(tcp(server.imap()));
        let mut told = String::new();
        client.read_line(&mut told).unwrap();
        told += &imap(&mut client, &login(ANA));
        told += &imap(&mut client, "CAPABILITY");
        assert_eq!(told.contains(" IDLE"), expected, "{told}");
    }
}

#[test]
fn postfix_hands_a_domain_on_to_dovecot_and_bounces_what_it_refuses() {
    let Some(mailboxes) = Dovecot::for_this_test(&[ANA]) else {
        return;
    };
    let Some(server) = Postfix::for_this_test_with(&[("recado.test", Route::Lmtp(mailboxes.lmtp()))]) else {
        return;
    };
    let to = [
        "ana+detail@recado.test",
        "nobody@recado.test",
        "elsewhere@example.org",
    ];
    submit(
        server.relay(),
        ANA,
        &to,
        b"From: ana@recado.test\r\nSubject: x\r\n\r\nHola\r\n",
    );
    let mails = mailboxes.wait_for_mails(ANA, 2, PATIENCE);
    let texts = mails.iter().map(|mail| String::from_utf8_lossy(&mail.raw));
    let (bounces, delivered): (Vec<_>, Vec<_>) = texts.partition(|text| text.contains("multipart/report"));
    assert_eq!((bounces.len(), delivered.len()), (1, 1));
    assert!(
        delivered[0].contains("Delivered-To: ana+detail@recado.test\n"),
        "{}",
        delivered[0]
    );
    assert!(bounces[0].starts_with("Return-Path: <>\n"), "{}", bounces[0]);
    assert!(
        bounces[0].contains("Final-Recipient: rfc822; nobody@recado.test\n"),
        "{}",
        bounces[0]
    );
    assert!(bounces[0].contains("Status: 5.1.1\n"), "{}", bounces[0]);
    server.wait_for_mail("elsewhere@example.org", PATIENCE);
}

#[test]
fn postfix_hands_mail_to_programs_as_an_unprivileged_user() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let program = file("program");
    let (new, done) = (file("pipe.new"), file("pipe"));
    fs::write(
        &program,
        format!("#!/bin/sh\ncat >{new} && echo \"$1\" >>{new} && mv {new} {done}\n"),
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let alias = format!(
        "cat >{} && mv {} {}",
        file("alias.new"),
        file("alias.new"),
        file("alias")
    );
    let routes = [
        ("pipe.test", Route::Pipe(vec![program, "${recipient}".to_owned()])),
        ("desk@alias.test", Route::Alias(alias)),
    ];
    let Some(server) = Postfix::for_this_test_with(&routes) else {
        return;
    };
    let mail = b"From: ana@recado.test\nSubject: x\n\nHola\n";
    submit(server.relay(), ANA, &["desk+Token@pipe.test"], mail);
    submit(server.relay(), ANA, &["desk+Token@alias.test"], mail);
    let wait_for = |name: &str| {
        let start = Instant::now();
        loop {
            if let Ok(text) = fs::read_to_string(file(name)) {
                return text;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "no {name}; Postfix says:\n{}",
                server.log()
            );
            thread::yield_now();
        }
    };
    let piped = wait_for("pipe");
    assert!(
        piped.starts_with("Return-Path: <ana@recado.test>\nX-Original-To: desk+Token@pipe.test\n"),
        "{piped}"
    );
    assert!(piped.ends_with("\n\nHola\ndesk+Token@pipe.test\n"), "{piped}");
    let aliased = wait_for("alias");
    assert!(aliased.starts_with("From ana@recado.test "), "{aliased}");
    assert!(
        aliased.contains("\nX-Original-To: desk+Token@alias.test\nDelivered-To: desk+Token@alias.test\n"),
        "{aliased}"
    );
}
