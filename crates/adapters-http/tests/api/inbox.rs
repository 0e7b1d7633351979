//! Mails as they come in to the desk in memory: a reader that knows plain ones, and a way in.

use std::sync::Arc;

use recado_app::receive_mail::{ReceiveMail, ReceivedMail};
use recado_domain::incoming::{AuthenticationResults, From, IncomingMail, Shown};
use recado_domain::ledger::{MailId, Via};
use recado_domain::person::Party;
use recado_domain::token::MessageId;
use recado_ports::reader::{MailEnvelope, MailHead, ReadError, ReadLimits, Reader};

use crate::harness::Desk;

/// Reads `Field: value` lines, up to an empty one, and a text. A mail whose text is `unreadable` cannot be read.
pub(crate) struct PlainReader;

impl Reader for PlainReader {
    fn head(&self, raw: &[u8]) -> MailHead {
        let mail = Plain::read(raw);
        MailHead {
            shown: mail.shown(),
            message_id: mail.message_id(),
            fingerprint: format!("{:0>64}", mail.field("Message-ID").len()) + mail.field("Subject"),
        }
    }

    fn read(&self, raw: &[u8], _: &MailEnvelope, _: &ReadLimits) -> Result<IncomingMail, ReadError> {
        let mail = Plain::read(raw);
        if mail.text == "unreadable" {
            return Err(ReadError {
                source: "the sample says so".into(),
            });
        }
        let from = mail
            .field("From")
            .rsplit_once(' ')
            .unwrap_or(("", mail.field("From")));
        let party = Party::parse(from.0, from.1.trim_matches(['<', '>']));
        Ok(IncomingMail {
            message_id: mail.message_id(),
            from: party.map_or(From::Missing, From::One),
            sender: None,
            shown: mail.shown(),
            recipients: Vec::new(),
            date: None,
            in_reply_to: MessageId::parse(mail.field("In-Reply-To")).into_iter().collect(),
            references: Vec::new(),
            reference_tokens: Vec::new(),
            authentication: AuthenticationResults::parse(mail.field("Authentication-Results"))
                .into_iter()
                .collect(),
            exchange: None,
            automatic: None,
            report: None,
            text: mail.text.clone(),
            quoted: Some("> antes".to_owned()),
            html: Some(format!("<p>{}</p>", mail.text)),
            attachments: Vec::new(),
            remarks: Vec::new(),
        })
    }
}

struct Plain {
    fields: Vec<(String, String)>,
    text: String,
}

impl Plain {
    fn read(raw: &[u8]) -> Self {
        let raw = String::from_utf8_lossy(raw);
        let (head, text) = raw.split_once("\n\n").unwrap_or((&raw, ""));
        let fields = head.lines().filter_map(|line| line.split_once(": "));
        Self {
            fields: fields
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            text: text.to_owned(),
        }
    }

    fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }

    fn message_id(&self) -> Option<MessageId> {
        MessageId::parse(self.field("Message-ID"))
    }

    fn shown(&self) -> Shown {
        Shown {
            from: self.field("From").to_owned(),
            to: "desk@example.org".to_owned(),
            subject: self.field("Subject").to_owned(),
        }
    }
}

impl Desk {
    /// Takes a mail in, as a mail server's LMTP would hand it over; gives its id.
    pub(crate) async fn receive(&self, raw: &str) -> String {
        let receive: &Arc<ReceiveMail> = &self.receive;
        let mail = ReceivedMail {
            raw: raw.as_bytes().to_vec(),
            via: Via::Lmtp,
            envelope: MailEnvelope::default(),
            source: None,
        };
        let MailId(id) = receive.run(mail).await.unwrap().id();
        id.to_string()
    }
}
