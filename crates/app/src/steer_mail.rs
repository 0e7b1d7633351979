//! What the desk decides about a mail: accepting it, turning it down, having it judged anew.

use std::sync::Arc;

use recado_domain::audit::Action;
use recado_domain::ledger::{MailId, Outcome};
use recado_domain::person::EmailAddress;
use recado_ports::ledger::{SettleMail, StoredMail};

use crate::access::{Actor, Refusal};
use crate::read_mails::{ReadMails, ShownMail, missing, permit};
use crate::receive_mail::{Course, Ending, Obstacle, PendingMail, ReceiveMail, Release};
use crate::trail::{Change, Trail};

/// Whether whoever wrote an accepted mail follows the ticket from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AsWatcher {
    /// They do not.
    #[default]
    No,
    /// They get every public comment.
    Yes,
}

/// Steers incoming mail.
pub struct SteerMail {
    /// How mails are settled.
    pub receive: Arc<ReceiveMail>,
    /// Tells of it.
    pub trail: Trail,
}

impl SteerMail {
    /// Accepts a mail that is quarantined, refused or taken for a program's: it becomes a comment in the sender's own name on the ticket
    /// that it would belong to, or opens one. When it bears another person's token, answers from the sender for that
    /// person are accepted from now on. The desk may.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] for any other outcome, which it names, and for a mail without an author.
    pub async fn release(
        &self,
        actor: &Actor,
        id: MailId,
        as_watcher: AsWatcher,
    ) -> Result<ShownMail, Refusal> {
        let stored = self.find(actor, id, "released", Outcome::can_be_released).await?;
        let pending = PendingMail::from(&stored);
        let release = Release {
            ticket: stored.entry.ticket,
            person: stored.entry.person,
            by: by(actor),
            doubt: stored.entry.reason,
            as_watcher,
        };
        let raw = stored.raw.ok_or_else(|| no_octets(id))?;
        let change = change(Action::MailReleased, id, stored.entry.outcome).becomes(match as_watcher {
            AsWatcher::No => None,
            AsWatcher::Yes => Some("as watcher".to_owned()),
        });
        self.trail
            .around(actor, change, async {
                let settled = self
                    .receive
                    .settle(&pending, Arc::new(raw), &Course::Release(release))
                    .await;
                match settled {
                    Ok(ending) => self.answer(actor, id, ending, "released").await,
                    Err(Obstacle::Passing(error)) => Err(error.into()),
                    Err(Obstacle::Lasting(reason)) => Err(Refusal::Conflict(format!(
                        "mail {} cannot be released: {reason}",
                        id.0
                    ))),
                }
            })
            .await
    }

    /// Turns a quarantined mail down; the desk may. It can be released later.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] for any other outcome, which it names.
    pub async fn refuse(&self, actor: &Actor, id: MailId) -> Result<ShownMail, Refusal> {
        let stored = self.find(actor, id, "refused", Outcome::can_be_refused).await?;
        let pending = PendingMail::from(&stored);
        let doubt = stored.entry.reason.map(|doubt| format!("; {doubt}"));
        let settle = SettleMail {
            ticket: stored.entry.ticket,
            person: stored.entry.person,
            ..self.receive.refused(
                &pending,
                format!("turned down by {}{}", by(actor), doubt.unwrap_or_default()),
            )
        };
        let change = change(Action::MailRefused, id, stored.entry.outcome);
        self.trail
            .around(actor, change, async {
                let ending = self.receive.conclude(settle).await?;
                self.answer(actor, id, ending, "refused").await
            })
            .await
    }

    /// Judges a mail that is quarantined or failed as if it had just come; the desk may.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] for any other outcome, which it names.
    pub async fn replay(&self, actor: &Actor, id: MailId) -> Result<ShownMail, Refusal> {
        let stored = self.find(actor, id, "replayed", Outcome::can_be_replayed).await?;
        let pending = PendingMail::from(&stored);
        let raw = stored.raw.ok_or_else(|| no_octets(id))?;
        let change = change(Action::MailReplayed, id, stored.entry.outcome);
        self.trail
            .around(actor, change, async {
                let ending = self.receive.judge(&pending, Arc::new(raw)).await?;
                self.answer(actor, id, ending, "replayed").await
            })
            .await
    }

    /// The mail, when its outcome allows the wish.
    async fn find(
        &self,
        actor: &Actor,
        id: MailId,
        wish: &str,
        allows: fn(Outcome) -> bool,
    ) -> Result<StoredMail, Refusal> {
        permit(actor, id)?;
        let stored = self.receive.ledger.find(id).await?.ok_or_else(|| missing(id))?;
        if stored.entry.outcome.is_some_and(allows) {
            Ok(stored)
        } else {
            Err(conflict(id, stored.entry.outcome, wish))
        }
    }

    async fn answer(
        &self,
        actor: &Actor,
        id: MailId,
        ending: Ending,
        wish: &str,
    ) -> Result<ShownMail, Refusal> {
        match ending {
            Ending::Settled(_) => {
                let reading = ReadMails {
                    ledger: self.receive.ledger.clone(),
                    tickets: self.receive.tickets.clone(),
                    outbox: self.receive.outbox.clone(),
                    trail: self.trail.clone(),
                };
                reading.find(actor, id).await
            }
            Ending::ByAnother(outcome) => Err(conflict(id, outcome, wish)),
        }
    }
}

/// What is about to be done to a mail.
fn change(action: Action, id: MailId, outcome: Option<Outcome>) -> Change {
    Change::new(action, id.0).was(outcome.map(|outcome| outcome.as_str().to_owned()))
}

fn by(actor: &Actor) -> String {
    actor
        .party()
        .map(|party| &party.email)
        .map_or("the operator", EmailAddress::as_str)
        .to_owned()
}

fn conflict(id: MailId, outcome: Option<Outcome>, wish: &str) -> Refusal {
    let state = outcome.map_or("not judged yet", Outcome::as_str);
    Refusal::Conflict(format!("mail {} is {state} and cannot be {wish}", id.0))
}

fn no_octets(id: MailId) -> Refusal {
    Refusal::Conflict(format!("the message of mail {} is no longer kept", id.0))
}
