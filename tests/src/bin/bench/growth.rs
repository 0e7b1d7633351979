//! How rate and cost change with the callers that post at once, and with the connections to the mail server.

use crate::flow::{self, CALLERS, Flow};
use crate::report::Report;
use crate::stage::{CONNECTIONS, Stage};

/// Callers beside [`CALLERS`].
const OTHER_CALLERS: [usize; 3] = [1, 8, 128];

/// Connections beside [`CONNECTIONS`].
const OTHER_CONNECTIONS: [usize; 3] = [1, 2, 8];

/// One repetition of each, of so many mails; of a twentieth where one caller waits for each answer. The daemon runs at
/// the end as at the beginning.
pub(crate) fn measure(report: &mut Report, stage: &mut Stage<'_>, mails: usize) {
    for callers in OTHER_CALLERS {
        let mails = if callers == 1 { mails.div_ceil(20) } else { mails };
        let flow = flow::between(&[stage.target()], &stage.processes(), &stage.sink, callers, mails);
        tell(report, stage, "callers", callers, CALLERS, &flow);
    }
    for connections in OTHER_CONNECTIONS {
        connect(stage, connections);
        let flow = flow::measure(stage, mails);
        tell(report, stage, "connections", connections, CONNECTIONS, &flow);
    }
    connect(stage, CONNECTIONS);
}

fn connect(stage: &mut Stage<'_>, connections: usize) {
    stage.stop();
    stage
        .installation
        .set("RECADO_MAIL__CONNECTIONS", &connections.to_string());
    stage.serve();
}

fn tell(report: &mut Report, stage: &Stage<'_>, what: &str, number: usize, usual: usize, flow: &Flow) {
    let mut add = |figure: &str, label: &str, unit, value: f64| {
        let label = format!("{what}, {number} in place of {usual}: {label}");
        report.add(
            stage
                .kind
                .row(&format!("{what}.{number}.{figure}"), &label, unit, &[value]),
        );
    };
    add("rate", "end to end", "mails/s", flow.rate);
    add("cost", "processor time a mail", "ms", flow.cost);
}
