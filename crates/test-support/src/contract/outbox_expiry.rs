//! What [`Outbox`](recado_ports::outbox::Outbox) and [`Channels`](recado_ports::channels::Channels) promise of expiry:
//! only the time counts in which the account was open.

use std::time::Duration;

use recado_domain::channel::AccountId;
use recado_domain::outbox::{DeliveryId, State};
use recado_ports::channels::Opening;

use super::Subject;
use super::arrange::{after, claim_at, released};
use crate::builders::test_delivery;

async fn tick(subject: &Subject, account: u32, opening: Opening, seconds: u64) {
    subject
        .channels
        .tick(AccountId(account), opening, after(seconds))
        .await
        .unwrap();
}

/// Opens an account for this many seconds, from a moment on, by ticks of at most a minute.
async fn open(subject: &Subject, account: u32, from: u64, seconds: u64) {
    tick(subject, account, Opening::Shut, from).await;
    let rest = (!seconds.is_multiple_of(60)).then_some(seconds);
    for passed in (60..=seconds).step_by(60).chain(rest) {
        tick(subject, account, Opening::Open, from + passed).await;
    }
}

/// The open time of the one mail that waits.
async fn open_time(subject: &Subject) -> Duration {
    let claim = claim_at(after(100_000));
    let claimed = subject.claimed(&claim).await;
    let [claimed] = claimed.as_slice() else {
        panic!("{claimed:?}")
    };
    subject
        .settle(claim.lease, claimed.delivery.id, released(None))
        .await;
    claimed.open_time
}

async fn expire(subject: &Subject, seconds: u64) -> Vec<DeliveryId> {
    let mut ids = subject
        .outbox
        .expire(AccountId::DEFAULT, Duration::from_secs(seconds), after(100_000))
        .await
        .unwrap();
    ids.sort();
    ids
}

pub async fn open_time_is_counted_by_ticks_alone(subject: &Subject) {
    subject.due_mail().await;
    tick(subject, 0, Opening::Open, 0).await;
    assert_eq!(
        open_time(subject).await,
        Duration::ZERO,
        "the first tick has nothing before it"
    );
    tick(subject, 0, Opening::Open, 60).await;
    tick(subject, 0, Opening::Shut, 120).await;
    tick(subject, 0, Opening::Open, 150).await;
    tick(subject, 3, Opening::Open, 170).await;
    tick(subject, 3, Opening::Open, 180).await;
    assert_eq!(open_time(subject).await, Duration::from_secs(90));
}

pub async fn a_long_gap_between_ticks_counts_as_shut(subject: &Subject) {
    subject.due_mail().await;
    tick(subject, 0, Opening::Open, 0).await;
    tick(subject, 0, Opening::Open, 120).await;
    assert_eq!(open_time(subject).await, Duration::from_mins(2));
    tick(subject, 0, Opening::Open, 241).await;
    assert_eq!(open_time(subject).await, Duration::from_mins(2));
    tick(subject, 0, Opening::Open, 251).await;
    assert_eq!(open_time(subject).await, Duration::from_secs(130));
}

pub async fn a_wall_clock_that_jumps_adds_no_open_time(subject: &Subject) {
    subject.due_mail().await;
    tick(subject, 0, Opening::Open, 90_000).await;
    tick(subject, 0, Opening::Open, 89_970).await;
    assert_eq!(
        open_time(subject).await,
        Duration::ZERO,
        "set back by half a minute"
    );
    tick(subject, 0, Opening::Open, 3_600).await;
    tick(subject, 0, Opening::Open, 90_000).await;
    assert_eq!(
        open_time(subject).await,
        Duration::ZERO,
        "set back by a day, and forward again"
    );
    tick(subject, 0, Opening::Open, 90_030).await;
    assert_eq!(open_time(subject).await, Duration::from_secs(30));
}

pub async fn daemons_whose_clocks_differ_count_no_time_twice(subject: &Subject) {
    subject.due_mail().await;
    for second in (0..=60).step_by(5) {
        tick(subject, 0, Opening::Open, second + 60).await;
        tick(subject, 0, Opening::Open, second + 2).await;
    }
    assert_eq!(open_time(subject).await, Duration::from_mins(1));
}

pub async fn open_time_begins_when_the_mail_is_stored(subject: &Subject) {
    open(subject, 0, 0, 600).await;
    subject.due_mail().await;
    assert_eq!(open_time(subject).await, Duration::ZERO);
    tick(subject, 0, Opening::Open, 630).await;
    assert_eq!(open_time(subject).await, Duration::from_secs(30));
}

pub async fn waiting_mails_expire_by_the_time_that_their_account_was_open(subject: &Subject) {
    let elsewhere = subject.enqueue(test_delivery().from_account(2).build()).await;
    let old = [
        subject.mail_in(State::Retry).await,
        subject.mail_in(State::Unsure).await,
        subject.due_mail().await,
    ];
    open(subject, 0, 0, 300).await;
    let young = subject.due_mail().await;
    open(subject, 0, 300, 300).await;
    open(subject, 2, 600, 6_000).await;
    assert_eq!(expire(subject, 600).await, [], "not more than that");
    assert_eq!(expire(subject, 599).await, old);
    for id in old {
        let delivery = subject.delivery(id).await;
        assert_eq!((delivery.state, delivery.next_attempt_at), (State::Dead, None));
        assert_eq!(delivery.last_reply.as_deref(), Some("expired"));
    }
    assert_eq!(subject.attempts(old[2]).await, [], "giving up is no attempt");
    assert_eq!(
        (subject.state(young).await, subject.state(elsewhere).await),
        (State::Ready, State::Ready)
    );
    assert_eq!(expire(subject, 599).await, []);
}

pub async fn a_mail_that_is_worked_on_does_not_expire(subject: &Subject) {
    let worked_on = [subject.leased().await.0, subject.sending().await.0];
    open(subject, 0, 0, 300).await;
    assert_eq!(expire(subject, 1).await, []);
    assert_eq!(subject.state(worked_on[0]).await, State::Leased);
    assert_eq!(subject.state(worked_on[1]).await, State::Sending);
}

pub async fn a_requeued_mail_expires_anew(subject: &Subject) {
    let id = subject.due_mail().await;
    open(subject, 0, 0, 300).await;
    assert_eq!(expire(subject, 200).await, [id]);
    subject.outbox.requeue(id, after(300)).await.unwrap();
    assert_eq!(open_time(subject).await, Duration::ZERO);
    assert_eq!(expire(subject, 200).await, []);
    open(subject, 0, 300, 201).await;
    assert_eq!(expire(subject, 200).await, [id]);
}
