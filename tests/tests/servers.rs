//! The real servers themselves: that each starts, does what the suites count on, and leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a test client fails the test by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use recado_tests::servers::postgres::Durability;
use recado_tests::servers::{Postfix, Postgres, postfix};
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
            stream: BufReader::new(tls(self.stream.into_inner(), ca_file)),
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
fn tls(stream: TcpStream, ca_file: &Path) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(ca_file).unwrap())
        .unwrap();
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(postfix::HOST).unwrap();
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
        stream: BufReader::new(tls(tcp(postfix.submissions()), &postfix.ca_file())),
    };
    assert!(client.answer().starts_with("220"));
    assert!(client.say("EHLO test").contains("AUTH"));
    assert!(
        client.log_in(postfix::PASSWORD).starts_with("235"),
        "{}",
        postfix.log()
    );
}
