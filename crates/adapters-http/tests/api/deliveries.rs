//! Reading and steering deliveries, and suppressions.

use std::time::Duration;

use insta::assert_json_snapshot;
use recado_domain::outbox::DeliveryId;
use recado_ports::outbox::{Claim, Outbox, Settlement};
use recado_ports::suppressions::Suppressions;
use recado_test_support::builders;
use recado_test_support::clock::START;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Desk;

/// Posts a comment of Ana's and gives the id of the mail to Tomás.
async fn owed(desk: &Desk) -> String {
    let posted = desk
        .post(&desk.ana, "/tickets/4711/comments", json!({"text": "x"}))
        .await
        .of(201);
    posted["deliveries"][0]["id"].as_str().unwrap().to_owned()
}

/// Claims the one mail there is, and settles it as a worker does.
async fn settle(desk: &Desk, id: &str, settlement: Settlement) {
    let lease = builders::lease();
    let claim = Claim {
        account: recado_domain::channel::AccountId::DEFAULT,
        limit: 10,
        lease,
        lease_time: Duration::from_mins(1),
        now: START,
        blocked_after: Duration::from_mins(5),
        under: None,
    };
    let id = DeliveryId(Uuid::parse_str(id).unwrap());
    assert_eq!(desk.store.claim(&claim).await.unwrap().len(), 1);
    assert_eq!(desk.store.fence(lease, &[id], START).await.unwrap(), [id]);
    assert_eq!(
        desk.store
            .settle(lease, &[(id, settlement)], START)
            .await
            .unwrap(),
        [id]
    );
}

#[tokio::test]
async fn a_delivery_shows_where_it_stands_and_what_was_tried() {
    let desk = Desk::telling().await;
    let id = owed(&desk).await;
    let mut settings = insta::Settings::clone_current();
    // The signature is of the ticket's id too, which the builder draws.
    settings.add_filter(r"\.[a-z2-7]{16}@", ".[signature]@");
    let _bound = settings.bind_to_scope();
    assert_json_snapshot!(
        "ready",
        desk.get(&desk.tomas, &format!("/deliveries/{id}")).await.of(200)
    );
    settle(
        &desk,
        &id,
        Settlement::Dead {
            reply: "550 5.1.1 no such user".to_owned(),
        },
    )
    .await;
    let dead = desk.get(&desk.tomas, &format!("/deliveries/{id}")).await.of(200);
    assert_json_snapshot!("dead", dead);
    let list = desk.get(&desk.tomas, "/deliveries").await.of(200);
    assert_eq!(
        list,
        json!({"items": [dead], "next": null}),
        "a list shows the same"
    );
}

#[tokio::test]
async fn deliveries_are_filtered_by_state_and_ticket() {
    let desk = Desk::telling().await;
    let id = owed(&desk).await;
    let count = async |query: &str| {
        let list = desk
            .get(&desk.tomas, &format!("/deliveries{query}"))
            .await
            .of(200);
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(count("?state=ready&ticket=4711").await, 1);
    assert_eq!(count("?state=held").await, 0);
    assert_eq!(count("?state=sent").await, 0);
    assert_eq!(count("?ticket=4712").await, 0);
    desk.put(&desk.admin, "/parameters/297", json!({"value": "S"}))
        .await
        .of(200);
    assert_eq!(count("?state=held").await, 1);
    assert_eq!(
        count("?state=ready").await,
        0,
        "it is shown as held, and found so"
    );
    let shown = desk.get(&desk.tomas, &format!("/deliveries/{id}")).await.of(200);
    assert_eq!(shown["state"], "held");
    desk.get(&desk.tomas, "/deliveries?state=lost")
        .await
        .problem(400, "malformed-request");
}

#[tokio::test]
async fn a_message_is_given_octet_by_octet() {
    let desk = Desk::telling().await;
    let id = owed(&desk).await;
    let message = desk.get(&desk.tomas, &format!("/deliveries/{id}/message")).await;
    assert_eq!(
        (message.status.as_u16(), message.header("content-type")),
        (200, "message/rfc822")
    );
    let stored = desk
        .store
        .messages(&[DeliveryId(Uuid::parse_str(&id).unwrap())])
        .await
        .unwrap();
    assert_eq!(message.body, stored[0].1);
    assert_eq!(
        message.header("content-disposition"),
        format!("attachment; filename=\"{id}.eml\"; filename*=UTF-8''{id}.eml")
    );
}

#[tokio::test]
async fn a_delivery_is_called_back_and_sent_again() {
    let desk = Desk::telling().await;
    let id = owed(&desk).await;
    let post = async |verb: &str| {
        desk.post(&desk.tomas, &format!("/deliveries/{id}/{verb}"), Value::Null)
            .await
    };
    let cancelled = post("cancel").await.of(200);
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(cancelled["last_reply"], "cancelled by tomas@example.com");
    post("cancel").await.problem(409, "conflict");
    let again = post("requeue").await.of(200);
    assert_eq!(again["state"], "ready");
    assert_eq!(again["message_id"], cancelled["message_id"]);
    settle(
        &desk,
        &id,
        Settlement::Sent {
            reply: "250 ok".to_owned(),
        },
    )
    .await;
    post("requeue").await.problem(409, "conflict");
}

#[tokio::test]
async fn suppressions_are_seen_and_lifted() {
    let desk = Desk::telling().await;
    let address = builders::address("tomas@example.com");
    let first = START - Duration::from_hours(48);
    desk.store
        .record_hard_bounce(&address, "550 5.1.1", first)
        .await
        .unwrap();
    assert!(
        desk.store
            .record_hard_bounce(&address, "550 5.1.1 gone", START)
            .await
            .unwrap()
    );
    assert_json_snapshot!(desk.get(&desk.tomas, "/suppressions").await.of(200));
    let posted = desk
        .post(&desk.ana, "/tickets/4711/comments", json!({"text": "x"}))
        .await
        .of(201);
    assert_eq!(
        (&posted["notification"], &posted["deliveries"]),
        (&json!("suppressed"), &json!([]))
    );
    let lifted = desk.delete(&desk.tomas, "/suppressions/Tomas@example.com").await;
    assert_eq!(lifted.status.as_u16(), 204);
    desk.delete(&desk.tomas, "/suppressions/tomas@example.com")
        .await
        .problem(404, "not-found");
    desk.delete(&desk.tomas, "/suppressions/nobody")
        .await
        .problem(404, "not-found");
}
