//! `recado user`: people's accounts, and the way back in for those who locked themselves out.

use std::io::Read as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use recado_app::manage_people::AccountEdit;
use recado_app::passwords::{self, NewPassword};
use recado_domain::person::{EmailAddress, Party, PersonName, Role, Standing, User};
use recado_ports::accounts::{Account, AccountFilter};
use recado_ports::page::{PageLimit, PageRequest};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::OPERATOR;
use super::output::{Answer, table};
use crate::wiring::House;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add an account
    Add(Add),
    /// Every account, by address
    List(List),
    /// Give an account a new password, read from standard input, and end its sessions
    Password(Password),
    /// Let an account do nothing any more, and end its sessions
    Disable(Which),
    /// Let a disabled account in again
    Enable(Which),
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

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those with this role
    #[arg(long, value_parser = role)]
    role: Option<Role>,
}

#[derive(Debug, Args)]
pub(super) struct Password {
    #[command(flatten)]
    which: Which,
    /// Take the password away: the account signs in by links alone
    #[arg(long)]
    remove: bool,
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// The address, by which the account is known
    #[arg(long)]
    email: EmailAddress,
}

fn role(text: &str) -> Result<Role, &'static str> {
    Role::parse(text).ok_or("needs requester, technician or administrator")
}

pub(super) async fn run(house: &House, command: Command) -> anyhow::Result<Answer> {
    match command {
        Command::Add(new) => add(house, new).await,
        Command::List(filter) => list(house, filter).await.context("user list"),
        Command::Password(Password { which, remove }) => {
            let password = if remove { None } else { Some(password()?) };
            let edit = AccountEdit {
                password: Some(password),
                ..AccountEdit::default()
            };
            let user = change(house, &which, edit).await.context("user password")?;
            let what = if remove {
                "has no password now"
            } else {
                "has a new password"
            };
            Ok(answer(&user, what))
        }
        Command::Disable(which) => {
            let user = change(house, &which, standing(Standing::Disabled)).await;
            Ok(answer(&user.context("user disable")?, "is disabled"))
        }
        Command::Enable(which) => {
            let user = change(house, &which, standing(Standing::Active)).await;
            Ok(answer(&user.context("user enable")?, "is active"))
        }
    }
}

async fn add(house: &House, new: Add) -> anyhow::Result<Answer> {
    let hash = if new.password_stdin {
        let password = NewPassword::parse(password()?).context("the password on standard input")?;
        Some(passwords::hash(password, &*house.ids).await?)
    } else {
        None
    };
    let party = Party {
        name: new.name,
        email: new.email,
    };
    let user = house
        .add_user()
        .run(&OPERATOR, party, new.role, hash)
        .await
        .context("user add")?;
    Ok(Answer::new(
        format!("added {}, {}\n", user.party.email, user.role.as_str()),
        shape(&user),
    ))
}

async fn list(house: &House, filter: List) -> anyhow::Result<Answer> {
    let filter = AccountFilter {
        role: filter.role,
        ..AccountFilter::default()
    };
    let mut page = PageRequest {
        after: None,
        limit: PageLimit::clamp(PageLimit::MAX.into()),
    };
    let mut accounts = Vec::new();
    loop {
        let found = house.manage_people().accounts(&OPERATOR, &filter, &page).await?;
        accounts.extend(found.items);
        match found.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    let rows: Vec<_> = accounts.iter().map(row).collect();
    let items: Vec<_> = accounts.iter().map(|account| shape(&account.user)).collect();
    Ok(Answer::new(
        table(["ADDRESS", "ROLE", "STANDING", "PASSWORD", "NAME"], &rows),
        json!({ "items": items, "next": null }),
    ))
}

async fn change(house: &House, which: &Which, edit: AccountEdit) -> anyhow::Result<User> {
    Ok(house
        .manage_people()
        .change(&OPERATOR, &which.email, edit)
        .await?)
}

fn standing(standing: Standing) -> AccountEdit {
    AccountEdit {
        standing: Some(standing),
        ..AccountEdit::default()
    }
}

fn answer(user: &User, what: &str) -> Answer {
    Answer::new(format!("{} {what}\n", user.party.email), shape(user))
}

/// What standard input says; a line break at its end is not the password's.
fn password() -> anyhow::Result<SecretString> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("standard input")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line)))
}

fn shown(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::Disabled => "disabled",
    }
}

fn row(account: &Account) -> [String; 5] {
    let user = &account.user;
    [
        user.party.email.to_string(),
        user.role.as_str().to_owned(),
        shown(user.standing).to_owned(),
        if account.has_password { "set" } else { "" }.to_owned(),
        user.party.name.to_string(),
    ]
}

fn shape(user: &User) -> Value {
    json!({
        "id": user.id.0,
        "email": user.party.email.as_str(),
        "name": user.party.name.as_str(),
        "role": user.role.as_str(),
        "standing": shown(user.standing),
    })
}
