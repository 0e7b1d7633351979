//! Several daemons, and what happens around a daemon's life.

use std::collections::HashMap;
use std::time::Duration;

use recado_domain::reply::Stage;
use recado_test_support::servers::Postgres;
use recado_test_support::smtp_server::{Act, Rule, SmtpServer};
use recado_tests::api::Api;
use recado_tests::daemon::{Installation, Store};
use serde_json::json;

/// Comments that are posted, and mails that are owed: as many.
const MAILS: usize = 10_000;

/// Requests under way at once.
const CALLERS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn two_daemons_share_an_outbox_and_one_is_killed_on_the_way() {
    let Some(postgres) = Postgres::for_this_test() else {
        return;
    };
    let store = Store::Postgres(postgres.database("shared"));
    let server = SmtpServer::start().await;
    let sections = "[delivery]\nlease = \"3s\"\nschedule = [\"200ms\"]\n";
    let first = Installation::new(&store, sections);
    let second = first.beside(&store, sections);
    let token = first.administrator();
    let (daemon, doomed) = (first.serve(), second.serve());
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    // The queue fills while nothing leaves, so that both daemons have enough to do at once.
    api.set(297, "Y").await;
    fill(&api, &doomed.api(&token)).await;
    api.set(297, "N").await;
    server.wait_for_within(MAILS / 4, Duration::from_mins(3)).await;
    let took_part = server
        .mails()
        .iter()
        .map(|mail| mail.connection)
        .collect::<std::collections::HashSet<_>>();
    assert!(
        took_part.len() > 2,
        "both daemons' connections deliver: {took_part:?}"
    );
    doomed.kill();
    server.wait_for_within(MAILS, Duration::from_mins(5)).await;
    for state in ["ready", "leased", "sending", "retry", "unsure"] {
        for delivery in api.all(&format!("/deliveries?state={state}")).await {
            api.wait_for_state(delivery["id"].as_str().expect("an id"), "sent")
                .await;
        }
    }
    let deliveries = api.all("/deliveries?state=sent").await;
    assert_eq!(deliveries.len(), MAILS);
    let mut copies: HashMap<String, Vec<[u8; 32]>> = HashMap::new();
    for mail in server.mails() {
        copies.entry(mail.message_id).or_default().push(mail.digest);
    }
    assert_eq!(copies.len(), MAILS, "every mail arrived");
    let doubled: Vec<_> = copies.values().filter(|digests| digests.len() > 1).collect();
    assert!(
        doubled
            .iter()
            .all(|digests| digests.iter().all(|digest| digest == &digests[0])),
        "copies are alike"
    );
    // The killed daemon had two connections: at most two mails stood between their dot and their mark.
    assert!(doubled.len() <= 2, "{} mails were doubled", doubled.len());
}

