//! Gathering what a judgement goes by: the proven carriers, the ticket that the subject names, and who the sender is.

use jiff::{SignedDuration, Timestamp};
use recado_domain::comment::Visibility;
use recado_domain::incoming::{
    Circumstances, IncomingMail, Judgement, QuarantineReason, SenderFacts, judge, ticket_tags,
};
use recado_domain::ledger::Via;
use recado_domain::parameter::{Parameter, Parameters};
use recado_domain::person::EmailAddress;
use recado_domain::ticket::{Ticket, TicketId, TicketNumber};
use recado_ports::store::StoreError;

use super::ReceiveMail;
use super::carriers::OwnAddresses;

/// Mails of one sender on one ticket within [`MAILS_WITHIN`]; more may be a program's.
const MAILS: u64 = 30;
const MAILS_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// Tickets opened by one sender within [`TICKETS_WITHIN`].
const TICKETS: u64 = 30;
const TICKETS_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Tags in a subject that are looked up.
const TAGS_READ: usize = 5;

impl ReceiveMail {
    /// Everything that the judgement of a mail goes by.
    pub(super) async fn circumstances(
        &self,
        mail: &IncomingMail,
        via: Via,
        parameters: &Parameters,
        now: Timestamp,
    ) -> Result<Circumstances, StoreError> {
        let carriers = self.carriers(mail, &OwnAddresses::of(parameters)).await?;
        Ok(Circumstances {
            now,
            via,
            own_address: parameters.address(Parameter::FromAddress),
            is_ours: carriers.is_ours,
            has_unproven_token: carriers.has_unproven_token,
            proofs: carriers.proofs,
            tagged: self.tagged(&mail.shown.subject).await?,
            sender: match mail.from.party() {
                Some(from) => self.sender(&from.email).await?,
                None => SenderFacts::default(),
            },
        })
    }

    /// The judgement, and a halt where a sender writes as fast as a program.
    pub(super) async fn judgement(
        &self,
        mail: &IncomingMail,
        circumstances: &Circumstances,
    ) -> Result<Judgement, StoreError> {
        let judgement = judge(mail, circumstances, &self.settings.policy);
        let Some(sender) = mail.from.party().map(|from| &from.email) else {
            return Ok(judgement);
        };
        let now = circumstances.now;
        let (ticket, since, most) = match &judgement {
            Judgement::Attach { ticket, .. } => (Some(*ticket), now - MAILS_WITHIN, MAILS),
            Judgement::Open { .. } => (None, now - TICKETS_WITHIN, TICKETS),
            Judgement::Automatic { .. } | Judgement::Quarantine { .. } => return Ok(judgement),
        };
        if self.ledger.recent(sender, ticket, since).await? < most {
            return Ok(judgement);
        }
        let visibility = match &judgement {
            Judgement::Attach { visibility, .. } => *visibility,
            _ => Visibility::Public,
        };
        Ok(Judgement::Quarantine {
            ticket,
            person: None,
            visibility,
            reason: QuarantineReason::TooMany,
        })
    }

    /// The first ticket that a tag in the subject names.
    async fn tagged(&self, subject: &str) -> Result<Option<Ticket>, StoreError> {
        for tag in ticket_tags(subject).take(TAGS_READ) {
            let Ok(number) = TicketNumber::parse(tag) else {
                continue;
            };
            if let Some(ticket) = self.tickets.find(&number).await? {
                return Ok(Some(ticket));
            }
        }
        Ok(None)
    }

    async fn sender(&self, email: &EmailAddress) -> Result<SenderFacts, StoreError> {
        Ok(SenderFacts {
            account: self.people.find_user(email).await?,
            groups: self.people.groups_of(email).await?,
            answers_for: self.ledger.answers_for(email).await?,
            is_known: self.people.is_known(email).await?,
        })
    }
}

/// A ticket that the circumstances brought up.
pub(super) fn ticket_of(circumstances: &Circumstances, id: TicketId) -> Option<&Ticket> {
    circumstances
        .proofs
        .iter()
        .map(|proof| &proof.ticket)
        .chain(&circumstances.tagged)
        .find(|ticket| ticket.id == id)
}
