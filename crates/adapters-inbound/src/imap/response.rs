//! What a server says (RFC 3501 §7), read as octets: as much of the grammar as we ask for, and a firm no to the rest.
//!
//! Data that nobody asked for is part of the protocol, so whatever is not understood is passed over; only what
//! answers us must make sense.

/// A response: a line, in which literals may stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response(Vec<Part>);

/// A piece of a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Up to the end of a line, the announcement of a literal included.
    Text(Vec<u8>),
    /// What the announcement before it is for.
    Literal(Vec<u8>),
    /// A literal of this many octets that was read over.
    Oversized(u64),
}

/// How a command ended, or what a status response says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
    Bye,
    Preauth,
}

/// What kind of a response it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// A command ended.
    Done {
        tag: String,
        status: Status,
        text: String,
    },
    /// A status that ends no command.
    Status { status: Status, text: String },
    /// The server waits for more.
    Continue,
    /// Data.
    Data(Data),
}

/// Untagged data, without its `* `.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Data(Vec<Part>);

/// What a FETCH response says of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fetched {
    pub(super) uid: Option<u32>,
    /// `RFC822.SIZE`.
    pub(super) size: Option<u64>,
    pub(super) body: Option<Body>,
}

/// The text of a message, or of a part of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    Whole(Vec<u8>),
    /// It has so many octets that it was not kept.
    Oversized(u64),
}

impl Response {
    pub(super) fn new(parts: Vec<Part>) -> Self {
        Self(parts)
    }

    /// Whether a first line is a status response or a request to go on, whose text is free.
    pub(super) fn is_status(line: &[u8]) -> bool {
        let mut words = line.split(|octet| *octet == b' ');
        let first = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        first == b"+" || status(second).is_some()
    }

    /// Its beginning, for a message about it.
    pub(super) fn beginning(&self) -> Vec<u8> {
        match self.0.first() {
            Some(Part::Text(line)) => line[..line.len().min(80)].to_vec(),
            _ => Vec::new(),
        }
    }

    /// Sorts the response; `None` when it is no IMAP.
    pub(super) fn sort(self) -> Option<Reply> {
        let mut parts = self.0;
        let Some(Part::Text(first)) = parts.first_mut() else {
            return None;
        };
        if first.starts_with(b"+") {
            return Some(Reply::Continue);
        }
        let end = first.iter().position(|octet| *octet == b' ')?;
        let tag = String::from_utf8(first[..end].to_vec()).ok()?;
        first.drain(..=end);
        let mut words = first.splitn(2, |octet| *octet == b' ');
        let status = status(words.next().unwrap_or_default());
        let mut text = || readable(words.next().unwrap_or_default());
        match (tag.as_str(), status) {
            ("*", Some(status)) => Some(Reply::Status { status, text: text() }),
            ("*", None) => Some(Reply::Data(Data(parts))),
            (_, Some(status)) => Some(Reply::Done {
                text: text(),
                tag,
                status,
            }),
            (_, None) => None,
        }
    }
}

impl Data {
    /// The first line, as far as it is text.
    fn line(&self) -> &[u8] {
        match self.0.first() {
            Some(Part::Text(line)) => line,
            _ => b"",
        }
    }

