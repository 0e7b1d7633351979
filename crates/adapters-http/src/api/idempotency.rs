//! `Idempotency-Key`: a caller that never learnt whether its request arrived repeats it, and nothing happens twice.
//!
//! The store keeps key and answer with what they caused, so a repeated request gets the first one's answer. Here are the
//! key's form, the digest by which another request under the same key is told, and the requests still in flight.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use recado_ports::comments::IdempotencyKey;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::problem::{Kind, Problem};

const HEADER: &str = "idempotency-key";

/// Longest key, in characters.
const MAX_CHARS: usize = 255;

/// The request's key, when it has one, in the scope of its token.
pub(super) fn key(headers: &HeaderMap, token: Uuid) -> Result<Option<IdempotencyKey>, Problem> {
    let mut given = headers.get_all(HEADER).iter();
    let Some(value) = given.next() else {
        return Ok(None);
    };
    let visible = |key: &&str| {
        (1..=MAX_CHARS).contains(&key.len()) && key.bytes().all(|octet| octet.is_ascii_graphic())
    };
    let key = value
        .to_str()
        .ok()
        .filter(visible)
        .filter(|_| given.next().is_none())
        .ok_or_else(|| {
            Problem::malformed(format!(
                "Idempotency-Key must be given once, with 1 to {MAX_CHARS} visible ASCII characters"
            ))
        })?;
    Ok(Some(IdempotencyKey {
        scope: token.to_string(),
        key: key.to_owned(),
    }))
}

/// What makes two requests the same: method, path, and the body as a JSON value, whatever its spacing and key order.
pub(super) fn digest(method: &str, path: &[&str], body: &Value) -> String {
    let mut digest = Sha256::new();
    feed_text(&mut digest, method);
    for segment in path {
        feed_text(&mut digest, segment);
    }
    feed(&mut digest, body);
    data_encoding::HEXLOWER.encode(&digest.finalize())
}

/// Every value begins with its kind and its length, so that no two values feed the same octets.
fn feed(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Null => digest.update(b"z"),
        Value::Bool(false) => digest.update(b"f"),
        Value::Bool(true) => digest.update(b"t"),
        Value::Number(number) => {
            digest.update(b"n");
            feed_text(digest, &number.to_string());
        }
        Value::String(text) => {
            digest.update(b"s");
            feed_text(digest, text);
        }
        Value::Array(items) => {
            digest.update(b"a");
            digest.update((items.len() as u64).to_be_bytes());
            for item in items {
                feed(digest, item);
            }
        }
        Value::Object(fields) => {
            digest.update(b"o");
            digest.update((fields.len() as u64).to_be_bytes());
            // serde_json keeps the order as given when any crate of the build asks it to.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in fields {
                feed_text(digest, name);
                feed(digest, value);
            }
        }
    }
}

fn feed_text(digest: &mut Sha256, text: &str) {
    digest.update((text.len() as u64).to_be_bytes());
    digest.update(text);
}

/// The keys whose first request this process is still working on.
#[derive(Debug, Default)]
pub(super) struct InFlight(Arc<Mutex<HashSet<IdempotencyKey>>>);

/// A key in flight; it lands when this is dropped.
#[derive(Debug)]
pub(super) struct Flight {
    keys: Arc<Mutex<HashSet<IdempotencyKey>>>,
    key: IdempotencyKey,
}

impl InFlight {
    /// Takes a key off, unless it is in flight already.
    pub(super) fn take_off(&self, key: &IdempotencyKey) -> Result<Flight, Problem> {
        if !self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone())
        {
            let detail =
                "a request with this Idempotency-Key is still being worked on; repeat it in a moment";
            return Err(Problem::new(Kind::InFlight, detail).retry_after(1));
        }
        Ok(Flight {
            keys: self.0.clone(),
            key: key.clone(),
        })
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(text: &str) -> String {
        digest("POST", &["1"], &serde_json::from_str(text).unwrap())
    }

    #[test]
    fn key_order_and_spacing_do_not_make_another_request() {
        assert_eq!(
            of(r#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#),
            of(r#" { "b": {"d":"\u0078","c":[1, 2]}, "a":1 } "#)
        );
    }

    #[test]
    fn another_value_or_path_makes_another_request() {
        let body = json!({"text": "a"});
        let digests = [
            digest("POST", &["1"], &body),
            digest("POST", &["2"], &body),
            digest("POST", &["1", ""], &body),
            of(r#"{"text":"b"}"#),
            of(r#"{"text":null}"#),
            of(r#"{"text":["a"]}"#),
            of(r#"{"text":"a","kind":"note"}"#),
        ];
        assert_eq!(digests.iter().collect::<HashSet<_>>().len(), digests.len());
    }

    #[test]
    fn a_key_is_in_flight_until_its_request_is_done() {
        let key = IdempotencyKey {
            scope: "t".to_owned(),
            key: "k".to_owned(),
        };
        let in_flight = InFlight::default();
        let first = in_flight.take_off(&key).unwrap();
        assert!(in_flight.take_off(&key).is_err());
        drop(first);
        assert!(in_flight.take_off(&key).is_ok());
    }

    #[test]
    fn a_key_that_is_empty_long_blank_or_double_is_refused() {
        let mut headers = HeaderMap::new();
        assert_eq!(key(&headers, Uuid::nil()).unwrap(), None);
        for bad in ["", "a b", "ñ", &"k".repeat(256)] {
            headers.insert(
                HEADER,
                axum::http::HeaderValue::from_bytes(bad.as_bytes()).unwrap(),
            );
            assert!(key(&headers, Uuid::nil()).is_err(), "{bad:?}");
        }
        headers.insert(HEADER, "one".parse().unwrap());
        assert_eq!(key(&headers, Uuid::nil()).unwrap().unwrap().key, "one");
        headers.append(HEADER, "two".parse().unwrap());
        assert!(key(&headers, Uuid::nil()).is_err());
    }
}
