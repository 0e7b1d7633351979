//! Delivering one mail while the next one is announced: each keeps its own fence, mark and charge.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use recado_app::stop;
use recado_domain::channel::RateLimits;
use recado_domain::outbox::{DeliveryId, State};
use recado_domain::reply::Reply;
use recado_ports::mail::SendError;
use recado_ports::outbox::Outbox;
use recado_test_support::clock::START;

use crate::faulty::{Call, FaultyOutbox, Interrupted, Moment};
use crate::house::House;

const LEASE: Duration = Duration::from_mins(1);

/// Two mails to different people.
async fn two(house: &House) -> [DeliveryId; 2] {
    [
        house.owe_to("a@example.com").await,
        house.owe_to("b@example.com").await,
    ]
}

async fn states(house: &House, ids: [DeliveryId; 2]) -> [(State, u32); 2] {
    let [a, b] = [house.delivery(ids[0]).await, house.delivery(ids[1]).await];
    [(a.state, a.attempts), (b.state, b.attempts)]
}

/// Does something while the first mail's answer is awaited.
fn during_first<F: Future<Output = ()> + Send + 'static>(
    house: &House,
    hook: impl Fn() -> F + Send + Sync + 'static,
) -> Interrupted {
    let passes = Arc::new(AtomicUsize::new(0));
    Interrupted::new(&house.server).during_finish(move || {
        let hook = (passes.fetch_add(1, Ordering::Relaxed) == 0).then(&hook);
        async move {
            if let Some(hook) = hook {
                hook.await;
            }
        }
    })
}

