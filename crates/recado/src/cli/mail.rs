//! `recado mail`: the ledger of mail that came in, and the desk's word on what waits.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use recado_app::read_mails::{MailQuery, ShownMail};
use recado_app::steer_mail::{AsWatcher, SteerMail};
use recado_domain::ledger::{BounceNote, LedgerEntry, MailId, Outcome};
use recado_domain::ticket::TicketNumber;
use recado_ports::page::{PageLimit, PageRequest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::OPERATOR;
use super::output::{Answer, record, table};
use crate::wiring::House;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Mails that came in, newest first
    List(List),
    /// One mail with what became of it, and why
    Show {
        /// Its id
        id: Uuid,
    },
    /// Write a mail, as it came in, to standard output
    Raw {
        /// Its id
        id: Uuid,
    },
    /// Accept a quarantined or refused mail, in its sender's own name
    Release {
        /// Its id
        id: Uuid,
        /// Let the sender follow the ticket from now on
        #[arg(long)]
        as_watcher: bool,
    },
    /// Turn a quarantined mail down
    Refuse {
        /// Its id
        id: Uuid,
    },
    /// Judge a quarantined or failed mail anew, as if it had just come
    Replay {
        /// Its id
        id: Uuid,
    },
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those with this outcome
    #[arg(long, value_parser = outcome)]
    outcome: Option<Outcome>,
    /// Only those of this ticket
    #[arg(long, value_parser = TicketNumber::parse)]
    ticket: Option<TicketNumber>,
    /// Most mails to list, up to 500
    #[arg(long, default_value_t = 100)]
    limit: u16,
    /// Go on behind this, which an earlier list ended with
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

fn outcome(text: &str) -> Result<Outcome, String> {
    Outcome::parse(text).ok_or_else(|| {
        let names: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
        format!("needs one of: {}", names.join(", "))
    })
}

pub(super) async fn run(house: &House, command: Command) -> anyhow::Result<Answer> {
    let read = house.read_mails();
    match command {
        Command::List(list) => self::list(house, list).await,
        Command::Show { id } => {
            let shown = read.find(&OPERATOR, MailId(id)).await.context("mail show")?;
            Ok(Answer::new(lines(&shown), shape(&shown)))
        }
        Command::Raw { id } => {
            let octets = read.raw(&OPERATOR, MailId(id)).await.context("mail raw")?;
            Ok(Answer::octets(octets))
        }
        Command::Release { id, as_watcher } => {
            let as_watcher = if as_watcher { AsWatcher::Yes } else { AsWatcher::No };
            let shown = steer(house)?.release(&OPERATOR, MailId(id), as_watcher).await;
            Ok(steered(&shown.context("mail release")?))
        }
        Command::Refuse { id } => {
            let shown = steer(house)?.refuse(&OPERATOR, MailId(id)).await;
            Ok(steered(&shown.context("mail refuse")?))
        }
        Command::Replay { id } => {
            let shown = steer(house)?.replay(&OPERATOR, MailId(id)).await;
            Ok(steered(&shown.context("mail replay")?))
        }
    }
}

/// What is accepted becomes a comment, and the mails that it owes are signed.
fn steer(house: &House) -> anyhow::Result<SteerMail> {
    let keyring = house.configuration.keyring(&*house.ids)?;
    Ok(SteerMail {
        receive: house.receive_mail(&keyring),
        trail: house.trail(),
    })
}

async fn list(house: &House, list: List) -> anyhow::Result<Answer> {
    let page = PageRequest {
        after: list.after,
        limit: PageLimit::clamp(list.limit.into()),
    };
    let query = MailQuery {
        outcome: list.outcome,
        ticket: list.ticket,
    };
    let page = house
        .read_mails()
        .list(&OPERATOR, &query, &page)
        .await
        .context("mail list")?;
    let rows: Vec<_> = page.items.iter().map(row).collect();
    let items: Vec<_> = page.items.iter().map(shape).collect();
    let heading = ["ID", "RECEIVED", "OUTCOME", "TICKET", "FROM", "SUBJECT", "WHY"];
    let more = page
        .next
        .as_ref()
        .map(|next| format!("there are more: --after {next}\n"));
    let text = table(heading, &rows) + &more.unwrap_or_default();
    Ok(Answer::new(text, json!({ "items": items, "next": page.next })))
}

fn steered(shown: &ShownMail) -> Answer {
    let ticket = shown
        .ticket
        .as_ref()
        .map(|number| format!(", ticket {number}"))
        .unwrap_or_default();
    let why = shown
        .entry
        .reason
        .as_ref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    let text = format!(
        "mail {} is {}{ticket}{why}\n",
        shown.entry.id.0,
        word(&shown.entry)
    );
    Answer::new(text, shape(shown))
}

/// What became of it; a mail that is not judged yet is `pending` to people, and null to machines.
fn word(entry: &LedgerEntry) -> &'static str {
    entry.outcome.map_or("pending", Outcome::as_str)
}

