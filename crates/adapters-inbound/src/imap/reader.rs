//! The loop: from the parameters to a session, round after round, and the waits between.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use recado_app::stop::Stop;
use recado_ports::clock::Clock;
use recado_ports::events::{Events, Topic};
use recado_ports::ids::Ids;
use recado_ports::ledger::Ledger;
use recado_ports::parameters::Parameters;
use recado_ports::store::StoreError;
use tokio::time::{sleep, timeout};

use super::MailboxSettings;
use super::account::{InboxAccount, Standing};
use super::fault::MailboxFault;
use super::memory::Memory;
use super::opening::{OpenMailbox, open};
use super::round::{lost, unless_stopped};
use super::session::{Access, FAREWELL, Session};
use super::tls::{Authorities, TlsSetupError};
use super::wire::WireError;
use crate::intake::Intake;

/// A net under the wake-ups that tell of changed parameters.
const LOOK_AT_PARAMETERS: Duration = Duration::from_mins(1);

/// Between two looks at the parameters: the same wake-ups tell of every comment.
const CALM: Duration = Duration::from_secs(1);

/// Reads the mailbox.
pub struct MailboxReader {
    /// Takes the mails.
    pub receive: Arc<dyn Intake>,
    /// Keeps the position.
    pub ledger: Arc<dyn Ledger>,
    /// Says where the mailbox is.
    pub parameters: Arc<dyn Parameters>,
    /// Tells when that may have changed.
    pub events: Arc<dyn Events>,
    /// Dates the position.
    pub clock: Arc<dyn Clock>,
    /// Dice, so that daemons that lost the same server do not come back at the same moment.
    pub ids: Arc<dyn Ids>,
    /// What the configuration says.
    pub settings: MailboxSettings,
    /// See [`MailboxReader::trust`].
    pub tls: Trust,
}

/// Whose certificates are believed.
#[derive(Clone)]
pub struct Trust(pub(super) Arc<Authorities>);

/// Why a session ended.
pub(super) enum Ended {
    /// The word to stop came, or a parameter changed.
    Asked,
    Mailbox(MailboxFault),
    Store(StoreError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl MailboxReader {
    /// Whom to trust: the system's authorities and `ca_file`'s.
    ///
    /// # Errors
    ///
    /// The certificate file cannot be used.
    pub fn trust(settings: &MailboxSettings) -> Result<Trust, TlsSetupError> {
        Authorities::new(settings.ca_file.as_deref()).map(|authorities| Trust(Arc::new(authorities)))
    }

    /// Reads until the word to stop. No fault ends it.
    pub async fn run(&self, stop: &Stop) {
        let mut memory = None;
        let mut faults = Faults::default();
        while !stop.is_requested() {
            let standing = match self.standing().await {
                Ok(standing) => standing,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the parameters of the mailbox cannot be read"
                    );
                    self.pause(faults.next_pause(self), None, stop).await;
                    continue;
                }
            };
            let account = match &standing {
                Standing::On(account) => account,
                Standing::Off => {
                    self.pause(Duration::MAX, Some(&standing), stop).await;
                    continue;
                }
                Standing::Incomplete(parameter) => {
                    tracing::warn!(%parameter, "mail is to be read (parameter 200), but a parameter is not set");
                    self.pause(Duration::MAX, Some(&standing), stop).await;
                    continue;
                }
            };
            let ended = self.attend(account, &mut memory, &mut faults, stop).await;
            metrics::gauge!("recado_mailbox_up").set(0.0);
            let pause = match ended {
                Ended::Asked => continue,
                Ended::Mailbox(fault) => faults.report(self, &fault),
                Ended::Store(error) => {
                    tracing::error!(
                        alarm = "mail_not_stored",
                        error = &error as &dyn std::error::Error,
                        "a mail could not be stored; it stays unread in the mailbox"
                    );
                    faults.next_pause(self)
                }
            };
            self.pause(pause, Some(&standing), stop).await;
        }
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        Ok(Standing::read(&self.parameters.snapshot().await?.values))
    }

    /// One session, from its beginning to its end.
    async fn attend(
        &self,
        account: &InboxAccount,
        memory: &mut Option<Memory>,
        faults: &mut Faults,
        stop: &Stop,
    ) -> Ended {
        let opened = tokio::select! {
            opened = open(&self.settings, &self.tls.0, account, Access::Read) => opened,
            () = stop.requested() => return Ended::Asked,
        };
        let OpenMailbox {
            mut session,
            folder,
            said,
        } = match opened {
            Ok(opened) => opened,
            Err(fault) => return Ended::Mailbox(fault),
        };
        let server = account.server();
        let Some(uid_validity) = folder.uid_validity else {
            return Ended::Mailbox(MailboxFault::passing(
                &server,
                "it gives the folder no UIDVALIDITY",
            ));
        };
        tracing::info!(%server, folder = account.folder, "the mailbox is open");
        if super::response::code_argument(&said, "READ-ONLY").is_some() {
            tracing::warn!(%server, folder = account.folder, "the folder is read-only: mails that are taken stay unread");
        }
        let mailbox = account.mailbox();
        let remembered = memory
            .take()
            .filter(|memory| memory.folder == mailbox && memory.uid_validity == uid_validity);
        let memory = memory.insert(remembered.unwrap_or_else(|| Memory::new(mailbox, uid_validity)));
        metrics::gauge!("recado_mailbox_up").set(1.0);
        let ended = self
            .rounds(&mut session, account, folder, memory, faults, stop)
            .await;
        if let Ended::Asked = ended {
            session.log_out().await;
        }
        ended
    }

