//! What [`Comments`](recado_ports::comments::Comments) promises.

use jiff::Timestamp;
use recado_domain::comment::{AttachmentId, CommentId, Kind, Origin};
use recado_domain::outbox::{DeliveryId, State};
use recado_ports::comments::{AcceptComment, AcceptError, Audience, IdempotencyKey, Retraction};
use recado_ports::events::EventKind;
use recado_ports::page::PageLimit;
use tokio::task::JoinSet;

use super::Subject;
use super::arrange::{after, all_pages, claim_at, dead, page, sent};
use crate::builders::{address, ana, comment, id, idempotency, ticket};
use crate::clock::START;

/// Whoever has written nothing under hold.
pub(super) const EVERYBODY: Audience = Audience::Public { reader: None };
/// So late that no clock is past it, the database's own included.
const NEVER: Timestamp = Timestamp::constant(32_503_680_000, 0);
/// So early that every clock is past it.
const LONG_AGO: Timestamp = Timestamp::constant(86_400, 0);

pub(super) async fn texts(
    subject: &Subject,
    ticket: &recado_domain::ticket::Ticket,
    audience: &Audience,
) -> Vec<String> {
    let listed = subject
        .comments
        .list(ticket.id, audience, &page(100, None))
        .await
        .unwrap();
    listed
        .items
        .iter()
        .map(|item| item.comment.text.as_str().to_owned())
        .collect()
}

pub async fn an_accepted_comment_is_found_to_the_letter_with_its_mails(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let text = format!(
        "<script>alert('1')</script> {{{{7*7}}}} ${{X}}\r\n.\r\n\u{202e}derecha 🙂 {}",
        "ñ".repeat(500_000)
    );
    let mut accept = comment(&ticket)
        .by(ana())
        .text(&text)
        .internal()
        .attachment("a.txt", b"uno")
        .attachment("b.txt", b"dos")
        .owing(&["tomas@example.com", "eva@example.com"]);
    accept.comment.kind = Kind::Note;
    accept.comment.origin = Origin::Mail;
    accept.comment.quoted = Some("> antes".to_owned());
    accept.comment.html = Some("<p>derecha 🙂</p>".to_owned());
    accept.comment.created_at = "2026-11-22T10:00:00.123456Z".parse().unwrap();
    subject.comments.accept(accept.clone()).await.unwrap();
    let found = subject
        .comments
        .find(ticket.id, accept.comment.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.comment, accept.comment);
    let summaries: Vec<_> = found
        .deliveries
        .iter()
        .map(|mail| (mail.id, mail.recipient.as_str(), mail.state))
        .collect();
    let mails = &accept.deliveries;
    let expected = [
        (mails[0].id, "tomas@example.com", State::Ready),
        (mails[1].id, "eva@example.com", State::Ready),
    ];
    assert_eq!(summaries, expected);
    let listed = subject
        .comments
        .list(ticket.id, &Audience::Desk, &page(10, None))
        .await
        .unwrap();
    assert_eq!(listed.items, [found]);
}

pub async fn an_attachment_is_read_back_and_equal_contents_are_no_conflict(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let everything: Vec<u8> = (0..=255).collect();
    let twice = comment(&ticket)
        .attachment("a", &everything)
        .attachment("b", &everything)
        .attachment("c", b"")
        .owing(&[]);
    let again = comment(&ticket).attachment("d", &everything).owing(&[]);
    for accept in [&twice, &again] {
        subject.comments.accept(accept.clone()).await.unwrap();
        for (attachment, content) in accept.comment.attachments.iter().zip(&accept.contents) {
            let read = subject
                .comments
                .attachment(accept.comment.id, attachment.id)
                .await
                .unwrap();
            assert_eq!(read.as_ref(), Some(content), "{:?}", attachment.name);
        }
    }
    let foreign = again.comment.attachments[0].id;
    assert_eq!(
        subject
            .comments
            .attachment(twice.comment.id, foreign)
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        subject
            .comments
            .attachment(twice.comment.id, AttachmentId(id()))
            .await
            .unwrap(),
        None
    );
}

pub async fn a_comment_on_a_missing_ticket_leaves_nothing(subject: &Subject) {
    let missing = ticket("1").build();
    let record = idempotency("k", "d", NEVER);
    let accept = AcceptComment {
        idempotency: Some(record.clone()),
        ..comment(&missing).owing(&["ana@example.com"])
    };
    let result = subject.comments.accept(accept.clone()).await;
    assert!(matches!(result, Err(AcceptError::NoTicket)), "{result:?}");
    assert_eq!(subject.outbox.find(accept.deliveries[0].id).await.unwrap(), None);
    assert_eq!(subject.kept_under(&record.key, START).await, None);
    assert_eq!(subject.log().await, []);
}

