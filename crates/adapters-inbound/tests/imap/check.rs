//! What `recado doctor` hears.

use recado_adapters_inbound::imap::{MailboxCheck, MailboxFaultKind};
use recado_domain::parameter::Parameter;

use crate::harness::{Desk, mail};
use crate::server::{Fault, Server};

#[tokio::test]
async fn a_mailbox_that_can_be_read_is_looked_at_and_left_as_it_is() {
    let server = Server::start().await;
    server.append(&mail("a"));
    let desk = Desk::of(&server).await;
    let MailboxCheck::Good {
        messages,
        folder,
        said,
        ..
    } = desk.reader().check().await.unwrap()
    else {
        panic!("the mailbox can be read");
    };
    assert_eq!(
        (messages, folder.as_str(), said.as_str()),
        (1, "INBOX", "[READ-WRITE] open")
    );
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
        let check = desk.reader().check().await.unwrap();
        assert!(
            matches!(check, MailboxCheck::Good { .. }),
            "{capabilities:?}: {check:?}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_apart() {
    let server = Server::start().await;
    let desk = Desk::of(&server).await;
    let kind = async |desk: &Desk| match desk.reader().check().await.unwrap() {
        MailboxCheck::Fault(fault) => (fault.kind, fault.to_string()),
        other => panic!("{other:?}"),
    };
    desk.set(Parameter::InboxFolder, "Elsewhere").await;
    let (found, message) = kind(&desk).await;
    assert_eq!(found, MailboxFaultKind::FolderRefused);
    assert!(message.contains("[NONEXISTENT] no such folder"), "{message}");
    desk.set(Parameter::InboxPassword, "wrong").await;
    assert_eq!(kind(&desk).await.0, MailboxFaultKind::LoginRefused);
    server.fault("AUTHENTICATE", Fault::Answer("NO [UNAVAILABLE] later"), 1);
    assert_eq!(kind(&desk).await.0, MailboxFaultKind::Passing);
    server.change(|state| state.capabilities = vec!["IMAP4rev1", "LOGINDISABLED"]);
    assert_eq!(kind(&desk).await.0, MailboxFaultKind::LoginMissing);
    desk.set(Parameter::InboxPort, "1").await;
    let (found, message) = kind(&desk).await;
    assert_eq!(found, MailboxFaultKind::Passing);
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
        desk.reader().check().await.unwrap()
    };
    assert_eq!(
        unset(Parameter::InboxPassword).await,
        MailboxCheck::Incomplete(25)
    );
    assert_eq!(unset(Parameter::InboxHost).await, MailboxCheck::Incomplete(23));
    assert_eq!(unset(Parameter::ReadMail).await, MailboxCheck::Off);
}
