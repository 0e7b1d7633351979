//! The mails that a comment owes: to whom, by which template, written out. The same for every way in.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use recado_domain::audience;
use recado_domain::channel::AccountId;
use recado_domain::comment::{Comment, Kind};
use recado_domain::outbox::Cause;
use recado_domain::parameter::Parameter;
use recado_domain::person::{EmailAddress, Party};
use recado_domain::template::{Situation, StoredTemplate};
use recado_domain::token::Keyring;
use recado_ports::comments::{CommentContext, ContextQuery, IdempotencyKey, OnTicket};
use recado_ports::ids::Ids;
use recado_ports::mail::{Automatic, Composer};
use recado_ports::outbox::NewDelivery;
use recado_ports::renderer::Renderer;
use recado_ports::templates::TemplateImages;

use crate::access::Refusal;
use crate::letter::{self, Desk, Letter};
use crate::outgoing;
use crate::settings::MessagingSettings;
use crate::view_link::{self, Signer};

/// What became of a comment's mails at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notification {
    /// The service is off: 417 is unset, its template missing or inactive, or 299 is N.
    Off,
    /// There is nobody to tell.
    None,
    /// Every recipient is suppressed.
    Suppressed,
    /// The mails wait: 297 is Y, or the channel is held.
    Held,
    /// The mails are on their way.
    Queued,
}

impl Notification {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::None => "none",
            Self::Suppressed => "suppressed",
            Self::Held => "held",
            Self::Queued => "queued",
        }
    }
}

/// How long a mail to somebody who has the ticket's page open waits for the page to show the comment, which calls it back
/// ([`SeeComment`](crate::see_comment::SeeComment)). A page that was closed, or lost its connection, keeps no mail back.
const LOOKING_TIME: SignedDuration = SignedDuration::from_secs(30);

/// Everything that it takes to write a comment's mails, what the store says aside.
pub(crate) struct CommentMails<'a> {
    pub(crate) images: &'a dyn TemplateImages,
    pub(crate) renderer: &'a dyn Renderer,
    pub(crate) composer: &'a dyn Composer,
    pub(crate) ids: &'a dyn Ids,
    pub(crate) keyring: &'a Arc<Keyring>,
    pub(crate) settings: &'a MessagingSettings,
}

