//! Header fields (RFC 5322 §2.2) of a mail and of its parts: found in one pass, kept as they stand, read when asked for.

use std::borrow::Cow;

use memchr::memchr;

use super::words;

/// Most fields of one header that are kept; those beyond are passed over.
const FIELDS: usize = 1_000;
/// Octets of a header that are read; fields beyond are passed over.
const HEADER_OCTETS: usize = 1024 * 1024;
/// Octets of one field that are read.
const FIELD_OCTETS: usize = 64 * 1024;

/// One field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    name: &'a [u8],
    body: &'a [u8],
}

impl Field<'_> {
    /// Its body on one line: line breaks are spaces, NUL is U+FFFD, and octets that are no UTF-8 are Windows-1252,
    /// which is what programs mean that put 8-bit text into headers.
    pub(super) fn unfolded(&self) -> String {
        let body = self.body.get(..FIELD_OCTETS).unwrap_or(self.body);
        let text = match std::str::from_utf8(body) {
            Ok(text) => Cow::Borrowed(text),
            // Cut in the middle of a character, not wrong.
            Err(error) if body.len() == FIELD_OCTETS && error.error_len().is_none() => {
                String::from_utf8_lossy(&body[..error.valid_up_to()])
            }
            Err(_) => Cow::Owned(super::charset::windows_1252(body)),
        };
        let one_line = text.trim().replace("\r\n", "\n");
        one_line
            .chars()
            .map(|letter| match letter {
                '\r' | '\n' => ' ',
                '\0' => char::REPLACEMENT_CHARACTER,
                other => other,
            })
            .collect()
    }

    /// Its body as a reader sees it: encoded words decoded, runs of white space one space.
    pub(super) fn text(&self) -> String {
        let decoded = words::decode(&self.unfolded());
        let mut text = String::with_capacity(decoded.len());
        for word in decoded.split(|letter: char| letter.is_whitespace() || letter == '\0') {
            if !word.is_empty() {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(word);
            }
        }
        text
    }

    /// Its body as it stands, without the line break at its end.
    pub(super) fn raw(&self) -> &[u8] {
        self.body
    }
}

/// The fields of one header, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields<'a> {
    fields: Vec<Field<'a>>,
    /// Whether fields were passed over.
    pub(super) is_cut: bool,
}

impl<'a> Fields<'a> {
    /// Reads the header at the beginning of `octets`, and how many octets it has, the empty line after it included.
    ///
    /// A header ends at an empty line, or before a line that is no field: there the text begins, of a mail whose
    /// empty line was lost.
    pub(super) fn read(octets: &'a [u8]) -> (Self, usize) {
        let mut read = Self::default();
        let mut position = 0;
        while position < octets.len() {
            let line = line_at(octets, position);
            let content = without_break(line);
            if content.is_empty() {
                position += line.len();
                break;
            }
            let Some(name) = field_name(content) else {
                // The separator of a mailbox file in front of the mail.
                if position == 0 && (content.starts_with(b"From ") || content.starts_with(b">From ")) {
                    position += line.len();
                    continue;
                }
                break;
            };
            let start = position + memchr(b':', content).map_or(content.len(), |colon| colon + 1);
            position += line.len();
            while octets
                .get(position)
                .is_some_and(|octet| matches!(octet, b' ' | b'\t'))
            {
                let folded = line_at(octets, position);
                // White space alone in a line is an empty line that somebody indented, except between two fields.
                if folded.trim_ascii().is_empty() && !continues(octets, position + folded.len()) {
                    break;
                }
                position += folded.len();
            }
            if read.fields.len() >= FIELDS || start > HEADER_OCTETS {
                read.is_cut = true;
                // A second author is not to be hidden behind many fields.
                if !name.eq_ignore_ascii_case(b"from") || read.fields.len() > FIELDS {
                    continue;
                }
            }
            let body = without_break(&octets[start.min(position)..position]);
            read.fields.push(Field { name, body });
            read.is_cut |= body.len() > FIELD_OCTETS;
            // A line of white space after the last field ends the header as an empty one does.
            let next = line_at(octets, position);
            if !next.is_empty() && next.trim_ascii().is_empty() {
                position += next.len();
                break;
            }
        }
        (read, position)
    }

