//! `{TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, VIEW, 50)}`: a link that opens the ticket and expires.
//!
//! Only the notation is known here. Making the link needs a key and the clock, and is the caller's part.

use super::key::{Key, TemplateKey};
use super::source::{trim, trim_start};

/// A signed link to the message's ticket, for viewing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignedLink {
    minutes: u32,
}

impl SignedLink {
    /// How long a link is valid when the template does not say, in minutes.
    pub const DEFAULT_MINUTES: u32 = 120;
    /// The longest that a link is valid, in minutes: a day. A template that asks for more gets this.
    pub const MAX_MINUTES: u32 = 24 * 60;
    /// How a link is written, to show to whoever wrote it wrongly.
    pub const EXAMPLE: &'static str = "{TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, VIEW, 50)}";

    /// A link that is valid for so many minutes: at least one, at most [`SignedLink::MAX_MINUTES`].
    pub fn valid_for_minutes(minutes: u32) -> Self {
        Self {
            minutes: minutes.clamp(1, Self::MAX_MINUTES),
        }
    }

    /// How many minutes after rendering the link expires.
    pub fn minutes(self) -> u32 {
        self.minutes
    }

    /// A link at the start of a text: its length in bytes, and the link unless it is malformed.
    pub(super) fn recognise(text: &str) -> Option<(usize, Option<Self>)> {
        let name = text.strip_prefix('{').map(trim_start)?;
        let is_token = name
            .get(..5)
            .is_some_and(|word| word.eq_ignore_ascii_case("TOKEN"));
        let arguments = trim_start(name.get(5..).filter(|_| is_token)?).strip_prefix('(')?;
        let opening = text.len() - arguments.len();
        let Some(length) = arguments
            .bytes()
            .take(LONGEST_ARGUMENTS)
            .position(|byte| byte == b')')
        else {
            return Some((opening, None));
        };
        let after = &arguments[length + 1..];
        match trim_start(after).strip_prefix('}') {
            Some(rest) => Some((
                text.len() - rest.len(),
                Self::from_arguments(&arguments[..length]),
            )),
            None => Some((text.len() - after.len(), None)),
        }
    }

    fn from_arguments(arguments: &str) -> Option<Self> {
        let mut arguments = arguments.split(',').map(trim);
        let object = arguments.next()?;
        let ticket = arguments.next()?;
        let action = arguments.next()?;
        let minutes = arguments.next();
        let ticket = ticket.strip_prefix('\\').unwrap_or(ticket);
        let ticket = Key::parse(ticket.strip_prefix("${")?.strip_suffix('}')?)?;
        let is_known = object.eq_ignore_ascii_case("serviceRequestIncident")
            && ticket == Key::Message(TemplateKey::TicketNumber)
            && action.eq_ignore_ascii_case("VIEW")
            && arguments.next().is_none();
        if !is_known {
            return None;
        }
        match minutes {
            None => Some(Self::valid_for_minutes(Self::DEFAULT_MINUTES)),
            // As many digits as one likes: what overflows is more than the longest time.
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(Self::valid_for_minutes(digits.parse().unwrap_or(u32::MAX)))
            }
            Some(_) => None,
        }
    }
}

/// A bound on the search for the closing parenthesis, in bytes.
const LONGEST_ARGUMENTS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn link(text: &str) -> Option<u32> {
        let (length, link) = SignedLink::recognise(text)?;
        assert!(text.is_char_boundary(length));
        link.map(SignedLink::minutes)
    }

    #[test]
    fn a_link_is_read_with_any_spelling_of_the_ticket_number() {
        assert_eq!(link(SignedLink::EXAMPLE), Some(50));
        for ticket in ["${IDSOLICITUDSERVICIO}", r"\${idSolicitacaoServico}"] {
            let text = format!("{{token (SERVICEREQUESTINCIDENT,{ticket},&nbsp;view , 7)}} and more");
            assert_eq!(link(&text), Some(7), "{text}");
        }
    }

    #[test]
    fn its_time_is_capped_and_has_a_default() {
        let with = |minutes: &str| {
            link(&format!(
                "{{TOKEN(serviceRequestIncident,${{IDSERVICEREQUEST}},VIEW{minutes})}}"
            ))
        };
        assert_eq!(with(""), Some(120));
        assert_eq!(with(", 0"), Some(1));
        assert_eq!(with(", 1441"), Some(1440));
        assert_eq!(with(", 99999999999999999999"), Some(1440));
    }

    #[test]
    fn another_object_action_key_or_time_is_malformed() {
        for text in [
            "{TOKEN()}",
            "{TOKEN(",
            "{TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, VIEW, 50)",
            "{TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, DELETE, 50)}",
            "{TOKEN(problem, ${IDSERVICEREQUEST}, VIEW, 50)}",
            "{TOKEN(serviceRequestIncident, ${USERNAME}, VIEW, 50)}",
            "{TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, VIEW, -5)}",
            "{TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, VIEW, 50, 6)}",
        ] {
            assert!(matches!(SignedLink::recognise(text), Some((_, None))), "{text}");
        }
        assert_eq!(SignedLink::recognise("{TOKENS}"), None);
        assert_eq!(SignedLink::recognise("{TÓKEN("), None);
    }
}
