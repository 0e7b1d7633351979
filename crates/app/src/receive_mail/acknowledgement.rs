//! Telling the sender of a mail that it opened a ticket: when, and in which words.

use jiff::{SignedDuration, Timestamp};
use recado_domain::incoming::{Authentication, IncomingMail};
use recado_domain::ledger::Via;
use recado_domain::outbox::Cause;
use recado_domain::parameter::{Parameter, Parameters};
use recado_domain::ticket::{Ticket, TicketNumber};
use recado_ports::mail::Automatic;
use recado_ports::outbox::NewDelivery;
use recado_ports::store::StoreError;

use super::ReceiveMail;
use super::judging::{Obstacle, PendingMail};
use crate::letter::Letter;
use crate::wording;

/// Acknowledgements within [`PER`]: one to an address, and so many over all. A forged sender is a stranger whom we
/// would flood.
const TO_ALL: u64 = 100;
const PER: SignedDuration = SignedDuration::from_hours(1);

/// A ticket that a mail opened.
pub(super) struct Opened<'a> {
    pub(super) ticket: &'a Ticket,
    pub(super) follows: Option<&'a TicketNumber>,
}

impl ReceiveMail {
    /// The acknowledgement, when one is due.
    pub(super) async fn acknowledgement(
        &self,
        pending: &PendingMail,
        mail: &IncomingMail,
        opened: &Opened<'_>,
        parameters: &Parameters,
        now: Timestamp,
    ) -> Result<Option<NewDelivery>, Obstacle> {
        let requester = &opened.ticket.requester;
        let authentication = self.authentication(mail, opened.ticket, pending.via);
        let wanted = parameters.is_on(Parameter::MessageExchange)
            && parameters.template(Parameter::MessagingTemplate).is_some()
            && mail.automatic.is_none()
            && pending.envelope.from.as_deref() != Some("")
            && authentication != Authentication::Fail;
        if !wanted || !self.may_acknowledge(opened.ticket, now).await? {
            return Ok(None);
        }
        let locale = opened.ticket.locale.unwrap_or(self.messaging.locale);
        let rendered = wording::Acknowledgement {
            number: &opened.ticket.number,
            follows: opened.follows,
            title: (authentication == Authentication::Pass).then_some(opened.ticket.title.as_str()),
            url: parameters.text(Parameter::SystemUrl),
        }
        .render(locale);
        let letter = Letter {
            cause: Cause::Acknowledgement(pending.id),
            ticket: Some(opened.ticket),
            author: None,
            rendered: &rendered,
            images: Vec::new(),
            attachments: Vec::new(),
            automatic: Automatic::Replied,
            created_at: now,
            due_at: now,
        };
        let thread: Vec<_> = mail.message_id.iter().cloned().collect();
        let delivery = self.desk(parameters).write(&letter, requester, &thread)?;
        Ok(Some(delivery))
    }

    /// What is known of the address of a new ticket's requester.
    fn authentication(&self, mail: &IncomingMail, ticket: &Ticket, via: Via) -> Authentication {
        self.settings
            .policy
            .trust
            .authentication(mail, &ticket.requester.email, via)
    }

    async fn may_acknowledge(&self, ticket: &Ticket, now: Timestamp) -> Result<bool, StoreError> {
        let to = ticket.requester.email.clone();
        Ok(self.ledger.acknowledged(Some(to), now - PER).await? == 0
            && self.ledger.acknowledged(None, now - PER).await? < TO_ALL)
    }
}
