//! Mails as a test writes them, a reader that reads just those, and a house that takes them in.

use std::sync::{Arc, Mutex};

use recado_app::post_comment::PostedComment;
use recado_app::receive_mail::{Receipt, ReceivedMail};
use recado_domain::comment::{AttachmentName, Comment, MediaType};
use recado_domain::incoming::{
    AuthenticationResults, AutomaticSign, ExchangeOrigin, From, IncomingAttachment, IncomingMail, Shown,
};
use recado_domain::ledger::{LedgerEntry, MailId, Via};
use recado_domain::outbox::Delivery;
use recado_domain::token::{MessageId, ReplyToken, Subject};
use recado_ports::comments::{Audience, Comments};
use recado_ports::ledger::Ledger;
use recado_ports::page::PageRequest;
use recado_ports::reader::{MailEnvelope, MailHead, ReadError, ReadLimits, Reader};
use recado_test_support::builders::{self, address, party};

use crate::house::House;

/// The server whose word about senders counts.
pub(crate) const TRUSTED: &str = "mx.example.org";

/// What a reader makes of some octets.
#[derive(Clone)]
enum Reading {
    Mail(Box<IncomingMail>),
    Unreadable,
    Panic,
}

/// A [`Reader`] that knows the mails that a test wrote. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct ScriptedReader(Arc<Mutex<Vec<Reading>>>);

impl ScriptedReader {
    /// The octets that will be read as this mail.
    pub(crate) fn mail(&self, mail: &IncomingMail) -> Vec<u8> {
        self.octets(Reading::Mail(Box::new(mail.clone())))
    }

    /// Octets that no reader can read.
    pub(crate) fn unreadable(&self) -> Vec<u8> {
        self.octets(Reading::Unreadable)
    }

    /// Octets over which the reader panics.
    pub(crate) fn panicking(&self) -> Vec<u8> {
        self.octets(Reading::Panic)
    }

    /// The reader is mended: whatever it choked on reads as this mail.
    pub(crate) fn mend(&self, mail: &IncomingMail) {
        for reading in self.0.lock().unwrap().iter_mut() {
            if !matches!(reading, Reading::Mail(_)) {
                *reading = Reading::Mail(Box::new(mail.clone()));
            }
        }
    }

    fn octets(&self, reading: Reading) -> Vec<u8> {
        let mut readings = self.0.lock().unwrap();
        readings.push(reading);
        (readings.len() - 1).to_string().into_bytes()
    }

    fn reading(&self, raw: &[u8]) -> Reading {
        let index: usize = std::str::from_utf8(raw).unwrap().parse().unwrap();
        self.0.lock().unwrap()[index].clone()
    }
}

impl Reader for ScriptedReader {
    fn head(&self, raw: &[u8]) -> MailHead {
        match self.reading(raw) {
            Reading::Mail(mail) => MailHead {
                shown: mail.shown,
                fingerprint: mail
                    .message_id
                    .as_ref()
                    .map_or_else(|| format!("{raw:?}"), ToString::to_string),
                message_id: mail.message_id,
            },
            Reading::Unreadable => MailHead {
                fingerprint: format!("{raw:?}"),
                ..MailHead::default()
            },
            Reading::Panic => panic!("the head is too much for the reader"),
        }
    }

    fn read(&self, raw: &[u8], _: &MailEnvelope, _: &ReadLimits) -> Result<IncomingMail, ReadError> {
        match self.reading(raw) {
            Reading::Mail(mail) => Ok(*mail),
            Reading::Unreadable => Err(ReadError {
                source: "octets out of tune".into(),
            }),
            Reading::Panic => panic!("the mail is too much for the reader"),
        }
    }
}

/// A mail that somebody writes.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) mail: IncomingMail,
    pub(crate) via: Via,
    pub(crate) envelope: MailEnvelope,
    source: Option<String>,
}

/// A mail to the desk, from a person or program, that bears nothing else. Nobody vouches for it.
pub(crate) fn from(email: &str) -> Written {
    let message_id = MessageId::parse(&format!("{}@elsewhere.example", builders::id().simple())).unwrap();
    Written {
        mail: IncomingMail {
            message_id: Some(message_id),
            from: From::One(party("", email)),
            sender: None,
            shown: Shown {
                from: email.to_owned(),
                to: "desk@example.org".to_owned(),
                subject: "Re: Solicitud 4711".to_owned(),
            },
            recipients: vec![address("desk@example.org")],
            date: None,
            in_reply_to: Vec::new(),
            references: Vec::new(),
            reference_tokens: Vec::new(),
            authentication: Vec::new(),
            exchange: None,
            automatic: None,
            report: None,
            text: "Sigue sin imprimir.".to_owned(),
            quoted: None,
            html: None,
            attachments: Vec::new(),
            remarks: Vec::new(),
        },
        via: Via::Lmtp,
        envelope: MailEnvelope {
            from: Some(email.to_owned()),
            to: Some(address("desk@example.org")),
        },
        source: None,
    }
}

impl Written {
    /// As [`From`] reads when it is not one address.
    pub(crate) fn authors(mut self, from: From) -> Self {
        self.mail.from = from;
        self
    }

