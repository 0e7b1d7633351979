//! Delivering: what each answer of a server does to the mail, to those behind it, and to the account.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use recado_app::deliver_batch::Next;
use recado_app::post_comment::Notification;
use recado_domain::channel::{ChannelFault, HoldReason, RateLimits};
use recado_domain::outbox::State;
use recado_domain::reply::{Reply, Stage};
use recado_ports::channels::Opening;
use recado_ports::mail::SendError;
use recado_test_support::builders;

use crate::faulty::Interrupted;
use crate::house::{House, ana, comment, tomas};

const MINUTE: Duration = Duration::from_mins(1);

/// Where in the dialogue the server says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Connect,
    Begin,
    Finish,
}

/// What the account looks like after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Account {
    Open,
    /// For a server that asked for it.
    Paused,
    BreakerOpen,
    Held(HoldReason),
}

fn reply(code: u16, text: &str) -> Reply {
    Reply::new(code, text)
}

fn passing() -> SendError {
    SendError::Channel(ChannelFault::passing("connection refused"))
}

fn login_refused() -> SendError {
    SendError::Channel(ChannelFault::holding(
        HoldReason::LoginRefused,
        "535 5.7.8 bad credentials",
    ))
}

fn refused() -> SendError {
    SendError::Retry(reply(450, "4.2.1 try again later"))
}

fn rejected() -> SendError {
    SendError::Rejected {
        reply: reply(550, "5.1.1 no such user"),
        hard_bounce: true,
    }
}

fn cut() -> SendError {
    SendError::Cut {
        stage: Stage::Data,
        detail: "reset".to_owned(),
    }
}

