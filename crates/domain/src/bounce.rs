//! Delivery reports: what another mail server says became of a mail of ours (RFC 3464, and what is like it).
//!
//! Reading a report out of a mail is the inbound adapter's; whether it counts is decided by the signed carriers in it,
//! never by the addresses that it names.

use crate::outbox::Outcome;
use crate::reply::EnhancedCode;
use crate::token::MessageId;

/// What a report says became of a mail (RFC 3464 §2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It could not be delivered.
    Failed,
    /// It is late, and still tried.
    Delayed,
    /// It lies in the recipient's mailbox.
    Delivered,
    /// It went to a server that gives no further reports.
    Relayed,
    /// It went on to several addresses.
    Expanded,
}

impl Action {
    /// Reads the field `Action`, in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "failed" => Self::Failed,
            "delayed" => Self::Delayed,
            "delivered" => Self::Delivered,
            "relayed" => Self::Relayed,
            "expanded" => Self::Expanded,
            _ => return None,
        })
    }
}

/// A report about one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientReport {
    /// `Final-Recipient`, else `Original-Recipient`, without the address type; as it stands there.
    pub recipient: Option<String>,
    /// What became of the mail.
    pub action: Action,
    /// `Status`.
    pub status: Option<EnhancedCode>,
    /// `Diagnostic-Code` without its type, or the words of a report that has no fields; at most 2,000 characters.
    pub diagnostic: Option<String>,
}

impl RecipientReport {
    /// Whether it says that the mail failed for good: a status of class 5, or none at all.
    pub fn is_permanent_failure(&self) -> bool {
        self.action == Action::Failed && self.status.is_none_or(|status| status.class == 5)
    }

    /// Whether it counts towards suppressing the address: there is no such mailbox or domain
    /// (5.1.1, 5.1.2, 5.1.3, 5.1.10).
    pub fn is_hard_bounce(&self) -> bool {
        let gone = |status: EnhancedCode| {
            status.class == 5 && status.subject == 1 && matches!(status.detail, 1 | 2 | 3 | 10)
        };
        self.action == Action::Failed && self.status.is_some_and(gone)
    }

    /// What a sent mail's outcome becomes; a delay changes nothing.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.action {
            Action::Failed => Some(Outcome::Bounced),
            Action::Delivered => Some(Outcome::Delivered),
            Action::Relayed | Action::Expanded => Some(Outcome::Relayed),
            Action::Delayed => None,
        }
    }
}

/// A report, with everything in it that may prove which mail it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// `Original-Envelope-Id` (RFC 3461 §4.4): ours is a Message-ID without its domain.
    pub envelope_id: Option<String>,
    /// Message-IDs in the returned message or headers, in `In-Reply-To` and in `References`.
    pub about: Vec<MessageId>,
    /// One entry per recipient; never empty. A report that cannot be read by fields has one.
    pub recipients: Vec<RecipientReport>,
}

/// Whether what is known of a sent mail may be replaced by what a report says. A bounce may follow a delivery (a
/// mailbox forwards), an answer outweighs all.
pub fn supersedes(new: Outcome, known: Option<Outcome>) -> bool {
    let weight = |outcome| match outcome {
        Outcome::Relayed => 1,
        Outcome::Delivered => 2,
        Outcome::Bounced => 3,
        Outcome::Answered => 4,
    };
    known.is_none_or(|known| weight(new) > weight(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(action: Action, status: Option<&str>) -> RecipientReport {
        RecipientReport {
            recipient: None,
            action,
            status: status.and_then(EnhancedCode::parse),
            diagnostic: None,
        }
    }

    #[test]
    fn only_an_address_that_does_not_exist_counts_towards_suppression() {
        for (status, hard) in [
            ("5.1.1", true),
            ("5.1.2", true),
            ("5.1.3", true),
            ("5.1.10", true),
            ("5.2.2", false),
            ("5.7.1", false),
            ("4.1.1", false),
        ] {
            assert_eq!(
                report(Action::Failed, Some(status)).is_hard_bounce(),
                hard,
                "{status}"
            );
        }
        assert!(!report(Action::Failed, None).is_hard_bounce());
        assert!(!report(Action::Delayed, Some("5.1.1")).is_hard_bounce());
    }

    #[test]
    fn a_report_never_takes_an_answer_back_and_a_delay_says_nothing() {
        assert!(supersedes(Outcome::Bounced, Some(Outcome::Delivered)));
        assert!(supersedes(Outcome::Delivered, Some(Outcome::Relayed)));
        assert!(!supersedes(Outcome::Relayed, Some(Outcome::Delivered)));
        assert!(!supersedes(Outcome::Bounced, Some(Outcome::Answered)));
        assert_eq!(report(Action::Delayed, Some("4.4.1")).outcome(), None);
    }
}
