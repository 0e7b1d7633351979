//! What callers may use up: octets, time, requests a minute, open streams.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

/// Limits of the HTTP API.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// Octets of the body that brings a comment, its attachments in base64 included. Other bodies have 4 MiB.
    pub comment_body: usize,
    /// Time for a request, from its head to the head of its answer; its body is read within it.
    pub request_time: Duration,
    /// Requests a minute and token, as many at once; `None` for no limit.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Streams of events open at a time, of all callers.
    pub event_streams: usize,
    /// Streams of pages open at a time, of all visitors.
    pub page_streams: usize,
}

impl Default for HttpLimits {
    /// 32 MiB (20 MiB of files in base64, and the longest text beside them), 60 s, no limit on requests, 256 streams
    /// of the API and 1,024 of pages.
    fn default() -> Self {
        Self {
            comment_body: 32 << 20,
            request_time: Duration::from_mins(1),
            requests_per_minute: None,
            event_streams: 256,
            page_streams: 1024,
        }
    }
}

/// A token bucket for each API token.
pub(crate) struct Rates {
    per_minute: Option<NonZeroU32>,
    /// As many entries as there are tokens: only those that exist come here.
    buckets: Mutex<HashMap<Uuid, Bucket>>,
}

struct Bucket {
    left: f64,
    filled_at: Duration,
}

impl Rates {
    pub(crate) fn new(per_minute: Option<NonZeroU32>) -> Self {
        Self {
            per_minute,
            buckets: Mutex::default(),
        }
    }

    /// Counts a request at a monotonic time; the error is how long to wait for the next one.
    pub(crate) fn take(&self, token: Uuid, elapsed: Duration) -> Result<(), Duration> {
        let Some(per_minute) = self.per_minute else {
            return Ok(());
        };
        let full = f64::from(per_minute.get());
        let per_second = full / 60.0;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(token).or_insert(Bucket {
            left: full,
            filled_at: elapsed,
        });
        let passed = elapsed.saturating_sub(bucket.filled_at);
        bucket.left = (bucket.left + passed.as_secs_f64() * per_second).min(full);
        bucket.filled_at = elapsed;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - bucket.left) / per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gets_its_requests_at_once_and_then_as_time_passes() {
        let rates = Rates::new(NonZeroU32::new(2));
        let (token, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let at = Duration::from_secs;
        assert_eq!(rates.take(token, at(0)), Ok(()));
        assert_eq!(rates.take(token, at(0)), Ok(()));
        assert_eq!(rates.take(token, at(0)), Err(at(30)));
        assert_eq!(rates.take(other, at(0)), Ok(()), "tokens do not share");
        assert_eq!(rates.take(token, at(30)), Ok(()));
        assert!(rates.take(token, at(30)).is_err());
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let rates = Rates::new(None);
        assert!((0..1000).all(|_| rates.take(Uuid::nil(), Duration::ZERO).is_ok()));
    }
}
