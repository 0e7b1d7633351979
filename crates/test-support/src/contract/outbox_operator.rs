//! What [`Outbox`](recado_ports::outbox::Outbox) promises to operators: requeueing, cancelling, lists, counts, forgetting.

use recado_domain::channel::AccountId;
use recado_domain::outbox::{DeliveryId, State};
use recado_ports::outbox::{DeliveryFilter, TransitionError};

use super::Subject;
use super::arrange::{after, all_pages, claim_at, page, sent};
use crate::builders::{address, comment, id, test_delivery};
use crate::clock::START;

pub async fn a_mail_at_rest_is_requeued_due_now_with_its_message_id(subject: &Subject) {
    for state in [State::Dead, State::Cancelled, State::Retry, State::Unsure] {
        let id = subject.mail_in(state).await;
        let before = subject.delivery(id).await;
        let message = subject.outbox.messages(&[id]).await.unwrap();
        let requeued = subject.outbox.requeue(id, after(10)).await.unwrap();
        assert_eq!(
            (requeued.state, requeued.next_attempt_at),
            (State::Ready, Some(after(10))),
            "from {state:?}"
        );
        assert_eq!(requeued.message_id, before.message_id);
        assert_eq!(subject.delivery(id).await, requeued);
        assert_eq!(subject.outbox.messages(&[id]).await.unwrap(), message);
        assert_eq!(subject.claim(&claim_at(after(10))).await, [id], "from {state:?}");
    }
}

pub async fn a_mail_that_is_worked_on_or_sent_is_not_requeued(subject: &Subject) {
    for state in [State::Leased, State::Sending, State::Sent] {
        let id = subject.mail_in(state).await;
        let before = subject.delivery(id).await;
        let result = subject.outbox.requeue(id, after(10)).await;
        assert!(
            matches!(result, Err(TransitionError::Illegal(illegal)) if illegal == state),
            "{result:?}"
        );
        assert_eq!(subject.delivery(id).await, before);
    }
}

pub async fn a_mail_given_up_for_its_account_is_revived_uncharged_and_no_other(subject: &Subject) {
    // Those that wait come last: they are due, and would be claimed with the next one.
    for state in State::ALL.into_iter().rev() {
        let id = subject.mail_in(state).await;
        let before = subject.delivery(id).await;
        let revived = subject.outbox.revive(id, after(10)).await.unwrap();
        let now = subject.delivery(id).await;
        if state == State::Dead {
            assert!(revived);
            assert_eq!((now.state, now.attempts), (State::Ready, before.attempts - 1));
            assert_eq!(now.next_attempt_at, Some(after(10)));
        } else {
            assert!(!revived, "{state:?}");
            assert_eq!(now, before);
        }
    }
}

pub async fn a_mail_that_has_not_left_is_cancelled_with_the_reason(subject: &Subject) {
    for state in [
        State::Leased,
        State::Retry,
        State::Unsure,
        State::Ready,
        State::Dead,
    ] {
        let id = subject.mail_in(state).await;
        let cancelled = subject.outbox.cancel(id, "not wanted", after(10)).await.unwrap();
        assert_eq!(
            (cancelled.state, cancelled.next_attempt_at),
            (State::Cancelled, None),
            "from {state:?}"
        );
        assert_eq!(cancelled.last_reply.as_deref(), Some("not wanted"));
        assert_eq!(subject.delivery(id).await, cancelled);
    }
    assert_eq!(subject.claim(&claim_at(after(86_400))).await, []);
}

pub async fn a_mail_that_may_have_left_or_is_at_its_end_is_not_cancelled(subject: &Subject) {
    for state in [State::Sending, State::Sent, State::Cancelled] {
        let id = subject.mail_in(state).await;
        let before = subject.delivery(id).await;
        let result = subject.outbox.cancel(id, "not wanted after all", after(10)).await;
        assert!(
            matches!(result, Err(TransitionError::Illegal(illegal)) if illegal == state),
            "{result:?}"
        );
        assert_eq!(subject.delivery(id).await, before);
    }
}

