//! What [`Outbox`](recado_ports::outbox::Outbox) promises of storing and claiming: due times, chains, no double claim.

use std::collections::BTreeSet;
use std::time::Duration;

use recado_domain::channel::{AccountId, HoldReason};
use recado_domain::outbox::{DeliveryId, State};
use recado_domain::parameter::Parameter;
use recado_domain::ticket::Ticket;
use recado_ports::channels::Hold;
use recado_ports::outbox::{Claim, NewDelivery, Revision, Settlement};
use tokio::task::JoinSet;

use super::Subject;
use super::arrange::{BLOCKED_AFTER, after, claim_at, dead, in_time, released, retry, sent, unsure};
use crate::builders::{comment, delivery, id, test_delivery};
use crate::clock::START;

const ANA: &str = "ana@example.com";

/// Three mails about one ticket to one recipient.
async fn chain(subject: &Subject, ticket: &Ticket) -> [DeliveryId; 3] {
    [
        subject.mail(ticket, ANA).await,
        subject.mail(ticket, ANA).await,
        subject.mail(ticket, ANA).await,
    ]
}

/// Claims the one mail that may leave, passes the fence where the settlement needs it, and settles.
async fn work_on(subject: &Subject, head: DeliveryId, now: jiff::Timestamp, settlement: Settlement) {
    let claim = claim_at(now);
    assert_eq!(subject.claim(&claim).await, [head]);
    if matches!(settlement, Settlement::Sent { .. } | Settlement::Unsure { .. }) {
        subject.outbox.fence(claim.lease, &[head], now).await.unwrap();
    }
    assert_eq!(
        subject
            .outbox
            .settle(claim.lease, &[(head, settlement)], now)
            .await
            .unwrap(),
        [head]
    );
}

pub async fn a_due_mail_is_leased_with_its_facts(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let accept = comment(&ticket).owing(&[ANA]);
    let new = accept.deliveries[0].clone();
    subject.comments.accept(accept).await.unwrap();
    let stored = subject.delivery(new.id).await;
    assert_eq!(
        (stored.state, stored.next_attempt_at),
        (State::Ready, Some(START))
    );
    let claimed = subject.claimed(&claim_at(START)).await;
    let [claimed] = claimed.as_slice() else {
        panic!("{claimed:?}")
    };
    assert_eq!(
        (claimed.claimed_from, claimed.open_time),
        (State::Ready, Duration::ZERO)
    );
    let NewDelivery {
        id,
        cause,
        ticket,
        account,
        sender,
        recipient,
        message_id,
        message,
        due_at: _,
        created_at,
    } = new;
    let expected = recado_domain::outbox::Delivery {
        id,
        cause,
        ticket,
        account,
        recipient,
        sender,
        state: State::Leased,
        outcome: None,
        attempts: 0,
        lost_answers: 0,
        message_id,
        last_reply: None,
        size: message.len() as u64,
        created_at,
        next_attempt_at: None,
    };
    assert_eq!(claimed.delivery, expected);
    assert_eq!(subject.delivery(id).await, expected);
    assert_eq!(subject.outbox.messages(&[id]).await.unwrap(), [(id, message)]);
}

pub async fn a_mail_is_claimed_when_it_is_due_and_not_before(subject: &Subject) {
    let id = subject.enqueue(test_delivery().due_at(after(60)).build()).await;
    assert_eq!(subject.claim(&claim_at(after(59))).await, []);
    assert_eq!(subject.claim(&claim_at(after(60))).await, [id]);
    assert_eq!(subject.claim(&claim_at(after(60))).await, []);
}

pub async fn the_oldest_due_are_claimed_first_up_to_the_limit(subject: &Subject) {
    let mut ids = Vec::new();
    for due in [40, 10, 30, 20] {
        ids.push(subject.enqueue(test_delivery().due_at(after(due)).build()).await);
    }
    let claim = |limit| Claim {
        limit,
        ..claim_at(after(100))
    };
    assert_eq!(subject.claim(&claim(3)).await, [ids[1], ids[3], ids[2]]);
    assert_eq!(subject.claim(&claim(3)).await, [ids[0]]);
}

pub async fn a_mail_of_another_account_is_left_alone(subject: &Subject) {
    let other = subject.enqueue(test_delivery().from_account(3).build()).await;
    let own = subject.due_mail().await;
    assert_eq!(subject.claim(&claim_at(START)).await, [own]);
    let claim = Claim {
        account: AccountId(3),
        ..claim_at(START)
    };
    assert_eq!(subject.claim(&claim).await, [other]);
}

