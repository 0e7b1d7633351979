//! Judging a stored mail, and settling it once, whoever else is at it.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use recado_domain::ledger::{BounceNote, MailId, Outcome, Via};
use recado_ports::ledger::{SettleError, SettleMail};
use recado_ports::mail::ComposeError;
use recado_ports::reader::MailEnvelope;
use recado_ports::store::StoreError;

use super::ReceiveMail;
use super::release::Release;
use crate::access::Refusal;

/// How often a settlement that met another write is made anew.
const TRIES: usize = 5;

/// A stored mail on its way to an outcome.
#[derive(Debug, Clone)]
pub(crate) struct PendingMail {
    pub(crate) id: MailId,
    pub(crate) via: Via,
    pub(crate) envelope: MailEnvelope,
    pub(crate) fingerprint: String,
    /// The outcome that it has so far.
    pub(crate) expected: Option<Outcome>,
}

/// Who decides what becomes of a mail.
#[derive(Debug)]
pub(crate) enum Course {
    /// The rules do.
    Judge,
    /// The desk has accepted it.
    Release(Release),
}

/// How a settlement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With this outcome.
    Settled(Outcome),
    /// Somebody else had settled the mail, with this outcome.
    ByAnother(Option<Outcome>),
}

/// What keeps a mail from being settled.
#[derive(Debug)]
pub(crate) enum Obstacle {
    /// It may be gone later.
    Passing(StoreError),
    /// It will not go away by itself; in words, for the desk.
    Lasting(String),
}

impl From<StoreError> for Obstacle {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            Self::Passing(error)
        } else {
            Self::Lasting(in_words(&error))
        }
    }
}

impl From<ComposeError> for Obstacle {
    fn from(error: ComposeError) -> Self {
        Self::Lasting(in_words(&error))
    }
}

impl From<Refusal> for Obstacle {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Store(error) => error.into(),
            other => Self::Lasting(in_words(&other)),
        }
    }
}

/// An error with its causes.
pub(super) fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

impl ReceiveMail {
    /// Judges a stored mail. What will not go away by itself is an outcome too: `failed`.
    pub(crate) async fn judge(&self, pending: &PendingMail, raw: Arc<Vec<u8>>) -> Result<Ending, StoreError> {
        match self.settle(pending, raw, &Course::Judge).await {
            Ok(ending) => Ok(ending),
            Err(Obstacle::Passing(error)) => Err(error),
            Err(Obstacle::Lasting(reason)) => self.conclude(self.failed(pending, reason)).await,
        }
    }

    /// Settles a stored mail. A panic is an obstacle too: whoever handed the mail over must hear that it was taken, and
    /// the mails after it must be judged.
    pub(crate) async fn settle(
        &self,
        pending: &PendingMail,
        raw: Arc<Vec<u8>>,
        course: &Course,
    ) -> Result<Ending, Obstacle> {
        let mut settling = pin!(self.settle_anew(pending, raw, course));
        let guarded = poll_fn(|context| {
            let polled = catch_unwind(AssertUnwindSafe(|| settling.as_mut().poll(context)));
            let panicked = || Obstacle::Lasting("judging it ended in a panic".to_owned());
            polled.unwrap_or_else(|_| Poll::Ready(Err(panicked())))
        });
        guarded.await
    }

    /// As long as others write what it goes by.
    async fn settle_anew(
        &self,
        pending: &PendingMail,
        raw: Arc<Vec<u8>>,
        course: &Course,
    ) -> Result<Ending, Obstacle> {
        if let Some(first) = self.ledger.copy_of(&pending.fingerprint, pending.id).await? {
            return Ok(self.conclude(self.duplicate(pending, first)).await?);
        }
        let mail = self.read(raw, &pending.envelope).await?;
        for _ in 0..TRIES {
            let settle = self.settlement(pending, &mail, course).await?;
            let outcome = settle.outcome;
            fail::fail_point!("judge.before_settle");
            return Ok(match self.commit(settle).await {
                Ok(()) => Ending::Settled(outcome),
                Err(SettleError::Store(StoreError::Conflict { .. })) => continue,
                Err(SettleError::Copy(first)) => self.conclude(self.duplicate(pending, first)).await?,
                Err(error) => ended_otherwise(error)?,
            });
        }
        Err(Obstacle::Passing(StoreError::Conflict {
            what: "the ticket of the mail".to_owned(),
        }))
    }

    /// Settles a mail in a way that hangs on nothing but its old outcome.
    pub(crate) async fn conclude(&self, settle: SettleMail) -> Result<Ending, StoreError> {
        let outcome = settle.outcome;
        match self.commit(settle).await {
            Ok(()) => Ok(Ending::Settled(outcome)),
            Err(error) => ended_otherwise(error),
        }
    }

    async fn commit(&self, settle: SettleMail) -> Result<(), SettleError> {
        let (mail, outcome, bounce) = (settle.id, settle.outcome, settle.bounce.clone());
        let (ticket, reason) = (settle.ticket, settle.reason.clone());
        self.ledger.settle(settle).await?;
        metrics::counter!("recado_mails_total", "outcome" => outcome.as_str()).increment(1);
        tracing::info!(
            mail = %mail.0,
            outcome = outcome.as_str(),
            ticket = ticket.map(|ticket| tracing::field::display(ticket.0)),
            "a mail was settled"
        );
        if let Some(bounce) = bounce {
            raise_bounce(mail, &bounce);
        }
        if outcome == Outcome::Failed {
            tracing::error!(alarm = "mail_failed", mail = %mail.0, reason, "a mail could not be read or stored");
        }
        Ok(())
    }
}

/// What became of a mail that this call did not settle.
fn ended_otherwise(error: SettleError) -> Result<Ending, StoreError> {
    match error {
        SettleError::Settled(outcome) => Ok(Ending::ByAnother(outcome)),
        // Nothing takes a mail out of the ledger.
        SettleError::NotFound | SettleError::Copy(_) => Ok(Ending::ByAnother(None)),
        SettleError::Store(error) => Err(error),
    }
}

fn raise_bounce(mail: MailId, bounce: &BounceNote) {
    let kind = match bounce.delivery {
        None => "unproven",
        Some(_) if bounce.permanent => "permanent",
        Some(_) => "temporary",
    };
    metrics::counter!("recado_bounces_total", "kind" => kind).increment(1);
    let Some(delivery) = bounce.delivery else {
        tracing::warn!(mail = %mail.0, "a report proves no mail of ours; it changed nothing");
        return;
    };
    tracing::error!(
        alarm = "mail_bounced",
        mail = %mail.0,
        delivery = %delivery.0,
        status = bounce.status.as_deref(),
        "a mail of ours was not delivered"
    );
}
