//! A reader with its ports, and what was taken through it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use recado_adapters_inbound::imap::{MailboxReader, MailboxSettings, MailboxTimeouts, MailboxTrial, Trust};
use recado_app::stop::{self, StopSignal};
use recado_domain::parameter::Parameter;
use recado_ports::mailbox::{MailboxCheck as _, MailboxFault, MailboxState};
use recado_ports::parameters::Parameters as _;
use recado_test_support::clock::ManualClock;
use recado_test_support::fakes::MemoryStore;
use recado_test_support::ids::SequentialIds;
use tokio::task::JoinHandle;

use crate::intake::Recorder;
use crate::server::{PASSWORD, Server, USER};

static SYSTEM: OnceLock<Trust> = OnceLock::new();

pub(crate) const LARGEST: usize = 2_000;

pub(crate) struct Desk {
    pub(crate) store: MemoryStore,
    pub(crate) ledger: Arc<Recorder>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) settings: MailboxSettings,
}

impl Desk {
    /// Reads the server's mailbox, over a connection without TLS.
    pub(crate) async fn of(server: &Server) -> Self {
        let desk = Self {
            store: MemoryStore::new(),
            ledger: Arc::default(),
            clock: Arc::default(),
            settings: MailboxSettings {
                poll: Duration::from_hours(1),
                tls_name: None,
                ca_file: None,
                largest_mail: LARGEST,
                timeouts: MailboxTimeouts {
                    connect: Duration::from_secs(5),
                    silence: Duration::from_secs(5),
                    command: Duration::from_secs(5),
                    idle: Duration::from_hours(1),
                    refused: Duration::from_hours(1),
                    pause: Duration::from_millis(1),
                    longest_pause: Duration::from_millis(5),
                },
            },
        };
        for (parameter, value) in [
            (Parameter::ReadMail, "Y"),
            (Parameter::InboxHost, "127.0.0.1"),
            (Parameter::InboxPort, &server.address.port().to_string()),
            (Parameter::InboxProtocol, "imap"),
            (Parameter::InboxUser, USER),
            (Parameter::InboxPassword, PASSWORD),
        ] {
            desk.set(parameter, value).await;
        }
        desk
    }

    pub(crate) async fn set(&self, parameter: Parameter, value: &str) {
        self.store.set(parameter, Some(value.to_owned())).await.unwrap();
    }

    pub(crate) fn reader(&self) -> MailboxReader {
        MailboxReader {
            receive: self.ledger.clone(),
            ledger: Arc::new(self.store.clone()),
            parameters: Arc::new(self.store.clone()),
            events: Arc::new(self.store.clone()),
            clock: self.clock.clone(),
            ids: Arc::new(SequentialIds::new()),
            tls: self.trust(),
            settings: self.settings.clone(),
        }
    }

    /// Tries the mailbox.
    pub(crate) async fn check(&self) -> Result<MailboxState, MailboxFault> {
        let trial = MailboxTrial {
            settings: self.settings.clone(),
            tls: self.trust(),
        };
        let parameters = self.store.snapshot().await.unwrap().values;
        trial.check(&parameters).await
    }

    fn trust(&self) -> Trust {
        match self.settings.ca_file {
            // The system's authorities take a while to read.
            None => SYSTEM
                .get_or_init(|| MailboxReader::trust(&self.settings).unwrap())
                .clone(),
            Some(_) => MailboxReader::trust(&self.settings).unwrap(),
        }
    }

    pub(crate) fn start(&self) -> Running {
        let reader = self.reader();
        let (signal, stop) = stop::channel();
        Running {
            signal,
            task: tokio::spawn(async move { reader.run(&stop).await }),
        }
    }

    /// The subjects of what was taken, in order.
    pub(crate) fn subjects(&self) -> Vec<String> {
        let subject = |raw: Vec<u8>| {
            let text = String::from_utf8(raw).unwrap();
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("Subject: "))
                .unwrap_or("");
            line.to_owned()
        };
        self.ledger
            .taken()
            .into_iter()
            .map(|mail| subject(mail.raw))
            .collect()
    }
}

pub(crate) struct Running {
    signal: StopSignal,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops the reader, which must end by itself.
    pub(crate) async fn stop(self) {
        self.signal.stop();
        tokio::time::timeout(Duration::from_secs(20), self.task)
            .await
            .expect("the reader stops")
            .unwrap();
    }
}

/// A mail with this subject.
pub(crate) fn mail(subject: &str) -> String {
    format!("From: ana@example.org\nSubject: {subject}\n\nBom dia (ol\u{e1})\n")
}
