//! Parameters by number: type, default and validation. The numbers are those of the product that Recado follows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use secrecy::SecretString;

use crate::person::{AddressError, EmailAddress};
use crate::template::TemplateId;

/// What a parameter's value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// `Y` or `N`; `S`, `Sí`, `Sim`, `Yes`, `No`, `Não` are read as them, in any letter case.
    YesNo,
    /// An e-mail address.
    Address,
    /// A host name or IP address.
    Host,
    /// 1 to 65535.
    Port,
    /// A whole number from 1.
    Number,
    /// Any text of one line.
    Text,
    /// A text that is never shown again.
    Secret,
    /// An `http` or `https` URL.
    Url,
    /// The number of a template.
    Template,
    /// One of these words.
    Choice(&'static [&'static str]),
}

macro_rules! parameters {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $kind:expr, $default:expr;)+) => {
        /// A parameter that Recado knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Parameter { $($(#[$doc])* $variant),+ }

        impl Parameter {
            /// Every parameter, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its number.
            pub fn number(self) -> u16 {
                match self { $(Self::$variant => $number),+ }
            }

            /// What it is for, in a few words.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What its value must be.
            pub fn kind(self) -> ValueKind {
                match self { $(Self::$variant => $kind),+ }
            }

            /// The value that counts while none is set.
            pub fn default_value(self) -> Option<&'static str> {
                match self { $(Self::$variant => $default),+ }
            }
        }
    };
}

parameters! {
    /// `From` of every mail, and its envelope sender.
    FromAddress = 10, "From address of notifications", ValueKind::Address, None;
    /// Whether the outgoing server wants a login.
    SmtpAuthentication = 11, "SMTP needs authentication", ValueKind::YesNo, Some("N");
    /// The login's name.
    SmtpUser = 12, "SMTP user", ValueKind::Text, None;
    /// The login's password.
    SmtpPassword = 13, "SMTP password", ValueKind::Secret, None;
    /// The outgoing server.
    SmtpHost = 14, "SMTP server", ValueKind::Host, None;
    /// The mailbox's server.
    InboxHost = 23, "inbox server", ValueKind::Host, None;
    /// The mailbox's user.
    InboxUser = 24, "inbox user", ValueKind::Text, None;
    /// The mailbox's password.
    InboxPassword = 25, "inbox password", ValueKind::Secret, None;
    /// How the mailbox is read.
    InboxProtocol = 26, "inbox protocol", ValueKind::Choice(&["imaps", "imap"]), Some("imaps");
    /// The mailbox's port; unset, the protocol's.
    InboxPort = 27, "inbox port", ValueKind::Port, None;
    /// The folder that is read.
    InboxFolder = 28, "inbox folder", ValueKind::Text, Some("INBOX");
    /// Where people reach the system; links in mails begin with it.
    SystemUrl = 33, "the system's own URL", ValueKind::Url, None;
    /// How many messages one round reads.
    MessagesPerRound = 72, "messages read per round", ValueKind::Number, Some("20");
    /// STARTTLS, or implicit TLS on port 465.
    SmtpTls = 199, "SMTP uses TLS", ValueKind::YesNo, Some("N");
    /// Whether the mailbox is read at all.
    ReadMail = 200, "read new mail automatically", ValueKind::YesNo, Some("N");
    /// The template of the desk's notes.
    DeskNoteTemplate = 251, "template ID: a note by the desk, to the requester", ValueKind::Template, None;
    /// Whether requesters may write notes.
    RequesterNotes = 252, "requesters may add notes in the portal", ValueKind::YesNo, Some("Y");
    /// The template of requesters' notes.
    RequesterNoteTemplate = 253, "template ID: a note by the requester, to the technician", ValueKind::Template, None;
    /// The outgoing server's port; 465 means implicit TLS.
    SmtpPort = 269, "SMTP port", ValueKind::Port, Some("25");
    /// Stops every mail; they wait.
    StopOutgoingMail = 297, "stop all outgoing mail", ValueKind::YesNo, Some("N");
    /// `N` switches the messaging service off.
    MessageExchange = 299, "message exchange between requester and responsible is active", ValueKind::YesNo, Some("Y");
    /// Switches the messaging service on.
    MessagingTemplate = 417, "template ID of the messaging service", ValueKind::Template, None;
    /// Whether the desk's pages refresh by themselves.
    DeskRefresh = 418, "the ticket desk refreshes itself", ValueKind::YesNo, Some("Y");
}

/// Why a value does not fit its parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// No such number.
    #[error("there is no parameter {0}")]
    Unknown(u16),
    /// The value is not of the parameter's kind.
    #[error("parameter {number} ({name}) {expected}")]
    Invalid {
        /// The parameter's number.
        number: u16,
        /// The parameter's name.
        name: &'static str,
        /// What would be right.
        expected: String,
    },
    /// An address that is none.
    #[error("parameter {number} ({name}) needs an e-mail address")]
    Address {
        /// The parameter's number.
        number: u16,
        /// The parameter's name.
        name: &'static str,
        /// What is wrong with it.
        source: AddressError,
    },
}

