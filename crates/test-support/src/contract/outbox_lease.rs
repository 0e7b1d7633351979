//! What [`Outbox`](recado_ports::outbox::Outbox) promises of leases that run out or are renewed.

use recado_domain::outbox::{DeliveryId, LeaseToken, State};
use recado_ports::outbox::Claim;

use super::Subject;
use super::arrange::{
    LONG_LEASE, SHORT_LEASE, after, claim_at, dead, in_time, released, retry, sent, unsure,
};
use crate::builders::lease;
use crate::clock::START;

/// Stores a mail and claims it for a moment.
async fn leased_shortly(subject: &Subject) -> (DeliveryId, LeaseToken) {
    let id = subject.due_mail().await;
    let claim = Claim {
        lease_time: SHORT_LEASE,
        ..claim_at(START)
    };
    assert_eq!(subject.claim(&claim).await, [id]);
    (id, claim.lease)
}

/// Lets the one short lease run out, and has it ended.
async fn end_one_lease(subject: &Subject) {
    let ending = async {
        loop {
            subject.let_lease_run_out(SHORT_LEASE).await;
            match subject
                .outbox
                .end_expired_leases(after(60), after(120))
                .await
                .unwrap()
            {
                0 => {}
                ended => return ended,
            }
        }
    };
    assert_eq!(in_time("ending a lease", ending).await, 1);
    assert_eq!(
        subject
            .outbox
            .end_expired_leases(after(60), after(120))
            .await
            .unwrap(),
        0,
        "once is enough"
    );
}

pub async fn a_lease_in_force_is_not_ended(subject: &Subject) {
    let (id, own) = subject.leased().await;
    // A wall clock that jumps ends no lease.
    assert_eq!(
        subject
            .outbox
            .end_expired_leases(after(86_400 * 365), after(86_400 * 365))
            .await
            .unwrap(),
        0
    );
    assert_eq!(subject.outbox.fence(own, &[id], START).await.unwrap(), [id]);
}

pub async fn a_mail_whose_lease_ran_out_before_the_fence_is_ready_again(subject: &Subject) {
    let (id, stopped) = leased_shortly(subject).await;
    end_one_lease(subject).await;
    let delivery = subject.delivery(id).await;
    assert_eq!(
        (delivery.state, delivery.attempts, delivery.next_attempt_at),
        (State::Ready, 0, Some(START))
    );
    assert_eq!(subject.outbox.fence(stopped, &[id], after(60)).await.unwrap(), []);
    let claim = claim_at(after(60));
    assert_eq!(subject.claim(&claim).await, [id]);
    assert_eq!(subject.outbox.fence(stopped, &[id], after(60)).await.unwrap(), []);
    assert_eq!(
        subject.outbox.fence(claim.lease, &[id], after(60)).await.unwrap(),
        [id]
    );
}

pub async fn a_mail_whose_lease_ran_out_behind_the_fence_is_unsure(subject: &Subject) {
    let (id, own) = leased_shortly(subject).await;
    subject.outbox.fence(own, &[id], START).await.unwrap();
    end_one_lease(subject).await;
    let delivery = subject.delivery(id).await;
    assert_eq!((delivery.state, delivery.attempts), (State::Unsure, 1));
    assert_eq!(
        delivery.lost_answers, 0,
        "ends of our own process are not counted"
    );
    assert_eq!(delivery.next_attempt_at, Some(after(120)));
    let claimed = subject.claimed(&claim_at(after(120))).await;
    assert_eq!(
        claimed
            .iter()
            .map(|claimed| claimed.claimed_from)
            .collect::<Vec<_>>(),
        [State::Unsure]
    );
}

pub async fn a_late_acceptance_counts_under_the_same_token(subject: &Subject) {
    let (id, own) = leased_shortly(subject).await;
    subject.outbox.fence(own, &[id], START).await.unwrap();
    end_one_lease(subject).await;
    assert_eq!(subject.settle(lease(), id, sent()).await, []);
    assert_eq!(subject.settle(own, id, sent()).await, [id]);
    let delivery = subject.delivery(id).await;
    assert_eq!(
        (delivery.state, delivery.attempts, delivery.next_attempt_at),
        (State::Sent, 1, None)
    );
    assert_eq!(subject.claim(&claim_at(after(86_400))).await, []);
}

pub async fn any_other_late_answer_is_void(subject: &Subject) {
    let (unfenced, own) = leased_shortly(subject).await;
    end_one_lease(subject).await;
    assert_void(subject, unfenced, own).await;
    subject
        .outbox
        .cancel(unfenced, "not wanted", START)
        .await
        .unwrap();
    let (fenced, own) = leased_shortly(subject).await;
    subject.outbox.fence(own, &[fenced], START).await.unwrap();
    end_one_lease(subject).await;
    assert_void(subject, fenced, own).await;
}

/// Whoever lost the mail cannot move it, acceptance aside.
async fn assert_void(subject: &Subject, id: DeliveryId, lease: LeaseToken) {
    let before = subject.outbox.find(id).await.unwrap();
    for settlement in [released(None), retry(START), unsure(START), dead()] {
        assert_eq!(
            subject.settle(lease, id, settlement.clone()).await,
            [],
            "{settlement:?}"
        );
        assert_eq!(subject.outbox.find(id).await.unwrap(), before, "{settlement:?}");
    }
}

pub async fn a_late_acceptance_is_void_once_another_worker_has_the_mail(subject: &Subject) {
    let (id, stopped) = leased_shortly(subject).await;
    subject.outbox.fence(stopped, &[id], START).await.unwrap();
    end_one_lease(subject).await;
    let claim = claim_at(after(120));
    assert_eq!(subject.claim(&claim).await, [id]);
    assert_eq!(subject.settle(stopped, id, sent()).await, []);
    assert_eq!(subject.state(id).await, State::Leased);
    subject
        .outbox
        .fence(claim.lease, &[id], after(120))
        .await
        .unwrap();
    assert_eq!(subject.settle(stopped, id, sent()).await, []);
    assert_eq!(subject.settle(claim.lease, id, sent()).await, [id]);
}

pub async fn a_renewed_lease_goes_on(subject: &Subject) {
    let (id, own) = leased_shortly(subject).await;
    assert_eq!(subject.outbox.renew(own, LONG_LEASE).await.unwrap(), [id]);
    subject.let_lease_run_out(SHORT_LEASE).await;
    assert_eq!(
        subject
            .outbox
            .end_expired_leases(after(60), after(120))
            .await
            .unwrap(),
        0
    );
    assert_eq!(subject.outbox.fence(own, &[id], after(60)).await.unwrap(), [id]);
    assert_eq!(
        subject.outbox.renew(own, LONG_LEASE).await.unwrap(),
        [id],
        "behind the fence too"
    );
}

pub async fn a_lease_is_renewed_for_what_is_still_held_alone(subject: &Subject) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(subject.due_mail().await);
    }
    let claim = claim_at(START);
    subject.claim(&claim).await;
    subject.outbox.fence(claim.lease, &ids[..1], START).await.unwrap();
    subject.settle(claim.lease, ids[0], sent()).await;
    subject.outbox.cancel(ids[1], "not wanted", START).await.unwrap();
    assert_eq!(
        subject.outbox.renew(claim.lease, LONG_LEASE).await.unwrap(),
        [ids[2]]
    );
    assert_eq!(subject.outbox.renew(lease(), LONG_LEASE).await.unwrap(), []);
}
