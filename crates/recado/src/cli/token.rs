//! `recado token`: tokens for the HTTP API.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use recado_domain::person::EmailAddress;

use super::OPERATOR;
use super::output::Answer;
use crate::wiring::House;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token; standard output is the token alone, which is shown this once
    Create(Create),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The account that the token stands for
    #[arg(long)]
    email: EmailAddress,
    /// What it is for, in your words
    #[arg(long)]
    label: String,
}

pub(super) async fn run(house: &House, command: Command) -> anyhow::Result<Answer> {
    let Command::Create(create) = command;
    let token = house
        .create_token()
        .run(&OPERATOR, &create.email, &create.label)
        .await
        .context("token create")?;
    let json = serde_json::json!({ "token": token, "email": create.email.as_str(), "label": create.label });
    Ok(Answer::new(format!("{token}\n"), json))
}
