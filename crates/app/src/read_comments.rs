//! Reading a ticket's comments and their attachments.

use std::sync::Arc;

use recado_domain::comment::{Attachment, AttachmentId, CommentId};
use recado_domain::ticket::{Ticket, TicketNumber};
use recado_ports::comments::{Audience, CommentWithDeliveries, Comments};
use recado_ports::page::{Page, PageRequest};
use recado_ports::tickets::Tickets;

use crate::access::{Actor, Refusal};

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
