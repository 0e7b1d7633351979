//! What a mail server answers, as data, and what the answer means for the mail and for its channel.
//!
//! Reading replies from a socket is left to the SMTP adapter; acting on a [`Verdict`] to the delivery use case.

mod streak;
mod verdict;

pub use streak::{RefusalStreak, Streak};
pub use verdict::{Verdict, classify};

use std::fmt;

/// The step of an SMTP dialogue that an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Stage {
    /// Name resolution and the TCP connection; no server has spoken yet.
    Connect,
    /// The banner, also the TLS handshake of an implicit-TLS port.
    Greeting,
    /// EHLO, or HELO where EHLO is refused.
    Ehlo,
    /// STARTTLS and the handshake after it.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO.
    RcptTo,
    /// DATA, up to the 354.
    Data,
    /// The message and the dot that ends it.
    FinalDot,
}

impl Stage {
    /// All stages, in the order of the dialogue.
    pub const ALL: [Self; 9] = [
        Self::Connect,
        Self::Greeting,
        Self::Ehlo,
        Self::StartTls,
        Self::Auth,
        Self::MailFrom,
        Self::RcptTo,
        Self::Data,
        Self::FinalDot,
    ];
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Greeting => "the greeting",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::MailFrom => "MAIL FROM",
            Self::RcptTo => "RCPT TO",
            Self::Data => "DATA",
            Self::FinalDot => "the final dot",
        })
    }
}

/// An enhanced status code, `class.subject.detail` (RFC 3463).
///
/// ```
/// use recado_domain::reply::EnhancedCode;
///
/// let code = EnhancedCode::parse("5.1.1").unwrap();
/// assert_eq!(code, EnhancedCode::new(5, 1, 1));
/// assert_eq!(code.to_string(), "5.1.1");
/// assert_eq!(EnhancedCode::parse("3.1.1"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EnhancedCode {
    /// 2 success, 4 passing failure, 5 lasting failure.
    pub class: u8,
    /// What the code is about: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 policy.
    pub subject: u16,
    /// The particular condition.
    pub detail: u16,
}

impl EnhancedCode {
    /// The code with these three parts.
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self {
            class,
            subject,
            detail,
        }
    }

    /// Reads `5.1.1`. `None` for anything but a class of 2, 4 or 5 and two numbers of one to three digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| {
            let plain = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse::<u16>().ok()).flatten()
        });
        let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
        let class = u8::try_from(class)
            .ok()
            .filter(|class| matches!(class, 2 | 4 | 5))?;
        parts.next().is_none().then_some(Self {
            class,
            subject,
            detail,
        })
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// A complete SMTP reply (RFC 5321 §4.2).
///
/// ```
/// use recado_domain::reply::{EnhancedCode, Reply};
///
/// let reply = Reply::new(550, "5.1.1 <ana@example.org>: no such user");
/// assert_eq!(reply.code(), 550);
/// assert_eq!(reply.enhanced(), Some(EnhancedCode::new(5, 1, 1)));
/// assert_eq!(reply.to_string(), "550 5.1.1 <ana@example.org>: no such user");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reply {
    code: u16,
    enhanced: Option<EnhancedCode>,
    text: String,
}

impl Reply {
    /// The longest text that is kept, in characters; the rest is cut off.
    pub const MAX_TEXT: usize = 1_000;

    /// A reply of `code` and `text`, the lines of a multiline reply joined with `\n`, their codes stripped.
    ///
    /// The enhanced code is read from the beginning of the first line and also stays in the text. Control
    /// characters other than the line break become U+FFFD: the text is shown on terminals and in pages.
    pub fn new(code: u16, text: &str) -> Self {
        let enhanced = text.split([' ', '\n']).next().and_then(EnhancedCode::parse);
        let text = text.trim_end();
        let is_plain = |octet: u8| matches!(octet, b' '..=b'~' | b'\n');
        let text = if text.len() <= Self::MAX_TEXT && text.bytes().all(is_plain) {
            text.to_owned()
        } else {
            text.chars()
                .take(Self::MAX_TEXT)
                .map(|c| match c {
                    '\n' => '\n',
                    '\t' => ' ',
                    c if c.is_control() => char::REPLACEMENT_CHARACTER,
                    c => c,
                })
                .collect()
        };
        Self { code, enhanced, text }
    }

    /// The three-digit basic code.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced code, when the server gave one.
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        self.enhanced
    }

    /// The text after the basic code; may be empty, and may have several lines.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the basic code is 2xx.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// The enhanced code, unless its class contradicts the basic code: then the basic code wins.
    pub(crate) fn agreed_enhanced(&self) -> Option<EnhancedCode> {
        self.enhanced
            .filter(|enhanced| u16::from(enhanced.class) == self.code / 100)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.code)?;
        let mut separator = ' ';
        for line in self.text.lines() {
            write!(f, "{separator}{line}")?;
            separator = '\n';
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_code_needs_three_plain_numbers_and_a_known_class() {
        for bad in [
            "", "5", "5.1", "5.1.1.1", "6.1.1", "5.1.", "5.+1.1", "5.1.1000", "5.1.1:", "x.1.1",
        ] {
            assert_eq!(EnhancedCode::parse(bad), None, "{bad:?}");
        }
        assert_eq!(EnhancedCode::parse("4.7.500"), Some(EnhancedCode::new(4, 7, 500)));
    }

    #[test]
    fn a_reply_is_bounded_and_shows_no_control_characters() {
        let reply = Reply::new(550, &format!("\u{1b}[2J{}", "é".repeat(5_000)));
        assert_eq!(reply.text().chars().count(), Reply::MAX_TEXT);
        assert!(reply.text().starts_with("\u{fffd}[2J"));
    }

    #[test]
    fn a_bare_code_is_a_reply() {
        let reply = Reply::new(250, "");
        assert_eq!((reply.enhanced(), reply.to_string()), (None, "250".to_owned()));
    }

    #[test]
    fn a_multiline_reply_keeps_its_lines() {
        assert_eq!(
            Reply::new(550, "5.7.1 first\n5.7.1 second").to_string(),
            "550 5.7.1 first\n5.7.1 second"
        );
    }

    #[test]
    fn an_enhanced_code_of_another_class_is_not_agreed() {
        assert_eq!(Reply::new(451, "5.1.1 unknown").agreed_enhanced(), None);
    }
}
