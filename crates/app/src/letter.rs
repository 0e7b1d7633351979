//! Writing the mails that a comment, or a test of a template, owes: rendered once, composed per recipient.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::comment::Comment;
use recado_domain::locale::Locale;
use recado_domain::outbox::{Cause, DeliveryId};
use recado_domain::parameter::Parameters;
use recado_domain::person::{EmailAddress, Party};
use recado_domain::template::{
    Rendered, StoredTemplate, Template, TemplateId, TemplateKey, TemplateValues, picture_references,
};
use recado_domain::ticket::Ticket;
use recado_domain::token::{self, Keyring, MessageId, ReplyToken, Subject};
use recado_ports::ids::Ids;
use recado_ports::mail::{
    Automatic, ComposeError, Composer, DraftAttachment, InlineImage, MailDraft, Mailbox,
};
use recado_ports::outbox::NewDelivery;
use recado_ports::renderer::Renderer;
use recado_ports::store::StoreError;
use recado_ports::templates::TemplateImages;

use crate::outgoing;
use crate::settings::MessagingSettings;

/// How many earlier mails `References` names, besides the thread id: more would grow without end.
pub(crate) const THREAD_LENGTH: u16 = 10;

/// What a template's keys stand for, on this comment.
pub(crate) fn values(
    ticket: &Ticket,
    author: &Party,
    text: &str,
    created_at: Timestamp,
    locale: Locale,
    settings: &MessagingSettings,
) -> TemplateValues {
    let responsible = ticket.responsible.as_ref().map_or("", |party| shown_name(party));
    TemplateValues::new()
        .with_attributes(&ticket.attributes)
        .with(TemplateKey::TicketNumber, ticket.number.as_str())
        .with(TemplateKey::CommentText, text)
        .with(
            TemplateKey::DateTimeCreated,
            locale.date_time(created_at, &settings.time_zone),
        )
        .with(TemplateKey::AuthorName, shown_name(author))
        .with(TemplateKey::RequesterName, shown_name(&ticket.requester))
        .with(TemplateKey::ResponsibleName, responsible)
}

/// A name to address somebody by: their own, or the address while they have none.
fn shown_name(party: &Party) -> &str {
    if party.name.as_str().trim().is_empty() {
        party.email.as_str()
    } else {
        party.name.as_str()
    }
}

/// Renders a template; one that fails gives way to the built-in plain one, with an alarm.
pub(crate) fn render(
    renderer: &dyn Renderer,
    template: &StoredTemplate,
    values: &TemplateValues,
    locale: Locale,
) -> Rendered {
    match renderer.render(template, values) {
        Ok(mail) => {
            for warning in &mail.warnings {
                tracing::warn!(template = %template.id, %warning, "the template was rendered with a gap");
            }
            mail
        }
        Err(error) => {
            tracing::error!(
                alarm = "template_failed",
                template = %template.id,
                error = &error as &dyn std::error::Error,
                "the built-in plain template is used instead"
            );
            metrics::counter!("recado_template_failures_total").increment(1);
            Template::builtin(locale).render(values)
        }
    }
}

/// The template's pictures that a rendered mail names; most name none, and cost no look-up.
pub(crate) async fn images(
    images: &dyn TemplateImages,
    template: TemplateId,
    rendered: &Rendered,
) -> Result<Vec<InlineImage>, StoreError> {
    let named: BTreeSet<_> = picture_references(&rendered.html)
        .into_iter()
        .map(|range| &rendered.html[range])
        .collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let images = images.images(template).await?.into_iter();
    Ok(images
        .filter(|image| named.contains(image.name.as_str()))
        .map(|image| InlineImage {
            name: image.name,
            content_type: image.content_type,
            content: image.content,
        })
        .collect())
}

/// What all mails of one cause share.
pub(crate) struct Letter<'a> {
    pub(crate) cause: Cause,
    pub(crate) ticket: Option<&'a Ticket>,
    pub(crate) author: Option<&'a Party>,
    pub(crate) rendered: &'a Rendered,
    /// Pictures that the HTML names.
    pub(crate) images: Vec<InlineImage>,
    pub(crate) attachments: Vec<DraftAttachment>,
    pub(crate) automatic: Automatic,
    pub(crate) created_at: Timestamp,
    pub(crate) due_at: Timestamp,
}

/// What it takes to turn a letter into an outbox row.
pub(crate) struct Desk<'a> {
    pub(crate) composer: &'a dyn Composer,
    pub(crate) ids: &'a dyn Ids,
    pub(crate) keyring: &'a Arc<Keyring>,
    pub(crate) parameters: &'a Parameters,
    pub(crate) settings: &'a MessagingSettings,
}

