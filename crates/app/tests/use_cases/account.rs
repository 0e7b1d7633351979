//! The account in front of the queue: breaker, holds, the stop of parameter 297, and how each ends.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use recado_domain::channel::{AccountId, ChannelFault, HoldReason};
use recado_domain::outbox::{DeliveryId, State};
use recado_domain::parameter::Parameter;
use recado_ports::channels::{Channels, Hold, MockChannels, Opening};
use recado_ports::mail::SendError;
use recado_ports::outbox::{NewDelivery, Outbox};
use recado_ports::parameters::Parameters;
use recado_test_support::builders::{self, address};
use recado_test_support::clock::START;

use crate::faulty::{Call, FaultyOutbox, Interrupted};
use crate::house::House;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

fn down() -> SendError {
    SendError::Channel(ChannelFault::passing("connection refused"))
}

fn login_refused() -> SendError {
    SendError::Channel(ChannelFault::holding(
        HoldReason::LoginRefused,
        "535 5.7.8 bad credentials",
    ))
}

async fn house_owing(mails: usize) -> (House, Vec<DeliveryId>) {
    let house = House::new().await;
    let mut ids = Vec::new();
    for n in 0..mails {
        ids.push(house.owe_to(&format!("person{n}@example.com")).await);
    }
    (house, ids)
}

async fn hold(house: &House, reason: HoldReason) {
    let hold = Hold {
        reason,
        detail: "set by the test".to_owned(),
        since: START,
    };
    Channels::hold(&house.store, AccountId::DEFAULT, &hold)
        .await
        .unwrap();
}

async fn held(house: &House) -> Option<HoldReason> {
    house.channel().await.hold.map(|hold| hold.reason)
}

fn dialled(house: &House) -> usize {
    house.server.accounts().len()
}

/// The servers, in the order in which they were dialled.
fn hosts(house: &House) -> Vec<String> {
    let accounts = house.server.accounts().into_iter();
    accounts.map(|account| account.host).collect()
}

#[tokio::test]
async fn a_server_that_is_down_is_tried_ever_more_seldom_and_then_gets_everything() {
    let (house, _) = house_owing(5).await;
    for _ in 0..3 {
        house.server.on_connect(Err(down()));
    }
    let mut worker = house.worker();
    let mut dials = Vec::new();
    for _ in 0..=7 {
        worker.work_for(Duration::ZERO).await;
        dials.push(dialled(&house));
        house.clock.advance(SECOND);
    }
    assert_eq!(dials, [1, 2, 2, 3, 3, 3, 3, 4]);
    assert_eq!(house.recipients().len(), 5);
    assert!(
        house.deliveries().await.iter().all(|mail| mail.attempts == 1),
        "nothing was charged for the outage"
    );
}

#[tokio::test]
async fn while_a_probe_is_under_way_nobody_else_sends() {
    let (house, _) = house_owing(3).await;
    house.server.on_connect(Err(down()));
    let mut first = house.worker();
    first.drain().await;
    house.clock.advance(SECOND);
    house.server.hang_on_finish();
    let (outbox, transport) = (Arc::new(house.store.clone()), Arc::new(house.server.clone()));
    let mut second = house.worker_beside(outbox, transport, first.deliver.gate.clone());
    let probing = tokio::spawn(async move { first.batch().await });
    house.server.arrived(1).await;
    second.drain().await;
    assert_eq!(house.server.begun().len(), 1);
    probing.abort();
    assert!(probing.await.unwrap_err().is_cancelled());
    second.drain().await;
    assert_eq!(
        house.recipients().len(),
        2,
        "a worker that vanished makes room for the next probe"
    );
}

