//! End to end: from comments that many callers post to their mails at the sink.

use crate::bare_client::{self, Sent};
use crate::driver::{self, Target};
use crate::processor::{self, Processes};
use crate::report::{Goal, Report};
use crate::sink::Sink;
use crate::stage::{CONNECTIONS, PATIENCE, Stage};

/// Callers that post comments at once.
pub(crate) const CALLERS: usize = 32;

/// One repetition.
pub(crate) struct Flow {
    /// Mails a second, from the first request to the last mail.
    pub(crate) rate: f64,
    /// Comments a second, to the last answer.
    pub(crate) accepted: f64,
    /// Milliseconds of processor time a mail: daemon and database server, what they put off included.
    pub(crate) cost: f64,
    /// The database server's part of it.
    pub(crate) cost_of_database: f64,
    /// The same for what measures: driver and sink.
    pub(crate) cost_of_measuring: f64,
    /// The share of the machine's processors that other programs took meanwhile.
    pub(crate) others: f64,
    /// Octets of a mail.
    pub(crate) size: usize,
}

/// Repetitions of end to end and of the bare client by turns: on one machine, in one minute.
#[derive(Default)]
pub(crate) struct Turns {
    flows: Vec<Flow>,
    bare: Vec<Sent>,
}

impl Turns {
    /// Has each its turns.
    pub(crate) fn take(stage: &Stage<'_>, mails: usize, repetitions: usize) -> Self {
        // What is done once, such as filling caches, is nobody's figure.
        let size = measure(stage, mails / 10).size;
        processor::forget_peak(stage.daemon());
        let mut turns = Self::default();
        for _ in 0..repetitions {
            turns
                .bare
                .push(bare_client::measure(&stage.sink, CONNECTIONS, mails, size));
            turns.flows.push(measure(stage, mails));
        }
        turns
    }

    /// Adds what was measured to the report.
    pub(crate) fn tell(&self, report: &mut Report, stage: &Stage<'_>) {
        let kind = stage.kind;
        let all = |figure: fn(&Flow) -> f64| self.flows.iter().map(figure).collect::<Vec<f64>>();
        let bare = |figure: fn(&Sent) -> f64| self.bare.iter().map(figure).collect::<Vec<f64>>();
        let (rate, cost) = if kind.is_sqlite() {
            (4000.0, 0.20)
        } else {
            (2500.0, 0.35)
        };
        let row = kind.row("rate", "end to end", "mails/s", &all(|flow| flow.rate));
        report.add(row.goal(Goal::AtLeast(rate)));
        let pairs = self.flows.iter().zip(&self.bare);
        let ratios: Vec<f64> = pairs.map(|(flow, bare)| flow.rate / bare.rate).collect();
        let row = kind.row("rate.of_bare", "end to end, of a bare SMTP client", "", &ratios);
        // With PostgreSQL the database is the limit, see `limits`.
        report.add(if kind.is_sqlite() {
            row.goal(Goal::AtLeast(0.5))
        } else {
            row
        });
        report.add(kind.row("bare", "a bare SMTP client", "mails/s", &bare(|bare| bare.rate)));
        report.add(kind.row("accepted", "comments accepted", "/s", &all(|flow| flow.accepted)));
        let row = kind.row("cost", "processor time a mail", "ms", &all(|flow| flow.cost));
        report.add(row.goal(Goal::AtMost(cost)));
        if !kind.is_sqlite() {
            let values = all(|flow| flow.cost_of_database);
            report.add(kind.row("cost.database", "of which the database server", "ms", &values));
        }
        let values = all(|flow| flow.cost_of_measuring);
        report.add(kind.row("cost.measuring", "beside it, driver and sink", "ms", &values));
        let values = bare(|bare| bare.cost + bare.cost_of_sink);
        report.add(kind.row("bare.cost", "the bare client and the sink", "ms", &values));
        report.add(kind.row(
            "others",
            "processors taken by other programs",
            "",
            &all(|flow| flow.others),
        ));
        report.add(kind.row("size", "a mail", "octets", &all(|flow| as_number(flow.size))));
        let peak = processor::resident_peak_mib(stage.daemon());
        let row = kind.row("memory.load", "resident under load, the most", "MiB", &[peak]);
        report.add(row.goal(Goal::AtMost(60.0)));
    }
}

/// Posts so many comments and waits for their mails.
pub(crate) fn measure(stage: &Stage<'_>, mails: usize) -> Flow {
    between(&[stage.target()], &stage.processes(), &stage.sink, mails)
}

/// The same with several daemons on one database.
pub(crate) fn between(targets: &[Target], processes: &Processes, sink: &Sink, mails: usize) -> Flow {
    let (already, octets) = (sink.count(), sink.octets());
    let (all, database, of_sink) = (processes.used(), processes.of_database(), sink.used());
    let (machine, ours) = (processor::of_machine(), processor::of_ourselves());
    let driven = driver::post(targets, CALLERS, mails);
    let last = sink.wait_for(already + mails, PATIENCE);
    let machine = processor::of_machine().saturating_sub(machine);
    let ours = (processor::of_ourselves() + processes.used()).saturating_sub(ours + all);
    let machine_time = driven.started.elapsed() * processors();
    processes.wait_for_rest();
    let copies = sink.copies_since(already);
    assert_eq!(copies, 0, "every mail is sent once");
    let count = as_number(mails);
    let took = last.saturating_duration_since(driven.started);
    let milliseconds = |used: std::time::Duration| used.as_secs_f64() * 1000.0 / count;
    Flow {
        rate: count / took.as_secs_f64(),
        accepted: count / driven.took.as_secs_f64(),
        cost: milliseconds(processes.used().saturating_sub(all)),
        cost_of_database: milliseconds(processes.of_database().saturating_sub(database)),
        cost_of_measuring: milliseconds(driven.used + sink.used().saturating_sub(of_sink)),
        others: machine.saturating_sub(ours).as_secs_f64() / machine_time.as_secs_f64(),
        size: usize::try_from(sink.octets() - octets).unwrap_or(usize::MAX) / mails,
    }
}

/// A count as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn as_number(count: usize) -> f64 {
    count as f64
}

/// Processors of the machine.
pub(crate) fn processors() -> u32 {
    std::thread::available_parallelism().map_or(1, |number| u32::try_from(number.get()).unwrap_or(1))
}
