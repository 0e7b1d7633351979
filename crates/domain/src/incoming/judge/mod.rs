//! The judgement: in whose name a mail stands, on which ticket, or why it waits for the desk.
//!
//! | what the mail bears | who sent it | becomes |
//! |---|---|---|
//! | a proven carrier | the person that it was signed for | a comment of theirs |
//! | | their delegate (`Sender`), an address that the desk accepted, or, authenticated: of their own domain, a member of their group, anybody on the ticket | a comment in the sender's own name, flagged |
//! | | anybody else | quarantined |
//! | a ticket's tag, or a carrier that has aged | authenticated, and on that ticket | a comment of theirs |
//! | | anybody else | quarantined |
//! | neither | whoever [`OpenTickets`] admits | a new ticket |
//!
//! A carrier is a capability: whoever holds it has read a mail of ours. It never makes its holder another person.

use std::time::Duration;

use super::{
    Authentication, Circumstances, Flag, From, IncomingMail, Judgement, OpenTickets, Policy, Proof,
    ProofPlace, QuarantineReason, Reopening, bare_subject, is_answer, shared_domains, ticket_tags,
};
use crate::audience::Viewer;
use crate::comment::Visibility;
use crate::outbox::DeliveryId;
use crate::person::{EmailAddress, Party, Role, Standing, User};
use crate::ticket::{Ticket, TicketStatus};

/// Judges a mail that is no delivery report. Pure: the same mail and circumstances give the same judgement.
pub fn judge(mail: &IncomingMail, circumstances: &Circumstances, policy: &Policy) -> Judgement {
    let case = Case {
        mail,
        circumstances,
        policy,
    };
    if let Some(judgement) = case.as_a_programs() {
        return judgement;
    }
    let proof = case.best_proof();
    let hinted = case.hinted();
    let ticket = proof.map_or_else(
        || hinted.as_ref().map(|hint| hint.ticket),
        |proof| Some(&proof.ticket),
    );
    let hinted_visibility = hinted.as_ref().map_or(Visibility::Public, |hint| hint.visibility);
    let doubt = |reason| Judgement::Quarantine {
        ticket: ticket.map(|ticket| ticket.id),
        person: proof.map(|proof| proof.person.clone()),
        visibility: proof.map_or(hinted_visibility, |proof| proof.visibility),
        reason,
    };
    let from = match &mail.from {
        From::One(party) => party,
        From::Missing => return doubt(QuarantineReason::NoAuthor),
        From::Several => return doubt(QuarantineReason::SeveralAuthors),
    };
    let disabled = |user: &User| user.standing == Standing::Disabled;
    if circumstances.sender.account.as_ref().is_some_and(disabled) {
        return doubt(QuarantineReason::Disabled);
    }
    let judged = match (proof, hinted) {
        (Some(proof), _) => case.with_proof(from, proof),
        (None, Some(hint)) => case.with_hint(from, hint),
        (None, None) => case.without_ticket(from),
    };
    judged.unwrap_or_else(doubt)
}

struct Case<'a> {
    mail: &'a IncomingMail,
    circumstances: &'a Circumstances,
    policy: &'a Policy,
}

/// A ticket that a mail names without proving it.
struct Hint<'a> {
    ticket: &'a Ticket,
    /// An aged carrier proves nothing, but an answer to what was internal stays that.
    visibility: Visibility,
    /// Why the hint does not suffice, where it does not.
    doubt: QuarantineReason,
}

impl<'a> Case<'a> {
    fn as_a_programs(&self) -> Option<Judgement> {
        let ticket = self.best_proof().map(|proof| proof.ticket.id);
        let automatic = |reason: String| Some(Judgement::Automatic { ticket, reason });
        if self.circumstances.is_ours {
            return automatic("it is a mail of ours that came back".to_owned());
        }
        let from = self.mail.from.party();
        if from.is_some_and(|from| Some(&from.email) == self.circumstances.own_address.as_ref()) {
            return automatic("it comes from our own address".to_owned());
        }
        let sign = self.mail.automatic.as_ref()?;
        if let Some(from) = from
            && ticket.is_none()
            && sign.may_open_tickets()
            && self.policy.monitoring.contains(&from.email)
            && self.authentication(&from.email) != Authentication::Fail
        {
            return Some(Judgement::Open {
                requester: from.clone(),
                follows: None,
                answers: None,
                flag: self.doubt_about(&from.email),
            });
        }
        automatic(sign.describe())
    }