/// The ways in which a probe can end without a word from the server.
#[tokio::test]
async fn a_probe_without_an_outcome_never_shuts_the_account_for_good() {
    type Trouble = fn(&FaultyOutbox, DeliveryId);
    let troubles: [(&str, Trouble); 5] = [
        ("its message is gone", |outbox, id| outbox.lose_message(id)),
        ("its message cannot be read", |outbox, _| {
            outbox.fail(Call::Messages, 1);
        }),
        ("it cannot be claimed", |outbox, _| outbox.fail(Call::Claim, 1)),
        ("its fence cannot be written", |outbox, _| {
            outbox.fail(Call::Fence, 1);
        }),
        ("it cannot be given its sender", |outbox, _| {
            outbox.fail(Call::Readdress, 1);
        }),
    ];
    for (trouble, make) in troubles {
        let house = House::new().await;
        let mut ids = Vec::new();
        for n in 0..3 {
            let mail = builders::test_delivery()
                .to(&format!("person{n}@example.com"))
                .build();
            ids.push(
                house
                    .owe(NewDelivery {
                        sender: address("sender-unset@recado.invalid"),
                        ..mail
                    })
                    .await,
            );
        }
        let outbox = FaultyOutbox::new(&house.store);
        house.server.on_connect(Err(down()));
        let mut worker = house.worker_on(Arc::new(outbox.clone()), Arc::new(house.server.clone()));
        worker.drain().await;
        make(&outbox, ids[0]);
        worker.work_for(10 * SECOND).await;
        assert!(
            [Call::Messages, Call::Claim, Call::Fence, Call::Readdress]
                .iter()
                .all(|call| outbox.left(*call) == 0)
        );
        assert_eq!(worker.opening(), Opening::Open, "{trouble}");
        assert!(
            house.recipients().len() >= 2,
            "{trouble}: {:?}",
            house.recipients()
        );
    }
}

#[tokio::test]
async fn a_probe_that_was_called_back_makes_room_for_the_next() {
    let (house, ids) = house_owing(2).await;
    house.server.on_connect(Err(down()));
    let (store, id) = (house.store.clone(), ids[0]);
    let cancelling = Interrupted::new(&house.server).during_begin(move || {
        let store = store.clone();
        async move {
            let _ = store.cancel(id, "withdrawn", START).await;
        }
    });
    let mut worker = house.worker_on(Arc::new(house.store.clone()), Arc::new(cancelling));
    worker.work_for(5 * SECOND).await;
    assert_eq!(house.state(ids[0]).await, State::Cancelled);
    assert_eq!(house.recipients(), ["person1@example.com"]);
}

#[tokio::test]
async fn a_refused_login_holds_the_account_and_a_probe_a_minute_later_ends_it() {
    let (house, _) = house_owing(3).await;
    house.server.on_connect(Err(login_refused()));
    let mut worker = house.worker();
    worker.work_for(59 * SECOND).await;
    assert_eq!(
        (dialled(&house), held(&house).await),
        (1, Some(HoldReason::LoginRefused))
    );
    assert_eq!(
        house.channel().await.hold.unwrap().detail,
        "535 5.7.8 bad credentials"
    );
    worker.work_for(SECOND).await;
    assert_eq!((house.recipients().len(), held(&house).await), (3, None));
}

#[tokio::test]
async fn writing_a_parameter_of_the_account_tries_it_at_once() {
    let (house, _) = house_owing(2).await;
    house.set(Parameter::SmtpPassword, Some("secret")).await;
    house.server.on_connect(Err(login_refused()));
    house.server.on_connect(Err(login_refused()));
    let mut worker = house.worker();
    worker.drain().await;
    house.set(Parameter::SmtpPassword, Some("secret")).await;
    worker.drain().await;
    assert_eq!(dialled(&house), 2, "also with the same value");
    house.set(Parameter::SmtpHost, Some("other.example.org")).await;
    worker.drain().await;
    assert_eq!((house.recipients().len(), held(&house).await), (2, None));
    assert_eq!(house.server.accounts()[2].host, "other.example.org");
}

#[tokio::test]
async fn a_changed_account_gets_a_new_connection() {
    let (house, _) = house_owing(1).await;
    let mut worker = house.worker();
    worker.drain().await;
    house.set(Parameter::SmtpHost, Some("other.example.org")).await;
    house.owe_to("late@example.com").await;
    worker.drain().await;
    assert_eq!(hosts(&house), ["smtp.example.org", "other.example.org"]);
}

