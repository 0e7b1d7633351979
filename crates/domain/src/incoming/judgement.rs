//! What a mail can become, with the words for the desk.

use crate::comment::Visibility;
use crate::outbox::DeliveryId;
use crate::person::{EmailAddress, Party};
use crate::ticket::TicketId;

/// Why a comment stands in another name than that of the person who was written to, or with a doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flag {
    /// `Sender` names a delegate.
    Delegate(EmailAddress),
    /// Another address of the person's own domain.
    SameDomain(EmailAddress),
    /// The desk accepted this address for the person before.
    Accepted(EmailAddress),
    /// A member of the group that was written to.
    Member(EmailAddress),
    /// Somebody else on the ticket, with a mail that went to this person.
    OtherParty(EmailAddress),
    /// Nobody vouches for the sender's address.
    Unverified,
}

impl Flag {
    /// What it says, for the desk.
    pub fn describe(&self) -> String {
        match self {
            Self::Delegate(person) => format!("written by a delegate of {person}"),
            Self::SameDomain(person) => {
                format!("answers a mail to {person}, from another address of the same domain")
            }
            Self::Accepted(person) => {
                format!("answers a mail to {person}; the desk has accepted this address for them")
            }
            Self::Member(group) => format!("written by a member of {group}"),
            Self::OtherParty(person) => format!("answers a mail to {person}, and is on the ticket too"),
            Self::Unverified => "nobody vouches for the sender's address".to_owned(),
        }
    }
}

/// Why a mail waits for the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuarantineReason {
    /// Several authors.
    SeveralAuthors,
    /// No author.
    NoAuthor,
    /// The account of the sender is disabled.
    Disabled,
    /// The domain in `From` says that this is not its mail.
    NotTheDomains,
    /// The token was signed for this person, and the sender is somebody else.
    Stranger(EmailAddress),
    /// As above, and nobody vouches for the sender's address.
    UnverifiedStranger(EmailAddress),
    /// The person who was written to is no longer on the ticket.
    LostAccess(EmailAddress),
    /// An answer to an internal comment from somebody who may not read such.
    Internal,
    /// Nothing but the subject names the ticket, and the sender is not on it or nobody vouches for them.
    TagAlone,
    /// The token is too old to prove anything, and the sender is not on the ticket or nobody vouches for them.
    AgedToken,
    /// The token in the address was not signed by us.
    UnprovenToken,
    /// Tickets are opened by people whom we know alone.
    UnknownSender,
    /// Nobody opens tickets by mail.
    OpensNothing,
    /// So many mails from this sender on this ticket that a program may be at work.
    TooMany,
}

impl QuarantineReason {
    /// What it says, for the desk.
    pub fn describe(&self) -> String {
        match self {
            Self::SeveralAuthors => "it has more than one author in From".to_owned(),
            Self::NoAuthor => "it has no author in From".to_owned(),
            Self::Disabled => "the sender's account is disabled".to_owned(),
            Self::NotTheDomains => "the domain in From says that this is not its mail (DMARC failed)".to_owned(),
            Self::Stranger(person) => format!("it answers a mail to {person}, and comes from somebody else"),
            Self::UnverifiedStranger(person) => {
                format!("it answers a mail to {person}, comes from another address, and nobody vouches for that address")
            }
            Self::LostAccess(person) => format!("it answers a mail to {person}, who is no longer on the ticket"),
            Self::Internal => "it answers an internal comment, and the sender may not read such".to_owned(),
            Self::TagAlone => {
                "only the subject names the ticket, and the sender is not on it or nobody vouches for the address".to_owned()
            }
            Self::AgedToken => {
                "its token is too old, and the sender is not on the ticket or nobody vouches for the address".to_owned()
            }
            Self::UnprovenToken => "the token in its address is not one of ours".to_owned(),
            Self::UnknownSender => "the sender is not known, and only known people open tickets by mail".to_owned(),
            Self::OpensNothing => "it belongs to no ticket, and nobody opens tickets by mail".to_owned(),
            Self::TooMany => "too many mails from this sender on this ticket in a short time".to_owned(),
        }
    }
}

/// Whether an answer opens its ticket again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reopening {
    /// The ticket's status stays.
    No,
    /// The ticket was closed a short while ago.
    Yes,
}

/// What becomes of a mail that is no delivery report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It is a comment.
    Attach {
        /// On this ticket.
        ticket: TicketId,
        /// In this name.
        author: Party,
        /// As private as what it answers.
        visibility: Visibility,
        /// Whether the ticket opens again.
        reopening: Reopening,
        /// The mail of ours that it answers.
        answers: Option<DeliveryId>,
        /// What the desk should know.
        flag: Option<Flag>,
    },
    /// It opens a ticket.
    Open {
        /// For this person.
        requester: Party,
        /// A ticket that was closed too long ago to be reopened.
        follows: Option<TicketId>,
        /// The mail of ours that it answers.
        answers: Option<DeliveryId>,
        /// What the desk should know.
        flag: Option<Flag>,
    },
    /// A program wrote it.
    Automatic {
        /// The ticket that it belongs to.
        ticket: Option<TicketId>,
        /// How that is known.
        reason: String,
    },
    /// The desk decides.
    Quarantine {
        /// The ticket that it would stand on.
        ticket: Option<TicketId>,
        /// Whose token it bears: accepting it remembers the sender for them.
        person: Option<EmailAddress>,
        /// As private as what it answers, should it be accepted.
        visibility: Visibility,
        /// Why.
        reason: QuarantineReason,
    },
}
