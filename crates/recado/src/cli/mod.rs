//! The command line: one module per noun. Parses, opens what a command needs, and says what came of it.

mod channel;
mod delivery;
mod doctor;
mod mail;
mod output;
mod parameter;
mod receive;
mod template;
mod token;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use recado_app::access::Actor;

use crate::config::{Configuration, ConfigurationFault, Sources};
use crate::demo;
use crate::log;
use crate::serve;
use crate::wiring::House;
use output::Form;
pub(crate) use output::{Answer, Colours, say};

/// `EX_CONFIG` of `sysexits.h`.
const BAD_CONFIGURATION: u8 = 78;

/// Threads for what blocks: reads of SQLite, password hashes, files, the parsing of mails; beside one for each delivery
/// worker, which may wait for a name server. Tokio's own bound is 512, and under load it makes dozens, each with memory
/// of its own.
const BLOCKING_THREADS: usize = 8;

/// Whoever runs the command line on the daemon's machine may do everything.
const OPERATOR: Actor = Actor::Operator;

/// A comment on a ticket becomes a mail to the other party, and stays owed until it has left.
#[derive(Debug, Parser)]
#[command(
    name = "recado",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(crate) struct CommandLine {
    /// The configuration file [default: recado.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write JSON
    #[arg(long, global = true)]
    json: bool,
    /// Log more; twice for still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon: the HTTP API, delivery, and the ways in for mail
    Serve,
    /// See it work at once: sample data, and a mail catcher inside the process
    Demo(demo::DemoArguments),
    /// Bring the database up to date
    Migrate,
    /// Check configuration, database, template and mail server, and say what to do
    Doctor,
    /// People's accounts
    #[command(subcommand)]
    User(user::Command),
    /// Tokens for the HTTP API
    #[command(subcommand)]
    Token(token::Command),
    /// Parameters, by number
    #[command(subcommand)]
    Parameter(parameter::Command),
    /// Mail templates
    #[command(subcommand)]
    Template(template::Command),
    /// Mails that are owed or have left
    #[command(subcommand)]
    Delivery(delivery::Command),
    /// Mails that came in, and what became of them
    #[command(subcommand)]
    Mail(mail::Command),
    /// Take one mail in, on standard input: for a mail server's pipe or an alias file
    Receive(receive::Arguments),
    /// Outgoing accounts and their holds
    #[command(subcommand)]
    Channel(channel::Command),
    /// Print the HTTP API's description
    Openapi,
    /// Print a completion script
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Runs the command that the process was started with.
pub(crate) fn run() -> ExitCode {
    // Bad usage ends the process here, with exit code 2.
    let line = CommandLine::parse();
    let form = if line.json { Form::Json } else { Form::Text };
    let takes_mail = matches!(line.command, Command::Receive(_));
    match line.run() {
        Ok(answer) => answer.print(form),
        Err(error) => {
            report(&error);
            ExitCode::from(if takes_mail {
                receive::exit_code(&error)
            } else {
                exit_code(&error)
            })
        }
    }
}

/// One line that names the object, its causes behind it.
pub(crate) fn report(error: &anyhow::Error) {
    eprintln!("recado: {}", format!("{error:#}").replace('\n', " "));
}

fn exit_code(error: &anyhow::Error) -> u8 {
    if is_configuration(error) {
        BAD_CONFIGURATION
    } else {
        1
    }
}

fn is_configuration(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(<dyn std::error::Error>::is::<ConfigurationFault>)
}

impl CommandLine {
    fn run(self) -> anyhow::Result<Answer> {
        match self.command {
            Command::Completions { shell } => return Ok(Answer::octets(completions(shell))),
            Command::Openapi => return Ok(Answer::octets(openapi()?)),
            Command::Demo(arguments) => return demo::run(&arguments, self.verbose),
            Command::Template(template::Command::Check(check)) => return template::check(&check),
            _ => {}
        }
        let sources = Sources::of_process(self.config)?;
        let configuration = Arc::new(Configuration::load(&sources)?);
        let kind = if matches!(self.command, Command::Serve) {
            log::Process::Daemon
        } else {
            log::Process::Command
        };
        log::start(&configuration.log, kind, self.verbose);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .max_blocking_threads(BLOCKING_THREADS + usize::from(configuration.workers))
            .enable_all()
            .build()?;
        let answer = runtime.block_on(answer(self.command, configuration));
        // A daemon has waited for whatever matters; what is left must not keep it.
        runtime.shutdown_background();
        answer
    }
}

async fn answer(command: Command, configuration: Arc<Configuration>) -> anyhow::Result<Answer> {
    match command {
        Command::Doctor => return doctor::run(configuration).await,
        Command::Receive(arguments) => return receive::run(configuration, arguments).await,
        Command::Serve => return serve::run(configuration).await.map(|()| Answer::silent()),
        _ => {}
    }
    let house = House::open(configuration).await?;
    match command {
        Command::Migrate => Ok(Answer::new(
            "the database is up to date\n".to_owned(),
            serde_json::json!({ "migrated": true }),
        )),
        Command::User(command) => user::run(&house, command).await,
        Command::Token(command) => token::run(&house, command).await,
        Command::Parameter(command) => parameter::run(&house, command).await,
        Command::Template(command) => template::run(&house, command).await,
        Command::Delivery(command) => delivery::run(&house, command).await,
        Command::Mail(command) => mail::run(&house, command).await,
        Command::Channel(command) => channel::run(&house, command).await,
        Command::Serve
        | Command::Doctor
        | Command::Receive(_)
        | Command::Demo(_)
        | Command::Openapi
        | Command::Completions { .. } => {
            unreachable!("commands that open no database, or their own, were answered before")
        }
    }
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "recado", &mut script);
    script
}

fn openapi() -> anyhow::Result<Vec<u8>> {
    let mut text = recado_adapters_http::openapi().to_pretty_json()?;
    text.push('\n');
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn an_error_of_the_configuration_is_known_under_its_context() {
        let fault =
            anyhow::Error::from(ConfigurationFault::new("http.listen", "is wrong")).context("starting");
        assert!(is_configuration(&fault));
        assert!(!is_configuration(&anyhow::anyhow!("something else")));
    }
}
