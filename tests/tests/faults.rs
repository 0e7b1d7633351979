//! What a mail server can do to a queue, seen at the real daemon: nothing is lost, nobody else is delayed, and no copy
//! is made but in the one window.

use std::time::Duration;

use recado_domain::reply::Stage;
use recado_test_support::servers::postgres::{Durability, Postgres};
use recado_test_support::smtp_server::{Act, Rule, SmtpServer, TestCertificate};
use recado_tests::api::Api;
use recado_tests::daemon::{Daemon, Installation, Store};
use serde_json::{Value, json};

/// Delays short enough for a test.
const SECTIONS: &str = "[delivery]\nschedule = [\"200ms\"]\nbreaker_max = \"1s\"\n";

/// A daemon with a ticket, sending to a port.
async fn daemon(port: u16, sections: &str) -> (Installation, Daemon, Api) {
    let installation = Installation::new(&Store::Sqlite, sections);
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(port).await;
    api.ticket("4711").await;
    (installation, daemon, api)
}

fn delivery(comment: &Value) -> &str {
    comment["deliveries"][0]["id"]
        .as_str()
        .expect("the comment owes a mail")
}

/// The outcomes of a delivery's attempts.
fn outcomes(delivery: &Value) -> Vec<&str> {
    let attempts = delivery["attempts"]
        .as_array()
        .expect("a delivery lists its attempts");
    attempts
        .iter()
        .map(|attempt| attempt["outcome"].as_str().expect("an attempt has an outcome"))
        .collect()
}

