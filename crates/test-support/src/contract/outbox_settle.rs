//! What [`Outbox`](recado_ports::outbox::Outbox) promises of the fence and of settling: fenced writes, attempts counted once.

use recado_domain::outbox::State;
use recado_ports::outbox::{LostBy, Settlement};

use tokio::task::JoinSet;

use super::Subject;
use super::arrange::{after, claim_at, dead, released, retry, sent, unsure};
use crate::builders::{address, lease, test_delivery};
use crate::clock::START;

pub async fn the_fence_charges_the_attempt_once(subject: &Subject) {
    let (id, lease) = subject.leased().await;
    assert_eq!(subject.outbox.fence(lease, &[id], START).await.unwrap(), [id]);
    let delivery = subject.delivery(id).await;
    assert_eq!((delivery.state, delivery.attempts), (State::Sending, 1));
    assert_eq!(subject.outbox.fence(lease, &[id], START).await.unwrap(), []);
    assert_eq!(subject.delivery(id).await, delivery);
    assert_eq!(subject.attempts(id).await, []);
}

pub async fn the_fence_is_shut_for_a_foreign_token(subject: &Subject) {
    let (id, own) = subject.leased().await;
    let before = subject.delivery(id).await;
    assert_eq!(subject.outbox.fence(lease(), &[id], START).await.unwrap(), []);
    assert_eq!(subject.delivery(id).await, before);
    assert_eq!(subject.outbox.fence(own, &[id], START).await.unwrap(), [id]);
}

pub async fn nothing_is_fenced_that_was_not_claimed(subject: &Subject) {
    let (one, lease) = subject.leased().await;
    let waiting = subject.due_mail().await;
    assert_eq!(
        subject.outbox.fence(lease, &[waiting, one], START).await.unwrap(),
        [one]
    );
    assert_eq!(subject.state(waiting).await, State::Ready);
}

pub async fn a_sent_mail_keeps_the_reply_and_never_moves_again(subject: &Subject) {
    let (id, lease) = subject.sending().await;
    assert_eq!(subject.settle(lease, id, sent()).await, [id]);
    let delivery = subject.delivery(id).await;
    assert_eq!(
        (delivery.state, delivery.attempts, delivery.next_attempt_at),
        (State::Sent, 1, None)
    );
    assert_eq!(delivery.last_reply.as_deref(), Some("250 2.0.0 queued as 4f2a"));
    let history = subject.outbox.find(id).await.unwrap().unwrap();
    let [attempt] = history.attempts.as_slice() else {
        panic!("{history:?}")
    };
    assert_eq!((attempt.at, attempt.outcome), (START, State::Sent));
    assert_eq!(attempt.reply, delivery.last_reply);
    for settlement in [released(None), retry(START), unsure(START), dead()] {
        subject.settle(lease, id, settlement).await;
    }
    assert_eq!(subject.claim(&claim_at(after(86_400 * 365))).await, []);
    assert_eq!(subject.outbox.find(id).await.unwrap(), Some(history));
}

pub async fn nothing_is_sent_but_through_the_fence(subject: &Subject) {
    let (id, lease) = subject.leased().await;
    assert_eq!(subject.settle(lease, id, sent()).await, []);
    assert_eq!(subject.state(id).await, State::Leased);
}

pub async fn a_refusal_is_charged_once_before_the_fence_or_behind_it(subject: &Subject) {
    let before_the_fence = subject.leased().await;
    let behind_it = subject.sending().await;
    for (id, lease) in [before_the_fence, behind_it] {
        assert_eq!(subject.settle(lease, id, retry(after(60))).await, [id]);
        let delivery = subject.delivery(id).await;
        assert_eq!(
            (delivery.state, delivery.attempts, delivery.lost_answers),
            (State::Retry, 1, 0)
        );
        assert_eq!(delivery.next_attempt_at, Some(after(60)));
        assert_eq!(delivery.last_reply.as_deref(), Some("450 4.2.1 try again later"));
        assert_eq!(subject.attempts(id).await, [State::Retry]);
    }
}

pub async fn a_lost_answer_is_counted_and_sent_again(subject: &Subject) {
    let (id, lease) = subject.sending().await;
    assert_eq!(subject.settle(lease, id, unsure(after(60))).await, [id]);
    let delivery = subject.delivery(id).await;
    assert_eq!(
        (delivery.state, delivery.attempts, delivery.lost_answers),
        (State::Unsure, 1, 1)
    );
    assert_eq!(
        (delivery.next_attempt_at, delivery.last_reply.as_deref()),
        (Some(after(60)), Some("connection reset"))
    );
    let claimed = subject.claimed(&claim_at(after(60))).await;
    assert_eq!(
        claimed
            .iter()
            .map(|claimed| claimed.claimed_from)
            .collect::<Vec<_>>(),
        [State::Unsure]
    );
}

