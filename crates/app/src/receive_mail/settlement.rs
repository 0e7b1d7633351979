//! From a judgement, or the desk's word, to everything that settling a mail writes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use recado_domain::comment::Visibility;
use recado_domain::incoming::{
    Circumstances, Flag, IncomingAttachment, IncomingMail, Judgement, Remark, Reopening,
};
use recado_domain::ledger::{MailId, Outcome};
use recado_domain::outbox::{DeliveryId, Outcome as DeliveryOutcome};
use recado_domain::parameter::Parameters;
use recado_domain::person::Party;
use recado_domain::template::PictureKind;
use recado_domain::ticket::{Ticket, TicketStatus};
use recado_ports::comments::{AcceptComment, OnTicket};
use recado_ports::ledger::SettleMail;
use recado_ports::store::StoreError;
use recado_ports::tickets::TicketWrite;

use super::acknowledgement::Opened;
use super::circumstances::ticket_of;
use super::judging::{Course, Obstacle, PendingMail};
use super::mailed_comment::{self, Place};
use super::{ReceiveMail, opening};
use crate::comment_mails::CommentMails;
use crate::steer_mail::AsWatcher;

/// A mail with all that is known when it is settled.
pub(super) struct Hearing<'a> {
    pub(super) pending: &'a PendingMail,
    pub(super) mail: &'a IncomingMail,
    parameters: &'a Parameters,
    pub(super) circumstances: &'a Circumstances,
    pub(super) now: Timestamp,
}

/// A comment to be, on a ticket that exists.
pub(super) struct Attached<'a> {
    pub(super) ticket: &'a Ticket,
    pub(super) author: &'a Party,
    pub(super) visibility: Visibility,
    pub(super) reopening: Reopening,
    pub(super) as_watcher: AsWatcher,
}

impl ReceiveMail {
    /// What becomes of a mail, as things stand now.
    pub(super) async fn settlement(
        &self,
        pending: &PendingMail,
        mail: &IncomingMail,
        course: &Course,
    ) -> Result<SettleMail, Obstacle> {
        let now = self.clock.now();
        let parameters = self.parameters.snapshot().await?.values;
        if let (Course::Judge, Some(report)) = (course, &mail.report) {
            return Ok(self.reported(pending, mail, report, now).await?);
        }
        let circumstances = self.circumstances(mail, pending.via, &parameters, now).await?;
        let hearing = Hearing {
            pending,
            mail,
            parameters: &parameters,
            circumstances: &circumstances,
            now,
        };
        match course {
            Course::Judge => self.judged(&hearing).await,
            Course::Release(release) => self.released(&hearing, release).await,
        }
    }

    async fn judged(&self, hearing: &Hearing<'_>) -> Result<SettleMail, Obstacle> {
        let Hearing { mail, now, .. } = *hearing;
        let (mut settle, answers, flag) = match self.judgement(mail, hearing.circumstances).await? {
            Judgement::Attach {
                ticket,
                author,
                visibility,
                reopening,
                answers,
                flag,
            } => {
                let attached = Attached {
                    ticket: ticket_of(hearing.circumstances, ticket)
                        .expect("a judgement names a ticket of the circumstances"),
                    author: &author,
                    visibility,
                    reopening,
                    as_watcher: AsWatcher::No,
                };
                (self.attached(hearing, &attached).await?, answers, flag)
            }
            Judgement::Open {
                requester,
                follows,
                answers,
                flag,
            } => {
                let follows = follows.and_then(|id| ticket_of(hearing.circumstances, id));
                (self.opened(hearing, &requester, follows).await?, answers, flag)
            }
            Judgement::Automatic { ticket, reason } => {
                let mut settle = blank(hearing.pending, mail, Outcome::Automatic, now);
                settle.ticket = ticket;
                settle.reason = Some(reason);
                return Ok(settle);
            }
            Judgement::Quarantine {
                ticket,
                person,
                visibility: _,
                reason,
            } => {
                let mut settle = blank(hearing.pending, mail, Outcome::Quarantined, now);
                settle.ticket = ticket;
                settle.person = person;
                settle.reason = Some(reason.describe());
                return Ok(settle);
            }
        };
        settle.outcomes = answered(answers);
        settle.reason = remarks(mail, flag.as_ref().map(Flag::describe));
        if flag == Some(Flag::Unverified) {
            // Whether the person wrote is what nobody vouches for.
            settle.lifts = None;
        }
        Ok(settle)
    }

    pub(super) async fn attached(
        &self,
        hearing: &Hearing<'_>,
        attached: &Attached<'_>,
    ) -> Result<SettleMail, Obstacle> {
        let Hearing {
            pending, mail, now, ..
        } = *hearing;
        let before = attached.ticket;
        let mut ticket = before.clone();
        if attached.reopening == Reopening::Yes {
            ticket.status = TicketStatus::Open;
            ticket.closed_at = None;
        }
        if attached.as_watcher == AsWatcher::Yes && !ticket.names(&attached.author.email) {
            ticket.watchers.push(attached.author.clone());
        }
        let mut settle = blank(pending, mail, Outcome::Attached, now);
        if ticket != *before {
            ticket.updated_at = now;
            settle.ticket_write = Some(write(&ticket, Some(before)));
        }
        let place = Place {
            ticket: &ticket,
            author: attached.author,
            visibility: attached.visibility,
            locale: ticket.locale.unwrap_or(self.messaging.locale),
            now,
        };
        settle.ticket = Some(ticket.id);
        settle.lifts = Some(attached.author.email.clone());
        settle.comment = Some(self.accepted(mail, &place).await?);
        Ok(settle)
    }

