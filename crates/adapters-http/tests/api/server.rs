//! The server on a real socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use recado_adapters_http::{ServerLimits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::harness::Desk;

const DEADLINE: Duration = Duration::from_secs(10);

struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

async fn start(router: Router, limits: ServerLimits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(serve(listener, router, limits, shutdown.clone()));
    Server {
        address,
        shutdown,
        task,
    }
}

/// Sends a head and reads until the server closes.
async fn exchange(address: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    read(&mut stream).await
}

async fn read(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    tokio::time::timeout(DEADLINE, stream.read_to_string(&mut text))
        .await
        .expect("the server closes in time")
        .unwrap();
    text
}

async fn ended(task: JoinHandle<()>) {
    tokio::time::timeout(DEADLINE, task)
        .await
        .expect("the server ends in time")
        .unwrap();
}

const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_request_under_way_is_answered_when_the_server_stops() {
    let (reached, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gates = (reached.clone(), go_on.clone());
    let router = Router::new().route(
        "/",
        get(async move || {
            gates.0.notify_one();
            gates.1.notified().await;
            "done"
        }),
    );
    let server = start(router, ServerLimits::default()).await;
    let answer = tokio::spawn(exchange(server.address, GET));
    tokio::time::timeout(DEADLINE, reached.notified()).await.unwrap();
    server.shutdown.cancel();
    go_on.notify_one();
    let answer = answer.await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("done"),
        "{answer}"
    );
    ended(server.task).await;
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "the port is free again"
    );
}

#[tokio::test]
async fn a_request_that_does_not_end_does_not_hold_the_server() {
    let reached = Arc::new(Notify::new());
    let gate = reached.clone();
    let router = Router::new().route(
        "/",
        get(async move || {
            gate.notify_one();
            std::future::pending::<()>().await;
        }),
    );
    let limits = ServerLimits {
        shutdown: Duration::from_millis(10),
        ..ServerLimits::default()
    };
    let server = start(router, limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(GET.as_bytes()).await.unwrap();
    tokio::time::timeout(DEADLINE, reached.notified()).await.unwrap();
    server.shutdown.cancel();
    ended(server.task).await;
}

#[tokio::test]
async fn a_head_that_does_not_end_closes_its_connection() {
    let limits = ServerLimits {
        head: Duration::from_millis(10),
        ..ServerLimits::default()
    };
    let server = start(Router::new(), limits).await;
    let answer = exchange(server.address, "GET / HTTP/1.1\r\nHost:").await;
    assert!(!answer.contains("200"), "{answer}");
    server.shutdown.cancel();
    ended(server.task).await;
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_for_room() {
    let router = Router::new().route("/", get(async || "done"));
    let limits = ServerLimits {
        connections: 1,
        ..ServerLimits::default()
    };
    let server = start(router, limits).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut begin = [0; 12];
    first.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(GET.as_bytes()).await.unwrap();
    let mut octet = [0; 1];
    let early = tokio::time::timeout(Duration::from_millis(50), second.read(&mut octet)).await;
    assert!(early.is_err(), "the second is not served beside the first");
    drop(first);
    assert!(read(&mut second).await.ends_with("done"));
    server.shutdown.cancel();
    ended(server.task).await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_its_answer_is_let_go() {
    let router = Router::new()
        .route("/", get(async || "x".repeat(64 << 20)))
        .route("/small", get(async || "done"));
    let limits = ServerLimits {
        connections: 1,
        stall: Duration::from_millis(10),
        ..ServerLimits::default()
    };
    let server = start(router, limits).await;
    let mut deaf = TcpStream::connect(server.address).await.unwrap();
    deaf.write_all(GET.as_bytes()).await.unwrap();
    let answer = exchange(server.address, &GET.replace("GET /", "GET /small")).await;
    assert!(answer.ends_with("done"), "the one place is free again: {answer}");
    server.shutdown.cancel();
    ended(server.task).await;
}

/// Reads until a text has come.
async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut octets = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&octets).into_owned();
        if text.contains(wanted) {
            return text;
        }
        let mut chunk = [0; 4096];
        let read = tokio::time::timeout(DEADLINE, stream.read(&mut chunk))
            .await
            .expect("it comes in time")
            .unwrap();
        assert_ne!(read, 0, "closed after {text}");
        octets.extend_from_slice(&chunk[..read]);
    }
}

#[tokio::test]
async fn a_stream_of_events_begins_at_once_and_ends_with_the_server() {
    let desk = Desk::telling().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = serve(
        listener,
        desk.router.clone(),
        ServerLimits::default(),
        desk.shutdown.clone(),
    );
    let task = tokio::spawn(serving);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        desk.tomas
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let head = read_until(&mut stream, "\r\n\r\n").await;
    assert!(
        head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"),
        "{head}"
    );
    desk.post(
        &desk.ana,
        "/tickets/4711/comments",
        serde_json::json!({"text": "x"}),
    )
    .await
    .of(201);
    read_until(&mut stream, "event: comment.created").await;
    desk.shutdown.cancel();
    read(&mut stream).await;
    ended(task).await;
}

#[tokio::test]
async fn a_client_that_sends_too_much_gets_to_read_why() {
    let desk = Desk::telling().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = serve(
        listener,
        desk.router.clone(),
        ServerLimits::default(),
        desk.shutdown.clone(),
    );
    let task = tokio::spawn(serving);
    let body = format!("{{\"title\":\"{}\"}}", "x".repeat(10_000_000));
    let head = format!(
        "PUT /api/v1/tickets/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: \
         application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        desk.admin,
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let answer = read(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    desk.shutdown.cancel();
    ended(task).await;
}