pub async fn a_mail_of_the_same_cause_and_recipient_is_stored_once(subject: &Subject) {
    let first = test_delivery().build();
    let again = NewDelivery {
        id: DeliveryId(id()),
        message: b"other".to_vec(),
        ..first.clone()
    };
    let to_another = NewDelivery {
        id: DeliveryId(id()),
        recipient: crate::builders::address("eva@example.com"),
        ..first.clone()
    };
    let ids = [first.id, again.id, to_another.id];
    subject.outbox.enqueue(vec![first.clone()]).await.unwrap();
    subject.outbox.enqueue(vec![again, to_another]).await.unwrap();
    subject.outbox.enqueue(vec![first.clone()]).await.unwrap();
    assert_eq!(subject.outbox.find(ids[1]).await.unwrap(), None);
    let claimed = subject.claim(&claim_at(START)).await;
    assert_eq!(BTreeSet::from_iter(claimed), BTreeSet::from([ids[0], ids[2]]));
    assert_eq!(
        subject.outbox.messages(&[first.id]).await.unwrap(),
        [(first.id, first.message)]
    );
}

pub async fn only_the_head_of_a_chain_is_claimed(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    for id in chain(subject, &ticket).await {
        work_on(subject, id, START, sent()).await;
    }
    assert_eq!(subject.claim(&claim_at(START)).await, []);
}

pub async fn a_head_that_is_worked_on_holds_its_chain(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let [head, next, _] = chain(subject, &ticket).await;
    let claim = claim_at(START);
    assert_eq!(subject.claim(&claim).await, [head]);
    assert_eq!(subject.claim(&claim_at(after(1))).await, [], "leased");
    subject.outbox.fence(claim.lease, &[head], START).await.unwrap();
    assert_eq!(subject.claim(&claim_at(after(1))).await, [], "sending");
    subject.settle(claim.lease, head, retry(after(60))).await;
    assert_eq!(subject.claim(&claim_at(after(59))).await, [], "to be tried again");
    work_on(subject, head, after(60), sent()).await;
    assert_eq!(subject.claim(&claim_at(after(61))).await, [next]);
}

pub async fn mails_about_other_tickets_and_to_others_are_no_chain(subject: &Subject) {
    let (one, two) = (subject.ticket("1").await, subject.ticket("2").await);
    let ids = [
        subject.mail(&one, ANA).await,
        subject.mail(&one, "eva@example.com").await,
        subject.mail(&two, ANA).await,
    ];
    let claimed = subject.claim(&claim_at(START)).await;
    assert_eq!(BTreeSet::from_iter(claimed), BTreeSet::from(ids));
}

pub async fn mails_without_a_ticket_are_no_chain(subject: &Subject) {
    let ids = [subject.due_mail().await, subject.due_mail().await];
    let claimed = subject.claim(&claim_at(START)).await;
    assert_eq!(BTreeSet::from_iter(claimed), BTreeSet::from(ids));
}

/// The head is worked on at the start; the next mail passes when the head has been blocked for long enough.
async fn blocks_for_a_while(subject: &Subject, settlement: Settlement) {
    let ticket = subject.ticket("1").await;
    let [head, next, last] = chain(subject, &ticket).await;
    work_on(subject, head, START, settlement).await;
    assert_eq!(
        subject
            .claim(&claim_at(START + BLOCKED_AFTER - Duration::from_secs(1)))
            .await,
        []
    );
    // The next mail is no blocked head: the last one waits for it.
    work_on(subject, next, START + BLOCKED_AFTER, sent()).await;
    work_on(subject, last, START + BLOCKED_AFTER, sent()).await;
}

pub async fn a_head_refused_for_long_lets_the_mails_behind_it_pass(subject: &Subject) {
    blocks_for_a_while(subject, retry(after(86_400))).await;
}

pub async fn a_head_whose_answer_was_lost_lets_the_mails_behind_it_pass(subject: &Subject) {
    blocks_for_a_while(subject, unsure(after(86_400))).await;
}

pub async fn a_head_is_blocked_since_its_first_refusal(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let [head, next, _] = chain(subject, &ticket).await;
    work_on(subject, head, START, retry(after(240))).await;
    work_on(subject, head, after(240), retry(after(86_400))).await;
    assert_eq!(subject.claim(&claim_at(after(299))).await, []);
    assert_eq!(subject.claim(&claim_at(after(300))).await, [next]);
}

pub async fn a_head_given_back_uncharged_holds_its_chain(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let [head, _, _] = chain(subject, &ticket).await;
    work_on(subject, head, START, released(Some(after(86_400)))).await;
    assert_eq!(subject.claim(&claim_at(after(86_399))).await, []);
    assert_eq!(subject.claim(&claim_at(after(86_400))).await, [head]);
}

pub async fn a_dead_or_cancelled_head_lets_its_chain_go_on(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let [head, next, last] = chain(subject, &ticket).await;
    work_on(subject, head, START, dead()).await;
    subject.outbox.cancel(next, "not wanted", START).await.unwrap();
    assert_eq!(subject.claim(&claim_at(START)).await, [last]);
}

