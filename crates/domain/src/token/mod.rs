//! Signed carriers: Message-IDs and reply tokens that nobody can guess, bound to ticket, recipient and row.
//!
//! Both name an outbox row and prove it with an 80-bit HMAC-SHA-256 over ticket, recipient and row, under a secret
//! that only the daemons know. Neither shows the ticket's number.

mod reference;
mod view;

use std::fmt;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::outbox::DeliveryId;
use crate::person::EmailAddress;
use crate::ticket::TicketId;

pub use reference::{reference_line, reference_tokens, without_carriers};

/// Octets of the MAC that a carrier holds.
const MAC_OCTETS: usize = 10;

/// What a carrier is signed for: one that was signed as one kind proves nothing as another.
const MESSAGE_ID: &str = "message-id";
const REPLY: &str = "reply";
const RETURN: &str = "return";
const SET_UP: &str = "set up";

/// Octets of the MAC that a set-up token is: it is typed by nobody, and guards the whole installation.
const SETUP_OCTETS: usize = 20;

/// Why a secret cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Fewer than [`Keyring::MIN_OCTETS`].
    #[error("the signing secret has {0} octets; it needs at least {min}", min = Keyring::MIN_OCTETS)]
    TooShort(usize),
}

/// The signing secret, and those before it that are still accepted.
///
/// Debug shows no secret.
#[derive(Debug)]
pub struct Keyring {
    current: Key,
    previous: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    id: u8,
    secret: SecretSlice<u8>,
}

impl Key {
    fn new(secret: &[u8]) -> Result<Self, SecretError> {
        if secret.len() < Keyring::MIN_OCTETS {
            return Err(SecretError::TooShort(secret.len()));
        }
        let id = digest(b"key id", secret)[0];
        Ok(Self {
            id,
            secret: SecretSlice::from(secret.to_vec()),
        })
    }

    fn fingerprint(&self) -> String {
        let digest = digest(b"fingerprint", self.secret.expose_secret());
        data_encoding::HEXLOWER.encode(&digest[..8])
    }

    /// The beginning of a MAC: what is made for one purpose proves nothing for another.
    fn begin(&self, purpose: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose_secret())
            .expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac
    }

    fn setup_token(&self) -> String {
        let full = self.begin(SET_UP).finalize().into_bytes();
        BASE32_NOPAD.encode(&full[..SETUP_OCTETS]).to_ascii_lowercase()
    }

    fn mac(&self, purpose: &str, subject: &Subject<'_>) -> [u8; MAC_OCTETS] {
        let mut mac = self.begin(purpose);
        // Each field is of fixed length or stands last, so no two subjects give the same input.
        mac.update(subject.ticket.map_or(Uuid::nil(), |ticket| ticket.0).as_bytes());
        mac.update(subject.delivery.0.as_bytes());
        mac.update(subject.recipient.as_str().as_bytes());
        let full = mac.finalize().into_bytes();
        let mut short = [0; MAC_OCTETS];
        short.copy_from_slice(&full[..MAC_OCTETS]);
        short
    }
}

impl Key {
    /// An HMAC-SHA-256 over a purpose and octets.
    fn signature(&self, purpose: &str, octets: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose_secret())
            .expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(octets);
        mac.finalize().into_bytes().into()
    }
}

fn digest(purpose: &[u8], secret: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(purpose)
        .chain_update([0])
        .chain_update(secret)
        .finalize()
        .into()
}

/// What a carrier is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The ticket; none for a test mail.
    pub ticket: Option<TicketId>,
    /// Whom the mail goes to.
    pub recipient: &'a EmailAddress,
    /// The outbox row.
    pub delivery: DeliveryId,
}

impl Keyring {
    /// Shortest secret that signs, in octets.
    pub const MIN_OCTETS: usize = 32;

