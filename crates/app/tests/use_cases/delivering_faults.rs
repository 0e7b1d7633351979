//! Delivering while the database fails, the lease runs out or the daemon stops: never a mail lost, and a second copy only where the answer was.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use recado_app::deliver_batch::Next;
use recado_app::stop;
use recado_domain::outbox::State;
use recado_domain::reply::Reply;
use recado_ports::clock::Clock;
use recado_ports::mail::SendError;
use recado_ports::outbox::Outbox;
use recado_test_support::builders;
use recado_test_support::clock::START;

use crate::faulty::{Call, FaultyOutbox, Interrupted};
use crate::house::House;

const LEASE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_mail_called_back_before_its_fence_is_not_sent() {
    let house = House::new().await;
    let called_back = house.owe_to("a@example.com").await;
    let other = house.owe_to("b@example.com").await;
    let store = house.store.clone();
    let server = Interrupted::new(&house.server).during_begin(move || {
        let store = store.clone();
        async move {
            let _ = store.cancel(called_back, "withdrawn", START).await;
        }
    });
    house
        .worker_on(Arc::new(house.store.clone()), Arc::new(server))
        .drain()
        .await;
    assert_eq!(
        (house.state(called_back).await, house.state(other).await),
        (State::Cancelled, State::Sent)
    );
    assert_eq!(house.recipients(), ["b@example.com"]);
    assert_eq!(
        house.server.connections(),
        2,
        "a dialogue that was broken off leaves no connection to reuse"
    );
}

#[tokio::test(start_paused = true)]
async fn a_database_that_fails_at_any_call_delays_and_loses_nothing() {
    for call in [Call::Claim, Call::Messages, Call::Fence, Call::Settle] {
        let house = House::new().await;
        let outbox = FaultyOutbox::new(&house.store);
        for n in 0..3 {
            house.owe_to(&format!("person{n}@example.com")).await;
        }
        outbox.fail(call, 4);
        let mut worker = house.worker_on(Arc::new(outbox.clone()), Arc::new(house.server.clone()));
        for _ in 0..8 {
            let next = worker.batch().await;
            assert!(
                call == Call::Settle
                    || outbox.left(call) == 0
                    || next == Next::Within(Duration::from_secs(1)),
                "{call:?}: the worker leaves a failing database a second, not {next:?}"
            );
        }
        assert_eq!(outbox.left(call), 0, "{call:?}");
        assert_eq!(house.recipients().len(), 3, "{call:?}: each was sent once");
        let mails = house.deliveries().await;
        assert!(
            mails
                .iter()
                .all(|mail| (mail.state, mail.attempts) == (State::Sent, 1)),
            "{call:?}: {mails:?}"
        );
    }
}

#[tokio::test]
async fn a_fence_that_cannot_be_written_sends_nothing() {
    let house = House::new().await;
    let id = house.owe_to("ana@example.com").await;
    let outbox = FaultyOutbox::new(&house.store);
    outbox.fail(Call::Fence, 1);
    let mut worker = house.worker_on(Arc::new(outbox), Arc::new(house.server.clone()));
    worker.batch().await;
    assert_eq!(house.server.sent(), []);
    let mail = house.delivery(id).await;
    assert_eq!((mail.state, mail.attempts), (State::Ready, 0));
}

#[tokio::test(start_paused = true)]
async fn an_acceptance_that_cannot_be_written_is_written_later_and_never_sent_again() {
    let house = House::new().await;
    let id = house.owe_to("ana@example.com").await;
    let outbox = FaultyOutbox::new(&house.store);
    outbox.fail(Call::Settle, 100);
    outbox.fail(Call::Renew, 5);
    let begun = tokio::time::Instant::now();
    house
        .worker_on(Arc::new(outbox.clone()), Arc::new(house.server.clone()))
        .drain()
        .await;
    assert!(
        begun.elapsed() > Duration::from_mins(3),
        "the outage was long: {:?}",
        begun.elapsed()
    );
    assert_eq!(
        (house.state(id).await, outbox.left(Call::Settle)),
        (State::Sent, 0)
    );
    assert_eq!(house.server.sent().len(), 1);
}

