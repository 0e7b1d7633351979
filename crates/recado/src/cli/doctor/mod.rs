//! `recado doctor`: looks at everything between a comment and its mail, and between an answer and its comment, and says
//! what to do.

mod incoming;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use recado_app::diagnose::{Finding, Verdict};
use recado_ports::ledger::Ledger;
use recado_ports::parameters::Parameters as _;
use serde_json::json;

use super::output::{Answer, Colours};
use crate::config::{Configuration, MissingSecret, keyring};
use crate::ids::SystemIds;
use crate::wiring::House;

/// Looks at configuration, secret and database, then at what the use case looks at; sends nothing.
pub(super) async fn run(configuration: Arc<Configuration>) -> anyhow::Result<Answer> {
    // It was read, or this would not run.
    let mut findings = vec![
        Finding::good(
            "configuration-good",
            "configuration",
            "it is complete and has no unknown key",
        ),
        secret(&configuration),
    ];
    match House::open(configuration).await {
        Err(error) => findings.push(Finding::fault(
            "database-fault",
            "database",
            format!("{error:#}"),
            "mend database.url, or start the server",
        )),
        Ok(house) => {
            findings.push(Finding::good(
                "database-good",
                "database",
                "it answers and is migrated",
            ));
            match look(&house).await {
                Ok(found) => findings.extend(found),
                Err(error) => findings.push(Finding::fault(
                    "database-fault",
                    "database",
                    format!("{error:#}"),
                    "try again when it answers",
                )),
            }
        }
    }
    Ok(answer(&findings))
}

async fn look(house: &House) -> anyhow::Result<Vec<Finding>> {
    let mut findings = house.diagnose(house.transport()?).run().await?;
    let values = house.database.snapshot().await?.values;
    let ledger = Ledger::depth(&*house.database).await?;
    findings.extend(incoming::findings(&house.configuration, &values, &ledger));
    findings.extend(incoming::mailbox(house, &values).await?);
    Ok(findings)
}

fn secret(configuration: &Configuration) -> Finding {
    const SUBJECT: &str = "signing secret";
    let path = &configuration.secret_file;
    if !path.exists() && !configuration.database.is_shared() {
        return Finding::good(
            "secret-unmade",
            SUBJECT,
            format!("{} is made at the first start", path.display()),
        );
    }
    if let Err(fault) = keyring(path, MissingSecret::Refuse, &SystemIds::default()) {
        let message = format!("{:#}", anyhow::Error::from(fault));
        return Finding::fault(
            "secret-unusable",
            SUBJECT,
            message,
            "give the file that the daemons were started with",
        );
    }
    if is_open_to_others(path) {
        let remedy = format!("chmod 600 {}", path.display());
        return Finding::warning(
            "secret-exposed",
            SUBJECT,
            "others on this machine can read it",
            remedy,
        );
    }
    Finding::good(
        "secret-good",
        SUBJECT,
        "it is there, long enough, and its owner's alone",
    )
}

fn is_open_to_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

fn answer(findings: &[Finding]) -> Answer {
    let text = findings
        .iter()
        .map(|finding| line(finding, Colours::of_standard_output()))
        .collect();
    let items: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "code": finding.code,
                "subject": finding.subject,
                "verdict": word(finding.verdict),
                "message": finding.message,
                "remedy": finding.remedy,
            })
        })
        .collect();
    let answer = Answer::new(text, json!({ "findings": items }));
    if findings.iter().any(|finding| finding.verdict == Verdict::Fault) {
        answer.failed()
    } else {
        answer
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Warning => "warning",
        Verdict::Fault => "fault",
    }
}

fn line(finding: &Finding, colours: Colours) -> String {
    let (start, end) = match (colours, finding.verdict) {
        (Colours::Off, _) => ("", ""),
        (Colours::On, Verdict::Good) => ("\u{1b}[32m", "\u{1b}[0m"),
        (Colours::On, Verdict::Warning) => ("\u{1b}[33m", "\u{1b}[0m"),
        (Colours::On, Verdict::Fault) => ("\u{1b}[31m", "\u{1b}[0m"),
    };
    let remedy = finding
        .remedy
        .as_ref()
        .map(|remedy| format!("\n         what to do: {remedy}"))
        .unwrap_or_default();
    let message = finding.message.replace(char::is_control, " ");
    format!(
        "{start}{:7}{end}  {}: {message}{remedy}\n",
        word(finding.verdict),
        finding.subject
    )
}
