//! What a reader remembers of a folder between two rounds: what waits, what is done, what went wrong.
//!
//! The ledger knows the same of every mail that it took; this spares the server the asking, and keeps a message that
//! cannot be fetched from holding up the others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use recado_ports::ledger::{MailboxFolder, MailboxPosition};

/// Failures after which a message is passed over.
const STRIKES: u32 = 3;

/// When a message is tried again after its first failures, and how often when it was passed over.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
const LONG_PAUSE: Duration = Duration::from_hours(1);

#[derive(Debug)]
pub(super) struct Memory {
    pub(super) folder: MailboxFolder,
    pub(super) uid_validity: u32,
    /// Found, and neither taken nor gone.
    waiting: BTreeSet<u32>,
    /// Taken, as far as a search may still find them.
    done: BTreeSet<u32>,
    strikes: BTreeMap<u32, Strikes>,
}

#[derive(Debug, Clone, Copy)]
struct Strikes {
    count: u32,
    /// By the clock that never jumps.
    retry_at: Duration,
}

/// How a message failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server or the ledger said no.
    Refused,
    /// The connection was lost at it.
    ConnectionLost,
}

/// What a failure of a message means for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is tried again soon.
    Retried,
    /// It has failed for the third time: the others go on without it.
    PassedOver,
    /// It failed again after that.
    StillPassedOver,
}

impl Memory {
    pub(super) fn new(folder: MailboxFolder, uid_validity: u32) -> Self {
        Self {
            folder,
            uid_validity,
            waiting: BTreeSet::new(),
            done: BTreeSet::new(),
            strikes: BTreeMap::new(),
        }
    }

    /// Takes in what a search found: messages that are unread, and those behind the position.
    pub(super) fn found(&mut self, unread: &[u32], behind: &[u32]) {
        let found: BTreeSet<u32> = unread.iter().chain(behind).copied().collect();
        // Of what is done, only what a search would find again need be remembered.
        self.done.retain(|uid| found.contains(uid));
        self.waiting.extend(found.difference(&self.done));
    }

    /// What may be tried now, oldest first.
    pub(super) fn due(&self, now: Duration) -> Vec<u32> {
        let is_due = |uid: &&u32| {
            self.strikes
                .get(uid)
                .is_none_or(|strikes| strikes.retry_at <= now)
        };
        self.waiting.iter().filter(is_due).copied().collect()
    }

    /// How long until something may be tried again.
    pub(super) fn next_retry(&self, now: Duration) -> Option<Duration> {
        let times = self
            .strikes
            .values()
            .map(|strikes| strikes.retry_at.saturating_sub(now));
        times.min()
    }

    /// It is taken, or need not be.
    pub(super) fn done(&mut self, uid: u32) {
        self.gone(uid);
        self.done.insert(uid);
    }

    /// It is not there any more.
    pub(super) fn gone(&mut self, uid: u32) {
        self.waiting.remove(&uid);
        self.strikes.remove(&uid);
    }

    /// It could not be fetched or taken, through no fault of the others.
    pub(super) fn strike(&mut self, uid: u32, failure: Failure, now: Duration) -> Standing {
        let count = self.strikes.get(&uid).map_or(0, |strikes| strikes.count) + 1;
        let pause = match failure {
            _ if count >= STRIKES => LONG_PAUSE,
            // It is the connection's as a rule, which makes a pause of its own.
            Failure::ConnectionLost => Duration::ZERO,
            Failure::Refused => FIRST_PAUSE,
        };
        let retry_at = now + pause;
        self.strikes.insert(uid, Strikes { count, retry_at });
        match count {
            ..STRIKES => Standing::Retried,
            STRIKES => Standing::PassedOver,
            _ => Standing::StillPassedOver,
        }
    }

    /// How far the folder is read now: up to the first message that is still to be tried. What was passed over is
    /// unread, and is found by that. `None` while a folder that is new to us, or was renumbered, is not read to its
    /// end: until then it stays new.
    pub(super) fn position(&self, reading: &Reading) -> Option<MailboxPosition> {
        let passed_over = |uid: &u32| {
            self.strikes
                .get(uid)
                .is_some_and(|strikes| strikes.count >= STRIKES)
        };
        let mut open = self.waiting.iter().filter(|uid| !passed_over(uid)).copied();
        let highest = reading.highest;
        match reading.known {
            None => open.next().is_none().then_some(MailboxPosition {
                uid_validity: self.uid_validity,
                last_uid: highest,
                read_at: reading.now,
            }),
            Some(before) => {
                let first_open = open.find(|uid| *uid > before.last_uid);
                let last_uid = first_open.map_or(highest, |uid| uid - 1).max(before.last_uid);
                let is_at_end = first_open.is_none();
                Some(MailboxPosition {
                    last_uid,
                    read_at: if is_at_end { reading.now } else { before.read_at },
                    ..before
                })
            }
        }
    }
}

