//! Into the ledger: the use case itself behind the door, over stores in memory.

use std::sync::Arc;
use std::time::Duration;

use recado_adapters_inbound::parse::MailReader;
use recado_app::receive_mail::ReceiveMail;
use recado_app::settings::{CommentLimits, IncomingSettings, MessagingSettings, WayBack, WayOut};
use recado_domain::incoming::{OpenTickets, Policy};
use recado_domain::ledger::Outcome;
use recado_domain::locale::Locale;
use recado_domain::token::Keyring;
use recado_ports::ledger::{Ledger as _, MailFilter};
use recado_ports::page::PageRequest;
use recado_test_support::clock::ManualClock;
use recado_test_support::fakes::{MemoryStore, PlainComposer, PlainRenderer};
use recado_test_support::ids::SequentialIds;

use crate::harness::Server;

fn receive_mail(store: &MemoryStore) -> ReceiveMail {
    let store = Arc::new(store.clone());
    ReceiveMail {
        ledger: store.clone(),
        reader: Arc::new(MailReader),
        tickets: store.clone(),
        people: store.clone(),
        comments: store.clone(),
        suppressions: store.clone(),
        outbox: store.clone(),
        parameters: store.clone(),
        images: store,
        renderer: Arc::new(PlainRenderer),
        composer: Arc::new(PlainComposer),
        clock: Arc::new(ManualClock::new()),
        ids: Arc::new(SequentialIds::new()),
        keyring: Arc::new(Keyring::new(&[7; 32], &[]).unwrap()),
        messaging: Arc::new(MessagingSettings {
            desk: None,
            desk_name: None,
            public_host: "recado.test".to_owned(),
            public_url: "https://recado.example.org".to_owned(),
            locale: Locale::Es,
            time_zone: jiff::tz::TimeZone::UTC,
            hold: Duration::ZERO,
            page_hold: Duration::from_secs(10),
            way_out: WayOut::Smtp,
            limits: CommentLimits::default(),
            way_back: WayBack::default(),
        }),
        settings: Arc::new(IncomingSettings {
            policy: Policy {
                open_tickets: OpenTickets::Anyone,
                ..Policy::default()
            },
            ..IncomingSettings::default()
        }),
    }
}

/// What became of the mails, oldest first.
async fn outcomes(store: &MemoryStore) -> Vec<Option<Outcome>> {
    let newest_first = store.list(&MailFilter::default(), &PageRequest::default()).await;
    let mut entries = newest_first.unwrap().items;
    entries.reverse();
    entries.into_iter().map(|entry| entry.outcome).collect()
}

const SESSION: &str = "LHLO c\r\nMAIL FROM:<ana@example.org>\r\nRCPT TO:<desk@example.org>\r\nDATA\r\n\
    From: ana@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: La impresora\r\n\r\nNo imprime.\r\n.\r\nQUIT\r\n";

#[tokio::test]
async fn a_mail_whose_answer_was_lost_becomes_one_ticket_and_its_retry_a_duplicate() {
    let store = MemoryStore::new();
    let server = Server::before(Arc::new(receive_mail(&store)), |_| {}).await;
    for _ in 0..2 {
        let mut client = server.call().await;
        client.send(SESSION).await;
        // The server cannot tell whether anybody minds its answer; it hangs up after QUIT, when all is done.
        client.rest().await;
    }
    assert_eq!(
        outcomes(&store).await,
        [Some(Outcome::Opened), Some(Outcome::Duplicate)]
    );
}

#[tokio::test]
async fn a_mail_to_two_of_our_addresses_is_taken_twice_and_counts_once() {
    let store = MemoryStore::new();
    let server = Server::before(Arc::new(receive_mail(&store)), |_| {}).await;
    let mut client = server.greeted().await;
    client.envelope(&["desk@example.org", "help@example.org"]).await;
    client.ask("DATA").await;
    client
        .send("From: ana@example.org\r\nMessage-ID: <1@example.org>\r\n\r\na\r\n.\r\n")
        .await;
    assert_eq!(client.codes().await, [250, 250]);
    assert_eq!(
        outcomes(&store).await,
        [Some(Outcome::Opened), Some(Outcome::Duplicate)]
    );
}
