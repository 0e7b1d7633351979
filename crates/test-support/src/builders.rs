//! Tickets, comments, mails and people for tests: a sound default, and one word for each thing that a test changes.
//!
//! ```
//! use recado_test_support::builders::{ana, comment, delivery, ticket};
//!
//! let ticket = ticket("4711").watched_by("eva@example.com").build();
//! let comment = comment(&ticket).by(ana()).text("¿Hay novedades?").build();
//! let mail = delivery(&comment).to("tomas@example.com").build();
//! assert_eq!(mail.ticket, Some(ticket.id));
//! ```
//! Every object gets an id of its own, later than those made before it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use recado_domain::channel::AccountId;
use recado_domain::comment::{
    Attachment, AttachmentId, AttachmentName, Comment, CommentId, CommentText, Kind, MediaType, Origin,
    Visibility,
};
use recado_domain::outbox::{Cause, DeliveryId, LeaseToken};
use recado_domain::person::{EmailAddress, Group, Party, Role, Standing, User, UserId};
use recado_domain::template::{Situation, StoredTemplate, TemplateId, TemplateVersion};
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, TicketStatus, Version};
use recado_domain::token::MessageId;
use recado_ports::comments::{AcceptComment, IdempotencyKey, IdempotencyRecord};
use recado_ports::outbox::NewDelivery;
use recado_ports::tickets::TicketWrite;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::START;
use crate::ids::version_7;

/// An id later than every one before it from here, in the whole process.
pub fn id() -> Uuid {
    version_7(0, count())
}

/// A lease token that nobody else has.
pub fn lease() -> LeaseToken {
    LeaseToken(Uuid::from_u64_pair(0x4001, 0x8000_0000_0000_0000 | count()))
}

fn count() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// The requester of every built ticket: Ana Peña, ana@example.com.
pub fn ana() -> Party {
    party("Ana Peña", "ana@example.com")
}

/// The technician responsible for every built ticket: Tomás Técnico, tomas@example.com.
pub fn tomas() -> Party {
    party("Tomás Técnico", "tomas@example.com")
}

/// Anybody else.
pub fn party(name: &str, email: &str) -> Party {
    Party::parse(name, email).expect("the test's name and address are sound")
}

/// An address.
pub fn address(email: &str) -> EmailAddress {
    EmailAddress::parse(email).expect("the test's address is sound")
}

/// An active account with this address.
pub fn user(email: &str, role: Role) -> User {
    let party = Party {
        email: address(email),
        ..party(email, email)
    };
    User {
        id: UserId(id()),
        party,
        role,
        standing: Standing::Active,
    }
}

/// A group with these members.
pub fn group(email: &str, members: &[&str]) -> Group {
    Group {
        party: party("Mesa de ayuda", email),
        members: members.iter().map(|member| address(member)).collect(),
    }
}

/// An active template, all six keys in it.
pub fn template(number: i64) -> StoredTemplate {
    StoredTemplate {
        id: TemplateId::new(number).expect("the test's template number is sound"),
        version: TemplateVersion(0),
        name: "Mensajería".to_owned(),
        subject: "Solicitud ${IDSOLICITUDSERVICIO}: ${USERNAME}".to_owned(),
        html:
            "<p>${REQUESTERNAME}, ${REQUESTRESPONSIBLENAME}</p><p>${COMMENTTEXT}</p><p>${DATETIMECREATED}</p>"
                .to_owned(),
        text: None,
        situation: Situation::Active,
        locale: None,
        updated_at: START,
    }
}

/// An open ticket of Ana's, for which Tomás is responsible.
pub fn ticket(number: &str) -> TicketBuilder {
    TicketBuilder(Ticket {
        id: TicketId(id()),
        number: TicketNumber::parse(number).expect("the test's ticket number is sound"),
        title: format!("Solicitud {number}"),
        requester: ana(),
        responsible: Some(tomas()),
        group: None,
        status: TicketStatus::Open,
        contract: None,
        locale: None,
        watchers: Vec::new(),
        attributes: BTreeMap::new(),
        version: Version(0),
        created_at: START,
        updated_at: START,
    })
}

/// Builds a [`Ticket`].
#[derive(Debug, Clone)]
pub struct TicketBuilder(Ticket);

impl TicketBuilder {
    /// Its title.
    #[must_use]
    pub fn title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.0.title);
        self
    }

    /// Who asked.
    #[must_use]
    pub fn requested_by(mut self, email: &str) -> Self {
        self.0.requester = party(email, email);
        self
    }

    /// Who answers for it.
    #[must_use]
    pub fn responsible(mut self, responsible: impl Into<Option<Party>>) -> Self {
        self.0.responsible = responsible.into();
        self
    }

    /// The group that answers for it.
    #[must_use]
    pub fn group(mut self, email: &str) -> Self {
        self.0.group = Some(party("Mesa de ayuda", email));
        self
    }

    /// One watcher more.
    #[must_use]
    pub fn watched_by(mut self, email: &str) -> Self {
        self.0.watchers.push(party(email, email));
        self
    }

    /// Closes it.
    #[must_use]
    pub fn closed(mut self) -> Self {
        self.0.status = TicketStatus::Closed;
        self
    }

    /// One attribute more.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.0.attributes.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The ticket.
    pub fn build(self) -> Ticket {
        self.0
    }

    /// The ticket as a write of a new one.
    pub fn write(self) -> TicketWrite {
        TicketWrite {
            ticket: self.0,
            expected: None,
        }
    }
}