/// What a round knows of a folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// How far it was read before, when its numbers still mean the same.
    pub(super) known: Option<MailboxPosition>,
    /// The highest UID that is known to exist, or to have existed, when the round looked for new messages.
    pub(super) highest: u32,
    /// The time of day at that moment.
    pub(super) now: jiff::Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use recado_domain::channel::AccountId;

    fn memory() -> Memory {
        let folder = MailboxFolder {
            account: AccountId::DEFAULT,
            name: "u@h:1/INBOX".to_owned(),
        };
        Memory::new(folder, 7)
    }

    fn reading(last_uid: Option<u32>, highest: u32) -> Reading {
        let known = last_uid.map(|last_uid| MailboxPosition {
            uid_validity: 7,
            last_uid,
            read_at: Timestamp::UNIX_EPOCH,
        });
        Reading {
            known,
            highest,
            now: Timestamp::from_second(9).unwrap(),
        }
    }

    #[test]
    fn the_position_stops_before_what_is_still_to_be_tried() {
        let mut memory = memory();
        memory.found(&[2, 11, 12], &[11, 12, 13]);
        memory.done(11);
        let position = memory.position(&reading(Some(10), 13)).unwrap();
        assert_eq!((position.last_uid, position.read_at), (11, Timestamp::UNIX_EPOCH));
        memory.done(12);
        memory.gone(13);
        let position = memory.position(&reading(Some(10), 13)).unwrap();
        assert_eq!(
            (position.last_uid, position.read_at.as_second()),
            (13, 9),
            "2 is unread: a search finds it"
        );
    }

    #[test]
    fn a_folder_stays_new_until_it_is_read_to_its_end() {
        let mut memory = memory();
        memory.found(&[3, 4], &[]);
        memory.done(3);
        assert_eq!(memory.position(&reading(None, 9)), None);
        memory.done(4);
        let position = memory.position(&reading(None, 9)).unwrap();
        assert_eq!((position.uid_validity, position.last_uid), (7, 9));
    }

    #[test]
    fn a_message_that_fails_three_times_is_passed_over_and_tried_again_later() {
        let mut memory = memory();
        memory.found(&[11], &[11, 12]);
        let at = Duration::from_secs;
        for (now, standing) in [
            (0, Standing::Retried),
            (60, Standing::Retried),
            (120, Standing::PassedOver),
        ] {
            assert_eq!(memory.due(at(now)), [11, 12]);
            assert_eq!(memory.position(&reading(Some(10), 12)).unwrap().last_uid, 10);
            assert_eq!(memory.strike(11, Failure::Refused, at(now)), standing);
            assert_eq!(memory.due(at(now)), [12], "the others go on");
        }
        memory.done(12);
        assert_eq!(memory.position(&reading(Some(10), 12)).unwrap().last_uid, 12);
        assert_eq!(memory.next_retry(at(120)), Some(LONG_PAUSE));
        assert_eq!(memory.due(at(120) + LONG_PAUSE), [11]);
        assert_eq!(
            memory.strike(11, Failure::Refused, at(9_999)),
            Standing::StillPassedOver
        );
    }

    #[test]
    fn a_message_at_which_the_connection_was_lost_is_tried_again_at_once() {
        let mut memory = memory();
        memory.found(&[1], &[]);
        for standing in [Standing::Retried, Standing::Retried, Standing::PassedOver] {
            assert_eq!(memory.due(Duration::ZERO), [1]);
            assert_eq!(
                memory.strike(1, Failure::ConnectionLost, Duration::ZERO),
                standing
            );
        }
        assert_eq!(memory.due(Duration::ZERO), []);
    }

    #[test]
    fn what_is_done_is_not_waited_for_again_while_it_is_found() {
        let mut memory = memory();
        memory.found(&[1, 2], &[]);
        memory.done(1);
        memory.found(&[1, 2], &[]);
        assert_eq!(memory.due(Duration::ZERO), [2]);
        memory.found(&[2], &[]);
        memory.found(&[1, 2], &[]);
        assert_eq!(
            memory.due(Duration::ZERO),
            [1, 2],
            "it was read meanwhile, and marked unread again"
        );
    }
}
