//! One mail: envelope, go-ahead, message, and what the server says to it.

use super::commands::Commands;
use super::stuffing::stuffed;
use super::wire::{Wire, WireError};
use super::{SmtpSession, Standing};
use recado_domain::channel::ChannelFault;
use recado_domain::reply::{Reply, Stage, Verdict, classify};
use recado_ports::mail::{Envelope, SendError};
use std::time::Duration;

/// The message is written in blocks of this size, each with its own time limit.
const BLOCK: usize = 64 * 1024;

/// How the envelope went, and whether the connection can be trusted after it.
enum Envelop {
    GoAhead,
    Refused { error: SendError, in_step: bool },
}

impl SmtpSession {
    pub(super) async fn begin_transaction(&mut self, envelope: &Envelope) -> Result<(), SendError> {
        // While the step runs, the connection belongs to this future: dropped with it, it cannot be used half-way.
        if let Some(announced) = &self.announced {
            let wire = self.wire.take().filter(|_| announced == envelope);
            let Some(mut wire) = wire else {
                return Err(SendError::Stale);
            };
            let outcome = self.answers(&mut wire).await;
            return self.enveloped(wire, outcome);
        }
        let commands = Commands::of(envelope, &self.capabilities, &self.server)?;
        let wire = self.wire.take().filter(|_| self.standing != Standing::GoAhead);
        let Some(mut wire) = wire else {
            return Err(SendError::Stale);
        };
        if !wire.is_silent().await {
            // Read on, its words would be taken for the answer to MAIL.
            return Err(match self.standing {
                Standing::Fresh => {
                    let detail = format!("{} hung up, or spoke out of turn, before MAIL FROM", self.server);
                    SendError::Channel(ChannelFault::passing(detail))
                }
                _ => SendError::Stale,
            });
        }
        fail::fail_point!("smtp.before_mail_from");
        if self.standing == Standing::Refused {
            self.reset(&mut wire).await?;
        }
        let outcome = if self.capabilities.pipelining {
            self.ask_at_once(&mut wire, &commands).await
        } else {
            self.ask_in_turn(&mut wire, &commands).await
        };
        self.enveloped(wire, outcome)
    }

    /// Keeps the connection where it can be trusted.
    fn enveloped(&mut self, wire: Wire, outcome: Envelop) -> Result<(), SendError> {
        self.announced = None;
        match outcome {
            Envelop::GoAhead => {
                self.standing = Standing::GoAhead;
                self.wire = Some(wire);
                Ok(())
            }
            Envelop::Refused { error, in_step } => {
                self.standing = Standing::Refused;
                self.wire = in_step.then_some(wire);
                Err(error)
            }
        }
    }

    pub(super) async fn finish_transaction(
        &mut self,
        message: &[u8],
        next: Option<&Envelope>,
    ) -> Result<Reply, SendError> {
        let wire = self.wire.take().filter(|_| self.standing == Standing::GoAhead);
        let Some(mut wire) = wire else {
            let detail = "there is no go-ahead for a message".to_owned();
            return Err(SendError::Cut {
                stage: Stage::Data,
                detail,
            });
        };
        let mut octets = stuffed(message);
        // The last block holds the dot; what comes before it the server cannot take for a mail.
        let before_last = (octets.len() - 1) / BLOCK * BLOCK;
        let announced = next.filter(|next| self.announce(next, &mut octets));
        let (body, last) = octets.split_at(before_last);
        let cut = |detail: &str| SendError::Cut {
            stage: Stage::FinalDot,
            detail: format!("{}: {detail}", self.server),
        };
        for block in body.chunks(BLOCK) {
            if let Err(error) = wire.write(block, self.timeouts.block).await {
                return Err(self.last_words(wire, cut(&error.to_string())).await);
            }
        }
        if !wire.is_silent().await {
            // An answer that came before the dot is no answer to the dot, even if it says yes.
            let early = cut("the server hung up, or spoke out of turn, before the final dot");
            return Err(self.last_words(wire, early).await);
        }
        fail::fail_point!("smtp.before_dot");
        if let Err(error) = wire.write(last, self.timeouts.block).await {
            let unsure = SendError::Unsure(format!("{}: {error}", self.server));
            return Err(self.last_words(wire, unsure).await);
        }
        fail::fail_point!("smtp.after_dot");
        let answer = wire.read(self.timeouts.final_dot).await;
        let reply = answer
            .map_err(|error| SendError::Unsure(format!("{}: {error}", self.server)))?
            .into_reply();
        fail::fail_point!("smtp.reply_read");
        let verdict = classify(Stage::FinalDot, &reply);
        let is_accepted = verdict == Verdict::Accepted;
        self.standing = if is_accepted {
            Standing::Idle
        } else {
            Standing::Refused
        };
        if is_accepted || in_step(verdict) {
            self.wire = Some(wire);
            // The message ended its transaction whatever the answer (RFC 5321 §4.1.1.4): the next one needs no RSET.
            self.announced = announced.cloned();
        }
        if is_accepted {
            Ok(reply)
        } else {
            Err(self.refusal(Stage::FinalDot, reply))
        }
    }

