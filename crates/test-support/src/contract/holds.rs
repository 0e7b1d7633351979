//! What [`Comments`](recado_ports::comments::Comments) promises of comments under hold.

use recado_domain::comment::CommentId;
use recado_ports::comments::{Audience, Retraction};
use recado_ports::events::EventKind;
use recado_ports::page::PageLimit;
use tokio::task::JoinSet;

use super::Subject;
use super::arrange::after;
use super::comments::{EVERYBODY, texts};
use crate::builders::{address, ana, comment};

pub async fn a_comment_under_hold_is_read_by_its_author_and_the_desk_alone(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let held = comment(&ticket)
        .by(ana())
        .text("espera")
        .held_until(after(10))
        .owing(&[]);
    let id = held.comment.id;
    subject.comments.accept(held).await.unwrap();
    subject
        .comments
        .accept(comment(&ticket).text("ya").owing(&[]))
        .await
        .unwrap();
    let found = subject.comments.find(ticket.id, id).await.unwrap().unwrap();
    assert_eq!(found.held_until, Some(after(10)));
    let of = |reader: &str| Audience::Public {
        reader: Some(address(reader)),
    };
    for (audience, read) in [
        (EVERYBODY, &["ya"][..]),
        (of("eva@example.com"), &["ya"]),
        (of("ana@example.com"), &["espera", "ya"]),
        (Audience::Desk, &["espera", "ya"]),
    ] {
        assert_eq!(texts(subject, &ticket, &audience).await, read, "{audience:?}");
        let latest = subject
            .comments
            .latest(ticket.id, &audience, None, PageLimit::default());
        assert_eq!(latest.await.unwrap().len(), read.len(), "{audience:?}");
        assert_eq!(audience.reads(&found), read.len() == 2, "{audience:?}");
    }
}

pub async fn a_hold_that_has_ended_is_released_once_with_an_event(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let mut ids = Vec::new();
    for end in [20, 10, 30] {
        let held = comment(&ticket).held_until(after(end)).owing(&[]);
        ids.push(held.comment.id);
        subject.comments.accept(held).await.unwrap();
    }
    let before = subject.log().await.len();
    assert_eq!(subject.comments.next_held().await.unwrap(), Some(after(10)));
    assert_eq!(subject.comments.release_held(after(9), 10).await.unwrap(), 0);
    assert_eq!(subject.comments.release_held(after(25), 1).await.unwrap(), 1);
    assert_eq!(subject.comments.next_held().await.unwrap(), Some(after(20)));
    assert_eq!(subject.comments.release_held(after(25), 10).await.unwrap(), 1);
    assert_eq!(subject.comments.release_held(after(25), 10).await.unwrap(), 0);
    assert_eq!(subject.comments.next_held().await.unwrap(), Some(after(30)));
    let released: Vec<_> = subject.log().await.split_off(before);
    let told: Vec<_> = released
        .iter()
        .map(|event| (event.kind, event.ticket, event.subject))
        .collect();
    let of = |id: CommentId| (EventKind::CommentCreated, Some(ticket.id), id.0);
    assert_eq!(told, [of(ids[1]), of(ids[0])]);
    assert!(released.iter().all(|event| event.at == after(25)));
    assert_eq!(texts(subject, &ticket, &EVERYBODY).await.len(), 2);
    let found = subject.comments.find(ticket.id, ids[1]).await.unwrap().unwrap();
    assert_eq!(found.held_until, None);
}

pub async fn a_hold_is_released_once_by_several_at_once(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    for _ in 0..20 {
        let held = comment(&ticket).held_until(after(1)).owing(&[]);
        subject.comments.accept(held).await.unwrap();
    }
    let before = subject.log().await.len();
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let comments = subject.comments.clone();
        callers.spawn(async move {
            let mut released = 0;
            while comments.next_held().await.unwrap().is_some() {
                released += comments.release_held(after(2), 3).await.unwrap();
            }
            released
        });
    }
    assert_eq!(callers.join_all().await.into_iter().sum::<u64>(), 20);
    assert_eq!(subject.log().await.len() - before, 20);
}

pub async fn a_comment_withdrawn_under_hold_is_never_released(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    for retraction in [Retraction::Withdraw, Retraction::MakeInternal] {
        let held = comment(&ticket).held_until(after(10)).owing(&["ana@example.com"]);
        let id = held.comment.id;
        subject.comments.accept(held).await.unwrap();
        let retracted = subject.comments.retract(ticket.id, id, retraction, &[], after(1));
        assert_eq!(retracted.await.unwrap().unwrap().len(), 1);
    }
    // The one that was kept for the desk alone.
    assert_eq!(subject.comments.release_held(after(11), 10).await.unwrap(), 1);
    assert_eq!(subject.comments.next_held().await.unwrap(), None);
    assert_eq!(texts(subject, &ticket, &EVERYBODY).await.len(), 0);
}
