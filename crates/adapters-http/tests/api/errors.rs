//! Refusals that no single call owns, the probes, and the headers that every answer bears.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, header};
use insta::assert_json_snapshot;
use recado_adapters_http::HttpLimits;
use recado_ports::people::MockPeople;
use recado_ports::store::StoreError;
use serde_json::json;

use crate::harness::{Ailing, Answer, Desk, Setup, request};

async fn outside(desk: &Desk, method: Method, path: &str) -> Answer {
    desk.send(
        Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap(),
    )
    .await
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_a_problem_too() {
    let desk = Desk::open().await;
    assert_json_snapshot!(desk.get(&desk.admin, "/nothing").await.problem(404, "not-found"));
    for path in ["/api", "/api/v2/tickets", "/api/v1", "/api/v1/tickets/"] {
        outside(&desk, Method::GET, path).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_is_answered_with_those_that_are() {
    let desk = Desk::open().await;
    let answer = desk
        .json(Method::POST, &desk.admin, "/tickets/1", &json!({}))
        .await;
    answer.problem(405, "method-not-allowed");
    let allowed = answer.header("allow");
    assert!(allowed.contains("GET") && allowed.contains("PUT"), "{allowed}");
    outside(&desk, Method::POST, "/healthz")
        .await
        .problem(405, "method-not-allowed");
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let desk = Desk::open().await;
    for body in [
        "",
        "{",
        "[]",
        "\"x\"",
        "{\"title\":\"\u{1}\"}",
        "null",
        r#"{"title":"a","title":"b"}"#,
    ] {
        desk.raw(Method::PUT, &desk.admin, "/tickets/1", body)
            .await
            .problem(400, "malformed-request");
    }
    let not_utf8 = b"{\"title\":\"\xff\"}".to_vec();
    desk.raw(Method::PUT, &desk.admin, "/tickets/1", not_utf8)
        .await
        .problem(400, "malformed-request");
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    desk.raw(Method::PUT, &desk.admin, "/tickets/1", deep)
        .await
        .problem(400, "malformed-request");
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let desk = Desk::open().await;
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let mut put = request(Method::PUT, "/tickets/1", &desk.admin);
        if let Some(kind) = kind {
            put = put.header(header::CONTENT_TYPE, kind);
        }
        desk.send(put.body(Body::from("{}")).unwrap())
            .await
            .problem(415, "unsupported-media-type");
    }
    let put = request(Method::PUT, "/tickets/1", &desk.admin)
        .header(header::CONTENT_TYPE, "Application/JSON; charset=utf-8");
    desk.send(put.body(Body::from("{}")).unwrap())
        .await
        .problem(422, "invalid-fields");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let desk = Desk::open().await;
    let body = format!("{{\"title\":\"{}\"}}", "x".repeat(4 << 20));
    desk.raw(Method::PUT, &desk.admin, "/tickets/1", body)
        .await
        .problem(413, "too-large");
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_a_503_to_come_back_from() {
    let mut people = MockPeople::new();
    people
        .expect_find_token()
        .returning(|_| Err(StoreError::Unavailable("connection refused".into())));
    let desk = Setup {
        people: Some(Arc::new(people)),
        ..Setup::default()
    }
    .open()
    .await;
    let answer = desk.get(&desk.admin, "/tickets").await;
    answer.problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "5");
    assert!(!String::from_utf8_lossy(&answer.body).contains("connection refused"));
}

#[tokio::test]
async fn a_fault_of_ours_is_told_without_details() {
    let mut people = MockPeople::new();
    people.expect_find_token().returning(|_| {
        Err(StoreError::Corrupt {
            what: "user ana".to_owned(),
            source: "role 9".into(),
        })
    });
    let desk = Setup {
        people: Some(Arc::new(people)),
        ..Setup::default()
    }
    .open()
    .await;
    let answer = desk.get(&desk.admin, "/tickets").await;
    answer.problem(500, "internal");
    assert!(!String::from_utf8_lossy(&answer.body).contains("ana"));
}

#[tokio::test]
async fn a_panic_ends_its_request_alone() {
    let mut people = MockPeople::new();
    people.expect_find_token().returning(|_| panic!("a bug"));
    let desk = Setup {
        people: Some(Arc::new(people)),
        ..Setup::default()
    }
    .open()
    .await;
    desk.get(&desk.admin, "/tickets").await.problem(500, "internal");
    assert_eq!(outside(&desk, Method::GET, "/healthz").await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let limits = HttpLimits {
        request_time: Duration::from_millis(1),
        ..HttpLimits::default()
    };
    let desk = Setup {
        limits,
        ..Setup::default()
    }
    .open()
    .await;
    let endless = Body::from_stream(futures_util::stream::pending::<Result<&[u8], std::io::Error>>());
    let answer = desk.raw(Method::PUT, &desk.admin, "/tickets/1", endless).await;
    answer.problem(503, "unavailable");
}

#[tokio::test]
async fn a_token_that_asks_too_often_is_told_when_to_come_back() {
    let desk = Setup::with_rate(2).open().await;
    for _ in 0..2 {
        desk.get(&desk.ana, "/tickets").await.of(200);
    }
    let refused = desk.get(&desk.ana, "/tickets").await;
    refused.problem(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), "30");
    desk.get(&desk.tomas, "/tickets").await.of(200);
    desk.clock.advance(Duration::from_secs(30));
    desk.get(&desk.ana, "/tickets").await.of(200);
}

#[tokio::test]
async fn probes_need_no_token() {
    let desk = Desk::open().await;
    for (path, text) in [
        ("/healthz", "ok\n"),
        ("/readyz", "ready\n"),
        ("/metrics", "# HELP recado_up\nrecado_up 1\n"),
    ] {
        let answer = outside(&desk, Method::GET, path).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (200, text.as_bytes()),
            "{path}"
        );
    }
    let ailing = Setup {
        health: Arc::new(Ailing),
        ..Setup::default()
    }
    .open()
    .await;
    let problem = outside(&ailing, Method::GET, "/readyz")
        .await
        .problem(503, "unavailable");
    assert_eq!(problem["detail"], "the database is not migrated");
    assert_eq!(
        outside(&ailing, Method::GET, "/healthz").await.status.as_u16(),
        200
    );
}

#[tokio::test]
async fn every_answer_bears_an_id_and_is_neither_sniffed_nor_kept() {
    let desk = Desk::open().await;
    let named = request(Method::GET, "/tickets", &desk.ana).header("x-request-id", "abc-1");
    let answer = desk.send(named.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("x-request-id"), "abc-1");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(
        answer.header("content-security-policy"),
        "default-src 'none'; frame-ancestors 'none'"
    );
    let odd = request(Method::GET, "/nothing", "").header("x-request-id", "a b");
    let answer = desk.send(odd.body(Body::empty()).unwrap()).await;
    assert!(uuid::Uuid::parse_str(answer.header("x-request-id")).is_ok());
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}
