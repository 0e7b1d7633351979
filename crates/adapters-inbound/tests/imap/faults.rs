//! A server that fails, or says what no server should.

use std::time::Duration;

use crate::harness::{Desk, mail};
use crate::server::{Fault, Server};

/// A fault at this command, once: the mail is taken all the same, once.
async fn overcome(at: &'static str, fault: Fault) {
    let server = Server::start().await;
    let uid = server.append(&mail("a"));
    server.fault(at, fault, 1);
    let mut desk = Desk::of(&server).await;
    desk.settings.timeouts.silence = Duration::from_millis(200);
    desk.settings.timeouts.command = Duration::from_millis(400);
    desk.settings.timeouts.refused = Duration::from_millis(1);
    let running = desk.start();
    server
        .until("waiting", |state| {
            state.log.last().is_some_and(|line| line == "IDLE")
        })
        .await;
    // A message that a connection was lost at is tried again after a while.
    desk.clock.advance(Duration::from_hours(1));
    let next = server.append(&mail("b"));
    server.until_flagged(&[uid, next], "\\Seen").await;
    running.stop().await;
    let mut subjects = desk.subjects();
    subjects.sort();
    assert_eq!(subjects, ["a", "b"], "{at}");
}

const STEPS: [&str; 8] = [
    "CAPABILITY",
    "AUTHENTICATE",
    "SELECT",
    "NOOP",
    "UNSEEN",
    "SIZE",
    "BODY.PEEK[]",
    "STORE",
];

#[tokio::test]
async fn bye_and_hanging_up_at_any_step_are_overcome() {
    for at in STEPS {
        overcome(at, Fault::Cut).await;
        overcome(at, Fault::Say(b"* BYE going down\r\n".to_vec())).await;
    }
}

#[tokio::test]
async fn garbage_and_silence_at_any_step_are_overcome() {
    for at in STEPS {
        overcome(at, Fault::Say(b"220 mail.example.org ESMTP\r\n".to_vec())).await;
        overcome(at, Fault::Silence).await;
    }
}

#[tokio::test]
async fn a_line_or_a_literal_without_end_is_overcome() {
    for at in ["CAPABILITY", "UNSEEN", "SIZE", "BODY.PEEK[]"] {
        overcome(at, Fault::Endless(&[b'x'; 15_000])).await;
        overcome(
            at,
            Fault::Endless(b"* 1 FETCH (UID 9 BODY[] {999999999999}\r\nxxxxxxxxxxxxxxxxxx"),
        )
        .await;
        overcome(at, Fault::Endless(b"* OK still here\r\n")).await;
        overcome(
            at,
            Fault::Endless(b"* 1 FETCH (((((((((((((((((((((((((((((((((((({1}\r\nx\r\n"),
        )
        .await;
    }
}

#[tokio::test]
async fn answers_that_nobody_asked_for_are_passed_over() {
    let noise = b"* 3 EXPUNGE\r\n* 9 FETCH (FLAGS (\\Seen) UID 1)\r\n* 9 FETCH (UID 77 BODY[] {3}\r\nabc)\r\n\
        * LIST (\\X) NIL \"a {7}\"\r\n* VANISHED 4:5\r\nr999 OK of another command\r\n* OK [ALERT] read {9}\r\n* 2 RECENT\r\n";
    for at in STEPS {
        let server = Server::start().await;
        let uid = server.append(&mail("a"));
        server.fault(at, Fault::First(noise.to_vec()), 1);
        let desk = Desk::of(&server).await;
        let running = desk.start();
        server.until_flagged(&[uid], "\\Seen").await;
        running.stop().await;
        assert_eq!(desk.subjects(), ["a"], "{at}");
        assert_eq!(server.state.borrow().connections, 1, "{at}");
    }
}

#[tokio::test]
async fn bodies_come_in_every_spelling() {
    for body in [
        "BODY[] {15}\r\nSubject: a\r\n\r\nb",
        "BODY[] {15+}\r\nSubject: a\r\n\r\nb",
        "BODY[] ~{15}\r\nSubject: a\r\n\r\nb",
        "body[] {15}\r\nSubject: a\r\n\r\nb FLAGS (\\Seen)",
    ] {
        let server = Server::start().await;
        let uid = server.append("");
        server.fault(
            "FETCH 1 (UID BODY.PEEK[])",
            Fault::First(format!("* 1 FETCH (UID 1 {body})\r\n").into_bytes()),
            1,
        );
        let desk = Desk::of(&server).await;
        let running = desk.start();
        server.until_flagged(&[uid], "\\Seen").await;
        running.stop().await;
        assert_eq!(desk.ledger.taken()[0].raw, b"Subject: a\r\n\r\nb", "{body}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_called_until_it_is() {
    let server = Server::start().await;
    server.change(|state| state.greeting = "* BYE too many".to_owned());
    let desk = Desk::of(&server).await;
    let running = desk.start();
    server.until("called again", |state| state.connections >= 3).await;
    server.change(|state| state.greeting = "* OK ready".to_owned());
    let uid = server.append(&mail("a"));
    server.until_flagged(&[uid], "\\Seen").await;
    running.stop().await;
}