    /// The delegate in `Sender`.
    pub(crate) fn sent_by(mut self, email: &str) -> Self {
        self.mail.sender = Some(party("", email));
        self
    }

    pub(crate) fn subject(mut self, subject: &str) -> Self {
        subject.clone_into(&mut self.mail.shown.subject);
        self
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.mail.text);
        self
    }

    /// `In-Reply-To` and `References`, as a mail program sets them.
    pub(crate) fn answering(mut self, delivery: &Delivery) -> Self {
        self.mail.in_reply_to = vec![delivery.message_id.clone()];
        self.mail.references = vec![delivery.message_id.clone()];
        self
    }

    /// To the plus-address that bears this token, in To or Cc.
    pub(crate) fn at_token(mut self, token: &ReplyToken) -> Self {
        let plus = format!("desk+{}@example.org", token.as_str());
        self.mail.recipients.push(address(&plus));
        self
    }

    /// With our reference line somewhere in the quoted text.
    pub(crate) fn quoting(mut self, token: &ReplyToken) -> Self {
        self.mail.reference_tokens.push(token.clone());
        self
    }

    /// The trusted server found this of the domain in `From`: `pass` or `fail`.
    pub(crate) fn dmarc(mut self, result: &str) -> Self {
        let domain = self.mail.from.party().unwrap().email.domain().to_owned();
        let value = format!("{TRUSTED}; dmarc={result} header.from={domain}");
        self.mail.authentication = vec![AuthenticationResults::parse(&value).unwrap()];
        self
    }

    /// The domain in `From` vouches for it.
    pub(crate) fn vouched(self) -> Self {
        self.dmarc("pass")
    }

    /// A mail inside one Exchange organisation, which bears neither DKIM nor SPF.
    pub(crate) fn internal(mut self) -> Self {
        self.mail.exchange = Some(ExchangeOrigin::Internal);
        self
    }

    pub(crate) fn automatic(mut self, sign: AutomaticSign) -> Self {
        self.mail.automatic = Some(sign);
        self
    }

    pub(crate) fn file(mut self, name: &str, content: &str) -> Self {
        self.mail.attachments.push(IncomingAttachment {
            name: AttachmentName::clean(name),
            content_type: MediaType::parse_or_octets("text/plain"),
            content: content.as_bytes().to_vec(),
        });
        self
    }

    pub(crate) fn at_source(mut self, source: &str) -> Self {
        self.source = Some(source.to_owned());
        self
    }

    /// As a way in hands it over.
    pub(crate) fn received(&self, house: &House) -> ReceivedMail {
        self.with_octets(house.reader.mail(&self.mail))
    }

    /// The same with octets that read otherwise.
    pub(crate) fn with_octets(&self, raw: Vec<u8>) -> ReceivedMail {
        ReceivedMail {
            raw,
            via: self.via,
            envelope: self.envelope.clone(),
            source: self.source.clone(),
        }
    }
}

impl House {
    /// Ready to send and to receive, with a server that it trusts.
    pub(crate) async fn with_inbox() -> Self {
        let mut house = Self::new().await;
        house.incoming.policy.trust.servers = vec![TRUSTED.to_owned()];
        house.messaging.way_back.lmtp = true;
        house.delivery.way_back.lmtp = true;
        house
    }

    /// Takes a mail in, and gives what became of it.
    pub(crate) async fn receive(&self, written: &Written) -> LedgerEntry {
        let receipt = self.receive_mail().run(written.received(self)).await.unwrap();
        assert!(matches!(receipt, Receipt::Taken(_)), "{receipt:?}");
        self.mail(receipt.id()).await
    }

    pub(crate) async fn mail(&self, id: MailId) -> LedgerEntry {
        self.store.entry(id).await.unwrap().expect("the mail is stored")
    }

    /// The mail that a comment owes to this address.
    pub(crate) async fn mail_to(&self, posted: &PostedComment, email: &str) -> Delivery {
        let summary = posted
            .deliveries
            .iter()
            .find(|owed| owed.recipient == address(email));
        self.delivery(summary.expect("the comment owes this mail").id)
            .await
    }

    /// The token in the plus-address of a mail of ours.
    pub(crate) fn token(&self, delivery: &Delivery) -> ReplyToken {
        self.keyring().reply_token(&Subject {
            ticket: delivery.ticket,
            recipient: &delivery.recipient,
            delivery: delivery.id,
        })
    }

    /// A ticket's comments, oldest first.
    pub(crate) async fn comments(&self, ticket: &str) -> Vec<Comment> {
        let ticket = self.ticket(ticket).await.expect("the ticket is stored");
        let page = Comments::list(&self.store, ticket.id, &Audience::Desk, &PageRequest::default()).await;
        let items = page.unwrap().items;
        items.into_iter().map(|item| item.comment).collect()
    }

    /// The comment that a mail became.
    pub(crate) async fn comment_of(&self, entry: &LedgerEntry) -> Comment {
        let (ticket, comment) = (entry.ticket.unwrap(), entry.comment.unwrap());
        let found = Comments::find(&self.store, ticket, comment).await.unwrap();
        found.expect("the comment is stored").comment
    }
}