impl Parameter {
    /// The product's own limit on a value, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Looks a number up.
    pub fn from_number(number: u16) -> Result<Self, ParameterError> {
        Self::ALL
            .iter()
            .copied()
            .find(|parameter| parameter.number() == number)
            .ok_or(ParameterError::Unknown(number))
    }

    /// Whether its value is never read back.
    pub fn is_secret(self) -> bool {
        self.kind() == ValueKind::Secret
    }

    /// Whether writing it, even with the same value, means "try this account again now".
    pub fn belongs_to_outgoing_account(self) -> bool {
        matches!(
            self,
            Self::FromAddress
                | Self::SmtpAuthentication
                | Self::SmtpUser
                | Self::SmtpPassword
                | Self::SmtpHost
                | Self::SmtpTls
                | Self::SmtpPort
        )
    }

    /// Checks a value and brings it into its stored form.
    ///
    /// ```
    /// use recado_domain::parameter::Parameter;
    /// assert_eq!(Parameter::MessageExchange.normalize("Não")?, "N");
    /// assert_eq!(Parameter::SmtpPort.normalize(" 587 ")?, "587");
    /// let error = Parameter::SmtpPort.normalize("70000").unwrap_err();
    /// assert_eq!(error.to_string(), "parameter 269 (SMTP port) needs a port from 1 to 65535");
    /// # Ok::<(), recado_domain::parameter::ParameterError>(())
    /// ```
    pub fn normalize(self, value: &str) -> Result<String, ParameterError> {
        let invalid = |expected: String| ParameterError::Invalid {
            number: self.number(),
            name: self.name(),
            expected,
        };
        if value.chars().count() > Self::MAX_CHARS {
            return Err(invalid(format!("takes at most {} characters", Self::MAX_CHARS)));
        }
        if value.chars().any(char::is_control) {
            return Err(invalid("takes one line without control characters".to_owned()));
        }
        // Blanks around a password may belong to it; elsewhere they are slips of pasting.
        let trimmed = if self.is_secret() { value } else { value.trim() };
        if trimmed.is_empty() {
            return Err(invalid(
                "needs a value; unset it to return to its default".to_owned(),
            ));
        }
        match self.kind() {
            ValueKind::YesNo => match trimmed.to_lowercase().as_str() {
                "y" | "yes" | "s" | "si" | "sí" | "sim" => Ok("Y".to_owned()),
                "n" | "no" | "não" | "nao" => Ok("N".to_owned()),
                _ => Err(invalid("needs Y or N".to_owned())),
            },
            ValueKind::Address => EmailAddress::parse(trimmed)
                .map(|address| address.as_str().to_owned())
                .map_err(|source| ParameterError::Address {
                    number: self.number(),
                    name: self.name(),
                    source,
                }),
            ValueKind::Host
                if trimmed
                    .chars()
                    .any(|c| c.is_whitespace() || "/@,;<>\"'".contains(c)) =>
            {
                Err(invalid(
                    "needs a host name or an IP address, without scheme or path".to_owned(),
                ))
            }
            ValueKind::Port => match trimmed.parse::<u16>() {
                Ok(port) if port > 0 => Ok(port.to_string()),
                _ => Err(invalid("needs a port from 1 to 65535".to_owned())),
            },
            ValueKind::Number | ValueKind::Template => match trimmed.parse::<i64>() {
                Ok(number) if number > 0 => Ok(number.to_string()),
                _ => Err(invalid("needs a whole number from 1".to_owned())),
            },
            ValueKind::Url => {
                let rest = trimmed
                    .strip_prefix("https://")
                    .or_else(|| trimmed.strip_prefix("http://"));
                match rest {
                    Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) => {
                        Ok(trimmed.trim_end_matches('/').to_owned())
                    }
                    _ => Err(invalid(
                        "needs a URL that begins with http:// or https://".to_owned(),
                    )),
                }
            }
            ValueKind::Choice(words) => words
                .iter()
                .find(|word| word.eq_ignore_ascii_case(trimmed))
                .map(|word| (*word).to_owned())
                .ok_or_else(|| invalid(format!("needs one of: {}", words.join(", ")))),
            ValueKind::Host | ValueKind::Text | ValueKind::Secret => Ok(trimmed.to_owned()),
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter {} ({})", self.number(), self.name())
    }
}

/// The parameters as they stand: set values over defaults. Debug shows no secret.
///
/// ```
/// use recado_domain::parameter::{Parameter, Parameters};
/// use recado_domain::template::TemplateId;
/// let mut parameters = Parameters::default();
/// assert!(parameters.is_on(Parameter::MessageExchange), "an unset 299 counts as Y");
/// assert_eq!(parameters.template(Parameter::MessagingTemplate), None);
/// parameters.insert(Parameter::MessagingTemplate, "7")?;
/// assert_eq!(parameters.template(Parameter::MessagingTemplate), TemplateId::parse("7").ok());
/// # Ok::<(), recado_domain::parameter::ParameterError>(())
/// ```
#[derive(Clone, Default)]
pub struct Parameters {
    values: BTreeMap<Parameter, String>,
}

