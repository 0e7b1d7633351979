//! What the machine can do at most, measured in the same run by programs that do nothing else: the disk, the databases,
//! and the bench's own driver.

pub(crate) mod bare;
pub(crate) mod disk;
pub(crate) mod http;
pub(crate) mod pgbench;
pub(crate) mod sqlite;

use crate::flow::CALLERS;
use crate::report::Report;
use crate::stage::{Kind, Stage};

/// Repetitions of each.
const REPETITIONS: usize = 3;

/// What committing the rows of comments came to, and nothing else.
pub(crate) struct Committed {
    /// Comments a second.
    pub(crate) rate: f64,
    /// Milliseconds of processor time a comment: the program's with SQLite, the server's with PostgreSQL.
    pub(crate) cost: f64,
}

/// Those that need no database.
pub(crate) fn of_machine(report: &mut Report) {
    report.add(disk::measure());
    for row in http::measure(REPETITIONS) {
        report.add(row);
    }
}

/// A bare program that commits the rows of comments to SQLite.
pub(crate) async fn of_sqlite(report: &mut Report, kind: &Kind<'_>) {
    let mut stage = Stage::set_up(kind).await;
    stage.stop();
    let mut rows = sqlite::Rows::open(&stage.file());
    let mut commit = |group| (0..REPETITIONS).map(|_| rows.commit(group)).collect::<Vec<_>>();
    let (single, grouped) = (commit(1), commit(CALLERS));
    let rates = |committed: &[Committed]| committed.iter().map(|done| done.rate).collect::<Vec<f64>>();
    report.add(kind.row(
        "limit.single",
        "the same rows, one by one, by a bare program",
        "commits/s",
        &rates(&single),
    ));
    let label = format!("the same rows, {CALLERS} in a commit, by a bare program");
    report.add(kind.row("limit.grouped", &label, "comments/s", &rates(&grouped)));
    let costs: Vec<f64> = grouped.iter().map(|done| done.cost).collect();
    report.add(kind.row(
        "limit.grouped.cost",
        "processor time a comment, of the same",
        "ms",
        &costs,
    ));
}
