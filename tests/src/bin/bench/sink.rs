//! A mail server that takes everything: one thread, nothing parsed beyond the end of a mail and its Message-ID.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use memchr::{memchr, memmem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::processor::Thread;

/// What one read may bring: some mails at once.
const BUFFER: usize = 64 * 1024;

/// The mail server; dropping it ends its thread.
pub(crate) struct Sink {
    address: SocketAddr,
    taken: Arc<Taken>,
    thread: Thread,
    stop: Option<oneshot::Sender<()>>,
    handle: Option<JoinHandle<()>>,
}

/// What came, and who waits for it.
#[derive(Default)]
struct Taken {
    arrivals: Mutex<Arrivals>,
    enough: Condvar,
}

#[derive(Default)]
struct Arrivals {
    mails: Vec<Arrival>,
    octets: u64,
    /// Whoever waits is woken at this number alone: a wake-up for each mail would cost more than the mail.
    awaited: Option<usize>,
}

/// A mail that was taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// When its final dot was read.
    pub(crate) at: Instant,
    /// A digest of its Message-ID.
    id: u64,
}

impl Sink {
    /// Starts it on a port of the system's choice.
    pub(crate) fn start() -> Self {
        let taken = Arc::new(Taken::default());
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        let handle = std::thread::Builder::new()
            .name("sink".to_owned())
            .spawn({
                let taken = taken.clone();
                move || {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .expect("a runtime needs a few descriptors");
                    runtime.block_on(async move {
                        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
                        let address = listener.local_addr().expect("it is bound");
                        ready
                            .send((address, Thread::current()))
                            .expect("the starter waits");
                        tokio::select! {
                            () = listen(listener, taken) => {}
                            _ = stopped => {}
                        }
                    });
                }
            })
            .expect("a thread can be had");
        let (address, thread) = started.recv().expect("the sink starts");
        Self {
            address,
            taken,
            thread,
            stop: Some(stop),
            handle: Some(handle),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Mails taken so far.
    pub(crate) fn count(&self) -> usize {
        self.taken.arrivals().mails.len()
    }

    /// Octets of all mails taken so far.
    pub(crate) fn octets(&self) -> u64 {
        self.taken.arrivals().octets
    }

    /// The processor time of its thread.
    pub(crate) fn used(&self) -> Duration {
        self.thread.used()
    }

    /// Waits until so many mails were taken since it started; gives the arrival of the last one.
    ///
    /// # Panics
    /// They are not there in time.
    pub(crate) fn wait_for(&self, count: usize, at_most: Duration) -> Instant {
        let deadline = Instant::now() + at_most;
        let mut arrivals = self.taken.arrivals();
        while arrivals.mails.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "{} of {count} mails came in {at_most:?}",
                arrivals.mails.len()
            );
            arrivals.awaited = Some(count);
            arrivals = self
                .taken
                .enough
                .wait_timeout(arrivals, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        arrivals.awaited = None;
        arrivals.mails[count - 1].at
    }

    /// The mails from a number on.
    pub(crate) fn arrivals_since(&self, from: usize) -> Vec<Arrival> {
        self.taken.arrivals().mails[from..].to_vec()
    }

    /// How many of the mails from a number on were copies of others among them.
    pub(crate) fn copies_since(&self, from: usize) -> usize {
        let arrivals = self.arrivals_since(from);
        let distinct: HashSet<u64> = arrivals.iter().map(|arrival| arrival.id).collect();
        arrivals.len() - distinct.len()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}

impl Taken {
    fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, mail: &[u8]) {
        let arrival = Arrival {
            at: Instant::now(),
            id: message_id(mail),
        };
        let mut arrivals = self.arrivals();
        arrivals.mails.push(arrival);
        arrivals.octets += mail.len() as u64;
        if arrivals
            .awaited
            .is_some_and(|awaited| arrivals.mails.len() >= awaited)
        {
            self.enough.notify_all();
        }
    }
}

async fn listen(listener: TcpListener, taken: Arc<Taken>) {
    while let Ok((stream, _)) = listener.accept().await {
        let taken = taken.clone();
        // A client that goes away ends its conversation, and nothing else.
        tokio::spawn(async move { converse(stream, &taken).await });
    }
}

async fn converse(mut stream: TcpStream, taken: &Taken) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 sink ESMTP\r\n").await?;
    let mut dialogue = Dialogue::default();
    let mut replies = Vec::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        dialogue.hear(&buffer[..read], &mut replies, taken);
        stream.write_all(&replies).await?;
        replies.clear();
    }
}

/// What a client said and was not answered yet.
#[derive(Default)]
struct Dialogue {
    pending: Vec<u8>,
    in_message: bool,
    /// How far the message was searched for its end.
    searched: usize,
}

impl Dialogue {
    fn hear(&mut self, bytes: &[u8], replies: &mut Vec<u8>, taken: &Taken) {
        self.pending.extend_from_slice(bytes);
        let mut done = 0;
        loop {
            let rest = &self.pending[done..];
            if self.in_message {
                let Some(end) = memmem::find(&rest[self.searched..], b"\r\n.\r\n") else {
                    // The end may lie across two reads.
                    self.searched = rest.len().saturating_sub(4);
                    break;
                };
                let end = self.searched + end;
                taken.take(&rest[..end]);
                replies.extend_from_slice(b"250 2.0.0 Ok: queued\r\n");
                self.in_message = false;
                self.searched = 0;
                done += end + 5;
            } else {
                let Some(end) = memchr(b'\n', rest) else { break };
                replies.extend_from_slice(match rest.first() {
                    Some(b'E' | b'e') => b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
                    Some(b'D' | b'd') => {
                        self.in_message = true;
                        b"354 go ahead\r\n"
                    }
                    Some(b'Q' | b'q') => b"221 2.0.0 Bye\r\n",
                    _ => b"250 2.0.0 Ok\r\n",
                });
                done += end + 1;
            }
        }
        self.pending.drain(..done);
    }
}

fn message_id(mail: &[u8]) -> u64 {
    let line = memmem::find(mail, b"Message-ID:").map_or(mail, |at| &mail[at..]);
    let line = &line[..memchr(b'\r', line).unwrap_or(line.len())];
    BuildHasherDefault::<DefaultHasher>::default().hash_one(line)
}
