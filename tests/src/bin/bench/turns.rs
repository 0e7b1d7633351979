//! End to end and its limits by turns: on one machine, in one minute, so that what disturbs one disturbs the other.

use crate::bare_client::{self, Sent};
use crate::flow::{self, Flow, as_number};
use crate::limits::Committed;
use crate::limits::pgbench::Pgbench;
use crate::processor;
use crate::report::{Goal, Report, Row};
use crate::stage::{CONNECTIONS, Kind, Stage};

/// How long one repetition should take, in seconds.
const REPETITION: f64 = 4.0;

/// The fewest mails of a repetition, and the most where their number is left to the bench.
const MAILS: (usize, usize) = (1000, 10_000);

/// The repetitions.
#[derive(Default)]
pub(crate) struct Turns {
    /// Mails of a repetition.
    pub(crate) mails: usize,
    flows: Vec<Flow>,
    bare: Vec<Sent>,
    pgbench: Vec<Committed>,
    large: Vec<Flow>,
    peak: f64,
    peak_of_large: f64,
}

impl Turns {
    /// Has each its turns: a bare client against the same sink, pgbench on a server like it, the daemon, and the same with
    /// a large database; every other time the other way round, since each leaves the disk something to do.
    pub(crate) fn take(
        stage: &Stage<'_>,
        large: Option<&Stage<'_>>,
        pgbench: Option<&Pgbench>,
        mails: Option<usize>,
        repetitions: usize,
    ) -> Self {
        // What is done once, such as filling caches, is nobody's figure.
        let first = flow::measure(stage, MAILS.0);
        let mails = mails.unwrap_or_else(|| mails_in(REPETITION, first.rate));
        if let Some(large) = large {
            flow::measure(large, MAILS.0);
        }
        for stage in [stage].into_iter().chain(large) {
            processor::forget_peak(stage.daemon());
        }
        let mut turns = Self {
            mails,
            ..Self::default()
        };
        for repetition in 0..repetitions {
            let mut order = [0, 1, 2, 3];
            if repetition % 2 == 1 {
                order.reverse();
            }
            for turn in order {
                match turn {
                    0 => turns.bare.push(bare_client::measure(
                        &stage.sink,
                        CONNECTIONS,
                        MAILS.1,
                        first.size,
                    )),
                    1 => turns
                        .pgbench
                        .extend(pgbench.map(|pgbench| pgbench.measure(first.size))),
                    2 => turns.flows.push(flow::measure(stage, mails)),
                    _ => turns.large.extend(large.map(|large| flow::measure(large, mails))),
                }
            }
        }
        turns.peak = processor::resident_peak_mib(stage.daemon());
        turns.peak_of_large = large.map_or(0.0, |large| processor::resident_peak_mib(large.daemon()));
        turns
    }

    /// Adds what was measured to the report.
    pub(crate) fn tell(&self, report: &mut Report, kind: &Kind<'_>) {
        let all = |figure: fn(&Flow) -> f64| self.flows.iter().map(figure).collect::<Vec<f64>>();
        let (rate, cost) = if kind.is_sqlite() {
            (4000.0, 0.20)
        } else {
            (2500.0, 0.35)
        };
        let rates = all(|flow| flow.rate);
        report.add(
            kind.row("rate", "end to end", "mails/s", &rates)
                .goal(Goal::AtLeast(rate)),
        );
        let row = kind.row("cost", "processor time a mail", "ms", &all(|flow| flow.cost));
        report.add(row.goal(Goal::AtMost(cost)));
        if !kind.is_sqlite() {
            let values = all(|flow| flow.cost_of_database);
            report.add(kind.row("cost.database", "of which the database server", "ms", &values));
        }
        let values = all(|flow| flow.cost_of_measuring);
        report.add(kind.row("cost.measuring", "beside it, driver and sink", "ms", &values));
        report.add(kind.row("accepted", "comments accepted", "/s", &all(|flow| flow.accepted)));
        report.add(kind.row("size", "a mail", "octets", &all(|flow| as_number(flow.size))));
        report.add(kind.row(
            "others",
            "processors taken by other programs",
            "",
            &all(|flow| flow.others),
        ));
        let bare = |figure: fn(&Sent) -> f64| self.bare.iter().map(figure).collect::<Vec<f64>>();
        let limit = bare(|bare| bare.rate);
        report.add(kind.row(
            "bare",
            "limit: a bare SMTP client, the same sink",
            "mails/s",
            &limit,
        ));
        let values = bare(|bare| bare.cost + bare.cost_of_sink);
        report.add(kind.row("bare.cost", "limit: bare client and sink", "ms", &values));
        let row = |ratios: &[f64]| kind.row("rate.of_bare", "end to end, of the bare client", "", ratios);
        let row = ratios_of(&rates, &limit, row);
        report.add(if kind.is_sqlite() {
            row.goal(Goal::AtLeast(0.5))
        } else {
            row
        });
        if !self.pgbench.is_empty() {
            let pgbench: Vec<f64> = self.pgbench.iter().map(|done| done.rate).collect();
            report.add(kind.row(
                "pgbench",
                "limit: the same rows by pgbench",
                "comments/s",
                &pgbench,
            ));
            let costs: Vec<f64> = self.pgbench.iter().map(|done| done.cost).collect();
            let label = "limit: the server's processor time for them";
            report.add(kind.row("pgbench.cost", label, "ms", &costs));
            let row = |ratios: &[f64]| kind.row("rate.of_pgbench", "end to end, of pgbench", "", ratios);
            report.add(ratios_of(&rates, &pgbench, row).goal(Goal::AtLeast(0.5)));
        }
        if !self.large.is_empty() {
            let large: Vec<f64> = self.large.iter().map(|flow| flow.rate).collect();
            report.add(kind.row(
                "large.rate",
                "end to end with the large database",
                "mails/s",
                &large,
            ));
            let row =
                |ratios: &[f64]| kind.row("large.ratio", "the same, of the empty one's rate", "", ratios);
            report.add(ratios_of(&large, &rates, row).goal(Goal::AtLeast(0.9)));
            let large: Vec<f64> = self.large.iter().map(|flow| flow.cost).collect();
            report.add(kind.row("large.cost", "processor time a mail with it", "ms", &large));
        }
        let row = kind.row(
            "memory.load",
            "resident under load, the most",
            "MiB",
            &[self.peak],
        );
        report.add(row.goal(Goal::AtMost(60.0)));
        if !self.large.is_empty() {
            let label = "resident under load with the large database, the most";
            let row = kind.row("memory.large.load", label, "MiB", &[self.peak_of_large]);
            report.add(row.goal(Goal::AtMost(60.0)));
        }
    }
}

/// Each repetition beside the one of the same turn.
fn ratios_of(rates: &[f64], limits: &[f64], row: impl FnOnce(&[f64]) -> Row) -> Row {
    let ratios: Vec<f64> = rates
        .iter()
        .zip(limits)
        .map(|(rate, limit)| rate / limit)
        .collect();
    row(&ratios)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is positive, and far below 2^52"
)]
fn mails_in(seconds: f64, rate: f64) -> usize {
    ((seconds * rate) as usize).clamp(MAILS.0, MAILS.1)
}
