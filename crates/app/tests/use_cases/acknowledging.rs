//! Telling people that their mail opened a ticket, and whom not to tell.

use std::time::Duration;

use recado_app::steer_mail::{AsWatcher, SteerMail};
use recado_domain::incoming::{AutomaticSign, OpenTickets};
use recado_domain::ledger::{LedgerEntry, Outcome};
use recado_domain::locale::Locale;
use recado_domain::outbox::{Cause, Delivery};
use recado_domain::parameter::Parameter;
use recado_domain::token::{MessageId, reference_tokens};
use recado_test_support::builders::{address, tomas as tomas_party};

use crate::house::{House, tomas};
use crate::inbox::{Written, from};

const EVA: &str = "eva@customer.example";

async fn open_house() -> House {
    let mut house = House::with_inbox().await;
    house.incoming.policy.open_tickets = OpenTickets::Anyone;
    house.messaging.desk = Some(tomas_party());
    house
}

async fn acknowledgement(house: &House, entry: &LedgerEntry) -> Option<Delivery> {
    let mut owed = house.deliveries().await.into_iter();
    owed.find(|mail| mail.cause == Cause::Acknowledgement(entry.id))
}

#[tokio::test]
async fn the_sender_is_told_the_number_and_how_to_go_on() {
    for locale in Locale::ALL {
        let mut house = open_house().await;
        house.messaging.locale = locale;
        house
            .set(Parameter::SystemUrl, Some("https://desk.example.org"))
            .await;
        let mut written = from(EVA).vouched().subject("Re: El monitor <parpadea>");
        written.mail.message_id = MessageId::parse("1@customer.example");
        let entry = house.receive(&written).await;
        let told = acknowledgement(&house, &entry).await.unwrap();
        assert_eq!(told.recipient, address(EVA));
        let text = house.message(told.id).await;
        assert_eq!(
            reference_tokens(&text),
            [house.token(&told), house.token(&told)][..1]
        );
        insta::assert_snapshot!(format!("acknowledgement_{locale}"), text.replace('\r', ""));
        // It answers the sender's own mail, and an answer to it is a comment on the ticket.
        let answer = house.receive(&from(EVA).answering(&told)).await;
        assert_eq!(
            (answer.outcome, answer.ticket),
            (Some(Outcome::Attached), entry.ticket)
        );
    }
}

#[tokio::test]
async fn a_strangers_words_reach_nobody_through_us() {
    let house = open_house().await;
    let entry = house.receive(&from(EVA).subject("Compre aquí")).await;
    let told = acknowledgement(&house, &entry).await.unwrap();
    assert!(!house.message(told.id).await.contains("Compre"));
}

#[tokio::test]
async fn nobody_is_told_who_may_be_a_program_or_a_forgery() {
    type Change = fn(Written) -> Written;
    type Setting = (Parameter, Option<&'static str>);
    let cases: [(&str, Option<Setting>, Change); 5] = [
        ("a program that may open tickets", None, |mail| {
            mail.automatic(AutomaticSign::AutoSubmitted("auto-generated".to_owned()))
        }),
        ("the null sender", None, |mut mail| {
            mail.envelope.from = Some(String::new());
            mail
        }),
        ("not the domain's mail", None, |mail| mail.dmarc("fail")),
        (
            "299 is N",
            Some((Parameter::MessageExchange, Some("N"))),
            |mail| mail,
        ),
        (
            "417 is unset",
            Some((Parameter::MessagingTemplate, None)),
            |mail| mail,
        ),
    ];
    for (case, off, change) in cases {
        let mut house = open_house().await;
        house.incoming.policy.monitoring = vec![address(EVA)];
        if let Some((parameter, value)) = off {
            house.set(parameter, value).await;
        }
        let mut entry = house.receive(&change(from(EVA).subject("Hola"))).await;
        if entry.outcome == Some(Outcome::Quarantined) {
            let steer = SteerMail {
                receive: house.receive_mail().into(),
                trail: house.trail(),
            };
            let released = steer.release(&tomas(), entry.id, AsWatcher::No).await.unwrap();
            entry = released.entry;
        }
        assert_eq!(entry.outcome, Some(Outcome::Opened), "{case}");
        assert_eq!(acknowledgement(&house, &entry).await, None, "{case}");
    }
}

#[tokio::test]
async fn one_an_hour_to_an_address_and_a_hundred_over_all() {
    let house = open_house().await;
    let write = |email: &str| from(email).subject("Hola");
    let first = house.receive(&write(EVA)).await;
    assert!(acknowledgement(&house, &first).await.is_some());
    let second = house.receive(&write(EVA)).await;
    assert_eq!(second.outcome, Some(Outcome::Opened));
    assert_eq!(acknowledgement(&house, &second).await, None);
    for number in 1..100 {
        let entry = house
            .receive(&write(&format!("p{number}@customer.example")))
            .await;
        assert!(acknowledgement(&house, &entry).await.is_some(), "{number}");
    }
    let beyond = house.receive(&write("p100@customer.example")).await;
    assert_eq!(beyond.outcome, Some(Outcome::Opened));
    assert_eq!(acknowledgement(&house, &beyond).await, None);
    house.clock.advance(Duration::from_mins(61));
    let later = house.receive(&write(EVA)).await;
    assert!(acknowledgement(&house, &later).await.is_some());
}
