//! Lists and the search in memory: everything is looked at, every time.

use std::cmp::Reverse;

use async_trait::async_trait;
use jiff::Timestamp;
use recado_domain::audience::Viewer;
use recado_domain::comment::Visibility;
use recado_domain::outbox::{Outcome, State};
use recado_domain::person::{EmailAddress, Role};
use recado_domain::search::{Sought, Words};
use recado_domain::ticket::{Ticket, TicketId, TicketStatus};
use recado_ports::comments::Audience;
use recado_ports::inbox::{Counts, Found, Inbox, InboxQuery, LastComment, TicketSummary, View};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;
use uuid::Uuid;

use super::comments::Row;
use super::{MemoryStore, Tables, page};

/// Characters of a comment that a search gives.
const TEXT: usize = 10_000;

#[async_trait]
impl Inbox for MemoryStore {
    async fn list(
        &self,
        query: &InboxQuery,
        request: &PageRequest,
    ) -> Result<Page<TicketSummary>, StoreError> {
        Ok(self.read(|tables| {
            let mut listed: Vec<_> = tables
                .tickets
                .values()
                .filter(|ticket| query.viewer.sees(ticket) && passes(query, ticket))
                .filter(|ticket| tables.is_in(query.view, &query.viewer, ticket))
                .map(|ticket| (tables.place(&query.viewer, ticket), ticket))
                .collect();
            listed.sort_by_key(|(place, _)| Reverse(*place));
            let keyed = listed
                .into_iter()
                .map(|(place, ticket)| (place.to_string(), tables.summary(&query.viewer, ticket)));
            page(keyed, request, is_behind)
        }))
    }

    async fn counts(&self, viewer: &Viewer) -> Result<Counts, StoreError> {
        Ok(self.read(|tables| {
            let count = |view| {
                let open = tables.tickets.values().filter(|ticket| {
                    ticket.status == TicketStatus::Open
                        && viewer.sees(ticket)
                        && tables.is_in(view, viewer, ticket)
                });
                (open.count() as u64).min(Counts::MOST)
            };
            Counts {
                responsible: count(View::Responsible),
                groups: count(View::Groups),
                unanswered: count(View::Unanswered),
                undelivered: count(View::Undelivered),
            }
        }))
    }

    async fn search(
        &self,
        viewer: &Viewer,
        text: &str,
        request: &PageRequest,
    ) -> Result<Page<Found>, StoreError> {
        let Some(sought) = Sought::parse(text) else {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        };
        Ok(self.read(|tables| {
            let found = tables.tickets.values().filter(|ticket| viewer.sees(ticket));
            let mut found: Vec<_> = found
                .flat_map(|ticket| tables.readable(viewer, ticket).map(move |row| (ticket, row)))
                .filter(|(_, row)| sought.is_in(&Words::of(row.comment.text.as_str())))
                .collect();
            found.sort_by_key(|(_, row)| Reverse(row.comment.id));
            let keyed = found.into_iter().map(|(ticket, row)| {
                let comment = &row.comment;
                let found = Found {
                    comment: comment.id,
                    ticket: ticket.number.clone(),
                    title: ticket.title.clone(),
                    author: comment.author.clone(),
                    text: comment.text.as_str().chars().take(TEXT).collect(),
                    visibility: comment.visibility,
                    origin: comment.origin,
                    at: comment.created_at,
                };
                (comment.id.0.to_string(), found)
            });
            page(keyed, request, is_behind)
        }))
    }

    async fn index_comments(&self, _limit: u16) -> Result<u64, StoreError> {
        // Nothing is indexed, so nothing waits for it.
        Ok(0)
    }

    async fn mark_read(
        &self,
        email: &EmailAddress,
        ticket: TicketId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tables| {
            let mark = tables.read_marks.entry((email.clone(), ticket)).or_insert(at);
            *mark = at.max(*mark);
        });
        Ok(())
    }
}

impl Tables {
    /// The ticket's comments that somebody who sees it may read, oldest first.
    fn readable(&self, viewer: &Viewer, ticket: &Ticket) -> impl Iterator<Item = &Row> {
        let audience = if viewer.sees_internal(ticket) {
            Audience::Desk
        } else {
            Audience::Public {
                reader: Some(viewer.email.clone()),
            }
        };
        self.rows_read_by(ticket.id, audience)
    }

