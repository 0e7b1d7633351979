//! Showing what was written on a page to everybody, when it can no longer be taken back unseen.

use std::sync::Arc;

use jiff::Timestamp;
use recado_ports::clock::Clock;
use recado_ports::comments::Comments;
use recado_ports::store::StoreError;

/// Comments shown in one transaction.
const BATCH: u16 = 200;

/// Releases comments whose hold has ended.
pub struct ReleaseHeld {
    /// Where they are.
    pub comments: Arc<dyn Comments>,
    /// Tells what has ended.
    pub clock: Arc<dyn Clock>,
}

impl ReleaseHeld {
    /// Releases all whose time has come, and tells when the next one's does. Each is released once, however many daemons
    /// run; one whose daemon died is released by whichever looks next.
    pub async fn run(&self) -> Result<Option<Timestamp>, StoreError> {
        loop {
            fail::fail_point!("release.before");
            let released = self.comments.release_held(self.clock.now(), BATCH).await?;
            fail::fail_point!("release.after");
            if released < u64::from(BATCH) {
                return self.comments.next_held().await;
            }
        }
    }
}
