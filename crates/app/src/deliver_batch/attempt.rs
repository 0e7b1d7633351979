//! One attempt at one mail: up to the server's go-ahead, through the fence, to the answer.

use recado_domain::outbox::Delivery;
use recado_domain::reply::Stage;
use recado_ports::mail::{Envelope, MailSession, SendError};
use recado_ports::store::StoreError;

use super::{DeliverBatch, Shift};
use crate::stop::Stop;

/// A worker's connection, kept between mails.
#[derive(Default)]
pub struct Line {
    pub(super) session: Option<Open>,
}

/// An open session.
pub(super) struct Open {
    pub(super) session: Box<dyn MailSession>,
    /// How often the account had been nudged when it was opened: a changed account needs a new session.
    pub(super) nudges: i64,
    /// When it was last used, by [`recado_ports::clock::Clock::elapsed`].
    pub(super) used_at: std::time::Duration,
}

/// How an attempt ended.
pub(super) enum Ending {
    /// The server took the mail, and said this.
    Sent(String),
    /// It did not, or the answer is lost.
    Failed {
        error: SendError,
        /// Whether the fence had been passed, and the attempt charged.
        fenced: bool,
    },
    /// The daemon stops, or too little is left of the lease; nothing of the mail has left.
    Interrupted,
    /// The daemon stopped waiting for the answer to the final dot.
    AnswerAbandoned,
    /// The fence was refused: the row was cancelled, or the lease is over. Nothing has left, nothing is to be written.
    NotOurs,
    /// The fence could not be written. Nothing has left.
    FenceFailed(StoreError),
}

impl DeliverBatch {
    /// Tries to send one mail that the lease covers.
    pub(super) async fn attempt(
        &self,
        line: &mut Line,
        delivery: &Delivery,
        message: &[u8],
        shift: &Shift<'_>,
    ) -> Ending {
        let Shift { lease, stop, .. } = *shift;
        let envelope = Envelope {
            from: delivery.sender.clone(),
            to: delivery.recipient.clone(),
            size: message.len() as u64,
            message_id: delivery.message_id.clone(),
            reports: shift.reports,
        };
        // Dropping a session, or a future of it, in the middle of a dialogue drops the connection: the next mail can
        // never read this one's answers.
        let begun = tokio::select! {
            biased;
            () = stop.requested() => { line.session = None; return Ending::Interrupted }
            begun = self.begin(line, shift, &envelope) => begun,
        };
        let mut open = match begun {
            Ok(open) => open,
            Err(error) => return Ending::Failed { error, fenced: false },
        };
        fail::fail_point!("deliver.before_fence");
        if !lease.suffices() {
            return Ending::Interrupted;
        }
        match self
            .outbox
            .fence(lease.token, &[delivery.id], self.clock.now())
            .await
        {
            Ok(fenced) if fenced.contains(&delivery.id) => {}
            Ok(_) => return Ending::NotOurs,
            Err(error) => return Ending::FenceFailed(error),
        }
        fail::fail_point!("deliver.after_fence");
        // The machine may have slept during the fence, and the word to stop may have come: nothing has left yet.
        if !lease.suffices() || stop.is_requested() {
            return Ending::Interrupted;
        }
        let answer = tokio::select! {
            biased;
            answer = open.session.finish(message, None) => answer,
            () = self.patience_over(stop) => return Ending::AnswerAbandoned,
        };
        fail::fail_point!("deliver.answered");
        let usable = open.session.is_usable();
        if usable {
            open.used_at = self.clock.elapsed();
            line.session = Some(open);
        }
        match answer {
            Ok(reply) => Ending::Sent(reply.to_string()),
            Err(error) => Ending::Failed { error, fenced: true },
        }
    }

    /// A session that has the server's go-ahead for this mail. It is out of the line's hands until it is given back.
    async fn begin(
        &self,
        line: &mut Line,
        shift: &Shift<'_>,
        envelope: &Envelope,
    ) -> Result<Open, SendError> {
        let nudges = shift.nudges;
        let kept = line
            .session
            .take()
            .filter(|kept| kept.nudges == nudges && kept.session.is_usable());
        if let Some(mut kept) = kept {
            match kept.session.begin(envelope).await {
                Ok(()) => return Ok(kept),
                Err(SendError::Stale) => {}
                Err(error) => {
                    if kept.session.is_usable() {
                        line.session = Some(kept);
                    }
                    return Err(error);
                }
            }
        }
        let session = self.transport.connect(&shift.account.outgoing).await?;
        let mut fresh = Open {
            session,
            nudges,
            used_at: self.clock.elapsed(),
        };
        match fresh.session.begin(envelope).await {
            Ok(()) => Ok(fresh),
            // A fresh connection that ends before its first answer is no idle one that had ended.
            Err(SendError::Stale) => {
                let detail = "the server closed a new connection before answering".to_owned();
                Err(SendError::Cut {
                    stage: Stage::MailFrom,
                    detail,
                })
            }
            Err(error) => {
                if fresh.session.is_usable() {
                    line.session = Some(fresh);
                }
                Err(error)
            }
        }
    }

    /// Returns when the daemon has been told to stop and has waited long enough for an answer.
    async fn patience_over(&self, stop: &Stop) {
        stop.requested().await;
        tokio::time::sleep(self.settings.shutdown).await;
    }
}
