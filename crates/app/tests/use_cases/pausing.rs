//! Pausing an outgoing account, and letting it go again.

use std::sync::Arc;

use recado_app::access::Refusal;
use recado_app::steer_channel::SteerChannel;
use recado_domain::audit::Action;
use recado_domain::channel::{AccountId, HoldReason};
use recado_ports::audit::MockAudit;
use recado_ports::channels::{Channels as _, Hold};
use recado_test_support::clock::START;

use crate::faulty::unavailable;
use crate::house::{House, administrator, ana, comment, tomas};

const ACCOUNT: AccountId = AccountId::DEFAULT;

fn steer(house: &House) -> SteerChannel {
    SteerChannel {
        channels: Arc::new(house.store.clone()),
        trail: house.trail(),
    }
}

#[tokio::test]
async fn a_paused_account_takes_in_and_sends_nothing_until_it_is_released() {
    let house = House::new().await;
    let mut worker = house.worker();
    let channel = steer(&house).pause(&administrator(), ACCOUNT).await.unwrap();
    let hold = channel.hold.unwrap();
    assert_eq!(hold.reason, HoldReason::Operator);
    assert_eq!(hold.detail, "paused by system@example.org");
    let posted = house.post(&ana(), comment("hola")).await;
    assert_eq!(posted.notification.as_str(), "held");
    worker.drain().await;
    assert!(house.recipients().is_empty());
    assert!(steer(&house).release(&administrator(), ACCOUNT).await.unwrap());
    worker.drain().await;
    assert_eq!(house.recipients(), ["tomas@example.com"]);
    let told = house.told().await;
    assert_eq!(
        told,
        [
            (
                Action::ChannelReleased,
                "0".to_owned(),
                Some("operator: paused by system@example.org".to_owned()),
                None
            ),
            (Action::ChannelPaused, "0".to_owned(), None, None),
        ]
    );
}

#[tokio::test]
async fn what_a_restart_found_is_not_covered_by_a_pause() {
    let house = House::new().await;
    let restored = Hold {
        reason: HoldReason::Restored,
        detail: "older than its counter".to_owned(),
        since: START,
    };
    house.store.hold(ACCOUNT, &restored).await.unwrap();
    let channel = steer(&house).pause(&administrator(), ACCOUNT).await.unwrap();
    assert_eq!(channel.hold, Some(restored));
}

#[tokio::test]
async fn administrators_alone_pause() {
    let house = House::new().await;
    let refusal = steer(&house).pause(&tomas(), ACCOUNT).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Forbidden(_)), "{refusal}");
    assert_eq!(house.channel().await.hold, None);
    assert_eq!(house.told().await, []);
}

#[tokio::test]
async fn nothing_is_paused_or_released_untold() {
    let house = House::new().await;
    steer(&house).pause(&administrator(), ACCOUNT).await.unwrap();
    let mut audit = MockAudit::new();
    audit.expect_record().returning(|_| Err(unavailable()));
    let mut untold = steer(&house);
    untold.trail.audit = Arc::new(audit);
    let refusal = untold.release(&administrator(), ACCOUNT).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Store(_)), "{refusal}");
    assert!(house.channel().await.hold.is_some());
}
