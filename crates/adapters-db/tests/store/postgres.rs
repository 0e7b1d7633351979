//! What PostgreSQL alone must: several daemons, deadlocks, the log's order beside transactions that still run.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use recado_adapters_db::{Database, OpenError, Options, StartError};
use recado_domain::ledger::Outcome;
use recado_domain::outbox::State;
use recado_ports::comments::Comments;
use recado_ports::events::{Events, Topic};
use recado_ports::ledger::{Ledger, SettleError, SettleMail};
use recado_ports::outbox::Outbox;
use recado_ports::tickets::{TicketWrite, Tickets};
use recado_test_support::builders::{comment, incoming, settlement, test_delivery, ticket};
use recado_test_support::clock::START;
use recado_test_support::servers::Postgres;
use recado_test_support::servers::postgres::Durability;

use crate::databases;

const LONG: Duration = Duration::from_secs(20);

/// A connection that owes nothing to the store's code.
async fn raw(url: &str) -> tokio_postgres::Client {
    let url = url.replace("?sslmode=disable", "");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn news_reach_another_daemon() {
    let Some((here, url, _server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    let other_ids = databases::options(databases::clock());
    let _first = other_ids.ids.random();
    let there = Arc::new(Database::open(&url, other_ids).await.unwrap());
    // The first wait ends when the connection listens; what comes then comes from the other daemon.
    here.wait(Topic::Outbox, LONG).await;
    let waiting = tokio::time::timeout(LONG, here.wait(Topic::Outbox, LONG * 100));
    let change = there.enqueue(vec![test_delivery().build()]);
    let (woken, written) = tokio::join!(waiting, change);
    written.unwrap();
    woken.expect("news of the other daemon's mail");
}

#[tokio::test]
async fn daemons_with_another_secret_are_refused() {
    let Some((database, url, _server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    assert_eq!(database.start_daemon("fingerprint").await.unwrap().current, 1);
    let second = Database::open(&url, databases::options(databases::clock()))
        .await
        .unwrap();
    assert!(matches!(
        second.start_daemon("another").await,
        Err(StartError::OtherSecret)
    ));
    assert_eq!(second.start_daemon("fingerprint").await.unwrap().previous, 1);
}

#[tokio::test]
async fn several_daemons_may_migrate_a_new_database_at_once() {
    let Some((_database, _url, server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    // The server ends with its value.
    let (_server, url) = tokio::task::spawn_blocking(move || {
        let url = server.database("fresh");
        (server, url)
    })
    .await
    .unwrap();
    let opening = (0..4).map(|_| Database::open(&url, databases::options(databases::clock())));
    for opened in futures_util::future::join_all(opening).await {
        opened.unwrap().ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_meets_a_deadlock_is_run_again() {
    let Some((database, url, _server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    let (one, two) = (test_delivery().build(), test_delivery().build());
    let ids = [one.id, two.id];
    database.enqueue(vec![one, two]).await.unwrap();
    let lease = recado_test_support::builders::lease();
    let claim = recado_ports::outbox::Claim {
        account: recado_domain::channel::AccountId::DEFAULT,
        limit: 10,
        lease,
        lease_time: Duration::from_mins(1),
        now: START,
        blocked_after: LONG,
        under: None,
    };
    database.claim(&claim).await.unwrap();
    database.fence(lease, &ids, START).await.unwrap();
    // The other transaction holds the second row and then wants the first, which settling holds by then.
    let other = raw(&url).await;
    other
        .batch_execute("SET deadlock_timeout = '10s'; BEGIN")
        .await
        .unwrap();
    let lock = |index: usize| format!("SELECT id FROM outbox WHERE id = '{}' FOR UPDATE", ids[index].0);
    other.query(&lock(1), &[]).await.unwrap();
    let settling = {
        let database = Arc::clone(&database);
        let sent = ids.map(|id| {
            (
                id,
                recado_ports::outbox::Settlement::Sent {
                    reply: "250 ok".to_owned(),
                },
            )
        });
        tokio::spawn(async move { Outbox::settle(&*database, lease, &sent, START).await })
    };
    // Until settling waits for the second row, the first is not locked in the other order yet.
    let watcher = raw(&url).await;
    until_one_waits(&watcher).await;
    // The server ends one of the two after its deadlock_timeout: settling's, whose is the shorter.
    let first = other.query(&lock(0), &[]).await;
    other.batch_execute("COMMIT").await.unwrap();
    assert!(first.is_ok(), "{first:?}");
    assert_eq!(settling.await.unwrap().unwrap(), ids);
    for id in ids {
        assert_eq!(
            Outbox::find(&*database, id)
                .await
                .unwrap()
                .unwrap()
                .delivery
                .state,
            State::Sent
        );
    }
}

/// Waits until a transaction of the store waits for another one.
async fn until_one_waits(watcher: &tokio_postgres::Client) {
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'";
    let begin = std::time::Instant::now();
    while watcher.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(
            begin.elapsed() < LONG,
            "the store never waited for the other transaction"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_waits_for_the_other_one_s_end_and_goes_through_only_if_that_came_to_nothing() {
    let Some((database, url, _server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    let about = ticket("1").build();
    let write = TicketWrite {
        ticket: about.clone(),
        expected: None,
        cut_off: BTreeSet::new(),
    };
    database.put(write).await.unwrap();
    let (other, watcher) = (raw(&url).await, raw(&url).await);
    for ending in ["ROLLBACK", "COMMIT"] {
        let first = incoming("copy").build();
        let second = incoming("copy").copy_of(&first).build();
        for mail in [&first, &second] {
            database.take(mail.clone()).await.unwrap();
        }
        let (first, second) = (first.id, second.id);
        let attach = format!(
            "BEGIN; UPDATE incoming_mail SET outcome = 'attached' WHERE id = '{}'",
            first.0
        );
        other.batch_execute(&attach).await.unwrap();
        let settling = {
            let database = Arc::clone(&database);
            let settle = SettleMail {
                comment: Some(comment(&about).owing(&[])),
                ..settlement(second, Outcome::Attached)
            };
            tokio::spawn(async move { Ledger::settle(&*database, settle).await })
        };
        until_one_waits(&watcher).await;
        other.batch_execute(ending).await.unwrap();
        let settled = settling.await.unwrap();
        let stored = database.entry(second).await.unwrap().unwrap();
        if ending == "COMMIT" {
            assert!(
                matches!(settled, Err(SettleError::Copy(copy)) if copy == first),
                "{settled:?}"
            );
            assert_eq!((stored.outcome, stored.comment), (None, None));
        } else {
            settled.unwrap();
            assert_eq!(stored.outcome, Some(Outcome::Attached));
        }
    }
}

#[tokio::test]
async fn no_entry_of_the_log_appears_before_one_that_was_read() {
    let Some((database, url, _server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    // An earlier transaction that commits later: its entry must come first, so the later one has to wait.
    let other = raw(&url).await;
    let insert =
        "INSERT INTO event (kind, ticket, subject, at) VALUES ('ticket.changed', NULL, gen_random_uuid(), 0)";
    other.batch_execute(&format!("BEGIN; {insert}")).await.unwrap();
    database.put(ticket("1").write()).await.unwrap();
    assert_eq!(
        database.after(None, 10).await.unwrap(),
        [],
        "an earlier transaction still runs"
    );
    other.batch_execute("COMMIT").await.unwrap();
    let both = database.after(None, 10).await.unwrap();
    assert_eq!(
        both.iter()
            .map(|event| event.at.as_microsecond())
            .collect::<Vec<_>>()[0],
        0
    );
    assert_eq!(both.len(), 2);
    assert_eq!(database.newest().await.unwrap(), Some(both[1].cursor.clone()));
}

#[tokio::test]
async fn a_comment_that_is_stored_already_leaves_its_ticket_where_lists_expect_it() {
    let Some((database, url, _server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    let about = ticket("T-1").build();
    let write = TicketWrite {
        ticket: about.clone(),
        expected: None,
        cut_off: BTreeSet::new(),
    };
    database.put(write).await.unwrap();
    let accept = comment(&about).owing(&["ana@example.com"]);
    database.accept(accept.clone()).await.unwrap();
    let client = raw(&url).await;
    let newest = "SELECT newest = (SELECT id FROM comment) FROM ticket_activity";
    assert!(client.query_one(newest, &[]).await.unwrap().get::<_, bool>(0));
    // As it is left where the comment was stored in the same instant by one statement for it and others.
    let old = "UPDATE ticket_activity SET newest = ticket";
    client.execute(old, &[]).await.unwrap();
    database.accept(accept).await.unwrap();
    assert!(client.query_one(newest, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_leaves_no_transaction_open() {
    let Some((database, url, _server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    let mail = test_delivery().build();
    let id = mail.id;
    {
        let mut call = Box::pin(database.enqueue(vec![mail]));
        assert!(
            futures_util::FutureExt::now_or_never(&mut call).is_none(),
            "the caller goes away before the answer"
        );
    }
    let begin = std::time::Instant::now();
    while Outbox::find(&*database, id).await.unwrap().is_none() {
        assert!(begin.elapsed() < LONG, "the transaction never ended");
        tokio::task::yield_now().await;
    }
    let client = raw(&url).await;
    let open = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    assert_eq!(client.query_one(open, &[]).await.unwrap().get::<_, i64>(0), 0);
}

/// Makes the server offer TLS with this certificate. Its files must be those of the user that it runs as.
#[cfg(unix)]
fn offer_tls(server: &Postgres, directory: &std::path::Path, certificate: &str, key: &str) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let admin = server.admin_url();
    let data = server.query(admin, "SHOW data_directory").unwrap();
    let owner = std::fs::metadata(data.trim()).unwrap();
    for (name, text) in [("server.crt", certificate), ("server.key", key)] {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        let setting = if name == "server.crt" {
            "ssl_cert_file"
        } else {
            "ssl_key_file"
        };
        server
            .query(
                admin,
                &format!("ALTER SYSTEM SET {setting} = '{}'", path.display()),
            )
            .unwrap();
    }
    std::fs::set_permissions(directory, PermissionsExt::from_mode(0o755)).unwrap();
    server.query(admin, "ALTER SYSTEM SET ssl = on").unwrap();
    server.query(admin, "SELECT pg_reload_conf()").unwrap();
    let begin = std::time::Instant::now();
    while server.query(admin, "SHOW ssl").unwrap().trim() != "on" {
        assert!(begin.elapsed() < LONG, "the server does not offer TLS");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_protected_connection_is_verified() {
    let started = tokio::task::block_in_place(|| Postgres::alone(Durability::Unflushed));
    let Some(server) = started else { return };
    let directory = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let foreign = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let url = tokio::task::block_in_place(|| {
        offer_tls(
            &server,
            directory.path(),
            &own.cert.pem(),
            &own.signing_key.serialize_pem(),
        );
        server
            .database("protected")
            .replace("sslmode=disable", "sslmode=require")
    });
    let trusting = |certificate: &rcgen::Certificate, name: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, certificate.pem()).unwrap();
        Options {
            trusted_certificates: Some(path),
            ..databases::options(databases::clock())
        }
    };
    let stranger = Database::open(&url, trusting(&foreign.cert, "foreign.pem")).await;
    assert!(matches!(stranger, Err(OpenError::Migrate(_))), "{stranger:?}");
    let database = Database::open(&url, trusting(&own.cert, "own.pem"))
        .await
        .unwrap();
    database.ping().await.unwrap();
    let protected = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE ssl AND application_name = 'recado'";
    let count = tokio::task::block_in_place(|| server.query(server.admin_url(), protected).unwrap());
    assert_ne!(count.trim(), "0", "the pool's connection is not protected");
}
