//! Putting, reading and listing tickets.

use insta::assert_json_snapshot;
use recado_domain::person::Role;
use recado_ports::people::People;
use recado_test_support::builders;
use serde_json::{Value, json};

use crate::harness::Desk;

fn ana() -> Value {
    json!({"name": "Peña, Ana", "email": "Ana@Example.com"})
}

#[tokio::test]
async fn a_new_ticket_is_created_and_shown_whole() {
    let desk = Desk::open().await;
    let body = json!({
        "title": "Impresora atascada",
        "requester": ana(),
        "responsible": {"name": "Tomás Técnico", "email": "tomas@example.com"},
        "group": {"name": "Mesa", "email": "mesa@example.org"},
        "status": "closed",
        "contract": "C-1",
        "locale": "pt-BR",
        "watchers": [{"name": "", "email": "eva@example.com"}],
        "attributes": {"idcontract": "7", "X": "y"},
    });
    let created = desk.put(&desk.admin, "/tickets/INC-000123", body).await;
    assert_json_snapshot!(created.of(201));
    assert_eq!(created.header("location"), "/api/v1/tickets/INC-000123");
    let read = desk.get(&desk.admin, "/tickets/inc-000123").await;
    assert_eq!(
        read.of(200),
        created.value(),
        "a number is found in any letter case"
    );
}

#[tokio::test]
async fn what_is_absent_stays_and_null_or_an_empty_list_clears() {
    let desk = Desk::open().await;
    let first = json!({
        "title": "A", "requester": ana(), "responsible": ana(), "group": ana(), "contract": "C", "locale": "es",
        "watchers": [ana()], "attributes": {"K": "v"}, "status": "closed",
    });
    let first = desk.put(&desk.tomas, "/tickets/1", first).await.of(201);
    let same = desk.put(&desk.tomas, "/tickets/1", json!({})).await.of(200);
    assert_eq!(same, first);
    let clears = json!({
        "responsible": null, "group": null, "contract": null, "locale": null, "watchers": [], "attributes": {},
    });
    let cleared = desk.put(&desk.tomas, "/tickets/1", clears).await.of(200);
    for field in ["responsible", "group", "contract", "locale"] {
        assert_eq!(cleared[field], Value::Null, "{field}");
    }
    assert_eq!(cleared["watchers"], json!([]));
    assert_eq!(cleared["attributes"], json!({}));
    assert_eq!(cleared["status"], "closed");
    let null_list = desk
        .put(
            &desk.tomas,
            "/tickets/1",
            json!({"watchers": null, "attributes": null}),
        )
        .await;
    assert_eq!(null_list.of(200)["watchers"], json!([]));
}

#[tokio::test]
async fn a_new_ticket_needs_a_title_and_a_requester() {
    let desk = Desk::open().await;
    let answer = desk
        .put(&desk.admin, "/tickets/1", json!({"status": "open"}))
        .await;
    assert_eq!(answer.refused_fields(), ["title", "requester"]);
}

#[tokio::test]
async fn every_fault_of_a_ticket_is_told_at_once() {
    let desk = Desk::open().await;
    let body = json!({
        "title": null,
        "requester": {"name": "Ana\r\nBcc: x@example.net", "email": "x, y@example.net"},
        "responsible": "tomas@example.com",
        "status": "resolved",
        "locale": "klingon",
        "watchers": [{"email": "eva@example.com"}],
        "attributes": {"K": 1},
        "number": "2",
        "created_at": "2020-01-01T00:00:00Z",
    });
    let answer = desk.put(&desk.admin, "/tickets/1", body).await;
    assert_json_snapshot!(answer.problem(422, "invalid-fields"));
}

#[tokio::test]
async fn nul_in_any_text_is_refused_by_the_name_of_its_field() {
    let desk = Desk::open().await;
    let body = json!({
        "title": "a\0", "requester": ana(), "contract": "\0", "attributes": {"K": "\0"},
    });
    let answer = desk.put(&desk.admin, "/tickets/1", body).await;
    assert_eq!(answer.refused_fields(), ["title", "contract", "attributes.K"]);
}

