//! Taking in a comment: stored together with every mail that it owes, or not at all.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use recado_domain::comment::{
    Attachment, AttachmentId, AttachmentName, Comment, CommentId, CommentText, Kind, MediaType, Origin,
    Visibility,
};
use recado_domain::outbox::State;
use recado_domain::parameter::Parameter;
use recado_domain::person::{Party, Role};
use recado_domain::ticket::{Ticket, TicketNumber};
use recado_domain::token::Keyring;
use recado_ports::clock::Clock;
use recado_ports::comments::{
    AcceptComment, AcceptError, CommentContext, Comments, DeliverySummary, IdempotencyKey, IdempotencyRecord,
    OnTicket,
};
use recado_ports::ids::Ids;
use recado_ports::mail::Composer;
use recado_ports::outbox::NewDelivery;
use recado_ports::renderer::Renderer;
use recado_ports::store::StoreError;
use recado_ports::templates::TemplateImages;
use sha2::{Digest, Sha256};

use crate::access::{Actor, FieldError, Refusal};
use crate::comment_mails::CommentMails;
use crate::settings::MessagingSettings;

pub use crate::comment_mails::Notification;

/// How long an idempotency key is remembered.
const IDEMPOTENCY_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A comment as somebody gives it.
#[derive(Debug, Clone)]
pub struct NewComment {
    /// What they wrote.
    pub text: String,
    /// On whose behalf, when another system posts it.
    pub author: Option<Party>,
    /// Who may read it.
    pub visibility: Visibility,
    /// Message or note.
    pub kind: Kind,
    /// Where it was written.
    pub origin: Origin,
    /// Files.
    pub attachments: Vec<NewAttachment>,
}

/// A file as somebody gives it.
#[derive(Debug, Clone)]
pub struct NewAttachment {
    /// Any text; it is made safe.
    pub name: String,
    /// Any text; what is no media type becomes `application/octet-stream`.
    pub content_type: String,
    /// Octets.
    pub content: Vec<u8>,
}

/// The caller's key, under which a comment is posted once only.
pub struct Idempotency<'a> {
    /// The key.
    pub key: IdempotencyKey,
    /// A digest of path and body.
    pub digest: String,
    /// Writes the answer that a repeated call gets again.
    pub answer: &'a (dyn Fn(&PostedComment) -> String + Send + Sync),
}

/// A comment that is stored.
#[derive(Debug, Clone)]
pub struct PostedComment {
    /// The comment.
    pub comment: Comment,
    /// Its ticket's number, as the ticket has it.
    pub ticket: TicketNumber,
    /// What became of its mails.
    pub notification: Notification,
    /// Its mails.
    pub deliveries: Vec<DeliverySummary>,
    /// Until when it is under hold, and can be taken back unseen.
    pub held_until: Option<Timestamp>,
}

/// A comment that is stored, now or by an earlier call with the same key.
#[derive(Debug)]
pub enum Posted {
    /// By this call.
    New(Box<PostedComment>),
    /// By an earlier one, which was answered so.
    Repeated {
        /// What [`Idempotency::answer`] wrote then.
        answer: String,
    },
}

/// Why a comment was not stored.
#[derive(Debug, thiserror::Error)]
pub enum PostCommentError {
    /// As every use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The key was used for another comment.
    #[error("the idempotency key was used with another request")]
    KeyReused,
}

impl From<StoreError> for PostCommentError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// Takes in a comment.
pub struct PostComment {
    /// What the comment depends on, and where it goes.
    pub comments: Arc<dyn Comments>,
    /// For the template's pictures.
    pub images: Arc<dyn TemplateImages>,
    /// Fills the template in.
    pub renderer: Arc<dyn Renderer>,
    /// Makes the mail.
    pub composer: Arc<dyn Composer>,
    /// Dates the comment.
    pub clock: Arc<dyn Clock>,
    /// Names comment and mails.
    pub ids: Arc<dyn Ids>,
    /// Signs the mails' Message-IDs.
    pub keyring: Arc<Keyring>,
    /// What the configuration decides.
    pub settings: Arc<MessagingSettings>,
}

impl PostComment {
    /// Stores a comment on a ticket, with the mails that it owes, in one commit.
    ///
    /// After `Ok` neither can be lost. Who is told, and what `notification` says, see
    /// [`recipients`](recado_domain::audience::recipients) and [`Notification`].
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a ticket that the actor does not see, [`Refusal::Forbidden`] for an author or a
    /// visibility that the actor may not choose, [`Refusal::Invalid`] for values that cannot be taken.
    pub async fn run(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        new: NewComment,
        idempotency: Option<Idempotency<'_>>,
    ) -> Result<Posted, PostCommentError> {
        fail::fail_point!("accept.received");
        let now = self.clock.now();
        let on_ticket = OnTicket::Numbered(number.clone());
        let asked_author = new.author.as_ref().or_else(|| actor.party());
        let asked_author = asked_author.map(|party| &party.email);
        let key = idempotency.as_ref().map(|idempotency| &idempotency.key);
        let query = CommentMails::query(&self.settings, on_ticket, asked_author, key, now);
        let mut context = self
            .comments
            .context(&query)
            .await?
            .filter(|context| actor.sees(&context.ticket))
            .ok_or_else(|| Refusal::NotFound(format!("ticket {number}")))?;
        if let (Some(idempotency), Some(record)) = (&idempotency, context.repeated.take()) {
            return repeated(record, &idempotency.digest);
        }
        let ticket = &context.ticket;
        let author = author(actor, &new, ticket)?;
        if new.kind == Kind::Note {
            permit_note(actor, &author, &context)?;
        }
        let (comment, contents) = self.comment(ticket, author, new, now)?;
        let held_until = self.settings.held_until(comment.origin, now);
        let (notification, deliveries) = self.mails().owed(&context, &comment, &contents).await?;
        let posted = PostedComment {
            ticket: context.ticket.number.clone(),
            notification,
            deliveries: deliveries.iter().map(summary).collect(),
            held_until,
            comment: comment.clone(),
        };
        let record = idempotency.as_ref().map(|idempotency| IdempotencyRecord {
            key: idempotency.key.clone(),
            digest: idempotency.digest.clone(),
            answer: (idempotency.answer)(&posted),
            expires_at: now + IDEMPOTENCY_KEPT,
        });
        let accept = AcceptComment {
            comment,
            contents,
            deliveries,
            idempotency: record,
            held_until,
        };
        match self.comments.accept(accept).await {
            Ok(()) => {
                fail::fail_point!("accept.before_answer");
                metrics::counter!("recado_comments_total", "notification" => notification.as_str())
                    .increment(1);
                Ok(Posted::New(Box::new(posted)))
            }
            Err(AcceptError::Repeated(record)) => repeated(
                record,
                &idempotency
                    .map(|idempotency| idempotency.digest)
                    .unwrap_or_default(),
            ),
            Err(AcceptError::NoTicket) => Err(Refusal::NotFound(format!("ticket {number}")).into()),
            Err(AcceptError::Store(error)) => Err(error.into()),
        }
    }

