//! Speed and its cost: how many mails a second end to end and at what processor time, how soon, how it grows with what
//! is stored, beside the limits of the machine in the same run.
//!
//! Run by `cargo xtask bench`, which builds the release binary. Figures are of this machine and this minute; the
//! ratios are what to compare. `docs/performance.md` says what each row means.

mod bare_client;
mod driver;
mod flow;
mod incoming;
mod processor;
mod report;
mod sink;
mod stage;

use std::path::PathBuf;

use clap::Parser;
use recado_tests::servers::Postgres;
use recado_tests::servers::postgres::Durability;

use crate::flow::Turns;
use crate::report::{Goal, Report};
use crate::stage::{Kind, Stage};

#[derive(Parser)]
#[command(about = "Measures the daemon's speed, beside the limits of the machine.")]
struct Arguments {
    /// Mails end to end in one repetition
    #[arg(long, default_value_t = 10_000)]
    mails: usize,
    /// Repetitions
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// Mails a second and their cost alone
    #[arg(long)]
    quick: bool,
    /// Parts: databases (sqlite, postgres) and what is measured (flow, in)
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Write the figures here as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Compare with the figures in this file
    #[arg(long)]
    against: Option<PathBuf>,
}

const DATABASES: [&str; 2] = ["sqlite", "postgres"];
const PARTS: [&str; 2] = ["flow", "in"];

impl Arguments {
    /// Whether a database or a part is wanted: those named, or all where none of its sort is named.
    fn is_wanted(&self, what: &str) -> bool {
        let sort: &[&str] = if DATABASES.contains(&what) {
            &DATABASES
        } else {
            &PARTS
        };
        if self.quick && sort != DATABASES && what != "flow" {
            return false;
        }
        let mut named = self
            .only
            .iter()
            .filter(|named| sort.contains(&named.as_str()))
            .peekable();
        named.peek().is_none() || named.any(|named| named == what)
    }
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let earlier = arguments.against.as_ref().map(|file| {
        let text = std::fs::read_to_string(file).expect("the earlier figures can be read");
        serde_json::from_str(&text).expect("the earlier figures are JSON")
    });
    let mut report = Report::new(std::collections::BTreeMap::new());
    let postgres = arguments
        .is_wanted("postgres")
        .then(|| Postgres::alone(Durability::Flushed))
        .flatten();
    let mut kinds = Vec::new();
    if arguments.is_wanted("sqlite") {
        kinds.push(Kind {
            key: "sqlite",
            name: "SQLite",
            postgres: None,
        });
    }
    if let Some(postgres) = &postgres {
        kinds.push(Kind {
            key: "postgres",
            name: "PostgreSQL",
            postgres: Some(postgres),
        });
    }
    for kind in &kinds {
        if arguments.is_wanted("flow") {
            flow(&arguments, &mut report, kind).await;
        }
        if arguments.is_wanted("in") {
            incoming::measure(&mut report, kind).await;
        }
    }
    println!("\n{}", report.table());
    if let Some(earlier) = earlier {
        println!("{}", report.against(&earlier));
    }
    if let Some(file) = &arguments.json {
        report.write(file);
    }
}

async fn flow(arguments: &Arguments, report: &mut Report, kind: &Kind<'_>) {
    let mut stage = Stage::set_up(kind).await;
    stage.processes().wait_for_rest();
    let resident = processor::resident_mib(stage.daemon());
    let row = kind.row("memory.rest", "resident at rest", "MiB", &[resident]);
    report.add(row.goal(Goal::AtMost(25.0)));
    Turns::take(&stage, arguments.mails, arguments.repetitions).tell(report, &stage);
    stage.stop();
}
