//! The ledger of incoming mail: reading it, and the desk's word on what waits.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::harness::Desk;

/// Nobody knows them, so it waits.
const STRANGER: &str =
    "From: Iván Ajeno <ivan@other.example>\nMessage-ID: <1@other.example>\nSubject: Hola\n\n¿Me ayudan?";

/// Sends the desk's mail about a comment of Tomás's to Ana, and gives its Message-ID.
async fn told(desk: &Desk) -> String {
    let posted = desk
        .post(
            &desk.tomas,
            "/tickets/4711/comments",
            json!({"text": "¿Sigue igual?"}),
        )
        .await
        .of(201);
    let id = posted["deliveries"][0]["id"].as_str().unwrap();
    let delivery = desk.get(&desk.tomas, &format!("/deliveries/{id}")).await.of(200);
    delivery["message_id"].as_str().unwrap().to_owned()
}

async fn steer(desk: &Desk, id: &str, verb: &str, body: Value) -> crate::harness::Answer {
    desk.post(&desk.tomas, &format!("/mails/{id}/{verb}"), body).await
}

#[tokio::test]
async fn an_answer_is_a_comment_with_what_was_set_aside() {
    let desk = Desk::telling().await;
    let message_id = told(&desk).await;
    let raw = format!(
        "From: Ana Peña <ana@example.com>\nSubject: Re: x\nIn-Reply-To: <{message_id}>\n\nSí, igual."
    );
    let id = desk.receive(&raw).await;
    let mail = desk.get(&desk.tomas, &format!("/mails/{id}")).await.of(200);
    assert_json_snapshot!("attached", mail);
    let path = format!("/tickets/4711/comments/{}", mail["comment"].as_str().unwrap());
    let comment = desk.get(&desk.ana, &path).await.of(200);
    assert_eq!(
        (
            &comment["origin"],
            &comment["text"],
            &comment["quoted"],
            &comment["html"]
        ),
        (
            &json!("mail"),
            &json!("Sí, igual."),
            &json!("> antes"),
            &json!("<p>Sí, igual.</p>")
        )
    );
    for verb in ["release", "refuse", "replay"] {
        let problem = steer(&desk, &id, verb, json!({})).await.problem(409, "conflict");
        assert!(
            problem["detail"].as_str().unwrap().contains("attached"),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn what_waits_is_listed_shown_and_downloaded() {
    let desk = Desk::telling().await;
    let id = desk.receive(STRANGER).await;
    let other = desk
        .receive("From: ana@example.com\nSubject: Tinta\n\nNo hay.")
        .await;
    assert_json_snapshot!(
        "quarantined",
        desk.get(&desk.tomas, &format!("/mails/{id}")).await.of(200)
    );
    let listed = desk.get(&desk.tomas, "/mails").await.of(200);
    let ids: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| mail["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [other.as_str(), id.as_str()], "the newest first");
    let waiting = desk.get(&desk.tomas, "/mails?outcome=quarantined").await.of(200);
    assert_eq!(waiting["items"].as_array().unwrap().len(), 1);
    let opened = desk.get(&desk.tomas, "/mails?outcome=opened").await.of(200);
    let number = opened["items"][0]["ticket"].as_str().unwrap();
    let of_ticket = desk
        .get(&desk.tomas, &format!("/mails?ticket={number}"))
        .await
        .of(200);
    assert_eq!(of_ticket["items"][0]["id"], json!(other));
    assert_eq!(
        desk.get(&desk.tomas, "/mails?ticket=none").await.of(200)["items"],
        json!([])
    );
    desk.get(&desk.tomas, "/mails?outcome=lost")
        .await
        .problem(400, "malformed-request");

    let raw = desk.get(&desk.tomas, &format!("/mails/{id}/raw")).await;
    assert_eq!(
        (raw.status.as_u16(), raw.body.as_ref()),
        (200, STRANGER.as_bytes())
    );
    assert_eq!(raw.header("content-type"), "message/rfc822");
    assert_eq!(raw.header("x-content-type-options"), "nosniff");
    assert!(
        raw.header("content-disposition").starts_with("attachment; "),
        "{}",
        raw.header("content-disposition")
    );
    for path in ["/mails/nonsense", "/mails/00000000-0000-7000-8000-000000000000"] {
        desk.get(&desk.tomas, path).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_page_of_mails_goes_on_where_it_ended() {
    let desk = Desk::telling().await;
    for n in 0..3 {
        desk.receive(&format!("From: ivan@other.example\nSubject: {n}\n\nx"))
            .await;
    }
    let first = desk.get(&desk.tomas, "/mails?limit=2").await.of(200);
    let next = first["next"].as_str().unwrap();
    let second = desk
        .get(&desk.tomas, &format!("/mails?limit=2&after={next}"))
        .await
        .of(200);
    let subjects = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|mail| mail["subject"].to_string()).collect()
    };
    assert_eq!(subjects(&first), ["\"2\"", "\"1\""]);
    assert_eq!(subjects(&second), ["\"0\""]);
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn the_desk_accepts_a_stranger_who_then_follows_the_ticket() {
    let desk = Desk::telling().await;
    let message_id = told(&desk).await;
    let raw =
        format!("From: eva@other.example\nSubject: Re: x\nIn-Reply-To: <{message_id}>\n\nSoy su hermana.");
    let id = desk.receive(&raw).await;
    let waiting = desk.get(&desk.tomas, &format!("/mails/{id}")).await.of(200);
    assert_eq!(
        (&waiting["outcome"], &waiting["ticket"]),
        (&json!("quarantined"), &json!("4711"))
    );
    steer(&desk, &id, "release", json!({"as_watcher": "yes"}))
        .await
        .problem(422, "invalid-fields");
    let released = steer(&desk, &id, "release", json!({"as_watcher": true}))
        .await
        .of(200);
    assert_eq!(released["outcome"], "attached");
    let ticket = desk.get(&desk.tomas, "/tickets/4711").await.of(200);
    assert_eq!(ticket["watchers"][0]["email"], "eva@other.example");
    let path = format!("/tickets/4711/comments/{}", released["comment"].as_str().unwrap());
    let comment = desk.get(&desk.tomas, &path).await.of(200);
    assert_eq!(
        comment["author"]["email"], "eva@other.example",
        "in nobody else's name"
    );
}

#[tokio::test]
async fn what_is_refused_can_still_be_accepted_and_a_body_may_be_left_out() {
    let desk = Desk::telling().await;
    let id = desk.receive(STRANGER).await;
    let refused = steer(&desk, &id, "refuse", json!({})).await.of(200);
    assert_eq!(refused["outcome"], "refused");
    assert!(
        refused["reason"]
            .as_str()
            .unwrap()
            .contains("turned down by tomas@example.com"),
        "{refused}"
    );
    steer(&desk, &id, "refuse", json!({}))
        .await
        .problem(409, "conflict");
    steer(&desk, &id, "replay", json!({}))
        .await
        .problem(409, "conflict");
    let path = format!("/mails/{id}/release");
    let request = crate::harness::request(axum::http::Method::POST, &path, &desk.tomas);
    let released = desk
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await
        .of(200);
    assert_eq!(released["outcome"], "opened");
    let number = released["ticket"].as_str().unwrap();
    let ticket = desk.get(&desk.tomas, &format!("/tickets/{number}")).await.of(200);
    assert_eq!(ticket["requester"]["email"], "ivan@other.example");
}

#[tokio::test]
async fn a_mail_that_failed_is_judged_anew() {
    let desk = Desk::telling().await;
    let id = desk
        .receive("From: ana@example.com\nSubject: Tinta\n\nunreadable")
        .await;
    let failed = desk.get(&desk.tomas, &format!("/mails/{id}")).await.of(200);
    assert_json_snapshot!("failed", failed);
    let again = steer(&desk, &id, "replay", json!({})).await.of(200);
    assert_eq!(again["outcome"], "failed", "the fault is not mended");
}
