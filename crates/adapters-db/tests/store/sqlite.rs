//! What SQLite alone must: other processes, one daemon, a file that its owner alone reads.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use recado_adapters_db::{Database, OpenError, StartCounter, StartError};
use recado_domain::audience::Viewer;
use recado_domain::channel::AccountId;
use recado_domain::outbox::State;
use recado_domain::parameter::Parameter;
use recado_domain::person::Role;
use recado_domain::ticket::{TicketId, TicketStatus};
use recado_ports::comments::{Comments, ContextQuery, OnTicket};
use recado_ports::events::{Events, Topic};
use recado_ports::inbox::{Inbox, InboxQuery, View};
use recado_ports::outbox::{Claim, DeliveryFilter, NewDelivery, Outbox};
use recado_ports::page::PageRequest;
use recado_ports::parameters::Parameters;
use recado_ports::templates::Templates;
use recado_ports::tickets::Tickets;
use recado_test_support::builders::{self, address, comment, lease, test_delivery, ticket};
use recado_test_support::clock::START;
use uuid::Uuid;

use crate::databases;

const LONG: Duration = Duration::from_secs(20);

fn url(directory: &tempfile::TempDir) -> String {
    format!("sqlite://{}", directory.path().join("recado.db").display())
}

fn claim() -> Claim {
    Claim {
        account: AccountId::DEFAULT,
        limit: 10,
        lease: lease(),
        lease_time: Duration::from_mins(1),
        now: START,
        blocked_after: Duration::from_mins(5),
        under: None,
    }
}

#[tokio::test]
async fn another_process_s_write_is_read_at_once_and_wakes_whoever_waits() {
    let (database, directory) = databases::sqlite(databases::clock()).await;
    let other = Database::open(&url(&directory), databases::options(databases::clock()))
        .await
        .unwrap();
    // Held up by nothing but the news: the waiting time is far longer than the test may take.
    let waiting = tokio::time::timeout(LONG, database.wait(Topic::Outbox, LONG * 100));
    let change = other.set(Parameter::SmtpHost, Some("smtp.example.org".to_owned()));
    let (woken, written) = tokio::join!(waiting, change);
    written.unwrap();
    woken.expect("news of the other process's write");
    let snapshot = database.snapshot().await.unwrap();
    assert_eq!(
        snapshot.values.text(Parameter::SmtpHost),
        Some("smtp.example.org")
    );
}

#[tokio::test]
async fn another_process_s_parameters_and_templates_count_for_the_next_comment() {
    let (database, directory) = databases::sqlite(databases::clock()).await;
    let other = Database::open(&url(&directory), databases::options(databases::clock()))
        .await
        .unwrap();
    let query = ContextQuery {
        ticket: OnTicket::Given(Box::new(builders::ticket("1").build())),
        author: None,
        desk: None,
        idempotency: None,
        account: AccountId::DEFAULT,
        thread_length: 10,
        now: START,
    };
    let subject = async || {
        let context = database.context(&query).await.unwrap().unwrap();
        let template = context.parameters.values.template(Parameter::MessagingTemplate);
        let template = template.and_then(|id| context.templates.get(&id));
        template.map(|template| template.subject.clone())
    };
    assert_eq!(subject().await, None);
    let mut template = builders::template(1);
    for text in ["uno", "dos"] {
        text.clone_into(&mut template.subject);
        Templates::put(&other, &template).await.unwrap();
        other
            .set(Parameter::MessagingTemplate, Some("1".to_owned()))
            .await
            .unwrap();
        assert_eq!(subject().await.as_deref(), Some(text));
    }
    other.set(Parameter::MessagingTemplate, None).await.unwrap();
    assert_eq!(subject().await, None);
}

#[tokio::test]
async fn a_ticket_that_an_older_daemon_put_is_listed_once_something_is_said() {
    let (database, directory) = databases::sqlite(databases::clock()).await;
    let write = ticket("1").write();
    let about = write.ticket.clone();
    Tickets::put(&*database, write).await.unwrap();
    let path = directory.path().join("recado.db");
    let mut raw = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    raw.batch_execute("PRAGMA busy_timeout = 10000; DELETE FROM ticket_activity")
        .unwrap();
    let query = InboxQuery {
        viewer: Viewer {
            email: address("tomas@example.com"),
            role: Role::Technician,
            groups: Vec::new(),
        },
        view: View::All,
        status: Some(TicketStatus::Open),
        text: None,
    };
    let list = async || {
        Inbox::list(&*database, &query, &PageRequest::default())
            .await
            .unwrap()
    };
    assert_eq!(list().await.items.len(), 0);
    database
        .accept(comment(&about).text("hola").owing(&[]))
        .await
        .unwrap();
    let listed = list().await.items;
    assert_eq!(
        listed[0].last.as_ref().map(|last| last.beginning.as_str()),
        Some("hola")
    );
}