pub async fn accepting_the_same_comment_again_changes_nothing(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let record = idempotency("k", "d", NEVER);
    let accept = AcceptComment {
        idempotency: Some(record.clone()),
        ..comment(&ticket)
            .attachment("a", b"uno")
            .owing(&["ana@example.com", "eva@example.com"])
    };
    subject.comments.accept(accept.clone()).await.unwrap();
    let claimed = subject.claim(&claim_at(START)).await;
    assert_eq!(claimed.len(), 2);
    let (before, log) = (
        subject.comments.find(ticket.id, accept.comment.id).await.unwrap(),
        subject.log().await,
    );
    subject.comments.accept(accept.clone()).await.unwrap();
    assert_eq!(
        subject.comments.find(ticket.id, accept.comment.id).await.unwrap(),
        before
    );
    assert_eq!(subject.log().await, log);
    assert_eq!(subject.kept_under(&record.key, START).await, Some(record));
}

pub async fn one_comment_accepted_by_several_calls_at_once_is_stored_once(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let accept = AcceptComment {
        idempotency: Some(idempotency("k", "d", NEVER)),
        ..comment(&ticket)
            .attachment("a", b"uno")
            .owing(&["ana@example.com", "eva@example.com"])
    };
    let before = subject.log().await.len();
    let mut calls = JoinSet::new();
    for _ in 0..4 {
        let (comments, accept) = (subject.comments.clone(), accept.clone());
        calls.spawn(async move { comments.accept(accept).await.unwrap() });
    }
    calls.join_all().await;
    assert_eq!(subject.log().await.len(), before + 1);
    let found = subject
        .comments
        .find(ticket.id, accept.comment.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&found.comment, found.deliveries.len()), (&accept.comment, 2));
}

pub async fn of_comments_accepted_at_once_each_stands_for_itself(subject: &Subject) {
    let tickets = [subject.ticket("1").await, subject.ticket("2").await];
    let lost = comment(&ticket("3").build()).owing(&["ana@example.com"]);
    let repeated = AcceptComment {
        idempotency: Some(idempotency("k", "d", NEVER)),
        ..comment(&tickets[0]).text("repeated").owing(&["ana@example.com"])
    };
    let keyless = comment(&tickets[1]).text("keyless").owing(&["ana@example.com"]);
    let stored: Vec<_> = (0..12)
        .map(|number| {
            let built = comment(&tickets[number % 2]).text(&number.to_string());
            let built = if number % 3 == 0 {
                built.attachment("a", b"uno")
            } else {
                built
            };
            built.owing(&["ana@example.com", "eva@example.com"])
        })
        .chain([repeated.clone(), keyless.clone()])
        .collect();
    let before = subject.log().await.len();
    let mut calls = JoinSet::new();
    let all = stored.iter().chain([&lost, &repeated, &keyless, &repeated]);
    for accept in all.cloned().collect::<Vec<_>>() {
        let comments = subject.comments.clone();
        calls.spawn(async move { (accept.comment.id, comments.accept(accept).await) });
    }
    for (id, result) in calls.join_all().await {
        if id == lost.comment.id {
            assert!(matches!(result, Err(AcceptError::NoTicket)), "{result:?}");
        } else {
            result.unwrap();
        }
    }
    assert_eq!(subject.log().await.len(), before + stored.len());
    for accept in stored {
        let AcceptComment {
            comment, deliveries, ..
        } = accept;
        let found = subject
            .comments
            .find(comment.ticket, comment.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.comment, comment);
        let ids = |mails: Vec<DeliveryId>| mails.into_iter().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(
            ids(found.deliveries.iter().map(|mail| mail.id).collect()),
            ids(deliveries.iter().map(|mail| mail.id).collect())
        );
        for owed in deliveries {
            let messages = subject.outbox.messages(&[owed.id]).await.unwrap();
            assert_eq!(messages, [(owed.id, owed.message)]);
        }
    }
}