    /// A keyring that signs with `current` and still accepts `previous`.
    pub fn new(current: &[u8], previous: &[&[u8]]) -> Result<Self, SecretError> {
        let previous = previous
            .iter()
            .map(|secret| Key::new(secret))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            current: Key::new(current)?,
            previous,
        })
    }

    /// Tells whether two daemons sign alike, without telling the secret: 16 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        self.current.fingerprint()
    }

    /// The fingerprints of the secrets that are still accepted beside the one that signs.
    pub fn older_fingerprints(&self) -> Vec<String> {
        self.previous.iter().map(Key::fingerprint).collect()
    }

    /// The Message-ID of a mail, the same at every call: `row.signature@domain`.
    ///
    /// ```
    /// # use recado_domain::{outbox::DeliveryId, person::EmailAddress, ticket::TicketId, token::*};
    /// # use uuid::Uuid;
    /// let keys = Keyring::new(&[7; 32], &[])?;
    /// let ana = EmailAddress::parse("ana@example.com").unwrap();
    /// let subject = Subject {
    ///     ticket: Some(TicketId(Uuid::from_u128(1))),
    ///     recipient: &ana,
    ///     delivery: DeliveryId(Uuid::from_u128(2)),
    /// };
    /// let id = keys.message_id(&subject, "desk.example.com");
    /// let carrier = id.carrier().expect("our own Message-ID carries a row");
    /// assert_eq!(carrier.delivery(), subject.delivery);
    /// assert!(keys.proves(&carrier, &subject));
    /// let other = Subject { ticket: Some(TicketId(Uuid::from_u128(3))), ..subject };
    /// assert!(!keys.proves(&carrier, &other));
    /// # Ok::<(), SecretError>(())
    /// ```
    pub fn message_id(&self, subject: &Subject<'_>, domain: &str) -> MessageId {
        let mac = BASE32_NOPAD
            .encode(&self.current.mac(MESSAGE_ID, subject))
            .to_ascii_lowercase();
        MessageId(format!("{}.{mac}@{domain}", subject.delivery.0.simple()))
    }

    /// The token for the plus-address of `Reply-To`: 44 characters of base32 in lower case.
    pub fn reply_token(&self, subject: &Subject<'_>) -> ReplyToken {
        ReplyToken(self.token(REPLY, subject))
    }

    /// The token for the plus-address of a return path (VERP): 45 characters, `b` before what looks like a reply token
    /// and is none.
    pub fn return_token(&self, subject: &Subject<'_>) -> ReturnToken {
        ReturnToken(format!("b{}", self.token(RETURN, subject)))
    }

    /// The token that opens the set-up page while there is no administrator: 32 characters, the same for every daemon
    /// that signs with this secret.
    pub fn setup_token(&self) -> String {
        self.current.setup_token()
    }

    /// Whether a text is the set-up token, by the current secret or one still accepted. The comparison takes the same
    /// time whatever differs.
    pub fn is_setup_token(&self, text: &str) -> bool {
        let keys = std::iter::once(&self.current).chain(&self.previous);
        keys.fold(false, |found, key| {
            found | bool::from(key.setup_token().as_bytes().ct_eq(text.as_bytes()))
        })
    }

    /// Key id, row and MAC in base32: 44 characters in lower case.
    fn token(&self, purpose: &str, subject: &Subject<'_>) -> String {
        let mut octets = Vec::with_capacity(1 + 16 + MAC_OCTETS);
        octets.push(self.current.id);
        octets.extend_from_slice(subject.delivery.0.as_bytes());
        octets.extend_from_slice(&self.current.mac(purpose, subject));
        BASE32_NOPAD.encode(&octets).to_ascii_lowercase()
    }

    /// Whether a carrier was signed for this subject, by the current secret or one still accepted.
    /// The comparison takes the same time whatever differs.
    pub fn proves(&self, carrier: &Carrier, subject: &Subject<'_>) -> bool {
        carrier.delivery == subject.delivery
            && std::iter::once(&self.current)
                .chain(&self.previous)
                .filter(|key| carrier.key.is_none_or(|id| key.id == id))
                .any(|key| key.mac(carrier.purpose, subject).ct_eq(&carrier.mac).into())
    }
}

/// A row's id and its proof, read from a Message-ID or a reply token; proves nothing until [`Keyring::proves`] says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    key: Option<u8>,
    delivery: DeliveryId,
    mac: [u8; MAC_OCTETS],
    purpose: &'static str,
}

impl Carrier {
    /// The row that it claims to come from.
    pub fn delivery(&self) -> DeliveryId {
        self.delivery
    }
}

