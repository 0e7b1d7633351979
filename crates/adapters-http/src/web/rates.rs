//! How often somebody may try: a bucket of tokens for each key, in a map that cannot grow without bound.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Most keys remembered at a time.
const ROOM: usize = 20_000;

/// A rate: as many at once, then one in each interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// At once.
    pub(crate) burst: u32,
    /// Time until one more.
    pub(crate) interval: Duration,
}

/// A bucket for each key.
pub(crate) struct Rates<K> {
    rate: Rate,
    room: usize,
    /// When each bucket will be full again; one that is full needs no entry.
    full_at: Mutex<HashMap<K, Duration>>,
}

impl<K: Eq + Hash + Clone> Rates<K> {
    pub(crate) fn new(rate: Rate) -> Self {
        Self::with_room(rate, ROOM)
    }

    fn with_room(rate: Rate, room: usize) -> Self {
        Self {
            rate,
            room,
            full_at: Mutex::default(),
        }
    }

    /// Counts a try at a monotonic time; the error is how long to wait for the next one.
    pub(crate) fn take(&self, key: &K, elapsed: Duration) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let Rate { burst, interval } = self.rate;
        let full = full_at.get(key).copied().unwrap_or_default().max(elapsed);
        let next = full + interval;
        let most = elapsed + interval * burst;
        if next > most {
            return Err(next.saturating_sub(most));
        }
        if full_at.len() >= self.room && !full_at.contains_key(key) {
            full_at.retain(|_, full| *full > elapsed);
            // All are in use: those who have tried least are forgiven first.
            if full_at.len() >= self.room
                && let Some(least) = full_at
                    .iter()
                    .min_by_key(|(_, full)| **full)
                    .map(|(key, _)| key.clone())
            {
                full_at.remove(&least);
            }
        }
        full_at.insert(key.clone(), next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        burst: 2,
        interval: Duration::from_secs(30),
    };

    #[test]
    fn a_few_go_at_once_and_then_as_time_passes() {
        let rates = Rates::new(RATE);
        let at = Duration::from_secs;
        assert_eq!(rates.take(&"a", at(100)), Ok(()));
        assert_eq!(rates.take(&"a", at(100)), Ok(()));
        assert_eq!(rates.take(&"a", at(110)), Err(at(20)));
        assert_eq!(rates.take(&"b", at(110)), Ok(()), "keys do not share");
        assert_eq!(rates.take(&"a", at(130)), Ok(()));
        assert!(rates.take(&"a", at(130)).is_err());
        assert_eq!(rates.take(&"a", at(1000)), Ok(()));
        assert_eq!(rates.take(&"a", at(1000)), Ok(()));
        assert!(
            rates.take(&"a", at(1000)).is_err(),
            "waiting long saves up no more than the burst"
        );
    }

    #[test]
    fn no_flood_of_keys_takes_more_than_the_room_nor_frees_a_key_that_is_shut() {
        let rates = Rates::with_room(RATE, 3);
        let at = Duration::from_secs;
        assert!(rates.take(&0, at(1)).is_ok() && rates.take(&0, at(1)).is_ok());
        for key in 1..100 {
            rates.take(&key, at(1)).unwrap();
            assert!(rates.full_at.lock().unwrap().len() <= 3);
        }
        assert!(rates.take(&0, at(1)).is_err());
    }
}
