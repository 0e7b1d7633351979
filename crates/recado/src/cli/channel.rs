//! `recado channel`: outgoing accounts, and ending their holds.

use anyhow::Context as _;
use clap::Subcommand;
use recado_domain::channel::AccountId;
use recado_ports::channels::Channel;
use serde_json::{Value, json};

use super::OPERATOR;
use super::output::{Answer, table};
use crate::wiring::House;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Every account with its state
    List,
    /// Hold an account: no mail leaves until it is released
    Pause {
        /// The account's number; 0 is the one that the parameters describe
        account: u32,
    },
    /// End an account's hold and try it at once
    Release {
        /// The account's number; 0 is the one that the parameters describe
        account: u32,
    },
}

pub(super) async fn run(house: &House, command: Command) -> anyhow::Result<Answer> {
    let steer = house.steer_channel();
    match command {
        Command::List => {
            let channels = steer.list(&OPERATOR).await.context("channel list")?;
            let rows: Vec<_> = channels.iter().map(row).collect();
            let items: Vec<_> = channels.iter().map(shape).collect();
            let heading = ["ACCOUNT", "STATE", "SINCE", "WHY", "LAST FAULT"];
            Ok(Answer::new(
                table(heading, &rows),
                json!({ "items": items, "next": null }),
            ))
        }
        Command::Pause { account } => {
            let channel = steer
                .pause(&OPERATOR, AccountId(account))
                .await
                .context("channel pause")?;
            let reason = channel.hold.as_ref().map(|hold| hold.reason.to_string());
            let text = format!(
                "account {account} is held ({}); recado channel release {account} ends it\n",
                reason.unwrap_or_default()
            );
            Ok(Answer::new(text, shape(&channel)))
        }
        Command::Release { account } => {
            let released = steer
                .release(&OPERATOR, AccountId(account))
                .await
                .context("channel release")?;
            let text = if released {
                format!("account {account} is released\n")
            } else {
                format!("account {account} was not held; it is tried at once\n")
            };
            Ok(Answer::new(
                text,
                json!({ "account": account, "released": released }),
            ))
        }
    }
}

fn row(channel: &Channel) -> [String; 5] {
    let hold = channel.hold.as_ref();
    [
        channel.account.to_string(),
        hold.map_or("open", |_| "held").to_owned(),
        hold.map(|hold| hold.since.to_string()).unwrap_or_default(),
        hold.map(|hold| format!("{}: {}", hold.reason, hold.detail))
            .unwrap_or_default(),
        channel.last_fault.clone().unwrap_or_default(),
    ]
}

fn shape(channel: &Channel) -> Value {
    let hold = channel.hold.as_ref().map(|hold| {
        json!({ "reason": hold.reason.as_str(), "detail": hold.detail, "since": hold.since.to_string() })
    });
    json!({ "account": channel.account.0, "hold": hold, "last_fault": channel.last_fault })
}
