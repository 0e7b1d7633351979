//! Speed and its cost: how many mails a second end to end and at what processor time, how soon, how it grows with what
//! is stored, beside the limits of the machine in the same run.
//!
//! Run by `cargo xtask bench`, which builds the release binary. Figures are of this machine and this minute; the
//! ratios are what to compare. `docs/performance.md` says what each row means.

mod bare_client;
mod daemons;
mod drain;
mod driver;
mod flow;
mod growth;
mod incoming;
mod latency;
mod limits;
mod load;
mod machine;
mod processor;
mod profile;
mod report;
mod sink;
mod stage;
mod start;
mod turns;

use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use recado_tests::servers::Postgres;
use recado_tests::servers::postgres::Durability;

use crate::limits::bare::Bare;
use crate::limits::pgbench::Pgbench;
use crate::load::{Load, Queue};
use crate::report::{Goal, Report};
use crate::stage::{Kind, Stage};
use crate::turns::Turns;

#[derive(Parser)]
#[command(about = "Measures the daemon's speed, beside the limits of the machine.")]
struct Arguments {
    /// Mails end to end in one repetition; as many as leave in four seconds unless given
    #[arg(long)]
    mails: Option<usize>,
    /// Repetitions
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// Comments posted one at a time
    #[arg(long, default_value_t = 200)]
    samples: usize,
    /// Mails that are queued and drained
    #[arg(long, default_value_t = 100_000)]
    queued: usize,
    /// Comments, and waiting mails, in the large database
    #[arg(long, default_value_t = 1_000_000)]
    stored: usize,
    /// Mails a second and their cost alone, without the large database
    #[arg(long)]
    quick: bool,
    /// How the daemon's processor time divides alone, by `perf`; the release binary is built for it apart
    #[arg(long)]
    profile: bool,
    /// Databases and parts, with commas between: all databases where none is named, all parts where none is
    #[arg(long, value_delimiter = ',', value_parser = [
        "sqlite", "postgres", "limits", "flow", "large", "latency", "start", "growth", "daemons", "drain", "in",
    ])]
    only: Vec<String>,
    /// Write the figures here as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Put the tables into this page, between its marks
    #[arg(long)]
    into: Option<PathBuf>,
    /// Compare with the figures in this file
    #[arg(long)]
    against: Option<PathBuf>,
}

const DATABASES: [&str; 2] = ["sqlite", "postgres"];

impl Arguments {
    fn has_database(&self, name: &str) -> bool {
        let named = |only: &String| DATABASES.contains(&only.as_str());
        !self.only.iter().any(named) || self.only.iter().any(|only| only == name)
    }