/// A Message-ID without its angle brackets (RFC 5322 §3.6.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// Reads a Message-ID as stored or received, with or without angle brackets; `None` when it could not stand in
    /// a header.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text
            .strip_prefix('<')
            .and_then(|inner| inner.strip_suffix('>'))
            .unwrap_or(text);
        let fits = |c: char| !c.is_control() && !c.is_whitespace() && !"<>".contains(c);
        (!text.is_empty() && text.len() <= 900 && text.chars().all(fits)).then(|| Self(text.to_owned()))
    }

    /// The thread id of a ticket, unsigned and no carrier: it groups a ticket's mails in a mail program.
    pub fn of_thread(ticket: TicketId, domain: &str) -> Self {
        Self(format!("thread.{}@{domain}", ticket.0.simple()))
    }

    /// `local@domain`, without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the domain. Of one of our own it goes along as envelope id (RFC 3461 §4.4), and reports bring
    /// it back.
    pub fn envelope_id(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }

    /// The row and proof in one of our own Message-IDs, or in the envelope id that was made of it.
    pub fn carrier(&self) -> Option<Carrier> {
        let (row, mac) = self.envelope_id().split_once('.')?;
        let delivery = DeliveryId(Uuid::try_parse(row).ok()?);
        let mac = decode(mac)?.try_into().ok()?;
        Some(Carrier {
            key: None,
            delivery,
            mac,
            purpose: MESSAGE_ID,
        })
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

/// The token in a Reply-To plus-address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReplyToken(String);

impl ReplyToken {
    /// Reads a token in any letter case: mail programs and servers change it. `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let token = Self(text.to_ascii_lowercase());
        token.carrier().map(|_| token)
    }

    /// 44 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The row and proof in it.
    pub fn carrier(&self) -> Option<Carrier> {
        token_carrier(&self.0, REPLY)
    }
}

/// The token in a return path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReturnToken(String);

impl ReturnToken {
    /// Reads a token in any letter case. `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let token = Self(text.to_ascii_lowercase());
        token.carrier().map(|_| token)
    }

    /// 45 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The row and proof in it.
    pub fn carrier(&self) -> Option<Carrier> {
        token_carrier(self.0.strip_prefix('b')?, RETURN)
    }
}

fn token_carrier(text: &str, purpose: &'static str) -> Option<Carrier> {
    let octets = decode(text)?;
    let (&key, rest) = octets.split_first()?;
    let (row, mac) = rest.split_at_checked(16)?;
    Some(Carrier {
        key: Some(key),
        delivery: DeliveryId(Uuid::from_slice(row).ok()?),
        mac: mac.try_into().ok()?,
        purpose,
    })
}

