//! What the log tells of a request, and what it keeps to itself.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::Desk;

/// A log kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_request_is_logged_by_its_route_without_people_texts_or_tokens() {
    let desk = Desk::telling().await;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    {
        let _logging = tracing::subscriber::set_default(subscriber);
        desk.post(&desk.ana, "/tickets/4711/comments", json!({"text": "geheim"}))
            .await
            .of(201);
        desk.put(&desk.admin, "/parameters/13", json!({"value": "hunter2"}))
            .await
            .of(200);
        desk.get(&desk.tomas, "/tickets?requester=ana@example.com")
            .await
            .of(200);
        desk.delete(&desk.tomas, "/suppressions/ana@example.com")
            .await
            .problem(404, "not-found");
        let bad = json!({"title": "geheim", "requester": {"name": "geheim\n", "email": "ana@example.com"}});
        desk.put(&desk.admin, "/tickets/4711", bad)
            .await
            .problem(422, "invalid-fields");
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for told in [
        "/api/v1/tickets/{number}/comments",
        "status=201",
        "status=404",
        "latency_ms=0",
        "POST",
    ] {
        assert!(log.contains(told), "{told} is not in {log}");
    }
    for kept in [
        "geheim",
        "hunter2",
        "ana@example",
        "requester=",
        &desk.ana,
        &desk.admin,
        &desk.tomas,
    ] {
        assert!(!log.contains(kept), "{kept} is in {log}");
    }
}
