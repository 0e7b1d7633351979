//! Trying the accounts: what their servers say, and a test mail to watch.

use std::sync::Arc;

use recado_app::access::Refusal;
use recado_app::diagnose::Verdict;
use recado_app::try_accounts::{Trial, TryAccounts};
use recado_domain::channel::{ChannelFault, HoldReason};
use recado_domain::outbox::{Cause, State};
use recado_domain::parameter::Parameter;
use recado_ports::mail::SendError;
use recado_ports::mailbox::{MailboxFault, MailboxState, MockMailboxCheck};
use recado_test_support::builders::address;
use recado_test_support::fakes::PlainComposer;

use crate::house::{House, administrator, tomas};

fn accounts(house: &House, mailbox: MockMailboxCheck) -> TryAccounts {
    let store = Arc::new(house.store.clone());
    TryAccounts {
        parameters: store.clone(),
        transport: Arc::new(house.server.clone()),
        mailbox: Arc::new(mailbox),
        outbox: store,
        composer: Arc::new(PlainComposer),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        keyring: Arc::new(house.keyring()),
        settings: Arc::new(house.messaging.clone()),
    }
}

fn outgoing(house: &House) -> TryAccounts {
    accounts(house, MockMailboxCheck::new())
}

#[tokio::test]
async fn the_outgoing_servers_own_words_are_told_and_nothing_is_sent() {
    let house = House::new().await;
    let good = outgoing(&house).outgoing(&administrator()).await.unwrap();
    let expected = Trial {
        verdict: Verdict::Good,
        said: "smtp.example.org:25: 220 mail.example.org ready".to_owned(),
        remedy: None,
    };
    assert_eq!(good, expected);
    assert_eq!((house.server.quits(), house.server.begun().len()), (1, 0));
    let fault = ChannelFault::holding(HoldReason::LoginRefused, "535 5.7.8 bad credentials");
    house.server.on_connect(Err(SendError::Channel(fault)));
    let refused = outgoing(&house).outgoing(&administrator()).await.unwrap();
    assert_eq!(refused.verdict, Verdict::Fault);
    assert!(refused.said.contains("535 5.7.8 bad credentials"), "{refused:?}");
    assert!(refused.remedy.unwrap().contains("11 to 13"));
}

#[tokio::test]
async fn what_is_not_set_yet_is_named() {
    let house = House::new().await;
    house.set(Parameter::SmtpHost, None).await;
    let trial = outgoing(&house).outgoing(&administrator()).await.unwrap();
    assert!(trial.said.starts_with("parameter 14 "), "{trial:?}");
    assert_eq!(trial.remedy.as_deref(), Some("set parameter 14"));
    assert_eq!(house.server.connections(), 0);
}

#[tokio::test]
async fn a_test_mail_goes_through_the_outbox_and_arrives() {
    let house = House::new().await;
    let id = outgoing(&house)
        .send_test(&administrator(), &address("marta@example.org"))
        .await
        .unwrap();
    let row = house.delivery(id).await;
    assert!(matches!(row.cause, Cause::Test(_)));
    assert_eq!(row.state, State::Ready);
    house.worker().drain().await;
    assert_eq!(house.state(id).await, State::Sent);
    let mail = house.message(id).await;
    assert!(
        mail.contains("Subject: Correo de prueba de Recado (Mesa de ayuda)\r\n"),
        "{mail}"
    );
    assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
}

#[tokio::test]
async fn the_mailbox_is_looked_at_before_it_is_read() {
    let house = House::new().await;
    let mut mailbox = MockMailboxCheck::new();
    mailbox.expect_check().returning(|_| {
        Ok(MailboxState {
            place: "imap.example.org:993/INBOX".to_owned(),
            greeting: "[READ-ONLY] examined".to_owned(),
            messages: 7,
            unseen: 2,
        })
    });
    let trial = accounts(&house, mailbox)
        .incoming(&administrator())
        .await
        .unwrap();
    assert_eq!(trial.verdict, Verdict::Good);
    assert_eq!(
        trial.said,
        "imap.example.org:993/INBOX: [READ-ONLY] examined (7 mails, 2 unread)"
    );
}

#[tokio::test]
async fn a_mailbox_that_cannot_be_read_is_told_with_what_to_do() {
    let house = House::new().await;
    let mut mailbox = MockMailboxCheck::new();
    mailbox.expect_check().returning(|_| {
        Err(MailboxFault {
            message: "NO [AUTHENTICATIONFAILED]".to_owned(),
            remedy: Some("set parameters 24 and 25".to_owned()),
        })
    });
    let trial = accounts(&house, mailbox)
        .incoming(&administrator())
        .await
        .unwrap();
    assert_eq!(trial.verdict, Verdict::Fault);
    assert_eq!(trial.remedy.as_deref(), Some("set parameters 24 and 25"));
}

#[tokio::test]
async fn administrators_alone_try_accounts() {
    let house = House::new().await;
    let accounts = outgoing(&house);
    let refusals = [
        accounts.outgoing(&tomas()).await.unwrap_err(),
        accounts.incoming(&tomas()).await.unwrap_err(),
        accounts
            .send_test(&tomas(), &address("marta@example.org"))
            .await
            .unwrap_err(),
    ];
    for refusal in refusals {
        assert!(matches!(refusal, Refusal::Forbidden(_)), "{refusal}");
    }
    assert_eq!(house.server.connections(), 0);
    assert!(house.deliveries().await.is_empty());
}