    fn has_part(&self, name: &str) -> bool {
        if self.quick {
            return name == "flow";
        }
        let named = |only: &String| !DATABASES.contains(&only.as_str());
        !self.only.iter().any(named) || self.only.iter().any(|only| only == name)
    }
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let start = Instant::now();
    let earlier = arguments.against.as_ref().map(|file| {
        let text = std::fs::read_to_string(file).expect("the earlier figures can be read");
        serde_json::from_str(&text).expect("the earlier figures are JSON")
    });
    let wants_postgres = arguments.has_database("postgres");
    let postgres = wants_postgres
        .then(|| Postgres::alone(Durability::Flushed))
        .flatten();
    if wants_postgres && postgres.is_none() {
        println!("PostgreSQL is not installed: it is left out");
    }
    let mut kinds = Vec::new();
    if arguments.has_database("sqlite") {
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
    let mut report = Report::new(machine::about(postgres.as_ref()));
    if arguments.profile {
        let mut profiles = Vec::new();
        for kind in &kinds {
            let stage = Stage::set_up(kind).await;
            match profile::measure(&stage, arguments.mails.unwrap_or(10_000)) {
                Ok(tables) => profiles.push(tables),
                Err(reason) => println!("{}: no profile: {reason}", kind.name),
            }
        }
        let profiles = profiles.join("\n");
        println!("\n{profiles}");
        if let Some(page) = &arguments.into {
            report::put_into(page, "profile", &profiles);
        }
        return;
    }
    if arguments.has_part("limits") {
        report.add(machine::binary());
        limits::of_machine(&mut report);
    }
    for kind in &kinds {
        measure(&arguments, &mut report, kind).await;
    }
    report.note("it took", format!("{} s", start.elapsed().as_secs()));
    println!("\n{}", report.table());
    if let Some(earlier) = earlier {
        println!("{}", report.against(&earlier));
    }
    if let Some(page) = &arguments.into {
        report::put_into(page, "figures", &report.table());
    }
    if let Some(file) = &arguments.json {
        report.write(file);
    }
}

async fn measure(arguments: &Arguments, report: &mut Report, kind: &Kind<'_>) {
    let has = |part| arguments.has_part(part);
    if has("limits") && kind.is_sqlite() {
        limits::of_sqlite(report, kind).await;
    }
    if ["flow", "large", "latency", "start", "growth", "daemons"]
        .into_iter()
        .any(has)
    {
        daemon(arguments, report, kind).await;
    }
    if has("drain") {
        drain::measure(report, kind, arguments.queued).await;
    }
    if has("in") {
        incoming::measure(report, kind).await;
    }
}

/// What one daemon with an empty database shows, by turns with one whose database is large.
async fn daemon(arguments: &Arguments, report: &mut Report, kind: &Kind<'_>) {
    let has = |part| arguments.has_part(part);
    let mut stage = Stage::set_up(kind).await;
    stage.processes().wait_for_rest();
    let resident = processor::resident_mib(stage.daemon());
    let row = kind.row("memory.rest", "resident at rest", "MiB", &[resident]);
    report.add(row.goal(Goal::AtMost(25.0)));
    let large = if has("large") {
        Some(large(arguments, report, kind).await)
    } else {
        None
    };
    let mut mails = arguments.mails;
    if has("flow") || has("large") {
        let pgbench = if has("flow") && !kind.is_sqlite() {
            Pgbench::start().await
        } else {
            None
        };
        let (large, pgbench) = (large.as_ref(), pgbench.as_ref());
        let turns = Turns::take(&stage, large, pgbench, arguments.mails, arguments.repetitions);
        turns.tell(report, kind);
        mails = Some(turns.mails);
    }
    if has("latency") || has("large") {
        latencies(report, kind, &stage, large.as_ref(), arguments.samples).await;
    }
    drop(large);
    if has("start") {
        start::measure(report, &mut stage);
    }
    if has("growth") {
        growth::measure(report, &mut stage, mails.unwrap_or(2000) / 2);
    }
    if has("daemons") && !kind.is_sqlite() {
        let repetitions = arguments.repetitions.div_ceil(2);
        daemons::measure(report, &stage, mails.unwrap_or(2000), repetitions);
    }
    stage.stop();
}

/// One comment at a time, to the daemon, to the one with the large database, and to a bare program on a SQLite file.
async fn latencies(
    report: &mut Report,
    kind: &Kind<'_>,
    stage: &Stage<'_>,
    large: Option<&Stage<'_>>,
    samples: usize,
) {
    let bare = if kind.is_sqlite() {
        Some(Bare::start(Stage::set_up(kind).await))
    } else {
        None
    };
    let stages = [stage].into_iter().chain(large);
    let daemons = stages.map(|stage| (stage.target(), &stage.sink));
    let takers: Vec<_> = daemons
        .chain(bare.iter().map(|bare| (bare.target(), bare.sink())))
        .collect();
    let latencies = latency::measure(&takers, samples);
    latencies[0].tell(report, kind);
    if large.is_some() {
        latencies[1].tell_against(&latencies[0], report, kind);
    }
    if let (Some(bare), Some(of_bare)) = (bare, latencies.last()) {
        of_bare.tell_limit(report, kind);
        bare.join();
    }
}

/// A daemon with a large database, and what that weighs.
async fn large<'a>(arguments: &Arguments, report: &mut Report, kind: &'a Kind<'a>) -> Stage<'a> {
    let mut stage = Stage::set_up(kind).await;
    stage.stop();
    let loading = Instant::now();
    load::fill(
        &stage,
        Load {
            comments: arguments.stored,
            queue: Queue::NextYear,
        },
    );
    println!(
        "{}: stored {} comments and mails in {:.0?}",
        kind.name,
        arguments.stored,
        loading.elapsed()
    );
    stage.serve();
    stage.processes().wait_for_rest();
    let resident = processor::resident_mib(stage.daemon());
    let row = kind.row(
        "memory.large",
        "resident at rest with the large database",
        "MiB",
        &[resident],
    );
    report.add(row.goal(Goal::AtMost(60.0)));
    stage
}