#[tokio::test]
async fn an_acceptance_after_the_lease_was_ended_still_counts() {
    let house = House::new().await;
    let id = house.owe_to("ana@example.com").await;
    let (store, clock) = (house.store.clone(), house.clock.clone());
    let server = Interrupted::new(&house.server).during_finish(move || {
        let (store, clock) = (store.clone(), clock.clone());
        async move {
            clock.advance(LEASE);
            let unsure_due = clock.now() + Duration::from_mins(1);
            assert_eq!(
                store.end_expired_leases(clock.now(), unsure_due).await.unwrap(),
                1
            );
        }
    });
    house
        .worker_on(Arc::new(house.store.clone()), Arc::new(server))
        .batch()
        .await;
    assert_eq!(house.state(id).await, State::Sent);
}

#[tokio::test(start_paused = true)]
async fn a_lease_lives_as_long_as_the_server_takes_to_answer() {
    let house = House::new().await;
    let id = house.owe_to("ana@example.com").await;
    let (store, clock) = (house.store.clone(), house.clock.clone());
    let server = Interrupted::new(&house.server).during_finish(move || {
        let (store, clock) = (store.clone(), clock.clone());
        async move {
            for _ in 0..9 * 6 {
                let pause = Duration::from_secs(10);
                tokio::time::sleep(pause).await;
                clock.advance(pause);
                assert_eq!(
                    store.end_expired_leases(clock.now(), clock.now()).await.unwrap(),
                    0
                );
            }
        }
    });
    house
        .worker_on(Arc::new(house.store.clone()), Arc::new(server))
        .batch()
        .await;
    assert_eq!(
        (house.state(id).await, house.server.sent().len()),
        (State::Sent, 1)
    );
}

#[tokio::test]
async fn a_machine_that_slept_before_the_fence_sends_nothing_under_the_old_lease() {
    let house = House::new().await;
    let id = house.owe_to("ana@example.com").await;
    let clock = house.clock.clone();
    let slept = Arc::new(AtomicBool::new(false));
    let server = Interrupted::new(&house.server).during_begin(move || {
        if !slept.swap(true, Ordering::Relaxed) {
            clock.advance(LEASE * 5 / 6 + Duration::from_secs(1));
        }
        std::future::ready(())
    });
    let mut worker = house.worker_on(Arc::new(house.store.clone()), Arc::new(server));
    worker.batch().await;
    assert_eq!(house.server.sent(), []);
    let mail = house.delivery(id).await;
    assert_eq!((mail.state, mail.attempts), (State::Ready, 0));
    worker.batch().await;
    assert_eq!(house.state(id).await, State::Sent);
}

#[tokio::test]
async fn a_machine_that_slept_in_the_fence_sends_nothing_and_charges_nothing() {
    let house = House::new().await;
    let id = house.owe_to("ana@example.com").await;
    let outbox = FaultyOutbox::new(&house.store);
    outbox.sleep_in_fence(house.clock.clone(), LEASE);
    let mut worker = house.worker_on(Arc::new(outbox), Arc::new(house.server.clone()));
    worker.batch().await;
    assert_eq!(house.server.sent(), []);
    let mail = house.delivery(id).await;
    assert_eq!((mail.state, mail.attempts), (State::Ready, 0));
    worker.batch().await;
    let mail = house.delivery(id).await;
    assert_eq!((mail.state, mail.attempts), (State::Sent, 1));
}

#[tokio::test]
async fn a_wall_clock_that_jumps_does_not_touch_leases() {
    let house = House::new().await;
    let id = house.owe_to("ana@example.com").await;
    let clock = house.clock.clone();
    let server = Interrupted::new(&house.server).during_begin(move || {
        clock.jump_to(START + Duration::from_hours(24));
        std::future::ready(())
    });
    house
        .worker_on(Arc::new(house.store.clone()), Arc::new(server))
        .batch()
        .await;
    assert_eq!(house.state(id).await, State::Sent);
}

