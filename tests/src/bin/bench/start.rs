//! From the start of the process to the first mail at the sink, with one mail queued.

use std::time::Instant;

use crate::flow;
use crate::report::{Goal, Report};
use crate::stage::{PATIENCE, Stage};

const STARTS: usize = 10;

/// A mail that was sent is queued again, as if the process had ended before it was.
const QUEUE_ONE: &str =
    "UPDATE outbox SET state = 'ready', attempts = 0, due_at = created_at, kept_since = NULL
    WHERE id = (SELECT id FROM outbox WHERE state = 'sent' ORDER BY id DESC LIMIT 1)";

/// Starts the daemon of the stage again and again; it runs at the end as at the beginning.
pub(crate) fn measure(report: &mut Report, stage: &mut Stage<'_>) {
    flow::measure(stage, 1);
    let mut times = Vec::new();
    for _ in 0..STARTS {
        stage.stop();
        stage.execute(QUEUE_ONE);
        let already = stage.sink.count();
        let start = Instant::now();
        stage.serve();
        let arrived = stage.sink.wait_for(already + 1, PATIENCE);
        times.push(arrived.saturating_duration_since(start).as_secs_f64() * 1000.0);
    }
    let row = stage
        .kind
        .row("start", "cold start to the first mail at the sink", "ms", &times);
    report.add(row.goal(Goal::AtMost(150.0)));
}