    /// The words after `keyword`, when it is the first.
    fn words_after(&self, keyword: &str) -> Option<impl Iterator<Item = &str>> {
        let line = std::str::from_utf8(self.line()).ok()?;
        let mut words = line.split_ascii_whitespace();
        words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case(keyword))
            .then_some(words)
    }

    /// The capabilities, in upper case, when it lists them.
    pub(super) fn capabilities(&self) -> Option<Vec<String>> {
        Some(
            self.words_after("CAPABILITY")?
                .map(str::to_ascii_uppercase)
                .collect(),
        )
    }

    /// The UIDs, when it answers a search. What is no number (RFC 7162's MODSEQ) is passed over.
    pub(super) fn found(&self) -> Option<Vec<u32>> {
        Some(
            self.words_after("SEARCH")?
                .filter_map(|word| word.parse().ok())
                .collect(),
        )
    }

    /// How many messages the folder has, when it tells that.
    pub(super) fn exists(&self) -> Option<u32> {
        self.number_before("EXISTS")
    }

    /// Whether it tells of a message that went.
    pub(super) fn is_expunge(&self) -> bool {
        self.number_before("EXPUNGE").is_some()
    }

    fn number_before(&self, keyword: &str) -> Option<u32> {
        let mut words = std::str::from_utf8(self.line()).ok()?.split_ascii_whitespace();
        let number = words.next()?.parse().ok()?;
        words.next()?.eq_ignore_ascii_case(keyword).then_some(number)
    }

    /// What it says of a message, when it is a FETCH response.
    pub(super) fn fetched(self) -> Option<Fetched> {
        let line = self.line();
        let mut words = line.splitn(3, |octet| *octet == b' ');
        let number = words.next()?;
        if number.is_empty()
            || !number.iter().all(u8::is_ascii_digit)
            || !words.next()?.eq_ignore_ascii_case(b"FETCH")
        {
            return None;
        }
        let start = line.len() - words.next()?.len();
        let mut tokens = Tokens {
            parts: self.0,
            part: 0,
            at: start,
        };
        if tokens.next()? != Token::Open {
            return None;
        }
        let mut fetched = Fetched::default();
        loop {
            let name = match tokens.next()? {
                Token::Close => return Some(fetched),
                Token::Atom(name) => name.to_ascii_uppercase(),
                _ => return None,
            };
            let value = tokens.next()?;
            match (name.as_str(), value) {
                ("UID", Token::Atom(number)) => fetched.uid = number.parse().ok(),
                ("RFC822.SIZE", Token::Atom(number)) => fetched.size = number.parse().ok(),
                (name, Token::String(octets)) if name.starts_with("BODY[") => {
                    fetched.body = Some(Body::Whole(octets));
                }
                (name, Token::Oversized(octets)) if name.starts_with("BODY[") => {
                    fetched.body = Some(Body::Oversized(octets));
                }
                (_, Token::Open) => tokens.skip_list()?,
                (_, Token::Close) => return None,
                (_, Token::Atom(_) | Token::String(_) | Token::Oversized(_)) => {}
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    /// A word, brackets and what is in them included.
    Atom(String),
    String(Vec<u8>),
    Oversized(u64),
}

struct Tokens {
    parts: Vec<Part>,
    part: usize,
    at: usize,
}

impl Tokens {
    fn next(&mut self) -> Option<Token> {
        loop {
            match self.parts.get_mut(self.part)? {
                Part::Literal(octets) => {
                    let octets = std::mem::take(octets);
                    self.advance();
                    return Some(Token::String(octets));
                }
                Part::Oversized(octets) => {
                    let octets = *octets;
                    self.advance();
                    return Some(Token::Oversized(octets));
                }
                Part::Text(text) => match text.get(self.at) {
                    // Behind a text, or at the announcement of the literal that follows, which was sorted out when the
                    // response was read.
                    None | Some(b'{') => self.advance(),
                    Some(b' ') => self.at += 1,
                    Some(b'(') => {
                        self.at += 1;
                        return Some(Token::Open);
                    }
                    Some(b')') => {
                        self.at += 1;
                        return Some(Token::Close);
                    }
                    Some(b'"') => {
                        let (string, taken) = quoted(&text[self.at..])?;
                        self.at += taken;
                        return Some(Token::String(string));
                    }
                    Some(b'~') if text.get(self.at + 1) == Some(&b'{') => self.advance(),
                    Some(_) => {
                        let (atom, taken) = atom(&text[self.at..]);
                        self.at += taken;
                        return Some(Token::Atom(atom));
                    }
                },
            }
        }
    }

    fn advance(&mut self) {
        self.part += 1;
        self.at = 0;
    }

    /// To the end of a list whose beginning was read, without recursion: a server may nest as deep as it likes.
    fn skip_list(&mut self) -> Option<()> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()? {
                Token::Open => depth += 1,
                Token::Close => depth -= 1,
                _ => {}
            }
        }
        Some(())
    }
}

