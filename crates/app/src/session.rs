//! What a session is made of, and how long it lasts.

use jiff::{SignedDuration, Timestamp};
use recado_domain::person::UserId;
use recado_ports::ids::Ids;
use recado_ports::sessions::{NewSession, SecretHash};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// Ends a session that nobody used for so long.
pub(crate) const IDLE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Ends a session, used or not.
const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is kept of a browser's own words.
const DEVICE_CHARS: usize = 200;

/// A session to open, and the secret that its browser shall bear.
pub(crate) struct Fresh {
    pub(crate) secret: SecretString,
    pub(crate) session: NewSession,
}

/// A session of an account that begins now.
pub(crate) fn fresh(user: UserId, device: &str, now: Timestamp, ids: &dyn Ids) -> Fresh {
    let (secret, hash) = secret(ids);
    let device = device.chars().map(|c| if c.is_control() { ' ' } else { c });
    Fresh {
        secret: SecretString::from(secret),
        session: NewSession {
            id: ids.next(),
            user,
            hash,
            device: device.take(DEVICE_CHARS).collect(),
            opened_at: now,
            idle_until: now + IDLE,
            ends_at: now + LONGEST,
        },
    }
}

/// 256 random bits in 43 characters fit for a cookie and a path, and what is kept of them.
pub(crate) fn secret(ids: &dyn Ids) -> (String, SecretHash) {
    let secret = data_encoding::BASE64URL_NOPAD.encode(&ids.secret());
    let hash = hash(&secret);
    (secret, hash)
}

/// What is kept of a secret.
pub(crate) fn hash(secret: &str) -> SecretHash {
    SecretHash(data_encoding::HEXLOWER.encode(&Sha256::digest(secret)))
}