    fn newest(&self, viewer: &Viewer, ticket: &Ticket) -> Option<&Row> {
        self.readable(viewer, ticket).last()
    }

    fn place(&self, viewer: &Viewer, ticket: &Ticket) -> Uuid {
        let newest = self.newest(viewer, ticket);
        newest.map_or(ticket.id.0, |row| row.comment.id.0)
    }

    fn is_in(&self, view: View, viewer: &Viewer, ticket: &Ticket) -> bool {
        let responsible = ticket.responsible.as_ref().map(|party| &party.email);
        match view {
            View::All => true,
            View::Responsible => responsible == Some(&viewer.email),
            View::Asked => {
                let watches = ticket.watchers.iter().any(|party| party.email == viewer.email);
                ticket.requester.email == viewer.email || watches
            }
            View::Groups => ticket.group.as_ref().is_some_and(|group| {
                let members = self.groups.get(&group.email).map(|group| &group.members);
                let is_member = |email| members.is_some_and(|members| members.contains(email));
                viewer.groups.contains(&group.email) && responsible.is_none_or(is_member)
            }),
            View::Unanswered => self.is_unanswered(viewer, ticket),
            View::Undelivered => self.is_undelivered(viewer, ticket),
        }
    }

    fn is_unanswered(&self, viewer: &Viewer, ticket: &Ticket) -> bool {
        let public = self.readable(viewer, ticket);
        let public = public.filter(|row| row.comment.visibility == Visibility::Public);
        let author = public.last().map(|row| &row.comment.author.email);
        let is_answer = |email: &EmailAddress| {
            let role = self.users.get(email).map(|(user, _)| user.role);
            let responsible = ticket.responsible.as_ref().map(|party| &party.email);
            responsible == Some(email) || role.is_some_and(|role| role >= Role::Technician)
        };
        ticket.status == TicketStatus::Open && author.is_some_and(|email| !is_answer(email))
    }

    fn is_undelivered(&self, viewer: &Viewer, ticket: &Ticket) -> bool {
        let mut mails = self.outbox.values().filter(|mail| mail.ticket == Some(ticket.id));
        let failed = mails.any(|mail| mail.state == State::Dead || mail.outcome == Some(Outcome::Bounced));
        ticket.status == TicketStatus::Open && viewer.sees_internal(ticket) && failed
    }

    fn summary(&self, viewer: &Viewer, ticket: &Ticket) -> TicketSummary {
        let newest = self.newest(viewer, ticket);
        let mark = self.read_marks.get(&(viewer.email.clone(), ticket.id));
        let is_unread = newest.is_some_and(|row| {
            // To whom a comment was hidden under hold it is as new as its release.
            let hidden_until = row.released_at.filter(|_| !viewer.sees_internal(ticket));
            let shown_at = hidden_until.unwrap_or(row.comment.created_at);
            row.comment.author.email != viewer.email && mark.is_none_or(|mark| *mark < shown_at)
        });
        TicketSummary {
            last: newest.map(|row| LastComment {
                author: row.comment.author.clone(),
                beginning: LastComment::beginning_of(row.comment.text.as_str()),
                visibility: row.comment.visibility,
                at: row.comment.created_at,
            }),
            is_unanswered: self.is_unanswered(viewer, ticket),
            is_undelivered: self.is_undelivered(viewer, ticket),
            is_unread,
            ticket: ticket.clone(),
        }
    }
}

/// The first comes last; a cursor that was never given leads nowhere.
fn is_behind(cursor: &str, after: &str) -> bool {
    Uuid::parse_str(after).is_ok() && cursor < after
}

fn passes(query: &InboxQuery, ticket: &Ticket) -> bool {
    let holds = |text: &String| {
        let text = text.to_lowercase();
        ticket.number.folded().contains(&text) || ticket.title.to_lowercase().contains(&text)
    };
    query.status.is_none_or(|status| ticket.status == status) && query.text.as_ref().is_none_or(holds)
}
