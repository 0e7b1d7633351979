//! LMTP: mail handed over by a mail server (RFC 2033).
//!
//! Unlike SMTP it has one answer per recipient after the message, so that a mail to three addresses is three mails to
//! the ledger, each taken or not by itself. A 2xx is written when the ledger has the mail, never before.
//!
//! Any recipient is accepted whose address is one: whether the mail belongs anywhere is the ledger's to judge, and a
//! refusal here would be a bounce that nobody at the desk sees. There is neither login nor TLS; the listener belongs
//! on a loopback or otherwise private address.

mod command;
mod connection;
mod gather;
mod unstuff;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use recado_app::stop::Stop;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use crate::intake::Intake;
use connection::{Connection, House};

/// How long to wait before accepting again when the system has no descriptor left.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a peer may take to hear that there is no room for it.
const TURNING_AWAY: Duration = Duration::from_secs(1);

/// The longest waits of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LmtpTimeouts {
    /// For a whole command line (RFC 5321 §4.5.3.2.7).
    pub command: Duration,
    /// For some more of a message (RFC 5321 §4.5.3.2.5).
    pub block: Duration,
    /// For a whole message: one that trickles must not hold its place for ever.
    pub message: Duration,
}

impl Default for LmtpTimeouts {
    /// Five minutes, three minutes, one hour.
    fn default() -> Self {
        Self {
            command: Duration::from_mins(5),
            block: Duration::from_mins(3),
            message: Duration::from_hours(1),
        }
    }
}

/// What an LMTP server allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LmtpOptions {
    /// The name by which it greets.
    pub hostname: String,
    /// Octets of the largest mail that is taken (RFC 1870).
    pub largest_mail: usize,
    /// Connections at a time; more hear a 421.
    pub connections: usize,
    /// Recipients of one mail; more hear a 452 and are tried again in a mail of their own (RFC 5321 §4.5.3.1.10).
    pub recipients: usize,
    /// Mails of more than 256 KiB that are held in memory at a time; more wait, unread. Together with `largest_mail`
    /// this bounds what the server ever holds.
    pub large_mails: usize,
    /// The longest waits.
    pub timeouts: LmtpTimeouts,
    /// How long mails under way may take when the server stops.
    pub grace: Duration,
}

impl LmtpOptions {
    /// With 50 connections, 100 recipients a mail, 4 large mails at a time, the RFC's waits and 10 s to stop.
    pub fn new(hostname: String, largest_mail: usize) -> Self {
        Self {
            hostname,
            largest_mail,
            connections: 50,
            recipients: 100,
            large_mails: 4,
            timeouts: LmtpTimeouts::default(),
            grace: Duration::from_secs(10),
        }
    }
}

/// Serves LMTP until the word to stop. Then idle connections hear a 421, mails under way are finished and answered
/// within the grace, and what is left is cut off: nothing was answered to it, so its sender keeps it.
pub async fn serve(listener: TcpListener, receive: Arc<dyn Intake>, options: LmtpOptions, stop: Stop) {
    let room = Arc::new(Semaphore::new(options.connections));
    let grace = options.grace;
    let house = Arc::new(House {
        receive,
        large: Arc::new(Semaphore::new(options.large_mails)),
        options,
        stop: stop.clone(),
    });
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.requested() => break,
            Some(ended) = connections.join_next() => {
                report(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match room.clone().try_acquire_owned() {
                Ok(permit) => drop(connections.spawn(attend(stream, peer, house.clone(), permit))),
                Err(_) => drop(connections.spawn(turn_away(stream, peer))),
            },
            Err(error) => {
                // The peer is gone already, or we are out of descriptors: neither ends the daemon.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an LMTP connection could not be accepted"
                );
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if timeout(grace, all_ended).await.is_err() {
        tracing::warn!("LMTP connections were still busy when their time to stop was up");
        connections.shutdown().await;
    }
}

async fn attend(stream: TcpStream, peer: SocketAddr, house: Arc<House>, permit: OwnedSemaphorePermit) {
    // Answers are small and whole; Nagle's algorithm would hold their tails back.
    let outcome = match stream.set_nodelay(true) {
        Ok(()) => Connection::new(stream, house).run().await,
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        tracing::debug!(%peer, error = &error as &dyn std::error::Error, "an LMTP connection broke");
    }
    drop(permit);
}

async fn turn_away(mut stream: TcpStream, peer: SocketAddr) {
    tracing::warn!(%peer, "an LMTP connection was turned away: all are taken");
    let words = stream.write_all(b"421 4.3.2 Too many connections; try again later\r\n");
    // A peer that is gone already needs no telling.
    let _: Result<io::Result<()>, _> = timeout(TURNING_AWAY, words).await;
}

fn report(ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        tracing::error!(
            alarm = "panic",
            task = "lmtp",
            "an LMTP connection panicked; its mail was not answered"
        );
        metrics::counter!("recado_panics_total", "task" => "lmtp").increment(1);
    }
}
