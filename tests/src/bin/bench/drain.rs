//! A queue that has grown while mail was held: how fast it leaves, whether its end leaves as fast as its start, and what
//! it weighs.

use std::time::Duration;

use crate::flow::{self, as_number};
use crate::load::{self, Load, Queue};
use crate::processor;
use crate::report::{Goal, Report};
use crate::sink::Arrival;
use crate::stage::{Kind, PATIENCE, Stage};

/// Parts of the queue that are timed each.
const PARTS: usize = 10;

/// Queues so many mails and lets them go.
pub(crate) async fn measure(report: &mut Report, kind: &Kind<'_>, mails: usize) {
    let mut stage = Stage::set_up(kind).await;
    // The pattern of all the queued mails.
    flow::measure(&stage, 100);
    stage.api().set(297, "Y").await;
    stage.stop();
    load::fill(
        &stage,
        Load {
            comments: mails,
            queue: Queue::Now,
        },
    );
    stage.serve();
    let processes = stage.processes();
    processes.wait_for_rest();
    let held = processor::resident_mib(stage.daemon());
    processor::forget_peak(stage.daemon());
    let (already, before) = (stage.sink.count(), processes.used());
    stage.api().set(297, "N").await;
    stage.sink.wait_for(already + mails, PATIENCE * 2);
    let peak = processor::resident_peak_mib(stage.daemon());
    processes.wait_for_rest();
    let cost = (processes.used().saturating_sub(before)).as_secs_f64() * 1000.0 / as_number(mails);
    assert_eq!(stage.sink.copies_since(already), 0, "every mail is sent once");
    let arrivals = stage.sink.arrivals_since(already);
    let rates: Vec<f64> = arrivals.chunks(mails / PARTS).map(rate).collect();
    let row = kind.row(
        "drain",
        &format!("draining {mails} queued mails"),
        "mails/s",
        &rates,
    );
    let row = row.with_figure(rate(&arrivals));
    report.add(if kind.is_sqlite() {
        row.goal(Goal::AtLeast(8000.0))
    } else {
        row
    });
    let ends = rates[PARTS - 1] / rates[0];
    let row = kind.row(
        "drain.ends",
        "the rate of its last tenth, of the first",
        "",
        &[ends],
    );
    report.add(row.goal(Goal::AtLeast(0.9)));
    report.add(kind.row(
        "drain.cost",
        "processor time a mail that was queued",
        "ms",
        &[cost],
    ));
    let row = kind.row("memory.queue", "resident with them queued", "MiB", &[held]);
    report.add(row.goal(Goal::AtMost(60.0)));
    let row = kind.row(
        "memory.drain",
        "resident while they leave, the most",
        "MiB",
        &[peak],
    );
    report.add(row.goal(Goal::AtMost(60.0)));
    stage.stop();
}

fn rate(arrivals: &[Arrival]) -> f64 {
    let took = arrivals.last().zip(arrivals.first());
    let took = took.map_or(Duration::ZERO, |(last, first)| {
        last.at.saturating_duration_since(first.at)
    });
    as_number(arrivals.len().saturating_sub(1)) / took.as_secs_f64()
}
