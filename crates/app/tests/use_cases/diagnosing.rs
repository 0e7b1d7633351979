//! What the doctor finds.

use std::collections::BTreeSet;
use std::sync::Arc;

use recado_app::diagnose::{Diagnose, FINDINGS, Finding, Verdict};
use recado_app::settings::WayOut;
use recado_domain::channel::{AccountId, ChannelFault, HoldReason};
use recado_domain::parameter::Parameter;
use recado_domain::reply::Reply;
use recado_domain::template::{Situation, StoredTemplate};
use recado_ports::channels::{Channels, Hold};
use recado_ports::mail::SendError;
use recado_test_support::builders;
use recado_test_support::clock::START;

use crate::house::House;

async fn diagnose(house: &House) -> Vec<Finding> {
    let store = Arc::new(house.store.clone());
    let diagnose = Diagnose {
        parameters: store.clone(),
        templates: store.clone(),
        channels: store.clone(),
        outbox: store,
        transport: Arc::new(house.server.clone()),
        way_out: WayOut::Smtp,
    };
    let found = diagnose.run().await.unwrap();
    for finding in &found {
        let names: BTreeSet<_> = finding.arguments.iter().map(|(name, _)| *name).collect();
        let (_, expected) = FINDINGS
            .iter()
            .find(|(code, _)| *code == finding.code)
            .unwrap_or_else(|| panic!("{} is not listed", finding.code));
        assert_eq!(names, expected.iter().copied().collect(), "{}", finding.code);
    }
    found
}

/// What deserves attention, with its remedy.
async fn findings(house: &House) -> Vec<(Verdict, String)> {
    let bad = diagnose(house)
        .await
        .into_iter()
        .filter(|finding| finding.verdict != Verdict::Good);
    bad.map(|finding| {
        assert!(finding.remedy.is_some(), "{finding:?}");
        (finding.verdict, finding.message)
    })
    .collect()
}

#[tokio::test]
async fn a_sound_house_has_nothing_to_mend_and_sends_nothing() {
    let house = House::new().await;
    assert_eq!(findings(&house).await, []);
    assert_eq!(
        (
            house.server.connections(),
            house.server.quits(),
            house.server.begun().len()
        ),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn every_reason_why_no_mail_leaves_is_named() {
    let inactive = StoredTemplate {
        situation: Situation::Inactive,
        ..builders::template(2)
    };
    let faulty = StoredTemplate {
        subject: "${USRNAME}".to_owned(),
        ..builders::template(3)
    };
    let cases = [
        (
            Parameter::MessagingTemplate,
            None,
            Verdict::Fault,
            "417 is not set",
        ),
        (
            Parameter::MessagingTemplate,
            Some("99"),
            Verdict::Fault,
            "does not exist",
        ),
        (
            Parameter::MessagingTemplate,
            Some("2"),
            Verdict::Fault,
            "inactive",
        ),
        (
            Parameter::MessagingTemplate,
            Some("3"),
            Verdict::Warning,
            "USRNAME",
        ),
        (Parameter::MessageExchange, Some("N"), Verdict::Fault, "299"),
        (Parameter::StopOutgoingMail, Some("Y"), Verdict::Fault, "297"),
        (Parameter::FromAddress, None, Verdict::Fault, "parameter 10 "),
        (Parameter::SmtpHost, None, Verdict::Fault, "parameter 14 "),
        (
            Parameter::SmtpAuthentication,
            Some("Y"),
            Verdict::Fault,
            "parameter 12 ",
        ),
    ];
    for (parameter, value, verdict, word) in cases {
        let house = House::new().await;
        house.put_template(&inactive).await;
        house.put_template(&faulty).await;
        house.set(parameter, value).await;
        let found = findings(&house).await;
        let [(seen, message)] = found.as_slice() else {
            panic!("{parameter}: {found:?}")
        };
        assert!(
            *seen == verdict && message.contains(word),
            "{parameter}: {found:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_refuses_a_held_channel_and_dead_mails_are_shown() {
    let house = House::new().await;
    house.owe_to("ana@example.com").await;
    let unknown = Reply::new(550, "5.1.1 no such user");
    house.server.on_begin(Err(SendError::Rejected {
        reply: unknown,
        hard_bounce: true,
    }));
    house.worker().drain().await;
    let hold = Hold {
        reason: HoldReason::Restored,
        detail: "older than its counter".to_owned(),
        since: START,
    };
    Channels::hold(&house.store, AccountId::DEFAULT, &hold)
        .await
        .unwrap();
    let fault = ChannelFault::holding(HoldReason::LoginRefused, "535 5.7.8 bad credentials");
    house.server.on_connect(Err(SendError::Channel(fault)));
    let found = findings(&house).await;
    let expected = [
        (Verdict::Fault, "smtp.example.org:25: 535 5.7.8 bad credentials"),
        (
            Verdict::Fault,
            "account 0 is held (restored) since 2026-11-22T10:00:00Z: older than its counter",
        ),
        (Verdict::Warning, "0 mails on their way, 1 given up"),
    ];
    assert_eq!(
        found,
        expected.map(|(verdict, message)| (verdict, message.to_owned()))
    );
}