/// Posts the comments, each on a ticket of its own hundred, through both daemons.
async fn fill(api: &Api, other: &Api) {
    for n in 0..100 {
        api.ticket(&format!("T{n}")).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let api = if caller % 2 == 0 {
            api.clone()
        } else {
            other.clone()
        };
        tasks.spawn(async move {
            for n in (caller..MAILS).step_by(CALLERS) {
                api.comment(&format!("T{}", n % 100), &format!("comment {n}"))
                    .await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("posting does not panic");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_with_another_secret_is_refused_on_a_shared_database() {
    let Some(postgres) = Postgres::for_this_test() else {
        return;
    };
    let store = Store::Postgres(postgres.database("secret"));
    let first = Installation::new(&store, "");
    first.administrator();
    let _daemon = first.serve();
    let second = first.beside(&store, "");
    std::fs::write(
        second.path().join("secret"),
        "quite another secret of the tests, long enough\n",
    )
    .expect("writable");
    let log = second
        .try_serve()
        .err()
        .expect("the second daemon does not start");
    assert!(log.contains("secret"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_one_sqlite_file_is_refused() {
    let installation = Installation::new(&Store::Sqlite, "");
    let _daemon = installation.serve();
    let log = installation
        .try_serve()
        .err()
        .expect("the second daemon does not start");
    assert!(log.contains("recado.db"), "{log}");
    // The command line goes on beside the daemon.
    installation.ok(&["parameter", "set", "10", "desk@example.org"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_starts_held_until_an_operator_says_so() {
    let server = SmtpServer::start().await;
    let installation = Installation::new(&Store::Sqlite, "");
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    api.ticket("4711").await;
    api.set(297, "Y").await;
    let comment = api.comment("4711", "Hola").await;
    let id = comment["deliveries"][0]["id"].as_str().expect("an id").to_owned();
    assert!(daemon.stop().success());
    let database = installation.path().join("recado.db");
    let backup = std::fs::read(&database).expect("a daemon that stopped left one whole file");

    // Life goes on: the mail is sent. Then the disk dies, and the backup is put back.
    let daemon = installation.serve();
    daemon.api(&token).set(297, "N").await;
    server.wait_for(1).await;
    assert!(daemon.stop().success());
    for leftover in ["recado.db-wal", "recado.db-shm"] {
        let _ = std::fs::remove_file(installation.path().join(leftover));
    }
    std::fs::write(&database, backup).expect("writable");

    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.set(297, "N").await;
    assert_eq!(api.get(&format!("/deliveries/{id}")).await["state"], "held");
    assert_eq!(api.comment("4711", "Otra").await["notification"], "held");
    assert!(installation.ok(&["channel", "list"]).contains("restored"));
    assert_eq!(server.count(), 1, "nothing is sent twice by a restore");
    installation.ok(&["delivery", "cancel", &id]);
    installation.ok(&["channel", "release", "0"]);
    server.wait_for(2).await;
    assert_eq!(api.get(&format!("/deliveries/{id}")).await["state"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_an_unknown_kind_is_left_alone() {
    let Some(postgres) = Postgres::for_this_test() else {
        return;
    };
    let url = postgres.database("unknown");
    let store = Store::Postgres(url.clone());
    let server = SmtpServer::start().await;
    let installation = Installation::new(&store, "");
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    api.ticket("4711").await;
    api.set(297, "Y").await;
    let first = api.comment("4711", "later kind").await;
    let id = first["deliveries"][0]["id"].as_str().expect("an id");
    postgres
        .query(
            &url,
            &format!("UPDATE outbox SET cause_kind = 'carrier_pigeon' WHERE id = '{id}'"),
        )
        .expect("SQL");
    api.set(297, "N").await;
    let ticket = json!({ "title": "t", "requester": { "name": "Ana", "email": "ana@example.com" },
                         "responsible": { "name": "T", "email": "other@example.com" } });
    api.put("/tickets/4712", ticket).await;
    api.comment("4712", "known kind").await;
    let mails = server.wait_for(1).await;
    assert_eq!(mails[0].to, "other@example.com");
    let state = postgres
        .query(&url, &format!("SELECT state FROM outbox WHERE id = '{id}'"))
        .expect("SQL");
    assert_eq!(state.trim(), "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_of_one_ticket_to_one_person_leave_in_order_and_one_that_is_refused_lets_others_pass() {
    let refusing = Rule::at(Stage::RcptTo, Act::reply("450 4.2.1 mailbox busy"))
        .to("tomas@example.com")
        .times(3);
    let server = SmtpServer::builder().rule(refusing).start().await;
    let installation = Installation::new(&Store::Sqlite, "[delivery]\nschedule = [\"150ms\"]\n");
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    api.ticket("4711").await;
    let other = json!({ "title": "t", "requester": { "name": "Ana", "email": "ana@example.com" },
                        "responsible": { "name": "T", "email": "other@example.com" } });
    api.put("/tickets/4712", other).await;
    for n in 0..5 {
        api.comment("4711", &format!("número {n}.")).await;
    }
    api.comment("4712", "aparte").await;
    let mails = server.wait_for(6).await;
    assert_eq!(
        mails[0].to, "other@example.com",
        "a refused recipient delays nobody else"
    );
    let order: Vec<_> = mails
        .iter()
        .filter(|mail| mail.to == "tomas@example.com")
        .map(|mail| (0..5).find(|n| mail.text().contains(&format!("mero {n}."))))
        .collect();
    assert_eq!(order, (0..5).map(Some).collect::<Vec<_>>());
}