#[tokio::test]
async fn several_processes_may_open_a_new_file_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let url = url(&directory);
    let opening = (0..4).map(|_| Database::open(&url, databases::options(databases::clock())));
    for opened in futures_util::future::join_all(opening).await {
        opened.unwrap().ping().await.unwrap();
    }
}

#[tokio::test]
async fn one_daemon_serves_a_file_and_ends_the_leases_of_the_one_before() {
    let (database, directory) = databases::sqlite(databases::clock()).await;
    assert_eq!(
        database.start_daemon("").await.unwrap(),
        StartCounter {
            previous: 0,
            current: 1
        }
    );
    database
        .enqueue(vec![test_delivery().build(), test_delivery().build()])
        .await
        .unwrap();
    let claim = claim();
    let claimed = database.claim(&claim).await.unwrap();
    let [leased, sending] = [0, 1].map(|index: usize| claimed[index].delivery.id);
    database.fence(claim.lease, &[sending], START).await.unwrap();

    let next = Database::open(&url(&directory), databases::options(databases::clock()))
        .await
        .unwrap();
    assert!(matches!(next.start_daemon("").await, Err(StartError::Lock(_))));
    drop(database);
    assert_eq!(
        next.start_daemon("").await.unwrap(),
        StartCounter {
            previous: 1,
            current: 2
        }
    );
    for (id, state) in [(leased, State::Ready), (sending, State::Unsure)] {
        let history = Outbox::find(&next, id).await.unwrap().unwrap();
        assert_eq!(history.delivery.state, state);
        assert_eq!(history.delivery.lost_answers, 0);
    }
}

#[tokio::test]
async fn a_pinned_parameter_wins_over_the_stored_one() {
    let (database, directory) = databases::sqlite(databases::clock()).await;
    database
        .set(Parameter::SmtpPort, Some("2525".to_owned()))
        .await
        .unwrap();
    let pinned = BTreeMap::from([(Parameter::SmtpPort, "587".to_owned())]);
    let options = recado_adapters_db::Options {
        pinned,
        ..databases::options(databases::clock())
    };
    let database = Database::open(&url(&directory), options).await.unwrap();
    let snapshot = database.snapshot().await.unwrap();
    assert_eq!(snapshot.values.text(Parameter::SmtpPort), Some("587"));
    assert!(snapshot.pinned.contains(&Parameter::SmtpPort));
}

#[tokio::test]
async fn mails_of_kinds_or_states_of_a_later_version_are_left_alone() {
    let (database, directory) = databases::sqlite(databases::clock()).await;
    let mails = [
        test_delivery().build(),
        test_delivery().build(),
        test_delivery().build(),
    ];
    let known = mails[2].id;
    database.enqueue(mails.to_vec()).await.unwrap();
    let file = directory.path().join("recado.db");
    let mut raw = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    raw.batch_execute(&format!(
        "UPDATE outbox SET cause_kind = 'survey' WHERE id = x'{}';
         UPDATE outbox SET state = 'scheduled' WHERE id = x'{}';",
        mails[0].id.0.simple(),
        mails[1].id.0.simple(),
    ))
    .unwrap();
    let claimed = database.claim(&claim()).await.unwrap();
    assert_eq!(
        claimed
            .iter()
            .map(|claimed| claimed.delivery.id)
            .collect::<Vec<_>>(),
        [known]
    );
    let all = Outbox::list(&*database, &DeliveryFilter::default(), &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(all.items.len(), 1);
}

#[tokio::test]
async fn a_mail_of_a_kind_of_a_later_version_neither_holds_up_its_chain_nor_expires() {
    let (database, directory) = databases::sqlite(databases::clock()).await;
    let [later, known] = [(), ()].map(|()| NewDelivery {
        ticket: Some(TicketId(Uuid::from_u128(1))),
        ..test_delivery().build()
    });
    let ids = [later.id, known.id];
    database.enqueue(vec![later, known]).await.unwrap();
    let file = directory.path().join("recado.db");
    let mut raw = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    raw.batch_execute(&format!(
        "UPDATE outbox SET cause_kind = 'survey' WHERE id = x'{}'",
        ids[0].0.simple()
    ))
    .unwrap();
    let claimed = database.claim(&claim()).await.unwrap();
    assert_eq!(claimed.len(), 1, "nothing that this version knows is before it");
    assert_eq!(claimed[0].delivery.id, ids[1]);
    raw.batch_execute("UPDATE channel SET open_time = 1000000000 WHERE account = 0")
        .unwrap();
    let expired = database.expire(AccountId::DEFAULT, Duration::from_secs(1), START);
    assert_eq!(expired.await.unwrap(), []);
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (_database, directory) = databases::sqlite(databases::clock()).await;
    let mode = std::fs::metadata(directory.path().join("recado.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_named() {
    let error = Database::open(
        "sqlite:///proc/none/recado.db",
        databases::options(databases::clock()),
    )
    .await;
    assert!(matches!(error, Err(OpenError::File { .. })), "{error:?}");
}
