//! What a try at the mailbox tells.

use recado_adapters_inbound::imap::MailboxFaultKind;
use recado_domain::parameter::Parameter;
use recado_ports::mailbox::MailboxState;

use crate::harness::{Desk, mail};
use crate::server::{Fault, Server};

#[tokio::test]
async fn a_mailbox_that_can_be_read_is_looked_at_and_left_as_it_is() {
    let server = Server::start().await;
    server.append(&mail("a"));
    let desk = Desk::of(&server).await;
    let state = desk.check().await.unwrap();
    let expected = MailboxState {
        place: format!("{}/INBOX", server.address),
        greeting: "[READ-WRITE] open".to_owned(),
        messages: 1,
        unseen: 1,
    };
    assert_eq!(state, expected);
    assert!(server.commands("SELECT").is_empty() && desk.ledger.taken().is_empty());
}

#[tokio::test]
async fn each_way_to_log_in_is_known() {
    for (capabilities, password) in [
        (
            vec!["IMAP4rev1", "AUTH=PLAIN", "SASL-IR"],
            crate::server::PASSWORD,
        ),
        (
            vec!["IMAP4rev1", "AUTH=PLAIN", "LOGINDISABLED"],
            crate::server::PASSWORD,
        ),
        (vec!["IMAP4rev1"], crate::server::PASSWORD),
        (vec!["IMAP4rev1"], "contraseña"),
    ] {
        let server = Server::start().await;
        server.change(|state| state.capabilities.clone_from(&capabilities));
        let desk = Desk::of(&server).await;
        desk.set(Parameter::InboxPassword, password).await;
        let check = desk.check().await;
        assert!(check.is_ok(), "{capabilities:?}: {check:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_apart() {
    let server = Server::start().await;
    let desk = Desk::of(&server).await;
    let told = async |desk: &Desk| {
        let fault = desk.check().await.unwrap_err();
        (fault.remedy.unwrap(), fault.message)
    };
    desk.set(Parameter::InboxFolder, "Elsewhere").await;
    let (remedy, message) = told(&desk).await;
    assert_eq!(remedy, MailboxFaultKind::FolderRefused.remedy());
    assert!(message.contains("[NONEXISTENT] no such folder"), "{message}");
    desk.set(Parameter::InboxPassword, "wrong").await;
    assert_eq!(told(&desk).await.0, MailboxFaultKind::LoginRefused.remedy());
    server.fault("AUTHENTICATE", Fault::Answer("NO [UNAVAILABLE] later"), 1);
    assert_eq!(told(&desk).await.0, MailboxFaultKind::Passing.remedy());
    server.change(|state| state.capabilities = vec!["IMAP4rev1", "LOGINDISABLED"]);
    assert_eq!(told(&desk).await.0, MailboxFaultKind::LoginMissing.remedy());
    desk.set(Parameter::InboxPort, "1").await;
    let (remedy, message) = told(&desk).await;
    assert_eq!(remedy, MailboxFaultKind::Passing.remedy());
    assert!(
        message.starts_with("the mailbox at 127.0.0.1:1 cannot be read: connecting: "),
        "{message}"
    );
}

#[tokio::test]
async fn what_is_not_set_is_named_by_its_number() {
    let server = Server::start().await;
    let desk = Desk::of(&server).await;
    let unset = async |parameter| {
        use recado_ports::parameters::Parameters as _;
        desk.store.set(parameter, None).await.unwrap();
        desk.check().await.map_err(|fault| fault.message)
    };
    assert!(
        unset(Parameter::ReadMail).await.is_ok(),
        "a mailbox is tried before it is read"
    );
    let told = unset(Parameter::InboxPassword).await.unwrap_err();
    assert!(
        told.starts_with("parameter 25 ") && told.ends_with(" is not set"),
        "{told}"
    );
    let told = unset(Parameter::InboxHost).await.unwrap_err();
    assert!(told.starts_with("parameter 23 "), "{told}");
}
