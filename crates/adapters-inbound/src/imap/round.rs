//! One round over a folder: what is new, fetched, handed over, marked.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use recado_app::receive_mail::{ReceiveError, ReceivedMail};
use recado_app::stop::Stop;
use recado_domain::ledger::Via;
use recado_ports::reader::MailEnvelope;

use super::account::InboxAccount;
use super::fault::MailboxFault;
use super::memory::{Failure, Memory, Reading, Standing};
use super::reader::{Ended, MailboxReader};
use super::response::Body;
use super::session::{Flag, Opened, Session, Text};
use super::stub::stub;
use super::wire::WireError;

/// How a message is handed over.
enum Handing {
    Whole(Vec<u8>),
    /// In its place a mail that says how large it is.
    TooLarge(Option<u64>),
}

impl MailboxReader {
    /// Takes the messages that are new, at most so many; whether there are more.
    pub(super) async fn round(
        &self,
        session: &mut Session,
        account: &InboxAccount,
        folder: Opened,
        memory: &mut Memory,
        stop: &Stop,
    ) -> Result<bool, Ended> {
        let server = account.server();
        let reading = self.look(session, &server, folder, memory, stop).await?;
        let due = memory.due(self.clock.elapsed());
        let batch = &due[..due.len().min(account.per_round)];
        if !batch.is_empty() {
            let sizes = unless_stopped(stop, session.sizes(batch)).await;
            let sizes = sizes.map_err(|error| lost(&server, &error))?;
            for uid in batch {
                if stop.is_requested() {
                    break;
                }
                let size = sizes.as_ref().and_then(|sizes| sizes.get(uid)).copied();
                if sizes.is_some() && size.is_none() {
                    memory.gone(*uid);
                } else {
                    self.message(session, &server, memory, *uid, size, stop).await?;
                }
            }
        }
        if let Some(position) = memory.position(&reading)
            && reading.known != Some(position)
        {
            self.ledger.advance(&memory.folder, &position).await?;
        }
        Ok(due.len() > batch.len())
    }

    /// Finds what is new.
    async fn look(
        &self,
        session: &mut Session,
        server: &str,
        folder: Opened,
        memory: &mut Memory,
        stop: &Stop,
    ) -> Result<Reading, Ended> {
        let position = self.ledger.position(&memory.folder).await?;
        let known = position.filter(|position| position.uid_validity == memory.uid_validity);
        let caught_up = unless_stopped(stop, session.catch_up()).await;
        caught_up.map_err(|error| lost(server, &error))?;
        let now = self.clock.now();
        let unread = search(session, server, stop, "UNSEEN").await?;
        let behind = match (known, position) {
            (Some(position), _) => {
                let first = position.last_uid.saturating_add(1);
                let mut behind = search(session, server, stop, &format!("UID {first}:*")).await?;
                // `*` is the last message, whatever its number: a range that ends with it is never empty.
                behind.retain(|uid| *uid >= first);
                behind
            }
            (None, Some(before)) => {
                tracing::warn!(
                    %server,
                    "the mailbox was renumbered (UIDVALIDITY changed); what came since the last look is read again"
                );
                search(
                    session,
                    server,
                    stop,
                    &format!("SINCE {}", day_before(before.read_at)),
                )
                .await?
            }
            (None, None) => Vec::new(),
        };
        let highest = match (known, folder.uid_next) {
            (Some(position), _) => behind.iter().copied().max().unwrap_or(position.last_uid),
            (None, Some(next)) => next.saturating_sub(1),
            (None, None) if folder.exists == 0 => 0,
            (None, None) => search(session, server, stop, "*")
                .await?
                .into_iter()
                .max()
                .unwrap_or(0),
        };
        memory.found(&unread, &behind);
        Ok(Reading { known, highest, now })
    }

    /// Fetches one message and hands it over.
    async fn message(
        &self,
        session: &mut Session,
        server: &str,
        memory: &mut Memory,
        uid: u32,
        size: Option<u64>,
        stop: &Stop,
    ) -> Result<(), Ended> {
        let largest = self.settings.largest_mail;
        let is_too_large = size.is_some_and(|size| usize::try_from(size).map_or(true, |size| size > largest));
        if is_too_large {
            return self
                .hand_over(session, server, memory, uid, Handing::TooLarge(size))
                .await;
        }
        let text = match unless_stopped(stop, session.message(uid, largest)).await {
            Ok(text) => text,
            Err(WireError::Stopped) => return Err(Ended::Asked),
            Err(error) => {
                // It may be this message that the server fails at, every time.
                self.strike(memory, uid, Failure::ConnectionLost, &error.to_string());
                return Err(lost(server, &error));
            }
        };
        let handing = match text {
            Text::Here(Body::Whole(raw)) => Handing::Whole(raw),
            // The size that the server had named was wrong.
            Text::Here(Body::Oversized(octets)) => Handing::TooLarge(Some(octets)),
            Text::Gone => {
                memory.gone(uid);
                return Ok(());
            }
            Text::Refused(answer) => {
                self.strike(memory, uid, Failure::Refused, &answer);
                return Ok(());
            }
        };
        self.hand_over(session, server, memory, uid, handing).await
    }

