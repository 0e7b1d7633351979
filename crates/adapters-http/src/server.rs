//! Serving a router on a listener: bounded connections, bounded heads, an orderly end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::stall::Unstalled;
use crate::web::Peer;

/// How long to wait before accepting again when the system has no descriptor left.
const PAUSE: Duration = Duration::from_millis(100);

/// Limits of the server.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Connections open at a time; more wait to be accepted.
    pub connections: usize,
    /// Time for a request's head, idle time on a kept connection included.
    pub head: Duration,
    /// Octets of a request's head; at least 8 KiB.
    pub head_octets: usize,
    /// Time that a peer may take no octet of its answer; a stream of events that has nothing to tell does not count.
    pub stall: Duration,
    /// Time for requests under way when the daemon stops.
    pub shutdown: Duration,
}

impl Default for ServerLimits {
    /// 2,048 connections (a page that is open has a stream), 30 s and 64 KiB for a head, 30 s of stalling, 10 s at the end.
    fn default() -> Self {
        Self {
            connections: 2048,
            head: Duration::from_secs(30),
            head_octets: 64 << 10,
            stall: Duration::from_secs(30),
            shutdown: Duration::from_secs(10),
        }
    }
}

/// Serves HTTP/1.1 until the token is cancelled, then lets requests under way end.
pub async fn serve(listener: TcpListener, router: Router, limits: ServerLimits, shutdown: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(limits.connections));
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // The peer is gone already, or we are out of descriptors: neither ends the daemon.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a connection could not be accepted"
                );
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Answers are small and whole; Nagle's algorithm would hold their tails back.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "TCP_NODELAY could not be set"
            );
        }
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(limits.head_octets.max(8 << 10))
            .serve_connection(
                TokioIo::new(Unstalled::new(stream, limits.stall)),
                Addressed {
                    service: TowerToHyperService::new(router.clone()),
                    peer: Peer(peer),
                },
            );
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke");
            }
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests were still under way when their time at shutdown was up");
    }
}

/// Tells each request who is at the other end of its connection.
struct Addressed<S> {
    service: S,
    peer: Peer,
}

impl<S: Service<Request<Incoming>>> Service<Request<Incoming>> for Addressed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<Incoming>) -> S::Future {
        request.extensions_mut().insert(self.peer);
        self.service.call(request)
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = room
        .clone()
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}