    /// Adds the next mail's commands behind a message: its dot may begin a group of commands (RFC 2920 §3.1). A mail
    /// that this server cannot be sent is told so when it begins.
    fn announce(&self, next: &Envelope, octets: &mut Vec<u8>) -> bool {
        if !(self.capabilities.pipelining && self.hearing.may_announce()) {
            return false;
        }
        let Ok(commands) = Commands::of(next, &self.capabilities, &self.server) else {
            return false;
        };
        octets.extend_from_slice(commands.together().as_bytes());
        true
    }

    /// A connection that cannot be put back in order is as good as ended: nothing of this mail was said on it.
    async fn reset(&self, wire: &mut Wire) -> Result<(), SendError> {
        let limit = self.timeouts.command;
        wire.write(b"RSET\r\n", limit)
            .await
            .map_err(|_| SendError::Stale)?;
        let answer = wire.read(limit).await.map_err(|_| SendError::Stale)?;
        if answer.code / 100 == 2 {
            Ok(())
        } else {
            Err(SendError::Stale)
        }
    }

    async fn ask_in_turn(&self, wire: &mut Wire, commands: &Commands) -> Envelop {
        for (stage, command) in commands.in_turn() {
            if let Err(error) = wire.write(command.as_bytes(), self.timeouts.command).await {
                return self.lost(stage, &error);
            }
            match wire.read(self.limit(stage)).await {
                Err(error) => return self.lost(stage, &error),
                Ok(answer) => {
                    let reply = answer.into_reply();
                    let verdict = classify(stage, &reply);
                    if verdict != Verdict::Accepted {
                        let in_step = in_step(verdict);
                        return Envelop::Refused {
                            error: self.refusal(stage, reply),
                            in_step,
                        };
                    }
                }
            }
        }
        Envelop::GoAhead
    }

    /// All commands in one write (RFC 2920), then their answers.
    async fn ask_at_once(&self, wire: &mut Wire, commands: &Commands) -> Envelop {
        let commands = commands.together().as_bytes();
        match wire.write(commands, self.timeouts.command).await {
            Ok(()) => self.answers(wire).await,
            Err(error) => self.lost(Stage::MailFrom, &error),
        }
    }