pub async fn a_claim_by_what_no_longer_counts_takes_nothing(subject: &Subject) {
    let mail = subject.due_mail().await;
    let hold = Hold {
        reason: HoldReason::LoginRefused,
        detail: "535 no".to_owned(),
        since: START,
    };
    for change in [
        "parameter",
        "parameter of the account",
        "nudge",
        "hold",
        "release",
    ] {
        let known = subject.revision().await;
        match change {
            "parameter" => subject
                .parameters
                .set(Parameter::StopOutgoingMail, Some("N".to_owned()))
                .await
                .unwrap(),
            "parameter of the account" => subject
                .parameters
                .set(Parameter::SmtpPort, Some("2525".to_owned()))
                .await
                .unwrap(),
            "nudge" => subject.channels.nudge(AccountId::DEFAULT).await.unwrap(),
            "hold" => subject.channels.hold(AccountId::DEFAULT, &hold).await.unwrap(),
            _ => assert!(
                subject
                    .channels
                    .release(AccountId::DEFAULT, &[hold.reason])
                    .await
                    .unwrap()
            ),
        }
        let claim = Claim {
            under: Some(known),
            ..claim_at(START)
        };
        assert_eq!(subject.claim(&claim).await, [], "{change}");
    }
    let claim = Claim {
        under: Some(subject.revision().await),
        ..claim_at(START)
    };
    assert_eq!(subject.claim(&claim).await, [mail]);
}

pub async fn a_claim_for_an_account_that_was_never_used_finds_it_unchanged(subject: &Subject) {
    let account = AccountId(3);
    let mail = subject.enqueue(test_delivery().from_account(3).build()).await;
    let claim = Claim {
        account,
        under: Some(Revision {
            nudges: 0,
            ..subject.revision().await
        }),
        ..claim_at(START)
    };
    subject.channels.nudge(AccountId::DEFAULT).await.unwrap();
    assert_eq!(
        subject.claim(&claim).await,
        [mail],
        "another account's nudge is none of its"
    );
}

pub async fn messages_come_in_the_order_asked_for(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let binary: Vec<u8> = (0..=255).collect();
    let comment = comment(&ticket);
    let mut accept = comment.owing(&[]);
    accept.deliveries = vec![
        delivery(&accept.comment)
            .to("a@example.com")
            .message(&binary)
            .build(),
        delivery(&accept.comment).to("b@example.com").message(b"").build(),
    ];
    let [a, b] = [accept.deliveries[0].id, accept.deliveries[1].id];
    subject.comments.accept(accept).await.unwrap();
    let messages = subject.outbox.messages(&[b, DeliveryId(id()), a]).await.unwrap();
    assert_eq!(messages, [(b, Vec::new()), (a, binary)]);
}

pub async fn no_mail_is_given_to_two_claims(subject: &Subject) {
    race(subject, 8, 200).await;
}

/// This many workers claim, fence and send until this many mails are gone; each mail must be claimed once.
/// A tenth of the mails stand in chains.
pub async fn race(subject: &Subject, workers: usize, mails: usize) {
    let ticket = subject.ticket("1").await;
    let chained = mails / 10;
    for _ in 0..chained {
        subject.mail(&ticket, ANA).await;
    }
    let rest: Vec<_> = (chained..mails).map(|_| test_delivery().build()).collect();
    for batch in rest.chunks(500) {
        subject.outbox.enqueue(batch.to_vec()).await.unwrap();
    }
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        let subject = subject.clone();
        tasks.spawn(async move { work_until_empty(&subject).await });
    }
    let claimed = in_time("emptying the outbox", tasks.join_all()).await.concat();
    let different: BTreeSet<_> = claimed.iter().collect();
    assert_eq!((claimed.len(), different.len()), (mails, mails));
    let depth = subject.outbox.depth().await.unwrap();
    assert_eq!(depth, []);
}

async fn work_until_empty(subject: &Subject) -> Vec<DeliveryId> {
    let mut claimed = Vec::new();
    while !subject.outbox.depth().await.unwrap().is_empty() {
        let claim = Claim {
            limit: 7,
            ..claim_at(START)
        };
        let ids = subject.claim(&claim).await;
        if ids.is_empty() {
            // Others hold the rest, or the head of the rest.
            tokio::task::yield_now().await;
            continue;
        }
        let fenced = subject.outbox.fence(claim.lease, &ids, START).await.unwrap();
        assert_eq!(BTreeSet::from_iter(&fenced), BTreeSet::from_iter(&ids));
        let settlements: Vec<_> = fenced.iter().map(|id| (*id, sent())).collect();
        let settled = subject
            .outbox
            .settle(claim.lease, &settlements, START)
            .await
            .unwrap();
        assert_eq!(settled.len(), ids.len());
        claimed.extend(ids);
    }
    claimed
}
