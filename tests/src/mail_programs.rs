//! How people's mail programs answer a mail: each forms headers, quotes and encodes in its own way, in Spanish here.
//!
//! The forms follow what the programs send: which headers they keep, where the answer stands, how the answered mail is
//! introduced and marked, which charset and transfer encoding they choose.

mod body;
mod encoding;

use mail_parser::{Address, DateTime, HeaderValue, MessageParser};

use self::encoding::encoded_words;

pub use self::encoding::unique;

/// A mail that somebody answers, as it lies in their mailbox.
#[derive(Debug, Clone)]
pub struct Received {
    /// `Message-ID`, with angle brackets.
    pub message_id: String,
    /// `References`, each with angle brackets.
    pub references: Vec<String>,
    /// `From`.
    pub from: Person,
    /// `Reply-To`, where it differs.
    pub reply_to: Option<Person>,
    /// `To`.
    pub to: Person,
    /// `Subject`, decoded.
    pub subject: String,
    /// The text part, lines ending with LF.
    pub text: String,
    /// The HTML part.
    pub html: String,
    date: DateTime,
}

/// Somebody with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The display name; may be empty.
    pub name: String,
    /// The address.
    pub email: String,
}

/// A mail program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Gmail in the browser: text and HTML, the answer above.
    Gmail,
    /// Outlook on Windows: text and HTML, the answer above a block of headers; the quote bears no marks.
    Outlook,
    /// Outlook on the web, behind an Exchange server that gave our mail another Message-ID for its own references:
    /// ours stands in `In-Reply-To` alone.
    OutlookWeb,
    /// Apple Mail: text alone, the answer below the quote.
    AppleMail,
    /// Thunderbird: flowed text alone, the answer between the quoted lines.
    Thunderbird,
    /// A telephone that keeps neither `In-Reply-To` nor `References`; the address answered to is all that remains.
    Telephone,
    /// A program that answers to `From` and keeps no headers; the quoted text is all that remains.
    AnswersToFrom,
}

/// Where the answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Above the quote.
    Above,
    /// Below the quote.
    Below,
    /// Between the quoted lines: those that are answered belong to the answer.
    Inline,
}

/// An answer, before it is sent.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Who answers; the envelope's sender too.
    pub from: Person,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// What the person wrote.
    pub written: String,
    /// Where it stands.
    pub style: Style,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Person {
    /// Somebody.
    pub fn new(name: &str, email: &str) -> Self {
        Self {
            name: name.to_owned(),
            email: email.to_owned(),
        }
    }

    /// As it stands in a header.
    fn mailbox(&self) -> String {
        if self.name.is_empty() {
            return self.email.clone();
        }
        if self.name.is_ascii() {
            return format!("\"{}\" <{}>", self.name, self.email);
        }
        format!("{} <{}>", encoded_words(&self.name), self.email)
    }

    /// As it stands in a quote's introduction.
    fn shown(&self) -> String {
        if self.name.is_empty() {
            return self.email.clone();
        }
        format!("{} <{}>", self.name, self.email)
    }

    fn of(address: Option<&Address<'_>>) -> Option<Self> {
        let first = address?.first()?;
        Some(Self::new(first.name().unwrap_or_default(), first.address()?))
    }
}

impl Received {
    /// Reads a mail as it was delivered.
    ///
    /// # Panics
    /// It is no mail with a sender, an id, a date, a text and an HTML part.
    pub fn read(raw: &[u8]) -> Self {
        let message = MessageParser::default().parse(raw).expect("a mail");
        let id = |id: &str| format!("<{id}>");
        let body = |part: Option<std::borrow::Cow<'_, str>>| part.expect("two bodies").replace("\r\n", "\n");
        Self {
            message_id: id(message.message_id().expect("a mail has an id")),
            references: ids(message.references()).map(id).collect(),
            from: Person::of(message.from()).expect("a mail has a sender"),
            reply_to: Person::of(message.reply_to()),
            to: Person::of(message.to()).expect("a mail has a recipient"),
            subject: message.subject().unwrap_or_default().to_owned(),
            text: body(message.body_text(0)),
            html: body(message.body_html(0)),
            date: *message.date().expect("a mail has a date"),
        }
    }

    /// Whom a program answers.
    fn answered(&self) -> &Person {
        self.reply_to.as_ref().unwrap_or(&self.from)
    }
}

