//! A message while it is read: held up to its limit, counted beyond it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Mails up to this many octets need no place among the large ones.
const SMALL: usize = 256 << 10;

/// Why a message is read to its end and not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// It is larger than is taken.
    TooLarge,
    /// Too many large mails are being read.
    NoRoom,
}

/// The octets of a message so far.
pub(super) struct Gathering {
    octets: Vec<u8>,
    limit: usize,
    loss: Option<Loss>,
    large: Arc<Semaphore>,
    place: Option<OwnedSemaphorePermit>,
}

impl Gathering {
    /// Nothing yet; `large` are the places for large mails.
    pub(super) fn new(limit: usize, large: Arc<Semaphore>) -> Self {
        Self {
            octets: Vec::new(),
            limit,
            loss: None,
            large,
            place: None,
        }
    }

    /// Where to append the next block.
    pub(super) fn octets(&mut self) -> &mut Vec<u8> {
        &mut self.octets
    }

    /// To be called after each block: finds a place when the message has become a large one, waiting up to `patience`,
    /// and gives up what cannot be kept.
    pub(super) async fn settle(&mut self, patience: Duration) {
        if self.loss.is_none() && self.octets.len() > self.limit {
            self.lose(Loss::TooLarge);
        }
        if self.loss.is_some() {
            self.octets.clear();
        } else if self.octets.len() > SMALL && self.place.is_none() {
            match timeout(patience, self.large.clone().acquire_owned()).await {
                Ok(place) => self.place = Some(place.expect("the semaphore is never closed")),
                Err(_) => self.lose(Loss::NoRoom),
            }
        }
    }

    /// A message that is known to be too large before it is read.
    pub(super) fn refuse(&mut self) {
        self.lose(Loss::TooLarge);
    }

    /// Whether nothing of it is kept any more.
    pub(super) fn loss(&self) -> Option<Loss> {
        self.loss
    }

    /// Whether this many octets more would still be kept.
    pub(super) fn has_room_for(&self, octets: u64) -> bool {
        usize::try_from(octets).is_ok_and(|octets| octets <= self.limit.saturating_sub(self.octets.len()))
    }

    /// The whole message, and its place, which is to be held as long as the octets are.
    pub(super) fn finish(self) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Loss> {
        match self.loss {
            None => Ok((self.octets, self.place)),
            Some(loss) => Err(loss),
        }
    }

    fn lose(&mut self, loss: Loss) {
        self.loss = Some(loss);
        self.octets = Vec::new();
        self.place = None;
    }
}
