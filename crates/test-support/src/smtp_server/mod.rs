//! An SMTP server for tests: it takes every mail at once, or does what its script says.
//!
//! It listens on a port of the system's choice on 127.0.0.1. Waits have a deadline and panic after it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use recado_domain::reply::Stage;
//! use recado_test_support::smtp_server::{Act, Rule, SmtpServer};
//!
//! let server = SmtpServer::builder()
//!     .rule(Rule::at(Stage::RcptTo, Act::reply("550 5.1.1 unknown")).to("nobody@example.org"))
//!     .start()
//!     .await;
//! assert_eq!(server.mails().len(), 0);
//! # }
//! ```

mod certificate;
mod connection;
mod link;
mod received;
mod script;

pub use certificate::TestCertificate;
pub use received::{Copies, ReceivedMail};
pub use script::{Act, Rule};

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// How long the waiting methods wait before they panic.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What the server offers in its answer to EHLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// PIPELINING (RFC 2920).
    Pipelining,
    /// 8BITMIME (RFC 6152).
    EightBitMime,
    /// SMTPUTF8 (RFC 6531).
    SmtpUtf8,
    /// EHLO itself: without it the server knows HELO alone.
    Ehlo,
}

/// What the server keeps of the mails that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All their bytes, and the commands of every connection.
    Everything,
    /// Envelope, Message-ID and digest: for millions of mails.
    Digests,
}

#[derive(Clone)]
pub(crate) enum Protection {
    Plain,
    StartTls(TestCertificate),
    Implicit(TestCertificate),
}

/// How the server is to be.
#[derive(Clone)]
#[must_use]
pub struct SmtpServerBuilder {
    address: SocketAddr,
    missing: Vec<Extension>,
    reports: bool,
    size: Option<usize>,
    credentials: Option<(String, String)>,
    mechanisms: String,
    protection: Protection,
    rules: Vec<Rule>,
    keep: Keep,
    receive_at_most: usize,
    send_at_most: usize,
}

impl SmtpServerBuilder {
    /// Listens here instead of on a port of the system's choice: for a server that comes back.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Does not offer an extension; the server offers all of [`Extension`] otherwise.
    pub fn without(mut self, extension: Extension) -> Self {
        self.missing.push(extension);
        self
    }

    /// Offers DSN (RFC 3461); what a client asks for stands in the commands.
    pub fn reports(mut self) -> Self {
        self.reports = true;
        self
    }

    /// Announces and enforces SIZE (RFC 1870).
    pub fn size(mut self, octets: usize) -> Self {
        self.size = Some(octets);
        self
    }

    /// Demands a login, by PLAIN or LOGIN.
    pub fn login(mut self, user: &str, password: &str) -> Self {
        self.credentials = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// The mechanisms announced with AUTH, such as `LOGIN`.
    pub fn mechanisms(mut self, names: &str) -> Self {
        names.clone_into(&mut self.mechanisms);
        self
    }

    /// Offers STARTTLS, and demands it before MAIL.
    pub fn starttls(mut self, certificate: &TestCertificate) -> Self {
        self.protection = Protection::StartTls(certificate.clone());
        self
    }

    /// Speaks TLS from the first byte.
    pub fn implicit_tls(mut self, certificate: &TestCertificate) -> Self {
        self.protection = Protection::Implicit(certificate.clone());
        self
    }

    /// Adds a rule; the first that applies wins.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// What to keep.
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// Closes every connection after so many bytes received; what came before is obeyed.
    pub fn cut_after_received(mut self, bytes: usize) -> Self {
        self.receive_at_most = bytes;
        self
    }

    /// Closes every connection after so many bytes sent; what was received is obeyed.
    pub fn cut_after_sent(mut self, bytes: usize) -> Self {
        self.send_at_most = bytes;
        self
    }

    /// Binds and serves until the server is dropped.
    pub async fn start(self) -> SmtpServer {
        let listener = bind(self.address).await;
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            rules: Mutex::new(self.rules.clone()),
            mails: Mutex::default(),
            commands: Mutex::default(),
            taken: watch::Sender::new(0),
            connections: watch::Sender::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            settings: self,
        });
        let task = tokio::spawn(accept(listener, shared.clone())).abort_handle();
        SmtpServer {
            address,
            shared,
            task,
        }
    }
}