/// A public message of Tomás's on a ticket.
pub fn comment(ticket: &Ticket) -> CommentBuilder {
    let comment = Comment {
        id: CommentId(id()),
        ticket: ticket.id,
        author: tomas(),
        text: CommentText::parse("Estamos en ello.", 0).expect("the text is sound"),
        visibility: Visibility::Public,
        kind: Kind::Message,
        origin: Origin::Api,
        quoted: None,
        attachments: Vec::new(),
        created_at: START,
    };
    CommentBuilder {
        comment,
        contents: Vec::new(),
    }
}

/// Builds a [`Comment`], or the [`AcceptComment`] that takes it in.
#[derive(Debug, Clone)]
pub struct CommentBuilder {
    comment: Comment,
    contents: Vec<Vec<u8>>,
}

impl CommentBuilder {
    /// Who wrote it.
    #[must_use]
    pub fn by(mut self, author: Party) -> Self {
        self.comment.author = author;
        self
    }

    /// What they wrote.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.comment.text = CommentText::parse(text, 1).expect("the test's text is sound");
        self
    }

    /// For the desk alone.
    #[must_use]
    pub fn internal(mut self) -> Self {
        self.comment.visibility = Visibility::Internal;
        self
    }

    /// A text file more.
    #[must_use]
    pub fn attachment(mut self, name: &str, content: &[u8]) -> Self {
        self.comment.attachments.push(Attachment {
            id: AttachmentId(id()),
            name: AttachmentName::clean(name),
            content_type: MediaType::parse_or_octets("text/plain"),
            size: content.len() as u64,
            sha256: HEXLOWER.encode(&Sha256::digest(content)),
        });
        self.contents.push(content.to_vec());
        self
    }

    /// The comment.
    pub fn build(self) -> Comment {
        self.comment
    }

    /// The call that takes it in, owing one mail to each of these.
    pub fn owing(self, recipients: &[&str]) -> AcceptComment {
        let deliveries = recipients
            .iter()
            .map(|email| delivery(&self.comment).to(email).build())
            .collect();
        AcceptComment {
            comment: self.comment,
            contents: self.contents,
            deliveries,
            idempotency: None,
        }
    }
}

/// A mail about a comment, to Ana.
pub fn delivery(comment: &Comment) -> DeliveryBuilder {
    new_delivery(Cause::Comment(comment.id), Some(comment.ticket))
}

/// A mail that no comment causes, to Ana.
pub fn test_delivery() -> DeliveryBuilder {
    new_delivery(Cause::Test(id()), None)
}

fn new_delivery(cause: Cause, ticket: Option<TicketId>) -> DeliveryBuilder {
    let id = id();
    DeliveryBuilder(NewDelivery {
        id: DeliveryId(id),
        cause,
        ticket,
        account: AccountId::DEFAULT,
        sender: address("desk@example.org"),
        recipient: ana().email,
        message_id: MessageId::parse(&format!("{}@example.org", id.simple()))
            .expect("a UUID makes a Message-ID"),
        message: format!("Subject: {id}\r\n\r\nEstamos en ello.\r\n").into_bytes(),
        due_at: START,
        created_at: START,
    })
}

/// Builds a [`NewDelivery`].
#[derive(Debug, Clone)]
pub struct DeliveryBuilder(NewDelivery);

impl DeliveryBuilder {
    /// Whom it goes to.
    #[must_use]
    pub fn to(mut self, email: &str) -> Self {
        self.0.recipient = address(email);
        self
    }

    /// The account that it leaves from.
    #[must_use]
    pub fn from_account(mut self, account: u32) -> Self {
        self.0.account = AccountId(account);
        self
    }

    /// Not before this.
    #[must_use]
    pub fn due_at(mut self, due_at: Timestamp) -> Self {
        self.0.due_at = due_at;
        self
    }

    /// Its octets.
    #[must_use]
    pub fn message(mut self, message: &[u8]) -> Self {
        self.0.message = message.to_vec();
        self
    }

    /// The mail.
    pub fn build(self) -> NewDelivery {
        self.0
    }
}

/// What an idempotency key holds after a call.
pub fn idempotency(key: &str, digest: &str, expires_at: Timestamp) -> IdempotencyRecord {
    IdempotencyRecord {
        key: IdempotencyKey {
            scope: "token-1".to_owned(),
            key: key.to_owned(),
        },
        digest: digest.to_owned(),
        answer: r#"{"id":"first"}"#.to_owned(),
        expires_at,
    }
}
