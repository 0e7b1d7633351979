//! Commands as they are written (RFC 5321 §4.1, RFC 2033 §4, RFC 3030 §2), and addresses as they stand in them.

use recado_domain::person::EmailAddress;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Lhlo,
    Mail {
        /// Empty for the null sender.
        from: String,
        /// The size that the sender announces (RFC 1870).
        size: Option<u64>,
    },
    Rcpt {
        /// `None` for an address that is none of a person's: `postmaster`, a quoted local part, an address literal.
        to: Option<EmailAddress>,
    },
    Data,
    Bdat {
        /// Octets of the chunk, which follow the line at once.
        size: u64,
        /// Whether it ends the message.
        last: bool,
    },
    Rset,
    Noop,
    Vrfy,
    Quit,
}

/// What is said to a line that is no command: a whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault(pub(super) &'static str);

impl Fault {
    /// Nobody knows how long the chunk is that follows.
    pub(super) const BDAT: Self = Self("501 5.5.4 Say BDAT size [LAST]");
}

const UNKNOWN: Fault = Fault("500 5.5.1 Unknown command");
const NOT_SMTP: Fault = Fault("500 5.5.1 This is LMTP: say LHLO");
const NO_ARGUMENT: Fault = Fault("501 5.5.4 This command takes no argument");
const LHLO_NAME: Fault = Fault("501 5.5.4 LHLO needs a name");
const MAIL_SYNTAX: Fault = Fault("501 5.5.4 Say MAIL FROM:<address>");
const RCPT_SYNTAX: Fault = Fault("501 5.5.4 Say RCPT TO:<address>");
const BAD_SENDER: Fault = Fault("501 5.1.7 The sender's address is none");
const BAD_RECIPIENT: Fault = Fault("501 5.1.3 The recipient's address is none");
const BAD_VALUE: Fault = Fault("501 5.5.4 A parameter's value makes no sense");
const UNKNOWN_PARAMETER: Fault = Fault("555 5.5.4 A parameter that was not offered");

impl Command {
    /// Reads a line without its end.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Fault> {
        // Octets that are no UTF-8 have no business in an address; replaced, they still show where they stood.
        let line = String::from_utf8_lossy(line);
        let (verb, rest) = match line.find([' ', '\t']) {
            Some(end) => (&line[..end], line[end..].trim()),
            None => (line.trim(), ""),
        };
        let bare = |command| {
            if rest.is_empty() {
                Ok(command)
            } else {
                Err(NO_ARGUMENT)
            }
        };
        match verb.to_ascii_uppercase().as_str() {
            "LHLO" if rest.is_empty() => Err(LHLO_NAME),
            "LHLO" => Ok(Self::Lhlo),
            "HELO" | "EHLO" => Err(NOT_SMTP),
            "MAIL" => mail(rest),
            "RCPT" => rcpt(rest),
            "DATA" => bare(Self::Data),
            "BDAT" => bdat(rest),
            "RSET" => bare(Self::Rset),
            "NOOP" => Ok(Self::Noop),
            "VRFY" => Ok(Self::Vrfy),
            "QUIT" => bare(Self::Quit),
            _ => Err(UNKNOWN),
        }
    }
}

fn mail(rest: &str) -> Result<Command, Fault> {
    let rest = after_keyword(rest, "FROM:").ok_or(MAIL_SYNTAX)?;
    let (path, parameters) = split_path(rest).ok_or(MAIL_SYNTAX)?;
    if !path.is_empty() && !is_mailbox(path) {
        return Err(BAD_SENDER);
    }
    let mut size = None;
    for parameter in parameters.split_ascii_whitespace() {
        let (keyword, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match keyword.to_ascii_uppercase().as_str() {
            "SIZE" => size = Some(value.parse().map_err(|_| BAD_VALUE)?),
            "BODY" if value.eq_ignore_ascii_case("7BIT") || value.eq_ignore_ascii_case("8BITMIME") => {}
            "BODY" => return Err(BAD_VALUE),
            "SMTPUTF8" if value.is_empty() => {}
            _ => return Err(UNKNOWN_PARAMETER),
        }
    }
    Ok(Command::Mail {
        from: path.to_owned(),
        size,
    })
}

fn rcpt(rest: &str) -> Result<Command, Fault> {
    let rest = after_keyword(rest, "TO:").ok_or(RCPT_SYNTAX)?;
    let (path, parameters) = split_path(rest).ok_or(RCPT_SYNTAX)?;
    if !is_mailbox(path) {
        return Err(BAD_RECIPIENT);
    }
    if !parameters.is_empty() {
        return Err(UNKNOWN_PARAMETER);
    }
    Ok(Command::Rcpt {
        to: EmailAddress::parse(path).ok(),
    })
}

fn bdat(rest: &str) -> Result<Command, Fault> {
    let mut words = rest.split_ascii_whitespace();
    let size = words
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or(Fault::BDAT)?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return Err(Fault::BDAT),
    };
    match words.next() {
        None => Ok(Command::Bdat { size, last }),
        Some(_) => Err(Fault::BDAT),
    }
}

/// What follows `keyword`, in any letter case; blanks behind it are not RFC 5321's, but many senders'.
fn after_keyword<'a>(rest: &'a str, keyword: &str) -> Option<&'a str> {
    let head = rest.get(..keyword.len())?;
    head.eq_ignore_ascii_case(keyword)
        .then(|| rest[keyword.len()..].trim_start())
}

/// What stands in the angle brackets, a source route left out, and what follows them.
fn split_path(rest: &str) -> Option<(&str, &str)> {
    let inside = rest.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    let end = inside.find(|c| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' => return !quoted,
            _ => {}
        }
        false
    })?;
    let (path, after) = (&inside[..end], &inside[end + 1..]);
    if !after.is_empty() && !after.starts_with([' ', '\t']) {
        return None;
    }
    // RFC 5321 §4.1.2: a source route is accepted and ignored.
    let path = match path.strip_prefix('@') {
        Some(route) => route.split_once(':')?.1,
        None => path,
    };
    Some((path, after.trim()))
}