fn answer(house: &House, at: At, error: SendError) {
    match at {
        At::Connect => house.server.on_connect(Err(error)),
        At::Begin => house.server.on_begin(Err(error)),
        At::Finish => house.server.on_finish(Err(error)),
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table, and what each row must show")]
async fn every_answer_is_charged_to_whom_it_belongs() {
    let throttled = || SendError::Throttled(reply(451, "4.7.0 slow down"));
    let our_fault = || SendError::OurFault(reply(501, "5.5.4 syntax"));
    let too_large = || SendError::TooLarge("552 5.3.4 too big".to_owned());
    let held = Account::Held(HoldReason::LoginRefused);
    // The error, the mail's state and attempts after it, the state of the mail behind it, the account.
    let cases = [
        (
            At::Connect,
            passing(),
            State::Ready,
            0,
            State::Ready,
            Account::BreakerOpen,
        ),
        (At::Connect, login_refused(), State::Ready, 0, State::Ready, held),
        (
            At::Begin,
            passing(),
            State::Ready,
            0,
            State::Ready,
            Account::BreakerOpen,
        ),
        (At::Begin, login_refused(), State::Ready, 0, State::Ready, held),
        (
            At::Begin,
            throttled(),
            State::Ready,
            0,
            State::Ready,
            Account::Paused,
        ),
        (At::Begin, refused(), State::Retry, 1, State::Sent, Account::Open),
        (At::Begin, rejected(), State::Dead, 1, State::Sent, Account::Open),
        (At::Begin, our_fault(), State::Dead, 1, State::Sent, Account::Open),
        (At::Begin, too_large(), State::Dead, 1, State::Sent, Account::Open),
        (
            At::Begin,
            SendError::Impossible("needs SMTPUTF8".to_owned()),
            State::Dead,
            1,
            State::Sent,
            Account::Open,
        ),
        (At::Begin, cut(), State::Retry, 1, State::Sent, Account::Open),
        (
            At::Begin,
            SendError::Stale,
            State::Retry,
            1,
            State::Sent,
            Account::Open,
        ),
        (
            At::Finish,
            passing(),
            State::Ready,
            0,
            State::Ready,
            Account::BreakerOpen,
        ),
        (At::Finish, login_refused(), State::Ready, 0, State::Ready, held),
        (
            At::Finish,
            throttled(),
            State::Ready,
            0,
            State::Ready,
            Account::Paused,
        ),
        (At::Finish, refused(), State::Retry, 1, State::Sent, Account::Open),
        (At::Finish, rejected(), State::Dead, 1, State::Sent, Account::Open),
        (
            At::Finish,
            our_fault(),
            State::Dead,
            1,
            State::Sent,
            Account::Open,
        ),
        (
            At::Finish,
            too_large(),
            State::Dead,
            1,
            State::Sent,
            Account::Open,
        ),
        (At::Finish, cut(), State::Retry, 1, State::Sent, Account::Open),
        (
            At::Finish,
            SendError::Unsure("reset".to_owned()),
            State::Unsure,
            1,
            State::Sent,
            Account::Open,
        ),
    ];
    for (at, error, state, attempts, behind, account) in cases {
        let case = format!("{at:?}: {error:?}");
        let house = House::new().await;
        let first = house.owe_to("first@example.com").await;
        let second = house.owe_to("second@example.com").await;
        let said = error.to_string();
        answer(&house, at, error);
        let mut worker = house.worker();
        worker.batch().await;

        let mail = house.delivery(first).await;
        assert_eq!((mail.state, mail.attempts), (state, attempts), "{case}");
        let last_reply = mail.last_reply.unwrap_or_default();
        let word = said.rsplit(": ").next().unwrap();
        assert!(
            last_reply.contains(word) || said.contains("idle"),
            "{case}: {last_reply}"
        );
        assert_eq!(house.state(second).await, behind, "{case}");
        let channel = house.channel().await;
        let open = worker.opening() == Opening::Open;
        let seen = match channel.hold.map(|hold| hold.reason) {
            Some(reason) => Account::Held(reason),
            None if open => Account::Open,
            None if channel.last_fault.is_some() => Account::BreakerOpen,
            None => Account::Paused,
        };
        assert_eq!(seen, account, "{case}");
        if account == Account::Open {
            assert_eq!(channel.last_fault, None, "{case}");
        }

        // Whatever it was, everything drains by itself.
        worker.work_for(2 * MINUTE).await;
        let end = if state == State::Dead {
            State::Dead
        } else {
            State::Sent
        };
        assert_eq!(
            (house.state(first).await, house.state(second).await),
            (end, State::Sent),
            "{case}"
        );
        assert_eq!(house.channel().await.hold, None, "{case}");
    }
}

#[tokio::test]
async fn the_servers_word_is_kept_with_every_attempt_that_counts() {
    let house = House::new().await;
    let id = house.owe_to("ana@example.com").await;
    house.server.on_connect(Err(passing()));
    house.server.on_begin(Err(refused()));
    let mut worker = house.worker();
    worker.work_for(2 * MINUTE).await;
    let history = house.history(id).await;
    let attempts: Vec<_> = history
        .attempts
        .iter()
        .map(|attempt| (attempt.outcome, attempt.reply.as_deref().unwrap_or("")))
        .collect();
    assert_eq!(
        attempts,
        [
            (State::Retry, "450 4.2.1 try again later"),
            (State::Sent, "250 2.0.0 queued as 1")
        ]
    );
    assert_eq!(history.delivery.attempts, 2);
}

#[tokio::test]
async fn refusals_follow_the_schedule() {
    let house = House::new().await;
    house.owe_to("ana@example.com").await;
    for _ in 0..8 {
        house.server.on_begin(Err(refused()));
    }
    let mut worker = house.worker();
    let mut tries = Vec::new();
    for minute in 0..=12 * 60 {
        worker.drain().await;
        while tries.len() < house.server.begun().len() {
            tries.push(minute);
        }
        house.clock.advance(MINUTE);
    }
    let waits: Vec<_> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits, [1, 5, 15, 30, 60, 120, 240, 240], "minutes");
}

#[tokio::test]
async fn one_bad_recipient_delays_nobody() {
    let house = House::new().await;
    for email in ["a@example.com", "b@example.com", "c@example.com", "d@example.com"] {
        house.owe_to(email).await;
    }
    house.server.on_begin(Ok(()));
    house.server.on_begin(Err(rejected()));
    house.server.on_begin(Err(refused()));
    house.worker().drain().await;
    assert_eq!(house.recipients(), ["a@example.com", "d@example.com"]);
    assert_eq!(
        house.server.connections(),
        1,
        "a refusal of the recipient keeps the connection"
    );
}

#[tokio::test]
async fn mails_to_one_person_about_one_ticket_leave_in_order() {
    let house = House::new().await;
    for text in ["uno", "dos", "tres"] {
        house.post(&tomas(), comment(text)).await;
    }
    house.server.on_begin(Err(refused()));
    let mut worker = house.worker();
    let wait = worker.drain().await;
    assert_eq!(
        house.recipients(),
        Vec::<String>::new(),
        "those behind a refused head wait for it"
    );
    assert!(
        wait >= Duration::from_millis(250),
        "and the worker does not spin meanwhile: {wait:?}"
    );

    worker.work_for(MINUTE).await;
    let bodies: Vec<_> = house
        .server
        .sent()
        .into_iter()
        .map(|mail| String::from_utf8(mail.message).unwrap())
        .collect();
    assert_eq!(bodies.len(), 3);
    assert!(
        ["uno", "dos", "tres"]
            .iter()
            .zip(&bodies)
            .all(|(text, body)| body.contains(text)),
        "{bodies:?}"
    );
}

#[tokio::test]
async fn a_head_blocked_for_five_minutes_lets_the_rest_pass() {
    let house = House::new().await;
    let first = house.post(&tomas(), comment("uno")).await.deliveries[0].id;
    let second = house.post(&tomas(), comment("dos")).await.deliveries[0].id;
    for _ in 0..2 {
        house.server.on_begin(Err(refused()));
    }
    let mut worker = house.worker();
    worker.work_for(Duration::from_secs(299)).await;
    assert_eq!(house.state(second).await, State::Ready);
    worker.work_for(Duration::from_secs(1)).await;
    assert_eq!(
        (house.state(first).await, house.state(second).await),
        (State::Retry, State::Sent)
    );
}

#[tokio::test]
async fn an_idle_connection_that_ended_costs_nothing_but_a_new_one() {
    let house = House::new().await;
    let mut worker = house.worker();
    house.owe_to("a@example.com").await;
    worker.drain().await;
    let id = house.owe_to("b@example.com").await;
    house.server.on_begin(Err(SendError::Stale));
    worker.drain().await;
    let mail = house.delivery(id).await;
    assert_eq!((mail.state, mail.attempts), (State::Sent, 1));
    assert_eq!(house.server.connections(), 2);
    assert_eq!(worker.opening(), Opening::Open);
}

#[tokio::test]
async fn one_connection_carries_many_mails_and_is_closed_when_idle() {
    let house = House::new().await;
    for n in 0..40 {
        house.owe_to(&format!("person{n}@example.com")).await;
    }
    let mut worker = house.worker();
    assert_eq!(worker.batch().await, Next::AtOnce);
    worker.drain().await;
    assert_eq!((house.server.sent().len(), house.server.connections()), (40, 1));
    worker.work_for(Duration::from_secs(29)).await;
    assert_eq!(house.server.quits(), 0);
    worker.work_for(Duration::from_secs(5)).await;
    assert_eq!(house.server.quits(), 1);
}

#[tokio::test]
async fn a_lost_answer_makes_identical_copies_and_is_counted() {
    let house = House::new().await;
    let id = house.owe_to("ana@example.com").await;
    for _ in 0..3 {
        house.server.lose_answer("connection reset");
    }
    let mut worker = house.worker();
    worker.work_for(22 * MINUTE).await;
    let mail = house.delivery(id).await;
    assert_eq!(
        (mail.state, mail.attempts, mail.lost_answers),
        (State::Sent, 4, 3)
    );
    let sent = house.server.sent();
    assert_eq!(sent.len(), 4);
    assert!(
        sent.iter()
            .all(|copy| copy.message == sent[0].message && copy.envelope == sent[0].envelope)
    );
}

#[tokio::test]
async fn two_hard_bounces_a_day_apart_suppress_the_address() {
    let house = House::new().await;
    let mut worker = house.worker();
    let mut notifications = Vec::new();
    for _ in 0..3 {
        notifications.push(house.post(&ana(), comment("hola")).await.notification);
        house.server.on_begin(Err(rejected()));
        worker.drain().await;
        house.clock.advance(Duration::from_hours(24));
    }
    assert_eq!(
        notifications,
        [
            Notification::Queued,
            Notification::Queued,
            Notification::Suppressed
        ]
    );
    house.clock.advance(Duration::from_hours(30 * 24));
    assert_eq!(
        house.post(&ana(), comment("hola")).await.notification,
        Notification::Queued,
        "it lapses"
    );
}

#[tokio::test]
async fn a_refusal_of_policy_or_a_full_mailbox_suppresses_nobody() {
    let house = House::new().await;
    let mut worker = house.worker();
    for text in ["5.7.1 denied", "5.2.2 mailbox full", "5.7.1 denied"] {
        house.post(&ana(), comment("hola")).await;
        house.server.on_begin(Err(SendError::Rejected {
            reply: reply(554, text),
            hard_bounce: false,
        }));
        worker.drain().await;
        house.clock.advance(Duration::from_hours(24));
    }
    assert_eq!(
        house.post(&ana(), comment("hola")).await.notification,
        Notification::Queued
    );
}

#[tokio::test]
async fn the_same_policy_refusal_for_three_recipients_is_the_accounts_fault() {
    let house = House::new().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(house.owe_to(&format!("person{n}@example.com")).await);
    }
    for _ in 0..4 {
        let denied = reply(554, "5.7.1 relay access denied");
        house.server.on_begin(Err(SendError::Rejected {
            reply: denied,
            hard_bounce: false,
        }));
    }
    let mut worker = house.worker();
    worker.drain().await;
    for id in &ids {
        assert_eq!(
            house.state(*id).await,
            State::Ready,
            "those refused before the third live again"
        );
        assert_eq!(house.delivery(*id).await.attempts, 0, "none is charged");
    }
    assert_eq!(worker.opening(), Opening::Shut);
    worker.work_for(2 * MINUTE).await;
    let mut recipients = house.recipients();
    recipients.sort();
    let everybody: Vec<_> = (0..5).map(|n| format!("person{n}@example.com")).collect();
    assert_eq!(recipients, everybody);
}

