//! Delivery reports: which mail of ours one provably is about, and what follows from it. A forged one changes nothing.

use jiff::Timestamp;
use recado_domain::bounce::{Action, DeliveryReport, RecipientReport};
use recado_domain::incoming::IncomingMail;
use recado_domain::ledger::{BounceNote, Outcome};
use recado_domain::outbox::Outcome as DeliveryOutcome;
use recado_domain::person::EmailAddress;
use recado_domain::token::{Carrier, MessageId, ReturnToken};
use recado_ports::ledger::{Provenance, SettleMail};
use recado_ports::store::StoreError;

use super::ReceiveMail;
use super::carriers::return_tokens;
use super::judging::PendingMail;
use super::settlement::blank;

/// Message-IDs in a report that are looked up: a mail of ours names about ten.
const IDS_READ: usize = 50;

impl ReceiveMail {
    /// What becomes of a report.
    pub(super) async fn reported(
        &self,
        pending: &PendingMail,
        mail: &IncomingMail,
        report: &DeliveryReport,
        now: Timestamp,
    ) -> Result<SettleMail, StoreError> {
        let about = self.reported_mail(mail, report).await?;
        let told = told_of(report, about.as_ref().map(|about| &about.recipient));
        let outcome = match told.action {
            Action::Failed => Outcome::Bounce,
            Action::Delayed | Action::Delivered | Action::Relayed | Action::Expanded => Outcome::Automatic,
        };
        let mut settle = blank(pending, mail, outcome, now);
        settle.reason = Some(match &about {
            Some(about) => format!(
                "it reports that the mail to {} {}",
                about.recipient,
                words(told.action)
            ),
            None => "nothing in it proves which mail it reports on; nothing was changed".to_owned(),
        });
        settle.bounce = (outcome == Outcome::Bounce).then(|| BounceNote {
            recipient: told.recipient.clone(),
            status: told.status.map(|status| status.to_string()),
            diagnostic: told.diagnostic.clone(),
            permanent: told.is_permanent_failure(),
            delivery: about.as_ref().map(|about| about.delivery),
        });
        if let Some(about) = about {
            settle.ticket = about.ticket;
            settle.outcomes = told
                .outcome()
                .map(|outcome| (about.delivery, outcome))
                .into_iter()
                .collect();
            if told.is_hard_bounce() && is_about(told, &about.recipient) {
                self.count_hard_bounce(&about, told, now).await?;
            }
        }
        Ok(settle)
    }

    /// The mail that the report is about: the newest of those that it proves, since a mail of ours names earlier
    /// ones to the same recipient in its `References`.
    async fn reported_mail(
        &self,
        mail: &IncomingMail,
        report: &DeliveryReport,
    ) -> Result<Option<Provenance>, StoreError> {
        let envelope_id = report.envelope_id.as_deref().and_then(MessageId::parse);
        let carriers: Vec<Carrier> = return_tokens(mail)
            .filter_map(|token: ReturnToken| token.carrier())
            .chain(
                envelope_id
                    .iter()
                    .chain(report.about.iter().take(IDS_READ))
                    .filter_map(MessageId::carrier),
            )
            .collect();
        let provenances = self.provenances(carriers.iter()).await?;
        let proven = carriers
            .iter()
            .filter_map(|carrier| provenances.proven(self, carrier));
        Ok(proven
            .max_by_key(|proven| (proven.written_at, proven.delivery))
            .cloned())
    }

    /// Counts towards suppressing the address, once a mail: a second report on the same one says nothing new. Before
    /// the mail is settled, so that a crash in between counts it again, which within a day counts once.
    async fn count_hard_bounce(
        &self,
        about: &Provenance,
        told: &RecipientReport,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let known = self.outbox.find(about.delivery).await?;
        if known.is_none_or(|known| known.delivery.outcome == Some(DeliveryOutcome::Bounced)) {
            return Ok(());
        }
        let status = told.status.map(|status| status.to_string());
        let words = [status.as_deref(), told.diagnostic.as_deref()];
        let reason = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        if self
            .suppressions
            .record_hard_bounce(&about.recipient, &reason, now)
            .await?
        {
            tracing::warn!(
                recipient = about.recipient.masked(),
                "an address is suppressed after its second hard bounce"
            );
        }
        Ok(())
    }
}

/// What the report says of our recipient; else of one that failed, for an address may stand for several.
fn told_of<'a>(report: &'a DeliveryReport, recipient: Option<&EmailAddress>) -> &'a RecipientReport {
    let by_address =
        recipient.and_then(|recipient| report.recipients.iter().find(|told| names(told, recipient)));
    let failed = || {
        report
            .recipients
            .iter()
            .find(|told| told.action == Action::Failed)
    };
    by_address
        .or_else(failed)
        .or(report.recipients.first())
        .expect("a report tells of one recipient at least")
}

/// Whether it tells of our recipient, as far as it says: an address behind an alias may be gone where the alias is not.
fn is_about(told: &RecipientReport, recipient: &EmailAddress) -> bool {
    told.recipient.is_none() || names(told, recipient)
}

fn names(told: &RecipientReport, recipient: &EmailAddress) -> bool {
    let address = told
        .recipient
        .as_deref()
        .and_then(|text| EmailAddress::parse(text.trim().trim_matches(['<', '>'])).ok());
    address.as_ref() == Some(recipient)
}

fn words(action: Action) -> &'static str {
    match action {
        Action::Failed => "was not delivered",
        Action::Delayed => "is late, and still tried",
        Action::Delivered => "was delivered",
        Action::Relayed => "went on to a server that reports no further",
        Action::Expanded => "went on to several addresses",
    }
}
