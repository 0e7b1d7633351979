//! One attempt at one mail: up to the server's go-ahead, through the fence, to the answer.

use std::pin::pin;
use std::time::Duration;

use recado_domain::outbox::DeliveryId;
use recado_domain::reply::Stage;
use recado_ports::mail::{Envelope, MailSession, SendError};
use recado_ports::store::StoreError;

use super::hand::{Hand, Mail};
use super::{DeliverBatch, Shift};
use crate::stop::Stop;

/// How long a mail that the server took waits to be marked together with the next one's fence.
const GRACE: Duration = Duration::from_millis(4);

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
    pub(super) used_at: Duration,
}

/// How an attempt ended at which the server did not take the mail, as far as is known.
pub(super) enum Miss {
    /// The server did not, or the answer is lost.
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
    /// Tries to send one mail that the lease covers, gives the server's word when it took it, and announces the one behind
    /// it. A mail that was accepted before it is marked on the way, unless this one comes to its end before its fence: it
    /// stays in hand then.
    pub(super) async fn attempt(
        &self,
        line: &mut Line,
        mail: &Mail,
        hand: &mut Hand,
        shift: &Shift<'_>,
    ) -> Result<String, Miss> {
        let Shift { lease, stop, .. } = *shift;
        let mut open = match self.begun(line, mail, hand, shift).await {
            Some(Ok(open)) => open,
            Some(Err(error)) => return Err(Miss::Failed { error, fenced: false }),
            None => return Err(Miss::Interrupted),
        };
        fail::fail_point!("deliver.before_fence");
        if !lease.suffices() {
            return Err(Miss::Interrupted);
        }
        match self.fenced(mail.delivery.id, hand, shift).await {
            Ok(fenced) if fenced.contains(&mail.delivery.id) => {}
            Ok(_) => return Err(Miss::NotOurs),
            Err(error) => return Err(Miss::FenceFailed(error)),
        }
        fail::fail_point!("deliver.after_fence");
        // The machine may have slept during the fence, and the word to stop may have come: nothing has left yet.
        if !lease.suffices() || stop.is_requested() {
            return Err(Miss::Interrupted);
        }
        hand.next = self.at_hand(hand, shift);
        let next = hand.next.as_ref().map(|next| &next.envelope);
        let answer = tokio::select! {
            biased;
            answer = open.session.finish(&mail.message, next) => answer,
            () = self.patience_over(stop) => return Err(Miss::AnswerAbandoned),
        };
        fail::fail_point!("deliver.answered");
        let usable = open.session.is_usable();
        if usable {
            open.used_at = self.clock.elapsed();
            line.session = Some(open);
        }
        match answer {
            Ok(reply) => Ok(reply.to_string()),
            Err(error) => Err(Miss::Failed { error, fenced: true }),
        }
    }

    /// A session with the go-ahead for a mail; `None` when the word to stop comes first. A server that takes its time
    /// does not leave the mail before unmarked.
    async fn begun(
        &self,
        line: &mut Line,
        mail: &Mail,
        hand: &mut Hand,
        shift: &Shift<'_>,
    ) -> Option<Result<Open, SendError>> {
        // Dropping a session, or a future of it, in the middle of a dialogue drops the connection: the next mail can
        // never read this one's answers.
        let mut begun = pin!(async {
            tokio::select! {
                biased;
                begun = self.begin(line, shift, &mail.envelope) => Some(begun),
                () = shift.stop.requested() => None,
            }
        });
        if hand.accepted.is_some() {
            if let Ok(begun) = tokio::time::timeout(GRACE, &mut begun).await {
                return begun;
            }
            self.mark(hand, shift).await;
        }
        begun.await
    }

    /// Writes the fence, and in the same round that the mail before was accepted. Each of the two stands for itself.
    async fn fenced(
        &self,
        id: DeliveryId,
        hand: &mut Hand,
        shift: &Shift<'_>,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let (token, ids) = (shift.lease.token, [id]);
        let fence = self.outbox.fence(token, &ids, self.clock.now());
        match hand.accepted.take() {
            None => fence.await,
            Some(accepted) => self.marked_beside(accepted, fence, shift).await,
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