/// The ids in a header, without angle brackets.
fn ids<'a>(value: &'a HeaderValue<'a>) -> impl Iterator<Item = &'a str> {
    value.as_text_list().unwrap_or_default().iter().map(AsRef::as_ref)
}

impl Program {
    /// Every program.
    pub const ALL: [Self; 7] = [
        Self::Gmail,
        Self::Outlook,
        Self::OutlookWeb,
        Self::AppleMail,
        Self::Thunderbird,
        Self::Telephone,
        Self::AnswersToFrom,
    ];

    /// The answer of the person to whom the mail went. `text` is what they write; blank lines part its paragraphs.
    pub fn answer(self, received: &Received, text: &str) -> Answer {
        let person = received.to.clone();
        self.answer_as(&person, received, text)
    }

    /// The answer of somebody.
    pub fn answer_as(self, from: &Person, received: &Received, text: &str) -> Answer {
        let to = match self {
            Self::AnswersToFrom => &received.from,
            _ => received.answered(),
        };
        let prefix = if matches!(self, Self::Outlook | Self::OutlookWeb) {
            "RE: "
        } else {
            "Re: "
        };
        let has_prefix = received
            .subject
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("re: "));
        let subject = if has_prefix {
            received.subject.clone()
        } else {
            format!("{prefix}{}", received.subject)
        };
        let mut answer = Answer {
            from: from.clone(),
            to: vec![to.email.clone()],
            written: text.to_owned(),
            style: self.style(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        answer.set("From", &from.mailbox());
        answer.set("To", &to.mailbox());
        answer.set("Subject", &encoded_words(&subject));
        answer.set("Date", &received.date.to_rfc822());
        answer.set("Message-ID", &self.message_id());
        for (name, value) in self.thread(received) {
            answer.set(name, &value);
        }
        answer.set("MIME-Version", "1.0");
        body::write(self, received, text, &mut answer);
        answer
    }

    fn style(self) -> Style {
        match self {
            Self::AppleMail => Style::Below,
            Self::Thunderbird => Style::Inline,
            _ => Style::Above,
        }
    }

    /// A fresh id of the program's kind.
    fn message_id(self) -> String {
        let id = encoding::unique();
        match self {
            Self::Gmail => format!("<CAF{id}@mail.gmail.com>"),
            Self::Outlook | Self::OutlookWeb => {
                format!("<DB9PR04MB{id}@DB9PR04MB8123.eurprd04.prod.outlook.com>")
            }
            Self::AppleMail | Self::Telephone => format!("<{}@example.com>", id.to_uppercase()),
            Self::Thunderbird => format!("<{id}@example.com>"),
            Self::AnswersToFrom => format!("<OF{id}.ON00258A5F@example.com>"),
        }
    }

    /// The headers that tie the answer to the mail.
    fn thread(self, received: &Received) -> Vec<(&'static str, String)> {
        let mut references = received.references.clone();
        references.push(received.message_id.clone());
        let in_reply_to = ("In-Reply-To", received.message_id.clone());
        let references = |references: Vec<String>| ("References", references.join("\r\n "));
        match self {
            Self::Gmail | Self::AppleMail | Self::Thunderbird => {
                vec![references(all_of(received)), in_reply_to]
            }
            Self::Outlook => vec![
                references(all_of(received)),
                in_reply_to,
                ("Thread-Topic", encoded_words(&received.subject)),
                ("Thread-Index", "AQHbPJ2g5V1o0kqk4kG9X1u9m3yzPrLBu8Eg".to_owned()),
                ("X-Mailer", "Microsoft Outlook 16.0".to_owned()),
                ("Accept-Language", "es-ES, en-US".to_owned()),
            ],
            Self::OutlookWeb => vec![
                references(vec![
                    "<AM0PR04MB5555A1B2C3@AM0PR04MB5555.eurprd04.prod.outlook.com>".to_owned(),
                ]),
                in_reply_to,
                ("Thread-Topic", encoded_words(&received.subject)),
                ("Thread-Index", "AQHbPJ2g5V1o0kqk4kG9X1u9m3yzPrLBu8Eh".to_owned()),
                ("X-MS-Has-Attach", String::new()),
                ("X-MS-TNEF-Correlator", String::new()),
            ],
            Self::Telephone | Self::AnswersToFrom => Vec::new(),
        }
    }
}

fn all_of(received: &Received) -> Vec<String> {
    let own = std::iter::once(received.message_id.clone());
    received.references.iter().cloned().chain(own).collect()
}

impl Answer {
    /// A mail that answers none.
    pub fn to_none(from: &Person, to: &str, subject: &str, text: &str) -> Self {
        let mut mail = Self {
            from: from.clone(),
            to: vec![to.to_owned()],
            written: String::new(),
            style: Style::Above,
            headers: Vec::new(),
            body: Vec::new(),
        };
        mail.set("From", &from.mailbox());
        mail.set("To", &format!("<{to}>"));
        mail.set("Subject", &encoded_words(subject));
        mail.set("Date", "Sun, 22 Nov 2026 10:00:00 +0000");
        mail.set("Message-ID", &format!("<{}@mail.test>", encoding::unique()));
        mail.set("MIME-Version", "1.0");
        mail.with_body(&format!("{}\r\n", text.replace('\n', "\r\n")))
    }

