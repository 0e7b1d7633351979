//! The word that it is time to stop, passed to everything that waits.

use tokio::sync::watch;

/// Gives the word, once.
#[derive(Debug)]
pub struct StopSignal(watch::Sender<bool>);

/// Hears the word.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// A pair of the two. A signal that is dropped counts as given.
pub fn channel() -> (StopSignal, Stop) {
    let (sender, receiver) = watch::channel(false);
    (StopSignal(sender), Stop(receiver))
}

impl StopSignal {
    /// Gives the word.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether the word was given.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Returns when the word is given.
    pub async fn requested(&self) {
        // An error means that the signal is gone, which counts as the word.
        let _ = self.0.clone().wait_for(|requested| *requested).await;
    }
}
