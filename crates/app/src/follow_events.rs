//! Following what happens on the tickets that one sees.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use recado_domain::comment::{CommentId, Visibility};
use recado_domain::outbox::{Cause, DeliveryId};
use recado_domain::person::{EmailAddress, Role};
use recado_domain::ticket::{Ticket, TicketId, TicketNumber};
use recado_ports::comments::Comments;
use recado_ports::events::{Event, EventKind, Events, Topic};
use recado_ports::outbox::Outbox;
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
    /// For which comment a delivery belongs to.
    pub outbox: Arc<dyn Outbox>,
}

/// An event with what decides who may hear of it.
#[derive(Debug, Clone)]
pub struct Happening {
    /// The event.
    pub event: Event,
    ticket: Option<Ticket>,
    /// The comment that it is about, or that the delivery belongs to.
    comment: Option<CommentId>,
    /// What that comment is now; `None` when it was withdrawn.
    said: Option<Said>,
}

#[derive(Debug, Clone)]
struct Said {
    author: EmailAddress,
    visibility: Visibility,
    is_held: bool,
    created_at: Timestamp,
}

/// What a page is told of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What happened, as far as this person may know.
    pub kind: EventKind,
    /// The ticket's number.
    pub ticket: Option<TicketNumber>,
    /// The comment to look at again.
    pub comment: Option<CommentId>,
    /// The delivery, for the desk.
    pub delivery: Option<DeliveryId>,
}

impl Happening {
    /// The ticket that it is about.
    pub fn ticket(&self) -> Option<&TicketNumber> {
        self.ticket.as_ref().map(|ticket| &ticket.number)
    }

    /// What this person's page is told; `None` for nothing.
    ///
    /// Beyond what [`FollowEvents::after`] gives, authors hear that a mail of their own public comment has got further,
    /// and whoever may have had a comment before their eyes that was taken back hears that the ticket changed: no more,
    /// so that nobody learns of internal comments by what becomes of them.
    pub fn told_to(&self, actor: &Actor) -> Option<Told> {
        let Event { kind, at, .. } = self.event;
        let Some(ticket) = &self.ticket else {
            // A test mail is the administrators' business; so is a mail whose ticket cannot be named.
            return (actor.role() == Role::Administrator).then(|| self.told(kind));
        };
        if !actor.sees(ticket) {
            return None;
        }
        if actor.sees_internal(ticket) {
            return Some(self.told(kind));
        }
        let reader = actor.party().map(|party| &party.email);
        let is_own = self
            .said
            .as_ref()
            .is_some_and(|said| Some(&said.author) == reader);
        let is_read = self
            .said
            .as_ref()
            .is_some_and(|said| said.visibility == Visibility::Public && (!said.is_held || is_own));
        match kind {
            EventKind::TicketChanged => Some(self.told(kind)),
            EventKind::DeliveryChanged => (is_read && is_own).then(|| Told {
                delivery: None,
                ..self.told(kind)
            }),
            EventKind::CommentCreated if is_read => Some(self.told(kind)),
            EventKind::CommentCreated => {
                let is_news = self
                    .said
                    .as_ref()
                    .is_some_and(|said| said.is_held || at <= said.created_at);
                (!is_news).then(|| Told {
                    kind: EventKind::TicketChanged,
                    ticket: Some(ticket.number.clone()),
                    comment: None,
                    delivery: None,
                })
            }
        }
    }

    fn told(&self, kind: EventKind) -> Told {
        Told {
            kind,
            ticket: self.ticket.as_ref().map(|ticket| ticket.number.clone()),
            comment: self.comment,
            delivery: (kind == EventKind::DeliveryChanged).then_some(DeliveryId(self.event.subject)),
        }
    }
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
                    .is_none_or(|viewer| viewer.role == Role::Administrator)
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

    /// What an event is about, looked up once for everybody who follows.
    pub async fn look(&self, event: Event) -> Result<Happening, Refusal> {
        let ticket = match event.ticket {
            None => None,
            Some(id) => self.tickets.find_by_id(id).await?,
        };
        let comment = match event.kind {
            EventKind::TicketChanged => None,
            EventKind::CommentCreated => Some(CommentId(event.subject)),
            EventKind::DeliveryChanged => {
                let found = self.outbox.find(DeliveryId(event.subject)).await?;
                found.and_then(|found| match found.delivery.cause {
                    Cause::Comment(id) => Some(id),
                    _ => None,
                })
            }
        };
        let said = match (&ticket, comment) {
            (Some(ticket), Some(id)) => self.comments.find(ticket.id, id).await?.map(|found| Said {
                author: found.comment.author.email,
                visibility: found.comment.visibility,
                is_held: found.held_until.is_some(),
                created_at: found.comment.created_at,
            }),
            _ => None,
        };
        Ok(Happening {
            event,
            ticket,
            comment,
            said,
        })
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
