//! The outbox at a glance.

use std::sync::Arc;

use recado_app::access::Refusal;
use recado_app::read_outbox::{Outlet, ReadOutbox};
use recado_domain::channel::AccountId;
use recado_domain::outbox::State;
use recado_domain::parameter::Parameter;
use recado_test_support::clock::START;

use crate::house::{House, ana, tomas};

fn read_outbox(house: &House) -> ReadOutbox {
    let store = Arc::new(house.store.clone());
    ReadOutbox {
        outbox: store.clone(),
        channels: store.clone(),
        parameters: store,
    }
}

#[tokio::test]
async fn what_waits_is_counted_and_the_default_account_is_always_there() {
    let house = House::new().await;
    let empty = read_outbox(&house).overview(&tomas()).await.unwrap();
    assert_eq!((empty.count(&State::WAITING), empty.oldest_waiting()), (0, None));
    assert_eq!(empty.outlet, Outlet::Open);
    assert_eq!(empty.channels[0].account, AccountId::DEFAULT);
    for email in ["ana@example.com", "eva@example.com"] {
        house.owe_to(email).await;
    }
    house.set(Parameter::StopOutgoingMail, Some("Y")).await;
    let full = read_outbox(&house).overview(&tomas()).await.unwrap();
    assert_eq!(full.count(&State::WAITING), 2);
    assert_eq!(full.oldest_waiting(), Some(START));
    assert_eq!(full.outlet, Outlet::Stopped);
}

#[tokio::test]
async fn it_is_the_desks_business() {
    let house = House::new().await;
    let refusal = read_outbox(&house).overview(&ana()).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Forbidden(_)), "{refusal}");
}