#[tokio::test]
async fn three_recipients_who_are_really_refused_alike_are_given_up_and_hold_up_nobody() {
    let house = House::new().await;
    let bad = ["a@example.com", "b@example.com", "c@example.com"];
    let mut refused = Vec::new();
    for email in bad {
        refused.push(house.owe_to(email).await);
    }
    let good = house.owe_to("good@example.com").await;
    let denied = SendError::Rejected {
        reply: reply(554, "5.7.1 denied"),
        hard_bounce: false,
    };
    let server = Interrupted::new(&house.server).refusing(&bad, denied);
    let mut worker = house.worker_on(Arc::new(house.store.clone()), Arc::new(server));
    worker.work_for(10 * MINUTE).await;
    assert_eq!(house.state(good).await, State::Sent);
    for id in refused {
        assert_eq!(house.state(id).await, State::Dead, "the account has worked since");
    }
    assert_eq!(worker.opening(), Opening::Open);
}

#[tokio::test]
async fn a_throttling_server_gets_its_pause() {
    let house = House::new().await;
    for n in 0..3 {
        house.owe_to(&format!("person{n}@example.com")).await;
    }
    house
        .server
        .on_begin(Err(SendError::Throttled(reply(421, "4.7.0 too many"))));
    let mut worker = house.worker();
    worker.work_for(Duration::from_secs(4)).await;
    assert_eq!((house.server.begun().len(), house.recipients().len()), (1, 0));
    assert_eq!(
        worker.opening(),
        Opening::Shut,
        "no time counts against mails that may not leave"
    );
    worker.work_for(Duration::from_secs(1)).await;
    assert_eq!(house.recipients().len(), 3);
    assert_eq!(worker.opening(), Opening::Open);
}