pub async fn a_leased_mail_that_is_cancelled_finds_the_fence_shut(subject: &Subject) {
    let (id, lease) = subject.leased().await;
    subject.outbox.cancel(id, "not wanted", START).await.unwrap();
    assert_eq!(subject.outbox.fence(lease, &[id], START).await.unwrap(), []);
    assert_eq!(subject.settle(lease, id, sent()).await, []);
    assert_eq!(subject.state(id).await, State::Cancelled);
}

pub async fn of_fence_and_cancellation_at_once_a_single_one_goes_through(subject: &Subject) {
    for _ in 0..20 {
        let (id, lease) = subject.leased().await;
        let (worker, operator) = (subject.outbox.clone(), subject.outbox.clone());
        let fence = tokio::spawn(async move { worker.fence(lease, &[id], START).await.unwrap() });
        let cancel = tokio::spawn(async move { operator.cancel(id, "not wanted", START).await });
        match (fence.await.unwrap().as_slice(), cancel.await.unwrap()) {
            ([fenced], Err(TransitionError::Illegal(State::Sending))) => {
                assert_eq!((*fenced, subject.state(id).await), (id, State::Sending));
            }
            ([], Ok(cancelled)) => {
                assert_eq!(
                    (cancelled.state, subject.state(id).await),
                    (State::Cancelled, State::Cancelled)
                );
            }
            both => panic!("{both:?}"),
        }
    }
}

pub async fn an_unknown_mail_is_neither_found_nor_requeued_nor_cancelled(subject: &Subject) {
    let unknown = DeliveryId(id());
    assert_eq!(subject.outbox.find(unknown).await.unwrap(), None);
    let requeued = subject.outbox.requeue(unknown, START).await;
    assert!(matches!(requeued, Err(TransitionError::NotFound)), "{requeued:?}");
    let cancelled = subject.outbox.cancel(unknown, "not wanted", START).await;
    assert!(
        matches!(cancelled, Err(TransitionError::NotFound)),
        "{cancelled:?}"
    );
}

async fn listed(subject: &Subject, filter: DeliveryFilter) -> Vec<DeliveryId> {
    let listed = subject.outbox.list(&filter, &page(100, None)).await.unwrap();
    assert_eq!(listed.next, None);
    listed.items.iter().map(|delivery| delivery.id).collect()
}

pub async fn deliveries_are_listed_oldest_first_and_filtered(subject: &Subject) {
    let dead = subject.mail_in(State::Dead).await;
    let sent = subject.mail_in(State::Sent).await;
    let ticket = subject.ticket("1").await;
    let about_it = subject.mail(&ticket, "ana@example.com").await;
    let elsewhere = subject.enqueue(test_delivery().from_account(2).build()).await;
    let everything = DeliveryFilter::default();
    assert_eq!(
        listed(subject, everything.clone()).await,
        [dead, sent, about_it, elsewhere]
    );
    let ended = DeliveryFilter {
        states: vec![State::Sent, State::Dead],
        ..everything.clone()
    };
    assert_eq!(listed(subject, ended).await, [dead, sent]);
    let of_ticket = DeliveryFilter {
        ticket: Some(ticket.id),
        ..everything.clone()
    };
    assert_eq!(listed(subject, of_ticket.clone()).await, [about_it]);
    let of_account = DeliveryFilter {
        account: Some(AccountId(2)),
        ..everything
    };
    assert_eq!(listed(subject, of_account).await, [elsewhere]);
    let neither = DeliveryFilter {
        states: vec![State::Sent],
        ..of_ticket
    };
    assert_eq!(listed(subject, neither).await, []);
}

pub async fn pages_repeat_and_skip_nothing_while_mails_are_stored(subject: &Subject) {
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(subject.due_mail().await);
    }
    let filter = DeliveryFilter::default();
    let listed = all_pages(
        3,
        |request| {
            let filter = &filter;
            async move { subject.outbox.list(filter, &request).await.unwrap() }
        },
        || async {
            subject.due_mail().await;
        },
    )
    .await;
    let listed: Vec<_> = listed.iter().map(|delivery| delivery.id).collect();
    assert_eq!((listed.len(), &listed[..5]), (6, &ids[..]));
}

