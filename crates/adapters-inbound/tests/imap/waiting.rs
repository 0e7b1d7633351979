//! What ends a wait.

use std::time::Duration;

use recado_domain::parameter::Parameter;

use crate::harness::{Desk, mail};
use crate::server::{Fault, Server};

fn is_idle(state: &crate::server::State) -> bool {
    state.log.last().is_some_and(|line| line == "IDLE")
}

#[tokio::test]
async fn a_mail_that_comes_ends_idle() {
    let server = Server::start().await;
    let desk = Desk::of(&server).await;
    let running = desk.start();
    for _ in 0..3 {
        server.until("idle", is_idle).await;
        let uid = server.append(&mail("a"));
        server.until_flagged(&[uid], "\\Seen").await;
    }
    running.stop().await;
    assert_eq!(desk.ledger.taken().len(), 3);
    assert_eq!(server.state.borrow().connections, 1);
}

#[tokio::test]
async fn without_idle_or_with_one_that_is_refused_the_mailbox_is_polled() {
    for refusal in [None, Some("NO not now"), Some("BAD"), Some("OK what for")] {
        let server = Server::start().await;
        match refusal {
            None => server.change(|state| state.capabilities.retain(|capability| *capability != "IDLE")),
            Some(answer) => server.fault("IDLE", Fault::Answer(answer), usize::MAX),
        }
        let mut desk = Desk::of(&server).await;
        desk.settings.poll = Duration::from_millis(5);
        let running = desk.start();
        server
            .until("three looks", |state| {
                state.log.iter().filter(|line| *line == "NOOP").count() >= 3
            })
            .await;
        let uid = server.append(&mail("a"));
        server.until_flagged(&[uid], "\\Seen").await;
        running.stop().await;
        assert_eq!(server.state.borrow().connections, 1, "{refusal:?}");
    }
}

#[tokio::test]
async fn idle_is_issued_anew_before_its_time_and_a_server_that_fell_silent_is_noticed() {
    let server = Server::start().await;
    let mut desk = Desk::of(&server).await;
    desk.settings.timeouts.idle = Duration::from_millis(20);
    desk.settings.timeouts.silence = Duration::from_millis(100);
    let running = desk.start();
    server
        .until("again", |state| {
            state.log.iter().filter(|line| *line == "IDLE").count() >= 3
        })
        .await;
    server.fault("NOOP", Fault::Silence, 1);
    server.until("reconnected", |state| state.connections >= 2).await;
    running.stop().await;
}

#[tokio::test]
async fn a_mail_that_comes_between_the_search_and_idle_is_seen() {
    let server = Server::start().await;
    server.fault("IDLE", Fault::First(b"* 1 EXISTS\r\n".to_vec()), 1);
    let desk = Desk::of(&server).await;
    let running = desk.start();
    // Idle begins with the news, or the news came before the answer to IDLE: either way it looks again.
    server
        .until("two looks", |state| {
            state.log.iter().filter(|line| *line == "NOOP").count() >= 2
        })
        .await;
    running.stop().await;
}

#[tokio::test]
async fn a_changed_parameter_ends_the_wait_and_the_session() {
    let server = Server::start().await;
    let other = Server::start().await;
    let uid = other.append(&mail("a"));
    let desk = Desk::of(&server).await;
    let running = desk.start();
    server.until("idle", is_idle).await;
    desk.set(Parameter::InboxPort, &other.address.port().to_string())
        .await;
    other.until_flagged(&[uid], "\\Seen").await;
    assert_eq!(server.commands("LOGOUT").len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn reading_is_switched_on_and_off_while_it_runs() {
    let server = Server::start().await;
    let uid = server.append(&mail("a"));
    let desk = Desk::of(&server).await;
    desk.set(Parameter::ReadMail, "N").await;
    let running = desk.start();
    assert_eq!(server.state.borrow().connections, 0);
    desk.set(Parameter::ReadMail, "Y").await;
    server.until_flagged(&[uid], "\\Seen").await;
    server.until("idle", is_idle).await;
    desk.set(Parameter::ReadMail, "N").await;
    server
        .until("leave", |state| {
            state.log.last().is_some_and(|line| line == "LOGOUT")
        })
        .await;
    running.stop().await;
}

#[tokio::test]
async fn a_mended_password_is_tried_at_once() {
    let server = Server::start().await;
    let uid = server.append(&mail("a"));
    let desk = Desk::of(&server).await;
    desk.set(Parameter::InboxPassword, "wrong").await;
    let running = desk.start();
    server
        .until("refused", |state| {
            state.log.iter().any(|line| line.starts_with("AUTHENTICATE"))
        })
        .await;
    desk.set(Parameter::InboxPassword, crate::server::PASSWORD).await;
    server.until_flagged(&[uid], "\\Seen").await;
    running.stop().await;
    assert_eq!(
        server.commands("AUTHENTICATE").len(),
        2,
        "once wrong, and not again before it was mended"
    );
}

#[tokio::test]
async fn the_word_to_stop_is_heard_whatever_the_server_owes_us() {
    for at in [
        "CAPABILITY",
        "AUTHENTICATE",
        "SELECT",
        "NOOP",
        "UNSEEN",
        "SIZE",
        "BODY.PEEK[]",
        "IDLE",
    ] {
        let server = Server::start().await;
        server.append(&mail("a"));
        server.fault(at, Fault::Silence, usize::MAX);
        let mut desk = Desk::of(&server).await;
        desk.settings.timeouts.silence = Duration::from_hours(1);
        desk.settings.timeouts.command = Duration::from_hours(1);
        let running = desk.start();
        server
            .until(at, |state| state.log.last().is_some_and(|line| line.contains(at)))
            .await;
        running.stop().await;
    }
}
