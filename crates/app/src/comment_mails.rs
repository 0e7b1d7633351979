//! The mails that a comment owes: to whom, by which template, written out. The same for every way in.

use std::sync::Arc;

use jiff::SignedDuration;
use recado_domain::audience;
use recado_domain::channel::AccountId;
use recado_domain::comment::{Comment, Kind};
use recado_domain::outbox::Cause;
use recado_domain::parameter::Parameter;
use recado_domain::person::{EmailAddress, Party};
use recado_domain::template::{Situation, StoredTemplate};
use recado_domain::ticket::Ticket;
use recado_domain::token::Keyring;
use recado_ports::channels::Channels;
use recado_ports::ids::Ids;
use recado_ports::mail::{Automatic, Composer};
use recado_ports::outbox::{NewDelivery, Outbox};
use recado_ports::parameters::{ParameterSnapshot, Parameters};
use recado_ports::people::People;
use recado_ports::preferences::Preferences;
use recado_ports::renderer::Renderer;
use recado_ports::store::StoreError;
use recado_ports::suppressions::Suppressions;
use recado_ports::templates::{TemplateImages, Templates};

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

/// Everything that it takes to write a comment's mails.
pub(crate) struct CommentMails<'a> {
    pub(crate) outbox: &'a dyn Outbox,
    pub(crate) parameters: &'a dyn Parameters,
    pub(crate) templates: &'a dyn Templates,
    pub(crate) images: &'a dyn TemplateImages,
    pub(crate) people: &'a dyn People,
    pub(crate) preferences: &'a dyn Preferences,
    pub(crate) suppressions: &'a dyn Suppressions,
    pub(crate) channels: &'a dyn Channels,
    pub(crate) renderer: &'a dyn Renderer,
    pub(crate) composer: &'a dyn Composer,
    pub(crate) ids: &'a dyn Ids,
    pub(crate) keyring: &'a Arc<Keyring>,
    pub(crate) settings: &'a MessagingSettings,
}

impl CommentMails<'_> {
    /// The mails, ready to be stored with the comment, and what can be said of them at once. `contents` are the
    /// octets of the comment's attachments, in their order.
    ///
    /// # Errors
    /// [`Refusal::Store`], or [`Refusal::Internal`] for a mail that cannot be composed.
    pub(crate) async fn owed(
        &self,
        ticket: &Ticket,
        comment: &Comment,
        contents: &[Vec<u8>],
    ) -> Result<(Notification, Vec<NewDelivery>), Refusal> {
        let snapshot = self.parameters.snapshot().await?;
        let Some(template) = self.template(&snapshot, ticket, comment).await? else {
            return Ok((Notification::Off, Vec::new()));
        };
        let (recipients, looking) = self.recipients(ticket, comment).await?;
        if recipients.is_empty() {
            return Ok((Notification::None, Vec::new()));
        }
        let suppressed = self
            .suppressions
            .suppressed(&letter::addresses(&recipients), comment.created_at)
            .await?;
        let recipients: Vec<_> = recipients
            .into_iter()
            .filter(|party| !suppressed.contains(&party.email))
            .collect();
        if recipients.is_empty() {
            return Ok((Notification::Suppressed, Vec::new()));
        }
        let mut deliveries = self
            .write(&snapshot, &template, ticket, comment, contents, &recipients)
            .await?;
        for delivery in &mut deliveries {
            if looking.contains(&delivery.recipient) {
                delivery.due_at += LOOKING_TIME;
            }
        }
        let stopped = snapshot.values.is_on(Parameter::StopOutgoingMail)
            || outgoing::account(&snapshot.values, self.settings.way_out).is_err()
            || self.channels.find(AccountId::DEFAULT).await?.hold.is_some();
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
        snapshot: &ParameterSnapshot,
        template: &StoredTemplate,
        ticket: &Ticket,
        comment: &Comment,
        contents: &[Vec<u8>],
        recipients: &[Party],
    ) -> Result<Vec<NewDelivery>, Refusal> {
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
        let base = view_link::base_url(&snapshot.values, self.settings);
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
            parameters: &snapshot.values,
            settings: self.settings,
        };
        let mut deliveries = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let thread = self
                .outbox
                .thread(ticket.id, &recipient.email, letter::THREAD_LENGTH)
                .await?;
            let delivery = desk.write(&letter, recipient, &thread).map_err(|error| {
                Refusal::Internal(
                    "the mail about the comment cannot be composed".to_owned(),
                    Box::new(error),
                )
            })?;
            deliveries.push(delivery);
        }
        Ok(deliveries)
    }

    /// The template that serves this comment, when the service is on.
    async fn template(
        &self,
        snapshot: &ParameterSnapshot,
        ticket: &Ticket,
        comment: &Comment,
    ) -> Result<Option<StoredTemplate>, StoreError> {
        let off = |reason: &str| {
            tracing::warn!(ticket = %ticket.number, comment = %comment.id.0, reason, "messaging is off: nobody is told");
            Ok(None)
        };
        if !snapshot.values.is_on(Parameter::MessageExchange) {
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
            .filter(|note| snapshot.values.text(*note).is_some())
            .unwrap_or(Parameter::MessagingTemplate);
        let Some(id) = snapshot.values.template(parameter) else {
            return off("parameter 417 is not set: it switches the messaging service on");
        };
        match self.templates.find(id).await? {
            Some(template) if template.situation == Situation::Active => Ok(Some(template)),
            Some(_) => off(&format!("{parameter} names template {id}, which is inactive")),
            None => off(&format!("{parameter} names template {id}, which does not exist")),
        }
    }

    /// Whoever the rules name, save those who muted the ticket; and who looks at it, and wants no mail if the page shows
    /// the comment.
    async fn recipients(
        &self,
        ticket: &Ticket,
        comment: &Comment,
    ) -> Result<(Vec<Party>, Vec<EmailAddress>), StoreError> {
        let mut asked = letter::addresses(&ticket.watchers);
        asked.push(comment.author.email.clone());
        let technicians = self.people.technicians(&asked).await?;
        let mut recipients = audience::recipients(
            ticket,
            &comment.author.email,
            comment.visibility,
            &technicians,
            self.settings.desk.as_ref(),
        );
        let unwilling = self
            .preferences
            .unwilling(ticket.id, &letter::addresses(&recipients), comment.created_at)
            .await?;
        recipients.retain(|party| !unwilling.muted.contains(&party.email));
        Ok((recipients, unwilling.looking))
    }
}