    /// The answers to commands sent together, one by one. The first refusal is the mail's.
    async fn answers(&self, wire: &mut Wire) -> Envelop {
        let mut refused: Option<SendError> = None;
        for stage in Commands::STAGES {
            let reply = match (wire.read(self.limit(stage)).await, refused.take()) {
                (Ok(answer), first) => {
                    refused = first;
                    let reply = answer.into_reply();
                    if self.announced.is_some() && reply.code() != 421 {
                        self.hearing.answered();
                    }
                    reply
                }
                (Err(_), Some(error)) => {
                    return Envelop::Refused {
                        error,
                        in_step: false,
                    };
                }
                (Err(error), None) => return self.lost(stage, &error),
            };
            let verdict = classify(stage, &reply);
            // A go-ahead after a refusal: the server now takes everything for a message.
            let out_of_step = verdict == Verdict::Accepted && refused.is_some() && stage == Stage::Data;
            let still_in_step = verdict == Verdict::Accepted || in_step(verdict);
            if verdict != Verdict::Accepted && refused.is_none() {
                refused = Some(self.refusal(stage, reply));
            }
            if out_of_step || !still_in_step {
                let error = refused.expect("only a refusal puts the dialogue out of step");
                return Envelop::Refused {
                    error,
                    in_step: false,
                };
            }
        }
        refused.map_or(Envelop::GoAhead, |error| Envelop::Refused {
            error,
            in_step: true,
        })
    }

    fn limit(&self, stage: Stage) -> Duration {
        if stage == Stage::Data {
            self.timeouts.data
        } else if stage == Stage::MailFrom && self.announced.is_some() && !self.hearing.has_answered() {
            self.timeouts.announcement
        } else {
            self.timeouts.command
        }
    }

    /// The connection ended, or fell silent, before the message.
    fn lost(&self, stage: Stage, error: &WireError) -> Envelop {
        let is_first = stage == Stage::MailFrom;
        if self.announced.is_some() && is_first {
            if error.is_silence() {
                self.hearing.fell_silent(&self.server);
            } else if error.is_hang_up() {
                self.hearing.hung_up(&self.server);
            }
        }
        let never_began = if self.announced.is_some() {
            is_first || !error.is_silence()
        } else {
            is_first && self.standing != Standing::Fresh && error.is_hang_up()
        };
        let error = if never_began {
            SendError::Stale
        } else {
            SendError::Cut {
                stage,
                detail: format!("{}: {error}", self.server),
            }
        };
        Envelop::Refused {
            error,
            in_step: false,
        }
    }

    /// What a server that stopped reading had to say, when it says no; else `otherwise`.
    async fn last_words(&self, mut wire: Wire, otherwise: SendError) -> SendError {
        match wire.read(self.timeouts.farewell).await {
            Ok(answer) if (400..600).contains(&answer.code) => {
                self.refusal(Stage::FinalDot, answer.into_reply())
            }
            _ => otherwise,
        }
    }

    fn refusal(&self, stage: Stage, reply: Reply) -> SendError {
        if stage == Stage::MailFrom && self.standing != Standing::Fresh && reply.code() == 421 {
            // The server hung up on an idle connection, and was polite about it.
            return SendError::Stale;
        }
        match classify(stage, &reply) {
            Verdict::Channel(hold) => SendError::Channel(ChannelFault {
                hold,
                detail: format!("{} answered {stage} with {reply}", self.server),
            }),
            Verdict::Throttled => SendError::Throttled(reply),
            Verdict::Retry => SendError::Retry(reply),
            Verdict::Rejected { hard_bounce } => SendError::Rejected { reply, hard_bounce },
            Verdict::OurFault => SendError::OurFault(reply),
            Verdict::TooLarge => SendError::TooLarge(reply.to_string()),
            Verdict::Accepted | Verdict::OutOfStep => {
                let detail = format!("{} answered {stage} with {reply}", self.server);
                match stage {
                    Stage::FinalDot => SendError::Unsure(detail),
                    // A word too many to the last mail looks like a wrong one to this; a new connection tells.
                    _ if self.announced.is_some() => SendError::Stale,
                    _ => SendError::Cut { stage, detail },
                }
            }
        }
    }
}

/// Whether the connection can be used after this refusal. After a fault of the channel it is not worth it, and
/// after a 421 the server is gone.
fn in_step(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::OutOfStep | Verdict::Channel(_))
}
