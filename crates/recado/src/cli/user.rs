//! `recado user`: people's accounts.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use clap::{Args, Subcommand};
use recado_domain::person::{EmailAddress, Party, PersonName, Role};
use secrecy::{ExposeSecret as _, SecretString};

use super::OPERATOR;
use super::output::Answer;
use crate::wiring::House;

/// NIST SP 800-63B §5.1.1.2.
const SHORTEST_PASSWORD: usize = 8;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add an account
    Add(Add),
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The address, by which the account is known
    #[arg(long)]
    email: EmailAddress,
    /// The name that others read
    #[arg(long, value_parser = PersonName::parse)]
    name: PersonName,
    /// What the account may do: requester, technician or administrator
    #[arg(long, value_parser = role)]
    role: Role,
    /// Read a password for signing in from standard input
    #[arg(long)]
    password_stdin: bool,
}

fn role(text: &str) -> Result<Role, &'static str> {
    Role::parse(text).ok_or("needs requester, technician or administrator")
}

pub(super) async fn run(house: &House, command: Command) -> anyhow::Result<Answer> {
    let Command::Add(add) = command;
    let hash = if add.password_stdin {
        Some(hash(&password()?)?)
    } else {
        None
    };
    let party = Party {
        name: add.name,
        email: add.email,
    };
    let user = house
        .add_user()
        .run(&OPERATOR, party, add.role, hash)
        .await
        .context("user add")?;
    let json = serde_json::json!({
        "id": user.id.0,
        "email": user.party.email.as_str(),
        "name": user.party.name.as_str(),
        "role": user.role.as_str(),
    });
    Ok(Answer::new(
        format!("added {}, {}\n", user.party.email, user.role.as_str()),
        json,
    ))
}

fn password() -> anyhow::Result<SecretString> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("standard input")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let password = SecretString::from(line.strip_suffix('\r').unwrap_or(line));
    if password.expose_secret().chars().count() < SHORTEST_PASSWORD {
        bail!("the password on standard input: it needs at least {SHORTEST_PASSWORD} characters");
    }
    Ok(password)
}

/// A PHC string of Argon2id with the crate's recommended cost.
fn hash(password: &SecretString) -> anyhow::Result<String> {
    let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
    Ok(hash.context("the password cannot be hashed")?.to_string())
}
