//! Who is told about a comment, and who may see a ticket. Pure rules; addresses and roles are the caller's to look up.

use std::collections::BTreeSet;

use crate::comment::Visibility;
use crate::person::{EmailAddress, Party, Role};
use crate::ticket::Ticket;

/// Who is looking, with what decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The account's address.
    pub email: EmailAddress,
    /// The account's role.
    pub role: Role,
    /// The addresses of the groups that the account belongs to.
    pub groups: Vec<EmailAddress>,
}

impl Viewer {
    /// Whether this person may know that the ticket exists: technicians and administrators all of them, others
    /// those on which they are requester, responsible or watcher, or in whose group they are.
    pub fn sees(&self, ticket: &Ticket) -> bool {
        self.role >= Role::Technician
            || ticket.names(&self.email)
            || ticket
                .group
                .as_ref()
                .is_some_and(|group| self.groups.contains(&group.email))
    }

    /// Whether this person may read a ticket's internal comments: the desk may.
    pub fn sees_internal(&self, ticket: &Ticket) -> bool {
        self.role >= Role::Technician
            || ticket
                .responsible
                .as_ref()
                .is_some_and(|party| party.email == self.email)
            || ticket
                .group
                .as_ref()
                .is_some_and(|group| self.groups.contains(&group.email))
    }
}

/// Who gets a mail about a comment, without repeats and never its author.
///
/// | author | told |
/// |---|---|
/// | the requester | the responsible, else the group, else the desk |
/// | the responsible, or another technician | the requester |
/// | anybody else | both |
///
/// Watchers get every public comment. An internal one goes to the responsible and to the technicians among the
/// watchers alone. `technicians` holds those of the ticket's people, author included, whose account has that role.
///
/// ```
/// # use recado_domain::{audience, comment::Visibility, person::*, ticket::*};
/// # let now = jiff::Timestamp::UNIX_EPOCH;
/// let ana = Party::parse("Ana Peña", "ana@example.com")?;
/// let tomas = Party::parse("Tomás Técnico", "tomas@example.com")?;
/// let ticket = Ticket {
///     # id: TicketId(uuid::Uuid::nil()), number: TicketNumber::parse("4711").unwrap(), title: String::new(),
///     # group: None, status: TicketStatus::Open, contract: None, locale: None, watchers: vec![],
///     # attributes: Default::default(), version: Version(1), created_at: now, updated_at: now,
///     # closed_at: None, follows: None,
///     requester: ana.clone(),
///     responsible: Some(tomas.clone()),
///     // …
/// };
/// let told = audience::recipients(&ticket, &ana.email, Visibility::Public, &Default::default(), None);
/// assert_eq!(told, [tomas]);
/// # Ok::<(), PartyError>(())
/// ```
pub fn recipients(
    ticket: &Ticket,
    author: &EmailAddress,
    visibility: Visibility,
    technicians: &BTreeSet<EmailAddress>,
    desk: Option<&Party>,
) -> Vec<Party> {
    let is_technician = |email: &EmailAddress| {
        technicians.contains(email)
            || ticket
                .responsible
                .as_ref()
                .is_some_and(|party| party.email == *email)
    };
    let desk_side = desk_side(ticket, desk);
    let mut told: Vec<&Party> = Vec::new();
    match visibility {
        Visibility::Internal => {
            told.extend(&ticket.responsible);
            told.extend(
                ticket
                    .watchers
                    .iter()
                    .filter(|watcher| is_technician(&watcher.email)),
            );
        }
        Visibility::Public => {
            if ticket.requester.email == *author {
                told.extend(desk_side);
            } else if is_technician(author) {
                told.push(&ticket.requester);
            } else {
                told.push(&ticket.requester);
                told.extend(desk_side);
            }
            told.extend(&ticket.watchers);
        }
    }
    let mut seen = BTreeSet::from([author]);
    told.into_iter()
        .filter(|party| seen.insert(&party.email))
        .cloned()
        .collect()
}

/// Whom [`recipients`] chooses from, whatever the comment's visibility and whoever is a technician. Without repeats, and
/// without the author where they are known.
pub fn eligible<'a>(
    ticket: &'a Ticket,
    author: Option<&'a EmailAddress>,
    desk: Option<&'a EmailAddress>,
) -> Vec<&'a EmailAddress> {
    let answering = desk_side(ticket, None).map(|party| &party.email).or(desk);
    let watchers = ticket.watchers.iter().map(|party| &party.email);
    let mut seen: BTreeSet<_> = author.into_iter().collect();
    std::iter::once(&ticket.requester.email)
        .chain(answering)
        .chain(watchers)
        .filter(|email| seen.insert(email))
        .collect()
}