impl Parameters {
    /// Sets a value, which is checked and normalized.
    pub fn insert(&mut self, parameter: Parameter, value: &str) -> Result<(), ParameterError> {
        let value = parameter.normalize(value)?;
        self.values.insert(parameter, value);
        Ok(())
    }

    /// Returns a parameter to its default.
    pub fn remove(&mut self, parameter: Parameter) {
        self.values.remove(&parameter);
    }

    /// The value that was set, secrets too: not for showing.
    pub fn set_value(&self, parameter: Parameter) -> Option<&str> {
        self.values.get(&parameter).map(String::as_str)
    }

    /// The value that counts: the one set, else the default.
    pub fn text(&self, parameter: Parameter) -> Option<&str> {
        self.set_value(parameter).or_else(|| parameter.default_value())
    }

    /// Whether a yes-or-no parameter is on.
    pub fn is_on(&self, parameter: Parameter) -> bool {
        self.text(parameter) == Some("Y")
    }

    /// A secret's value.
    pub fn secret(&self, parameter: Parameter) -> Option<SecretString> {
        self.set_value(parameter).map(SecretString::from)
    }

    /// An address parameter's value.
    pub fn address(&self, parameter: Parameter) -> Option<EmailAddress> {
        self.text(parameter)
            .and_then(|text| EmailAddress::parse(text).ok())
    }

    /// A port parameter's value.
    pub fn port(&self, parameter: Parameter) -> Option<u16> {
        self.text(parameter).and_then(|text| text.parse().ok())
    }

    /// The templates that comments are mailed by: those that 417, 253 and 251 name.
    pub fn comment_templates(&self) -> BTreeSet<TemplateId> {
        let serving = [
            Parameter::MessagingTemplate,
            Parameter::RequesterNoteTemplate,
            Parameter::DeskNoteTemplate,
        ];
        let named = serving
            .into_iter()
            .filter_map(|parameter| self.template(parameter));
        named.collect()
    }

    /// The template that a parameter names.
    pub fn template(&self, parameter: Parameter) -> Option<TemplateId> {
        self.text(parameter).and_then(|text| TemplateId::parse(text).ok())
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.values.iter().map(|(parameter, value)| {
            (
                parameter.number(),
                if parameter.is_secret() {
                    "[redacted]"
                } else {
                    value
                },
            )
        });
        f.debug_map().entries(shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_in_order_and_defaults_are_valid() {
        let numbers: Vec<_> = Parameter::ALL
            .iter()
            .map(|parameter| parameter.number())
            .collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        for parameter in Parameter::ALL {
            if let Some(default) = parameter.default_value() {
                assert_eq!(
                    parameter.normalize(default).as_deref(),
                    Ok(default),
                    "{parameter}"
                );
            }
        }
    }

    #[test]
    fn yes_and_no_are_read_in_every_edition() {
        for (text, stored) in [
            ("s", "Y"),
            ("Sí", "Y"),
            ("SI", "Y"),
            ("sim", "Y"),
            ("Y", "Y"),
            ("yes", "Y"),
            ("n", "N"),
            ("NÃO", "N"),
            ("No", "N"),
        ] {
            assert_eq!(
                Parameter::ReadMail.normalize(text).as_deref(),
                Ok(stored),
                "{text}"
            );
        }
        assert!(Parameter::ReadMail.normalize("maybe").is_err());
    }

    #[test]
    fn values_that_do_not_fit_are_refused_by_name_and_number() {
        let cases = [
            (Parameter::SmtpPort, "0"),
            (Parameter::SmtpHost, "smtp://mail.example.org"),
            (Parameter::FromAddress, "desk"),
            (Parameter::MessagingTemplate, "-1"),
            (Parameter::SystemUrl, "ftp://example.org"),
            (Parameter::InboxProtocol, "pop"),
            (Parameter::SmtpUser, "a\nb"),
        ];
        for (parameter, value) in cases {
            let message = parameter.normalize(value).unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("parameter {} ", parameter.number())),
                "{message}"
            );
        }
        let long = "x".repeat(201);
        assert!(Parameter::SmtpUser.normalize(&long).is_err());
    }

    #[test]
    fn a_secret_keeps_its_blanks_and_is_not_shown() {
        let mut parameters = Parameters::default();
        parameters.insert(Parameter::SmtpPassword, " p w ").unwrap();
        assert_eq!(parameters.set_value(Parameter::SmtpPassword), Some(" p w "));
        assert!(!format!("{parameters:?}").contains("p w"));
    }
}
