//! `recado delivery`: mails that are owed or have left.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use recado_app::read_deliveries::{DeliveryQuery, ShownDelivery, ShownState};
use recado_domain::outbox::DeliveryId;
use recado_domain::ticket::TicketNumber;
use recado_ports::page::{PageLimit, PageRequest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::OPERATOR;
use super::output::{Answer, record, table};
use crate::wiring::House;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Deliveries, oldest first
    List(List),
    /// One delivery with its attempts
    Show {
        /// Its id
        id: Uuid,
    },
    /// Send a dead, cancelled or waiting delivery anew, with the same Message-ID
    Requeue {
        /// Its id
        id: Uuid,
    },
    /// Call a delivery back that has not left
    Cancel {
        /// Its id
        id: Uuid,
    },
    /// Write the message, as every attempt sends it, to standard output
    Message {
        /// Its id
        id: Uuid,
    },
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those in this state
    #[arg(long, value_parser = state)]
    state: Option<ShownState>,
    /// Only those of this ticket
    #[arg(long, value_parser = TicketNumber::parse)]
    ticket: Option<TicketNumber>,
    /// Most deliveries to list, up to 500
    #[arg(long, default_value_t = 100)]
    limit: u16,
    /// Go on behind this, which an earlier list ended with
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

fn state(text: &str) -> Result<ShownState, &'static str> {
    ShownState::parse(text)
        .ok_or("needs ready, leased, sending, retry, unsure, sent, dead, cancelled or held")
}

pub(super) async fn run(house: &House, command: Command) -> anyhow::Result<Answer> {
    let read = house.read_deliveries();
    match command {
        Command::List(list) => {
            let page = PageRequest {
                after: list.after,
                limit: PageLimit::clamp(list.limit.into()),
            };
            let query = DeliveryQuery {
                state: list.state,
                ticket: list.ticket,
            };
            let page = read
                .list(&OPERATOR, &query, &page)
                .await
                .context("delivery list")?;
            let rows: Vec<_> = page.items.iter().map(row).collect();
            let items: Vec<_> = page.items.iter().map(shape).collect();
            let heading = [
                "ID",
                "STATE",
                "TICKET",
                "RECIPIENT",
                "TRIES",
                "NEXT",
                "LAST REPLY",
            ];
            let more = page
                .next
                .as_ref()
                .map(|next| format!("there are more: --after {next}\n"));
            let text = table(heading, &rows) + &more.unwrap_or_default();
            Ok(Answer::new(text, json!({ "items": items, "next": page.next })))
        }
        Command::Show { id } => show(house, DeliveryId(id)).await,
        Command::Requeue { id } => {
            house
                .steer_delivery()
                .requeue(&OPERATOR, DeliveryId(id))
                .await
                .context("delivery requeue")?;
            show(house, DeliveryId(id)).await
        }
        Command::Cancel { id } => {
            house
                .steer_delivery()
                .cancel(&OPERATOR, DeliveryId(id))
                .await
                .context("delivery cancel")?;
            show(house, DeliveryId(id)).await
        }
        Command::Message { id } => {
            let message = read
                .message(&OPERATOR, DeliveryId(id))
                .await
                .context("delivery message")?;
            Ok(Answer::octets(message))
        }
    }
}

async fn show(house: &House, id: DeliveryId) -> anyhow::Result<Answer> {
    let shown = house
        .read_deliveries()
        .find(&OPERATOR, id)
        .await
        .context("delivery show")?;
    let delivery = &shown.history.delivery;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut lines = record(&[
        ("id", id.0.to_string()),
        ("state", shown.state.as_str().to_owned()),
        (
            "outcome",
            delivery
                .outcome
                .map(|outcome| outcome.as_str().to_owned())
                .unwrap_or_default(),
        ),
        (
            "ticket",
            shown.ticket.as_ref().map(ToString::to_string).unwrap_or_default(),
        ),
        (
            "cause",
            format!("{} {}", delivery.cause.kind(), delivery.cause.id()),
        ),
        ("recipient", delivery.recipient.to_string()),
        ("sender", delivery.sender.to_string()),
        ("account", delivery.account.to_string()),
        ("Message-ID", delivery.message_id.to_string()),
        ("octets", delivery.size.to_string()),
        ("stored", delivery.created_at.to_string()),
        (
            "next try",
            delivery
                .next_attempt_at
                .map(|at| at.to_string())
                .unwrap_or_default(),
        ),
        ("last reply", text(&delivery.last_reply)),
    ]);
    let attempts: Vec<_> = shown
        .history
        .attempts
        .iter()
        .map(|attempt| {
            [
                attempt.at.to_string(),
                attempt.outcome.as_str().to_owned(),
                text(&attempt.reply),
            ]
        })
        .collect();
    if !attempts.is_empty() {
        lines.push('\n');
        lines.push_str(&table(["AT", "LED TO", "REPLY"], &attempts));
    }
    Ok(Answer::new(lines, shape(&shown)))
}

fn row(shown: &ShownDelivery) -> [String; 7] {
    let delivery = &shown.history.delivery;
    [
        delivery.id.0.to_string(),
        shown.state.as_str().to_owned(),
        shown.ticket.as_ref().map(ToString::to_string).unwrap_or_default(),
        delivery.recipient.to_string(),
        delivery.attempts.to_string(),
        delivery
            .next_attempt_at
            .map(|at| at.to_string())
            .unwrap_or_default(),
        delivery.last_reply.clone().unwrap_or_default(),
    ]
}

/// As the HTTP API has it.
fn shape(shown: &ShownDelivery) -> Value {
    let delivery = &shown.history.delivery;
    let comment = (delivery.cause.kind() == "comment").then(|| delivery.cause.id());
    let attempts: Vec<_> = shown
        .history
        .attempts
        .iter()
        .map(|attempt| {
            json!({ "at": attempt.at.to_string(), "outcome": attempt.outcome.as_str(), "reply": attempt.reply })
        })
        .collect();
    json!({
        "id": delivery.id.0,
        "cause": delivery.cause.kind(),
        "comment": comment,
        "ticket": shown.ticket.as_ref().map(TicketNumber::as_str),
        "recipient": delivery.recipient.as_str(),
        "state": shown.state.as_str(),
        "outcome": delivery.outcome.map(recado_domain::outbox::Outcome::as_str),
        "attempts": attempts,
        "next_attempt_at": delivery.next_attempt_at.map(|at| at.to_string()),
        "message_id": delivery.message_id.as_str(),
        "last_reply": delivery.last_reply,
    })
}