fn decode(text: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn subject(recipient: &EmailAddress) -> Subject<'_> {
        Subject {
            ticket: Some(TicketId(Uuid::from_u128(11))),
            recipient,
            delivery: DeliveryId(Uuid::from_u128(12)),
        }
    }

    #[test]
    fn a_token_fits_a_local_part_and_survives_a_change_of_case() {
        let keys = Keyring::new(&[1; 32], &[]).unwrap();
        let ana = address("ana@example.com");
        let token = keys.reply_token(&subject(&ana));
        assert!(token.as_str().len() <= 50, "{}", token.as_str());
        let shouted = ReplyToken::parse(&token.as_str().to_uppercase()).unwrap();
        assert!(keys.proves(&shouted.carrier().unwrap(), &subject(&ana)));
    }

    #[test]
    fn a_carrier_is_bound_to_ticket_recipient_row_and_purpose() {
        let keys = Keyring::new(&[1; 32], &[]).unwrap();
        let (ana, eve) = (address("ana@example.com"), address("eve@example.com"));
        let own = subject(&ana);
        let carrier = keys.reply_token(&own).carrier().unwrap();
        assert!(keys.proves(&carrier, &own));
        assert!(!keys.proves(
            &carrier,
            &Subject {
                recipient: &eve,
                ..own
            }
        ));
        assert!(!keys.proves(&carrier, &Subject { ticket: None, ..own }));
        assert!(!keys.proves(
            &carrier,
            &Subject {
                delivery: DeliveryId(Uuid::from_u128(13)),
                ..own
            }
        ));
        let swapped = Carrier {
            purpose: MESSAGE_ID,
            ..carrier
        };
        assert!(!keys.proves(&swapped, &own));
    }

    #[test]
    fn any_changed_character_of_a_token_proves_nothing() {
        let keys = Keyring::new(&[1; 32], &[]).unwrap();
        let ana = address("ana@example.com");
        let token = keys.reply_token(&subject(&ana)).as_str().to_owned();
        for position in 0..token.len() {
            let replacement = if token.as_bytes()[position] == b'a' {
                "b"
            } else {
                "a"
            };
            let mut forged = token.clone();
            forged.replace_range(position..=position, replacement);
            let proven = ReplyToken::parse(&forged)
                .and_then(|token| token.carrier())
                .is_some_and(|carrier| keys.proves(&carrier, &subject(&ana)));
            assert!(!proven, "position {position}");
        }
    }

    #[test]
    fn a_rotated_secret_is_accepted_while_it_is_listed() {
        let old = Keyring::new(&[1; 32], &[]).unwrap();
        let ana = address("ana@example.com");
        let carrier = old.reply_token(&subject(&ana)).carrier().unwrap();
        let rotated = Keyring::new(&[2; 32], &[&[1; 32]]).unwrap();
        let forgotten = Keyring::new(&[2; 32], &[]).unwrap();
        assert!(rotated.proves(&carrier, &subject(&ana)));
        assert!(!forgotten.proves(&carrier, &subject(&ana)));
        assert_ne!(old.fingerprint(), rotated.fingerprint());
        assert_eq!(forgotten.fingerprint(), rotated.fingerprint());
    }

    #[test]
    fn the_set_up_token_is_the_same_for_all_who_sign_alike_and_no_one_elses() {
        let (one, two) = (
            Keyring::new(&[1; 32], &[]).unwrap(),
            Keyring::new(&[2; 32], &[&[1; 32]]).unwrap(),
        );
        let token = one.setup_token();
        assert_eq!(token.len(), 32);
        assert!(
            token
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
            "{token}"
        );
        assert_eq!(token, Keyring::new(&[1; 32], &[]).unwrap().setup_token());
        assert!(one.is_setup_token(&token) && two.is_setup_token(&token));
        assert!(!one.is_setup_token(&two.setup_token()));
        for wrong in ["", &token[1..], &token.to_uppercase(), &format!("{token}a")] {
            assert!(!one.is_setup_token(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_shown() {
        assert_eq!(
            Keyring::new(&[1; 31], &[]).unwrap_err(),
            SecretError::TooShort(31)
        );
        let shown = format!(
            "{:?}",
            Keyring::new(b"0123456789abcdef0123456789abcdef", &[]).unwrap()
        );
        assert!(
            !shown.contains("0123456789") && !shown.contains("48, 49"),
            "{shown}"
        );
    }

    #[test]
    fn a_return_token_is_no_reply_token_and_fits_a_local_part() {
        let keys = Keyring::new(&[1; 32], &[]).unwrap();
        let ana = address("ana@example.com");
        let token = keys.return_token(&subject(&ana));
        assert_eq!(token.as_str().len(), 45);
        assert!(ReplyToken::parse(token.as_str()).is_none());
        let read = ReturnToken::parse(&token.as_str().to_uppercase()).unwrap();
        assert!(keys.proves(&read.carrier().unwrap(), &subject(&ana)));
        let as_reply = ReplyToken::parse(&token.as_str()[1..]).unwrap();
        assert!(!keys.proves(&as_reply.carrier().unwrap(), &subject(&ana)));
    }

    #[test]
    fn an_envelope_id_proves_what_its_message_id_proves() {
        let keys = Keyring::new(&[1; 32], &[]).unwrap();
        let ana = address("ana@example.com");
        let id = keys.message_id(&subject(&ana), "example.org");
        let envelope = MessageId::parse(id.envelope_id()).unwrap();
        assert!(keys.proves(&envelope.carrier().unwrap(), &subject(&ana)));
    }

    #[test]
    fn a_message_id_that_could_break_a_header_is_none() {
        assert_eq!(MessageId::parse("<a@b>").unwrap().to_string(), "<a@b>");
        for text in ["", "a b@c", "a@b>\r\nBcc: x", "<a@b><c@d>"] {
            assert_eq!(MessageId::parse(text), None, "{text:?}");
        }
    }
}
