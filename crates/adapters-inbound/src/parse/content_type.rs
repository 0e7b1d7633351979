//! `Content-Type` and `Content-Disposition` (RFC 2045 §5.1, RFC 2183, parameters as in RFC 2231).

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

use super::fields::{Field, Fields};
use super::words;

/// Octets of such a field that are read.
const OCTETS: usize = 8 * 1024;

/// A value with parameters: a media type, or a disposition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContentType {
    /// `text`, `attachment`; in lower case.
    pub(super) kind: String,
    /// `plain`; in lower case, empty when there is none.
    pub(super) subtype: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    /// A type without parameters.
    pub(super) fn of(kind: &str, subtype: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            subtype: subtype.to_owned(),
            parameters: Vec::new(),
        }
    }

    /// The type of what bears these fields; `implied` where they name none, or one that is none.
    pub(super) fn of_part(fields: &Fields<'_>, implied: &Self) -> Self {
        let named = fields.first("content-type").and_then(read);
        named
            .filter(|named| !named.subtype.is_empty())
            .unwrap_or_else(|| implied.clone())
    }

    /// The disposition in these fields.
    pub(super) fn disposition(fields: &Fields<'_>) -> Option<Self> {
        fields.first("content-disposition").and_then(read)
    }

    /// Whether it is `kind/subtype`.
    pub(super) fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind == kind && self.subtype == subtype
    }

    /// A parameter's value, decoded; its name is given in lower case.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(found, _)| found == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether a parameter has this value, in any letter case.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        self.parameter(name)
            .is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    /// `kind/subtype`.
    pub(super) fn essence(&self) -> String {
        format!("{}/{}", self.kind, self.subtype)
    }
}

fn read(field: &Field<'_>) -> Option<ContentType> {
    let mut value = words::canonical(&field.unfolded());
    value.truncate(value.floor_char_boundary(OCTETS));
    value.push('\n');
    let HeaderValue::ContentType(read) = MessageStream::new(value.as_bytes()).parse_content_type() else {
        return None;
    };
    let lower = |text: &str| text.trim().to_ascii_lowercase();
    let parameters = read.attributes.unwrap_or_default().into_iter();
    Some(ContentType {
        kind: lower(&read.c_type),
        subtype: read.c_subtype.as_deref().map(lower).unwrap_or_default(),
        parameters: parameters
            .map(|parameter| (lower(&parameter.name), parameter.value.trim().to_owned()))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content_type(value: &str) -> ContentType {
        let header = format!("Content-Type: {value}\r\n\r\n");
        let (fields, _) = Fields::read(header.as_bytes());
        ContentType::of_part(&fields, &ContentType::of("text", "plain"))
    }

    #[test]
    fn types_and_parameters_are_read_however_they_are_written() {
        let read = content_type("Multipart/Mixed;\r\n boundary=\"=_a b\"; X=y");
        assert!(read.is("multipart", "mixed") && read.has("x", "Y"));
        assert_eq!(read.parameter("boundary"), Some("=_a b"));
        for (value, name) in [
            ("a/b; name*=utf-8''Pe%C3%B1a.pdf", "Peña.pdf"),
            ("a/b; name*0=\"long \"; name*1=\"name.pdf\"", "long name.pdf"),
            ("a/b; name=\"=?iso-8859-1?Q?Pe=F1a.pdf?=\"", "Peña.pdf"),
            ("a/b; name=\"=?utf-8?Q?a_?= =?utf-8?Q?b.pdf?=\"", "a b.pdf"),
            ("a/b; name=Peña.pdf", "Peña.pdf"),
        ] {
            assert_eq!(content_type(value).parameter("name"), Some(name), "{value}");
        }
    }

    #[test]
    fn what_is_no_type_is_the_implied_one() {
        for value in ["", "text", ";", "/", "(", "\"", "a/b/c"] {
            let read = content_type(value);
            assert!(read.is("text", "plain") || read.kind == "a", "{value}: {read:?}");
        }
    }
}
