//! Two daemons on one PostgreSQL, by turns with one.

use crate::flow::{self, CALLERS};
use crate::processor::Processes;
use crate::report::Report;
use crate::stage::{Stage, sections};

/// Measures both so many times.
pub(crate) fn measure(report: &mut Report, stage: &Stage<'_>, mails: usize, repetitions: usize) {
    let kind = stage.kind;
    let (mut rates, mut ratios, mut costs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..repetitions {
        let one = flow::measure(stage, mails);
        let beside = stage.installation.beside(&stage.store, &sections());
        let second = beside.serve();
        let targets = [stage.target(), stage.target_of(&second)];
        let processes = Processes::new([stage.daemon(), &second], kind.postgres);
        let two = flow::between(&targets, &processes, &stage.sink, CALLERS, mails);
        assert!(second.stop().success(), "the second daemon stops in order");
        rates.push(two.rate);
        ratios.push(two.rate / one.rate);
        costs.push(two.cost);
    }
    report.add(kind.row("two.rate", "two daemons, end to end", "mails/s", &rates));
    report.add(kind.row("two.of_one", "two daemons, of one's rate", "", &ratios));
    report.add(kind.row("two.cost", "two daemons, processor time a mail", "ms", &costs));
}
