//! Housekeeping: leases that ran out, mails that expired, what need not be kept.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use recado_app::keep_house::{Diary, KeepHouse};
use recado_domain::channel::AccountId;
use recado_domain::outbox::{LeaseToken, State};
use recado_domain::parameter::Parameter;
use recado_domain::reply::Reply;
use recado_ports::clock::Clock;
use recado_ports::comments::{AcceptComment, Comments};
use recado_ports::events::Events;
use recado_ports::inbox::MockInbox;
use recado_ports::mail::SendError;
use recado_ports::outbox::{Claim, MockOutbox, Outbox, QueueDepth};
use recado_test_support::builders;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::faulty::unavailable;
use crate::house::{House, Worker, ana, comment};

const MINUTE: Duration = Duration::from_mins(1);

pub(crate) fn housekeeper(house: &House, worker: &Worker) -> KeepHouse {
    let store = Arc::new(house.store.clone());
    KeepHouse {
        outbox: store.clone(),
        comments: store.clone(),
        inbox: store.clone(),
        channels: store.clone(),
        events: store.clone(),
        sessions: store,
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        settings: Arc::new(house.delivery.clone()),
        keep_messages: Duration::from_hours(30 * 24),
        gate: worker.deliver.gate.clone(),
        receive: Arc::new(house.receive_mail()),
        diary: Diary::default(),
    }
}

async fn claim_all(house: &House) -> LeaseToken {
    let lease = builders::lease();
    let claim = Claim {
        account: AccountId::DEFAULT,
        limit: 10,
        lease,
        lease_time: MINUTE,
        now: house.clock.now(),
        blocked_after: 5 * MINUTE,
        under: None,
    };
    house.store.claim(&claim).await.unwrap();
    lease
}

#[tokio::test]
async fn the_mails_of_a_worker_that_vanished_go_on() {
    let house = House::new().await;
    let leased = house.owe_to("a@example.com").await;
    let sending = house.owe_to("b@example.com").await;
    let lease = claim_all(&house).await;
    house
        .store
        .fence(lease, &[sending], house.clock.now())
        .await
        .unwrap();
    let mut worker = house.worker();
    let keeper = housekeeper(&house, &worker);

    house.clock.advance(Duration::from_secs(59));
    keeper.run().await;
    assert_eq!(
        (house.state(leased).await, house.state(sending).await),
        (State::Leased, State::Sending)
    );
    house.clock.advance(Duration::from_secs(1));
    keeper.run().await;
    assert_eq!(
        (house.state(leased).await, house.state(sending).await),
        (State::Ready, State::Unsure)
    );
    worker.drain().await;
    assert_eq!(
        house.recipients(),
        ["a@example.com"],
        "what may have been sent waits for the schedule"
    );
    worker.work_for(MINUTE).await;
    assert_eq!(house.recipients(), ["a@example.com", "b@example.com"]);
}

#[tokio::test]
async fn a_mail_expires_by_the_time_that_its_account_was_open() {
    let mut house = House::new().await;
    house.delivery.expire = 30 * MINUTE;
    let id = house.owe_to("ana@example.com").await;
    for _ in 0..100 {
        house
            .server
            .on_begin(Err(SendError::Retry(Reply::new(450, "4.2.1 later"))));
    }
    let mut worker = house.worker();
    let keeper = housekeeper(&house, &worker);
    let mut pass = async |minutes: u32| {
        for _ in 0..minutes {
            keeper.run().await;
            worker.work_for(MINUTE).await;
        }
        keeper.run().await;
    };
    pass(20).await;
    house.set(Parameter::StopOutgoingMail, Some("Y")).await;
    pass(60).await;
    assert_eq!(
        house.state(id).await,
        State::Retry,
        "the time of the stop does not count"
    );
    house.set(Parameter::StopOutgoingMail, None).await;
    pass(15).await;
    let mail = house.delivery(id).await;
    assert_eq!(
        (mail.state, mail.last_reply.as_deref()),
        (State::Dead, Some("expired"))
    );
}

#[tokio::test]
async fn a_queue_that_takes_longer_to_drain_than_a_mail_lives_loses_nothing() {
    let mut house = House::new().await;
    house.delivery.expire = Duration::from_hours(2);
    house.delivery.limits.per_day = NonZeroU32::new(1);
    for n in 0..3 {
        house.owe_to(&format!("person{n}@example.com")).await;
    }
    let mut worker = house.worker();
    let keeper = housekeeper(&house, &worker);
    for _ in 0..60 * 60 {
        keeper.run().await;
        worker.work_for(MINUTE).await;
    }
    assert_eq!(
        house.recipients().len(),
        3,
        "none is given up for the account's own limit"
    );
}