pub async fn a_used_key_gives_its_record_and_writes_nothing(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let first = idempotency("k", "digest of the first", NEVER);
    let accept = AcceptComment {
        idempotency: Some(first.clone()),
        ..comment(&ticket).owing(&[])
    };
    subject.comments.accept(accept).await.unwrap();
    let second = AcceptComment {
        idempotency: Some(idempotency("k", "digest of the second", NEVER)),
        ..comment(&ticket)
            .attachment("a", b"uno")
            .owing(&["ana@example.com"])
    };
    let log = subject.log().await;
    match subject.comments.accept(second.clone()).await {
        Err(AcceptError::Repeated(record)) => assert_eq!(record, first),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        subject.comments.find(ticket.id, second.comment.id).await.unwrap(),
        None
    );
    assert_eq!(subject.outbox.find(second.deliveries[0].id).await.unwrap(), None);
    assert_eq!(subject.log().await, log);
}

pub async fn a_key_belongs_to_its_scope(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    for scope in ["token-1", "token-2"] {
        let mut record = idempotency("k", scope, NEVER);
        scope.clone_into(&mut record.key.scope);
        let accept = AcceptComment {
            idempotency: Some(record),
            ..comment(&ticket).owing(&[])
        };
        subject.comments.accept(accept).await.unwrap();
    }
    let key = IdempotencyKey {
        scope: "token-2".to_owned(),
        key: "k".to_owned(),
    };
    let record = subject.kept_under(&key, START).await.unwrap();
    assert_eq!(record.digest, "token-2");
    let unknown = IdempotencyKey {
        scope: "token-3".to_owned(),
        ..key
    };
    assert_eq!(subject.kept_under(&unknown, START).await, None);
}

pub async fn an_expired_key_may_be_used_again(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let old = idempotency("k", "old", LONG_AGO);
    let accept = AcceptComment {
        idempotency: Some(old.clone()),
        ..comment(&ticket).owing(&[])
    };
    subject.comments.accept(accept).await.unwrap();
    assert_eq!(subject.kept_under(&old.key, START).await, None);
    let new = idempotency("k", "new", NEVER);
    let accept = AcceptComment {
        idempotency: Some(new.clone()),
        ..comment(&ticket).owing(&[])
    };
    subject.comments.accept(accept).await.unwrap();
    assert_eq!(subject.kept_under(&old.key, START).await, Some(new));
}

pub async fn expired_keys_are_forgotten_a_few_at_a_time(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let keys = [("a", LONG_AGO), ("b", LONG_AGO), ("c", LONG_AGO), ("d", NEVER)];
    for (key, expires_at) in keys {
        let accept = AcceptComment {
            idempotency: Some(idempotency(key, "digest", expires_at)),
            ..comment(&ticket).owing(&[])
        };
        subject.comments.accept(accept).await.unwrap();
    }
    let mut forgotten = Vec::new();
    for _ in 0..3 {
        forgotten.push(subject.comments.forget_idempotency(START, 2).await.unwrap());
    }
    assert_eq!(forgotten, [2, 1, 0]);
    let kept = idempotency("d", "digest", NEVER);
    let found = subject.kept_under(&kept.key, START).await;
    assert_eq!(found, Some(kept));
}

pub async fn of_comments_under_one_key_a_single_one_is_stored(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let comments = subject.comments.clone();
        let accept = AcceptComment {
            idempotency: Some(idempotency("k", &format!("caller {caller}"), NEVER)),
            ..comment(&ticket).owing(&[])
        };
        callers.spawn(async move { comments.accept(accept).await });
    }
    let results = callers.join_all().await;
    assert_eq!(
        results.iter().filter(|result| result.is_ok()).count(),
        1,
        "{results:?}"
    );
    let repeated = results
        .iter()
        .filter(|result| matches!(result, Err(AcceptError::Repeated(_))))
        .count();
    assert_eq!(repeated, 7, "{results:?}");
    assert_eq!(texts(subject, &ticket, &Audience::Desk).await.len(), 1);
}

pub async fn comments_are_listed_oldest_first_for_their_audience(subject: &Subject) {
    let (ticket, other) = (subject.ticket("1").await, subject.ticket("2").await);
    for accept in [
        comment(&ticket).text("uno").owing(&[]),
        comment(&ticket).text("dos").internal().owing(&[]),
        comment(&other).text("otra").owing(&[]),
        comment(&ticket).text("tres").owing(&[]),
    ] {
        subject.comments.accept(accept).await.unwrap();
    }
    assert_eq!(
        texts(subject, &ticket, &Audience::Desk).await,
        ["uno", "dos", "tres"]
    );
    assert_eq!(texts(subject, &ticket, &EVERYBODY).await, ["uno", "tres"]);
}

