//! One comment at a time: how soon it is accepted, and how soon its mail is at the sink.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::driver::{self, Request, Target};
use crate::report::{Goal, Report, Row, median, percentile};
use crate::sink::Sink;
use crate::stage::{Kind, PATIENCE};

/// Between two comments to one daemon: five in a second.
const PERIOD: Duration = Duration::from_millis(200);

/// Parts of the samples, whose medians show the spread.
const PARTS: usize = 4;

/// Milliseconds of every comment.
#[derive(Default)]
pub(crate) struct Latencies {
    accepted: Vec<f64>,
    arrived: Vec<f64>,
}

/// Sends comments by turns, so many to each of those who take them; gives what was measured of each.
pub(crate) fn measure(takers: &[(Target, &Sink)], samples: usize) -> Vec<Latencies> {
    let mut callers: Vec<Caller> = takers
        .iter()
        .map(|(target, sink)| Caller::new(target, sink))
        .collect();
    let mut next = Instant::now();
    for number in 0..samples {
        for caller in &mut callers {
            next += PERIOD / u32::try_from(takers.len()).expect("a few daemons");
            // Not in step with anything that happens once a second: some of them earlier, by as much as two thirds.
            let early = PERIOD / 300 * u32::try_from(number * 37 % 100).expect("a small number");
            std::thread::sleep(next.saturating_duration_since(Instant::now() + early));
            caller.call(number);
        }
    }
    callers.into_iter().map(|caller| caller.latencies).collect()
}

struct Caller<'a> {
    sink: &'a Sink,
    stream: TcpStream,
    request: Request,
    latencies: Latencies,
}

impl<'a> Caller<'a> {
    fn new(target: &Target, sink: &'a Sink) -> Self {
        let stream = TcpStream::connect(target.address).expect("the daemon listens");
        stream.set_nodelay(true).expect("the socket is open");
        Self {
            sink,
            stream,
            request: Request::new(target),
            latencies: Latencies::default(),
        }
    }

    fn call(&mut self, number: usize) {
        let already = self.sink.count();
        let start = Instant::now();
        self.stream
            .write_all(self.request.comment(number))
            .expect("the daemon reads");
        let mut answer = Vec::with_capacity(4096);
        let mut buffer = [0; 4096];
        while !driver::is_whole(&answer) {
            let read = self.stream.read(&mut buffer).expect("the daemon answers");
            assert!(read > 0, "the daemon hung up");
            answer.extend_from_slice(&buffer[..read]);
        }
        let accepted = start.elapsed();
        driver::assert_created(&answer);
        let arrived = self.sink.wait_for(already + 1, PATIENCE);
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        self.latencies.accepted.push(milliseconds(accepted));
        self.latencies
            .arrived
            .push(milliseconds(arrived.saturating_duration_since(start)));
    }
}

impl Latencies {
    /// Adds what was measured of a program that does nothing else.
    pub(crate) fn tell_limit(&self, report: &mut Report, kind: &Kind<'_>) {
        let row = |what: &str, label: &str, values: &[f64], hundredths| {
            let label = format!("limit: a bare program, {label}");
            percentile_row(kind, what, &label, values, hundredths)
        };
        let Self { accepted, arrived } = self;
        report.add(row(
            "bare.accept.median",
            "request to answer, 5 a second, median",
            accepted,
            50,
        ));
        report.add(row(
            "bare.latency.median",
            "request to mail at the sink, median",
            arrived,
            50,
        ));
        report.add(row(
            "bare.latency.p99",
            "request to mail at the sink, 99th percentile",
            arrived,
            99,
        ));
    }

    /// Adds what was measured with an empty database.
    pub(crate) fn tell(&self, report: &mut Report, kind: &Kind<'_>) {
        let row = |what: &str, label: &str, values: &[f64], hundredths| {
            percentile_row(kind, what, label, values, hundredths)
        };
        let Self { accepted, arrived } = self;
        report.add(row(
            "accept.median",
            "request to answer, 5 a second, median",
            accepted,
            50,
        ));
        report.add(row(
            "accept.p99",
            "request to answer, 99th percentile",
            accepted,
            99,
        ));
        let median = row(
            "latency.median",
            "request to mail at the sink, 5 a second, median",
            arrived,
            50,
        );
        report.add(median.goal(Goal::AtMost(2.0)));
        let slowest = row(
            "latency.p99",
            "request to mail at the sink, 99th percentile",
            arrived,
            99,
        );
        report.add(slowest.goal(Goal::AtMost(6.0)));
    }

    /// Adds how these, with a large database, compare with those with an empty one.
    pub(crate) fn tell_against(&self, empty: &Self, report: &mut Report, kind: &Kind<'_>) {
        let compare = |large: &[f64], empty: &[f64], what: &str, label: &str| {
            let pairs = parts(large).zip(parts(empty));
            let ratios: Vec<f64> = pairs
                .map(|(large, empty)| median(large) / median(empty))
                .collect();
            let figure = median(large) / median(empty);
            kind.row(what, label, "", &ratios)
                .with_figure(figure)
                .goal(Goal::AtMost(1.1))
        };
        let label = "one accepted with the large database, of the empty one's time";
        report.add(compare(&self.accepted, &empty.accepted, "large.accept", label));
        let label = "one delivered with the large database, of the empty one's time";
        report.add(compare(&self.arrived, &empty.arrived, "large.latency", label));
    }
}

/// A percentile of all values, beside those of their parts.
fn percentile_row(kind: &Kind<'_>, what: &str, label: &str, values: &[f64], hundredths: usize) -> Row {
    let parts: Vec<f64> = parts(values).map(|part| percentile(part, hundredths)).collect();
    kind.row(what, label, "ms", &parts)
        .with_figure(percentile(values, hundredths))
}

fn parts(values: &[f64]) -> std::slice::Chunks<'_, f64> {
    values.chunks(values.len().div_ceil(PARTS))
}