    async fn hand_over(
        &self,
        session: &mut Session,
        server: &str,
        memory: &mut Memory,
        uid: u32,
        mut handing: Handing,
    ) -> Result<(), Ended> {
        let source = format!("imap:{};{};{uid}", memory.folder.name, memory.uid_validity);
        loop {
            let raw = match &mut handing {
                Handing::Whole(raw) => std::mem::take(raw),
                Handing::TooLarge(size) => {
                    match session.head(uid).await.map_err(|error| lost(server, &error))? {
                        Text::Here(Body::Whole(head)) => stub(&head, *size, self.settings.largest_mail),
                        Text::Here(Body::Oversized(_)) => stub(&[], *size, self.settings.largest_mail),
                        Text::Gone => {
                            memory.gone(uid);
                            return Ok(());
                        }
                        Text::Refused(answer) => {
                            self.strike(memory, uid, Failure::Refused, &answer);
                            return Ok(());
                        }
                    }
                }
            };
            let mail = ReceivedMail {
                raw,
                via: Via::Imap,
                envelope: MailEnvelope::default(),
                source: Some(source.clone()),
            };
            let (flag, result) = match (self.receive.take(mail).await, &handing) {
                (Ok(_), Handing::Whole(_)) => (Flag::Seen, "taken"),
                (Ok(_), Handing::TooLarge(size)) => {
                    tracing::warn!(
                        uid,
                        size,
                        "a mail is too large to be taken; it stays unread, flagged"
                    );
                    (Flag::Flagged, "too_large")
                }
                (Err(ReceiveError::Empty), _) => {
                    tracing::warn!(uid, "a mail in the mailbox is empty and is passed over");
                    memory.done(uid);
                    return Ok(());
                }
                (Err(ReceiveError::TooLarge { size, .. }), Handing::Whole(_)) => {
                    handing = Handing::TooLarge(Some(size as u64));
                    continue;
                }
                (Err(ReceiveError::Store(error)), _) if error.is_transient() => return Err(error.into()),
                (Err(error), _) => {
                    self.strike(memory, uid, Failure::Refused, &chain(&error));
                    return Ok(());
                }
            };
            metrics::counter!("recado_mailbox_messages_total", "result" => result).increment(1);
            fail::fail_point!("imap.before_seen");
            let done = session
                .set(uid, flag)
                .await
                .map_err(|error| lost(server, &error))?;
            if !done.is_ok() {
                tracing::warn!(
                    uid,
                    answer = done.text,
                    "a mail that is taken could not be marked in the mailbox"
                );
            }
            // Not before it is marked: a session that broke here marks it when it finds it again.
            memory.done(uid);
            return Ok(());
        }
    }

    fn strike(&self, memory: &mut Memory, uid: u32, failure: Failure, reason: &str) {
        metrics::counter!("recado_mailbox_messages_total", "result" => "failed").increment(1);
        match memory.strike(uid, failure, self.clock.elapsed()) {
            Standing::Retried => tracing::warn!(uid, reason, "a mail could not be taken; it is tried again"),
            Standing::PassedOver => tracing::error!(
                alarm = "mail_passed_over",
                uid,
                reason,
                "a mail could not be taken three times; it stays unread, the others go on, and it is tried every hour"
            ),
            Standing::StillPassedOver => tracing::debug!(uid, reason, "a mail still cannot be taken"),
        }
    }
}

async fn search(session: &mut Session, server: &str, stop: &Stop, key: &str) -> Result<Vec<u32>, Ended> {
    let mut uids = unless_stopped(stop, session.search(key))
        .await
        .map_err(|error| lost(server, &error))?
        .map_err(|answer| {
            Ended::Mailbox(MailboxFault::passing(
                server,
                format!("it refuses to search {key}: {answer}"),
            ))
        })?;
    // There is no message 0; a server that names it would have us count from before the beginning.
    uids.retain(|uid| *uid > 0);
    Ok(uids)
}

/// Whatever the server is asked, the word to stop ends the wait for its answer. Only a mail that is being taken is
/// taken, and marked.
pub(super) async fn unless_stopped<T>(
    stop: &Stop,
    question: impl Future<Output = Result<T, WireError>>,
) -> Result<T, WireError> {
    tokio::select! {
        biased;
        () = stop.requested() => Err(WireError::Stopped),
        answer = question => answer,
    }
}

pub(super) fn lost(server: &str, error: &WireError) -> Ended {
    match error {
        WireError::Stopped => Ended::Asked,
        error => Ended::Mailbox(MailboxFault::passing(server, error)),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The day before, as SEARCH writes it (RFC 3501 §6.4.4): the server's day may be another than ours.
fn day_before(time: Timestamp) -> String {
    let before = time
        .saturating_sub(SignedDuration::from_hours(24))
        .unwrap_or(time);
    before.to_zoned(TimeZone::UTC).strftime("%-d-%b-%Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_before_is_written_as_imap_writes_days() {
        let time: Timestamp = "2026-03-01T00:30:00Z".parse().unwrap();
        assert_eq!(day_before(time), "28-Feb-2026");
        let time: Timestamp = "2026-01-10T23:30:00Z".parse().unwrap();
        assert_eq!(day_before(time), "9-Jan-2026");
    }
}
