//! Reading a JSON object field by field, so that every fault is told and not the first alone, and a field that is not
//! ours is refused by name: nobody sets an author, a ticket or a date by adding it to a body.

use std::fmt::Display;

use recado_app::access::FieldError;
use recado_domain::person::{EmailAddress, Party, PersonName};
use serde_json::{Map, Value};

use super::problem::Problem;

/// Most faults that are told: whoever has more, has made one mistake many times.
const MOST_FAULTS: usize = 100;

/// What was found wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FieldError>);

impl Faults {
    /// Notes a fault; gives `None`, so that a reader can end with it.
    pub(crate) fn note<T>(&mut self, field: &str, message: impl Display) -> Option<T> {
        if self.0.len() < MOST_FAULTS {
            self.0.push(FieldError::new(field, message));
        }
        None
    }

    /// `value` when nothing was wrong. A reader that gave `None` has noted why.
    pub(crate) fn settle<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Problem::invalid(self.0)),
        }
    }
}

/// Turns one value into what it stands for, or notes why not. The text is the field's full name.
pub(crate) trait Read<T>: Fn(&str, Value, &mut Faults) -> Option<T> {}
impl<T, F: Fn(&str, Value, &mut Faults) -> Option<T>> Read<T> for F {}

/// An object whose fields are taken out one by one.
#[derive(Debug)]
pub(crate) struct Object {
    path: String,
    fields: Map<String, Value>,
}

impl Object {
    /// The object that a request's body must be.
    pub(crate) fn of_body(body: Value) -> Result<Self, Problem> {
        match body {
            Value::Object(fields) => Ok(Self {
                path: String::new(),
                fields,
            }),
            other => Err(Problem::malformed(format!(
                "the body must be a JSON object, not {}",
                kind(&other)
            ))),
        }
    }

    fn nested(path: &str, value: Value, faults: &mut Faults) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self {
                path: format!("{path}."),
                fields,
            }),
            other => faults.note(path, format!("must be an object, not {}", kind(&other))),
        }
    }

    /// Takes a field out; it may be absent.
    pub(crate) fn take(&mut self, name: &str) -> Field {
        Field {
            path: format!("{}{name}", self.path),
            given: self.fields.remove(name),
        }
    }

    /// Notes every field that was not taken.
    pub(crate) fn finish(self, faults: &mut Faults) {
        for name in self.fields.keys() {
            faults.note::<()>(
                &format!("{}{}", self.path, name.escape_debug()),
                "is not a field of this request",
            );
        }
    }
}

/// A field as it was given, or not.
#[derive(Debug)]
pub(crate) struct Field {
    path: String,
    given: Option<Value>,
}

impl Field {
    /// Whether it was not given, not even as null.
    pub(crate) fn is_absent(&self) -> bool {
        self.given.is_none()
    }

    /// Must be there.
    pub(crate) fn required<T>(self, faults: &mut Faults, read: impl Read<T>) -> Option<T> {
        match self.given {
            None => faults.note(&self.path, "is needed"),
            Some(Value::Null) => faults.note(&self.path, "is needed; it cannot be null"),
            Some(value) => read(&self.path, value, faults),
        }
    }

    /// May be absent or null, which is the same.
    pub(crate) fn optional<T>(self, faults: &mut Faults, read: impl Read<T>) -> Option<T> {
        match self.given {
            None | Some(Value::Null) => None,
            Some(value) => read(&self.path, value, faults),
        }
    }

    /// May be absent, which changes nothing; cannot be cleared.
    pub(crate) fn kept<T>(self, faults: &mut Faults, read: impl Read<T>) -> Option<T> {
        match self.given {
            Some(Value::Null) => faults.note(&self.path, "cannot be cleared; leave it out to keep it"),
            given => given.and_then(|value| read(&self.path, value, faults)),
        }
    }

    /// Absent changes nothing, null clears.
    #[expect(
        clippy::option_option,
        reason = "absent, null and a value are three things, as in the use cases' changes"
    )]
    pub(crate) fn clearable<T>(self, faults: &mut Faults, read: impl Read<T>) -> Option<Option<T>> {
        match self.given? {
            Value::Null => Some(None),
            value => read(&self.path, value, faults).map(Some),
        }
    }
}

/// A text.
pub(crate) fn text(path: &str, value: Value, faults: &mut Faults) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        other => faults.note(path, format!("must be a text, not {}", kind(&other))),
    }
}

/// `true` or `false`.
pub(crate) fn flag(path: &str, value: Value, faults: &mut Faults) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(flag),
        other => faults.note(path, format!("must be true or false, not {}", kind(&other))),
    }
}

/// One of a few words.
pub(crate) fn word<T>(words: &'static [&'static str], parse: impl Fn(&str) -> Option<T>) -> impl Read<T> {
    move |path, value, faults| {
        let given = text(path, value, faults)?;
        parse(&given).or_else(|| faults.note(path, format!("must be one of: {}", words.join(", "))))
    }
}