#[tokio::test]
async fn a_daemon_that_stops_before_the_dot_gives_the_mails_back() {
    let house = House::new().await;
    for n in 0..3 {
        house.owe_to(&format!("person{n}@example.com")).await;
    }
    let (signal, stop) = stop::channel();
    let server = Interrupted::new(&house.server).during_begin(move || {
        signal.stop();
        std::future::pending()
    });
    let mut worker = house.worker_on(Arc::new(house.store.clone()), Arc::new(server));
    worker.stop = stop;
    worker.batch().await;
    assert_eq!(house.server.begun(), []);
    let mails = house.deliveries().await;
    assert!(
        mails
            .iter()
            .all(|mail| (mail.state, mail.attempts) == (State::Ready, 0)),
        "{mails:?}"
    );
    assert!(
        matches!(worker.batch().await, Next::Within(_)),
        "and claims nothing more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_stops_behind_the_dot_waits_ten_seconds_for_the_answer() {
    for (answers_after, state) in [(9, State::Sent), (11, State::Unsure)] {
        let house = House::new().await;
        let id = house.owe_to("a@example.com").await;
        let behind = house.owe_to("b@example.com").await;
        let (signal, stop) = stop::channel();
        let server = Interrupted::new(&house.server).during_finish(move || {
            signal.stop();
            tokio::time::sleep(Duration::from_secs(answers_after))
        });
        let mut worker = house.worker_on(Arc::new(house.store.clone()), Arc::new(server));
        worker.stop = stop;
        worker.batch().await;
        let mail = house.delivery(id).await;
        assert_eq!(
            (mail.state, mail.attempts, mail.lost_answers),
            (state, 1, 0),
            "after {answers_after} s"
        );
        let mail = house.delivery(behind).await;
        assert_eq!((mail.state, mail.attempts), (State::Ready, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_stops_while_the_database_is_down_does_not_hang() {
    let house = House::new().await;
    house.owe_to("ana@example.com").await;
    let outbox = FaultyOutbox::new(&house.store);
    outbox.fail(Call::Settle, usize::MAX);
    let mut worker = house.worker_on(Arc::new(outbox), Arc::new(house.server.clone()));
    let begun = tokio::time::Instant::now();
    let server = house.server.clone();
    let signal = std::mem::replace(&mut worker.signal, stop::channel().0);
    tokio::join!(worker.batch(), async move {
        server.arrived(1).await;
        signal.stop();
    });
    assert!(
        begun.elapsed() <= Duration::from_secs(13),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_mail_whose_message_is_gone_is_dead_and_delays_nobody() {
    let house = House::new().await;
    let gone = house.owe_to("a@example.com").await;
    let other = house.owe_to("b@example.com").await;
    let outbox = FaultyOutbox::new(&house.store);
    outbox.lose_message(gone);
    house
        .worker_on(Arc::new(outbox), Arc::new(house.server.clone()))
        .drain()
        .await;
    let mail = house.delivery(gone).await;
    assert_eq!(
        (mail.state, mail.last_reply.as_deref()),
        (State::Dead, Some("the message is no longer stored"))
    );
    assert_eq!(house.state(other).await, State::Sent);
}

#[tokio::test]
async fn large_messages_are_read_a_few_at_a_time_and_all_are_sent() {
    let house = House::new().await;
    let large = vec![b'x'; 700_000];
    for n in 0..4 {
        let mail = builders::test_delivery()
            .to(&format!("person{n}@example.com"))
            .message(&large);
        house.owe(mail.build()).await;
    }
    let outbox = FaultyOutbox::new(&house.store);
    let mut worker = house.worker_on(Arc::new(outbox), Arc::new(house.server.clone()));
    worker.batch().await;
    assert!(house.server.sent().iter().all(|mail| mail.message == large));
    assert_eq!(house.server.sent().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_side_by_side_send_each_mail_once() {
    let house = House::new().await;
    for n in 0..500 {
        house.owe_to(&format!("person{n}@example.com")).await;
    }
    let first = house.worker();
    let gate = first.deliver.gate.clone();
    let mut workers = vec![first];
    for _ in 0..3 {
        let (outbox, transport) = (Arc::new(house.store.clone()), Arc::new(house.server.clone()));
        workers.push(house.worker_beside(outbox, transport, gate.clone()));
    }
    let running: Vec<_> = workers
        .into_iter()
        .map(|mut worker| tokio::spawn(async move { worker.drain().await }))
        .collect();
    for worker in running {
        worker.await.unwrap();
    }
    let mut recipients = house.recipients();
    assert_eq!(recipients.len(), 500);
    recipients.sort();
    recipients.dedup();
    assert_eq!(recipients.len(), 500);
}

#[tokio::test]
async fn the_queue_id_of_the_accepting_server_is_kept() {
    let house = House::new().await;
    let id = house.owe_to("ana@example.com").await;
    house
        .server
        .on_finish(Err(SendError::Retry(Reply::new(451, "4.3.0 later"))));
    house
        .server
        .on_finish(Ok(Reply::new(250, "2.0.0 Ok: queued as 4XyZ")));
    let mut worker = house.worker();
    worker.work_for(Duration::from_mins(1)).await;
    let mail = house.delivery(id).await;
    assert_eq!(
        (mail.state, mail.last_reply.as_deref()),
        (State::Sent, Some("250 2.0.0 Ok: queued as 4XyZ"))
    );
}
