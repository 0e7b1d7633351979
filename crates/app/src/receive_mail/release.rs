//! The desk's word that a quarantined mail stands.

use recado_domain::comment::Visibility;
use recado_domain::incoming::{IncomingMail, Judgement, Reopening, judge};
use recado_domain::person::{EmailAddress, Party};
use recado_domain::ticket::TicketId;
use recado_ports::ledger::SettleMail;

use super::ReceiveMail;
use super::judging::{Obstacle, PendingMail};
use super::settlement::{Attached, Hearing, answered, remarks};
use crate::steer_mail::AsWatcher;

/// The desk's word that a mail stands, with what its entry says of where.
#[derive(Debug)]
pub(crate) struct Release {
    /// The ticket that it would belong to; `None` opens one.
    pub(crate) ticket: Option<TicketId>,
    /// The person whose token it bears.
    pub(crate) person: Option<EmailAddress>,
    /// Who says so.
    pub(crate) by: String,
    /// Why it waited.
    pub(crate) doubt: Option<String>,
    /// Whether the sender follows the ticket from now on.
    pub(crate) as_watcher: AsWatcher,
}

impl Release {
    fn words(&self) -> String {
        match &self.doubt {
            Some(doubt) => format!("accepted by {}, though {doubt}", self.by),
            None => format!("accepted by {}", self.by),
        }
    }
}

impl ReceiveMail {
    /// As the desk says: in the sender's own name, on the ticket that it would belong to.
    pub(super) async fn released(
        &self,
        hearing: &Hearing<'_>,
        release: &Release,
    ) -> Result<SettleMail, Obstacle> {
        let Hearing { mail, now, .. } = *hearing;
        let author = sender(hearing.pending, mail).ok_or_else(|| {
            Obstacle::Lasting("it has no single sender, so that it cannot stand in anybody's name".to_owned())
        })?;
        let ticket = match release.ticket {
            Some(id) => self.tickets.find_by_id(id).await?,
            None => None,
        };
        let mut settle = match &ticket {
            Some(ticket) => {
                let attached = Attached {
                    ticket,
                    author: &author,
                    visibility: self.released_visibility(hearing, ticket.id, release),
                    reopening: if self.settings.policy.reopens(ticket, now) {
                        Reopening::Yes
                    } else {
                        Reopening::No
                    },
                    as_watcher: release.as_watcher,
                };
                self.attached(hearing, &attached).await?
            }
            None => self.opened(hearing, &author, None).await?,
        };
        let from = mail.from.party();
        settle.accepts = release
            .person
            .clone()
            .zip(from.map(|from| from.email.clone()))
            .filter(|(person, address)| person != address);
        let answers = hearing
            .circumstances
            .proofs
            .iter()
            .find(|proof| Some(&proof.person) == release.person.as_ref());
        settle.outcomes = answered(answers.map(|proof| proof.delivery));
        settle.reason = remarks(mail, Some(release.words()));
        Ok(settle)
    }

    /// As private as what the mail answers, and as all that it may answer where that is not clear.
    fn released_visibility(&self, hearing: &Hearing<'_>, ticket: TicketId, release: &Release) -> Visibility {
        let mut proofs = hearing.circumstances.proofs.iter();
        if release.person.is_some() && !proofs.any(|proof| proof.ticket.id == ticket) {
            // What it answered is known no more: the secret that signed the token was given up meanwhile.
            return Visibility::Internal;
        }
        let judgement = judge(hearing.mail, hearing.circumstances, &self.settings.policy);
        match judgement {
            Judgement::Attach {
                ticket: judged,
                visibility,
                ..
            }
            | Judgement::Quarantine {
                ticket: Some(judged),
                visibility,
                ..
            } if judged == ticket => visibility,
            _ => {
                let mut proofs = hearing.circumstances.proofs.iter();
                if proofs.any(|proof| proof.ticket.id == ticket && proof.visibility == Visibility::Internal) {
                    Visibility::Internal
                } else {
                    Visibility::Public
                }
            }
        }
    }
}

/// Whose mail it is when the desk accepts it: of several authors the one who sent it.
fn sender(pending: &PendingMail, mail: &IncomingMail) -> Option<Party> {
    let named = mail.from.party().or(mail.sender.as_ref()).cloned();
    named.or_else(|| {
        let envelope = EmailAddress::parse(pending.envelope.from.as_deref()?).ok()?;
        Party::parse("", envelope.as_str()).ok()
    })
}
