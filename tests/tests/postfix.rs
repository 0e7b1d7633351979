//! Postfix with STARTTLS and a login: what is composed is what lies in the mailbox.

use std::time::Duration;

use recado_test_support::servers::{Postfix, postfix};
use recado_tests::daemon::{Installation, Store};
use serde_json::json;

/// How long Postfix may take.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_in_the_mailbox_byte_for_byte() {
    let Some(server) = Postfix::for_this_test() else {
        return;
    };
    let sections = format!(
        "[mail]\nca_file = {:?}\ntls_name = {:?}\n",
        server.ca_file(),
        postfix::HOST
    );
    let installation = Installation::new(&Store::Sqlite, &sections);
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.submission().port()).await;
    for (number, value) in [
        (10, postfix::USER),
        (199, "Y"),
        (11, "Y"),
        (12, postfix::USER),
        (13, postfix::PASSWORD),
    ] {
        api.set(number, value).await;
    }
    api.ticket("4711").await;
    let text = "Sigue igual 😀\n.\n..\nשלום\n\tcon tabulador  \nFrom aquí\n".to_owned()
        + &"línea larga ".repeat(400);
    let body = json!({
        "text": text,
        "author": { "name": "Peña, Ana", "email": "ana@example.com" },
        "attachments": [{ "name": "ruido.bin", "content_type": "application/octet-stream", "data": "AAECAwQFBgcICQoLDA0ODw==" }],
    });
    let comment = api.post("/tickets/4711/comments", body).await;
    let id = comment["deliveries"][0]["id"]
        .as_str()
        .expect("the comment owes a mail")
        .to_owned();
    let delivery = api.wait_for_state(&id, "sent").await;
    assert!(
        delivery["last_reply"]
            .as_str()
            .is_some_and(|reply| reply.contains("queued as")),
        "{delivery:#}"
    );

    let composed = api.bytes(&format!("/deliveries/{id}/message")).await.1;
    let composed = String::from_utf8(composed).expect("the mail is 7-bit");
    let delivered =
        String::from_utf8(server.wait_for_mail("tomas@example.com", PATIENCE)).expect("the mail is 7-bit");
    // A mailbox holds the lines of the machine, and the headers that each server puts on top.
    let (added, ours) = delivered.split_at(
        delivered
            .len()
            .saturating_sub(composed.replace("\r\n", "\n").len()),
    );
    assert_eq!(ours, composed.replace("\r\n", "\n"), "{}", server.log());
    let mut names = added
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split_once(':'));
    assert!(
        names.all(|(name, _)| ["Return-Path", "X-Original-To", "Delivered-To", "Received"].contains(&name)),
        "{added}"
    );
    assert!(
        added.contains("with ESMTPSA"),
        "secured and authenticated (RFC 3848): {added}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_in_a_row_are_announced_as_postfix_allows() {
    let Some(server) = Postfix::for_this_test() else {
        return;
    };
    let sections = format!(
        "[mail]\nca_file = {:?}\ntls_name = {:?}\nconnections = 1\n",
        server.ca_file(),
        postfix::HOST
    );
    let installation = Installation::new(&Store::Sqlite, &sections);
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.submission().port()).await;
    for (number, value) in [
        (10, postfix::USER),
        (199, "Y"),
        (11, "Y"),
        (12, postfix::USER),
        (13, postfix::PASSWORD),
        (297, "Y"),
    ] {
        api.set(number, value).await;
    }
    let mut owed = Vec::new();
    for ticket in 1..=12 {
        let ticket = ticket.to_string();
        api.ticket(&ticket).await;
        let comment = api.comment(&ticket, "Hola").await;
        let id = comment["deliveries"][0]["id"].as_str();
        owed.push(id.expect("the comment owes a mail").to_owned());
    }
    api.set(297, "N").await;
    for id in &owed {
        let delivery = api.wait_for_state(id, "sent").await;
        let attempts = delivery["attempts"].as_array().map(Vec::len);
        assert_eq!(attempts, Some(1), "{delivery:#}");
    }
    let log = server.log();
    for complaint in [
        "improper command pipelining",
        "lost connection",
        "non-SMTP command",
    ] {
        assert!(!log.contains(complaint), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_holds_the_channel_and_says_so() {
    let Some(server) = Postfix::for_this_test() else {
        return;
    };
    let sections = format!(
        "[mail]\nca_file = {:?}\ntls_name = {:?}\n",
        server.ca_file(),
        postfix::HOST
    );
    let installation = Installation::new(&Store::Sqlite, &sections);
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.submission().port()).await;
    for (number, value) in [
        (10, postfix::USER),
        (199, "Y"),
        (11, "Y"),
        (12, postfix::USER),
        (13, "wrong"),
    ] {
        api.set(number, value).await;
    }
    api.ticket("4711").await;
    let comment = api.comment("4711", "Hola").await;
    let id = comment["deliveries"][0]["id"]
        .as_str()
        .expect("the comment owes a mail")
        .to_owned();
    api.wait_for_state(&id, "held").await;
    let doctor = installation.run(&["doctor"]);
    let told = String::from_utf8_lossy(&doctor.stdout);
    assert!(!doctor.status.success() && told.contains("535"), "{told}");
    api.set(13, postfix::PASSWORD).await;
    api.wait_for_state(&id, "sent").await;
}
