//! A mail's way costs PostgreSQL few statements, none of them for beginning or ending a transaction.
#![expect(clippy::unwrap_used, reason = "an error where none may be is a failed test")]

#[expect(dead_code, reason = "what is there for SQLite too")]
#[path = "store/databases.rs"]
mod databases;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use recado_domain::channel::AccountId;
use recado_ports::channels::Channels;
use recado_ports::comments::{Comments, ContextQuery, OnTicket};
use recado_ports::outbox::{Claim, Outbox, Revision, Settlement};
use recado_ports::parameters::Parameters as _;
use recado_ports::tickets::{TicketWrite, Tickets};
use recado_test_support::builders::{address, comment, lease, ticket};
use recado_test_support::clock::START;

/// What diesel was given in this process.
static STATEMENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Recorder;

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            STATEMENTS.lock().unwrap().push(query.to_string());
        }
    }
}

/// What some work gives, and the statements that it took. A connection opened meanwhile sets itself up, and other daemons
/// are told now and then.
async fn statements_of<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
    STATEMENTS.lock().unwrap().clear();
    let result = work.await;
    let mut statements = std::mem::take(&mut *STATEMENTS.lock().unwrap());
    statements.retain(|text| !text.starts_with("SET ") && !text.contains("pg_notify"));
    (result, statements)
}

#[tokio::test]
async fn a_mail_is_taken_in_claimed_and_marked_with_a_statement_each() {
    set_default_instrumentation(|| Some(Box::new(Recorder))).unwrap();
    let Some((database, url, server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    let about = ticket("1").build();
    let write = TicketWrite {
        ticket: about.clone(),
        expected: None,
        cut_off: BTreeSet::new(),
    };
    Tickets::put(&*database, write).await.unwrap();

    let query = ContextQuery {
        ticket: OnTicket::Numbered(about.number.clone()),
        author: Some(address("tomas@example.com")),
        desk: None,
        idempotency: None,
        account: AccountId::DEFAULT,
        thread_length: 10,
        now: START,
    };
    database.context(&query).await.unwrap();
    let (context, read) = statements_of(database.context(&query)).await;
    assert!(context.unwrap().is_some());
    assert_eq!(read.len(), 2, "{read:#?}");

    // Made before the next one, and taken in after it.
    let late = comment(&about).owing(&["ana@example.com"]);
    let accept = comment(&about).owing(&["ana@example.com"]);
    let (accepted, written) = statements_of(database.accept(accept.clone())).await;
    accepted.unwrap();
    assert_eq!(written.len(), 1, "{written:#?}");
    assert!(!written[0].contains("synchronous_commit"), "{written:#?}");

    let known = Revision {
        parameters: database.snapshot().await.unwrap().revision,
        nudges: Channels::find(&*database, AccountId::DEFAULT)
            .await
            .unwrap()
            .nudges,
    };
    let claim = Claim {
        account: AccountId::DEFAULT,
        limit: 10,
        lease: lease(),
        lease_time: Duration::from_mins(1),
        now: START,
        blocked_after: Duration::from_mins(5),
        under: Some(known),
    };
    let (claimed, written) = statements_of(database.claim(&claim)).await;
    assert_eq!(written.len(), 1, "{written:#?}");
    let id = claimed.unwrap()[0].delivery.id;
    let (fenced, written) = statements_of(database.fence(claim.lease, &[id], START)).await;
    assert_eq!(fenced.unwrap(), [id]);
    assert_eq!(written.len(), 1, "{written:#?}");
    let sent = Settlement::Sent {
        reply: "250".to_owned(),
    };
    let settlements = [(id, sent)];
    let settling = Outbox::settle(&*database, claim.lease, &settlements, START);
    let (settled, written) = statements_of(settling).await;
    assert_eq!(settled.unwrap(), [id]);
    assert_eq!(written.len(), 1, "{written:#?}");

    // The ticket knows a newer comment: what it is to be told takes a look, in one transaction with the comment.
    let (accepted, written) = statements_of(database.accept(late.clone())).await;
    accepted.unwrap();
    assert!(written.iter().any(|text| text == "BEGIN"), "{written:#?}");
    // The same again changes nothing.
    for accept in [&accept, &late] {
        database.accept(accept.clone()).await.unwrap();
    }
    let stored = "SELECT count(*), (SELECT count(*) FROM outbox), (SELECT count(*) FROM outbox_message),
        (SELECT count(*) FROM event WHERE kind = 'comment.created'), (SELECT newest FROM ticket_activity) FROM comment";
    let stored = tokio::task::spawn_blocking(move || server.query(&url, stored).unwrap());
    let newest = accept.comment.id.0;
    assert_eq!(stored.await.unwrap().trim(), format!("2\t2\t2\t2\t{newest}"));
}
