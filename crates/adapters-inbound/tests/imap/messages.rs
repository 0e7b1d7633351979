//! Which messages are taken, when, and what becomes of them in the mailbox.

use recado_domain::ledger::Via;
use recado_domain::parameter::Parameter;
use recado_ports::ledger::{Ledger as _, MailboxFolder};

use crate::harness::{Desk, LARGEST, mail};
use crate::intake::unavailable;
use crate::server::{Fault, Server, USER};

#[tokio::test]
async fn unread_mails_are_taken_as_they_are_and_marked_and_read_ones_of_old_are_left() {
    let server = Server::start().await;
    let old = server.append(&mail("old"));
    server.read_elsewhere(old);
    let uids = [server.append(&mail("one")), server.append(&mail("two"))];
    let desk = Desk::of(&server).await;
    let running = desk.start();
    server.until_flagged(&uids, "\\Seen").await;
    running.stop().await;
    assert_eq!(desk.subjects(), ["one", "two"]);
    let [first, _] = desk.ledger.taken().try_into().unwrap();
    assert_eq!(first.raw, mail("one").replace('\n', "\r\n").into_bytes());
    assert_eq!(first.via, Via::Imap);
    let place = format!("imap:{USER}@127.0.0.1:{}/INBOX;7;2", server.address.port());
    assert_eq!(first.source, Some(place));
    assert_eq!((first.envelope.from, first.envelope.to), (None, None));
    assert!(server.commands("LOGOUT").len() == 1, "it takes its leave");
}

#[tokio::test]
async fn a_mail_that_came_while_nobody_looked_is_taken_even_if_somebody_read_it() {
    let server = Server::start().await;
    let first = server.append(&mail("first"));
    let desk = Desk::of(&server).await;
    let running = desk.start();
    server.until_flagged(&[first], "\\Seen").await;
    running.stop().await;
    let read = server.append(&mail("read elsewhere"));
    server.read_elsewhere(read);
    let unread = server.append(&mail("unread"));
    let running = desk.start();
    server.until_flagged(&[unread], "\\Seen").await;
    running.stop().await;
    assert_eq!(desk.subjects(), ["first", "read elsewhere", "unread"]);
    let folder = MailboxFolder {
        account: recado_domain::channel::AccountId::DEFAULT,
        name: format!("{USER}@127.0.0.1:{}/INBOX", server.address.port()),
    };
    let position = desk.store.position(&folder).await.unwrap().unwrap();
    assert_eq!((position.uid_validity, position.last_uid), (7, 3));
}

#[tokio::test]
async fn a_mail_is_not_marked_before_it_is_taken() {
    let server = Server::start().await;
    let uid = server.append(&mail("a"));
    let desk = Desk::of(&server).await;
    desk.ledger.close();
    let running = desk.start();
    desk.ledger.wait_for_knock().await;
    assert!(server.commands("UID STORE").is_empty());
    desk.ledger.open();
    server.until_flagged(&[uid], "\\Seen").await;
    running.stop().await;
}

#[tokio::test]
async fn while_the_store_is_down_mails_wait_unread_and_are_taken_afterwards() {
    let server = Server::start().await;
    let uids = [server.append(&mail("a")), server.append(&mail("b"))];
    let desk = Desk::of(&server).await;
    let failures = std::sync::atomic::AtomicUsize::new(0);
    desk.ledger
        .fail(move |_| (failures.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 5).then(unavailable));
    let running = desk.start();
    server.until_flagged(&uids, "\\Seen").await;
    running.stop().await;
    assert_eq!(desk.subjects(), ["a", "b"]);
}

#[tokio::test]
async fn a_backlog_is_read_in_rounds_of_parameter_72_without_a_wait_between() {
    let server = Server::start().await;
    let uids: Vec<_> = (0..25).map(|n| server.append(&mail(&n.to_string()))).collect();
    let desk = Desk::of(&server).await;
    desk.set(Parameter::MessagesPerRound, "10").await;
    let running = desk.start();
    server.until_flagged(&uids, "\\Seen").await;
    running.stop().await;
    assert_eq!(desk.ledger.taken().len(), 25);
    let asked = server
        .commands("UID FETCH")
        .into_iter()
        .filter(|line| line.contains("SIZE"));
    let counts: Vec<_> = asked.map(|line| line.matches(',').count() + 1).collect();
    assert_eq!(counts, [10, 10, 5]);
}

