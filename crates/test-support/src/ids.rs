//! Ids, secrets and dice that a test foresees.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use recado_ports::ids::Ids;
use uuid::Uuid;

/// An [`Ids`] that counts. Share it by `Arc`.
///
/// Its ids have the form of UUIDv7 and ascend, and sort behind those of [`crate::builders`].
///
/// ```
/// use recado_ports::ids::Ids;
/// use recado_test_support::ids::SequentialIds;
///
/// let ids = SequentialIds::new();
/// assert_eq!(ids.next(), SequentialIds::nth(1));
/// assert_eq!(ids.next(), SequentialIds::nth(2));
/// assert_eq!(SequentialIds::nth(2).get_version_num(), 7);
/// ```
#[derive(Debug)]
pub struct SequentialIds {
    next: AtomicU64,
    random: AtomicU64,
    secret: AtomicU64,
    dice: Mutex<f64>,
}

impl SequentialIds {
    /// A source that has given nothing yet; its dice show 0.5, which is no jitter.
    pub fn new() -> Self {
        Self {
            next: AtomicU64::new(1),
            random: AtomicU64::new(1),
            secret: AtomicU64::new(1),
            dice: Mutex::new(0.5),
        }
    }

    /// What the `n`th call of [`Ids::next`] gives, from 1.
    pub fn nth(n: u64) -> Uuid {
        version_7(1, n)
    }

    /// What the `n`th call of [`Ids::random`] gives, from 1.
    pub fn nth_random(n: u64) -> Uuid {
        Uuid::from_u64_pair(0x4000, 0x8000_0000_0000_0000 | n)
    }

    /// Sets what the dice show from now on, 0 to 1.
    pub fn load_dice(&self, shown: f64) {
        *self.dice.lock().expect("no holder of the dice panics") = shown;
    }
}

impl Default for SequentialIds {
    fn default() -> Self {
        Self::new()
    }
}

impl Ids for SequentialIds {
    fn next(&self) -> Uuid {
        Self::nth(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn random(&self) -> Uuid {
        Self::nth_random(self.random.fetch_add(1, Ordering::Relaxed))
    }

    fn secret(&self) -> [u8; 32] {
        let count = self.secret.fetch_add(1, Ordering::Relaxed);
        let mut secret = [0; 32];
        secret[24..].copy_from_slice(&count.to_be_bytes());
        secret
    }

    fn dice(&self) -> f64 {
        *self.dice.lock().expect("no holder of the dice panics")
    }
}

/// A UUIDv7 (RFC 9562 §5.7) of a fixed time and a counter in the place of the random bits. A higher `series` sorts later.
pub(crate) fn version_7(series: u64, count: u64) -> Uuid {
    const MILLISECONDS: u64 = 1_795_341_600_000;
    Uuid::from_u64_pair(
        (MILLISECONDS + series) << 16 | 0x7000,
        0x8000_0000_0000_0000 | count,
    )
}