#[tokio::test]
async fn an_account_keeps_to_its_own_limits() {
    let mut house = House::new().await;
    house.delivery.limits = RateLimits {
        per_minute: NonZeroU32::new(2),
        per_day: None,
    };
    for n in 0..5 {
        house.owe_to(&format!("person{n}@example.com")).await;
    }
    let mut worker = house.worker();
    let mut sent = Vec::new();
    for _ in 0..3 {
        worker.drain().await;
        sent.push(house.recipients().len());
        worker.work_for(Duration::from_secs(59)).await;
        sent.push(house.recipients().len());
        house.clock.advance(Duration::from_secs(2));
    }
    assert_eq!(sent, [2, 2, 4, 4, 5, 5]);
    assert!(
        house.deliveries().await.iter().all(|mail| mail.attempts == 1),
        "waiting is not charged"
    );
}

#[tokio::test]
async fn a_server_that_is_down_does_not_use_up_the_days_allowance() {
    let mut house = House::new().await;
    house.delivery.limits = RateLimits {
        per_minute: None,
        per_day: NonZeroU32::new(3),
    };
    for n in 0..3 {
        house.owe_to(&format!("person{n}@example.com")).await;
    }
    for _ in 0..10 {
        house.server.on_connect(Err(passing()));
    }
    let mut worker = house.worker();
    worker.work_for(10 * MINUTE).await;
    assert_eq!(house.recipients().len(), 3);
}

#[tokio::test]
async fn three_mails_cut_off_in_a_row_are_a_fault_of_the_line() {
    let house = House::new().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(house.owe_to(&format!("person{n}@example.com")).await);
        house.server.on_begin(Err(cut()));
    }
    let mut worker = house.worker();
    worker.drain().await;
    let mut attempts = Vec::new();
    for id in &ids {
        attempts.push(house.delivery(*id).await.attempts);
    }
    assert_eq!(attempts, [1, 1, 1, 0, 0]);
    assert_eq!(worker.opening(), Opening::Shut);
}

#[tokio::test]
async fn mails_of_another_account_are_left_alone() {
    let house = House::new().await;
    let other = house.owe(builders::test_delivery().from_account(1).build()).await;
    house.worker().work_for(MINUTE).await;
    assert_eq!(
        (house.state(other).await, house.recipients().len()),
        (State::Ready, 0)
    );
}