#[tokio::test]
async fn after_a_renumbering_what_came_since_the_last_look_is_read_again() {
    let server = Server::start().await;
    let uid = server.append(&mail("a"));
    let desk = Desk::of(&server).await;
    let running = desk.start();
    server.until_flagged(&[uid], "\\Seen").await;
    running.stop().await;
    server.change(|state| {
        state.uid_validity = 8;
        let message = state.messages.remove(&1).unwrap();
        state.messages.insert(101, message);
        state.uid_next = 102;
    });
    let new = server.append(&mail("b"));
    let running = desk.start();
    server.until_flagged(&[new], "\\Seen").await;
    running.stop().await;
    // The copy bears another place; the ledger knows it by its fingerprint.
    assert_eq!(desk.subjects(), ["a", "a", "b"]);
    assert_eq!(
        server.commands("UID SEARCH SINCE"),
        ["UID SEARCH SINCE 21-Nov-2026"]
    );
    let last = desk.ledger.taken().pop().unwrap();
    assert!(last.source.unwrap().ends_with(";8;102"));
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_announced_by_its_head_flagged_and_not_fetched_again() {
    for claims in [None, Some(10)] {
        let server = Server::start().await;
        let large = server.append(&(mail("large") + &"x".repeat(LARGEST)));
        server.change(|state| state.messages.get_mut(&large).unwrap().claims = claims);
        let small = server.append(&mail("small"));
        let desk = Desk::of(&server).await;
        let running = desk.start();
        server.until_flagged(&[large], "\\Flagged").await;
        server.until_flagged(&[small], "\\Seen").await;
        let next = server.append(&mail("next"));
        let state = server.until_flagged(&[next], "\\Seen").await;
        running.stop().await;
        assert!(!state.messages[&large].flags.contains("\\Seen"));
        assert_eq!(desk.subjects(), ["large", "small", "next"]);
        let stub = String::from_utf8(desk.ledger.taken().remove(0).raw).unwrap();
        assert!(
            stub.starts_with("From: ana@example.org\r\nSubject: large\r\nMIME-Version")
                && stub.contains("2000 are taken")
        );
        let fetched = server
            .commands("UID FETCH")
            .into_iter()
            .filter(|line| line.contains("HEADER"));
        assert_eq!(fetched.count(), 1);
    }
}

#[tokio::test]
async fn a_message_that_went_away_meanwhile_is_nothing() {
    for at in ["SIZE", "FETCH 1 (UID BODY.PEEK[])"] {
        let server = Server::start().await;
        server.append(&mail("gone"));
        let kept = server.append(&mail("kept"));
        server.fault(at, Fault::Expunge(1), 1);
        let desk = Desk::of(&server).await;
        let running = desk.start();
        server.until_flagged(&[kept], "\\Seen").await;
        running.stop().await;
        assert_eq!(desk.subjects(), ["kept"], "{at}");
        assert_eq!(server.state.borrow().connections, 1);
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_fetched_does_not_hold_up_the_others_and_is_tried_again() {
    for fault in [
        Fault::Answer("NO [SERVERBUG] corrupt"),
        Fault::Instead(b"* 1 FETCH (UID 1 BODY[] NIL)\r\n"),
        Fault::Cut,
    ] {
        let server = Server::start().await;
        let bad = server.append(&mail("bad"));
        let good = server.append(&mail("good"));
        server.fault("FETCH 1 (UID BODY.PEEK[])", fault, 3);
        let desk = Desk::of(&server).await;
        let running = desk.start();
        server.until_flagged(&[good], "\\Seen").await;
        for pause in [60, 60, 3_600] {
            desk.clock.advance(std::time::Duration::from_secs(pause));
            let next = server.append(&mail("next"));
            server.until_flagged(&[next], "\\Seen").await;
        }
        server.until_flagged(&[bad], "\\Seen").await;
        running.stop().await;
        let mut subjects = desk.subjects();
        subjects.sort();
        assert_eq!(subjects, ["bad", "good", "next", "next", "next"]);
    }
}

#[tokio::test]
async fn an_empty_message_is_passed_over() {
    let server = Server::start().await;
    server.append("");
    let good = server.append(&mail("good"));
    let desk = Desk::of(&server).await;
    let running = desk.start();
    server.until_flagged(&[good], "\\Seen").await;
    running.stop().await;
    assert_eq!(desk.subjects(), ["good"]);
}

#[tokio::test]
async fn a_server_that_names_no_next_uid_or_refuses_sizes_is_read_all_the_same() {
    let server = Server::start().await;
    server.change(|state| state.tells_uid_next = false);
    let old = server.append(&mail("old"));
    server.read_elsewhere(old);
    server.fault("SIZE", Fault::Answer("NO cannot say"), 1);
    let desk = Desk::of(&server).await;
    let running = desk.start();
    server
        .until("waiting", |state| state.log.iter().any(|line| line == "IDLE"))
        .await;
    let first = server.append(&mail("first"));
    server.until_flagged(&[first], "\\Seen").await;
    let second = server.append(&mail("second"));
    server.until_flagged(&[second], "\\Seen").await;
    running.stop().await;
    assert_eq!(desk.subjects(), ["first", "second"]);
}

#[tokio::test]
async fn a_folder_in_which_nothing_can_be_marked_is_read_once() {
    let server = Server::start().await;
    server.append(&mail("a"));
    server.fault("STORE", Fault::Answer("NO read-only"), usize::MAX);
    let desk = Desk::of(&server).await;
    let running = desk.start();
    server
        .until("waiting", |state| state.log.iter().any(|line| line == "IDLE"))
        .await;
    server.append(&mail("b"));
    desk.ledger.wait_for(2).await;
    running.stop().await;
    assert_eq!(desk.subjects(), ["a", "b"]);
    let bodies = server
        .commands("UID FETCH")
        .into_iter()
        .filter(|line| line.contains("BODY.PEEK[]"));
    assert_eq!(bodies.count(), 2);
}
