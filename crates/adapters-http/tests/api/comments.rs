//! Posting, reading and taking back comments.

use axum::http::Method;
use insta::assert_json_snapshot;
use recado_domain::parameter::Parameter;
use recado_ports::parameters::Parameters;
use serde_json::{Value, json};

use crate::harness::Desk;

const COMMENTS: &str = "/tickets/4711/comments";

async fn posted(desk: &Desk, token: &str, body: Value) -> Value {
    desk.post(token, COMMENTS, body).await.of(201)
}

#[tokio::test]
async fn a_comment_is_answered_with_the_mails_that_it_owes() {
    let desk = Desk::telling().await;
    let answer = desk
        .post(&desk.ana, COMMENTS, json!({"text": "<script>\n😀 {{7*7}}"}))
        .await;
    assert_json_snapshot!(answer.of(201));
    let location = answer
        .header("location")
        .strip_prefix("/api/v1")
        .unwrap()
        .to_owned();
    let mut read = desk.get(&desk.ana, &location).await.of(200);
    let mut first = answer.value();
    assert_eq!(
        first.as_object_mut().unwrap().remove("notification"),
        Some(json!("queued"))
    );
    assert_eq!(read.take(), first);
}

#[tokio::test]
async fn comments_are_listed_oldest_first_and_internal_ones_for_the_desk_alone() {
    let desk = Desk::telling().await;
    let file = json!({"name": "../ñ.txt", "content_type": "Text/Plain; charset=utf-8", "data": "aG9sYQ=="});
    posted(&desk, &desk.ana, json!({"text": "uno", "attachments": [file]})).await;
    posted(
        &desk,
        &desk.tomas,
        json!({"text": "dos", "visibility": "internal", "kind": "note"}),
    )
    .await;
    posted(&desk, &desk.tomas, json!({"text": "tres"})).await;
    assert_json_snapshot!(desk.get(&desk.tomas, COMMENTS).await.of(200));
    let ana = desk.get(&desk.ana, COMMENTS).await.of(200);
    let texts: Vec<_> = ana["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["text"].clone())
        .collect();
    assert_eq!(texts, ["uno", "tres"]);

    let page = desk.get(&desk.ana, &format!("{COMMENTS}?limit=1")).await.of(200);
    let next = page["next"].as_str().unwrap();
    let rest = desk
        .get(&desk.ana, &format!("{COMMENTS}?limit=1&after={next}"))
        .await
        .of(200);
    assert_eq!(rest["items"][0]["text"], "tres");
    assert_eq!(rest["next"], Value::Null);
}

#[tokio::test]
async fn notification_says_what_became_of_the_mails() {
    let desk = Desk::telling().await;
    let notification = async || posted(&desk, &desk.ana, json!({"text": "x"})).await["notification"].clone();
    assert_eq!(notification().await, "queued");
    let set = async |parameter, value: Option<&str>| {
        desk.store
            .set(parameter, value.map(ToOwned::to_owned))
            .await
            .unwrap();
    };
    set(Parameter::StopOutgoingMail, Some("Y")).await;
    let held = posted(&desk, &desk.ana, json!({"text": "x"})).await;
    assert_eq!(
        (&held["notification"], &held["deliveries"][0]["state"]),
        (&json!("held"), &json!("held"))
    );
    let listed = desk.get(&desk.ana, COMMENTS).await.of(200);
    assert_eq!(
        listed["items"][0]["deliveries"][0]["state"], "held",
        "earlier mails wait too"
    );
    set(Parameter::StopOutgoingMail, None).await;
    set(Parameter::MessagingTemplate, None).await;
    assert_eq!(notification().await, "off");
    set(Parameter::MessagingTemplate, Some("99")).await;
    assert_eq!(notification().await, "off");
    set(Parameter::MessagingTemplate, Some("1")).await;
    set(Parameter::MessageExchange, Some("N")).await;
    assert_eq!(notification().await, "off");
    set(Parameter::MessageExchange, None).await;
    let body = json!({"responsible": null});
    desk.put(&desk.admin, "/tickets/4711", body).await.of(200);
    assert_eq!(notification().await, "none");
}

#[tokio::test]
async fn an_administrators_token_names_the_author_and_nobody_elses_does() {
    let desk = Desk::telling().await;
    let body = json!({"text": "x", "author": {"name": "Ana Peña", "email": "ana@example.com"}});
    let posted = desk.post(&desk.admin, COMMENTS, body.clone()).await.of(201);
    assert_eq!(posted["author"]["email"], "ana@example.com");
    assert_eq!(posted["deliveries"][0]["recipient"], "tomas@example.com");
    for token in [&desk.ana, &desk.tomas] {
        desk.post(token, COMMENTS, body.clone())
            .await
            .problem(403, "forbidden");
    }
    desk.post(&desk.eva, COMMENTS, body)
        .await
        .problem(404, "not-found");
    let internal = json!({"text": "x", "visibility": "internal"});
    desk.post(&desk.ana, COMMENTS, internal)
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn every_fault_of_a_comment_is_told_at_once() {
    let desk = Desk::telling().await;
    let body = json!({
        "text": 7,
        "author": {"name": "a\nb", "email": "ana@example.com", "role": "administrator"},
        "visibility": "secret",
        "kind": "letter",
        "attachments": [
            {"name": "a", "content_type": "text/plain", "data": "a\nGk="},
            {"name": "b", "content_type": "text/plain", "data": "aGk"},
            {"name": "c", "content_type": "text/plain", "data": "aGk=", "size": 2},
        ],
        "ticket": "4712",
        "created_at": "2020-01-01T00:00:00Z",
        "id": "00000000-0000-0000-0000-000000000000",
    });
    assert_json_snapshot!(
        desk.post(&desk.admin, COMMENTS, body)
            .await
            .problem(422, "invalid-fields")
    );
}

#[tokio::test]
async fn an_empty_text_a_nul_and_a_lone_surrogate_are_refused() {
    let desk = Desk::telling().await;
    for body in [json!({"text": " \n"}), json!({"text": "a\0b"})] {
        assert_eq!(
            desk.post(&desk.ana, COMMENTS, body).await.refused_fields(),
            ["text"]
        );
    }
    assert_eq!(
        desk.post(&desk.ana, COMMENTS, json!({})).await.refused_fields(),
        ["text"]
    );
    let file = json!([{"name": "a", "content_type": "text/plain", "data": "aGk="}]);
    posted(&desk, &desk.ana, json!({"text": "", "attachments": file})).await;
    for body in [r#"{"text":"\ud800"}"#, r#"{"text":"\udc00x"}"#] {
        let problem = desk
            .raw(Method::POST, &desk.ana, COMMENTS, body)
            .await
            .problem(400, "malformed-request");
        assert!(
            problem["detail"].as_str().unwrap().contains("surrogate"),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_text_of_a_megabyte_is_taken_and_one_of_ten_refused() {
    let desk = Desk::telling().await;
    let text = "\u{1F600}\n".repeat((1 << 20) / 5);
    assert_eq!(
        posted(&desk, &desk.ana, json!({"text": text})).await["text"],
        text
    );
    let long = json!({"text": "x".repeat(10_000_000)});
    let problem = desk
        .post(&desk.ana, COMMENTS, long)
        .await
        .problem(413, "too-large");
    assert_eq!(
        problem["detail"],
        "text: is longer than 2097152 octets; a long text travels better as an attachment"
    );
    let huge = vec![b' '; (32 << 20) + 1];
    let problem = desk
        .raw(Method::POST, &desk.ana, COMMENTS, huge)
        .await
        .problem(413, "too-large");
    assert_eq!(problem["detail"], "the body is larger than 33554432 octets");
}

#[tokio::test]
async fn attachments_come_back_as_they_went_and_are_never_shown() {
    let desk = Desk::telling().await;
    let files = json!([
        {"name": "página.html", "content_type": "text/html", "data": "PHNjcmlwdD4="},
        {"name": "a\"b.png", "content_type": "image/png", "data": "AP8="},
    ]);
    let posted = posted(&desk, &desk.ana, json!({"text": "", "attachments": files})).await;
    let path = |index: usize| {
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        format!(
            "{COMMENTS}/{}/attachments/{}",
            id(&posted),
            id(&posted["attachments"][index])
        )
    };
    let html = desk.get(&desk.tomas, &path(0)).await;
    assert_eq!((html.status.as_u16(), &html.body[..]), (200, &b"<script>"[..]));
    assert_eq!(html.header("content-type"), "application/octet-stream");
    assert_eq!(
        html.header("content-disposition"),
        "attachment; filename=\"p_gina.html\"; filename*=UTF-8''p%C3%A1gina.html"
    );
    assert_eq!(html.header("x-content-type-options"), "nosniff");
    assert!(html.header("content-security-policy").contains("sandbox"));
    let png = desk.get(&desk.ana, &path(1)).await;
    assert_eq!(
        (png.header("content-type"), &png.body[..]),
        ("image/png", &[0, 255][..])
    );

    desk.get(&desk.eva, &path(0)).await.problem(404, "not-found");
    let other = format!(
        "{COMMENTS}/{}/attachments/nonsense",
        posted["id"].as_str().unwrap()
    );
    desk.get(&desk.ana, &other).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_comment_made_internal_is_hidden_and_its_mails_are_cancelled() {
    let desk = Desk::telling().await;
    let posted = posted(&desk, &desk.tomas, json!({"text": "x"})).await;
    let path = format!("{COMMENTS}/{}", posted["id"].as_str().unwrap());
    let same = desk
        .json(
            Method::PATCH,
            &desk.tomas,
            &path,
            &json!({"visibility": "public"}),
        )
        .await
        .of(200);
    assert_eq!(same["deliveries"][0]["state"], "ready", "public stays public");
    let body = json!({"visibility": "internal"});
    desk.json(Method::PATCH, &desk.ana, &path, &body)
        .await
        .problem(403, "forbidden");
    for _ in 0..2 {
        let changed = desk.json(Method::PATCH, &desk.tomas, &path, &body).await.of(200);
        assert_eq!(changed["visibility"], "internal");
        assert_eq!(changed["deliveries"][0]["state"], "cancelled");
    }
    desk.get(&desk.ana, &path).await.problem(404, "not-found");
    let back = desk
        .json(
            Method::PATCH,
            &desk.tomas,
            &path,
            &json!({"visibility": "public"}),
        )
        .await;
    assert_eq!(back.refused_fields(), ["visibility"]);
    for body in [json!({}), json!({"visibility": "internal", "text": "y"})] {
        desk.json(Method::PATCH, &desk.tomas, &path, &body)
            .await
            .problem(422, "invalid-fields");
    }
}

#[tokio::test]
async fn a_withdrawn_comment_is_gone() {
    let desk = Desk::telling().await;
    let posted = posted(&desk, &desk.ana, json!({"text": "x"})).await;
    let path = format!("{COMMENTS}/{}", posted["id"].as_str().unwrap());
    desk.delete(&desk.eva, &path).await.problem(404, "not-found");
    let answer = desk.delete(&desk.ana, &path).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    desk.delete(&desk.ana, &path).await.problem(404, "not-found");
    assert_eq!(desk.get(&desk.admin, COMMENTS).await.of(200)["items"], json!([]));
    let delivery = format!("/deliveries/{}", posted["deliveries"][0]["id"].as_str().unwrap());
    assert_eq!(
        desk.get(&desk.admin, &delivery).await.of(200)["state"],
        "cancelled"
    );
}
