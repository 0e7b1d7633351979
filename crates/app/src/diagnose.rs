//! Finding out why no mail leaves, and saying what to do.

use std::sync::Arc;

use recado_domain::channel::AccountId;
use recado_domain::outbox::State;
use recado_domain::parameter::{Parameter, Parameters as Values};
use recado_domain::template::{Severity, Situation};
use recado_ports::channels::Channels;
use recado_ports::mail::Transport;
use recado_ports::outbox::Outbox;
use recado_ports::parameters::Parameters;
use recado_ports::store::StoreError;
use recado_ports::templates::Templates;

use crate::outgoing;
use crate::settings::WayOut;

/// How a subject was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and deserves a look.
    Warning,
    /// No mail leaves before it is mended.
    Fault,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub subject: String,
    /// How it was found.
    pub verdict: Verdict,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Finding {
    /// Something as it should be.
    pub fn good(subject: &str, message: impl Into<String>) -> Self {
        Self {
            subject: subject.to_owned(),
            verdict: Verdict::Good,
            message: message.into(),
            remedy: None,
        }
    }

    /// Something that deserves a look.
    pub fn warning(subject: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            subject: subject.to_owned(),
            verdict: Verdict::Warning,
            message: message.into(),
            remedy: Some(remedy.into()),
        }
    }

    /// Something to mend.
    pub fn fault(subject: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Fault,
            ..Self::warning(subject, message, remedy)
        }
    }
}

/// Looks at everything between a comment and its mail.
pub struct Diagnose {
    /// For the service's parameters.
    pub parameters: Arc<dyn Parameters>,
    /// For 417's template.
    pub templates: Arc<dyn Templates>,
    /// For holds.
    pub channels: Arc<dyn Channels>,
    /// For what waits.
    pub outbox: Arc<dyn Outbox>,
    /// For a login.
    pub transport: Arc<dyn Transport>,
    /// How the mail is meant to leave.
    pub way_out: WayOut,
}

impl Diagnose {
    /// Looks, and logs in at the mail server; sends nothing.
    pub async fn run(&self) -> Result<Vec<Finding>, StoreError> {
        let values = self.parameters.snapshot().await?.values;
        let mut findings = vec![switches(&values)];
        findings.push(self.template(&values).await?);
        findings.push(self.account(&values).await);
        findings.push(self.channel().await?);
        findings.push(self.queue().await?);
        Ok(findings)
    }

    async fn template(&self, values: &Values) -> Result<Finding, StoreError> {
        const SUBJECT: &str = "messaging template";
        let Some(id) = values.template(Parameter::MessagingTemplate) else {
            return Ok(Finding::fault(
                SUBJECT,
                "parameter 417 is not set, so messaging is off",
                "save a template (recado template put) and set 417 to its number (recado parameter set 417 N)",
            ));
        };
        let Some(template) = self.templates.find(id).await? else {
            let remedy = format!(
                "save it (recado template put {id} …) or set 417 to one of those in recado template list"
            );
            return Ok(Finding::fault(
                SUBJECT,
                format!("parameter 417 names template {id}, which does not exist"),
                remedy,
            ));
        };
        if template.situation == Situation::Inactive {
            let remedy = "make it active, or set 417 to an active one";
            return Ok(Finding::fault(
                SUBJECT,
                format!("parameter 417 names template {id}, which is inactive"),
                remedy,
            ));
        }
        let faults = template.source().check();
        Ok(
            match faults.iter().find(|fault| fault.severity == Severity::Error) {
                None => Finding::good(SUBJECT, format!("template {id} ({})", template.name)),
                Some(fault) => Finding::warning(
                    SUBJECT,
                    format!("template {id} has a fault: {fault}"),
                    "correct it and save it again (recado template check FILE tells all faults)",
                ),
            },
        )
    }

    async fn account(&self, values: &Values) -> Finding {
        const SUBJECT: &str = "outgoing account";
        let account = match outgoing::account(values, self.way_out) {
            Ok(account) => account,
            Err(missing) => {
                let remedy = format!("recado parameter set {} VALUE", missing.0.number());
                return Finding::fault(SUBJECT, missing.to_string(), remedy);
            }
        };
        let target = match self.way_out {
            WayOut::Files => "the mail directory".to_owned(),
            WayOut::Smtp => format!("{}:{}", account.outgoing.host, account.outgoing.port),
        };
        match self.transport.connect(&account.outgoing).await {
            Ok(session) => {
                session.quit().await;
                Finding::good(
                    SUBJECT,
                    format!("{target} is ready to take mail from {}", account.sender),
                )
            }
            Err(error) => Finding::fault(
                SUBJECT,
                format!("{target}: {error}"),
                "check parameters 14 (server), 269 (port), 199 (TLS) and 11 to 13 (login) against what the server's operator says",
            ),
        }
    }

    async fn channel(&self) -> Result<Finding, StoreError> {
        const SUBJECT: &str = "channel";
        let channel = self.channels.find(AccountId::DEFAULT).await?;
        Ok(match channel.hold {
            None => Finding::good(SUBJECT, "account 0 is not held"),
            Some(hold) => Finding::fault(
                SUBJECT,
                format!(
                    "account 0 is held ({}) since {}: {}",
                    hold.reason, hold.since, hold.detail
                ),
                if hold.reason.is_probed() {
                    "mend the cause; the daemon tries again every minute, and at once after recado channel release 0"
                } else {
                    "when mail may leave again: recado channel release 0"
                },
            ),
        })
    }

    async fn queue(&self) -> Result<Finding, StoreError> {
        const SUBJECT: &str = "queue";
        let depth = self.outbox.depth().await?;
        let count = |wanted: &dyn Fn(State) -> bool| -> u64 {
            depth
                .iter()
                .filter(|depth| wanted(depth.state))
                .map(|depth| depth.count)
                .sum()
        };
        let waiting = count(&State::is_active);
        let dead = count(&|state| state == State::Dead);
        let message = format!("{waiting} mails on their way, {dead} given up");
        Ok(match dead {
            0 => Finding::good(SUBJECT, message),
            _ => Finding::warning(
                SUBJECT,
                message,
                "recado delivery list --state dead, then requeue or leave them",
            ),
        })
    }
}

/// 297 and 299.
fn switches(values: &Values) -> Finding {
    const SUBJECT: &str = "switches";
    if !values.is_on(Parameter::MessageExchange) {
        return Finding::fault(
            SUBJECT,
            "parameter 299 is N: nobody is told of comments",
            "recado parameter set 299 Y",
        );
    }
    if values.is_on(Parameter::StopOutgoingMail) {
        return Finding::fault(
            SUBJECT,
            "parameter 297 is Y: all mail waits",
            "recado parameter set 297 N",
        );
    }
    Finding::good(SUBJECT, "message exchange is on, outgoing mail is not stopped")
}