    fn with_proof(&self, from: &Party, proof: &Proof) -> Result<Judgement, QuarantineReason> {
        let (author, flag) = self.author(from, proof)?;
        if !self.person_is_on(proof) {
            return Err(QuarantineReason::LostAccess(proof.person.clone()));
        }
        if self.is_from_a_saved_contact(proof) {
            return if self.policy.open_tickets == OpenTickets::Nobody {
                Err(QuarantineReason::OpensNothing)
            } else {
                Ok(Judgement::Open {
                    requester: author,
                    follows: None,
                    answers: None,
                    flag,
                })
            };
        }
        if proof.visibility == Visibility::Internal && !self.viewer(&author).sees_internal(&proof.ticket) {
            return Err(QuarantineReason::Internal);
        }
        Ok(self.on_ticket(
            &proof.ticket,
            author,
            flag,
            proof.visibility,
            Some(proof.delivery),
        ))
    }

    fn with_hint(&self, from: &Party, hint: Hint<'_>) -> Result<Judgement, QuarantineReason> {
        let viewer = self.viewer(from);
        match self.authentication(&from.email) {
            Authentication::Fail => Err(QuarantineReason::NotTheDomains),
            Authentication::Pass if viewer.sees(hint.ticket) => {
                if hint.visibility == Visibility::Internal && !viewer.sees_internal(hint.ticket) {
                    return Err(QuarantineReason::Internal);
                }
                Ok(self.on_ticket(hint.ticket, from.clone(), None, hint.visibility, None))
            }
            Authentication::Pass | Authentication::Unknown => Err(hint.doubt),
        }
    }

    fn without_ticket(&self, from: &Party) -> Result<Judgement, QuarantineReason> {
        if self.circumstances.has_unproven_token {
            return Err(QuarantineReason::UnprovenToken);
        }
        if self.authentication(&from.email) == Authentication::Fail {
            return Err(QuarantineReason::NotTheDomains);
        }
        match self.policy.open_tickets {
            OpenTickets::Nobody => Err(QuarantineReason::OpensNothing),
            OpenTickets::Known if !self.circumstances.sender.is_known => Err(QuarantineReason::UnknownSender),
            OpenTickets::Known | OpenTickets::Anyone => Ok(Judgement::Open {
                requester: from.clone(),
                follows: None,
                answers: None,
                flag: self.doubt_about(&from.email),
            }),
        }
    }