    async fn rounds(
        &self,
        session: &mut Session,
        account: &InboxAccount,
        folder: super::session::Opened,
        memory: &mut Memory,
        faults: &mut Faults,
        stop: &Stop,
    ) -> Ended {
        let standing = Standing::On(account.clone());
        loop {
            let more = match self.round(session, account, folder, memory, stop).await {
                Ok(more) => more,
                Err(ended) => return ended,
            };
            faults.over();
            match self.standing().await {
                Ok(now) if now.is_same(&standing) => {}
                Ok(_) => return Ended::Asked,
                Err(error) => return error.into(),
            }
            if stop.is_requested() {
                return Ended::Asked;
            }
            if more || session.has_arrivals() {
                continue;
            }
            let retry = memory.next_retry(self.clock.elapsed());
            match self.wait(session, &standing, retry, stop).await {
                Ok(Woken::ToRead) => {}
                Ok(Woken::ToEnd) => return Ended::Asked,
                Err(error) => return lost(&account.server(), &error),
            }
        }
    }

    /// Waits for a reason to look again.
    async fn wait(
        &self,
        session: &mut Session,
        standing: &Standing,
        retry: Option<Duration>,
        stop: &Stop,
    ) -> Result<Woken, WireError> {
        let idles = session.offers("IDLE") && unless_stopped(stop, session.begin_idle()).await?;
        let longest = if idles {
            self.settings.timeouts.idle
        } else {
            self.settings.poll
        };
        let mut changed = pin!(self.changed(standing));
        let mut time_is_up = pin!(sleep(retry.map_or(longest, |retry| retry.min(longest))));
        let woken = loop {
            // Before the wait too: some servers tell the news first, and then that they idle.
            if session.has_arrivals() {
                break Woken::ToRead;
            }
            tokio::select! {
                () = stop.requested() => break Woken::ToEnd,
                () = &mut changed => break Woken::ToEnd,
                () = &mut time_is_up => break Woken::ToRead,
                stirred = session.wire_mut().stirs() => {
                    stirred?;
                    session.hear().await?;
                }
            }
        };
        if idles {
            let end = session.end_idle();
            match woken {
                Woken::ToRead => unless_stopped(stop, end).await?,
                // Good manners, for as long as they take.
                Woken::ToEnd => drop(timeout(FAREWELL, end).await),
            }
        }
        Ok(woken)
    }

    /// Pauses, unless it is time to stop, or the parameters differ from what they were.
    async fn pause(&self, time: Duration, before: Option<&Standing>, stop: &Stop) {
        let changed = async {
            match before {
                Some(before) => self.changed(before).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.requested() => {}
            () = sleep(time) => {}
            () = changed => {}
        }
    }

    /// Returns when the parameters say something else.
    async fn changed(&self, before: &Standing) {
        loop {
            // The wait begins before the look: a change in between ends it.
            let mut news = pin!(self.events.wait(Topic::Outbox, LOOK_AT_PARAMETERS));
            let came = poll_fn(|context| Poll::Ready(news.as_mut().poll(context).is_ready())).await;
            // A database that is down says so wherever it is needed.
            if self.standing().await.is_ok_and(|now| !now.is_same(before)) {
                return;
            }
            if !came {
                news.await;
            }
            sleep(CALM).await;
        }
    }
}

enum Woken {
    ToRead,
    ToEnd,
}

/// The faults in a row.
#[derive(Default)]
struct Faults {
    count: u32,
    last: Option<MailboxFault>,
}

impl Faults {
    /// Tells of a fault, aloud when it is news; gives how long to wait.
    fn report(&mut self, reader: &MailboxReader, fault: &MailboxFault) -> Duration {
        let remedy = fault.kind.remedy();
        if self.last.as_ref() == Some(fault) {
            tracing::debug!(%fault, "the mailbox still cannot be read");
        } else if fault.kind.needs_mending() {
            tracing::error!(alarm = "mailbox", %fault, remedy, "the mailbox cannot be read until somebody mends it");
        } else {
            tracing::warn!(%fault, remedy, "the mailbox cannot be read for now");
        }
        metrics::counter!("recado_mailbox_faults_total").increment(1);
        self.last = Some(fault.clone());
        if fault.kind.needs_mending() {
            reader.settings.timeouts.refused
        } else {
            self.next_pause(reader)
        }
    }

    fn next_pause(&mut self, reader: &MailboxReader) -> Duration {
        let timeouts = &reader.settings.timeouts;
        let doubled = timeouts.pause.saturating_mul(1 << self.count.min(16));
        self.count += 1;
        // ±20 %.
        doubled
            .min(timeouts.longest_pause)
            .mul_f64(0.8 + 0.4 * reader.ids.dice())
    }

    fn over(&mut self) {
        if self.last.take().is_some() {
            tracing::info!("the mailbox can be read again");
        }
        self.count = 0;
    }
}
