//! Tokens of links that open one ticket to whoever holds them, for reading, until a time.
//!
//! Nothing is stored of them. Ticket and time stand in the token, and a MAC of 128 bits over both; who reads them learns
//! the ticket's id, which opens nothing, and not its number.

use jiff::Timestamp;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::{BASE32_NOPAD, Key, Keyring, decode};
use crate::ticket::TicketId;

/// Octets of the MAC. A token stands in a URL, where there is room.
const MAC: usize = 16;

/// Key id, ticket, seconds since 1970, MAC.
const OCTETS: usize = 1 + 16 + 8 + MAC;

impl Keyring {
    /// A token that opens a ticket for reading until a time: 66 characters of base32 in lower case. Fractions of a
    /// second are cut off.
    ///
    /// ```
    /// # use jiff::{Timestamp, ToSpan as _};
    /// # use recado_domain::{ticket::TicketId, token::Keyring};
    /// let keys = Keyring::new(&[7; 32], &[])?;
    /// let ticket = TicketId(uuid::Uuid::from_u128(1));
    /// let until = Timestamp::UNIX_EPOCH + 50.minutes();
    /// let token = keys.view_token(ticket, until);
    /// assert_eq!(keys.opened_by(&token, Timestamp::UNIX_EPOCH), Some(ticket));
    /// assert_eq!(keys.opened_by(&token, until), None);
    /// # Ok::<(), recado_domain::token::SecretError>(())
    /// ```
    pub fn view_token(&self, ticket: TicketId, expires_at: Timestamp) -> String {
        let mut octets = Vec::with_capacity(OCTETS);
        octets.push(self.current.id);
        octets.extend_from_slice(ticket.0.as_bytes());
        octets.extend_from_slice(&expires_at.as_second().to_be_bytes());
        let mac = self.current.view_mac(&octets[1..]);
        octets.extend_from_slice(&mac);
        BASE32_NOPAD.encode(&octets).to_ascii_lowercase()
    }

    /// The ticket that a token opens at `now`, in any letter case; `None` for one that has expired, or that no secret of
    /// ours signed.
    pub fn opened_by(&self, token: &str, now: Timestamp) -> Option<TicketId> {
        let octets = decode(token).filter(|octets| octets.len() == OCTETS)?;
        let (signed, mac) = octets[1..].split_at(OCTETS - 1 - MAC);
        let is_ours = std::iter::once(&self.current)
            .chain(&self.previous)
            .filter(|key| key.id == octets[0])
            .any(|key| key.view_mac(signed).ct_eq(mac).into());
        let (ticket, seconds) = signed.split_at(16);
        let expires_at = i64::from_be_bytes(seconds.try_into().ok()?);
        (is_ours && now.as_second() < expires_at)
            .then(|| Uuid::from_slice(ticket).ok().map(TicketId))
            .flatten()
    }
}

impl Key {
    fn view_mac(&self, signed: &[u8]) -> [u8; MAC] {
        let full = self.signature("view", signed);
        full[..MAC].try_into().expect("an HMAC-SHA-256 has 32 octets")
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    const TICKET: TicketId = TicketId(Uuid::from_u128(11));

    fn now() -> Timestamp {
        "2026-03-04T05:06:07Z".parse().unwrap()
    }

    #[test]
    fn any_changed_character_opens_nothing() {
        let keys = Keyring::new(&[1; 32], &[]).unwrap();
        let token = keys.view_token(TICKET, now() + 1.hour());
        assert_eq!(token.len(), 66);
        assert_eq!(keys.opened_by(&token.to_uppercase(), now()), Some(TICKET));
        for position in 0..token.len() {
            let replacement = if token.as_bytes()[position] == b'a' {
                "b"
            } else {
                "a"
            };
            let mut forged = token.clone();
            forged.replace_range(position..=position, replacement);
            assert_eq!(keys.opened_by(&forged, now()), None, "position {position}");
        }
        for text in [
            "",
            "a",
            &token[1..],
            &format!("{token}a"),
            &format!("{token}{token}"),
            "ñ",
        ] {
            assert_eq!(keys.opened_by(text, now()), None, "{text:?}");
        }
    }

    #[test]
    fn it_opens_until_its_time_and_no_longer() {
        let keys = Keyring::new(&[1; 32], &[]).unwrap();
        let token = keys.view_token(TICKET, now() + 50.minutes());
        assert_eq!(keys.opened_by(&token, now() + 49.minutes()), Some(TICKET));
        assert_eq!(keys.opened_by(&token, now() + 50.minutes()), None);
    }

    #[test]
    fn a_rotated_secret_still_opens_while_it_is_listed() {
        let old = Keyring::new(&[1; 32], &[]).unwrap();
        let token = old.view_token(TICKET, now() + 1.hour());
        let rotated = Keyring::new(&[2; 32], &[&[1; 32]]).unwrap();
        let forgotten = Keyring::new(&[2; 32], &[]).unwrap();
        assert_eq!(rotated.opened_by(&token, now()), Some(TICKET));
        assert_eq!(forgotten.opened_by(&token, now()), None);
    }
}