    /// The carrier that counts: one that was signed for the sender before others, then by place.
    fn best_proof(&self) -> Option<&'a Proof> {
        let from = self.mail.from.party().map(|party| &party.email);
        let fresh = self
            .circumstances
            .proofs
            .iter()
            .filter(|proof| self.is_fresh(proof));
        fresh.min_by_key(|proof| (Some(&proof.person) != from, proof.place))
    }

    fn is_fresh(&self, proof: &Proof) -> bool {
        let age = self.circumstances.now.duration_since(proof.written_at);
        Duration::try_from(age).unwrap_or_default() <= self.policy.token_age
    }

    /// A ticket that the mail names without proving it.
    fn hinted(&self) -> Option<Hint<'a>> {
        let aged = self
            .circumstances
            .proofs
            .iter()
            .find(|proof| !self.is_fresh(proof));
        let aged = aged.map(|proof| Hint {
            ticket: &proof.ticket,
            visibility: proof.visibility,
            doubt: QuarantineReason::AgedToken,
        });
        let tagged = self.circumstances.tagged.as_ref().map(|ticket| Hint {
            ticket,
            visibility: Visibility::Public,
            doubt: QuarantineReason::TagAlone,
        });
        aged.or(tagged)
    }

    /// In whose name an answer with a proven carrier stands.
    fn author(&self, from: &Party, proof: &Proof) -> Result<(Party, Option<Flag>), QuarantineReason> {
        let person = &proof.person;
        let authentication = self.authentication(&from.email);
        if authentication == Authentication::Fail {
            return Err(QuarantineReason::NotTheDomains);
        }
        let delegate = self
            .mail
            .sender
            .as_ref()
            .filter(|sender| sender.email != from.email);
        // Whoever holds the token could write any name into `Sender`: one that means something on the ticket needs
        // somebody who vouches for it.
        let may_be = |delegate: &EmailAddress| {
            delegate == person
                || (from.email == *person
                    && (authentication == Authentication::Pass || !proof.ticket.names(delegate)))
        };
        if let Some(delegate) = delegate
            && may_be(&delegate.email)
            && share_a_domain(&delegate.email, &from.email)
        {
            return Ok((delegate.clone(), Some(Flag::Delegate(from.email.clone()))));
        }
        if from.email == *person {
            return Ok((from.clone(), None));
        }
        let facts = &self.circumstances.sender;
        if facts.answers_for.contains(person) {
            return Ok((from.clone(), Some(Flag::Accepted(person.clone()))));
        }
        if authentication != Authentication::Pass {
            return Err(QuarantineReason::UnverifiedStranger(person.clone()));
        }
        let flag = if facts.groups.contains(person) {
            Flag::Member(person.clone())
        } else if share_a_domain(&from.email, person) {
            Flag::SameDomain(person.clone())
        } else if self.viewer(from).sees(&proof.ticket) {
            Flag::OtherParty(person.clone())
        } else {
            return Err(QuarantineReason::Stranger(person.clone()));
        };
        Ok((from.clone(), Some(flag)))
    }

    /// Whether the person who was written to may still answer.
    fn person_is_on(&self, proof: &Proof) -> bool {
        let group = proof.ticket.group.as_ref();
        proof.ticket.names(&proof.person)
            || group.is_some_and(|group| group.email == proof.person)
            || self.policy.desk.as_ref() == Some(&proof.person)
            || proof.person_role.is_some_and(|role| role >= Role::Technician)
    }

    /// Whether somebody wrote to an address that they saved, about something else: the token in the address is all
    /// that is left of the mail that it came with, and the subject is another.
    fn is_from_a_saved_contact(&self, proof: &Proof) -> bool {
        let subject = &self.mail.shown.subject;
        let others = |other: &Proof| other.place != ProofPlace::Address;
        let bare = bare_subject(subject);
        !self.circumstances.proofs.iter().any(others)
            && self.mail.in_reply_to.is_empty()
            && self.mail.references.is_empty()
            && ticket_tags(subject).next().is_none()
            && !is_answer(subject)
            && !bare.is_empty()
            && bare != bare_subject(&proof.ticket.title)
    }

    /// A comment on a ticket; after a while, on one that follows it.
    fn on_ticket(
        &self,
        ticket: &Ticket,
        author: Party,
        flag: Option<Flag>,
        visibility: Visibility,
        answers: Option<DeliveryId>,
    ) -> Judgement {
        let of_the_desk = self.viewer(&author).sees_internal(ticket);
        let reopening = if ticket.status == TicketStatus::Open || of_the_desk {
            // The desk closes and opens tickets where they are kept; what it writes changes no status.
            Reopening::No
        } else if self.policy.reopens(ticket, self.circumstances.now) {
            Reopening::Yes
        } else {
            return Judgement::Open {
                requester: author,
                follows: Some(ticket.id),
                answers,
                flag,
            };
        };
        Judgement::Attach {
            ticket: ticket.id,
            author,
            visibility,
            reopening,
            answers,
            flag,
        }
    }

    fn authentication(&self, address: &EmailAddress) -> Authentication {
        self.policy
            .trust
            .authentication(self.mail, address, self.circumstances.via)
    }

    /// The doubt about a new ticket's requester.
    fn doubt_about(&self, address: &EmailAddress) -> Option<Flag> {
        (self.authentication(address) != Authentication::Pass).then_some(Flag::Unverified)
    }

    /// What an author may see. The facts are those of the address in `From`; a delegate has none.
    fn viewer(&self, author: &Party) -> Viewer {
        let facts = &self.circumstances.sender;
        let is_sender = self
            .mail
            .from
            .party()
            .is_some_and(|from| from.email == author.email);
        let role = facts.account.as_ref().filter(|_| is_sender).map(|user| user.role);
        Viewer {
            email: author.email.clone(),
            role: role.unwrap_or(Role::Requester),
            groups: if is_sender {
                facts.groups.clone()
            } else {
                Vec::new()
            },
        }
    }
}

/// Whether two addresses are of one house: of the same domain, and not one where anybody can have an address.
fn share_a_domain(one: &EmailAddress, other: &EmailAddress) -> bool {
    one.domain() == other.domain() && !shared_domains::is_shared(one.domain())
}

#[cfg(test)]
mod tests;