pub async fn an_answer_that_we_lost_ourselves_is_not_counted(subject: &Subject) {
    let (id, lease) = subject.sending().await;
    let reply = "stopped while waiting for the answer".to_owned();
    let settlement = Settlement::Unsure {
        at: after(60),
        reply,
        lost_by: LostBy::Ourselves,
    };
    assert_eq!(subject.settle(lease, id, settlement).await, [id]);
    let delivery = subject.delivery(id).await;
    assert_eq!(
        (delivery.state, delivery.attempts, delivery.lost_answers),
        (State::Unsure, 1, 0)
    );
}

pub async fn a_rejected_mail_is_dead_with_its_reason(subject: &Subject) {
    let before_the_fence = subject.leased().await;
    let behind_it = subject.sending().await;
    for (id, lease) in [before_the_fence, behind_it] {
        assert_eq!(subject.settle(lease, id, dead()).await, [id]);
        let delivery = subject.delivery(id).await;
        assert_eq!(
            (delivery.state, delivery.attempts, delivery.next_attempt_at),
            (State::Dead, 1, None)
        );
        assert_eq!(delivery.last_reply.as_deref(), Some("550 5.1.1 no such user"));
        assert_eq!(subject.attempts(id).await, [State::Dead]);
    }
    assert_eq!(subject.claim(&claim_at(after(86_400))).await, []);
}

pub async fn a_mail_given_back_is_not_charged(subject: &Subject) {
    let before_the_fence = subject.leased().await;
    let behind_it = subject.sending().await;
    for (id, lease) in [before_the_fence, behind_it] {
        let reply = Some("421 4.3.2 shutting down".to_owned());
        let settlement = Settlement::Released {
            not_before: Some(after(60)),
            reply: reply.clone(),
        };
        assert_eq!(subject.settle(lease, id, settlement).await, [id]);
        let delivery = subject.delivery(id).await;
        assert_eq!(
            (delivery.state, delivery.attempts, delivery.last_reply),
            (State::Ready, 0, reply)
        );
        assert_eq!(delivery.next_attempt_at, Some(after(60)));
        assert_eq!(subject.attempts(id).await, []);
        assert_eq!(
            subject.outbox.fence(lease, &[id], START).await.unwrap(),
            [],
            "the hold is over"
        );
    }
}

pub async fn a_mail_given_back_without_a_time_keeps_its_own(subject: &Subject) {
    let id = subject.enqueue(test_delivery().due_at(after(30)).build()).await;
    let claim = claim_at(after(60));
    assert_eq!(subject.claim(&claim).await, [id]);
    assert_eq!(subject.settle(claim.lease, id, released(None)).await, [id]);
    assert_eq!(subject.delivery(id).await.next_attempt_at, Some(after(30)));
}

pub async fn a_settlement_under_a_foreign_token_changes_nothing(subject: &Subject) {
    let leased = subject.leased().await.0;
    let sending = subject.sending().await.0;
    for id in [leased, sending] {
        let before = subject.outbox.find(id).await.unwrap();
        for settlement in [sent(), released(None), retry(START), unsure(START), dead()] {
            assert_eq!(subject.settle(lease(), id, settlement).await, []);
            assert_eq!(subject.outbox.find(id).await.unwrap(), before);
        }
    }
}

pub async fn a_settlement_repeated_is_harmless(subject: &Subject) {
    for settlement in [
        sent(),
        released(Some(after(60))),
        retry(after(60)),
        unsure(after(60)),
        dead(),
    ] {
        let (id, lease) = subject.sending().await;
        assert_eq!(
            subject.settle(lease, id, settlement.clone()).await,
            [id],
            "{settlement:?}"
        );
        let (settled, log) = (subject.outbox.find(id).await.unwrap(), subject.log().await);
        subject.settle(lease, id, settlement.clone()).await;
        assert_eq!(subject.outbox.find(id).await.unwrap(), settled, "{settlement:?}");
        // Nor has the one who settled a mail any other hold on it.
        assert_eq!(subject.settle(lease, id, dead()).await, [], "{settlement:?}");
        assert_eq!(subject.outbox.find(id).await.unwrap(), settled, "{settlement:?}");
        assert_eq!(subject.log().await, log, "{settlement:?}");
    }
}

pub async fn an_acceptance_repeated_is_known_to_be_the_callers(subject: &Subject) {
    let (id, own) = subject.sending().await;
    for _ in 0..2 {
        assert_eq!(
            subject.settle(own, id, sent()).await,
            [id],
            "the first answer may not have been heard"
        );
        assert_eq!(subject.settle(lease(), id, sent()).await, []);
    }
    assert_eq!(subject.attempts(id).await, [State::Sent]);
}

pub async fn settlements_of_one_call_stand_for_themselves(subject: &Subject) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(subject.due_mail().await);
    }
    let claim = claim_at(START);
    subject.claim(&claim).await;
    let foreign = subject.leased().await.0;
    subject.outbox.fence(claim.lease, &ids[..1], START).await.unwrap();
    let settlements = [
        (ids[0], sent()),
        (foreign, retry(START)),
        (ids[1], retry(after(60))),
        (ids[2], released(None)),
    ];
    let mut settled = subject
        .outbox
        .settle(claim.lease, &settlements, START)
        .await
        .unwrap();
    settled.sort();
    assert_eq!(settled, ids);
    let states = [ids[0], ids[1], ids[2], foreign];
    for (id, state) in states
        .into_iter()
        .zip([State::Sent, State::Retry, State::Ready, State::Leased])
    {
        assert_eq!(subject.state(id).await, state);
    }
}

