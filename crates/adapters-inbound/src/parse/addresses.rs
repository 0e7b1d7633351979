//! Who a mail is from and whom it went to.

use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address, HeaderValue};
use recado_domain::incoming::From;
use recado_domain::person::{EmailAddress, Party, PersonName};

use super::fields::{Field, Fields};
use super::words;

/// Most addresses of a mail that are kept.
const RECIPIENTS: usize = 200;
/// Of them, those that the author wrote; the rest is for those that servers added.
const WRITTEN_RECIPIENTS: usize = 150;
/// Fields of one name that are read.
const FIELDS_OF_A_NAME: usize = 20;

/// The author. Every field and every address counts: more than one and nobody is believed. A group is no author.
pub(super) fn author(fields: &Fields<'_>) -> From {
    let mut of_that_name = fields.all("from");
    let Some(field) = of_that_name.next() else {
        return From::Missing;
    };
    if of_that_name.next().is_some() {
        return From::Several;
    }
    let is_several = with_addresses(field, |read| match read {
        Address::List(list) => list.iter().filter(|one| one.address.is_some()).count() > 1,
        Address::Group(groups) => groups.iter().any(|group| !group.addresses.is_empty()),
    });
    if is_several.unwrap_or_default() {
        return From::Several;
    }
    party(field).map_or(From::Missing, From::One)
}

/// Who sent it for the author.
pub(super) fn sender(fields: &Fields<'_>) -> Option<Party> {
    fields.first("sender").and_then(party)
}

/// Everybody whom the mail was sent to or came through, without repeats.
pub(super) fn recipients(fields: &Fields<'_>, envelope: Option<&EmailAddress>) -> Vec<EmailAddress> {
    let mut found: Vec<EmailAddress> = envelope.cloned().into_iter().collect();
    let by_the_author: &[&str] = &["to", "cc"];
    let by_servers: &[&str] = &["delivered-to", "x-original-to", "envelope-to"];
    for (names, most) in [(by_the_author, WRITTEN_RECIPIENTS), (by_servers, RECIPIENTS)] {
        let fields_of_these = names
            .iter()
            .flat_map(|name| fields.all(name).take(FIELDS_OF_A_NAME));
        for field in fields_of_these {
            for address in addresses(field) {
                if found.len() < most && !found.contains(&address) {
                    found.push(address);
                }
            }
        }
    }
    found
}

/// The addresses in a field, groups opened; what is none is left out.
pub(super) fn addresses(field: &Field<'_>) -> Vec<EmailAddress> {
    let all = with_addresses(field, |read| {
        let parse = |one: &Addr<'_>| address(one.address.as_deref()?);
        match read {
            Address::List(list) => list.iter().filter_map(parse).collect(),
            Address::Group(groups) => groups
                .iter()
                .flat_map(|group| group.addresses.iter())
                .filter_map(parse)
                .collect(),
        }
    });
    all.unwrap_or_default()
}

/// The first person in a field.
fn party(field: &Field<'_>) -> Option<Party> {
    with_addresses(field, |read| {
        let first = match read {
            Address::List(list) => list.iter().find(|one| one.address.is_some()),
            Address::Group(groups) => groups.iter().find_map(|group| group.addresses.first()),
        }?;
        Some(Party {
            name: name(first.name.as_deref().unwrap_or_default()),
            email: address(first.address.as_deref()?)?,
        })
    })?
}

/// An address; octets that could not be read are part of none.
fn address(text: &str) -> Option<EmailAddress> {
    let address = EmailAddress::parse(text).ok()?;
    (!address.as_str().contains(char::REPLACEMENT_CHARACTER)).then_some(address)
}

/// A name as it may stand on a ticket: control characters are spaces, and what is too long is cut.
fn name(text: &str) -> PersonName {
    let plain: String = text
        .chars()
        .map(|letter| {
            let breaks = matches!(letter, '\u{2028}' | '\u{2029}');
            if letter.is_control() || breaks {
                ' '
            } else {
                letter
            }
        })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let short: String = words.join(" ").chars().take(PersonName::MAX_CHARS).collect();
    let bare = short.trim_matches(['"', '\'']);
    PersonName::parse(bare).unwrap_or_else(|_| PersonName::parse("").expect("an empty name is a name"))
}