    fn comment(
        &self,
        ticket: &Ticket,
        author: Party,
        new: NewComment,
        now: Timestamp,
    ) -> Result<(Comment, Vec<Vec<u8>>), Refusal> {
        let limits = &self.settings.limits;
        let mut faults = Vec::new();
        if new.text.len() > limits.text {
            faults.push(FieldError::new(
                "text",
                format!("is longer than {} octets", limits.text),
            ));
        }
        if new.attachments.len() > limits.attachments {
            faults.push(FieldError::new(
                "attachments",
                format!("are more than {}", limits.attachments),
            ));
        }
        for (index, attachment) in new.attachments.iter().enumerate() {
            if attachment.content.len() > limits.attachment {
                let message = format!("is larger than {} octets", limits.attachment);
                faults.push(FieldError::new(format!("attachments.{index}.data"), message));
            }
        }
        let text = CommentText::parse(&new.text, new.attachments.len())
            .map_err(|error| faults.push(FieldError::new("text", error)));
        let Ok(text) = text else {
            return Err(Refusal::Invalid(faults));
        };
        if !faults.is_empty() {
            return Err(Refusal::Invalid(faults));
        }
        let attachments = new
            .attachments
            .iter()
            .map(|file| Attachment {
                id: AttachmentId(self.ids.next()),
                name: AttachmentName::clean(&file.name),
                content_type: MediaType::parse_or_octets(&file.content_type),
                size: file.content.len() as u64,
                sha256: data_encoding::HEXLOWER.encode(&Sha256::digest(&file.content)),
            })
            .collect();
        let comment = Comment {
            id: CommentId(self.ids.next()),
            ticket: ticket.id,
            author,
            text,
            visibility: new.visibility,
            kind: new.kind,
            origin: new.origin,
            quoted: None,
            html: None,
            attachments,
            created_at: now,
        };
        Ok((
            comment,
            new.attachments.into_iter().map(|file| file.content).collect(),
        ))
    }

    fn mails(&self) -> CommentMails<'_> {
        CommentMails {
            images: &*self.images,
            renderer: &*self.renderer,
            composer: &*self.composer,
            ids: &*self.ids,
            keyring: &self.keyring,
            settings: &self.settings,
        }
    }
}

/// On whose behalf the comment stands.
fn author(actor: &Actor, new: &NewComment, ticket: &Ticket) -> Result<Party, Refusal> {
    if new.visibility == Visibility::Internal && !actor.sees_internal(ticket) {
        return Err(Refusal::Forbidden(
            "an internal comment is the desk's alone to write".to_owned(),
        ));
    }
    match (&new.author, actor) {
        (Some(author), _) if actor.role() == Role::Administrator => Ok(author.clone()),
        (Some(_), _) => Err(Refusal::Forbidden(
            "naming another author needs the role administrator".to_owned(),
        )),
        (None, Actor::Person { user, .. }) => Ok(user.party.clone()),
        (None, Actor::Operator) => Err(Refusal::field(
            "author",
            "is needed: the command line is nobody's account",
        )),
    }
}

/// Parameter 252 says whether requesters may add notes.
fn permit_note(actor: &Actor, author: &Party, context: &CommentContext) -> Result<(), Refusal> {
    let ticket = &context.ticket;
    let is_requesters = author.email == ticket.requester.email || !actor.sees_internal(ticket);
    if is_requesters && !context.parameters.values.is_on(Parameter::RequesterNotes) {
        return Err(Refusal::Forbidden(
            "parameter 252 is N: requesters write messages, and no notes".to_owned(),
        ));
    }
    Ok(())
}

fn repeated(record: IdempotencyRecord, digest: &str) -> Result<Posted, PostCommentError> {
    if record.digest == digest {
        Ok(Posted::Repeated {
            answer: record.answer,
        })
    } else {
        Err(PostCommentError::KeyReused)
    }
}

fn summary(delivery: &NewDelivery) -> DeliverySummary {
    DeliverySummary {
        id: delivery.id,
        recipient: delivery.recipient.clone(),
        state: State::Ready,
        account: delivery.account,
        outcome: None,
        last_reply: None,
    }
}