#[tokio::test]
async fn the_octets_of_a_sent_mail_are_kept_for_thirty_days_and_events_for_seven() {
    let house = House::new().await;
    let posted = house.post(&ana(), comment("hola")).await;
    let id = posted.deliveries[0].id;
    let mut worker = house.worker();
    worker.drain().await;
    let keeper = housekeeper(&house, &worker);
    let day = Duration::from_hours(24);

    house.clock.advance(7 * day);
    keeper.run().await;
    assert!(!house.store.after(None, 10).await.unwrap().is_empty());
    house.clock.advance(MINUTE);
    keeper.run().await;
    assert_eq!(house.store.after(None, 10).await.unwrap(), []);

    house.clock.advance(Duration::from_mins(23 * 24 * 60 - 1));
    keeper.run().await;
    assert_eq!(house.store.messages(&[id]).await.unwrap().len(), 1);
    house.clock.advance(MINUTE);
    keeper.run().await;
    assert_eq!(house.store.messages(&[id]).await.unwrap(), []);
    let mail = house.delivery(id).await;
    assert_eq!((mail.state, mail.attempts), (State::Sent, 1), "the facts stay");
}

#[tokio::test]
async fn an_unsent_mail_keeps_its_octets_however_old() {
    let house = House::new().await;
    house.set(Parameter::StopOutgoingMail, Some("Y")).await;
    let id = house.owe_to("ana@example.com").await;
    let mut worker = house.worker();
    worker.drain().await;
    house.clock.advance(Duration::from_hours(365 * 24));
    housekeeper(&house, &worker).run().await;
    assert_eq!(house.store.messages(&[id]).await.unwrap().len(), 1);
    house.set(Parameter::StopOutgoingMail, None).await;
    worker.drain().await;
    assert_eq!(house.state(id).await, State::Sent);
}

#[tokio::test]
async fn an_idempotency_key_is_forgotten_when_it_has_expired() {
    let house = House::new().await;
    let ticket = house.ticket("4711").await.unwrap();
    let record = builders::idempotency("k", "digest", house.clock.now() + MINUTE);
    let accept = AcceptComment {
        idempotency: Some(record.clone()),
        ..builders::comment(&ticket).owing(&[])
    };
    house.store.accept(accept).await.unwrap();
    let keeper = housekeeper(&house, &house.worker());
    keeper.run().await;
    // Asked as of the beginning, so that only what was forgotten is not found.
    let begin = house.clock.now();
    assert!(house.context(Some(&record.key), begin).await.repeated.is_some());
    house.clock.advance(MINUTE);
    keeper.run().await;
    assert_eq!(house.context(Some(&record.key), begin).await.repeated, None);
}

#[tokio::test]
async fn a_queue_is_counted_once_a_minute_and_late_mails_are_told_of_once_an_hour() {
    let house = House::new().await;
    let since = house.clock.now();
    house.clock.advance(Duration::from_hours(5));
    let mut outbox = MockOutbox::new();
    outbox.expect_end_expired_leases().returning(|_, _| Ok(0));
    outbox.expect_expire().returning(|_, _, _| Ok(Vec::new()));
    outbox.expect_forget_messages().returning(|_, _| Ok(0));
    outbox.expect_depth().times(61).returning(move || {
        Ok(vec![QueueDepth {
            account: AccountId::DEFAULT,
            state: State::Retry,
            count: 200_000,
            oldest: since,
        }])
    });
    let keeper = KeepHouse {
        outbox: Arc::new(outbox),
        ..housekeeper(&house, &house.worker())
    };
    let warnings = Warnings::default();
    let _listening = tracing::subscriber::set_default(warnings.clone());
    keeper.run().await;
    for _ in 0..12 * 60 {
        house.clock.advance(Duration::from_secs(5));
        keeper.run().await;
    }
    assert_eq!(warnings.0.load(Ordering::Relaxed), 2);
}

/// Counts the warnings of a thread.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicUsize>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_database_that_fails_is_left_for_the_next_round() {
    let house = House::new().await;
    let worker = house.worker();
    let mut failing = MockOutbox::new();
    failing
        .expect_end_expired_leases()
        .times(2)
        .returning(|_, _| Err(unavailable()));
    let keeper = KeepHouse {
        outbox: Arc::new(failing),
        ..housekeeper(&house, &worker)
    };
    keeper.run().await;
    keeper.run().await;
}

#[tokio::test]
async fn the_search_is_kept_up_to_date_a_bounded_piece_at_a_time() {
    let house = House::new().await;
    let worker = house.worker();
    for (backlog, calls) in [(0_u64, 1), (1_500, 2), (u64::MAX, 20)] {
        let mut inbox = MockInbox::new();
        let mut left = backlog;
        inbox
            .expect_index_comments()
            .times(calls)
            .returning(move |limit| {
                let indexed = left.min(u64::from(limit));
                left -= indexed;
                Ok(indexed)
            });
        let keeper = KeepHouse {
            inbox: Arc::new(inbox),
            ..housekeeper(&house, &worker)
        };
        keeper.run().await;
    }
}