impl CommentMails<'_> {
    /// What to ask the store for, before a comment and its mails can be written.
    pub(crate) fn query(
        settings: &MessagingSettings,
        ticket: OnTicket,
        author: Option<&EmailAddress>,
        idempotency: Option<&IdempotencyKey>,
        now: Timestamp,
    ) -> ContextQuery {
        ContextQuery {
            ticket,
            author: author.cloned(),
            desk: settings.desk.as_ref().map(|party| party.email.clone()),
            idempotency: idempotency.cloned(),
            account: AccountId::DEFAULT,
            thread_length: letter::THREAD_LENGTH,
            now,
        }
    }

    /// The mails, ready to be stored with the comment, and what can be said of them at once. `contents` are the
    /// octets of the comment's attachments, in their order.
    ///
    /// # Errors
    /// [`Refusal::Store`], or [`Refusal::Internal`] for a mail that cannot be composed.
    pub(crate) async fn owed(
        &self,
        context: &CommentContext,
        comment: &Comment,
        contents: &[Vec<u8>],
    ) -> Result<(Notification, Vec<NewDelivery>), Refusal> {
        let Some(template) = template(context, comment) else {
            return Ok((Notification::Off, Vec::new()));
        };
        let mut recipients = audience::recipients(
            &context.ticket,
            &comment.author.email,
            comment.visibility,
            &context.technicians,
            self.settings.desk.as_ref(),
        );
        recipients.retain(|party| !context.unwilling.muted.contains(&party.email));
        if recipients.is_empty() {
            return Ok((Notification::None, Vec::new()));
        }
        recipients.retain(|party| !context.suppressed.contains(&party.email));
        if recipients.is_empty() {
            return Ok((Notification::Suppressed, Vec::new()));
        }
        let deliveries = self
            .write(context, template, comment, contents, &recipients)
            .await?;
        let values = &context.parameters.values;
        let stopped = values.is_on(Parameter::StopOutgoingMail)
            || outgoing::account(values, self.settings.way_out).is_err()
            || context.is_held;
        Ok((
            if stopped {
                Notification::Held
            } else {
                Notification::Queued
            },
            deliveries,
        ))
    }

    async fn write(
        &self,
        context: &CommentContext,
        template: &StoredTemplate,
        comment: &Comment,
        contents: &[Vec<u8>],
        recipients: &[Party],
    ) -> Result<Vec<NewDelivery>, Refusal> {
        let (ticket, parameters) = (&context.ticket, &context.parameters.values);
        let locale = letter::locale(Some(ticket), template, self.settings);
        let text = comment.text.as_str();
        let values = letter::values(
            ticket,
            &comment.author,
            text,
            comment.created_at,
            locale,
            self.settings,
        );
        let base = view_link::base_url(parameters, self.settings);
        // Who gets the mail later than now has no less time to follow the link.
        let due_at = comment.created_at + self.settings.hold_of(comment.origin);
        let values = view_link::with_links(
            values,
            template,
            ticket,
            base,
            Signer::Keyring(self.keyring),
            due_at,
        );
        let rendered = letter::render(self.renderer, template, &values, locale);
        let images = letter::images(self.images, template.id, &rendered).await?;
        let letter = Letter {
            cause: Cause::Comment(comment.id),
            ticket: Some(ticket),
            author: Some(&comment.author),
            rendered: &rendered,
            images,
            attachments: letter::draft_attachments(comment, contents),
            automatic: Automatic::No,
            created_at: comment.created_at,
            due_at,
        };
        let desk = Desk {
            composer: self.composer,
            ids: self.ids,
            keyring: self.keyring,
            parameters,
            settings: self.settings,
        };
        let mut deliveries = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let thread = context
                .threads
                .get(&recipient.email)
                .map_or(&[][..], Vec::as_slice);
            let mut delivery = desk.write(&letter, recipient, thread).map_err(|error| {
                Refusal::Internal(
                    "the mail about the comment cannot be composed".to_owned(),
                    Box::new(error),
                )
            })?;
            if context.unwilling.looking.contains(&recipient.email) {
                delivery.due_at += LOOKING_TIME;
            }
            deliveries.push(delivery);
        }
        Ok(deliveries)
    }
}

/// The template that serves this comment, when the service is on.
fn template<'a>(context: &'a CommentContext, comment: &Comment) -> Option<&'a StoredTemplate> {
    let ticket = &context.ticket;
    let off = |reason: &str| {
        tracing::warn!(ticket = %ticket.number, comment = %comment.id.0, reason, "messaging is off: nobody is told");
        None
    };
    let values = &context.parameters.values;
    if !values.is_on(Parameter::MessageExchange) {
        return off("parameter 299 is N");
    }
    let note = match comment.kind {
        Kind::Message => None,
        Kind::Note if ticket.requester.email == comment.author.email => {
            Some(Parameter::RequesterNoteTemplate)
        }
        Kind::Note => Some(Parameter::DeskNoteTemplate),
    };
    let parameter = note
        .filter(|note| values.text(*note).is_some())
        .unwrap_or(Parameter::MessagingTemplate);
    let Some(id) = values.template(parameter) else {
        return off("parameter 417 is not set: it switches the messaging service on");
    };
    match context.templates.get(&id) {
        Some(template) if template.situation == Situation::Active => Some(template),
        Some(_) => off(&format!("{parameter} names template {id}, which is inactive")),
        None => off(&format!("{parameter} names template {id}, which does not exist")),
    }
}
