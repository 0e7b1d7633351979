//! What [`Inbox`](recado_ports::inbox::Inbox) promises of what somebody has read.

use recado_domain::audience::Viewer;
use recado_domain::person::Role;
use recado_ports::comments::AcceptComment;

use super::Subject;
use super::arrange::after;
use super::inbox::{only, requester, technician, viewer};
use crate::builders::{address, comment};

pub async fn a_ticket_is_unread_until_it_is_marked_read(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let unread = async |viewer: &Viewer| only(subject, viewer).await.is_unread;
    assert!(!unread(&requester()).await, "nothing was said");
    say_at(subject, comment(&ticket).owing(&[]), 10).await;
    assert!(unread(&requester()).await);
    assert!(!unread(&technician()).await, "it is their own");
    let ana = requester().email;
    subject.inbox.mark_read(&ana, ticket.id, after(9)).await.unwrap();
    assert!(unread(&requester()).await);
    subject.inbox.mark_read(&ana, ticket.id, after(10)).await.unwrap();
    assert!(!unread(&requester()).await);
    subject.inbox.mark_read(&ana, ticket.id, after(5)).await.unwrap();
    assert!(!unread(&requester()).await, "an earlier time changes nothing");
    say_at(subject, comment(&ticket).internal().owing(&[]), 20).await;
    assert!(!unread(&requester()).await, "an internal one is none of theirs");
    let colleague = viewer("eva@example.com", Role::Technician, &[]);
    assert!(unread(&colleague).await, "nobody reads for others");
    let elsewhere = recado_domain::ticket::TicketId(crate::builders::id());
    subject.inbox.mark_read(&ana, elsewhere, after(1)).await.unwrap();
}

pub async fn a_comment_is_unread_from_when_it_was_shown(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    say_at(subject, comment(&ticket).held_until(after(20)).owing(&[]), 10).await;
    // While it was under hold.
    let ana = requester().email;
    subject.inbox.mark_read(&ana, ticket.id, after(15)).await.unwrap();
    assert!(!only(subject, &requester()).await.is_unread);
    subject.comments.release_held(after(20), 1).await.unwrap();
    assert!(only(subject, &requester()).await.is_unread);
    subject.inbox.mark_read(&ana, ticket.id, after(20)).await.unwrap();
    assert!(!only(subject, &requester()).await.is_unread);
    let colleague = address("eva@example.com");
    subject
        .inbox
        .mark_read(&colleague, ticket.id, after(15))
        .await
        .unwrap();
    let colleague = viewer("eva@example.com", Role::Technician, &[]);
    assert!(
        !only(subject, &colleague).await.is_unread,
        "the desk saw it under hold"
    );
}

async fn say_at(subject: &Subject, mut accept: AcceptComment, seconds: u64) {
    accept.comment.created_at = after(seconds);
    subject.comments.accept(accept).await.unwrap();
}
