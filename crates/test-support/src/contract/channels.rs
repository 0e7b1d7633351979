//! What [`Channels`](recado_ports::channels::Channels) promises. Ticks are `outbox_expiry`'s.

use recado_domain::channel::{AccountId, HoldReason};
use recado_ports::channels::{Channel, Hold};

use super::Subject;
use super::arrange::after;
use crate::builders::test_delivery;

const ZERO: AccountId = AccountId::DEFAULT;

fn hold(reason: HoldReason, seconds: u64) -> Hold {
    Hold {
        reason,
        detail: format!("since {seconds}"),
        since: after(seconds),
    }
}

async fn held(subject: &Subject, account: AccountId) -> Option<(HoldReason, jiff::Timestamp)> {
    let channel = subject.channels.find(account).await.unwrap();
    channel.hold.map(|hold| (hold.reason, hold.since))
}

pub async fn an_account_never_used_is_fresh_and_account_0_always_exists(subject: &Subject) {
    let fresh = |account| Channel {
        account,
        hold: None,
        nudges: 0,
        last_fault: None,
    };
    assert_eq!(subject.channels.list().await.unwrap(), [fresh(ZERO)]);
    assert_eq!(subject.channels.find(ZERO).await.unwrap(), fresh(ZERO));
    assert_eq!(
        subject.channels.find(AccountId(7)).await.unwrap(),
        fresh(AccountId(7))
    );
}

pub async fn every_account_that_owes_a_mail_is_listed(subject: &Subject) {
    subject.enqueue(test_delivery().from_account(3).build()).await;
    subject.channels.nudge(AccountId(5)).await.unwrap();
    let mut listed: Vec<_> = subject
        .channels
        .list()
        .await
        .unwrap()
        .iter()
        .map(|channel| channel.account.0)
        .collect();
    listed.sort_unstable();
    assert_eq!(listed, [0, 3, 5]);
}

pub async fn a_hold_with_the_same_reason_keeps_its_since_and_takes_the_new_words(subject: &Subject) {
    for reason in HoldReason::ALL {
        let account = AccountId(u32::from(reason.is_probed()));
        subject.channels.release(account, &HoldReason::ALL).await.unwrap();
        let first = Hold {
            reason,
            detail: "first".to_owned(),
            since: after(1),
        };
        subject.channels.hold(account, &first).await.unwrap();
        assert_eq!(
            subject.channels.find(account).await.unwrap().hold,
            Some(first.clone())
        );
        let again = Hold {
            reason,
            detail: "again".to_owned(),
            since: after(2),
        };
        subject.channels.hold(account, &again).await.unwrap();
        let kept = Hold {
            since: after(1),
            ..again
        };
        assert_eq!(
            subject.channels.find(account).await.unwrap().hold,
            Some(kept),
            "{reason}"
        );
    }
    assert_eq!(held(subject, AccountId(2)).await, None);
}

pub async fn a_hold_gives_way_to_another_unless_a_person_must_end_it(subject: &Subject) {
    for (second, lasting) in HoldReason::ALL
        .into_iter()
        .filter(|reason| !reason.is_probed())
        .enumerate()
    {
        let account = AccountId(u32::try_from(second).unwrap());
        for (reason, seconds) in [
            (HoldReason::LoginRefused, 1),
            (HoldReason::TlsMissing, 2),
            (lasting, 3),
        ] {
            subject
                .channels
                .hold(account, &hold(reason, seconds))
                .await
                .unwrap();
            assert_eq!(held(subject, account).await, Some((reason, after(seconds))));
        }
        for other in HoldReason::ALL {
            subject.channels.hold(account, &hold(other, 4)).await.unwrap();
            subject.channels.hold_all(&hold(other, 5)).await.unwrap();
            assert_eq!(held(subject, account).await, Some((lasting, after(3))), "{other}");
        }
        subject.channels.release(account, &HoldReason::ALL).await.unwrap();
        subject
            .channels
            .release(AccountId(1), &HoldReason::ALL)
            .await
            .unwrap();
    }
}

pub async fn all_accounts_are_held_at_once(subject: &Subject) {
    subject.enqueue(test_delivery().from_account(3).build()).await;
    subject
        .channels
        .hold(ZERO, &hold(HoldReason::NotConfigured, 1))
        .await
        .unwrap();
    subject
        .channels
        .hold_all(&hold(HoldReason::Restored, 2))
        .await
        .unwrap();
    let all = subject.channels.list().await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(
        all.iter()
            .all(|channel| channel.hold == Some(hold(HoldReason::Restored, 2))),
        "{all:?}"
    );
}

pub async fn a_hold_is_released_for_its_reason_alone(subject: &Subject) {
    assert!(
        !subject.channels.release(ZERO, &HoldReason::ALL).await.unwrap(),
        "there is none"
    );
    subject
        .channels
        .hold(ZERO, &hold(HoldReason::LoginRefused, 1))
        .await
        .unwrap();
    let others = [HoldReason::Restored, HoldReason::Operator];
    assert!(!subject.channels.release(ZERO, &others).await.unwrap());
    assert_eq!(
        held(subject, ZERO).await,
        Some((HoldReason::LoginRefused, after(1)))
    );
    let nudges = subject.channels.find(ZERO).await.unwrap().nudges;
    assert!(
        subject
            .channels
            .release(ZERO, &[HoldReason::Operator, HoldReason::LoginRefused])
            .await
            .unwrap()
    );
    let released = subject.channels.find(ZERO).await.unwrap();
    assert_eq!(released.hold, None);
    assert!(released.nudges > nudges, "a released account is tried at once");
    assert!(
        !subject.channels.release(ZERO, &HoldReason::ALL).await.unwrap(),
        "it is gone"
    );
}

pub async fn a_nudge_is_counted(subject: &Subject) {
    for _ in 0..2 {
        subject.channels.nudge(AccountId(4)).await.unwrap();
    }
    assert_eq!(subject.channels.find(AccountId(4)).await.unwrap().nudges, 2);
    assert_eq!(subject.channels.find(ZERO).await.unwrap().nudges, 0);
}

pub async fn the_last_fault_is_kept(subject: &Subject) {
    subject
        .channels
        .record_fault(ZERO, "connection refused")
        .await
        .unwrap();
    subject.channels.record_fault(ZERO, "535 5.7.8 no").await.unwrap();
    subject
        .channels
        .hold(ZERO, &hold(HoldReason::LoginRefused, 1))
        .await
        .unwrap();
    subject.channels.release(ZERO, &HoldReason::ALL).await.unwrap();
    let channel = subject.channels.find(ZERO).await.unwrap();
    assert_eq!(channel.last_fault.as_deref(), Some("535 5.7.8 no"));
}