#[tokio::test]
async fn numbers_are_taken_from_the_path_percent_decoded() {
    let desk = Desk::open().await;
    for (path, number, location) in [
        ("A%2FB", "A/B", "/api/v1/tickets/A%2FB"),
        ("000123", "000123", "/api/v1/tickets/000123"),
        ("123", "123", "/api/v1/tickets/123"),
        (
            "ni%C3%B1o%20%3F%23%25",
            "niño ?#%",
            "/api/v1/tickets/ni%C3%B1o%20%3F%23%25",
        ),
        ("..%2f..", "../..", "/api/v1/tickets/..%2F.."),
    ] {
        let body = json!({"title": number, "requester": ana()});
        let created = desk.put(&desk.admin, &format!("/tickets/{path}"), body).await;
        assert_eq!(created.of(201)["number"], number);
        assert_eq!(created.header("location"), location);
        assert_eq!(
            desk.get(&desk.admin, &format!("/tickets/{path}")).await.of(200)["title"],
            number
        );
        desk.post(
            &desk.admin,
            &format!("/tickets/{path}/comments"),
            json!({"text": "x"}),
        )
        .await
        .of(201);
    }
}

#[tokio::test]
async fn a_number_that_cannot_be_is_refused_on_put_and_missing_on_get() {
    let desk = Desk::open().await;
    let long = "9".repeat(201);
    for path in ["%00", "a%0Ab", long.as_str()] {
        let body = json!({"title": "x", "requester": ana()});
        let put = desk.put(&desk.admin, &format!("/tickets/{path}"), body).await;
        assert_eq!(put.refused_fields(), ["number"]);
        desk.get(&desk.admin, &format!("/tickets/{path}"))
            .await
            .problem(404, "not-found");
    }
    desk.get(&desk.admin, "/tickets/%FF")
        .await
        .problem(400, "malformed-request");
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let desk = Desk::open().await;
    desk.store
        .add_user(&builders::user("bob@example.com", Role::Requester), None)
        .await
        .unwrap();
    for (number, status, requester) in [
        ("1", "open", "ana@example.com"),
        ("2", "closed", "ana@example.com"),
        ("3", "open", "bob@example.com"),
    ] {
        let body = json!({"title": format!("Título {number}"), "status": status,
            "requester": {"name": "", "email": requester}});
        desk.put(&desk.admin, &format!("/tickets/{number}"), body)
            .await
            .of(201);
    }
    let numbers = async |token: &str, query: &str| -> Vec<String> {
        let list = desk.get(token, &format!("/tickets{query}")).await.of(200);
        let items = list["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| item["number"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(numbers(&desk.admin, "").await, ["3", "2", "1"]);
    assert_eq!(numbers(&desk.admin, "?status=open").await, ["3", "1"]);
    assert_eq!(
        numbers(&desk.admin, "?requester=ANA@example.com&q=t%C3%8DTULO%202").await,
        ["2"]
    );
    assert_eq!(
        numbers(&desk.admin, "?responsible=tomas@example.com").await,
        [""; 0]
    );
    assert_eq!(
        numbers(&desk.ana, "").await,
        ["2", "1"],
        "a requester sees their own alone"
    );

    let first = desk.get(&desk.admin, "/tickets?limit=2").await.of(200);
    let next = first["next"].as_str().expect("there is a third").to_owned();
    assert_eq!(
        numbers(&desk.admin, &format!("?limit=2&after={next}")).await,
        ["1"]
    );
    let last = desk
        .get(&desk.admin, &format!("/tickets?after={next}"))
        .await
        .of(200);
    assert_eq!(last["next"], Value::Null);
}

#[tokio::test]
async fn a_query_that_cannot_be_taken_is_refused() {
    let desk = Desk::telling().await;
    for query in [
        "?after=nonsense",
        "?limit=0",
        "?limit=x",
        "?limit=-1",
        "?status=gone",
        "?requester=nobody",
        "?stauts=open",
        "?limit=1&limit=2",
        "?q=%00",
    ] {
        desk.get(&desk.admin, &format!("/tickets{query}"))
            .await
            .problem(400, "malformed-request");
    }
    let foreign = desk.get(&desk.admin, "/parameters?limit=1").await.of(200)["next"]
        .as_str()
        .unwrap()
        .to_owned();
    desk.get(&desk.admin, &format!("/tickets?after={foreign}"))
        .await
        .problem(400, "malformed-request");
}
