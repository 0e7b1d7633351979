//! The same policy refusal for one recipient after another: then it is not the recipients that are refused.

use super::{EnhancedCode, Reply};

/// How many different recipients in a row must be refused alike.
const RECIPIENTS: usize = 3;

/// Counts policy refusals (5.7.x) of one account that are alike and follow one another.
///
/// A server that refuses whatever we send ("relay access denied", a blocked address range) says so at RCPT or after
/// the dot, as if the recipient were at fault. The third different recipient in a row with the same code tells.
///
/// ```
/// use recado_domain::reply::{RefusalStreak, Reply, Streak};
///
/// let denied = Reply::new(554, "5.7.1 Relay access denied");
/// let mut streak = RefusalStreak::default();
/// assert_eq!(streak.refused("ana@example.org", &denied), Streak::Recipient);
/// assert_eq!(streak.refused("ana@example.org", &denied), Streak::Recipient);
/// assert_eq!(streak.refused("eva@example.org", &denied), Streak::Recipient);
/// assert_eq!(streak.refused("leo@example.org", &denied), Streak::Channel);
/// ```
#[derive(Debug, Clone, Default)]
pub struct RefusalStreak {
    refusal: Option<(u16, EnhancedCode)>,
    recipients: Vec<String>,
}

/// Whose fault a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streak {
    /// The recipient's, as far as is known.
    Recipient,
    /// The account's: three different recipients were refused alike.
    Channel,
}

impl RefusalStreak {
    /// Notes that `recipient` was refused with `reply`.
    ///
    /// Once the streak tells [`Streak::Channel`] it does so for every further refusal of the same code, until
    /// [`accepted`](Self::accepted) or a different answer ends it.
    pub fn refused(&mut self, recipient: &str, reply: &Reply) -> Streak {
        let Some(policy) = reply
            .agreed_enhanced()
            .filter(|code| (code.class, code.subject) == (5, 7))
        else {
            self.accepted();
            return Streak::Recipient;
        };
        let refusal = Some((reply.code(), policy));
        if self.refusal != refusal {
            self.accepted();
            self.refusal = refusal;
        }
        let recipient = recipient.to_lowercase();
        if self.recipients.len() < RECIPIENTS && !self.recipients.contains(&recipient) {
            self.recipients.push(recipient);
        }
        if self.recipients.len() < RECIPIENTS {
            Streak::Recipient
        } else {
            Streak::Channel
        }
    }

    /// Notes that a recipient was accepted: the streak begins anew.
    pub fn accepted(&mut self) {
        self.refusal = None;
        self.recipients.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse_all(streak: &mut RefusalStreak, recipients: &[&str], reply: &Reply) -> Vec<Streak> {
        recipients
            .iter()
            .map(|recipient| streak.refused(recipient, reply))
            .collect()
    }

    #[test]
    fn an_acceptance_between_begins_anew() {
        let denied = Reply::new(554, "5.7.1 denied");
        let mut streak = RefusalStreak::default();
        refuse_all(&mut streak, &["a@x", "b@x"], &denied);
        streak.accepted();
        assert_eq!(streak.refused("c@x", &denied), Streak::Recipient);
    }

    #[test]
    fn a_different_refusal_between_begins_anew() {
        let denied = Reply::new(554, "5.7.1 denied");
        for other in [
            Reply::new(550, "5.1.1 unknown"),
            Reply::new(554, "5.7.2 other"),
            Reply::new(550, "5.7.1 other"),
        ] {
            let mut streak = RefusalStreak::default();
            refuse_all(&mut streak, &["a@x", "b@x"], &denied);
            streak.refused("c@x", &other);
            assert_eq!(streak.refused("d@x", &denied), Streak::Recipient, "{other}");
        }
    }

    #[test]
    fn unknown_recipients_in_a_row_are_the_recipients_fault() {
        let unknown = Reply::new(550, "5.1.1 unknown");
        let mut streak = RefusalStreak::default();
        let told = refuse_all(&mut streak, &["a@x", "b@x", "c@x", "d@x"], &unknown);
        assert!(told.iter().all(|told| *told == Streak::Recipient));
    }

    #[test]
    fn the_letter_case_of_an_address_makes_no_other_recipient() {
        let denied = Reply::new(554, "5.7.1 denied");
        let mut streak = RefusalStreak::default();
        let told = refuse_all(&mut streak, &["a@x", "A@X", "b@x", "B@x"], &denied);
        assert!(told.iter().all(|told| *told == Streak::Recipient));
    }
}