    pub(super) async fn opened(
        &self,
        hearing: &Hearing<'_>,
        requester: &Party,
        follows: Option<&Ticket>,
    ) -> Result<SettleMail, Obstacle> {
        let Hearing {
            pending, mail, now, ..
        } = *hearing;
        let today = (now, &self.messaging.time_zone, self.messaging.locale);
        let ticket = opening::ticket(mail, requester, follows, &*self.ids, today);
        let place = Place {
            ticket: &ticket,
            author: requester,
            visibility: Visibility::Public,
            locale: ticket.locale.unwrap_or(self.messaging.locale),
            now,
        };
        let mut settle = blank(pending, mail, Outcome::Opened, now);
        settle.ticket = Some(ticket.id);
        settle.lifts = Some(requester.email.clone());
        let comment = self.accepted(mail, &place).await?;
        if comment.deliveries.is_empty() {
            tracing::warn!(ticket = %ticket.number, "a mail opens a ticket, and nobody at the desk is told");
        }
        settle.comment = Some(comment);
        let opened = Opened {
            ticket: &ticket,
            follows: follows.map(|closed| &closed.number),
        };
        let acknowledgement = self
            .acknowledgement(pending, mail, &opened, hearing.parameters, now)
            .await?;
        settle.mails = acknowledgement.into_iter().collect();
        settle.ticket_write = Some(write(&ticket, None));
        Ok(settle)
    }

    /// The pictures that our mails bear now, when the mail has any that may be one of them.
    async fn own_pictures(&self, mail: &IncomingMail) -> Result<Vec<Vec<u8>>, StoreError> {
        let is_picture = |file: &IncomingAttachment| PictureKind::of(&file.content).is_some();
        if !mail.attachments.iter().any(is_picture) {
            return Ok(Vec::new());
        }
        let values = self.parameters.snapshot().await?.values;
        let mut pictures = Vec::new();
        for template in values.comment_templates() {
            let images = self.images.images(template).await?;
            pictures.extend(images.into_iter().map(|image| image.content));
        }
        Ok(pictures)
    }

    /// The comment with the mails that it owes.
    async fn accepted(&self, mail: &IncomingMail, place: &Place<'_>) -> Result<AcceptComment, Obstacle> {
        let ours = self.own_pictures(mail).await?;
        let limit = self.settings.limits.text;
        let (comment, contents) = mailed_comment::comment(mail, &ours, place, limit, &*self.ids);
        let query = CommentMails::query(
            &self.messaging,
            OnTicket::Given(Box::new(place.ticket.clone())),
            Some(&comment.author.email),
            None,
            place.now,
        );
        let context = self.comments.context(&query).await?;
        let context = context.expect("a ticket that is given is not looked for");
        let (_, deliveries) = self.comment_mails().owed(&context, &comment, &contents).await?;
        Ok(AcceptComment {
            comment,
            contents,
            deliveries,
            idempotency: None,
            held_until: None,
        })
    }

    /// The same mail came before.
    pub(super) fn duplicate(&self, pending: &PendingMail, first: MailId) -> SettleMail {
        let reason = format!("it is a copy of mail {}", first.0);
        unread(pending, Outcome::Duplicate, reason, self.clock.now())
    }

    /// It cannot be read or stored.
    pub(super) fn failed(&self, pending: &PendingMail, reason: String) -> SettleMail {
        unread(pending, Outcome::Failed, reason, self.clock.now())
    }

    /// The desk turned it down.
    pub(crate) fn refused(&self, pending: &PendingMail, reason: String) -> SettleMail {
        unread(pending, Outcome::Refused, reason, self.clock.now())
    }
}

/// An outcome from which nothing else follows.
pub(super) fn blank(
    pending: &PendingMail,
    mail: &IncomingMail,
    outcome: Outcome,
    now: Timestamp,
) -> SettleMail {
    SettleMail {
        sender: mail.from.party().map(|from| from.email.clone()),
        ..unsaid(pending, outcome, now)
    }
}

/// An outcome of a mail that was not read.
fn unread(pending: &PendingMail, outcome: Outcome, reason: String, now: Timestamp) -> SettleMail {
    SettleMail {
        reason: Some(reason),
        ..unsaid(pending, outcome, now)
    }
}

fn unsaid(pending: &PendingMail, outcome: Outcome, now: Timestamp) -> SettleMail {
    SettleMail {
        id: pending.id,
        expected: pending.expected,
        outcome,
        reason: None,
        ticket: None,
        person: None,
        sender: None,
        bounce: None,
        ticket_write: None,
        comment: None,
        mails: Vec::new(),
        outcomes: Vec::new(),
        accepts: None,
        lifts: None,
        now,
    }
}

pub(super) fn answered(delivery: Option<DeliveryId>) -> Vec<(DeliveryId, DeliveryOutcome)> {
    delivery
        .map(|delivery| (delivery, DeliveryOutcome::Answered))
        .into_iter()
        .collect()
}

/// What the desk should know, in a sentence.
pub(super) fn remarks(mail: &IncomingMail, first: Option<String>) -> Option<String> {
    let said: Vec<_> = first
        .into_iter()
        .chain(mail.remarks.iter().map(Remark::describe))
        .collect();
    (!said.is_empty()).then(|| said.join("; "))
}

fn write(ticket: &Ticket, before: Option<&Ticket>) -> TicketWrite {
    TicketWrite {
        ticket: ticket.clone(),
        expected: before.map(|before| before.version),
        // Nobody leaves the ticket by it.
        cut_off: BTreeSet::new(),
    }
}
