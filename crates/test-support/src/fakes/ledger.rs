//! The ledger in memory: rows and settling. `ledger/port.rs` is the port upon them.

mod port;

use jiff::Timestamp;
use recado_domain::ledger::{LedgerEntry, MailId, Outcome};
use recado_domain::person::EmailAddress;
use recado_ports::ledger::{NewMail, SettleError, SettleMail, Taken};
use recado_ports::store::StoreError;
use recado_ports::tickets::TicketWrite;

use super::{Tables, storable};

/// A mail that came in.
pub(super) struct Row {
    entry: LedgerEntry,
    source: Option<String>,
    fingerprint: String,
    raw: Option<Vec<u8>>,
    sender: Option<EmailAddress>,
    settled_at: Option<Timestamp>,
    noticed_at: Option<Timestamp>,
}

impl Row {
    fn is_unnoticed(&self) -> bool {
        self.entry.outcome == Some(Outcome::Quarantined) && self.noticed_at.is_none()
    }
}

impl From<NewMail> for Row {
    fn from(mail: NewMail) -> Self {
        Self {
            entry: LedgerEntry {
                id: mail.id,
                received_at: mail.received_at,
                via: mail.via,
                envelope_from: mail.envelope_from.as_deref().map(storable),
                envelope_to: mail.envelope_to,
                from: storable(&mail.shown.from),
                to: storable(&mail.shown.to),
                subject: storable(&mail.shown.subject),
                message_id: mail.message_id.as_deref().map(storable),
                size: mail.raw.len() as u64,
                outcome: None,
                reason: None,
                ticket: None,
                comment: None,
                bounce: None,
                person: None,
            },
            source: mail.source,
            fingerprint: mail.fingerprint,
            raw: Some(mail.raw),
            sender: None,
            settled_at: None,
            noticed_at: None,
        }
    }
}

impl Tables {
    fn take_mail(&mut self, mail: NewMail) -> Taken {
        let at_source = |row: &&Row| row.source.is_some() && row.source == mail.source;
        if let Some(before) = self.mails.values().find(at_source).map(|row| row.entry.id)
            && before != mail.id
        {
            return Taken::Before(before);
        }
        self.mails.entry(mail.id).or_insert_with(|| mail.into());
        Taken::New
    }

    /// Gives a mail its outcome with all that follows, or does nothing at all.
    fn settle_mail(&mut self, settle: SettleMail) -> Result<(), SettleError> {
        if self.is_settled_so(&settle)? {
            return Ok(());
        }
        if makes_a_comment(settle.outcome)
            && let Some(copy) = self.copy_with(settle.id, makes_a_comment)
        {
            return Err(SettleError::Copy(copy));
        }
        if let Some(accept) = &settle.comment {
            let ticket = accept.comment.ticket;
            let is_written = |write: &TicketWrite| write.ticket.id == ticket;
            if !self.tickets.contains_key(&ticket) && !settle.ticket_write.as_ref().is_some_and(is_written) {
                let what = format!("ticket {}", ticket.0);
                return Err(StoreError::Conflict { what }.into());
            }
        }
        // The last thing that can fail, and the first that writes.
        if let Some(write) = settle.ticket_write {
            self.put_ticket(write)?;
        }
        let comment = settle.comment.as_ref().map(|accept| accept.comment.id);
        if let Some(mut accept) = settle.comment {
            accept.comment.quoted = accept.comment.quoted.as_deref().map(storable);
            accept.comment.html = accept.comment.html.as_deref().map(storable);
            self.insert_comment(accept);
        }
        for mail in settle.mails {
            self.enqueue(mail);
        }
        for (delivery, outcome) in settle.outcomes {
            self.note_outcome(delivery, outcome, settle.now);
        }
        if let Some((person, address)) = settle.accepts {
            self.accepted.insert((address, person));
        }
        if let Some(address) = settle.lifts {
            self.bounces.remove(&address);
        }
        let row = self.mails.get_mut(&settle.id).expect("the mail was found above");
        row.sender = settle.sender;
        row.settled_at = Some(settle.now);
        row.entry.outcome = Some(settle.outcome);
        row.entry.reason = settle.reason.as_deref().map(storable);
        row.entry.ticket = settle.ticket;
        row.entry.comment = comment;
        row.entry.person = settle.person;
        row.entry.bounce = settle.bounce.map(|mut bounce| {
            bounce.recipient = bounce.recipient.as_deref().map(storable);
            bounce.status = bounce.status.as_deref().map(storable);
            bounce.diagnostic = bounce.diagnostic.as_deref().map(storable);
            bounce
        });
        Ok(())
    }

    /// Whether an earlier call wrote the same settlement; an error when another outcome than the expected one stands.
    fn is_settled_so(&self, settle: &SettleMail) -> Result<bool, SettleError> {
        let entry = &self.mails.get(&settle.id).ok_or(SettleError::NotFound)?.entry;
        if entry.outcome == settle.expected {
            return Ok(false);
        }
        let comment = settle.comment.as_ref().map(|accept| accept.comment.id);
        if entry.outcome == Some(settle.outcome) && comment.is_some() && entry.comment == comment {
            return Ok(true);
        }
        Err(SettleError::Settled(entry.outcome))
    }

    /// The first other copy of a mail with such an outcome.
    fn copy_with(&self, id: MailId, is_wanted: impl Fn(Outcome) -> bool) -> Option<MailId> {
        let fingerprint = &self.mails.get(&id)?.fingerprint;
        let mut copies = self
            .mails
            .values()
            .filter(|row| row.entry.id != id && row.fingerprint == *fingerprint);
        let copy = copies.find(|row| row.entry.outcome.is_some_and(&is_wanted))?;
        Some(copy.entry.id)
    }
}

fn makes_a_comment(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Attached | Outcome::Opened)
}
