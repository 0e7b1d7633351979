//! The signed carriers in a mail: where they may stand, and which of them prove something.

use std::collections::{BTreeMap, HashMap};

use recado_domain::incoming::{IncomingMail, Proof, ProofPlace};
use recado_domain::outbox::DeliveryId;
use recado_domain::parameter::{Parameter, Parameters};
use recado_domain::person::{EmailAddress, Role, Standing};
use recado_domain::ticket::{Ticket, TicketId};
use recado_domain::token::{Carrier, MessageId, ReplyToken, ReturnToken, Subject};
use recado_ports::ledger::Provenance;
use recado_ports::store::StoreError;

use super::ReceiveMail;

/// Most carriers that are looked up from one place: a bound on what a hostile mail can ask of the store.
const CARRIERS_READ: usize = 50;

/// What the carriers in a mail come to.
#[derive(Debug, Default)]
pub(super) struct Carriers {
    /// Those that prove something, in the order of their places.
    pub(super) proofs: Vec<Proof>,
    /// The mail's own Message-ID is one of ours.
    pub(super) is_ours: bool,
    /// A plus-address of ours bears a token that proves nothing.
    pub(super) has_unproven_token: bool,
}

/// The addresses at which mail reaches us.
#[derive(Debug, Default)]
pub(super) struct OwnAddresses {
    addresses: Vec<EmailAddress>,
    /// An inbox user that is a name and no address: that name at any domain, for the server does not tell which.
    user: Option<String>,
}

impl OwnAddresses {
    /// Parameters 10 and 24.
    pub(super) fn of(parameters: &Parameters) -> Self {
        let user = parameters.text(Parameter::InboxUser).map(str::to_lowercase);
        let as_address = user.as_deref().and_then(|user| EmailAddress::parse(user).ok());
        Self {
            user: user.filter(|_| as_address.is_none()),
            addresses: parameters
                .address(Parameter::FromAddress)
                .into_iter()
                .chain(as_address)
                .collect(),
        }
    }

    /// Whether an address is one of ours with something after its last `+`.
    fn covers(&self, address: &EmailAddress) -> bool {
        let Some((base, _)) = address.local_part().rsplit_once('+') else {
            return false;
        };
        let is_base = |own: &EmailAddress| own.local_part() == base && own.domain() == address.domain();
        self.addresses.iter().any(is_base) || self.user.as_deref() == Some(base)
    }
}

/// The addresses that a mail was sent to and what stands after the last `+` in each. A token speaks for itself, at
/// whatever address: parameter 10 changes, and servers rewrite aliases.
fn tags(mail: &IncomingMail) -> impl Iterator<Item = (&EmailAddress, &str)> {
    mail.recipients
        .iter()
        .filter_map(|address| Some((address, address.local_part().rsplit_once('+')?.1)))
        .take(CARRIERS_READ)
}

/// The tokens of return paths that a mail came to: a report did, then.
pub(super) fn return_tokens(mail: &IncomingMail) -> impl Iterator<Item = ReturnToken> {
    tags(mail).filter_map(|(_, tag)| ReturnToken::parse(tag))
}

/// The mails of ours that carriers name, as far as they are stored.
pub(super) struct Provenances(HashMap<DeliveryId, Provenance>);

impl Provenances {
    /// The mail that a carrier proves.
    pub(super) fn proven(&self, receive: &ReceiveMail, carrier: &Carrier) -> Option<&Provenance> {
        let found = self.0.get(&carrier.delivery())?;
        let subject = Subject {
            ticket: found.ticket,
            recipient: &found.recipient,
            delivery: found.delivery,
        };
        receive.keyring.proves(carrier, &subject).then_some(found)
    }
}

