//! What is known of servers that mails are announced to.
//!
//! A server that offers PIPELINING must heed what follows the end of a message (RFC 2920 §3.2), and some throw it away
//! all the same: they stay silent, or hang up. Mails are no longer announced to such a server while the process lives.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const UNKNOWN: u8 = 0;
const HEEDS: u8 = 1;
const DEAF: u8 = 2;

/// Whether a server heeds announcements. Nothing else is read by it, so that no order of memory matters.
#[derive(Debug, Default)]
pub(super) struct Hearing(AtomicU8);

impl Hearing {
    /// Whether the next mail may be announced.
    pub(super) fn may_announce(&self) -> bool {
        self.0.load(Ordering::Relaxed) != DEAF
    }

    /// Whether an announcement was ever answered.
    pub(super) fn has_answered(&self) -> bool {
        self.0.load(Ordering::Relaxed) == HEEDS
    }

    /// An announcement was answered. That the server was deaf to another one stays true.
    pub(super) fn answered(&self) {
        let _known = self
            .0
            .compare_exchange(UNKNOWN, HEEDS, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// No answer came to an announcement.
    pub(super) fn fell_silent(&self, server: &str) {
        if self.0.swap(DEAF, Ordering::Relaxed) != DEAF {
            tracing::info!(
                server,
                "mails are no longer announced to this server, which does not answer that"
            );
        }
    }

    /// The server hung up on an announcement. One that has answered others has another reason.
    pub(super) fn hung_up(&self, server: &str) {
        if !self.has_answered() {
            self.fell_silent(server);
        }
    }
}

/// Every server that a transport has had sessions with, by `host:port`.
#[derive(Debug, Default)]
pub(super) struct Servers(Mutex<HashMap<String, Arc<Hearing>>>);

impl Servers {
    /// What is known of a server, which all its sessions share.
    pub(super) fn hearing(&self, server: &str) -> Arc<Hearing> {
        let mut servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(servers.entry(server.to_owned()).or_default())
    }
}