async fn sent(api: &Api, comment: &Value) -> Value {
    api.wait_for_state(delivery(comment), "sent").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_for_a_while_charges_no_mail() {
    let server = SmtpServer::start().await;
    let address = server.address();
    drop(server);
    let (_installation, daemon, api) = daemon(address.port(), SECTIONS).await;
    let comment = api.comment("4711", "Hola").await;
    assert_eq!(comment["notification"], "queued");
    let waiting = api
        .wait_until(&format!("/deliveries/{}", delivery(&comment)), |delivery| {
            !delivery["last_reply"].is_null()
        })
        .await;
    assert_eq!(
        (outcomes(&waiting).len(), &waiting["state"]),
        (0, &json!("ready")),
        "{waiting:#}"
    );
    let server = SmtpServer::builder().address(address).start().await;
    assert_eq!(outcomes(&sent(&api, &comment).await), ["sent"]);
    assert_eq!(server.count(), 1);
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_holds_the_channel_until_the_password_is_mended() {
    let server = SmtpServer::builder().login("desk", "right").start().await;
    let (installation, _daemon, api) = daemon(server.port(), SECTIONS).await;
    for (number, value) in [(11, "Y"), (12, "desk"), (13, "wrong")] {
        api.set(number, value).await;
    }
    let comment = api.comment("4711", "Hola").await;
    let held = api.wait_for_state(delivery(&comment), "held").await;
    assert_eq!(outcomes(&held).len(), 0, "{held:#}");
    assert_eq!(api.comment("4711", "Otra").await["notification"], "held");
    assert!(installation.ok(&["channel", "list"]).contains("login_refused"));
    assert!(!installation.run(&["doctor"]).status.success());
    api.set(13, "right").await;
    assert_eq!(outcomes(&sent(&api, &comment).await), ["sent"]);
    assert_eq!(server.wait_for(2).await.len(), 2);
    assert!(!api.get("/parameters").await.to_string().contains("right"));
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_are_missing_hold_the_queue_and_it_drains_when_they_come() {
    let server = SmtpServer::start().await;
    let (_installation, _daemon, api) = daemon(server.port(), SECTIONS).await;
    for number in [10, 14] {
        api.put(&format!("/parameters/{number}"), json!({ "value": null }))
            .await;
    }
    let comment = api.comment("4711", "Hola").await;
    assert_eq!(
        (&comment["notification"], &comment["deliveries"][0]["state"]),
        (&json!("held"), &json!("held"))
    );
    api.set(10, "mesa@example.org").await;
    api.set(14, "127.0.0.1").await;
    sent(&api, &comment).await;
    let mail = &server.mails()[0];
    assert_eq!(mail.from, "mesa@example.org");
    assert!(
        mail.header("From").contains("<mesa@example.org>"),
        "{}",
        mail.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn outgoing_mail_that_is_stopped_waits_and_goes_on() {
    let server = SmtpServer::start().await;
    let (_installation, _daemon, api) = daemon(server.port(), SECTIONS).await;
    api.set(297, "S").await;
    let comment = api.comment("4711", "Hola").await;
    assert_eq!(comment["notification"], "held");
    assert_eq!(
        api.get(&format!("/deliveries/{}", delivery(&comment))).await["state"],
        "held"
    );
    assert_eq!(server.count(), 0);
    api.set(297, "N").await;
    sent(&api, &comment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_for_now_are_retried_and_refusals_for_good_are_not() {
    let server = SmtpServer::builder()
        .rule(
            Rule::at(Stage::RcptTo, Act::reply("451 5.1.1 the basic code wins"))
                .to("tomas@example.com")
                .times(2),
        )
        .rule(Rule::at(Stage::RcptTo, Act::reply("550 5.1.1 no such user")).to("gone@example.com"))
        .start()
        .await;
    let (_installation, _daemon, api) = daemon(server.port(), SECTIONS).await;
    let watched = json!({ "watchers": [{ "name": "W", "email": "w@example.com" }, { "name": "Gone", "email": "gone@example.com" }] });
    api.put("/tickets/4711", watched).await;
    let comment = api.comment("4711", "Hola").await;
    let of = |address: &str| {
        let deliveries = comment["deliveries"]
            .as_array()
            .expect("the comment lists its mails");
        let found = deliveries
            .iter()
            .find(|delivery| delivery["recipient"] == address);
        found
            .and_then(|delivery| delivery["id"].as_str())
            .expect("the address is told")
            .to_owned()
    };
    let retried = api.wait_for_state(&of("tomas@example.com"), "sent").await;
    assert_eq!(outcomes(&retried), ["retry", "retry", "sent"]);
    api.wait_for_state(&of("w@example.com"), "sent").await;
    let dead = api.wait_for_state(&of("gone@example.com"), "dead").await;
    assert!(
        dead["last_reply"]
            .as_str()
            .is_some_and(|reply| reply.contains("no such user")),
        "{dead:#}"
    );
    let message_id = dead["message_id"].clone();

    server.script(Vec::new());
    api.post(
        &format!("/deliveries/{}/requeue", of("gone@example.com")),
        Value::Null,
    )
    .await;
    let again = api.wait_for_state(&of("gone@example.com"), "sent").await;
    assert_eq!(again["message_id"], message_id);
    assert_eq!(server.count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_and_421_slow_the_account_down_and_charge_nothing() {
    for (stage, answer) in [
        (Stage::Greeting, "554 5.3.2 no service for now"),
        (Stage::Ehlo, "421 4.3.2 closing"),
        (Stage::MailFrom, "421 4.7.0 try later"),
        (Stage::RcptTo, "421 4.4.2 bye"),
        (Stage::Data, "421 4.3.0 bye"),
        (Stage::FinalDot, "421 4.3.0 bye"),
    ] {
        let act = if answer.starts_with("421") {
            Act::ReplyThenClose(answer.to_owned())
        } else {
            Act::reply(answer)
        };
        let server = SmtpServer::builder()
            .rule(Rule::at(stage, act).times(1))
            .start()
            .await;
        let (_installation, _daemon, api) = daemon(server.port(), SECTIONS).await;
        let comment = api.comment("4711", "Hola").await;
        let delivery = sent(&api, &comment).await;
        assert_eq!(outcomes(&delivery), ["sent"], "{stage:?}: {delivery:#}");
        assert_eq!(server.count(), 1, "{stage:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_250_makes_one_copy_that_is_the_same_to_the_byte() {
    for lost in [Act::TakeThenClose, Act::Bytes(b"2\xff0 ok\r\n".to_vec())] {
        let server = SmtpServer::builder()
            .rule(Rule::at(Stage::FinalDot, lost).times(1))
            .start()
            .await;
        let (_installation, _daemon, api) = daemon(server.port(), SECTIONS).await;
        let comment = api.comment("4711", "Hola").await;
        let delivery = sent(&api, &comment).await;
        assert_eq!(outcomes(&delivery), ["unsure", "sent"]);
        let mails = server.wait_for(2).await;
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].raw, mails[1].raw);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_250_is_a_yes() {
    let server = SmtpServer::builder()
        .rule(Rule::at(Stage::FinalDot, Act::Bytes(b"250\r\n".to_vec())))
        .rule(Rule::at(Stage::RcptTo, Act::Bytes(b"250\r\n".to_vec())))
        .start()
        .await;
    let (_installation, _daemon, api) = daemon(server.port(), SECTIONS).await;
    let (first, second) = (
        api.comment("4711", "Hola").await,
        api.comment("4711", "Otra").await,
    );
    assert_eq!(outcomes(&sent(&api, &first).await), ["sent"]);
    assert_eq!(outcomes(&sent(&api, &second).await), ["sent"]);
    assert_eq!(server.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_at_any_byte_loses_nothing() {
    let server = SmtpServer::start().await;
    let address = server.address();
    drop(server);
    let (_installation, _daemon, api) = daemon(address.port(), SECTIONS).await;
    // The dialogue's octets up to DATA, and some of the message's; every byte is tried in the session's own tests.
    for bytes in [0, 1, 20, 45, 60, 75, 100, 101, 140, 400, 900] {
        let cutting = SmtpServer::builder()
            .address(address)
            .cut_after_received(bytes)
            .start()
            .await;
        let comment = api.comment("4711", &format!("cut {bytes}")).await;
        cutting.wait_for_connections(1).await;
        drop(cutting);
        let server = SmtpServer::builder().address(address).start().await;
        sent(&api, &comment).await;
        let mails = server.mails();
        let mine: Vec<_> = mails
            .iter()
            .filter(|mail| mail.text().contains(&format!("cut {bytes}")))
            .collect();
        assert_eq!(mine.len(), 1, "cut after {bytes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_that_cannot_be_had_holds_the_channel() {
    let plain = SmtpServer::start().await;
    let (installation, _daemon, api) = daemon(plain.port(), SECTIONS).await;
    api.set(199, "Y").await;
    let comment = api.comment("4711", "Hola").await;
    api.wait_for_state(delivery(&comment), "held").await;
    assert!(installation.ok(&["channel", "list"]).contains("tls_missing"));
    assert_eq!(plain.count(), 0, "nothing leaves in plain text");

    let stranger = TestCertificate::for_host("other.example.org");
    let server = SmtpServer::builder().starttls(&stranger).start().await;
    api.set(269, &server.port().to_string()).await;
    let listed = |installation: &Installation| installation.ok(&["channel", "list"]);
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !listed(&installation).contains("certificate_refused") {
        assert!(std::time::Instant::now() < deadline, "{}", listed(&installation));
    }
    assert_eq!(server.count(), 0);
    api.set(199, "N").await;
    api.set(269, &plain.port().to_string()).await;
    sent(&api, &comment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn starttls_and_login_work_with_an_authority_of_ones_own() {
    let certificate = TestCertificate::for_host("localhost");
    let server = SmtpServer::builder()
        .starttls(&certificate)
        .login("desk", "p@ss wörd")
        .start()
        .await;
    let installation = Installation::new(&Store::Sqlite, "");
    let ca = installation.path().join("ca.pem");
    std::fs::write(&ca, certificate.pem()).expect("the folder can be written");
    let toml = installation.path().join("recado.toml");
    let config = std::fs::read_to_string(&toml).expect("the folder can be read");
    std::fs::write(
        &toml,
        format!("{config}[mail]\nca_file = {ca:?}\ntls_name = \"localhost\"\n"),
    )
    .expect("it can be written");
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    for (number, value) in [(199, "Y"), (11, "Y"), (12, "desk"), (13, "p@ss wörd")] {
        api.set(number, value).await;
    }
    api.ticket("4711").await;
    let comment = api.comment("4711", "Hola").await;
    sent(&api, &comment).await;
    assert!(!daemon.log().contains("p@ss"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_told_to_stop_waits_for_the_answer_to_its_final_dot() {
    let slow = Rule::at(Stage::FinalDot, Act::Delay(Duration::from_secs(2))).times(1);
    let server = SmtpServer::builder().rule(slow).start().await;
    let (installation, daemon, api) = daemon(server.port(), SECTIONS).await;
    let comment = api.comment("4711", "Hola").await;
    api.wait_for_state(delivery(&comment), "sending").await;
    assert!(daemon.stop().success());
    let shown: Value =
        serde_json::from_str(&installation.ok(&["--json", "delivery", "show", delivery(&comment)]))
            .expect("JSON");
    assert_eq!(
        (shown["state"].as_str(), server.count()),
        (Some("sent"), 1),
        "{shown:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_stops_without_the_answer_leaves_the_mail_unsure_and_sends_it_again() {
    let server = SmtpServer::builder()
        .rule(Rule::at(Stage::FinalDot, Act::TakeThenHang).times(1))
        .start()
        .await;
    let sections = "[delivery]\nschedule = [\"200ms\"]\nshutdown = \"300ms\"\n";
    let (installation, daemon, api) = daemon(server.port(), sections).await;
    let comment = api.comment("4711", "Hola").await;
    api.wait_for_state(delivery(&comment), "sending").await;
    assert!(daemon.stop().success());
    let shown: Value =
        serde_json::from_str(&installation.ok(&["--json", "delivery", "show", delivery(&comment)]))
            .expect("JSON");
    assert_eq!(shown["state"], "unsure", "{shown:#}");
    let _daemon = installation.serve();
    let mails = server.wait_for(2).await;
    assert_eq!(mails[0].raw, mails[1].raw);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down_between_the_250_and_its_mark_makes_no_copy() {
    let Some(postgres) = Postgres::alone(Durability::Flushed) else {
        return;
    };
    let slow = Rule::at(Stage::FinalDot, Act::Delay(Duration::from_secs(2))).times(1);
    let server = SmtpServer::builder().rule(slow).start().await;
    let installation = Installation::new(&Store::Postgres(postgres.database("down")), SECTIONS);
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    api.ticket("4711").await;
    let comment = api.comment("4711", "Hola").await;
    api.wait_for_state(delivery(&comment), "sending").await;
    // The fence is committed and need not be on disk yet: without it there, a crash of the server may make a copy.
    let flushed = postgres.query(postgres.admin_url(), "CHECKPOINT");
    flushed.expect("the server answers");
    postgres.crash();
    server.wait_for(1).await;
    let answer = api.send(reqwest::Method::GET, "/tickets/4711", None).await;
    assert_eq!(answer.status.as_u16(), 503, "{answer:?}");
    assert_eq!(daemon_probe(&api).await, (200, 503));
    postgres.recover();
    // The first answers after the recovery may still find a broken connection in the pool.
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while daemon_probe(&api).await.1 != 200 {
        assert!(std::time::Instant::now() < deadline, "{}", daemon.log());
    }
    sent(&api, &comment).await;
    assert_eq!(server.count(), 1);
}

/// The status of `/healthz` and of `/readyz`.
async fn daemon_probe(api: &Api) -> (u16, u16) {
    (
        api.bytes("//healthz").await.0.as_u16(),
        api.bytes("//readyz").await.0.as_u16(),
    )
}
