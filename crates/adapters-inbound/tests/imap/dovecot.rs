//! Against Dovecot.

use std::time::Duration;

use recado_domain::parameter::Parameter;
use recado_test_support::servers::dovecot::{Dovecot, HOST, PASSWORD};

use crate::harness::{Desk, mail};
use crate::server::Server;

const DESK: &str = "desk@recado.test";

/// How long Dovecot may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);

async fn desk(dovecot: &Dovecot) -> Desk {
    // The scripted server lends its address, which is overwritten.
    let mut desk = Desk::of(&Server::start().await).await;
    desk.settings.ca_file = Some(dovecot.ca_file());
    desk.settings.tls_name = Some(HOST.to_owned());
    desk.set(Parameter::InboxPort, &dovecot.imaps().port().to_string())
        .await;
    desk.set(Parameter::InboxProtocol, "imaps").await;
    desk.set(Parameter::InboxUser, DESK).await;
    desk.set(Parameter::InboxPassword, PASSWORD).await;
    desk
}

/// Waits on the server without holding up the reader.
async fn until_all_seen(dovecot: &std::sync::Arc<Dovecot>, count: usize) {
    let dovecot = dovecot.clone();
    let wait = move || {
        dovecot.wait_until(DESK, PATIENCE, |mails| {
            mails.len() == count && mails.iter().all(|mail| mail.has("\\Seen"))
        })
    };
    tokio::task::spawn_blocking(wait).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_taken_as_they_come_and_after_a_renumbering_and_a_kick() {
    let Some(dovecot) = Dovecot::for_this_test(&[DESK]) else {
        return;
    };
    let dovecot = std::sync::Arc::new(dovecot);
    dovecot.append(DESK, mail("before").as_bytes());
    let desk = desk(&dovecot).await;
    let running = desk.start();
    until_all_seen(&dovecot, 1).await;
    dovecot.append(DESK, mail("while idle").as_bytes());
    until_all_seen(&dovecot, 2).await;
    assert_eq!(desk.subjects(), ["before", "while idle"]);
    dovecot.kick(DESK);
    dovecot.append(DESK, mail("after a kick").as_bytes());
    until_all_seen(&dovecot, 3).await;
    dovecot.renumber(DESK);
    dovecot.append(DESK, mail("after a renumbering").as_bytes());
    until_all_seen(&dovecot, 4).await;
    running.stop().await;
    let taken = desk.subjects();
    assert_eq!(taken[..3], ["before", "while idle", "after a kick"]);
    assert_eq!(
        taken
            .iter()
            .filter(|subject| *subject == "after a renumbering")
            .count(),
        1
    );
    let raw = &desk.ledger.taken()[0].raw;
    assert_eq!(String::from_utf8_lossy(raw), mail("before").replace('\n', "\r\n"));
}

#[tokio::test]
async fn each_protocol_and_a_folder_with_accents_are_known() {
    let Some(dovecot) = Dovecot::for_this_test(&[DESK]) else {
        return;
    };
    dovecot.create_folder(DESK, "Solicitações & Cía");
    dovecot.append_to(DESK, "Solicitações & Cía", mail("a").as_bytes());
    let desk = desk(&dovecot).await;
    desk.set(Parameter::InboxFolder, "Solicitações & Cía").await;
    for (protocol, port) in [("imaps", dovecot.imaps().port()), ("imap", dovecot.imap().port())] {
        desk.set(Parameter::InboxProtocol, protocol).await;
        desk.set(Parameter::InboxPort, &port.to_string()).await;
        let state = desk.check().await;
        assert_eq!(
            state.as_ref().map(|state| (state.messages, state.unseen)),
            Ok((1, 1)),
            "{protocol}"
        );
    }
}
