//! Following what happens on the tickets that one sees.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use recado_domain::comment::CommentId;
use recado_domain::ticket::{Ticket, TicketId, TicketNumber};
use recado_ports::comments::Comments;
use recado_ports::events::{Event, EventKind, Events, Topic};
use recado_ports::tickets::Tickets;

use crate::access::{Actor, Refusal};
use crate::read_comments::audience;

/// Entries read at once.
const BATCH: u16 = 200;

/// An event that the actor may see.
#[derive(Debug, Clone)]
pub struct SeenEvent {
    /// The event.
    pub event: Event,
    /// Its ticket's number.
    pub ticket: Option<TicketNumber>,
}

/// Follows the log of events.
pub struct FollowEvents {
    /// The log.
    pub events: Arc<dyn Events>,
    /// For who sees what.
    pub tickets: Arc<dyn Tickets>,
    /// For which comments are internal or under hold.
    pub comments: Arc<dyn Comments>,
}

impl FollowEvents {
    /// The cursor to begin with for whoever wants only what comes.
    pub async fn newest(&self) -> Result<Option<String>, Refusal> {
        Ok(self.events.newest().await?)
    }

    /// The next events behind a cursor that the actor sees, and the cursor behind all that were looked at.
    pub async fn after(
        &self,
        actor: &Actor,
        cursor: Option<String>,
    ) -> Result<(Vec<SeenEvent>, Option<String>), Refusal> {
        let batch = self.events.after(cursor.clone(), BATCH).await?;
        let last = batch.last().map(|event| event.cursor.clone()).or(cursor);
        let mut tickets: BTreeMap<TicketId, Option<Ticket>> = BTreeMap::new();
        let mut seen = Vec::new();
        for event in batch {
            let Some(id) = event.ticket else {
                // A test mail is the administrators' business.
                if actor
                    .viewer()
                    .is_none_or(|viewer| viewer.role == recado_domain::person::Role::Administrator)
                {
                    seen.push(SeenEvent { event, ticket: None });
                }
                continue;
            };
            let ticket = match tickets.entry(id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let found = self.tickets.find_by_id(id).await?;
                    unknown.insert(found.filter(|ticket| actor.sees(ticket)))
                }
            };
            let Some(ticket) = ticket else { continue };
            if self.is_visible(actor, ticket, &event).await? {
                seen.push(SeenEvent {
                    ticket: Some(ticket.number.clone()),
                    event,
                });
            }
        }
        Ok((seen, last))
    }

    /// Waits until there may be more, or the time is up.
    pub async fn wait(&self, at_most: Duration) {
        self.events.wait(Topic::Log, at_most).await;
    }

    /// Whoever is no technician learns nothing of internal comments, nor of others' under hold, not even that there
    /// are any. When a hold ends, the event is written again.
    async fn is_visible(&self, actor: &Actor, ticket: &Ticket, event: &Event) -> Result<bool, Refusal> {
        if actor.sees_internal(ticket) {
            return Ok(true);
        }
        Ok(match event.kind {
            EventKind::TicketChanged => true,
            // A delivery belongs to a comment that may be internal, and says who else is told.
            EventKind::DeliveryChanged => false,
            EventKind::CommentCreated => {
                let found = self.comments.find(ticket.id, CommentId(event.subject)).await?;
                found.is_some_and(|found| audience(actor, ticket).reads(&found))
            }
        })
    }
}
