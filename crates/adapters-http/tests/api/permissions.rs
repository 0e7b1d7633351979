//! Who gets what answer: nobody without a token, nothing of another's ticket, the desk's and administrators' alone.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;

use crate::document::operations;
use crate::harness::{Desk, request};

#[tokio::test]
async fn every_call_but_the_description_needs_a_token() {
    let desk = Desk::telling().await;
    let disabled = desk.disabled().await;
    for (method, path) in operations() {
        if path == "/openapi.json" {
            continue;
        }
        for token in ["", "recado_nonsense", disabled.as_str()] {
            let request = request(method.clone(), &path, token).body(Body::empty()).unwrap();
            let answer = desk.send(request).await;
            answer.problem(401, "unauthenticated");
            assert_eq!(
                answer.header("www-authenticate"),
                "Bearer realm=\"recado\"",
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn only_one_bearer_token_is_taken() {
    let desk = Desk::open().await;
    let with = async |values: &[&str]| {
        let mut request = Request::builder().uri("/api/v1/tickets");
        for value in values {
            request = request.header(header::AUTHORIZATION, *value);
        }
        desk.send(request.body(Body::empty()).unwrap())
            .await
            .status
            .as_u16()
    };
    let bearer = format!("Bearer {}", desk.ana);
    assert_eq!(with(&[&bearer]).await, 200);
    assert_eq!(
        with(&[&format!("bearer  {}", desk.ana)]).await,
        200,
        "the scheme knows no letter case"
    );
    assert_eq!(with(&[&bearer, &bearer]).await, 401);
    assert_eq!(with(&["Bearer "]).await, 401);
    assert_eq!(with(&[&format!("Basic {}", desk.ana)]).await, 401);
    assert_eq!(with(&[&desk.ana]).await, 401);
}

#[tokio::test]
async fn anothers_ticket_does_not_exist_whatever_the_verb() {
    let desk = Desk::telling().await;
    let file = json!([{"name": "a", "content_type": "text/plain", "data": "aGk="}]);
    let body = json!({"text": "x", "attachments": file});
    let posted = desk.post(&desk.ana, "/tickets/4711/comments", body).await.of(201);
    let id = posted["id"].as_str().unwrap();
    let file = posted["attachments"][0]["id"].as_str().unwrap();
    let ticket = json!({"title": "x", "requester": {"name": "", "email": "eva@example.com"}});
    let calls = [
        (Method::GET, String::new(), None),
        (Method::PUT, String::new(), Some(ticket)),
        (Method::GET, "/comments".to_owned(), None),
        (Method::POST, "/comments".to_owned(), Some(json!({"text": "x"}))),
        (Method::GET, format!("/comments/{id}"), None),
        (
            Method::PATCH,
            format!("/comments/{id}"),
            Some(json!({"visibility": "internal"})),
        ),
        (Method::DELETE, format!("/comments/{id}"), None),
        (Method::GET, format!("/comments/{id}/attachments/{file}"), None),
    ];
    for (method, path, body) in calls {
        let mut problems = Vec::new();
        for number in ["4711", "9999"] {
            let path = format!("/tickets/{number}{path}");
            let body = body.as_ref().map(ToString::to_string).unwrap_or_default();
            let answer = desk.raw(method.clone(), &desk.eva, &path, body).await;
            let problem = answer.problem(404, "not-found").to_string();
            problems.push(problem.replace(number, "N"));
        }
        assert_eq!(
            problems[0], problems[1],
            "{method} {path}: theirs and none at all cannot be told apart"
        );
    }
    assert_eq!(desk.get(&desk.eva, "/tickets").await.of(200)["items"], json!([]));
    let same_id_elsewhere = format!("/tickets/9999/comments/{id}");
    desk.get(&desk.admin, &same_id_elsewhere)
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn a_watcher_and_a_member_of_the_group_see_the_ticket() {
    let desk = Desk::telling().await;
    desk.get(&desk.eva, "/tickets/4711")
        .await
        .problem(404, "not-found");
    let watchers = json!({"watchers": [{"name": "Eva", "email": "eva@example.com"}]});
    desk.put(&desk.admin, "/tickets/4711", watchers).await.of(200);
    desk.get(&desk.eva, "/tickets/4711").await.of(200);
    let group = json!({"watchers": [], "group": {"name": "", "email": "mesa@example.org"}});
    desk.put(&desk.admin, "/tickets/4711", group).await.of(200);
    desk.get(&desk.eva, "/tickets/4711")
        .await
        .problem(404, "not-found");
    let members = json!({"name": "Mesa", "members": ["eva@example.com"]});
    desk.put(&desk.admin, "/groups/mesa@example.org", members)
        .await
        .of(201);
    desk.get(&desk.eva, "/tickets/4711").await.of(200);
}

#[tokio::test]
async fn a_requester_puts_no_ticket() {
    let desk = Desk::telling().await;
    desk.put(&desk.ana, "/tickets/4711", json!({"title": "x"}))
        .await
        .problem(403, "forbidden");
    let new = json!({"title": "x", "requester": {"name": "", "email": "ana@example.com"}});
    desk.put(&desk.ana, "/tickets/4712", new)
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn the_desks_calls_are_shut_to_requesters() {
    let desk = Desk::telling().await;
    let posted = desk
        .post(&desk.ana, "/tickets/4711/comments", json!({"text": "x"}))
        .await
        .of(201);
    let id = posted["deliveries"][0]["id"].as_str().unwrap();
    desk.get(&desk.ana, "/deliveries").await.problem(403, "forbidden");
    desk.get(&desk.ana, "/suppressions")
        .await
        .problem(403, "forbidden");
    desk.delete(&desk.ana, "/suppressions/ana@example.com")
        .await
        .problem(403, "forbidden");
    for path in [format!("/deliveries/{id}"), format!("/deliveries/{id}/message")] {
        desk.get(&desk.ana, &path).await.problem(404, "not-found");
    }
    for verb in ["requeue", "cancel"] {
        desk.post(&desk.ana, &format!("/deliveries/{id}/{verb}"), json!({}))
            .await
            .problem(404, "not-found");
    }
}

#[tokio::test]
async fn the_ledger_of_mails_does_not_exist_for_requesters() {
    let desk = Desk::telling().await;
    let id = desk.receive("From: eva@other.example\nSubject: x\n\nhola").await;
    for id in [id.as_str(), "00000000-0000-7000-8000-000000000000"] {
        for path in [
            "/mails".to_owned(),
            format!("/mails/{id}"),
            format!("/mails/{id}/raw"),
        ] {
            desk.get(&desk.ana, &path).await.problem(404, "not-found");
        }
        for verb in ["release", "refuse", "replay"] {
            let path = format!("/mails/{id}/{verb}");
            desk.post(&desk.ana, &path, json!({}))
                .await
                .problem(404, "not-found");
        }
    }
    desk.get(&desk.tomas, &format!("/mails/{id}")).await.of(200);
    desk.get(&desk.admin, &format!("/mails/{id}")).await.of(200);
}

#[tokio::test]
async fn administrators_calls_are_shut_to_technicians() {
    let desk = Desk::telling().await;
    let template = json!({"name": "", "subject": "", "html": "", "active": true});
    for token in [&desk.tomas, &desk.ana] {
        for path in ["/templates", "/templates/1", "/parameters", "/parameters/417"] {
            desk.get(token, path).await.problem(403, "forbidden");
        }
        desk.put(token, "/templates/1", template.clone())
            .await
            .problem(403, "forbidden");
        desk.post(token, "/templates/1/preview", json!({}))
            .await
            .problem(403, "forbidden");
        desk.post(token, "/templates/1/test", json!({"to": "a@b.example"}))
            .await
            .problem(403, "forbidden");
        desk.put(token, "/parameters/417", json!({"value": "1"}))
            .await
            .problem(403, "forbidden");
        let group = json!({"name": "", "members": []});
        desk.put(token, "/groups/a@b.example", group)
            .await
            .problem(403, "forbidden");
    }
}