impl ReceiveMail {
    /// Looks for carriers in a mail, and verifies them.
    pub(super) async fn carriers(
        &self,
        mail: &IncomingMail,
        own: &OwnAddresses,
    ) -> Result<Carriers, StoreError> {
        let in_addresses = tags(mail)
            .filter_map(|(address, tag)| Some((address, ReplyToken::parse(tag)?.carrier()?)))
            .collect::<Vec<_>>();
        let in_body = mail
            .reference_tokens
            .iter()
            .take(CARRIERS_READ)
            .filter_map(ReplyToken::carrier);
        let places: Vec<(ProofPlace, Carrier)> = in_addresses
            .iter()
            .map(|(_, carrier)| (ProofPlace::Address, carrier.clone()))
            .chain(threads(mail).map(|carrier| (ProofPlace::Thread, carrier)))
            .chain(in_body.map(|carrier| (ProofPlace::Body, carrier)))
            .collect();
        let own_id = mail.message_id.as_ref().and_then(MessageId::carrier);
        let all = places.iter().map(|(_, carrier)| carrier).chain(&own_id);
        let provenances = self.provenances(all).await?;
        let proves_nothing = |(address, carrier): &(&EmailAddress, Carrier)| {
            own.covers(address) && provenances.proven(self, carrier).is_none()
        };
        let mut carriers = Carriers {
            has_unproven_token: in_addresses.iter().any(proves_nothing),
            is_ours: own_id.is_some_and(|carrier| provenances.proven(self, &carrier).is_some()),
            ..Carriers::default()
        };
        let mut known = Known::default();
        for (place, carrier) in &places {
            let Some(provenance) = provenances.proven(self, carrier) else {
                continue;
            };
            let is_repeated = |proof: &Proof| proof.place == *place && proof.delivery == provenance.delivery;
            if carriers.proofs.iter().any(is_repeated) {
                continue;
            }
            if let Some(proof) = self.proof(*place, provenance, &mut known).await? {
                carriers.proofs.push(proof);
            }
        }
        Ok(carriers)
    }

    /// Looks up the mails that carriers name.
    pub(super) async fn provenances<'a>(
        &self,
        carriers: impl Iterator<Item = &'a Carrier>,
    ) -> Result<Provenances, StoreError> {
        let mut ids: Vec<_> = carriers.map(Carrier::delivery).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = if ids.is_empty() {
            Vec::new()
        } else {
            self.ledger.provenance(&ids).await?
        };
        Ok(Provenances(
            found.into_iter().map(|found| (found.delivery, found)).collect(),
        ))
    }

    /// A proof, unless the mail of ours was about no ticket, as a test is.
    async fn proof(
        &self,
        place: ProofPlace,
        provenance: &Provenance,
        known: &mut Known,
    ) -> Result<Option<Proof>, StoreError> {
        let Some(ticket) = provenance.ticket else {
            return Ok(None);
        };
        let Some(ticket) = self.known_ticket(ticket, known).await? else {
            return Ok(None);
        };
        Ok(Some(Proof {
            place,
            delivery: provenance.delivery,
            ticket,
            person: provenance.recipient.clone(),
            person_role: self.known_role(&provenance.recipient, known).await?,
            written_at: provenance.written_at,
            visibility: provenance.visibility,
        }))
    }

    async fn known_ticket(&self, id: TicketId, known: &mut Known) -> Result<Option<Ticket>, StoreError> {
        if let Some(ticket) = known.tickets.get(&id) {
            return Ok(ticket.clone());
        }
        let ticket = self.tickets.find_by_id(id).await?;
        known.tickets.insert(id, ticket.clone());
        Ok(ticket)
    }

    /// The role that an account gives; a disabled one gives none.
    async fn known_role(&self, email: &EmailAddress, known: &mut Known) -> Result<Option<Role>, StoreError> {
        if let Some(role) = known.roles.get(email) {
            return Ok(*role);
        }
        let user = self.people.find_user(email).await?;
        let role = user
            .filter(|user| user.standing == Standing::Active)
            .map(|user| user.role);
        known.roles.insert(email.clone(), role);
        Ok(role)
    }
}

/// Tickets and people that were looked up already: the mails of a thread are about one ticket, to one person.
#[derive(Default)]
struct Known {
    tickets: BTreeMap<TicketId, Option<Ticket>>,
    roles: BTreeMap<EmailAddress, Option<Role>>,
}

/// The carriers in `In-Reply-To` and `References`, the newest of the latter first.
fn threads(mail: &IncomingMail) -> impl Iterator<Item = Carrier> {
    mail.in_reply_to
        .iter()
        .chain(mail.references.iter().rev())
        .filter_map(MessageId::carrier)
        .take(CARRIERS_READ)
}