fn with_addresses<T>(field: &Field<'_>, look: impl FnOnce(&Address<'_>) -> T) -> Option<T> {
    let mut value = words::canonical(&field.unfolded());
    value.push('\n');
    match MessageStream::new(value.as_bytes()).parse_address() {
        HeaderValue::Address(read) => Some(look(&read)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author_of(header: &str) -> From {
        author(&Fields::read(header.as_bytes()).0)
    }

    fn one(name: &str, email: &str) -> From {
        From::One(Party {
            name: PersonName::parse(name).unwrap(),
            email: EmailAddress::parse(email).unwrap(),
        })
    }

    #[test]
    fn one_author_is_read_in_any_form() {
        for (value, name, email) in [
            ("ana@example.com", "", "ana@example.com"),
            ("<Ana@Example.com>", "", "ana@example.com"),
            ("Ana Peña <ana@example.com>", "Ana Peña", "ana@example.com"),
            ("\"Peña, Ana\" <ana@example.com>", "Peña, Ana", "ana@example.com"),
            (
                "=?utf-8?Q?Pe=C3=B1a=2C_Ana?= <ana@example.com>",
                "Peña, Ana",
                "ana@example.com",
            ),
            (
                "=?utf-8?Q?=3Ceve=40example.net=3E=2C?= <ana@example.com>",
                "<eve@example.net>,",
                "ana@example.com",
            ),
            (
                "=?utf-8?Q?x=0D=0ABcc=3A_eve=40example.net?= <ana@example.com>",
                "x Bcc: eve@example.net",
                "ana@example.com",
            ),
            ("ana@example.com (Ana)", "Ana", "ana@example.com"),
            (
                "\"eve@example.net\" <ana@example.com>",
                "eve@example.net",
                "ana@example.com",
            ),
            (
                "eve@example.net <ana@example.com>",
                "eve@example.net",
                "ana@example.com",
            ),
        ] {
            assert_eq!(
                author_of(&format!("From: {value}\n\n")),
                one(name, email),
                "{value}"
            );
        }
    }

    #[test]
    fn nobody_is_believed_where_there_is_more_than_one() {
        for header in [
            "From: a@example.com\nFrom: a@example.com\n\n",
            "From: a@example.com\nfrom : b@example.com\n\n",
            "From: a@example.com, b@example.com\n\n",
            "From: a@example.com,\n b@example.com\n\n",
            "From: Team: a@example.com;\n\n",
            "From:\nFrom: a@example.com\n\n",
        ] {
            assert_eq!(author_of(header), From::Several, "{header}");
        }
    }

    #[test]
    fn what_could_not_be_answered_is_no_author() {
        for header in [
            "",
            "From: \n\n",
            "From: Ana\n\n",
            "From: undisclosed:;\n\n",
            "From: <a@example.com> <b@example.com>\n\n",
            "From: a@example.com\0\n\n",
            "From: <>\n\n",
            "From: \"a b\"@example.com\n\n",
        ] {
            assert_eq!(author_of(header), From::Missing, "{header:?}");
        }
    }

    #[test]
    fn the_envelopes_recipient_stands_first_and_servers_find_room_beside_many_others() {
        let many: Vec<String> = (0..1_000)
            .map(|number| format!("p{number}@example.com"))
            .collect();
        let header = format!(
            "To: {}\nCc: Group: desk+x@example.org, desk+X@example.org;\nDelivered-To: desk+y@example.org\n\n",
            many.join(", ")
        );
        let (fields, _) = Fields::read(header.as_bytes());
        let envelope = EmailAddress::parse("desk+z@example.org").unwrap();
        let found = recipients(&fields, Some(&envelope));
        assert_eq!(found.len(), WRITTEN_RECIPIENTS + 1);
        assert_eq!(found.first(), Some(&envelope));
        assert_eq!(found.last().unwrap().as_str(), "desk+y@example.org");
        let (fields, _) = Fields::read(b"To: undisclosed-recipients:;\nCc: G: a@b.c, d@e.f;, g@h.i\n\n");
        assert_eq!(recipients(&fields, None).len(), 3);
    }
}