    /// Every field of that name, topmost first.
    pub(super) fn all<'n>(&self, name: &'n str) -> impl Iterator<Item = &Field<'a>> + use<'_, 'a, 'n> {
        let is_named = |field: &&Field<'_>| field.name.eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(is_named)
    }

    /// The topmost field of that name.
    pub(super) fn first(&self, name: &str) -> Option<&Field<'a>> {
        self.all(name).next()
    }

    /// The first of several names that a field has.
    pub(super) fn any_of(&self, names: &'static [&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.first(name).is_some())
    }
}

/// A mail without the empty lines that a program left in front of it: they would end its header before it begins.
pub(super) fn from_first_line(mail: &[u8]) -> &[u8] {
    let start = mail.iter().position(|octet| !matches!(octet, b'\r' | b'\n'));
    start.map_or(mail, |start| &mail[start..])
}

/// The line at `position` with its line break.
pub(super) fn line_at(octets: &[u8], position: usize) -> &[u8] {
    let rest = octets.get(position..).unwrap_or_default();
    memchr(b'\n', rest).map_or(rest, |end| &rest[..=end])
}

/// A line without the CR LF or LF at its end.
pub(super) fn without_break(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether a header goes on at `position`: with a field, or with more of the last one.
fn continues(octets: &[u8], position: usize) -> bool {
    let line = without_break(line_at(octets, position));
    line.first().is_some_and(|octet| matches!(octet, b' ' | b'\t')) && !line.trim_ascii().is_empty()
}

/// The name of the field that a line begins; white space before the colon (RFC 5322 §4.5) does not count.
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = memchr(b':', line.get(..80).unwrap_or(line))?;
    let name = line[..colon].trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic) && !name.starts_with(b"--");
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(header: &str) -> (Option<String>, usize) {
        let (fields, end) = Fields::read(header.as_bytes());
        (fields.first("subject").map(Field::text), end)
    }

    #[test]
    fn a_header_ends_at_an_empty_line_or_where_no_field_stands() {
        for (mail, end) in [
            ("Subject: a\r\n\r\nbody", 14),
            ("Subject: a\n\nbody", 12),
            ("From ana Thu Jan  1\nSubject: a\n\nbody", 32),
            ("Subject: a\n \nbody", 13),
            ("Subject: a\nHello there\n", 11),
            ("SUBJECT : a\n--b\n", 12),
            ("Subject: a", 10),
            ("Subject:\n a\n\n", 13),
        ] {
            assert_eq!(subject(mail), (Some("a".to_owned()), end), "{mail:?}");
        }
        assert_eq!(subject("Hello\nworld"), (None, 0));
        assert_eq!(subject("\nSubject: a\n"), (None, 1));
        assert_eq!(subject(""), (None, 0));
    }

    #[test]
    fn folded_encoded_and_raw_octets_read_as_they_were_meant() {
        for (value, text) in [
            ("a\r\n b\r\n\tc", "a b c"),
            ("=?utf-8?Q?caf=C3=A9?=\r\n =?utf-8?Q?_ol=C3=A9?=", "café olé"),
            ("caf\u{e9}", "café"),
            ("a\rBcc: x", "a Bcc: x"),
            ("a\0b", "a\u{fffd}b"),
        ] {
            assert_eq!(subject(&format!("Subject: {value}\r\n\r\n")).0.unwrap(), text);
        }
        let (fields, _) = Fields::read(b"Subject: caf\xe9\n\n");
        assert_eq!(fields.first("Subject").unwrap().text(), "café");
    }

    #[test]
    fn a_header_without_end_is_cut_and_said_to_be() {
        let many = "X-A: b\n".repeat(5_000);
        let (fields, end) = Fields::read(many.as_bytes());
        assert!(fields.is_cut);
        assert_eq!((fields.all("x-a").count(), end), (FIELDS, many.len()));
        let hidden = format!("From: a@b\n{many}From: c@d\n\n");
        assert_eq!(Fields::read(hidden.as_bytes()).0.all("from").count(), 2);
        let long = format!("Subject: {}\n\n", "é".repeat(FIELD_OCTETS));
        let (fields, _) = Fields::read(long.as_bytes());
        assert!(fields.is_cut && fields.first("subject").unwrap().text().chars().all(|c| c == 'é'));
    }
}