fn row(shown: &ShownMail) -> [String; 7] {
    let entry = &shown.entry;
    [
        entry.id.0.to_string(),
        entry.received_at.to_string(),
        word(entry).to_owned(),
        number(shown),
        entry.from.clone(),
        entry.subject.clone(),
        entry.reason.clone().unwrap_or_default(),
    ]
}

fn number(shown: &ShownMail) -> String {
    shown.ticket.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn lines(shown: &ShownMail) -> String {
    let entry = &shown.entry;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let envelope_from = entry
        .envelope_from
        .as_ref()
        .map(|sender| format!("<{sender}>"))
        .unwrap_or_default();
    let mut fields = vec![
        ("id", entry.id.0.to_string()),
        ("outcome", word(entry).to_owned()),
        ("why", text(&entry.reason)),
        ("ticket", number(shown)),
        (
            "comment",
            entry.comment.map(|id| id.0.to_string()).unwrap_or_default(),
        ),
        ("received", entry.received_at.to_string()),
        ("via", entry.via.as_str().to_owned()),
        ("From", entry.from.clone()),
        ("To", entry.to.clone()),
        ("Subject", entry.subject.clone()),
        ("Message-ID", text(&entry.message_id)),
        ("sent by", envelope_from),
        (
            "sent to",
            entry
                .envelope_to
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        ("octets", entry.size.to_string()),
    ];
    if let Some(person) = &entry.person {
        fields.push(("token of", person.to_string()));
    }
    if let Some(bounce) = &entry.bounce {
        fields.extend([
            ("about", text(&bounce.recipient)),
            ("status", text(&bounce.status)),
            ("diagnostic", text(&bounce.diagnostic)),
            ("for good", if bounce.permanent { "yes" } else { "no" }.to_owned()),
            (
                "delivery",
                bounce.delivery.map(|id| id.0.to_string()).unwrap_or_default(),
            ),
        ]);
    }
    record(&fields)
}

/// As the HTTP API has it.
fn shape(shown: &ShownMail) -> Value {
    let entry = &shown.entry;
    json!({
        "id": entry.id.0,
        "received_at": entry.received_at.to_string(),
        "via": entry.via.as_str(),
        "from": entry.from,
        "to": entry.to,
        "subject": entry.subject,
        "message_id": entry.message_id,
        "outcome": entry.outcome.map(Outcome::as_str),
        "reason": entry.reason,
        "ticket": shown.ticket.as_ref().map(TicketNumber::as_str),
        "comment": entry.comment.map(|comment| comment.0),
        "bounce": entry.bounce.as_ref().map(bounce),
    })
}

fn bounce(note: &BounceNote) -> Value {
    json!({
        "recipient": note.recipient,
        "status": note.status,
        "diagnostic": note.diagnostic,
        "permanent": note.permanent,
        "delivery": note.delivery.map(|delivery| delivery.0),
    })
}
