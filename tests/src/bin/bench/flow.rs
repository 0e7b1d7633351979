//! End to end: from comments that many callers post to their mails at the sink.

use crate::driver::{self, Target};
use crate::processor::{self, Processes};
use crate::sink::Sink;
use crate::stage::{PATIENCE, Stage};

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

/// Posts so many comments and waits for their mails.
pub(crate) fn measure(stage: &Stage<'_>, mails: usize) -> Flow {
    between(&[stage.target()], &stage.processes(), &stage.sink, CALLERS, mails)
}

/// The same with several daemons on one database, and any number of callers.
pub(crate) fn between(
    targets: &[Target],
    processes: &Processes,
    sink: &Sink,
    callers: usize,
    mails: usize,
) -> Flow {
    let (already, octets) = (sink.count(), sink.octets());
    let (all, database, of_sink) = (processes.used(), processes.of_database(), sink.used());
    let (machine, ours) = (processor::of_machine(), processor::of_ourselves());
    let driven = driver::post(targets, callers, mails);
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
