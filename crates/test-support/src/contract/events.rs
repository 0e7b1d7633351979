//! What [`Events`](recado_ports::events::Events) promises: a log in order that skips nothing, and waits that miss no change.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use recado_domain::channel::{AccountId, HoldReason};
use recado_domain::ledger::Outcome;
use recado_domain::parameter::Parameter;
use recado_domain::ticket::TicketId;
use recado_ports::channels::Hold;
use recado_ports::comments::Retraction;
use recado_ports::events::{Event, EventKind, Topic};
use recado_ports::ledger::SettleMail;
use recado_ports::tickets::TicketWrite;
use tokio::task::JoinSet;

use super::arrange::{after, claim_at, in_time, retry, sent};
use super::{DEADLINE, Subject};
use crate::builders::{alert, comment, settlement, ticket};
use crate::clock::START;

type Facts = (EventKind, Option<TicketId>, uuid::Uuid);

fn facts(events: &[Event]) -> Vec<Facts> {
    events
        .iter()
        .map(|event| (event.kind, event.ticket, event.subject))
        .collect()
}

pub async fn the_log_tells_what_happened_in_order(subject: &Subject) {
    assert_eq!(subject.events.newest().await.unwrap(), None);
    let ticket = subject.ticket("1").await;
    let write = TicketWrite {
        expected: Some(ticket.version),
        ticket: ticket.clone(),
        cut_off: BTreeSet::new(),
    };
    subject.tickets.put(write.clone()).await.unwrap();
    subject.tickets.put(write).await.unwrap_err();
    let accept = comment(&ticket).owing(&["ana@example.com"]);
    let (id, mail) = (accept.comment.id.0, accept.deliveries[0].id);
    subject.comments.accept(accept).await.unwrap();
    let claim = claim_at(START);
    subject.claim(&claim).await;
    subject.settle(claim.lease, mail, retry(START)).await;
    let (test, lease) = {
        subject.outbox.cancel(mail, "not wanted", START).await.unwrap();
        subject.sending().await
    };
    subject.settle(lease, test, sent()).await;
    let about = Some(ticket.id);
    let expected = [
        (EventKind::TicketChanged, about, ticket.id.0),
        (EventKind::TicketChanged, about, ticket.id.0),
        (EventKind::CommentCreated, about, id),
        (EventKind::DeliveryChanged, about, mail.0),
        (EventKind::DeliveryChanged, about, mail.0),
        (EventKind::DeliveryChanged, None, test.0),
    ];
    let log = subject.log().await;
    assert_eq!(facts(&log), expected);
    assert_eq!(
        subject.events.newest().await.unwrap(),
        log.last().map(|event| event.cursor.clone())
    );
}

pub async fn a_retraction_is_logged(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let accept = comment(&ticket).owing(&["ana@example.com"]);
    let (id, mail) = (accept.comment.id, accept.deliveries[0].id);
    subject.comments.accept(accept).await.unwrap();
    let before = subject.events.newest().await.unwrap();
    subject
        .comments
        .retract(ticket.id, id, Retraction::MakeInternal, &[], after(1))
        .await
        .unwrap();
    let mut logged = facts(&subject.events.after(before, 10).await.unwrap());
    logged.sort_by_key(|(_, _, subject)| *subject);
    let about = Some(ticket.id);
    assert_eq!(
        logged,
        [
            (EventKind::CommentCreated, about, id.0),
            (EventKind::DeliveryChanged, about, mail.0)
        ]
    );
}

pub async fn following_resumes_behind_a_cursor(subject: &Subject) {
    for number in ["1", "2", "3", "4", "5"] {
        subject.ticket(number).await;
    }
    let log = subject.log().await;
    assert_eq!(log.len(), 5);
    let cursors: BTreeSet<_> = log.iter().map(|event| &event.cursor).collect();
    assert_eq!(cursors.len(), 5);
    assert_eq!(subject.events.after(None, 2).await.unwrap(), log[..2]);
    for (index, event) in log.iter().enumerate() {
        let rest = subject.events.after(Some(event.cursor.clone()), 2).await.unwrap();
        assert_eq!(rest, log[index + 1..(index + 3).min(5)]);
    }
    subject.ticket("6").await;
    let behind = subject
        .events
        .after(Some(log[4].cursor.clone()), 10)
        .await
        .unwrap();
    assert_eq!(behind.len(), 1);
}

pub async fn old_entries_are_forgotten_and_cursors_stay_good(subject: &Subject) {
    for (number, seconds) in [("1", 10), ("2", 20), ("3", 30)] {
        let mut write = ticket(number).write();
        write.ticket.updated_at = after(seconds);
        subject.tickets.put(write).await.unwrap();
    }
    let log = subject.log().await;
    assert_eq!(subject.events.forget(log[1].at).await.unwrap(), 1);
    assert_eq!(subject.log().await, log[1..]);
    assert_eq!(
        subject
            .events
            .after(Some(log[0].cursor.clone()), 10)
            .await
            .unwrap(),
        log[1..]
    );
    assert_eq!(subject.events.forget(after(86_400 * 36_500)).await.unwrap(), 2);
    assert_eq!(subject.log().await, []);
    subject.ticket("4").await;
    let behind = subject
        .events
        .after(Some(log[2].cursor.clone()), 10)
        .await
        .unwrap();
    assert_eq!(behind.len(), 1, "the log goes on where it was");
}

