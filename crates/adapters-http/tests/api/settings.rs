//! Templates, parameters and groups.

use insta::assert_json_snapshot;
use recado_domain::parameter::Parameter;
use recado_ports::people::People;
use recado_test_support::builders;
use serde_json::{Value, json};

use crate::harness::Desk;

fn template() -> Value {
    json!({
        "name": "Mensajería", "subject": "Solicitud ${IDSOLICITUDSERVICIO}", "active": true,
        "html": "<p>${USERNAME}: {COMMENTTEXT}</p>", "locale": "es",
    })
}

#[tokio::test]
async fn a_template_is_saved_with_warnings_and_read_back() {
    let desk = Desk::open().await;
    let created = desk.put(&desk.admin, "/templates/7", template()).await;
    assert_eq!(created.header("location"), "/api/v1/templates/7");
    assert_json_snapshot!(created.of(201));
    let replaced = desk.put(&desk.admin, "/templates/7", template()).await.of(200);
    assert_eq!(replaced["version"], 2);
    let mut read = replaced;
    read.as_object_mut().unwrap().remove("warnings");
    assert_eq!(desk.get(&desk.admin, "/templates/7").await.of(200), read);
    desk.put(&desk.admin, "/templates/3", template()).await.of(201);
    let list = desk.get(&desk.admin, "/templates?limit=1").await.of(200);
    assert_eq!(list["items"][0]["id"], 3);
    let next = list["next"].as_str().unwrap();
    let rest = desk
        .get(&desk.admin, &format!("/templates?after={next}"))
        .await
        .of(200);
    assert_eq!(rest, json!({"items": [read], "next": null}));
}

