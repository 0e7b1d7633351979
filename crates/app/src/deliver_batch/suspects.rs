//! Mails that a streak of like refusals condemned before it was known as one, and mails that it excused.
//!
//! The third recipient in a row who is refused alike tells that the account is refused. The two before were given up
//! by then, for a fault that was never theirs: they live again. A mail is excused once. When the account has worked
//! since and the mail is refused again, it is the mail; three refused recipients could otherwise take turns for ever,
//! and hold up everybody else.

use std::collections::{HashSet, VecDeque};

use recado_domain::outbox::DeliveryId;
use recado_domain::reply::{EnhancedCode, Reply};

/// A streak is known at its third recipient; a few mails to the same recipient may stand between.
const CONDEMNED: usize = 16;

/// Mails that are remembered as excused; beyond it all are forgotten, and may be excused once more.
const REMEMBERED: usize = 10_000;

/// What is remembered of them, in memory: a restart excuses anew.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    condemned: VecDeque<(DeliveryId, u16, Option<EnhancedCode>)>,
    excused: HashSet<DeliveryId>,
    excused_in_vain: HashSet<DeliveryId>,
}

impl Suspects {
    /// A mail was refused for good, as far as is known for its recipient's sake.
    pub(super) fn condemn(&mut self, mail: DeliveryId, reply: &Reply) {
        if self.condemned.len() == CONDEMNED {
            self.condemned.pop_front();
        }
        self.condemned.push_back((mail, reply.code(), reply.enhanced()));
    }

    /// A mail's refusal shows that the account is refused. Gives those that were condemned alike.
    pub(super) fn excuse(&mut self, mail: DeliveryId, reply: &Reply) -> Vec<DeliveryId> {
        let alike = |(_, code, enhanced): &(DeliveryId, u16, Option<EnhancedCode>)| {
            (*code, *enhanced) == (reply.code(), reply.enhanced())
        };
        let innocent: Vec<_> = self
            .condemned
            .drain(..)
            .filter(alike)
            .map(|(id, ..)| id)
            .collect();
        if self.excused.len() >= REMEMBERED {
            self.excused.clear();
        }
        self.excused.extend(innocent.iter().copied().chain([mail]));
        innocent
    }

    /// A mail was accepted: whoever was excused has no further excuse.
    pub(super) fn account_works(&mut self) {
        self.condemned.clear();
        if self.excused_in_vain.len() >= REMEMBERED {
            self.excused_in_vain.clear();
        }
        self.excused_in_vain.extend(self.excused.drain());
    }

    /// Whether a refusal of this mail is its own at last.
    pub(super) fn was_excused_in_vain(&mut self, mail: DeliveryId) -> bool {
        self.excused_in_vain.remove(&mail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn mail(number: u128) -> DeliveryId {
        DeliveryId(Uuid::from_u128(number))
    }

    #[test]
    fn those_condemned_alike_are_innocent_and_others_are_not() {
        let (denied, unknown) = (Reply::new(554, "5.7.1 denied"), Reply::new(550, "5.1.1 unknown"));
        let mut suspects = Suspects::default();
        suspects.condemn(mail(1), &unknown);
        suspects.condemn(mail(2), &denied);
        suspects.condemn(mail(3), &denied);
        assert_eq!(suspects.excuse(mail(4), &denied), [mail(2), mail(3)]);
        assert_eq!(suspects.excuse(mail(5), &denied), []);
    }

    #[test]
    fn a_mail_has_no_second_excuse_once_the_account_has_worked() {
        let denied = Reply::new(554, "5.7.1 denied");
        let mut suspects = Suspects::default();
        suspects.condemn(mail(1), &denied);
        suspects.excuse(mail(2), &denied);
        assert!(
            !suspects.was_excused_in_vain(mail(1)),
            "the account has not worked since"
        );
        suspects.account_works();
        assert!(suspects.was_excused_in_vain(mail(1)) && suspects.was_excused_in_vain(mail(2)));
        assert!(!suspects.was_excused_in_vain(mail(3)));
    }
}
