//! The one follower of the log, and those who listen to it.

use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use recado_app::follow_events::Happening;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

use crate::web::{Context, Shared};

/// News that a slow stream may be behind by; beyond that it breaks, and is resumed from the log.
const BACKLOG: usize = 256;

/// The longest wait for the log before it is looked at again: a notice that was lost delays no longer.
const WAIT: Duration = Duration::from_secs(15);

/// The pause after the database did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Events read at once.
const BATCH: u16 = 200;

/// Hands news to the streams of pages that are open.
pub(in crate::web) struct Hub {
    sender: OnceLock<broadcast::Sender<Arc<Happening>>>,
    /// Behind the last event that was handed on.
    position: Mutex<Option<String>>,
    places: Arc<Semaphore>,
}

impl Hub {
    /// A hub for at most so many streams.
    pub(in crate::web) fn new(streams: usize) -> Self {
        Self {
            sender: OnceLock::new(),
            position: Mutex::default(),
            places: Arc::new(Semaphore::new(streams)),
        }
    }

    /// A place for a stream, when there is one.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().try_acquire_owned().ok()
    }

    /// News from now on. The first call of the process begins to follow the log.
    pub(super) fn subscribe(&self, shared: &Shared) -> broadcast::Receiver<Arc<Happening>> {
        self.begin(shared).subscribe()
    }

    /// Behind what a page that is read from now on has seen for certain; `None` while nothing is followed yet.
    pub(in crate::web) fn position(&self, shared: &Shared) -> Option<String> {
        self.begin(shared);
        self.position
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn begin(&self, shared: &Shared) -> &broadcast::Sender<Arc<Happening>> {
        self.sender.get_or_init(|| {
            let (sender, _) = broadcast::channel(BACKLOG);
            // Weak: whoever drops the pages ends the task too.
            tokio::spawn(follow(Arc::downgrade(shared), sender.clone()));
            sender
        })
    }

    fn stands_at(&self, cursor: Option<String>) {
        *self.position.lock().unwrap_or_else(PoisonError::into_inner) = cursor;
    }
}

/// How far the log has been read.
enum Reading {
    NotBegun,
    /// Behind this entry; an empty log has none.
    Behind(Option<String>),
}

/// Follows the log until the daemon stops.
async fn follow(shared: Weak<Context>, sender: broadcast::Sender<Arc<Happening>>) {
    let mut reading = Reading::NotBegun;
    while let Some(strong) = shared.upgrade() {
        let shutdown = strong.options.shutdown.clone();
        let step = async {
            match step(&strong, &sender, &mut reading).await {
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the log cannot be followed for now"
                    );
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = step => {}
        }
    }
}

/// Hands on what there is, or waits for more.
async fn step(
    shared: &Shared,
    sender: &broadcast::Sender<Arc<Happening>>,
    reading: &mut Reading,
) -> Result<(), recado_app::access::Refusal> {
    let follow = &shared.api.follow_events;
    // The wait begins before the reading: what happens in between ends it.
    let mut wait = pin!(follow.wait(WAIT));
    let changed = wait.as_mut().now_or_never().is_some();
    let position = match reading {
        Reading::Behind(position) => position.clone(),
        Reading::NotBegun => follow.newest().await?,
    };
    shared.hub.stands_at(position.clone());
    *reading = Reading::Behind(position.clone());
    let batch = follow.events.after(position, BATCH).await?;
    let is_empty = batch.is_empty();
    for event in batch {
        let at = Some(event.cursor.clone());
        if sender.receiver_count() > 0 {
            // Nobody listening is no error: they may leave at any time.
            drop(sender.send(Arc::new(follow.look(event).await?)));
        }
        shared.hub.stands_at(at.clone());
        *reading = Reading::Behind(at);
    }
    if is_empty && !changed {
        wait.await;
    }
    Ok(())
}
