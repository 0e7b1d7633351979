//! Calling back the mail about a comment that its recipient's open page has shown, where they want none meanwhile.

use std::sync::Arc;

use recado_domain::outbox::State;
use recado_domain::ticket::TicketId;
use recado_ports::clock::Clock;
use recado_ports::comments::CommentWithDeliveries;
use recado_ports::outbox::{Outbox, TransitionError};
use recado_ports::preferences::Preferences;

use crate::access::{Actor, Refusal};

/// Notes that a page has shown a comment.
pub struct SeeComment {
    /// Whether they want no mail, and have the page open.
    pub preferences: Arc<dyn Preferences>,
    /// Where the mail waits.
    pub outbox: Arc<dyn Outbox>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl SeeComment {
    /// Why such a mail is `cancelled`; its `last_reply`.
    pub const SEEN: &str = "the recipient read the comment on its page";

    /// Calls back the actor's own mail about a comment that was just put before their eyes, if none of it has left. A
    /// mail that is under way stays: it is told twice rather than never.
    pub async fn run(
        &self,
        actor: &Actor,
        ticket: TicketId,
        shown: &CommentWithDeliveries,
    ) -> Result<(), Refusal> {
        let Some(reader) = actor.party().map(|party| &party.email) else {
            return Ok(());
        };
        let mut own = shown.deliveries.iter().filter(|mail| mail.recipient == *reader);
        let Some(mail) = own.find(|mail| mail.state == State::Ready) else {
            return Ok(());
        };
        let now = self.clock.now();
        let unwilling = self
            .preferences
            .unwilling(ticket, std::slice::from_ref(reader), now)
            .await?;
        if unwilling.looking.is_empty() {
            return Ok(());
        }
        match self.outbox.cancel(mail.id, Self::SEEN, now).await {
            Ok(_)
            | Err(TransitionError::Illegal(_) | TransitionError::NotFound | TransitionError::NoMessage) => {
                Ok(())
            }
            Err(TransitionError::Store(error)) => Err(error.into()),
        }
    }
}
