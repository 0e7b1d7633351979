//! Passwords: what one must be like, and keeping and checking them by Argon2id.
//!
//! The cost is that of the OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane. Two are worked on at once
//! in the whole process, so that a crowd at the door takes neither all memory nor all processors.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use recado_ports::ids::Ids;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::access::Refusal;

/// How many passwords are hashed or checked at once.
const AT_ONCE: usize = 2;

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// Memory in KiB, passes and lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Octets of salt (RFC 9106 §3.1).
const SALT_OCTETS: usize = 16;

/// The hash of nobody's password, at the cost of any other: what a guess is held against where there is none, so that
/// the time of an answer does not tell who has an account.
const STAND_IN: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c3RhbmQtaW4gc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a text cannot become a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`NewPassword::MIN_CHARS`] (NIST SP 800-63B §5.1.1.2).
    #[error("a password needs at least {} characters", NewPassword::MIN_CHARS)]
    TooShort,
    /// More than [`NewPassword::MAX_CHARS`].
    #[error("a password has at most {} characters", NewPassword::MAX_CHARS)]
    TooLong,
}

/// A password that somebody may have from now on, to the letter. Debug shows nothing of it.
#[derive(Debug, Clone)]
pub struct NewPassword(SecretString);

impl NewPassword {
    /// Fewest characters.
    pub const MIN_CHARS: usize = 8;
    /// Most characters.
    pub const MAX_CHARS: usize = 200;

    /// Takes a password of 8 to 200 characters; nothing is trimmed.
    pub fn parse(password: SecretString) -> Result<Self, PasswordError> {
        match password.expose_secret().chars().count() {
            ..Self::MIN_CHARS => Err(PasswordError::TooShort),
            Self::MIN_CHARS..=Self::MAX_CHARS => Ok(Self(password)),
            _ => Err(PasswordError::TooLong),
        }
    }
}

/// The PHC string to keep in a password's place.
pub async fn hash(password: NewPassword, ids: &dyn Ids) -> Result<String, Refusal> {
    let salt = ids.secret();
    let hash = work(move || {
        let password = password.0.expose_secret().as_bytes();
        argon2().hash_password_with_salt(password, &salt[salt.len() - SALT_OCTETS..])
    });
    hash.await?
        .map(|hash| hash.to_string())
        .map_err(|error| Refusal::Internal("the password cannot be hashed".to_owned(), Box::new(error)))
}

/// Whether this is the password that `kept` is the PHC string of. It takes as long where nothing is kept.
pub async fn verify(password: SecretString, kept: Option<String>) -> Result<bool, Refusal> {
    let is_kept = kept.is_some();
    let fits = work(move || {
        let kept = kept.as_deref().unwrap_or(STAND_IN);
        argon2().verify_password(password.expose_secret().as_bytes(), kept)
    });
    match fits.await? {
        Ok(()) => Ok(is_kept),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(Refusal::Internal(
            "a password's hash in the database cannot be read".to_owned(),
            Box::new(error),
        )),
    }
}

fn argon2() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).expect("the cost is within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Does heavy work aside, when there is a place for it.
async fn work<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    let place = PLACES.acquire().await.expect("nobody closes the semaphore");
    let done = tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    });
    done.await
        .map_err(|error| Refusal::Internal("work on a password was broken off".to_owned(), Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use recado_test_support::ids::SequentialIds;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_password_has_8_to_200_characters_whatever_they_are() {
        for (text, fits) in [
            ("1234567".to_owned(), Err(PasswordError::TooShort)),
            ("ñandúes!".to_owned(), Ok(())),
            (" ".repeat(8), Ok(())),
            ("ñ".repeat(200), Ok(())),
            ("ñ".repeat(201), Err(PasswordError::TooLong)),
        ] {
            assert_eq!(NewPassword::parse(secret(&text)).map(|_| ()), fits, "{text}");
        }
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let ids = SequentialIds::new();
        let password = NewPassword::parse(secret(" correct horse ")).unwrap();
        let first = hash(password.clone(), &ids).await.unwrap();
        let second = hash(password, &ids).await.unwrap();
        assert_ne!(first, second, "the salt is another");
        for (guess, fits) in [
            (" correct horse ", true),
            ("correct horse", false),
            (" CORRECT HORSE ", false),
            ("", false),
        ] {
            assert_eq!(
                verify(secret(guess), Some(first.clone())).await.unwrap(),
                fits,
                "{guess:?}"
            );
        }
        assert!(!verify(secret(" correct horse "), None).await.unwrap());
    }

    #[tokio::test]
    async fn the_stand_in_costs_what_a_real_hash_costs() {
        let password = NewPassword::parse(secret("correct horse")).unwrap();
        let real = hash(password, &SequentialIds::new()).await.unwrap();
        let cost = |phc: &str| phc.split('$').take(4).map(ToOwned::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(STAND_IN), cost(&real));
        assert_eq!(cost(&real)[1..], ["argon2id", "v=19", "m=19456,t=2,p=1"]);
    }

    #[tokio::test]
    async fn a_hash_that_is_none_is_our_fault_and_not_shown() {
        let refused = verify(secret("correct horse"), Some("plain words".to_owned())).await;
        let Err(Refusal::Internal(message, _)) = refused else {
            panic!("{refused:?}")
        };
        assert!(!message.contains("plain words"), "{message}");
    }
}