#[tokio::test]
async fn a_server_that_goes_down_under_a_hold_is_not_hammered() {
    let (house, _) = house_owing(2).await;
    house.server.on_connect(Err(login_refused()));
    for _ in 0..20 {
        house.server.on_connect(Err(down()));
    }
    let mut worker = house.worker();
    worker.work_for(2 * MINUTE).await;
    assert!(
        (4..12).contains(&dialled(&house)),
        "{} dials in two minutes",
        dialled(&house)
    );
    assert_eq!(held(&house).await, None, "the login is not what is wrong now");
    worker.work_for(30 * MINUTE).await;
    assert_eq!(house.recipients().len(), 2);
}

#[tokio::test]
async fn a_hold_found_at_the_start_is_tried_at_once_and_one_found_later_waits() {
    let (house, _) = house_owing(1).await;
    hold(&house, HoldReason::CertificateRefused).await;
    let mut worker = house.worker();
    worker.drain().await;
    assert_eq!((house.recipients().len(), held(&house).await), (1, None));

    house.owe_to("late@example.com").await;
    hold(&house, HoldReason::CertificateRefused).await;
    worker.work_for(59 * SECOND).await;
    assert_eq!(
        house.recipients().len(),
        1,
        "another daemon has just met the fault"
    );
    worker.work_for(SECOND).await;
    assert_eq!((house.recipients().len(), held(&house).await), (2, None));
}

#[tokio::test]
async fn what_a_person_holds_waits_for_a_person() {
    for reason in [HoldReason::Restored, HoldReason::Operator] {
        let (house, _) = house_owing(1).await;
        hold(&house, reason).await;
        let mut worker = house.worker();
        worker.work_for(10 * MINUTE).await;
        house.set(Parameter::SmtpHost, Some("smtp.example.org")).await;
        worker.work_for(MINUTE).await;
        assert_eq!((dialled(&house), held(&house).await), (0, Some(reason)));
        assert_eq!(worker.opening(), Opening::Shut);
        Channels::release(&house.store, AccountId::DEFAULT, &[reason])
            .await
            .unwrap();
        worker.drain().await;
        assert_eq!(house.recipients().len(), 1, "{reason}");
    }
}

#[tokio::test]
async fn a_missing_parameter_holds_the_account_until_it_is_set() {
    for (parameter, value) in [
        (Parameter::FromAddress, "mesa@example.org"),
        (Parameter::SmtpHost, "smtp.example.org"),
    ] {
        let (house, _) = house_owing(2).await;
        house.set(parameter, None).await;
        let mut worker = house.worker();
        worker.work_for(MINUTE).await;
        let hold = house.channel().await.hold.expect("the account is held");
        assert_eq!((hold.reason, dialled(&house)), (HoldReason::NotConfigured, 0));
        assert!(hold.detail.starts_with(&parameter.to_string()), "{}", hold.detail);
        assert_eq!(hold.since, START);
        house.set(parameter, Some(value)).await;
        worker.drain().await;
        assert_eq!(
            (house.recipients().len(), held(&house).await),
            (2, None),
            "{parameter}"
        );
    }
}

#[tokio::test]
async fn a_missing_parameter_does_not_end_what_a_person_holds() {
    let (house, _) = house_owing(1).await;
    hold(&house, HoldReason::Restored).await;
    house.set(Parameter::SmtpHost, None).await;
    let mut worker = house.worker();
    worker.work_for(MINUTE).await;
    house.set(Parameter::SmtpHost, Some("smtp.example.org")).await;
    worker.work_for(2 * MINUTE).await;
    assert_eq!(
        (dialled(&house), held(&house).await),
        (0, Some(HoldReason::Restored))
    );
}

#[tokio::test]
async fn parameter_297_stops_the_mail_and_lets_it_go_again() {
    let (house, _) = house_owing(1).await;
    let mut worker = house.worker();
    worker.drain().await;
    house.set(Parameter::StopOutgoingMail, Some("Y")).await;
    house.owe_to("late@example.com").await;
    worker.work_for(10 * MINUTE).await;
    assert_eq!(
        (house.recipients().len(), house.server.quits()),
        (1, 1),
        "the server is taken leave of"
    );
    assert_eq!(
        worker.opening(),
        Opening::Shut,
        "no time counts against the waiting mails"
    );
    house.set(Parameter::StopOutgoingMail, Some("N")).await;
    worker.drain().await;
    assert_eq!(house.recipients().len(), 2);
}