#[tokio::test]
async fn a_mail_is_marked_in_the_round_of_the_next_ones_fence() {
    let house = House::new().await;
    for n in 0..3 {
        house.owe_to(&format!("person{n}@example.com")).await;
    }
    let outbox = FaultyOutbox::new(&house.store);
    let mut worker = house.worker_on(Arc::new(outbox.clone()), Arc::new(house.server.clone()));
    worker.batch().await;
    let begins = |call| (call, Moment::Begins);
    let ends = |call| (call, Moment::Ends);
    let rounds = outbox.rounds();
    assert_eq!(rounds[..2], [begins(Call::Fence), ends(Call::Fence)]);
    for round in [&rounds[2..6], &rounds[6..10]] {
        assert!(
            round[..2].contains(&begins(Call::Settle)) && round[..2].contains(&begins(Call::Fence)),
            "{round:?}"
        );
    }
    assert_eq!(rounds[10..], [begins(Call::Settle), ends(Call::Settle)]);
    assert_eq!((house.recipients().len(), house.server.connections()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_mail_is_marked_while_the_next_ones_go_ahead_is_slow() {
    let house = House::new().await;
    let ids = two(&house).await;
    let (store, passes) = (house.store.clone(), AtomicUsize::new(0));
    let server = Interrupted::new(&house.server).during_begin(move || {
        let (store, pass) = (store.clone(), passes.fetch_add(1, Ordering::Relaxed));
        async move {
            if pass == 1 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let first = Outbox::find(&store, ids[0]).await.unwrap().unwrap();
                assert_eq!(first.delivery.state, State::Sent);
            }
        }
    });
    let mut worker = house.worker_on(Arc::new(house.store.clone()), Arc::new(server));
    worker.batch().await;
    assert_eq!(states(&house, ids).await, [(State::Sent, 1), (State::Sent, 1)]);
    assert_eq!(house.server.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_fails_beside_a_fence_is_written_before_the_next_mail_leaves() {
    let house = House::new().await;
    let ids = two(&house).await;
    let outbox = FaultyOutbox::new(&house.store);
    outbox.fail(Call::Settle, 3);
    let (store, passes) = (house.store.clone(), AtomicUsize::new(0));
    let server = Interrupted::new(&house.server).during_finish(move || {
        let (store, pass) = (store.clone(), passes.fetch_add(1, Ordering::Relaxed));
        async move {
            if pass == 1 {
                let first = Outbox::find(&store, ids[0]).await.unwrap().unwrap();
                assert_eq!(first.delivery.state, State::Sent);
            }
        }
    });
    let mut worker = house.worker_on(Arc::new(outbox.clone()), Arc::new(server));
    worker.batch().await;
    assert_eq!(outbox.left(Call::Settle), 0);
    assert_eq!(states(&house, ids).await, [(State::Sent, 1), (State::Sent, 1)]);
    assert_eq!(house.recipients(), ["a@example.com", "b@example.com"]);
}

#[tokio::test]
async fn a_fence_that_fails_beside_a_mark_stops_its_own_mail_alone() {
    let house = House::new().await;
    let ids = two(&house).await;
    let outbox = FaultyOutbox::new(&house.store);
    let failing = outbox.clone();
    let server = during_first(&house, move || {
        failing.fail(Call::Fence, 1);
        std::future::ready(())
    });
    let mut worker = house.worker_on(Arc::new(outbox.clone()), Arc::new(server));
    worker.batch().await;
    assert_eq!(outbox.left(Call::Fence), 0);
    assert_eq!(states(&house, ids).await, [(State::Sent, 1), (State::Ready, 0)]);
    worker.batch().await;
    assert_eq!(house.recipients(), ["a@example.com", "b@example.com"]);
    assert_eq!((house.server.connections(), house.server.quits()), (2, 0));
}

#[tokio::test]
async fn a_mail_that_is_called_back_after_its_announcement_is_not_sent() {
    let house = House::new().await;
    let ids = two(&house).await;
    let behind = house.owe_to("c@example.com").await;
    let store = house.store.clone();
    let server = during_first(&house, move || {
        let store = store.clone();
        async move {
            store.cancel(ids[1], "withdrawn", START).await.unwrap();
        }
    });
    let mut worker = house.worker_on(Arc::new(house.store.clone()), Arc::new(server));
    worker.batch().await;
    assert_eq!(
        states(&house, ids).await,
        [(State::Sent, 1), (State::Cancelled, 0)]
    );
    assert_eq!(house.state(behind).await, State::Sent);
    assert_eq!(house.recipients(), ["a@example.com", "c@example.com"]);
    assert_eq!((house.server.connections(), house.server.quits()), (2, 0));
}

#[tokio::test]
async fn a_daemon_that_stops_behind_an_announcement_sends_and_charges_nothing_of_it() {
    let house = House::new().await;
    let ids = two(&house).await;
    let (signal, stop) = stop::channel();
    let server = during_first(&house, move || {
        signal.stop();
        std::future::ready(())
    });
    let mut worker = house.worker_on(Arc::new(house.store.clone()), Arc::new(server));
    worker.stop = stop;
    worker.batch().await;
    assert_eq!(states(&house, ids).await, [(State::Sent, 1), (State::Ready, 0)]);
    assert_eq!(house.server.begun().len(), 1);
    assert_eq!(
        house.server.quits(),
        0,
        "behind an announcement there is no farewell"
    );
}

#[tokio::test]
async fn a_lease_that_is_too_short_for_the_announced_mail_sends_nothing_of_it() {
    let house = House::new().await;
    let ids = two(&house).await;
    let clock = house.clock.clone();
    let server = during_first(&house, move || {
        clock.advance(LEASE * 5 / 6 + Duration::from_secs(1));
        std::future::ready(())
    });
    let mut worker = house.worker_on(Arc::new(house.store.clone()), Arc::new(server));
    worker.batch().await;
    assert_eq!(states(&house, ids).await, [(State::Sent, 1), (State::Ready, 0)]);
    worker.batch().await;
    assert_eq!(house.recipients(), ["a@example.com", "b@example.com"]);
}

#[tokio::test]
async fn a_lost_answer_charges_the_announced_mail_nothing() {
    let house = House::new().await;
    let ids = two(&house).await;
    house.server.lose_answer("connection reset");
    house.worker().batch().await;
    assert_eq!(states(&house, ids).await, [(State::Unsure, 1), (State::Sent, 1)]);
    assert_eq!((house.server.begun().len(), house.server.connections()), (2, 2));
}

#[tokio::test]
async fn an_announced_mail_that_is_given_back_gives_its_leave_back() {
    let mut house = House::new().await;
    house.delivery.limits = RateLimits {
        per_minute: None,
        per_day: NonZeroU32::new(3),
    };
    let ids = two(&house).await;
    let throttled = SendError::Throttled(Reply::new(451, "4.7.0 slow down"));
    house.server.on_finish(Err(throttled));
    let mut worker = house.worker();
    worker.batch().await;
    assert_eq!(states(&house, ids).await, [(State::Ready, 0), (State::Ready, 0)]);
    worker.work_for(Duration::from_secs(10)).await;
    assert_eq!(house.recipients().len(), 2);
}
