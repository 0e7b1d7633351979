//! A door for mails that remembers what it took, and fails when a test wants it to.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use recado_adapters_inbound::intake::Intake;
use recado_app::receive_mail::{Receipt, ReceiveError, ReceivedMail};
use recado_domain::ledger::MailId;
use recado_ports::store::StoreError;
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

/// Nothing takes longer, or the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

type Fault = Box<dyn Fn(&ReceivedMail) -> Option<ReceiveError> + Send + Sync>;

/// See the module.
pub(crate) struct Recorder {
    taken: watch::Sender<Vec<ReceivedMail>>,
    sources: Mutex<HashMap<String, MailId>>,
    fault: Mutex<Fault>,
    /// How many mails have come to the gate.
    knocks: watch::Sender<usize>,
    gate: watch::Sender<Gate>,
}

#[derive(Debug, PartialEq, Eq)]
enum Gate {
    Open,
    Closed,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            taken: watch::Sender::new(Vec::new()),
            sources: Mutex::default(),
            fault: Mutex::new(Box::new(|_| None)),
            knocks: watch::Sender::new(0),
            gate: watch::Sender::new(Gate::Open),
        }
    }
}

impl Recorder {
    /// Fails for the mails for which `fault` has an error.
    pub(crate) fn fail(&self, fault: impl Fn(&ReceivedMail) -> Option<ReceiveError> + Send + Sync + 'static) {
        *self.fault.lock().unwrap() = Box::new(fault);
    }

    /// What was taken, in order.
    pub(crate) fn taken(&self) -> Vec<ReceivedMail> {
        self.taken.borrow().clone()
    }

    /// What was taken, as soon as there are `count` of them.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<ReceivedMail> {
        let mut taken = self.taken.subscribe();
        let enough = taken.wait_for(|taken| taken.len() >= count);
        timeout(PATIENCE, enough)
            .await
            .unwrap_or_else(|_| panic!("{count} mails did not come"))
            .unwrap()
            .clone()
    }

    /// Lets no mail pass until [`Recorder::open`].
    pub(crate) fn close(&self) {
        self.gate.send_replace(Gate::Closed);
    }

    /// Returns when a mail has come, whether it passed or not.
    pub(crate) async fn wait_for_knock(&self) {
        let mut knocks = self.knocks.subscribe();
        let knock = knocks.wait_for(|knocks| *knocks > 0);
        drop(timeout(PATIENCE, knock).await.expect("a mail comes"));
    }

    /// Lets the mails pass that wait, and those to come.
    pub(crate) fn open(&self) {
        self.gate.send_replace(Gate::Open);
    }
}

#[async_trait]
impl Intake for Recorder {
    async fn take(&self, mail: ReceivedMail) -> Result<Receipt, ReceiveError> {
        self.knocks.send_modify(|knocks| *knocks += 1);
        drop(self.gate.subscribe().wait_for(|gate| *gate == Gate::Open).await);
        if let Some(error) = (self.fault.lock().unwrap())(&mail) {
            return Err(error);
        }
        if mail.raw.is_empty() {
            return Err(ReceiveError::Empty);
        }
        let mut id = MailId(Uuid::from_u128(self.taken.borrow().len() as u128 + 1));
        if let Some(source) = &mail.source {
            let mut sources = self.sources.lock().unwrap();
            if let Some(before) = sources.get(source) {
                return Ok(Receipt::TakenBefore(*before));
            }
            id = *sources.entry(source.clone()).or_insert(id);
        }
        self.taken.send_modify(|taken| taken.push(mail));
        Ok(Receipt::Taken(id))
    }
}

/// A store that is down.
pub(crate) fn unavailable() -> ReceiveError {
    ReceiveError::Store(StoreError::Unavailable("the disk is full".into()))
}
