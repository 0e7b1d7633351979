//! Real randomness: ids, secrets, dice.

use std::sync::Mutex;
use std::sync::PoisonError;

use recado_ports::clock::Clock as _;
use recado_ports::ids::Ids;
use uuid::timestamp::context::ContextV7;
use uuid::{Timestamp, Uuid};

use crate::clock::SystemClock;

/// Ids from the system's source of randomness.
#[derive(Debug)]
pub(crate) struct SystemIds {
    /// Makes ids of the same millisecond count upwards.
    sequence: Mutex<ContextV7>,
}

impl Default for SystemIds {
    fn default() -> Self {
        Self {
            sequence: Mutex::new(ContextV7::new()),
        }
    }
}

impl Ids for SystemIds {
    fn next(&self) -> Uuid {
        let sequence = self.sequence.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemClock.now();
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
        // The context keeps the last time and stays there while the wall clock stands behind it.
        Uuid::new_v7(Timestamp::from_unix(&*sequence, seconds, nanoseconds))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that makes random ids"
    )]
    fn random(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the system has a source of randomness");
        secret
    }

    fn dice(&self) -> f64 {
        let mut octets = [0; 4];
        getrandom::fill(&mut octets).expect("the system has a source of randomness");
        f64::from(u32::from_le_bytes(octets)) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_within_a_millisecond() {
        let ids = SystemIds::default();
        let made: Vec<_> = (0..10_000).map(|_| ids.next()).collect();
        assert!(made.is_sorted_by(|before, after| before < after));
    }

    #[test]
    fn dice_stay_between_nought_and_one() {
        let ids = SystemIds::default();
        assert!(
            (0..1000)
                .map(|_| ids.dice())
                .all(|dice| (0.0..=1.0).contains(&dice))
        );
    }
}