#[tokio::test]
async fn every_mistake_in_a_template_is_told_with_its_place() {
    let desk = Desk::open().await;
    let body = json!({
        "name": "x", "subject": "Solicitud ${IDSOLICITUDSERVICI}", "active": true,
        "html": "<p>\n  ${USERNAM} $ {COMMENTTEXT}\n${REQUESTERNAME</p>",
    });
    let answer = desk.put(&desk.admin, "/templates/1", body).await;
    assert_json_snapshot!(answer.problem(422, "faulty-template"));
    desk.get(&desk.admin, "/templates/1")
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn every_field_of_a_template_is_checked() {
    let desk = Desk::open().await;
    let answer = desk
        .put(
            &desk.admin,
            "/templates/1",
            json!({"html": 1, "locale": "xx", "id": 2}),
        )
        .await;
    assert_eq!(
        answer.refused_fields(),
        ["name", "subject", "html", "active", "locale", "id"]
    );
    let mut body = template();
    body["html"] = json!("a\0");
    assert_eq!(
        desk.put(&desk.admin, "/templates/1", body).await.refused_fields(),
        ["html"]
    );
    for id in ["0", "-1", "x"] {
        let answer = desk
            .put(&desk.admin, &format!("/templates/{id}"), template())
            .await;
        assert_eq!(answer.refused_fields(), ["id"]);
        desk.get(&desk.admin, &format!("/templates/{id}"))
            .await
            .problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_template_is_previewed_with_a_ticket_or_a_sample() {
    let desk = Desk::telling().await;
    let body = json!({"ticket": "4711", "text": "1 < 2"});
    assert_json_snapshot!(desk.post(&desk.admin, "/templates/1/preview", body).await.of(200));
    let sample = desk
        .raw(axum::http::Method::POST, &desk.admin, "/templates/1/preview", "")
        .await
        .of(200);
    assert_eq!(sample["subject"], "Solicitud 4711: Ana Peña");
    let missing = json!({"ticket": "4712"});
    desk.post(&desk.admin, "/templates/1/preview", missing)
        .await
        .problem(404, "not-found");
    desk.post(&desk.admin, "/templates/2/preview", json!({}))
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn a_test_of_a_template_is_a_delivery_to_watch() {
    let desk = Desk::telling().await;
    let answer = desk
        .post(&desk.admin, "/templates/1/test", json!({"to": "eva@example.com"}))
        .await;
    let delivery = answer.of(202);
    assert_eq!(
        (&delivery["comment"], &delivery["ticket"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(delivery["recipient"], "eva@example.com");
    let path = answer.header("location").strip_prefix("/api/v1").unwrap();
    assert_eq!(desk.get(&desk.admin, path).await.of(200), delivery);
    let bad = desk
        .post(&desk.admin, "/templates/1/test", json!({"to": "a@b, c@d"}))
        .await;
    assert_eq!(bad.refused_fields(), ["to"]);
}

#[tokio::test]
async fn a_parameter_is_set_read_and_returned_to_its_default() {
    let desk = Desk::open().await;
    let set = desk
        .put(&desk.admin, "/parameters/269", json!({"value": " 587 "}))
        .await
        .of(200);
    assert_json_snapshot!(set);
    let read = desk.get(&desk.admin, "/parameters/269").await.of(200);
    assert_eq!(read["value"], "587");
    let unset = desk
        .put(&desk.admin, "/parameters/269", json!({"value": null}))
        .await
        .of(200);
    assert_eq!(
        (&unset["value"], &unset["set"], &unset["default"]),
        (&Value::Null, &json!(false), &json!("25"))
    );
    let list = desk.get(&desk.admin, "/parameters").await.of(200);
    let numbers: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["number"].clone())
        .collect();
    assert_eq!(numbers.len(), Parameter::ALL.len());
    assert_eq!(numbers.first(), Some(&json!(10)));
}

#[tokio::test]
async fn a_secret_is_never_read_back() {
    let desk = Desk::open().await;
    let set = desk
        .put(&desk.admin, "/parameters/13", json!({"value": "hunter2"}))
        .await;
    let read = desk.get(&desk.admin, "/parameters/13").await;
    for answer in [&set, &read] {
        let value = answer.of(200);
        assert_eq!(
            (&value["value"], &value["set"], &value["secret"]),
            (&Value::Null, &json!(true), &json!(true))
        );
    }
    let list = desk.get(&desk.admin, "/parameters").await;
    assert!(!String::from_utf8_lossy(&list.body).contains("hunter2"));
}

#[tokio::test]
async fn a_template_number_that_leads_nowhere_is_stored_with_a_warning() {
    let desk = Desk::open().await;
    let set = desk
        .put(&desk.admin, "/parameters/417", json!({"value": "7"}))
        .await
        .of(200);
    assert_eq!(set["value"], "7");
    assert_eq!(
        set["warnings"],
        json!(["template 7 does not exist: nothing is sent until it does"])
    );
    let mut inactive = template();
    inactive["active"] = json!(false);
    desk.put(&desk.admin, "/templates/7", inactive).await.of(201);
    let set = desk
        .put(&desk.admin, "/parameters/417", json!({"value": "7"}))
        .await
        .of(200);
    assert_eq!(set["warnings"].as_array().unwrap().len(), 1);
    desk.put(&desk.admin, "/templates/7", template()).await.of(200);
    let set = desk
        .put(&desk.admin, "/parameters/417", json!({"value": "7"}))
        .await
        .of(200);
    assert_eq!(set["warnings"], json!([]));
}

#[tokio::test]
async fn a_parameter_that_cannot_be_set_says_why() {
    let desk = Desk::open().await;
    for body in [
        json!({}),
        json!({"value": 587}),
        json!({"value": "port"}),
        json!({"value": ""}),
    ] {
        assert_eq!(
            desk.put(&desk.admin, "/parameters/269", body)
                .await
                .refused_fields(),
            ["value"]
        );
    }
    for number in ["1", "70000", "x", "-10"] {
        let path = format!("/parameters/{number}");
        desk.put(&desk.admin, &path, json!({"value": "1"}))
            .await
            .problem(404, "not-found");
        desk.get(&desk.admin, &path).await.problem(404, "not-found");
    }
    desk.store.pin(Parameter::SmtpHost, "smtp.example.org");
    let pinned = desk
        .put(
            &desk.admin,
            "/parameters/14",
            json!({"value": "other.example.org"}),
        )
        .await;
    pinned.problem(409, "conflict");
    let read = desk.get(&desk.admin, "/parameters/14").await.of(200);
    assert_eq!(
        (&read["value"], &read["pinned"]),
        (&json!("smtp.example.org"), &json!(true))
    );
}

#[tokio::test]
async fn a_group_is_put_whole() {
    let desk = Desk::open().await;
    let body = json!({"name": "Mesa", "members": ["Eva@example.com", "ana@example.com", "eva@example.com"]});
    let created = desk.put(&desk.admin, "/groups/Mesa@example.org", body).await;
    assert_json_snapshot!(created.of(201));
    let body = json!({"name": "Mesa 2", "members": []});
    desk.put(&desk.admin, "/groups/mesa@example.org", body)
        .await
        .of(200);
    let stored = desk
        .store
        .find_group(&builders::address("mesa@example.org"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((stored.party.name.as_str(), stored.members.len()), ("Mesa 2", 0));

    let body = json!({"name": "a\rb", "members": ["x", "ana@example.com", 3], "owner": "me"});
    let refused = desk.put(&desk.admin, "/groups/mesa@example.org", body).await;
    assert_eq!(
        refused.refused_fields(),
        ["name", "members.0", "members.2", "owner"]
    );
    let refused = desk
        .put(&desk.admin, "/groups/nobody", json!({"name": "", "members": []}))
        .await;
    assert_eq!(refused.refused_fields(), ["email"]);
}
