//! Parsing a body into a JSON value, stricter than JSON itself: a name stands once in an object, and the number of
//! values is bounded, since a megabyte of `0,` would otherwise become a hundred of memory.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Most values in a body: those of the largest ticket or template are a small part of it.
const MOST_VALUES: usize = 50_000;

/// Parses a JSON text; the error says where it is at fault, and shows nothing of it but a name.
pub(super) fn parse(octets: &[u8]) -> Result<Value, serde_json::Error> {
    let left = Cell::new(MOST_VALUES);
    let mut deserializer = serde_json::Deserializer::from_slice(octets);
    let value = Node(&left).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// A value, counted against what is left of the bound.
#[derive(Clone, Copy)]
struct Node<'b>(&'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.0.get().checked_sub(1);
        let left = left.ok_or_else(|| D::Error::custom(format!("more than {MOST_VALUES} values")))?;
        self.0.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("the name {name:?} stands twice")));
            }
            object.insert(name, fields.next_value_seed(self)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_is_read_as_serde_json_reads_it() {
        let text = r#" {"a": [null, true, -1, 18446744073709551615, 1.5, "\u00f1\n"], "b": {"": {}}} "#;
        assert_eq!(
            parse(text.as_bytes()).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        let error = parse(br#"{"text": "a", "author": {"x": 1, "x": 2}}"#).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the name \"x\" stands twice at line 1"),
            "{error}"
        );
    }

    #[test]
    fn more_values_than_any_request_needs_are_refused() {
        let list = |items: usize| format!("[{}0]", "0,".repeat(items - 1));
        assert!(parse(list(MOST_VALUES - 1).as_bytes()).is_ok());
        assert!(parse(list(MOST_VALUES).as_bytes()).is_err());
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "{}x", "nul", "\"\u{1}\"", r#""\ud800""#, "[1,]", "NaN"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"\"\xff\"").is_err());
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }
}