pub async fn a_thread_is_of_one_ticket_and_recipient_and_bounded(subject: &Subject) {
    let (ticket, other) = (subject.ticket("1").await, subject.ticket("2").await);
    let (ana, eva) = (address("ana@example.com"), address("eva@example.com"));
    let mut to_ana = Vec::new();
    for _ in 0..3 {
        let accept = comment(&ticket).owing(&[ana.as_str(), eva.as_str()]);
        to_ana.push(accept.deliveries[0].message_id.clone());
        subject.comments.accept(accept).await.unwrap();
        subject.mail(&other, ana.as_str()).await;
    }
    assert_eq!(subject.outbox.thread(ticket.id, &ana, 10).await.unwrap(), to_ana);
    assert_eq!(
        subject.outbox.thread(ticket.id, &ana, 2).await.unwrap(),
        to_ana[1..]
    );
    assert_eq!(subject.outbox.thread(ticket.id, &eva, 10).await.unwrap().len(), 3);
    assert_eq!(
        subject
            .outbox
            .thread(ticket.id, &address("zoe@example.com"), 10)
            .await
            .unwrap(),
        []
    );
}

pub async fn the_next_due_is_that_of_the_waiting_mails(subject: &Subject) {
    let account = AccountId::DEFAULT;
    assert_eq!(subject.outbox.next_due(account).await.unwrap(), None);
    subject
        .enqueue(test_delivery().due_at(after(1)).from_account(2).build())
        .await;
    assert_eq!(subject.outbox.next_due(account).await.unwrap(), None);
    subject.mail_in(State::Leased).await;
    subject.mail_in(State::Sent).await;
    assert_eq!(subject.outbox.next_due(account).await.unwrap(), None);
    subject.mail_in(State::Retry).await;
    assert_eq!(
        subject.outbox.next_due(account).await.unwrap(),
        Some(after(3_600))
    );
    subject.enqueue(test_delivery().due_at(after(30)).build()).await;
    assert_eq!(subject.outbox.next_due(account).await.unwrap(), Some(after(30)));
}

pub async fn the_depth_counts_what_is_neither_sent_nor_cancelled(subject: &Subject) {
    assert_eq!(subject.outbox.depth().await.unwrap(), []);
    for state in [State::Sent, State::Cancelled, State::Dead, State::Retry] {
        subject.mail_in(state).await;
    }
    for created_at in [after(20), after(10), after(30)] {
        let mut new = test_delivery().from_account(2).build();
        new.created_at = created_at;
        subject.enqueue(new).await;
    }
    let mut depth = subject.outbox.depth().await.unwrap();
    depth.sort_by_key(|depth| (depth.account, depth.state));
    let depth: Vec<_> = depth
        .iter()
        .map(|depth| (depth.account.0, depth.state, depth.count, depth.oldest))
        .collect();
    assert_eq!(
        depth,
        [
            (0, State::Retry, 1, START),
            (0, State::Dead, 1, START),
            (2, State::Ready, 3, after(10))
        ]
    );
}

pub async fn messages_of_mails_sent_long_ago_are_forgotten_up_to_the_limit(subject: &Subject) {
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(subject.mail_in(State::Sent).await);
    }
    let dead = subject.mail_in(State::Dead).await;
    assert_eq!(
        subject.outbox.forget_messages(START, 10).await.unwrap(),
        0,
        "sent at that time, not before"
    );
    assert_eq!(subject.outbox.forget_messages(after(1), 2).await.unwrap(), 2);
    assert_eq!(subject.outbox.messages(&sent).await.unwrap().len(), 1);
    assert_eq!(subject.outbox.forget_messages(after(1), 2).await.unwrap(), 1);
    assert_eq!(subject.outbox.forget_messages(after(1), 2).await.unwrap(), 0);
    assert_eq!(subject.outbox.messages(&[dead]).await.unwrap().len(), 1);
    assert_eq!(subject.attempts(sent[0]).await, [State::Sent], "the facts stay");
}