/// A text that a newtype's own `parse` takes.
pub(crate) fn parsed<T, E: Display>(parse: impl Fn(&str) -> Result<T, E>) -> impl Read<T> {
    move |path, value, faults| {
        let given = text(path, value, faults)?;
        parse(&given).map_err(|error| faults.note::<()>(path, error)).ok()
    }
}

/// An e-mail address.
pub(crate) fn address(path: &str, value: Value, faults: &mut Faults) -> Option<EmailAddress> {
    parsed(EmailAddress::parse)(path, value, faults)
}

/// `{name, email}`.
pub(crate) fn party(path: &str, value: Value, faults: &mut Faults) -> Option<Party> {
    let mut object = Object::nested(path, value, faults)?;
    let name = object.take("name").required(faults, parsed(PersonName::parse));
    let email = object.take("email").required(faults, address);
    object.finish(faults);
    Some(Party {
        name: name?,
        email: email?,
    })
}

/// A list; each item is named by its place, from 0.
pub(crate) fn list<T>(read: impl Read<T>) -> impl Read<Vec<T>> {
    move |path, value, faults| {
        let Value::Array(items) = value else {
            return faults.note(path, format!("must be a list, not {}", kind(&value)));
        };
        let given = items.len();
        let read: Vec<T> = items
            .into_iter()
            .enumerate()
            .filter_map(|(place, item)| read(&format!("{path}.{place}"), item, faults))
            .collect();
        (read.len() == given).then_some(read)
    }
}

/// An object that a function reads; fields that it leaves are refused.
pub(crate) fn object<T>(read: impl Fn(&mut Object, &mut Faults) -> Option<T>) -> impl Read<T> {
    move |path, value, faults| {
        let mut object = Object::nested(path, value, faults)?;
        let value = read(&mut object, faults);
        object.finish(faults);
        value
    }
}

/// An object of texts under names of the caller's choice; null leaves a name out.
pub(crate) fn texts<C: FromIterator<(String, String)>>(
    path: &str,
    value: Value,
    faults: &mut Faults,
) -> Option<C> {
    let Value::Object(fields) = value else {
        return faults.note(path, format!("must be an object, not {}", kind(&value)));
    };
    let read = |(name, value): (String, Value)| {
        let value = text(&format!("{path}.{}", name.escape_debug()), value, faults)?;
        Some((name, value))
    };
    Some(
        fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .filter_map(read)
            .collect(),
    )
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults_of(body: Value, read: impl Fn(&mut Object, &mut Faults)) -> Vec<(String, String)> {
        let mut object = Object::of_body(body).unwrap();
        let mut faults = Faults::default();
        read(&mut object, &mut faults);
        object.finish(&mut faults);
        faults
            .0
            .into_iter()
            .map(|fault| (fault.field, fault.message))
            .collect()
    }

    #[test]
    fn every_fault_is_told_by_the_full_name_of_its_field() {
        let body = json!({
            "requester": {"name": "a\r\nb", "email": "nobody", "role": "administrator"},
            "watchers": [{"name": "", "email": "eva@example.com"}, 7],
            "created_at": "2026-01-01T00:00:00Z",
        });
        let faults = faults_of(body, |object, faults| {
            object.take("requester").required(faults, party);
            object.take("watchers").optional(faults, list(party));
            object.take("title").required(faults, text);
        });
        let fields: Vec<_> = faults.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "requester.name",
                "requester.email",
                "requester.role",
                "watchers.1",
                "title",
                "created_at"
            ]
        );
    }

    #[test]
    fn absent_null_and_a_value_are_three_things() {
        let mut object = Object::of_body(json!({"cleared": null, "set": "x"})).unwrap();
        let mut faults = Faults::default();
        assert_eq!(object.take("absent").clearable(&mut faults, text), None);
        assert_eq!(object.take("cleared").clearable(&mut faults, text), Some(None));
        assert_eq!(
            object.take("set").clearable(&mut faults, text),
            Some(Some("x".to_owned()))
        );
        assert!(faults.settle(Some(())).is_ok());
    }

    #[test]
    fn faults_without_end_are_cut_off() {
        let body = json!({"watchers": vec![0; 1000]});
        let faults = faults_of(body, |object, faults| {
            object.take("watchers").optional(faults, list(party));
        });
        assert_eq!(faults.len(), MOST_FAULTS);
    }

    #[test]
    fn a_field_that_must_stay_cannot_be_cleared() {
        let faults = faults_of(json!({"title": null}), |object, faults| {
            object.take("title").kept(faults, text);
        });
        assert_eq!(
            faults,
            [(
                "title".to_owned(),
                "cannot be cleared; leave it out to keep it".to_owned()
            )]
        );
    }
}
