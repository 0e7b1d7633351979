//! Trying the outgoing and the incoming account: what their servers say, and a mail to see arrive.

use std::sync::Arc;
use std::time::Duration;

use recado_domain::outbox::{Cause, DeliveryId};
use recado_domain::person::{EmailAddress, Party, PersonName, Role};
use recado_domain::token::Keyring;
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use recado_ports::mail::{Automatic, Composer, Transport};
use recado_ports::mailbox::MailboxCheck;
use recado_ports::outbox::Outbox;
use recado_ports::parameters::Parameters;

use crate::access::{Actor, Refusal};
use crate::diagnose::Verdict;
use crate::letter::{Desk, Letter};
use crate::outgoing;
use crate::settings::MessagingSettings;
use crate::wording;

/// How long a person waits for a server's word; a worker would wait longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a try found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// How it went.
    pub verdict: Verdict,
    /// The server, and what it said, in its own words.
    pub said: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// Tries accounts.
pub struct TryAccounts {
    /// Where the accounts are described.
    pub parameters: Arc<dyn Parameters>,
    /// Logs in at the outgoing one.
    pub transport: Arc<dyn Transport>,
    /// Looks at the incoming one.
    pub mailbox: Arc<dyn MailboxCheck>,
    /// Where a test mail goes.
    pub outbox: Arc<dyn Outbox>,
    /// Makes it.
    pub composer: Arc<dyn Composer>,
    /// Dates it.
    pub clock: Arc<dyn Clock>,
    /// Names it.
    pub ids: Arc<dyn Ids>,
    /// Signs its Message-ID.
    pub keyring: Arc<Keyring>,
    /// What the configuration decides.
    pub settings: Arc<MessagingSettings>,
}

impl TryAccounts {
    /// Connects to the outgoing account's server and logs in; sends nothing. Administrators may.
    pub async fn outgoing(&self, actor: &Actor) -> Result<Trial, Refusal> {
        actor.require(Role::Administrator, "trying an account")?;
        let values = self.parameters.snapshot().await?.values;
        let account = match outgoing::account(&values, self.settings.way_out) {
            Ok(account) => account,
            Err(missing) => {
                let remedy = format!("set parameter {}", missing.0.number());
                return Ok(Trial::fault(missing.to_string(), remedy));
            }
        };
        let server = account.place(self.settings.way_out);
        let tried = tokio::time::timeout(PATIENCE, self.transport.connect(&account.outgoing)).await;
        Ok(match tried {
            Ok(Ok(session)) => {
                let said = format!("{server}: {}", session.welcome());
                session.quit().await;
                Trial::good(said)
            }
            Ok(Err(error)) => Trial::fault(format!("{server}: {error}"), outgoing::REMEDY),
            Err(_) => Trial::fault(silence(&server), outgoing::REMEDY),
        })
    }

    /// Queues a mail of our own words to an address. Gives the delivery to watch. Administrators may.
    pub async fn send_test(&self, actor: &Actor, to: &EmailAddress) -> Result<DeliveryId, Refusal> {
        actor.require(Role::Administrator, "sending a test mail")?;
        let now = self.clock.now();
        let parameters = self.parameters.snapshot().await?.values;
        let rendered = wording::test_mail(self.settings.locale, self.settings.desk_name.as_deref());
        let letter = Letter {
            cause: Cause::Test(self.ids.next()),
            ticket: None,
            author: None,
            rendered: &rendered,
            images: Vec::new(),
            attachments: Vec::new(),
            automatic: Automatic::Generated,
            created_at: now,
            due_at: now,
        };
        let desk = Desk {
            composer: &*self.composer,
            ids: &*self.ids,
            keyring: &self.keyring,
            parameters: &parameters,
            settings: &self.settings,
        };
        let recipient = Party {
            name: PersonName::parse("").expect("a name may be empty"),
            email: to.clone(),
        };
        let delivery = desk.write(&letter, &recipient, &[]).map_err(|error| {
            Refusal::Internal("the test mail cannot be composed".to_owned(), Box::new(error))
        })?;
        let id = delivery.id;
        self.outbox.enqueue(vec![delivery]).await?;
        Ok(id)
    }

    /// Looks at the mailbox that parameters 23 to 28 describe, whether or not it is read (200); reads and marks nothing.
    /// Administrators may.
    pub async fn incoming(&self, actor: &Actor) -> Result<Trial, Refusal> {
        actor.require(Role::Administrator, "trying an account")?;
        let values = self.parameters.snapshot().await?.values;
        let tried = tokio::time::timeout(PATIENCE, self.mailbox.check(&values)).await;
        Ok(match tried {
            Ok(Ok(state)) => Trial::good(format!(
                "{}: {} ({} mails, {} unread)",
                state.place, state.greeting, state.messages, state.unseen
            )),
            Ok(Err(fault)) => Trial {
                verdict: Verdict::Fault,
                said: fault.message,
                remedy: fault.remedy,
            },
            Err(_) => Trial::fault(
                silence("the mailbox"),
                "check parameters 23 (server), 26 (protocol) and 27 (port)",
            ),
        })
    }
}

impl Trial {
    fn good(said: String) -> Self {
        Self {
            verdict: Verdict::Good,
            said,
            remedy: None,
        }
    }

    fn fault(said: String, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Fault,
            said,
            remedy: Some(remedy.into()),
        }
    }
}

fn silence(server: &str) -> String {
    format!("{server} did not answer within {} s", PATIENCE.as_secs())
}
