//! `recado parameter`: parameters by number. A secret is set, and never printed.

use std::io::Read as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use recado_app::read_parameters::ParameterState;
use recado_domain::parameter::Parameter;
use serde_json::{Value, json};

use super::OPERATOR;
use super::output::{Answer, table};
use crate::wiring::House;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Every parameter with the value that counts
    List,
    /// The value that counts
    Get {
        /// Its number, such as 417
        number: u16,
    },
    /// Set a parameter; it counts at once
    Set(Set),
}

#[derive(Debug, Args)]
pub(super) struct Set {
    /// Its number, such as 417
    number: u16,
    /// The value; `-` reads it from standard input, as a password should be given
    #[arg(required_unless_present = "unset", allow_hyphen_values = true)]
    value: Option<String>,
    /// Return the parameter to its default
    #[arg(long, conflicts_with = "value")]
    unset: bool,
}

pub(super) async fn run(house: &House, command: Command) -> anyhow::Result<Answer> {
    match command {
        Command::List => {
            let states = house
                .read_parameters()
                .list(&OPERATOR)
                .await
                .context("parameter list")?;
            let rows: Vec<_> = states.iter().map(row).collect();
            let items: Vec<_> = states.iter().map(shape).collect();
            Ok(Answer::new(
                table(["NO", "VALUE", "FROM", "NAME"], &rows),
                json!({ "items": items, "next": null }),
            ))
        }
        Command::Get { number } => {
            let parameter = Parameter::from_number(number)?;
            let state = house
                .read_parameters()
                .find(&OPERATOR, parameter)
                .await
                .context("parameter get")?;
            Ok(Answer::new(format!("{}\n", shown(&state)), shape(&state)))
        }
        Command::Set(set) => {
            let parameter = Parameter::from_number(set.number)?;
            let value = match set.value {
                Some(value) if value == "-" => Some(standard_input()?),
                value => value,
            };
            let set = house
                .set_parameter()
                .run(&OPERATOR, parameter, value.as_deref())
                .await;
            let (state, warnings) = set.context("parameter set")?;
            let text = format!("{parameter}: {}\n", shown(&state));
            let mut json = shape(&state);
            if !warnings.is_empty() {
                json["warnings"] = json!(warnings);
            }
            Ok(Answer::new(text, json).with_warnings(warnings))
        }
    }
}

/// The first line; a line break at its end is not the value's.
fn standard_input() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("standard input")?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    Ok(value.strip_suffix('\r').unwrap_or(value).to_owned())
}

/// The value that counts, for people.
fn shown(state: &ParameterState) -> String {
    match (&state.value, state.is_set) {
        (Some(value), _) => value.clone(),
        (None, true) => "(set, not shown)".to_owned(),
        (None, false) => state.parameter.default_value().unwrap_or_default().to_owned(),
    }
}

fn row(state: &ParameterState) -> [String; 4] {
    let from = match (state.is_pinned, state.is_set) {
        (true, _) => "configuration",
        (false, true) => "database",
        (false, false) if state.parameter.default_value().is_some() => "default",
        (false, false) => "",
    };
    [
        state.parameter.number().to_string(),
        shown(state),
        from.to_owned(),
        state.parameter.name().to_owned(),
    ]
}

/// As the HTTP API has it.
fn shape(state: &ParameterState) -> Value {
    json!({
        "number": state.parameter.number(),
        "name": state.parameter.name(),
        "value": state.value,
        "default": state.parameter.default_value(),
        "pinned": state.is_pinned,
        "secret": state.parameter.is_secret(),
        "set": state.is_set,
    })
}
