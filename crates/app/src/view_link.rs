//! Links in mails: to the ticket's page, and signed ones that open one ticket for a while to whoever holds them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use recado_domain::comment::CommentId;
use recado_domain::parameter::{Parameter, Parameters};
use recado_domain::template::{StoredTemplate, TemplateSource, TemplateValues, TicketKey};
use recado_domain::ticket::{Ticket, TicketNumber};
use recado_domain::token::Keyring;
use recado_ports::clock::Clock;
use recado_ports::comments::{Audience, Comments};
use recado_ports::page::PageLimit;
use recado_ports::tickets::Tickets;

use crate::access::Refusal;
use crate::read_comments::{Conversation, conversation};
use crate::settings::MessagingSettings;

/// Where people reach the pages: parameter 33, else the configuration's URL. No slash at its end.
pub(crate) fn base_url<'a>(parameters: &'a Parameters, settings: &'a MessagingSettings) -> &'a str {
    parameters
        .text(Parameter::SystemUrl)
        .unwrap_or(&settings.public_url)
}

/// The address of a ticket's page, for those who sign in.
pub(crate) fn ticket_url(base: &str, number: &TicketNumber) -> String {
    format!("{base}/tickets/{}", percent_encoded(number.as_str()))
}

/// What signs the links of a rendering.
#[derive(Clone, Copy)]
pub(crate) enum Signer<'a> {
    /// The daemon's secret.
    Keyring(&'a Keyring),
    /// Nothing: the links of a preview open nothing.
    Nobody,
}

/// Gives a template's links their addresses: `{TOKEN(…)}` a signed one each, and the key of the ticket's link the plain
/// one, where the ticket brings none of its own.
pub(crate) fn with_links(
    values: TemplateValues,
    template: &StoredTemplate,
    ticket: &Ticket,
    base: &str,
    signer: Signer<'_>,
    now: Timestamp,
) -> TemplateValues {
    let page = TicketKey::parse("LINKSERVICEREQUEST").expect("the key is known");
    let mut values = match values.get(page) {
        Some(_) => values,
        None => values.with(page, ticket_url(base, &ticket.number)),
    };
    let source = template.source();
    let fields = [Some(source.subject), Some(source.html), source.text];
    for field in fields.into_iter().flatten() {
        for link in TemplateSource::parse(field).links() {
            if values.link(link).is_none() {
                let token = match signer {
                    Signer::Keyring(keyring) => {
                        let valid = SignedDuration::from_mins(link.minutes().into());
                        keyring.view_token(ticket.id, now + valid)
                    }
                    Signer::Nobody => "preview".to_owned(),
                };
                values = values.with_link(link, format!("{base}/view/{token}"));
            }
        }
    }
    values
}

/// A text as one segment of a URL's path (RFC 3986 §2.3 and §3.3).
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => encoded.push(char::from(byte)),
            // `.` and `..` would be steps of a path.
            b'.' if !text.trim_matches('.').is_empty() => encoded.push('.'),
            _ => write!(encoded, "%{byte:02X}").expect("a string takes all that is written"),
        }
        encoded
    })
}

/// Shows a ticket to whoever holds a signed link to it.
pub struct ViewTicket {
    /// Where the ticket is found.
    pub tickets: Arc<dyn Tickets>,
    /// Where its comments are.
    pub comments: Arc<dyn Comments>,
    /// Tells which link is ours.
    pub keyring: Arc<Keyring>,
    /// Tells which has expired.
    pub clock: Arc<dyn Clock>,
}

impl ViewTicket {
    /// The ticket that a token opens, with its public comments before one, or the newest ones, without their mails;
    /// `None` for a token that is not ours or has expired.
    ///
    /// # Errors
    /// [`Refusal::Store`] alone.
    pub async fn run(
        &self,
        token: &str,
        before: Option<CommentId>,
    ) -> Result<Option<(Ticket, Conversation)>, Refusal> {
        let Some(id) = self.keyring.opened_by(token, self.clock.now()) else {
            return Ok(None);
        };
        let Some(ticket) = self.tickets.find_by_id(id).await? else {
            return Ok(None);
        };
        let audience = Audience::Public { reader: None };
        let mut conversation =
            conversation(&*self.comments, &ticket, &audience, before, PageLimit::default()).await?;
        for found in &mut conversation.comments {
            // Whom the mails went to is not the holder's business.
            found.deliveries.clear();
        }
        Ok(Some((ticket, conversation)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_segment_whatever_it_holds() {
        for (number, encoded) in [
            ("4711", "4711"),
            ("R261122-AB2C", "R261122-AB2C"),
            ("a/b c%ñ?#", "a%2Fb%20c%25%C3%B1%3F%23"),
            ("..", "%2E%2E"),
            ("1.2", "1.2"),
        ] {
            assert_eq!(percent_encoded(number), encoded);
        }
    }
}