/// A quoted string at the beginning of `text`, and how many octets it takes there.
fn quoted(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut string = Vec::new();
    let mut octets = text.iter().enumerate().skip(1);
    loop {
        match octets.next()? {
            (at, b'"') => return Some((string, at + 1)),
            (_, b'\\') => string.push(*octets.next()?.1),
            (_, octet) => string.push(*octet),
        }
    }
}

/// A word at the beginning of `text`, and how many octets it takes there.
fn atom(text: &[u8]) -> (String, usize) {
    let mut in_brackets = false;
    let end = text.iter().position(|octet| match octet {
        b'[' => {
            in_brackets = true;
            false
        }
        b']' => {
            in_brackets = false;
            false
        }
        b' ' | b'(' | b')' | b'"' => !in_brackets,
        _ => false,
    });
    let end = end.unwrap_or(text.len());
    (String::from_utf8_lossy(&text[..end]).into_owned(), end)
}

/// The length of the literal that a line announces at its end: `{5}`, `{5+}`, `~{5}`.
pub(super) fn literal_length(line: &[u8]) -> Option<u64> {
    let inside = line.strip_suffix(b"}")?;
    let start = inside.iter().rposition(|octet| *octet == b'{')?;
    let number = &inside[start + 1..];
    let number = number.strip_suffix(b"+").unwrap_or(number);
    let is_number = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    // More digits than fit are as good as without end; the wait for them is bounded.
    is_number
        .then(|| std::str::from_utf8(number).ok()?.parse().ok())
        .flatten()
        .or(is_number.then_some(u64::MAX))
}

fn status(word: &[u8]) -> Option<Status> {
    const NAMES: [(&[u8], Status); 5] = [
        (b"OK", Status::Ok),
        (b"NO", Status::No),
        (b"BAD", Status::Bad),
        (b"BYE", Status::Bye),
        (b"PREAUTH", Status::Preauth),
    ];
    NAMES
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name))
        .map(|(_, status)| *status)
}

/// A server's words, fit for a log.
pub(super) fn readable(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect()
}

