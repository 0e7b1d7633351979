//! Taking a comment back: withdrawn, or kept for the desk alone. Mails that have not left are cancelled.

use std::sync::Arc;

use recado_domain::audience;
use recado_domain::comment::{CommentId, Visibility};
use recado_domain::outbox::Delivery;
use recado_domain::person::{EmailAddress, Role};
use recado_domain::ticket::{Ticket, TicketNumber};
use recado_ports::clock::Clock;
use recado_ports::comments::{CommentWithDeliveries, Comments, Retraction};
use recado_ports::people::People;
use recado_ports::tickets::Tickets;

use crate::access::{Actor, Refusal};
use crate::letter;
use crate::read_comments::ReadComments;

/// Takes a comment back.
pub struct RetractComment {
    /// Where the ticket is found.
    pub tickets: Arc<dyn Tickets>,
    /// Where the comment is.
    pub comments: Arc<dyn Comments>,
    /// For which watchers are technicians.
    pub people: Arc<dyn People>,
    /// Dates the change.
    pub clock: Arc<dyn Clock>,
}

impl RetractComment {
    /// Withdraws a comment, or makes it internal. Its author may, and the desk. Gives the comment's mails that were
    /// cancelled by it; those to people who may still read it stay.
    pub async fn run(
        &self,
        actor: &Actor,
        number: &TicketNumber,
        id: CommentId,
        retraction: Retraction,
    ) -> Result<Vec<Delivery>, Refusal> {
        let reading = ReadComments {
            tickets: self.tickets.clone(),
            comments: self.comments.clone(),
        };
        let (ticket, found) = reading.find(actor, number, id).await?;
        Self::permit(actor, &ticket, &found, retraction)?;
        let keep = match retraction {
            Retraction::Withdraw => Vec::new(),
            Retraction::MakeInternal => self.internal_readers(&ticket, &found).await?,
        };
        let cancelled = self
            .comments
            .retract(ticket.id, id, retraction, &keep, self.clock.now())
            .await?;
        cancelled.ok_or_else(|| Refusal::NotFound(format!("comment {}", id.0)))
    }

    fn permit(
        actor: &Actor,
        ticket: &Ticket,
        found: &CommentWithDeliveries,
        retraction: Retraction,
    ) -> Result<(), Refusal> {
        let own = actor
            .party()
            .is_some_and(|party| party.email == found.comment.author.email);
        let allowed = match retraction {
            // A requester who made a comment internal could no longer see it.
            Retraction::MakeInternal => actor.sees_internal(ticket),
            Retraction::Withdraw => own || actor.role() >= Role::Technician,
        };
        if allowed {
            return Ok(());
        }
        Err(Refusal::Forbidden(
            "a comment is taken back by its author or by the desk alone".to_owned(),
        ))
    }

    async fn internal_readers(
        &self,
        ticket: &Ticket,
        found: &CommentWithDeliveries,
    ) -> Result<Vec<EmailAddress>, Refusal> {
        let technicians = self
            .people
            .technicians(&letter::addresses(&ticket.watchers))
            .await?;
        let author = &found.comment.author.email;
        let readers = audience::recipients(ticket, author, Visibility::Internal, &technicians, None);
        Ok(letter::addresses(&readers))
    }
}
