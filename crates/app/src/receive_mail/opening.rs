//! A ticket that a mail opens.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use recado_domain::incoming::{IncomingMail, bare_subject};
use recado_domain::locale::Locale;
use recado_domain::person::Party;
use recado_domain::template::one_line;
use recado_domain::ticket::{Ticket, TicketId, TicketNumber, TicketStatus, Version};
use recado_ports::ids::Ids;

use crate::put_ticket::TITLE_CHARS;
use crate::wording;

/// Characters that nobody takes for one another when they read a number out.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Random characters in a number.
const RANDOM: usize = 4;

/// The new ticket. One that follows another is answered for by the same people.
pub(super) fn ticket(
    mail: &IncomingMail,
    requester: &Party,
    follows: Option<&Ticket>,
    ids: &dyn Ids,
    today: (Timestamp, &TimeZone, Locale),
) -> Ticket {
    let (now, zone, locale) = today;
    Ticket {
        id: TicketId(ids.next()),
        number: number(ids, now, zone),
        title: title(
            &mail.shown.subject,
            follows.and_then(|closed| closed.locale).unwrap_or(locale),
        ),
        requester: requester.clone(),
        responsible: follows.and_then(|closed| closed.responsible.clone()),
        group: follows.and_then(|closed| closed.group.clone()),
        status: TicketStatus::Open,
        contract: follows.and_then(|closed| closed.contract.clone()),
        locale: follows.and_then(|closed| closed.locale),
        watchers: Vec::new(),
        attributes: BTreeMap::new(),
        version: Version(0),
        created_at: now,
        updated_at: now,
        closed_at: None,
        follows: follows.map(|closed| closed.number.clone()),
    }
}

/// `R261122-7KXQ`: the day, and what keeps the next one from being guessed.
fn number(ids: &dyn Ids, now: Timestamp, zone: &TimeZone) -> TicketNumber {
    let day = zone.to_datetime(now);
    let mut text = format!(
        "R{:02}{:02}{:02}-",
        day.year().rem_euclid(100),
        day.month(),
        day.day()
    );
    // The low bits of a UUIDv4 are random throughout (RFC 9562 §5.4).
    let mut random = ids.random().as_u128();
    for _ in 0..RANDOM {
        let index = usize::try_from(random % 32).expect("a remainder of 32 fits");
        text.push(char::from(ALPHABET[index]));
        random /= 32;
    }
    TicketNumber::parse(&text).expect("letters and digits make a number")
}

/// The subject without marks of answering.
fn title(subject: &str, locale: Locale) -> String {
    let bare = bare_subject(subject);
    let line: String = one_line(&bare).trim().chars().take(TITLE_CHARS).collect();
    if line.is_empty() {
        wording::no_subject(locale).to_owned()
    } else {
        line
    }
}
