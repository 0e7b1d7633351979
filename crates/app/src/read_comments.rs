//! Reading a ticket's comments and their attachments.

use std::sync::Arc;

use recado_domain::comment::{Attachment, AttachmentId, CommentId};
use recado_domain::ticket::{Ticket, TicketNumber};
use recado_ports::comments::{Audience, CommentWithDeliveries, Comments};
use recado_ports::page::{Page, PageLimit, PageRequest};
use recado_ports::tickets::Tickets;

use crate::access::{Actor, Refusal};

/// A piece of a ticket's conversation, as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The comments, oldest first.
    pub comments: Vec<CommentWithDeliveries>,
    /// Before which comment to go on reading, when there are earlier ones.
    pub earlier: Option<CommentId>,
}

/// Reads comments.
pub struct ReadComments {
    /// Where the ticket is found.
    pub tickets: Arc<dyn Tickets>,
    /// Where the comments are.
    pub comments: Arc<dyn Comments>,
}

impl ReadComments {
    /// A ticket's comments, oldest first; internal ones for the desk alone, and others' under hold. Gives the ticket too.
    pub async fn list(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        page: &PageRequest,
    ) -> Result<(Ticket, Page<CommentWithDeliveries>), Refusal> {
        let ticket = self.ticket(actor, number).await?;
        let page = self
            .comments
            .list(ticket.id, &audience(actor, &ticket), page)
            .await?;
        Ok((ticket, page))
    }

    /// The end of a ticket's conversation, or what comes before one of its comments; as quick with 5,000 comments as with
    /// 50. Gives the ticket too.
    pub async fn latest(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        before: Option<CommentId>,
        limit: PageLimit,
    ) -> Result<(Ticket, Conversation), Refusal> {
        let ticket = self.ticket(actor, number).await?;
        let audience = audience(actor, &ticket);
        let conversation = conversation(&*self.comments, &ticket, &audience, before, limit).await?;
        Ok((ticket, conversation))
    }

    /// One comment, with its ticket.
    pub async fn find(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        id: CommentId,
    ) -> Result<(Ticket, CommentWithDeliveries), Refusal> {
        let ticket = self.ticket(actor, number).await?;
        let audience = audience(actor, &ticket);
        let found = self.comments.find(ticket.id, id).await?;
        let found = found.filter(|found| audience.reads(found));
        let comment = found.ok_or_else(|| Refusal::NotFound(format!("comment {}", id.0)))?;
        Ok((ticket, comment))
    }

    /// An attachment with its octets, for whoever may see the comment.
    pub async fn attachment(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        comment: CommentId,
        id: AttachmentId,
    ) -> Result<(Attachment, Vec<u8>), Refusal> {
        let missing = || Refusal::NotFound(format!("attachment {}", id.0));
        let (_, found) = self.find(actor, number, comment).await?;
        let attachment = found
            .comment
            .attachments
            .into_iter()
            .find(|attachment| attachment.id == id)
            .ok_or_else(missing)?;
        let content = self.comments.attachment(comment, id).await?.ok_or_else(missing)?;
        Ok((attachment, content))
    }

    async fn ticket(&self, actor: &Actor, number: &TicketNumber) -> Result<Ticket, Refusal> {
        let found = self
            .tickets
            .find(number)
            .await?
            .filter(|ticket| actor.sees(ticket));
        found.ok_or_else(|| Refusal::NotFound(format!("ticket {number}")))
    }
}

/// The comments before one, or the newest, as many as the limit says: one fewer at [`PageLimit::MAX`].
pub(crate) async fn conversation(
    comments: &dyn Comments,
    ticket: &Ticket,
    audience: &Audience,
    before: Option<CommentId>,
    limit: PageLimit,
) -> Result<Conversation, Refusal> {
    // One more than is shown tells whether there are earlier ones.
    let asked = PageLimit::clamp(u64::from(limit.get()) + 1);
    let shown = usize::from(asked.get() - 1);
    let mut found = comments.latest(ticket.id, audience, before, asked).await?;
    let has_earlier = found.len() > shown;
    found.truncate(shown);
    found.reverse();
    let oldest = found.first().map(|found| found.comment.id);
    Ok(Conversation {
        comments: found,
        earlier: oldest.filter(|_| has_earlier),
    })
}

/// As whom an actor reads a ticket's comments.
pub(crate) fn audience(actor: &Actor, ticket: &Ticket) -> Audience {
    if actor.sees_internal(ticket) {
        Audience::Desk
    } else {
        Audience::Public {
            reader: actor.party().map(|party| party.email.clone()),
        }
    }
}