/// Binds. A server that comes back may find its port lent to an outgoing connection for a moment.
async fn bind(address: SocketAddr) -> TcpListener {
    let bound = async {
        loop {
            match TcpListener::bind(address).await {
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                bound => return bound.expect("loopback addresses can be bound"),
            }
        }
    };
    tokio::time::timeout(DEADLINE, bound)
        .await
        .expect("the address becomes free")
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // The set aborts its tasks when it is dropped: with the server its connections end.
    let mut connections = JoinSet::new();
    for number in 0.. {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        while connections.try_join_next().is_some() {}
        shared.connections.send_modify(|count| *count += 1);
        connections.spawn(connection::serve(stream, number, shared.clone()));
    }
}

pub(crate) struct Shared {
    settings: SmtpServerBuilder,
    rules: Mutex<Vec<Rule>>,
    mails: Mutex<Vec<ReceivedMail>>,
    commands: Mutex<Vec<(usize, String)>>,
    taken: watch::Sender<usize>,
    connections: watch::Sender<usize>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Shared {
    fn take(&self, mut mail: ReceivedMail) {
        if self.settings.keep == Keep::Digests {
            mail.raw = Vec::new();
        }
        lock(&self.mails).push(mail);
        self.taken.send_modify(|count| *count += 1);
    }

    fn note(&self, connection: usize, command: &str) {
        if self.settings.keep == Keep::Everything {
            lock(&self.commands).push((connection, command.to_owned()));
        }
    }

    fn act(&self, stage: recado_domain::reply::Stage, recipient: &str) -> Option<Act> {
        script::next_act(&mut lock(&self.rules), stage, recipient)
    }
}

/// A panicking test must not hide its own message behind a poisoned lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A running server. Dropping it closes port and connections.
pub struct SmtpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl SmtpServer {
    /// A server that takes everything.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// A server to be described.
    pub fn builder() -> SmtpServerBuilder {
        SmtpServerBuilder {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            missing: Vec::new(),
            reports: false,
            size: None,
            credentials: None,
            mechanisms: "PLAIN LOGIN".to_owned(),
            protection: Protection::Plain,
            rules: Vec::new(),
            keep: Keep::Everything,
            receive_at_most: usize::MAX,
            send_at_most: usize::MAX,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Replaces the script; connections that are open obey it from their next command on.
    pub fn script(&self, rules: Vec<Rule>) {
        *lock(&self.shared.rules) = rules;
    }

    /// The mails taken so far, in the order of their final dots.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        lock(&self.shared.mails).clone()
    }

    /// How many mails were taken.
    pub fn count(&self) -> usize {
        *self.shared.taken.borrow()
    }

    /// Duplicates and differences among the mails taken.
    pub fn copies(&self) -> Copies {
        Copies::of(&lock(&self.shared.mails))
    }

    /// Forgets the mails and commands seen.
    pub fn forget(&self) {
        lock(&self.shared.mails).clear();
        lock(&self.shared.commands).clear();
        self.shared.taken.send_replace(0);
    }

    /// The commands seen, with the number of their connection; messages are left out.
    pub fn commands(&self) -> Vec<(usize, String)> {
        lock(&self.shared.commands).clone()
    }

    /// How many connections came in.
    pub fn connections(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// How many connections were open at once at most.
    pub fn most_open_at_once(&self) -> usize {
        self.shared.most_open.load(Ordering::Relaxed)
    }

    /// Waits for `count` mails in all, and gives all that were taken.
    pub async fn wait_for(&self, count: usize) -> Vec<ReceivedMail> {
        self.wait_for_within(count, DEADLINE).await
    }

    /// [`wait_for`](Self::wait_for) with a deadline of one's own.
    pub async fn wait_for_within(&self, count: usize, deadline: Duration) -> Vec<ReceivedMail> {
        self.wait_for_count(count, deadline).await;
        self.mails()
    }

    /// [`wait_for_within`](Self::wait_for_within) without a copy of the mails: for many thousands.
    pub async fn wait_for_count(&self, count: usize, deadline: Duration) {
        let mut taken = self.shared.taken.subscribe();
        let wait = tokio::time::timeout(deadline, taken.wait_for(|taken| *taken >= count));
        assert!(
            wait.await.is_ok(),
            "{} of {count} mails came within {deadline:?}",
            self.count()
        );
    }

    /// Waits for `count` connections in all.
    pub async fn wait_for_connections(&self, count: usize) {
        let mut connections = self.shared.connections.subscribe();
        let wait = tokio::time::timeout(DEADLINE, connections.wait_for(|seen| *seen >= count));
        assert!(
            wait.await.is_ok(),
            "{} of {count} connections came within {DEADLINE:?}",
            self.connections()
        );
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