pub async fn marks_of_several_leases_at_once_stand_for_themselves(subject: &Subject) {
    let mut sending = Vec::new();
    let mut leased = Vec::new();
    for _ in 0..4 {
        sending.push(subject.sending().await);
        leased.push(subject.leased().await);
    }
    let mut marks = JoinSet::new();
    for (place, (id, lease)) in sending.iter().copied().enumerate() {
        let subject = subject.clone();
        // The last one is under the token of another.
        let (lease, settled) = if place == 3 {
            (sending[0].1, vec![])
        } else {
            (lease, vec![id])
        };
        let settlement = if place == 1 { retry(after(60)) } else { sent() };
        marks.spawn(async move { assert_eq!(subject.settle(lease, id, settlement).await, settled) });
    }
    for (place, (id, lease)) in leased.iter().copied().enumerate() {
        let outbox = subject.outbox.clone();
        let (lease, fenced) = if place == 3 {
            (leased[0].1, vec![])
        } else {
            (lease, vec![id])
        };
        marks.spawn(async move { assert_eq!(outbox.fence(lease, &[id], START).await.unwrap(), fenced) });
    }
    marks.join_all().await;
    let mut states = Vec::new();
    for (id, _) in sending.iter().chain(&leased) {
        let delivery = subject.delivery(*id).await;
        states.push((delivery.state, delivery.attempts, subject.attempts(*id).await));
    }
    let expected = [
        (State::Sent, 1, vec![State::Sent]),
        (State::Retry, 1, vec![State::Retry]),
        (State::Sent, 1, vec![State::Sent]),
        (State::Sending, 1, vec![]),
        (State::Sending, 1, vec![]),
        (State::Sending, 1, vec![]),
        (State::Sending, 1, vec![]),
        (State::Leased, 0, vec![]),
    ];
    assert_eq!(states, expected);
}

pub async fn of_fences_of_one_mail_at_once_a_single_one_opens(subject: &Subject) {
    let (id, lease) = subject.leased().await;
    let mut calls = JoinSet::new();
    for _ in 0..8 {
        let outbox = subject.outbox.clone();
        calls.spawn(async move { outbox.fence(lease, &[id], START).await.unwrap().len() });
    }
    assert_eq!(calls.join_all().await.into_iter().sum::<usize>(), 1);
    assert_eq!(subject.delivery(id).await.attempts, 1);
}

pub async fn attempts_add_up_and_are_kept_in_order(subject: &Subject) {
    let id = subject.due_mail().await;
    for (at, settlement) in [
        (0, retry(after(60))),
        (60, unsure(after(120))),
        (120, released(None)),
        (120, sent()),
    ] {
        let claim = claim_at(after(at));
        assert_eq!(subject.claim(&claim).await, [id]);
        if !matches!(settlement, Settlement::Retry { .. }) {
            subject.outbox.fence(claim.lease, &[id], after(at)).await.unwrap();
        }
        assert_eq!(
            subject
                .outbox
                .settle(claim.lease, &[(id, settlement)], after(at))
                .await
                .unwrap(),
            [id]
        );
    }
    let history = subject.outbox.find(id).await.unwrap().unwrap();
    assert_eq!((history.delivery.attempts, history.delivery.lost_answers), (3, 1));
    let attempts: Vec<_> = history
        .attempts
        .iter()
        .map(|attempt| (attempt.at, attempt.outcome))
        .collect();
    assert_eq!(
        attempts,
        [
            (START, State::Retry),
            (after(60), State::Unsure),
            (after(120), State::Sent)
        ]
    );
}

pub async fn a_leased_mail_is_readdressed_by_its_holder_alone(subject: &Subject) {
    let (id, own) = subject.leased().await;
    let before = subject.delivery(id).await;
    let (sender, message) = (
        address("nuevo@example.org"),
        b"From: nuevo@example.org\r\n\r\n".to_vec(),
    );
    assert!(
        !subject
            .outbox
            .readdress(lease(), id, &sender, message.clone())
            .await
            .unwrap()
    );
    assert_eq!(subject.delivery(id).await, before);
    assert!(
        subject
            .outbox
            .readdress(own, id, &sender, message.clone())
            .await
            .unwrap()
    );
    let after = subject.delivery(id).await;
    assert_eq!(
        (&after.sender, after.size, &after.message_id),
        (&sender, 27, &before.message_id)
    );
    assert_eq!(
        subject.outbox.messages(&[id]).await.unwrap(),
        [(id, message.clone())]
    );
    subject.outbox.fence(own, &[id], START).await.unwrap();
    assert!(
        !subject
            .outbox
            .readdress(own, id, &before.sender, Vec::new())
            .await
            .unwrap(),
        "behind the fence"
    );
    assert_eq!(subject.outbox.messages(&[id]).await.unwrap(), [(id, message)]);
}