/// Who answers for the ticket.
fn desk_side<'a>(ticket: &'a Ticket, desk: Option<&'a Party>) -> Option<&'a Party> {
    ticket.responsible.as_ref().or(ticket.group.as_ref()).or(desk)
}

/// Whom a change of a ticket cuts off: named on it before, as requester, responsible, group or watcher, and not after.
///
/// Mails about the ticket to these addresses must not leave any more. The desk, which is told when nobody answers for
/// a ticket, is never cut off. Roles do not count: a technician still sees the ticket, but is no longer written to.
pub fn cut_off(before: &Ticket, after: &Ticket, desk: Option<&Party>) -> BTreeSet<EmailAddress> {
    let mut cut_off = named(before);
    for email in named(after) {
        cut_off.remove(&email);
    }
    if let Some(desk) = desk {
        cut_off.remove(&desk.email);
    }
    cut_off
}

fn named(ticket: &Ticket) -> BTreeSet<EmailAddress> {
    let desk_side = ticket.responsible.iter().chain(&ticket.group);
    let parties = [&ticket.requester]
        .into_iter()
        .chain(desk_side)
        .chain(&ticket.watchers);
    parties.map(|party| party.email.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::{TicketId, TicketNumber, TicketStatus, Version};
    use jiff::Timestamp;
    use uuid::Uuid;

    fn party(name: &str) -> Party {
        Party::parse(name, &format!("{name}@example.com")).unwrap()
    }

    fn ticket(responsible: Option<&str>, group: Option<&str>, watchers: &[&str]) -> Ticket {
        Ticket {
            id: TicketId(Uuid::nil()),
            number: TicketNumber::parse("1").unwrap(),
            title: String::new(),
            requester: party("requester"),
            responsible: responsible.map(party),
            group: group.map(party),
            status: TicketStatus::Open,
            contract: None,
            locale: None,
            watchers: watchers.iter().map(|name| party(name)).collect(),
            attributes: std::collections::BTreeMap::new(),
            version: Version(1),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            closed_at: None,
            follows: None,
        }
    }

    /// Ticket, author, visibility, the desk's address, and who is told.
    type Case<'a> = (&'a Ticket, &'a str, Visibility, Option<&'a Party>, &'a [&'a str]);

    #[test]
    fn everybody_who_should_be_told_is_and_nobody_else() {
        let technicians = BTreeSet::from(["tech", "techwatch"].map(|name| party(name).email));
        let desk = party("desk");
        let both = ticket(Some("responsible"), Some("group"), &["watcher", "techwatch"]);
        let grouped = ticket(None, Some("group"), &[]);
        let bare = ticket(None, None, &[]);
        let own = ticket(Some("requester"), None, &[]);
        let cases: [Case<'_>; 12] = [
            (
                &both,
                "requester",
                Visibility::Public,
                None,
                &["responsible", "watcher", "techwatch"],
            ),
            (
                &both,
                "responsible",
                Visibility::Public,
                None,
                &["requester", "watcher", "techwatch"],
            ),
            (
                &both,
                "tech",
                Visibility::Public,
                None,
                &["requester", "watcher", "techwatch"],
            ),
            (
                &both,
                "watcher",
                Visibility::Public,
                None,
                &["requester", "responsible", "techwatch"],
            ),
            (
                &both,
                "stranger",
                Visibility::Public,
                None,
                &["requester", "responsible", "watcher", "techwatch"],
            ),
            (
                &both,
                "tech",
                Visibility::Internal,
                None,
                &["responsible", "techwatch"],
            ),
            (&both, "responsible", Visibility::Internal, None, &["techwatch"]),
            (&grouped, "requester", Visibility::Public, Some(&desk), &["group"]),
            (&bare, "requester", Visibility::Public, Some(&desk), &["desk"]),
            (&bare, "requester", Visibility::Public, None, &[]),
            (&bare, "tech", Visibility::Internal, Some(&desk), &[]),
            (&own, "requester", Visibility::Public, None, &[]),
        ];
        for (ticket, author, visibility, desk, expected) in cases {
            let told = recipients(ticket, &party(author).email, visibility, &technicians, desk);
            let names: Vec<_> = told.iter().map(|party| party.name.as_str()).collect();
            assert_eq!(names, expected, "{visibility:?} by {author}");
            let author = party(author).email;
            let eligible = eligible(ticket, Some(&author), desk.map(|desk| &desk.email));
            assert!(
                told.iter().all(|party| eligible.contains(&&party.email)),
                "{eligible:?}"
            );
        }
    }

    #[test]
    fn whoever_may_be_told_is_named_once_and_never_the_author() {
        let full = ticket(Some("responsible"), Some("group"), &["watcher", "requester"]);
        let bare = ticket(None, None, &[]);
        let desk = party("desk").email;
        let cases: [(&Ticket, Option<&str>, &[&str]); 4] = [
            (&full, None, &["requester", "responsible", "watcher"]),
            (&full, Some("watcher"), &["requester", "responsible"]),
            (&full, Some("requester"), &["responsible", "watcher"]),
            (&bare, Some("requester"), &["desk"]),
        ];
        for (ticket, author, expected) in cases {
            let author = author.map(|name| party(name).email);
            let found: Vec<_> = eligible(ticket, author.as_ref(), Some(&desk));
            let expected: Vec<_> = expected.iter().map(|name| party(name).email).collect();
            assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{author:?}");
        }
    }

    #[test]
    fn whoever_is_no_longer_named_is_cut_off() {
        let desk = party("desk");
        let full = ticket(Some("responsible"), Some("group"), &["watcher", "other"]);
        let bare = ticket(None, None, &[]);
        let by_another = Ticket {
            requester: party("another"),
            ..full.clone()
        };
        let cases: [(&Ticket, Ticket, &[&str]); 10] = [
            (&full, full.clone(), &[]),
            (&bare, full.clone(), &[]),
            (&full, bare.clone(), &["group", "other", "responsible", "watcher"]),
            (&full, by_another.clone(), &["requester"]),
            (
                &full,
                ticket(Some("next"), Some("group"), &["watcher", "other"]),
                &["responsible"],
            ),
            (
                &full,
                ticket(Some("responsible"), None, &["watcher", "other"]),
                &["group"],
            ),
            (
                &full,
                ticket(Some("responsible"), Some("group"), &["other"]),
                &["watcher"],
            ),
            // Another part in it is a part in it.
            (
                &full,
                ticket(Some("watcher"), Some("group"), &["responsible", "other"]),
                &[],
            ),
            (
                &by_another,
                ticket(Some("another"), Some("group"), &["watcher", "other"]),
                &["responsible"],
            ),
            (&ticket(Some("desk"), None, &[]), bare.clone(), &[]),
        ];
        for (number, (before, after, expected)) in cases.into_iter().enumerate() {
            let cut_off: Vec<_> = cut_off(before, &after, Some(&desk)).into_iter().collect();
            let expected: Vec<_> = expected.iter().map(|name| party(name).email).collect();
            assert_eq!(cut_off, expected, "case {number}");
        }
        let without_desk = cut_off(&ticket(Some("desk"), None, &[]), &bare, None);
        assert_eq!(without_desk, BTreeSet::from([desk.email]));
    }

    #[test]
    fn a_name_that_is_written_anew_cuts_nobody_off() {
        let before = ticket(Some("responsible"), None, &[]);
        let renamed = Party::parse("Otro nombre", "RESPONSIBLE@example.com").unwrap();
        let after = Ticket {
            responsible: Some(renamed),
            ..before.clone()
        };
        assert_eq!(cut_off(&before, &after, None), BTreeSet::new());
    }

    #[test]
    fn a_person_sees_what_is_theirs_and_the_desk_sees_all() {
        let ticket = ticket(Some("responsible"), Some("group"), &["watcher"]);
        let viewer = |name: &str, role, groups: &[&str]| Viewer {
            email: party(name).email,
            role,
            groups: groups.iter().map(|group| party(group).email).collect(),
        };
        for (who, sees, internal) in [
            (viewer("requester", Role::Requester, &[]), true, false),
            (viewer("watcher", Role::Requester, &[]), true, false),
            (viewer("responsible", Role::Requester, &[]), true, true),
            (viewer("member", Role::Requester, &["group"]), true, true),
            (viewer("stranger", Role::Requester, &["other"]), false, false),
            (viewer("tech", Role::Technician, &[]), true, true),
            (viewer("admin", Role::Administrator, &[]), true, true),
        ] {
            assert_eq!(
                (who.sees(&ticket), who.sees_internal(&ticket)),
                (sees, internal),
                "{who:?}"
            );
        }
    }
}
