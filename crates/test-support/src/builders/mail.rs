//! Accounts that mail leaves from, and mails before they are composed.

use recado_domain::channel::{OutgoingAccount, TlsMode};
use recado_domain::token::MessageId;
use recado_ports::mail::{Automatic, MailDraft, Mailbox};
use uuid::Uuid;

use super::{address, id};
use crate::clock::START;

/// An account on this machine, without protection or login.
pub fn outgoing_account() -> OutgoingAccount {
    OutgoingAccount {
        host: "localhost".to_owned(),
        port: 25,
        tls: TlsMode::None,
        credentials: None,
    }
}

/// A mail from the desk to Ana, not yet composed.
pub fn draft(subject: &str, text: &str) -> MailDraft {
    let mailbox = |name: &str, email: &str| Mailbox {
        name: Some(name.to_owned()),
        address: address(email),
    };
    MailDraft {
        from: mailbox("Tomás Técnico (Mesa de ayuda)", "desk@example.org"),
        to: mailbox("Ana Peña", "ana@example.com"),
        reply_to: None,
        subject: subject.to_owned(),
        text: text.to_owned(),
        html: None,
        images: Vec::new(),
        attachments: Vec::new(),
        message_id: message_id(id()),
        date: START,
        references: Vec::new(),
        in_reply_to: None,
        automatic: Automatic::No,
    }
}

pub(super) fn message_id(id: Uuid) -> MessageId {
    MessageId::parse(&format!("{}@example.org", id.simple())).expect("a UUID makes a Message-ID")
}
