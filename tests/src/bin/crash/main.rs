//! The crash harness: kills the real daemon at a named point, again and again, and counts what is left.
//!
//! Each round sends in comments, or mails by one of the three ways, while the process dies at the point; starts it again;
//! repeats what was not acknowledged, as a client or a mail server does; waits for the queue to drain; and then compares
//! three lists: what was acknowledged, what the API shows, and what the scripted mail server took.

mod incoming;
mod outgoing;
mod tally;

use std::process::ExitCode;

use recado_tests::daemon::Store;
use recado_tests::servers::{Dovecot, Postgres};

use incoming::Way;
use outgoing::Tickets;
use tally::Tally;

/// The mailbox that is read.
const MAILBOX: &str = "desk@recado.test";

#[tokio::main]
async fn main() -> ExitCode {
    let mut runs = 1;
    let mut only = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--runs", Some(number)) => runs = number.parse().expect("--runs takes a number"),
            ("--point", Some(name)) => only = Some(name),
            _ => {
                eprintln!("usage: crash [--runs N] [--point NAME]");
                return ExitCode::from(2);
            }
        }
    }
    let is_wanted = |point: &str| only.as_deref().is_none_or(|only| only == point);
    let mut databases = vec![("sqlite", None)];
    match Postgres::for_this_test() {
        Some(postgres) => databases.push(("postgres", Some(postgres))),
        None => println!("postgres is not installed: its rounds are skipped"),
    }
    let mut failed = false;
    Tally::print_heads();
    for (name, postgres) in &databases {
        let empty = |way: &str, point: &str| match postgres {
            None => Store::Sqlite,
            Some(postgres) => {
                Store::Postgres(postgres.database(&format!("crash_{way}_{}", point.replace('.', "_"))))
            }
        };
        for (way, tickets, points) in [
            ("api", Tickets::One, outgoing::POINTS),
            ("in a row", Tickets::Many, outgoing::POINTS_IN_A_ROW),
        ] {
            for (point, window) in points.iter().filter(|(point, _)| is_wanted(point)) {
                let store = empty(&way.replace(' ', "_"), point);
                let tally = outgoing::rounds(&store, tickets, point, *window, runs).await;
                tally.print(name, way, point);
                failed |= tally.has_failed();
            }
        }
        for way in Way::ALL {
            for point in way.points().filter(|point| is_wanted(point)) {
                // A mailbox of its own: the folder is numbered anew with each database.
                let dovecot = if way == Way::Imap {
                    match Dovecot::for_this_test(&[MAILBOX]) {
                        None => {
                            println!("dovecot is not installed: its rounds are skipped");
                            continue;
                        }
                        dovecot => dovecot,
                    }
                } else {
                    None
                };
                let tally =
                    incoming::rounds(&empty(way.name(), point), way, dovecot.as_ref(), point, runs).await;
                tally.print(name, way.name(), point);
                failed |= tally.has_failed();
            }
        }
    }
    println!(
        "lost, doubled: comments; mails: lost mails; outside: copies outside the window; unlike: copies that differ"
    );
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