pub async fn a_follower_skips_nothing_while_many_write(subject: &Subject) {
    follow(subject, 6, 20).await;
}

/// A follower reads while this many writers put this many tickets each; it must see every one of them once, and in the
/// order in which the log tells them afterwards.
pub async fn follow(subject: &Subject, writers: usize, each: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..writers {
        let tickets = subject.tickets.clone();
        let tickets_to_put: Vec<_> = (0..each)
            .map(|_| ticket(&crate::builders::id().to_string()).write())
            .collect();
        tasks.spawn(async move {
            for write in tickets_to_put {
                tickets.put(write).await.unwrap();
            }
        });
    }
    let mut seen: Vec<Event> = Vec::new();
    let following = async {
        while seen.len() < writers * each {
            let cursor = seen.last().map(|event| event.cursor.clone());
            let more = subject.events.after(cursor, 7).await.unwrap();
            if more.is_empty() {
                subject.events.wait(Topic::Log, Duration::from_millis(50)).await;
            }
            seen.extend(more);
        }
    };
    in_time("following the log", following).await;
    tasks.join_all().await;
    let different: BTreeSet<_> = seen.iter().map(|event| event.subject).collect();
    assert_eq!(different.len(), writers * each);
    let mut afterwards = Vec::new();
    loop {
        let cursor = afterwards.last().map(|event: &Event| event.cursor.clone());
        let more = subject.events.after(cursor, 500).await.unwrap();
        if more.is_empty() {
            break;
        }
        afterwards.extend(more);
    }
    assert_eq!(seen, afterwards);
}

pub async fn a_wait_ends_when_the_time_is_up(subject: &Subject) {
    for topic in [Topic::Outbox, Topic::Log] {
        in_time(
            "a wait of ten milliseconds",
            subject.events.wait(topic, Duration::from_millis(10)),
        )
        .await;
    }
}

/// Begins a wait, makes the change, and requires the wait to end long before its time.
async fn ends_wait<F: Future>(subject: &Subject, topic: Topic, what: &str, change: F) {
    let mut wait = subject.events.wait(topic, DEADLINE * 100);
    // Echoes of what was arranged before may end a wait at once; the one that stays is the one to test.
    for _ in 0..100 {
        if poll_fn(|context| Poll::Ready(wait.as_mut().poll(context)))
            .await
            .is_pending()
        {
            break;
        }
        wait = subject.events.wait(topic, DEADLINE * 100);
    }
    change.await;
    in_time(what, wait).await;
}

pub async fn a_change_ends_a_wait_for_the_log(subject: &Subject) {
    let put = subject.ticket("1");
    ends_wait(subject, Topic::Log, "hearing of a ticket", put).await;
    let ticket = subject.ticket("2").await;
    let accept = subject.comments.accept(comment(&ticket).owing(&[]));
    ends_wait(subject, Topic::Log, "hearing of a comment", accept).await;
    let (id, lease) = subject.sending().await;
    let settle = subject.settle(lease, id, sent());
    ends_wait(subject, Topic::Log, "hearing of a delivery", settle).await;
}

pub async fn a_change_ends_a_wait_for_the_outbox(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let account = AccountId::DEFAULT;
    let accept = subject
        .comments
        .accept(comment(&ticket).owing(&["ana@example.com"]));
    ends_wait(subject, Topic::Outbox, "hearing of a comment's mail", accept).await;
    ends_wait(
        subject,
        Topic::Outbox,
        "hearing of a test mail",
        subject.due_mail(),
    )
    .await;
    let dead = subject.mail_in(recado_domain::outbox::State::Cancelled).await;
    let requeue = subject.outbox.requeue(dead, START);
    ends_wait(subject, Topic::Outbox, "hearing of a requeued mail", requeue).await;
    ends_wait(
        subject,
        Topic::Outbox,
        "hearing of a nudge",
        subject.channels.nudge(account),
    )
    .await;
    let hold = Hold {
        reason: HoldReason::Operator,
        detail: String::new(),
        since: START,
    };
    subject.channels.hold(account, &hold).await.unwrap();
    let release = subject.channels.release(account, &HoldReason::ALL);
    ends_wait(subject, Topic::Outbox, "hearing of a release", release).await;
    let set = subject
        .parameters
        .set(Parameter::StopOutgoingMail, Some("N".to_owned()));
    ends_wait(subject, Topic::Outbox, "hearing of a parameter", set).await;
}

pub async fn a_mail_that_is_settled_ends_waits_for_log_and_outbox(subject: &Subject) {
    let about = subject.ticket("1").await;
    for topic in [Topic::Log, Topic::Outbox] {
        let mail = subject.incoming().await;
        let settle = SettleMail {
            comment: Some(comment(&about).owing(&["tomas@example.com"])),
            ..settlement(mail, Outcome::Attached)
        };
        let settle = subject.ledger.settle(settle);
        ends_wait(subject, topic, "hearing of a settled mail", settle).await;
    }
    let mail = subject.incoming().await;
    let quarantined = settlement(mail, Outcome::Quarantined);
    subject.ledger.settle(quarantined).await.unwrap();
    let notice = subject.ledger.notice(mail, vec![alert(mail).build()], START);
    ends_wait(subject, Topic::Outbox, "hearing of an alert", notice).await;
}