pub async fn pages_repeat_and_skip_nothing_while_comments_are_accepted(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    for number in 0..6 {
        let accept = comment(&ticket)
            .text(&format!("c{number}"))
            .owing(&["ana@example.com"]);
        subject.comments.accept(accept).await.unwrap();
        subject
            .comments
            .accept(comment(&ticket).text("internal").internal().owing(&[]))
            .await
            .unwrap();
    }
    let listed = all_pages(
        4,
        |request| {
            let ticket = &ticket;
            async move {
                subject
                    .comments
                    .list(ticket.id, &EVERYBODY, &request)
                    .await
                    .unwrap()
            }
        },
        || async {
            subject
                .comments
                .accept(comment(&ticket).text("late").owing(&[]))
                .await
                .unwrap();
        },
    )
    .await;
    assert!(
        listed
            .iter()
            .all(|item| (item.comment.text.as_str() == "late") == item.deliveries.is_empty())
    );
    let listed: Vec<_> = listed.iter().map(|item| item.comment.text.as_str()).collect();
    assert_eq!(listed, ["c0", "c1", "c2", "c3", "c4", "c5", "late"]);
}

pub async fn a_comment_belongs_to_its_ticket(subject: &Subject) {
    let (ticket, other) = (subject.ticket("1").await, subject.ticket("2").await);
    let accept = comment(&ticket).owing(&[]);
    let id = accept.comment.id;
    subject.comments.accept(accept).await.unwrap();
    assert_eq!(subject.comments.find(other.id, id).await.unwrap(), None);
    let retracted = subject
        .comments
        .retract(other.id, id, Retraction::Withdraw, &[], after(1))
        .await
        .unwrap();
    assert_eq!(retracted, None);
    assert!(subject.comments.find(ticket.id, id).await.unwrap().is_some());
    assert_eq!(
        subject
            .comments
            .find(ticket.id, CommentId(crate::builders::id()))
            .await
            .unwrap(),
        None
    );
}

pub async fn making_a_comment_internal_calls_back_the_mails_that_have_not_left(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let recipients = [
        "sent@example.com",
        "leased@example.com",
        "kept@example.com",
        "ready@example.com",
    ];
    let mut accept = comment(&ticket).owing(&recipients);
    // Claimed are the two that are due.
    for waiting in &mut accept.deliveries[2..] {
        waiting.due_at = after(3_600);
    }
    let (id, ids) = (
        accept.comment.id,
        accept.deliveries.iter().map(|mail| mail.id).collect::<Vec<_>>(),
    );
    subject.comments.accept(accept).await.unwrap();
    let claim = claim_at(START);
    assert_eq!(subject.claim(&claim).await, ids[..2]);
    subject.outbox.fence(claim.lease, &ids[..1], START).await.unwrap();
    subject.settle(claim.lease, ids[0], sent()).await;

    let keep = [address("kept@example.com")];
    let retract = subject
        .comments
        .retract(ticket.id, id, Retraction::MakeInternal, &keep, after(1));
    let mut cancelled = retract.await.unwrap().unwrap();
    cancelled.sort_by_key(|delivery| delivery.id);
    let states: Vec<_> = cancelled
        .iter()
        .map(|delivery| (delivery.id, delivery.state))
        .collect();
    assert_eq!(states, [(ids[1], State::Cancelled), (ids[3], State::Cancelled)]);
    assert!(
        cancelled
            .iter()
            .all(|delivery| delivery.last_reply.is_some() && delivery.next_attempt_at.is_none())
    );

    assert_eq!(
        subject
            .outbox
            .fence(claim.lease, &[ids[1]], after(2))
            .await
            .unwrap(),
        []
    );
    assert_eq!(texts(subject, &ticket, &EVERYBODY).await.len(), 0);
    let found = subject.comments.find(ticket.id, id).await.unwrap().unwrap();
    let states: Vec<_> = found.deliveries.iter().map(|mail| mail.state).collect();
    assert_eq!(
        states,
        [State::Sent, State::Cancelled, State::Ready, State::Cancelled]
    );
}