/// The argument of a response code in a status text: `UIDVALIDITY` of `[UIDVALIDITY 7] ok` is `7`.
pub(super) fn code_argument<'a>(text: &'a str, code: &str) -> Option<&'a str> {
    let inside = text.trim_start().strip_prefix('[')?.split(']').next()?;
    let (name, argument) = inside.split_once(' ').unwrap_or((inside, ""));
    name.eq_ignore_ascii_case(code).then_some(argument.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(line: &str) -> Response {
        Response::new(vec![Part::Text(line.as_bytes().to_vec())])
    }

    fn data(parts: Vec<Part>) -> Data {
        match Response::new(parts).sort() {
            Some(Reply::Data(data)) => data,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn responses_are_sorted_by_their_beginning() {
        let done = |status, text: &str| {
            let (tag, text) = ("r7".to_owned(), text.to_owned());
            Some(Reply::Done { tag, status, text })
        };
        assert_eq!(
            text("r7 OK [READ-WRITE] done").sort(),
            done(Status::Ok, "[READ-WRITE] done")
        );
        assert_eq!(text("r7 no").sort(), done(Status::No, ""));
        assert_eq!(text("+ idling").sort(), Some(Reply::Continue));
        assert_eq!(text("+").sort(), Some(Reply::Continue));
        let bye = Reply::Status {
            status: Status::Bye,
            text: "see you".to_owned(),
        };
        assert_eq!(text("* BYE see you").sort(), Some(bye));
        for line in [
            "",
            "*",
            "r7",
            "HTTP/1.1 400 Bad Request",
            "220 mail.example.org ESMTP",
        ] {
            assert_eq!(text(line).sort(), None, "{line:?}");
        }
    }

    #[test]
    fn the_text_of_a_status_announces_no_literal() {
        assert!(Response::is_status(b"* OK see {5}"));
        assert!(Response::is_status(b"r1 NO {5}"));
        assert!(Response::is_status(b"+ {5}"));
        assert!(!Response::is_status(b"* 1 FETCH (BODY[] {5}"));
    }

    #[test]
    fn literals_are_announced_in_three_ways() {
        for (line, length) in [
            ("BODY[] {5}", Some(5)),
            ("BODY[] {5+}", Some(5)),
            ("BODY[] ~{0}", Some(0)),
            ("BODY[] {99999999999999999999999}", Some(u64::MAX)),
            ("BODY[] {}", None),
            ("BODY[] {-1}", None),
            ("BODY[] {5} ", None),
            ("\"{5\"}", None),
            ("", None),
        ] {
            assert_eq!(literal_length(line.as_bytes()), length, "{line}");
        }
    }

    #[test]
    fn a_message_is_found_among_whatever_else_is_said_of_it() {
        let parts = vec![
            Part::Text(
                b"* 3 FETCH (FLAGS (\\Seen $x) MODSEQ (12) UID 9 ENVELOPE ((\"a)\" NIL) ((()))) BODY[] {4}"
                    .to_vec(),
            ),
            Part::Literal(b"(\r\n)".to_vec()),
            Part::Text(b" RFC822.SIZE 4 X-ODD NIL)".to_vec()),
        ];
        let fetched = Fetched {
            uid: Some(9),
            size: Some(4),
            body: Some(Body::Whole(b"(\r\n)".to_vec())),
        };
        assert_eq!(data(parts).fetched(), Some(fetched));
    }

    #[test]
    fn a_body_may_be_quoted_absent_or_too_large() {
        let body = |line: &str| {
            data(vec![Part::Text(format!("* 1 fetch ({line})").into_bytes())])
                .fetched()
                .unwrap()
                .body
        };
        assert_eq!(
            body("BODY[] \"a\\\"b\\\\\""),
            Some(Body::Whole(b"a\"b\\".to_vec()))
        );
        assert_eq!(body("BODY[HEADER]<0> \"\" UID 1"), Some(Body::Whole(Vec::new())));
        assert_eq!(body("BODY[] NIL"), None);
        let parts = vec![
            Part::Text(b"* 1 FETCH (UID 1 BODY[] ~{9999}".to_vec()),
            Part::Oversized(9_999),
            Part::Text(b")".to_vec()),
        ];
        assert_eq!(data(parts).fetched().unwrap().body, Some(Body::Oversized(9_999)));
    }

    #[test]
    fn data_that_was_not_asked_for_is_nothing() {
        for line in [
            "* 3 EXPUNGE",
            "* FLAGS (\\Seen)",
            "* LIST () \"/\" a",
            "* 1 FETCH",
            "* x FETCH (UID 1)",
            "* 1 FETCH UID",
        ] {
            let data = data(vec![Part::Text(line.as_bytes().to_vec())]);
            assert!(
                data.found().is_none() && data.capabilities().is_none() && data.exists().is_none(),
                "{line}"
            );
            assert_eq!(data.fetched(), None, "{line}");
        }
        let found = |line: &str| data(vec![Part::Text(line.as_bytes().to_vec())]).found();
        assert_eq!(found("* SEARCH"), Some(vec![]));
        assert_eq!(found("* search 5 7 4294967296 (MODSEQ 9)"), Some(vec![5, 7]));
        assert_eq!(data(vec![Part::Text(b"* 3 exists".to_vec())]).exists(), Some(3));
        assert!(data(vec![Part::Text(b"* 3 EXPUNGE".to_vec())]).is_expunge());
    }

    #[test]
    fn codes_are_read_from_the_beginning_of_a_text_alone() {
        assert_eq!(code_argument("[UIDVALIDITY 7] ok", "uidvalidity"), Some("7"));
        assert_eq!(code_argument("[READ-ONLY]", "READ-ONLY"), Some(""));
        assert_eq!(code_argument("ok [UIDVALIDITY 7]", "UIDVALIDITY"), None);
    }

    proptest! {
        #[test]
        fn whatever_a_server_says_is_read_without_a_panic(
            line in "(\\* 1 FETCH |a1 |\\* )?[ ()\"\\\\{}~\\[\\]A-Z0-9*+]{0,60}",
            literal in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let parts = vec![Part::Text(line.into_bytes()), Part::Literal(literal), Part::Text(b")".to_vec())];
            if let Some(Reply::Data(data)) = Response::new(parts).sort() {
                let _ = (data.found(), data.capabilities(), data.exists(), data.is_expunge());
                let _ = data.fetched();
            }
        }
    }
}
