//! The mails that the server took.

use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// A mail that the server took (or would have answered for, had its answer not been cut off).
#[derive(Debug, Clone)]
pub struct ReceivedMail {
    /// The number of the connection, from 0.
    pub connection: usize,
    /// The return path, without angle brackets.
    pub from: String,
    /// The recipient, without angle brackets; several are joined with a comma.
    pub to: String,
    /// The message, its dots unstuffed, the CRLF before the final dot included. Empty when the server keeps digests.
    pub raw: Vec<u8>,
    /// The Message-ID without angle brackets; empty without one.
    pub message_id: String,
    /// SHA-256 of the message.
    pub digest: [u8; 32],
}

impl ReceivedMail {
    pub(super) fn new(connection: usize, from: String, to: String, raw: Vec<u8>) -> Self {
        let message_id = header(&raw, "message-id")
            .trim()
            .trim_matches(['<', '>'])
            .to_owned();
        let digest = Sha256::digest(&raw).into();
        Self {
            connection,
            from,
            to,
            raw,
            message_id,
            digest,
        }
    }

    /// The message as text, for assertions.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// The value of a header as on the wire, its folds undone; empty without one. `name` in any letter case.
    pub fn header(&self, name: &str) -> String {
        header(&self.raw, name)
    }
}

fn header(raw: &[u8], name: &str) -> String {
    let mut found: Option<String> = None;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        if let Some(value) = found.as_mut() {
            if !line.starts_with([' ', '\t']) {
                break;
            }
            value.push_str(line);
        } else if line.is_empty() {
            break;
        } else if let Some((key, value)) = line.split_once(':')
            && key.eq_ignore_ascii_case(name)
        {
            found = Some(value.trim_start().to_owned());
        }
    }
    found.unwrap_or_default()
}

/// How often each Message-ID came, and whether its copies were alike.
#[derive(Debug, Clone, Default)]
pub struct Copies {
    by_message_id: HashMap<String, Vec<[u8; 32]>>,
}

impl Copies {
    pub(super) fn of(mails: &[ReceivedMail]) -> Self {
        let mut by_message_id: HashMap<String, Vec<[u8; 32]>> = HashMap::new();
        for mail in mails {
            by_message_id
                .entry(mail.message_id.clone())
                .or_default()
                .push(mail.digest);
        }
        Self { by_message_id }
    }

    /// The number of different Message-IDs.
    pub fn distinct(&self) -> usize {
        self.by_message_id.len()
    }

    /// How often this Message-ID (without angle brackets) came.
    pub fn count(&self, message_id: &str) -> usize {
        self.by_message_id.get(message_id).map_or(0, Vec::len)
    }

    /// The number of mails beyond the first of each Message-ID.
    pub fn duplicates(&self) -> usize {
        self.by_message_id.values().map(|copies| copies.len() - 1).sum()
    }

    /// Message-IDs whose copies differ in a byte.
    pub fn unlike(&self) -> Vec<&str> {
        let differ = |copies: &[[u8; 32]]| copies.windows(2).any(|pair| pair[0] != pair[1]);
        self.by_message_id
            .iter()
            .filter(|(_, copies)| differ(copies))
            .map(|(id, _)| id.as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(raw: &str) -> ReceivedMail {
        ReceivedMail::new(0, String::new(), String::new(), raw.as_bytes().to_vec())
    }

    #[test]
    fn a_folded_header_is_read_whole_and_the_body_is_not_searched() {
        let mail = mail("A: 1\r\nsubject: one\r\n two\r\nB: 2\r\n\r\nC: 3\r\n");
        assert_eq!(
            (mail.header("Subject").as_str(), mail.header("C").as_str()),
            ("one two", "")
        );
    }

    #[test]
    fn copies_are_counted_by_message_id_and_by_bytes() {
        let mails = [
            mail("Message-ID: <a@x>\r\n\r\n1"),
            mail("Message-ID:\r\n <a@x>\r\n\r\n1"),
            mail("Message-ID: <b@x>\r\n\r\n1"),
        ];
        let copies = Copies::of(&mails);
        assert_eq!(
            (copies.distinct(), copies.duplicates(), copies.count("a@x")),
            (2, 1, 2)
        );
        assert_eq!(copies.unlike(), ["a@x"]);
    }
}