impl Desk<'_> {
    /// The finished mail to one recipient. `thread` holds the Message-IDs of earlier mails to the same recipient.
    pub(crate) fn write(
        &self,
        letter: &Letter<'_>,
        recipient: &Party,
        thread: &[MessageId],
    ) -> Result<NewDelivery, ComposeError> {
        let id = DeliveryId(self.ids.next());
        let sender = outgoing::sender_or_placeholder(self.parameters);
        let domain = if sender.as_str() == outgoing::SENDER_UNSET {
            self.settings.public_host.as_str()
        } else {
            sender.domain()
        };
        let ticket_id = letter.ticket.map(|ticket| ticket.id);
        let subject = Subject {
            ticket: ticket_id,
            recipient: &recipient.email,
            delivery: id,
        };
        let message_id = self.keyring.message_id(&subject, domain);
        let references = ticket_id
            .map(|ticket| MessageId::of_thread(ticket, domain))
            .into_iter()
            .chain(thread.iter().cloned())
            .collect();
        let rendered = letter.rendered;
        let way_back = self.settings.way_back;
        let has_way_back = ticket_id.is_some()
            && way_back.is_open(self.parameters)
            && sender.as_str() != outgoing::SENDER_UNSET;
        let token = has_way_back.then(|| self.keyring.reply_token(&subject));
        let return_path = (has_way_back && way_back.verp)
            .then(|| plus_address(&sender, self.keyring.return_token(&subject).as_str()))
            .flatten();
        let draft = MailDraft {
            from: Mailbox {
                name: self.shown_sender(letter.author),
                address: sender.clone(),
            },
            to: mailbox(recipient),
            reply_to: token
                .as_ref()
                .filter(|_| way_back.plus_address)
                .and_then(|token| plus_address(&sender, token.as_str()))
                .map(|address| Mailbox {
                    name: self.shown_sender(letter.author),
                    address,
                }),
            subject: letter.ticket.map_or_else(
                || rendered.subject.clone(),
                |ticket| tagged(&rendered.subject, ticket),
            ),
            text: text_with_reference(rendered.text.as_deref().unwrap_or_default(), token.as_ref()),
            html: Some(html_with_reference(&rendered.html, token.as_ref())),
            images: letter.images.clone(),
            attachments: letter.attachments.clone(),
            message_id: message_id.clone(),
            date: letter.created_at,
            in_reply_to: thread.last().cloned(),
            references,
            automatic: letter.automatic,
        };
        Ok(NewDelivery {
            id,
            cause: letter.cause,
            ticket: ticket_id,
            account: AccountId::DEFAULT,
            sender: return_path.unwrap_or(sender),
            recipient: recipient.email.clone(),
            message_id,
            message: self.composer.compose(&draft)?,
            due_at: letter.due_at,
            created_at: letter.created_at,
        })
    }

    /// `Author (Desk's name)`, whichever of the two there is.
    fn shown_sender(&self, author: Option<&Party>) -> Option<String> {
        match (author.map(shown_name), self.settings.desk_name.as_deref()) {
            (Some(author), Some(desk)) => Some(format!("{author} ({desk})")),
            (Some(name), None) | (None, Some(name)) => Some(name.to_owned()),
            (None, None) => None,
        }
    }
}

fn mailbox(party: &Party) -> Mailbox {
    let name = party.name.as_str();
    Mailbox {
        name: (!name.trim().is_empty()).then(|| name.to_owned()),
        address: party.email.clone(),
    }
}

/// `local+token@domain`; `None` when the local part would be longer than a mail server must take (64 octets, RFC 5321
/// §4.5.3.1.1).
fn plus_address(address: &EmailAddress, token: &str) -> Option<EmailAddress> {
    let local = format!("{}+{token}", address.local_part());
    if local.len() > 64 {
        return None;
    }
    EmailAddress::parse(&format!("{local}@{}", address.domain())).ok()
}

/// The text with the reference line at its end, which an answer quotes.
fn text_with_reference(text: &str, token: Option<&ReplyToken>) -> String {
    match token {
        Some(token) => format!("{}\n\n{}\n", text.trim_end(), token::reference_line(token)),
        None => text.to_owned(),
    }
}

/// The HTML with the reference line as its last words.
fn html_with_reference(html: &str, token: Option<&ReplyToken>) -> String {
    let Some(token) = token else {
        return html.to_owned();
    };
    // ASCII alone changes, so that positions stay what they were.
    let lower = html.to_ascii_lowercase();
    let end = lower
        .rfind("</body")
        .or_else(|| lower.rfind("</html"))
        .unwrap_or(html.len());
    let (before, after) = html.split_at(end);
    let line = token::reference_line(token);
    format!("{before}<p style=\"color:#767676;font-size:11px\">{line}</p>{after}")
}

/// The subject with the ticket's tag `[#number]` at its end, unless that very tag is in it.
fn tagged(subject: &str, ticket: &Ticket) -> String {
    let tag = format!("[#{}]", ticket.number);
    if subject.contains(&tag) {
        subject.to_owned()
    } else {
        format!("{subject} {tag}").trim_start().to_owned()
    }
}

/// The language of the dates in a mail: the ticket's, else the template's, else the configured one.
pub(crate) fn locale(
    ticket: Option<&Ticket>,
    template: &StoredTemplate,
    settings: &MessagingSettings,
) -> Locale {
    ticket
        .and_then(|ticket| ticket.locale)
        .or(template.locale)
        .unwrap_or(settings.locale)
}

/// The comment's files, as they go with its mails.
pub(crate) fn draft_attachments(comment: &Comment, contents: &[Vec<u8>]) -> Vec<DraftAttachment> {
    comment
        .attachments
        .iter()
        .zip(contents)
        .map(|(attachment, content)| DraftAttachment {
            name: attachment.name.as_str().to_owned(),
            content_type: attachment.content_type.as_str().to_owned(),
            content: content.clone(),
        })
        .collect()
}

/// The addresses of these people.
pub(crate) fn addresses(parties: &[Party]) -> Vec<EmailAddress> {
    parties.iter().map(|party| party.email.clone()).collect()
}
