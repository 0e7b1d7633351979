//! The real servers themselves: that each starts, does what the suites count on, and leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a test client fails the test by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use recado_tests::servers::postgres::Durability;
use recado_tests::servers::{Postfix, Postgres};

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
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: std::net::SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Self {
            stream: BufReader::new(stream),
        };
        assert!(client.answer().starts_with("220"));
        client
    }

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
}

#[test]
fn postfix_delivers_a_mail_byte_for_byte_to_any_address() {
    let Some(postfix) = Postfix::for_this_test() else {
        return;
    };
    let mut client = Client::connect(postfix.relay());
    assert!(client.say("EHLO test").contains("PIPELINING"));
    assert!(client.say("MAIL FROM:<desk@recado.test>").starts_with("250"));
    assert!(client.say("RCPT TO:<ana@example.org>").starts_with("250"));
    assert!(client.say("DATA").starts_with("354"));
    let mail = "From: <desk@recado.test>\r\nSubject: dots\r\n\r\n..\r\n...\r\n=F1 \r\n";
    assert!(client.say(&format!("{mail}.")).starts_with("250"));

    let delivered = String::from_utf8(postfix.wait_for_mail("ana@example.org", PATIENCE)).unwrap();
    assert!(delivered.ends_with("\n\n.\n..\n=F1 \n"), "{delivered}");
    assert!(delivered.contains("\nSubject: dots\n"), "{delivered}");
    assert_eq!(postfix.delivered_to("bob@example.org"), Vec::<Vec<u8>>::new());
}

#[test]
fn postfix_offers_starttls_before_it_offers_auth() {
    let Some(postfix) = Postfix::for_this_test() else {
        return;
    };
    let mut client = Client::connect(postfix.submission());
    let offer = client.say("EHLO test");
    assert!(offer.contains("STARTTLS") && !offer.contains("AUTH"), "{offer}");
    assert!(client.say("MAIL FROM:<desk@recado.test>").starts_with("530"));
    assert!(client.say("STARTTLS").starts_with("220"));
}