    /// Sets a header: in its place when it is there already, else below the others.
    pub fn set(&mut self, name: &str, value: &str) {
        let known = self
            .headers
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        match known {
            Some((_, known)) => value.clone_into(known),
            None => self.headers.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Puts a header on top, as each server on the way does, even if there is one of that name.
    #[must_use]
    pub fn under(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(0, (name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Removes a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Replaces the content, transfer encoding included, by a plain text whose lines end with CRLF.
    #[must_use]
    pub fn with_body(mut self, text: &str) -> Self {
        self.set("Content-Type", "text/plain; charset=utf-8");
        self.set("Content-Transfer-Encoding", "8bit");
        text.trim_end()
            .replace("\r\n", "\n")
            .clone_into(&mut self.written);
        self.body = text.as_bytes().to_vec();
        self
    }

    /// Attaches a file, in base64; a second call attaches it to the whole of the first.
    #[must_use]
    pub fn with_file(mut self, name: &str, content_type: &str, content: &[u8]) -> Self {
        let boundary = format!("=_{}", encoding::unique());
        let inner = self.header("Content-Type").expect("a content has a type");
        let mut body = format!("--{boundary}\r\nContent-Type: {inner}\r\n").into_bytes();
        if let Some(encoding) = self.header("Content-Transfer-Encoding") {
            body.extend_from_slice(format!("Content-Transfer-Encoding: {encoding}\r\n").as_bytes());
        }
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(&self.body);
        let file = encoding::base64_lines(content);
        body.extend_from_slice(
            format!(
                "\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Disposition: attachment;\r\n \
                 filename=\"{}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{file}--{boundary}--\r\n",
                encoded_words(name)
            )
            .as_bytes(),
        );
        self.body = body;
        let mut answer = self.without("Content-Transfer-Encoding");
        answer.set(
            "Content-Type",
            &format!("multipart/mixed; boundary=\"{boundary}\""),
        );
        answer
    }

    /// Sends it to this recipient in place of the others; `To` names them too.
    #[must_use]
    pub fn sent_to(mut self, recipient: &str) -> Self {
        self.to = vec![recipient.to_owned()];
        self.with("To", recipient)
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(&header.1)
    }

    /// The mail; its lines end with CRLF.
    pub fn raw(&self) -> Vec<u8> {
        let mut raw = Vec::new();
        for (name, value) in &self.headers {
            raw.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        raw.extend_from_slice(b"\r\n");
        raw.extend_from_slice(&self.body);
        raw
    }

    /// Whether a comment's text is what the person wrote, line by line, blank lines and blanks at their ends aside. An
    /// inline answer has the lines that it answers between its own, and nothing of what nobody answered.
    pub fn is_said_in(&self, comment: &str) -> bool {
        let lines = |text: &str| {
            text.lines()
                .map(|line| line.trim().to_owned())
                .filter(|line| !line.is_empty())
                .collect::<Vec<_>>()
        };
        let (written, posted) = (lines(&self.written), lines(comment));
        if self.style != Style::Inline {
            return written == posted;
        }
        let mut own = written.iter().peekable();
        for line in &posted {
            if own.peek() == Some(&line) {
                own.next();
            }
        }
        own.next().is_none() && posted.last() == written.last() && !comment.contains("[ref:")
    }
}

/// What an absent person's server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vacation {
    /// As RFC 3834 has it: `Auto-Submitted`, no envelope sender.
    Proper,
    /// As Exchange does: vendors' headers, no envelope sender.
    Exchange,
    /// As an old script does: nothing but `Precedence`, and the person as the envelope's sender.
    Script,
}

impl Vacation {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Proper, Self::Exchange, Self::Script];

    /// The answer to a mail, and its envelope's sender.
    pub fn answer(self, received: &Received) -> (Answer, String) {
        let text = "Estoy fuera de la oficina hasta el lunes.";
        let mut answer = Program::Telephone.answer(received, text);
        answer.set(
            "Subject",
            &encoded_words(&format!("Respuesta automática: {}", received.subject)),
        );
        answer.set("In-Reply-To", &received.message_id);
        let mut sender = String::new();
        match self {
            Self::Proper => answer.set("Auto-Submitted", "auto-replied (vacation)"),
            Self::Exchange => {
                answer.set("X-Auto-Response-Suppress", "All");
                answer.set("X-MS-Exchange-Inbox-Rules-Loop", &answer.from.email.clone());
                answer.set("Auto-Submitted", "auto-generated");
            }
            Self::Script => {
                answer.set("Precedence", "bulk");
                sender.clone_from(&answer.from.email);
            }
        }
        (answer, sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: =?utf-8?Q?Tom=C3=A1s_(Mesa)?= <desk@recado.test>\r\n\
        Reply-To: <desk+token@recado.test>\r\nTo: \"Ana\" <ana@recado.test>\r\nSubject: Ticket 1\r\n\
        Message-ID: <row.mac@recado.test>\r\nReferences: <thread@recado.test>\r\n\
        Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHola, Ana:\r\n\r\n\u{bf}Sigue igual?\r\n\r\n[ref:abc]\r\n\
        --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hola, Ana:</p><p>\u{bf}Sigue igual?</p><p>[ref:abc]</p>\r\n--b--\r\n";

    const TEXT: &str = "Sí, sigue igual 😀.\n\n.\nGracias,\nAna";

    #[test]
    fn every_program_says_what_the_person_wrote_and_quotes_the_rest() {
        let received = Received::read(MAIL.as_bytes());
        for program in Program::ALL {
            let answer = program.answer(&received, TEXT);
            let raw = answer.raw();
            let message = MessageParser::default().parse(&raw).unwrap();
            let text = message.body_text(0).unwrap();
            let mut last = 0;
            for line in TEXT.lines().filter(|line| line.len() > 1) {
                last += text[last..]
                    .find(line)
                    .unwrap_or_else(|| panic!("{program:?}: {line:?} in {text}"));
            }
            assert!(text.contains("[ref:abc]"), "{program:?}: {text}");
            assert!(text.contains("Sigue igual?"), "{program:?}: {text}");
            assert_eq!(
                Person::of(message.from()).unwrap(),
                Person::new("Ana", "ana@recado.test")
            );
            let longest = raw.split(|byte| *byte == b'\n').map(<[u8]>::len).max();
            assert!(longest < Some(998), "{program:?}");
        }
    }

    #[test]
    fn each_program_keeps_the_carriers_that_it_is_known_for() {
        let received = Received::read(MAIL.as_bytes());
        let carriers = |program: Program| {
            let answer = program.answer(&received, TEXT);
            let has = |name| answer.header(name).is_some_and(|value| value.contains("row.mac"));
            (answer.to[0].contains('+'), has("In-Reply-To"), has("References"))
        };
        assert_eq!(carriers(Program::Gmail), (true, true, true));
        assert_eq!(carriers(Program::OutlookWeb), (true, true, false));
        assert_eq!(carriers(Program::Telephone), (true, false, false));
        assert_eq!(carriers(Program::AnswersToFrom), (false, false, false));
    }

    #[test]
    fn an_answer_is_found_in_the_comment_that_it_became_and_in_no_other() {
        let received = Received::read(MAIL.as_bytes());
        let above = Program::Gmail.answer(&received, "uno\n\ndos");
        assert!(
            above.is_said_in("uno\ndos\n")
                && !above.is_said_in("uno\ndos\n> Hola")
                && !above.is_said_in("uno")
        );
        let inline = Program::Thunderbird.answer(&received, "uno\n\ndos");
        assert!(inline.is_said_in("> Hola\n\nuno\n\n> igual?\n\ndos"));
        assert!(!inline.is_said_in("> Hola\nuno\n> igual?") && !inline.is_said_in("uno\ndos\n> [ref:abc]"));
    }
}
