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
    /// What it says, under a name that stays: the pages word it by this, in three languages.
    pub code: &'static str,
    /// The values in the message, by name.
    pub arguments: Vec<(&'static str, String)>,
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
    pub fn good(code: &'static str, subject: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            arguments: Vec::new(),
            subject: subject.to_owned(),
            verdict: Verdict::Good,
            message: message.into(),
            remedy: None,
        }
    }

    /// Something that deserves a look.
    pub fn warning(
        code: &'static str,
        subject: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Warning,
            remedy: Some(remedy.into()),
            ..Self::good(code, subject, message)
        }
    }

    /// Something to mend.
    pub fn fault(
        code: &'static str,
        subject: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Fault,
            ..Self::warning(code, subject, message, remedy)
        }
    }

    /// The same finding with a value that its message holds.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers give numbers and texts, owned or not"
    )]
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.arguments.push((name, value.to_string()));
        self
    }
}

/// The codes of what [`Diagnose`] finds, each with the names of its arguments.
pub const FINDINGS: &[(&str, &[&str])] = &[
    ("exchange-off", &[]),
    ("mail-stopped", &[]),
    ("switches-good", &[]),
    ("template-unset", &[]),
    ("template-missing", &["template"]),
    ("template-inactive", &["template", "name"]),
    ("template-faulty", &["template", "name", "fault"]),
    ("template-good", &["template", "name"]),
    ("account-incomplete", &["parameter"]),
    ("account-fault", &["server", "fault"]),
    ("account-good", &["server", "sender"]),
    ("channel-held", &["account", "reason", "since", "detail"]),
    ("channel-held-probed", &["account", "reason", "since", "detail"]),
    ("channel-open", &["account"]),
    ("queue-dead", &["waiting", "dead"]),
    ("queue-good", &["waiting", "dead"]),
];

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
                "template-unset",
                SUBJECT,
                "parameter 417 is not set, so messaging is off",
                "save a template (recado template put) and set 417 to its number (recado parameter set 417 N)",
            ));
        };
        let Some(template) = self.templates.find(id).await? else {
            let remedy = format!(
                "save it (recado template put {id} …) or set 417 to one of those in recado template list"
            );
            let message = format!("parameter 417 names template {id}, which does not exist");
            return Ok(Finding::fault("template-missing", SUBJECT, message, remedy).with("template", id));
        };
        let faults = template.source().check();
        let fault = faults.iter().find(|fault| fault.severity == Severity::Error);
        let finding = if template.situation == Situation::Inactive {
            let message = format!("parameter 417 names template {id}, which is inactive");
            let remedy = "make it active, or set 417 to an active one";
            Finding::fault("template-inactive", SUBJECT, message, remedy)
        } else if let Some(fault) = fault {
            let message = format!("template {id} has a fault: {fault}");
            let remedy = "correct it and save it again (recado template check FILE tells all faults)";
            Finding::warning("template-faulty", SUBJECT, message, remedy).with("fault", fault)
        } else {
            Finding::good(
                "template-good",
                SUBJECT,
                format!("template {id} ({})", template.name),
            )
        };
        Ok(finding.with("template", id).with("name", &template.name))
    }

    async fn account(&self, values: &Values) -> Finding {
        const SUBJECT: &str = "outgoing account";
        let account = match outgoing::account(values, self.way_out) {
            Ok(account) => account,
            Err(missing) => {
                let number = missing.0.number();
                let remedy = format!("recado parameter set {number} VALUE");
                return Finding::fault("account-incomplete", SUBJECT, missing.to_string(), remedy)
                    .with("parameter", number);
            }
        };
        let server = account.place(self.way_out);
        match self.transport.connect(&account.outgoing).await {
            Ok(session) => {
                session.quit().await;
                let message = format!("{server} is ready to take mail from {}", account.sender);
                Finding::good("account-good", SUBJECT, message)
                    .with("server", server)
                    .with("sender", &account.sender)
            }
            Err(error) => {
                let message = format!("{server}: {error}");
                Finding::fault("account-fault", SUBJECT, message, outgoing::REMEDY)
                    .with("server", server)
                    .with("fault", error)
            }
        }
    }

    async fn channel(&self) -> Result<Finding, StoreError> {
        const SUBJECT: &str = "channel";
        let account = AccountId::DEFAULT;
        let Some(hold) = self.channels.find(account).await?.hold else {
            return Ok(
                Finding::good("channel-open", SUBJECT, "account 0 is not held").with("account", account)
            );
        };
        let message = format!(
            "account 0 is held ({}) since {}: {}",
            hold.reason, hold.since, hold.detail
        );
        let (code, remedy) = if hold.reason.is_probed() {
            let remedy = "mend the cause; the daemon tries again every minute, and at once after recado channel release 0";
            ("channel-held-probed", remedy)
        } else {
            (
                "channel-held",
                "when mail may leave again: recado channel release 0",
            )
        };
        Ok(Finding::fault(code, SUBJECT, message, remedy)
            .with("account", account)
            .with("reason", hold.reason.as_str())
            .with("since", hold.since)
            .with("detail", hold.detail))
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
        let finding = match dead {
            0 => Finding::good("queue-good", SUBJECT, message),
            _ => Finding::warning(
                "queue-dead",
                SUBJECT,
                message,
                "recado delivery list --state dead, then requeue or leave them",
            ),
        };
        Ok(finding.with("waiting", waiting).with("dead", dead))
    }
}

/// 297 and 299.
fn switches(values: &Values) -> Finding {
    const SUBJECT: &str = "switches";
    if !values.is_on(Parameter::MessageExchange) {
        return Finding::fault(
            "exchange-off",
            SUBJECT,
            "parameter 299 is N: nobody is told of comments",
            "recado parameter set 299 Y",
        );
    }
    if values.is_on(Parameter::StopOutgoingMail) {
        return Finding::fault(
            "mail-stopped",
            SUBJECT,
            "parameter 297 is Y: all mail waits",
            "recado parameter set 297 N",
        );
    }
    Finding::good(
        "switches-good",
        SUBJECT,
        "message exchange is on, outgoing mail is not stopped",
    )
}
