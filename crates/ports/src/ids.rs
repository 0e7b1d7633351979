//! Randomness: ids made before the insert, secrets, and dice for jitter.

use uuid::Uuid;

/// The source of everything unforeseeable.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Ids: Send + Sync {
    /// A UUIDv7 (RFC 9562 §5.7), later than every one before it from this source.
    fn next(&self) -> Uuid;

    /// A random UUID (version 4), for lease tokens.
    fn random(&self) -> Uuid;

    /// 32 octets fit for a secret.
    fn secret(&self) -> [u8; 32];

    /// A number from 0 to 1, for jitter.
    fn dice(&self) -> f64;
}
