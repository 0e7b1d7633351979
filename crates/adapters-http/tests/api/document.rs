//! The API's description, and that it tells the truth.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request};
use recado_adapters_http::openapi;
use serde_json::{Map, Value, json};

use crate::harness::Desk;

const SAMPLE_ID: &str = "00000000-0000-7000-8000-000000000000";

/// Every call of the description, its path filled with values of the right form.
pub(crate) fn operations() -> Vec<(Method, String)> {
    calls().into_iter().map(|call| (call.method, call.path)).collect()
}

struct Call {
    method: Method,
    path: String,
    operation: Value,
}

fn calls() -> Vec<Call> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut calls = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = template
                .replace("/tickets/{number}", "/tickets/4711")
                .replace("/parameters/{number}", "/parameters/417")
                .replace("/templates/{id}", "/templates/1")
                .replace("{email}", "mesa@example.org")
                .replace("{address}", "ana@example.com")
                .replace("{id}", SAMPLE_ID)
                .replace("{attachment}", SAMPLE_ID);
            let method = method.to_uppercase().parse().unwrap();
            calls.push(Call {
                method,
                path,
                operation: operation.clone(),
            });
        }
    }
    calls
}

#[test]
fn every_call_is_described() {
    let mut lines = Vec::new();
    for (path, item) in serde_json::to_value(openapi()).unwrap()["paths"]
        .as_object()
        .unwrap()
    {
        let methods: Vec<_> = item
            .as_object()
            .unwrap()
            .keys()
            .map(|method| method.to_uppercase())
            .collect();
        lines.push(format!("{path} {}", methods.join(" ")));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_call_has_a_summary_its_problems_and_its_security() {
    for Call {
        method,
        path,
        operation,
    } in calls()
    {
        let what = format!("{method} {path}");
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|summary| !summary.is_empty()),
            "{what}"
        );
        assert_eq!(
            operation["responses"]["default"]["$ref"], "#/components/responses/Problem",
            "{what}"
        );
        let open = path == "/openapi.json";
        assert_eq!(operation["security"].is_array(), !open, "{what}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 10, "{references:?}");
    for reference in references {
        let pointer = reference
            .strip_prefix('#')
            .expect("references stay within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str).map(ToOwned::to_owned));
            fields.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

/// Sends each body with every field that is described, and one that is not: only the latter may be unknown.
#[tokio::test]
async fn what_is_described_of_a_body_is_what_is_read() {
    let document = serde_json::to_value(openapi()).unwrap();
    let desk = Desk::telling().await;
    let mut bodies = 0;
    for Call {
        method,
        path,
        operation,
    } in calls()
    {
        let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema/$ref") else {
            continue;
        };
        let schema = document
            .pointer(schema.as_str().unwrap().strip_prefix('#').unwrap())
            .unwrap();
        let described = schema["properties"].as_object().unwrap();
        let mut body: Map<String, Value> = described.keys().map(|name| (name.clone(), json!(0))).collect();
        body.insert("undescribed".to_owned(), json!(0));
        let answer = desk.json(method, &desk.admin, &path, &Value::Object(body)).await;
        let problem = answer.problem(422, "invalid-fields");
        let unknown: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|error| error["message"] == "is not a field of this request")
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        assert_eq!(unknown, ["undescribed"], "{path}");
        let checked = problem["errors"].as_array().unwrap().len() - 1;
        assert_eq!(checked, described.len(), "{path}: each field is looked at");
        bodies += 1;
    }
    assert_eq!(bodies, 9);
}

#[tokio::test]
async fn the_description_is_given_to_anybody() {
    let desk = Desk::open().await;
    let request = Request::builder()
        .uri("/api/v1/openapi.json")
        .body(Body::empty())
        .unwrap();
    let answer = desk.send(request).await;
    assert_eq!(answer.of(200), serde_json::to_value(openapi()).unwrap());
}