#[tokio::test]
async fn what_a_worker_knows_of_its_account_is_read_anew_when_it_no_longer_counts() {
    let (house, _) = house_owing(1).await;
    let mut worker = house.worker();
    let read_once = |channel| {
        let mut channels = MockChannels::new();
        channels.expect_find().times(1).return_once(|_| Ok(channel));
        Arc::new(channels)
    };
    worker.deliver.channels = read_once(house.channel().await);
    worker.batch().await;
    house.owe_to("next@example.com").await;
    worker.batch().await;
    assert_eq!(house.recipients().len(), 2);

    house.set(Parameter::SmtpHost, Some("other.example.org")).await;
    house.owe_to("last@example.com").await;
    worker.deliver.channels = read_once(house.channel().await);
    worker.batch().await;
    assert_eq!(house.recipients().len(), 3);
    assert_eq!(hosts(&house), ["smtp.example.org", "other.example.org"]);
}

#[tokio::test]
async fn a_server_that_is_changed_while_a_worker_reads_of_it_is_the_next_one() {
    let (house, _) = house_owing(1).await;
    let mut worker = house.worker();
    let store = house.store.clone();
    let mut channels = MockChannels::new();
    channels.expect_find().returning(move |account| {
        let change = Some("other.example.org".to_owned());
        at_once(Parameters::set(&store, Parameter::SmtpHost, change)).unwrap();
        at_once(Channels::find(&store, account))
    });
    worker.deliver.channels = Arc::new(channels);
    worker.batch().await;
    assert_eq!(hosts(&house), ["other.example.org"]);
}

/// What a future gives that waits for nothing.
fn at_once<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[tokio::test]
async fn a_hold_between_two_batches_keeps_the_second_back() {
    let (house, _) = house_owing(1).await;
    let mut worker = house.worker();
    worker.batch().await;
    hold(&house, HoldReason::Operator).await;
    house.owe_to("late@example.com").await;
    worker.work_for(MINUTE).await;
    assert_eq!(house.recipients().len(), 1);
}

#[tokio::test]
async fn a_stop_in_the_middle_of_a_batch_counts_within_a_second() {
    for parameter in [Parameter::StopOutgoingMail, Parameter::SmtpHost] {
        let (house, _) = house_owing(5).await;
        let store = house.store.clone();
        let value = if parameter == Parameter::StopOutgoingMail {
            "Y"
        } else {
            "other.example.org"
        };
        let server = {
            let clock = house.clock.clone();
            Interrupted::new(&house.server).during_finish(move || {
                let (clock, store) = (clock.clone(), store.clone());
                async move {
                    clock.advance(SECOND);
                    Parameters::set(&store, parameter, Some(value.to_owned()))
                        .await
                        .unwrap();
                }
            })
        };
        let mut worker = house.worker_on(Arc::new(house.store.clone()), Arc::new(server));
        worker.batch().await;
        assert_eq!(house.recipients().len(), 1, "{parameter}");
        let waiting = house
            .deliveries()
            .await
            .into_iter()
            .filter(|mail| mail.state == State::Ready);
        assert!(
            waiting.clone().all(|mail| mail.attempts == 0) && waiting.count() == 4,
            "{parameter}"
        );
    }
}

#[tokio::test]
async fn a_slow_server_ends_no_batch() {
    let (house, _) = house_owing(5).await;
    let clock = house.clock.clone();
    let slow = Interrupted::new(&house.server).during_finish(move || {
        clock.advance(SECOND);
        std::future::ready(())
    });
    let mut worker = house.worker_on(Arc::new(house.store.clone()), Arc::new(slow));
    worker.batch().await;
    assert_eq!((house.recipients().len(), house.server.connections()), (5, 1));
}