pub async fn a_withdrawn_comment_is_gone_and_its_mails_with_it(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let accept = comment(&ticket).owing(&["ana@example.com"]);
    let (id, mail) = (accept.comment.id, accept.deliveries[0].id);
    subject.comments.accept(accept).await.unwrap();
    let other = subject.mail(&ticket, "eva@example.com").await;
    let cancelled = subject
        .comments
        .retract(ticket.id, id, Retraction::Withdraw, &[], after(1))
        .await
        .unwrap();
    assert_eq!(
        cancelled
            .unwrap()
            .iter()
            .map(|delivery| delivery.id)
            .collect::<Vec<_>>(),
        [mail]
    );
    assert_eq!(subject.comments.find(ticket.id, id).await.unwrap(), None);
    assert_eq!(texts(subject, &ticket, &Audience::Desk).await.len(), 1);
    assert_eq!(
        (subject.state(mail).await, subject.state(other).await),
        (State::Cancelled, State::Ready)
    );
    let again = subject
        .comments
        .retract(ticket.id, id, Retraction::Withdraw, &[], after(2))
        .await
        .unwrap();
    assert_eq!(again, None);
    let changed: Vec<_> = subject
        .log()
        .await
        .into_iter()
        .filter(|event| event.subject == mail.0)
        .collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].kind, EventKind::DeliveryChanged);
}

pub async fn a_mail_that_was_given_up_is_called_back_with_its_comment(subject: &Subject) {
    for retraction in [Retraction::Withdraw, Retraction::MakeInternal] {
        let ticket = subject.ticket(&format!("{retraction:?}")).await;
        let accept = comment(&ticket).owing(&["ana@example.com"]);
        let (id, mail) = (accept.comment.id, accept.deliveries[0].id);
        subject.comments.accept(accept).await.unwrap();
        let claim = claim_at(START);
        assert_eq!(subject.claim(&claim).await, [mail]);
        subject.settle(claim.lease, mail, dead()).await;
        let retracted = subject.comments.retract(ticket.id, id, retraction, &[], after(1));
        assert_eq!(retracted.await.unwrap().unwrap().len(), 1);
        assert_eq!(subject.state(mail).await, State::Cancelled);
        assert!(!subject.outbox.revive(mail, after(2)).await.unwrap());
        assert_eq!(subject.state(mail).await, State::Cancelled);
    }
}

pub async fn the_latest_comments_come_newest_first_and_go_back_page_by_page(subject: &Subject) {
    let (ticket, other) = (subject.ticket("1").await, subject.ticket("2").await);
    subject
        .comments
        .accept(comment(&other).text("otra").owing(&[]))
        .await
        .unwrap();
    for number in 0..7 {
        let said = comment(&ticket).text(&format!("c{number}"));
        let said = if number == 5 { said.internal() } else { said };
        subject
            .comments
            .accept(said.owing(&["ana@example.com"]))
            .await
            .unwrap();
    }
    let withdrawn = comment(&ticket).text("nada").owing(&[]);
    let id = withdrawn.comment.id;
    subject.comments.accept(withdrawn).await.unwrap();
    let retract = subject
        .comments
        .retract(ticket.id, id, Retraction::Withdraw, &[], after(1));
    retract.await.unwrap();
    for (audience, all) in [
        (EVERYBODY, vec!["c6", "c4", "c3", "c2", "c1", "c0"]),
        (Audience::Desk, vec!["c6", "c5", "c4", "c3", "c2", "c1", "c0"]),
    ] {
        let mut read: Vec<String> = Vec::new();
        let mut before = None;
        loop {
            let latest = subject
                .comments
                .latest(ticket.id, &audience, before, PageLimit::clamp(3));
            let latest = latest.await.unwrap();
            assert!(latest.iter().all(|found| found.deliveries.len() == 1));
            before = latest.last().map(|found| found.comment.id);
            read.extend(latest.iter().map(|found| found.comment.text.as_str().to_owned()));
            if latest.len() < 3 {
                break;
            }
        }
        assert_eq!(read, all);
    }
}

pub async fn a_comment_s_mails_tell_what_became_of_them(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let accept = comment(&ticket).owing(&["ana@example.com"]);
    let (id, mail) = (accept.comment.id, accept.deliveries[0].id);
    subject.comments.accept(accept).await.unwrap();
    let claim = claim_at(START);
    assert_eq!(subject.claim(&claim).await, [mail]);
    subject.settle(claim.lease, mail, dead()).await;
    let found = subject.comments.find(ticket.id, id).await.unwrap().unwrap();
    let delivery = subject.delivery(mail).await;
    let summary = &found.deliveries[0];
    assert_eq!(
        (
            summary.state,
            summary.account,
            summary.outcome,
            &summary.last_reply
        ),
        (
            State::Dead,
            delivery.account,
            delivery.outcome,
            &delivery.last_reply
        )
    );
    assert!(summary.last_reply.is_some());
}