/// Whether a text is a mailbox of RFC 5321 §4.1.2, or a local part alone, as mail servers hand over for local users.
fn is_mailbox(text: &str) -> bool {
    if text.len() > EmailAddress::MAX_OCTETS || text.chars().any(char::is_control) {
        return false;
    }
    if let Some(rest) = text.strip_prefix('"') {
        let mut escaped = false;
        let end = rest.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        return end.is_some_and(|end| match &rest[end + 1..] {
            "" => true,
            rest => rest.strip_prefix('@').is_some_and(is_domain),
        });
    }
    match text.rsplit_once('@') {
        Some((local, domain)) => is_local(local) && is_domain(domain),
        None => is_local(text),
    }
}

/// Dots may stand anywhere in it, against RFC 5321: the addresses of some telephones have them side by side.
fn is_local(text: &str) -> bool {
    !text.is_empty() && !text.contains(is_special)
}

fn is_domain(text: &str) -> bool {
    match text.strip_prefix('[') {
        Some(literal) => literal.strip_suffix(']').is_some_and(|address| {
            !address.is_empty()
                && address
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || ":.-".contains(c))
        }),
        None => is_dotted(text),
    }
}

fn is_dotted(text: &str) -> bool {
    text.split('.')
        .all(|label| !label.is_empty() && !label.contains(is_special))
}

fn is_special(c: char) -> bool {
    c.is_whitespace() || "<>()[]\\,;:@\"".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, Fault> {
        Command::parse(line.as_bytes())
    }

    fn from(address: &str, size: Option<u64>) -> Command {
        Command::Mail {
            from: address.to_owned(),
            size,
        }
    }

    #[test]
    fn commands_are_read_in_any_letter_case() {
        assert_eq!(parse("lhlo mx.example.org"), Ok(Command::Lhlo));
        assert_eq!(parse("Data "), Ok(Command::Data));
        assert_eq!(parse("NOOP whatever"), Ok(Command::Noop));
        assert_eq!(parse("bdat 86 last"), Ok(Command::Bdat { size: 86, last: true }));
        assert_eq!(parse("BDAT 0"), Ok(Command::Bdat { size: 0, last: false }));
        assert_eq!(parse("mail from:<>"), Ok(from("", None)));
        assert_eq!(
            parse("MAIL FROM: <Ana@example.org>  size=100 BODY=8BITMIME SMTPUTF8"),
            Ok(from("Ana@example.org", Some(100)))
        );
        assert_eq!(
            parse("MAIL FROM:<@a.example,@b.example:ana@example.org>"),
            Ok(from("ana@example.org", None))
        );
        assert_eq!(
            parse("MAIL FROM:<\"a > b\"@example.org>"),
            Ok(from("\"a > b\"@example.org", None))
        );
        assert_eq!(
            parse("MAIL FROM:<ana..b.@phone.example>"),
            Ok(from("ana..b.@phone.example", None))
        );
    }

    #[test]
    fn any_address_is_a_recipient_and_nothing_else_is() {
        for (written, address) in [
            ("desk@example.org", Some("desk@example.org")),
            ("Desk+ABC@Example.org", Some("desk+abc@example.org")),
            ("señal@correo.example", Some("señal@correo.example")),
            ("postmaster", None),
            ("\"the desk\"@example.org", None),
            ("\"a\\\"b\"@example.org", None),
            ("desk@[192.0.2.1]", None),
            ("desk@[IPv6:2001:db8::1]", None),
        ] {
            let to = address.map(|address| EmailAddress::parse(address).unwrap());
            assert_eq!(
                parse(&format!("RCPT TO:<{written}>")),
                Ok(Command::Rcpt { to }),
                "{written}"
            );
        }
        let long = format!("{}@example.org", "a".repeat(250));
        for written in [
            "",
            "a b@example.org",
            "a@",
            "@b",
            "a@b,c@d",
            "\"a@b",
            "a\0@b",
            "a@b..c",
            "a@[",
            &long,
        ] {
            let answer = parse(&format!("RCPT TO:<{written}>")).unwrap_err().0;
            assert!(answer.starts_with("501 5."), "{written:?}: {answer}");
        }
    }

    #[test]
    fn what_is_no_command_is_answered_with_what_would_be() {
        for (line, code) in [
            ("", "500"),
            ("STARTTLS", "500"),
            ("EHLO mx.example.org", "500 5.5.1 This is LMTP"),
            ("LHLO", "501"),
            ("MAIL", "501"),
            ("MAIL FROM:ana@example.org", "501"),
            ("MAIL FROM:<ana@example.org>SIZE=1", "501"),
            ("MAIL FROM:<ana@example.org> SIZE=many", "501"),
            ("MAIL FROM:<ana@example.org> BODY=BINARYMIME", "501"),
            ("MAIL FROM:<ana@example.org> AUTH=<>", "555"),
            ("RCPT TO:<ana@example.org> NOTIFY=NEVER", "555"),
            ("RCPT FROM:<ana@example.org>", "501"),
            ("DATA now", "501"),
            ("BDAT", "501"),
            ("BDAT -1", "501"),
            ("BDAT 99999999999999999999", "501"),
            ("BDAT 1 FIRST", "501"),
            ("BDAT 1 LAST 2", "501"),
            ("\u{fffd}", "500"),
            ("MAILñ", "500"),
        ] {
            let answer = parse(line).unwrap_err().0;
            assert!(answer.starts_with(code), "{line:?}: {answer}");
        }
    }
}
