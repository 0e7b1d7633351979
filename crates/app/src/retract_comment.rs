//! Taking a comment back: withdrawn, or kept for the desk alone. Mails that have not left are cancelled.

use std::sync::Arc;

use recado_domain::audience;
use recado_domain::audit::Action;
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
use crate::trail::{Change, Trail};

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
    /// Tells of it, where the comment is somebody else's.
    pub trail: Trail,
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
        let retracting = async {
            let cancelled = self
                .comments
                .retract(ticket.id, id, retraction, &keep, self.clock.now())
                .await?;
            cancelled.ok_or_else(|| Refusal::NotFound(format!("comment {}", id.0)))
        };
        if is_own(actor, &found) {
            return retracting.await;
        }
        let comment = &found.comment;
        let (author, visibility) = (&comment.author.email, comment.visibility.as_str());
        let change = Change::new(Action::CommentRetracted, id.0)
            .was(format!("{visibility}, by {author}, on ticket {}", ticket.number))
            .becomes(match retraction {
                Retraction::Withdraw => "withdrawn".to_owned(),
                Retraction::MakeInternal => Visibility::Internal.as_str().to_owned(),
            });
        self.trail.around(actor, change, retracting).await
    }

    fn permit(
        actor: &Actor,
        ticket: &Ticket,
        found: &CommentWithDeliveries,
        retraction: Retraction,
    ) -> Result<(), Refusal> {
        let allowed = match retraction {
            // A requester who made a comment internal could no longer see it.
            Retraction::MakeInternal => actor.sees_internal(ticket),
            Retraction::Withdraw => is_own(actor, found) || actor.role() >= Role::Technician,
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

fn is_own(actor: &Actor, found: &CommentWithDeliveries) -> bool {
    actor
        .party()
        .is_some_and(|party| party.email == found.comment.author.email)
}
