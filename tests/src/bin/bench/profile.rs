//! How the daemon's processor time divides, by a sampling profiler (`perf`): each sample belongs to the innermost
//! function of ours on its stack, and that function's module to a part of the work.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::flow::{self, as_number};
use crate::stage::Stage;

/// Samples a second and thread; no divisor of anything that happens in a rhythm.
const FREQUENCY: u32 = 997;

/// How stacks are found: by the tables for unwinding that every binary has, from this many octets of each stack.
const STACKS: &str = "--call-graph=dwarf,32768";

/// Modules that are told of one by one.
const MODULES: usize = 30;

/// Modules that run what others give them: the next one outwards says what that is.
const RUNNERS: [&str; 6] = [
    "adapters_db::gather",
    "adapters_db::sqlite",
    "adapters_db::operation",
    "adapters_db::database",
    "adapters_db::postgres",
    "adapters_db::schema",
];

/// Where samples without any function of ours belong, by a name on their stack.
const FOREIGN: [(&str, &str); 6] = [
    ("sqlite3", "database"),
    ("tokio_postgres", "database"),
    ("postgres_protocol", "database"),
    ("hyper", "HTTP"),
    ("axum", "HTTP"),
    ("tokio", "scheduling"),
];

/// Profiles one repetition; gives two tables, or why there are none.
pub(crate) fn measure(stage: &Stage<'_>, mails: usize) -> Result<String, String> {
    flow::measure(stage, mails / 10);
    let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    let mut record = Command::new("perf")
        .args(["record", STACKS, "--quiet"])
        .args([
            format!("--freq={FREQUENCY}"),
            format!("--pid={}", stage.daemon().pid()),
        ])
        .arg(format!("--output={}", file.path().display()))
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("perf does not start: {error}"))?;
    std::thread::sleep(Duration::from_millis(500));
    let flow = flow::measure(stage, mails);
    kill_process(Pid::from_child(&record), Signal::INT).map_err(|error| error.to_string())?;
    record.wait().map_err(|error| error.to_string())?;
    let mut script = Command::new("perf")
        .args(["script", "--fields=comm,ip,sym", "--no-inline"])
        .arg(format!("--input={}", file.path().display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let output = script.stdout.take().ok_or("perf script says nothing")?;
    let mut samples = Samples::default();
    let mut stack = Vec::new();
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if line.trim().is_empty() {
            samples.add(&stack);
            stack.clear();
        } else {
            stack.push(line);
        }
    }
    script.wait().map_err(|error| error.to_string())?;
    Ok(samples.tables(stage.kind.name, flow.cost - flow.cost_of_database))
}

#[derive(Default)]
struct Samples {
    count: usize,
    modules: BTreeMap<(String, &'static str), usize>,
}

impl Samples {
    /// Adds one: the thread's name, then the stack from the innermost function outwards.
    fn add(&mut self, lines: &[String]) {
        let Some((thread, stack)) = lines.split_first() else {
            return;
        };
        self.count += 1;
        let is_runner = |module: &str| RUNNERS.iter().any(|runner| module.starts_with(runner));
        let mut modules = stack.iter().filter_map(|function| module(function));
        let first = modules.next();
        let second = first.clone().filter(|first| is_runner(first));
        // A runner has only its own kind of work around it when it works for nobody.
        let second = second.and_then(|_| modules.find(|module| !is_runner(module)));
        let second = second.filter(|module| module.starts_with("adapters_db"));
        let key = second.or(first).map_or_else(
            || {
                let foreign = |name: &str| stack.iter().any(|function| function.contains(name));
                let part = FOREIGN.iter().find(|(name, _)| foreign(name));
                part.map_or_else(
                    // A thread that runs neither our functions nor a library's waits, or wakes another.
                    || (format!("thread {}", thread.trim()), "scheduling"),
                    |(name, part)| ((*name).to_owned(), *part),
                )
            },
            |module| {
                let part = part(&module);
                (module, part)
            },
        );
        *self.modules.entry(key).or_default() += 1;
    }

    fn tables(&self, name: &str, cost: f64) -> String {
        let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
        for ((_, part), count) in &self.modules {
            *parts.entry(part).or_default() += count;
        }
        let mut parts: Vec<_> = parts
            .into_iter()
            .map(|(part, count)| (part.to_owned(), count))
            .collect();
        let mut modules: Vec<_> = self
            .modules
            .iter()
            .map(|((module, part), count)| (format!("{part}: `{module}`"), *count))
            .collect();
        modules.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        modules.truncate(MODULES);
        parts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let mut text = format!("{name}: the daemon's processor time, {} samples\n", self.count);
        for lines in [parts, modules] {
            text.push_str("\n|  | share | ms a mail |\n|---|---|---|\n");
            for (what, count) in lines {
                let share = as_number(count) / as_number(self.count);
                writeln!(text, "| {what} | {:.1} % | {:.3} |", share * 100.0, share * cost)
                    .expect("a text takes all that is written");
            }
        }
        text
    }
}

/// The crate of ours and up to two modules in a function's name, such as `app::post_comment`.
fn module(function: &str) -> Option<String> {
    let (_, path) = function.split_once("recado_")?;
    let is_name = |segment: &&str| {
        segment.starts_with(|first: char| first.is_ascii_lowercase())
            && segment
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '_')
    };
    let segments: Vec<&str> = path.split("::").take(3).take_while(is_name).collect();
    // Queries stand once for each database.
    let segments = segments
        .strip_suffix(&["sqlite"])
        .or(segments.strip_suffix(&["postgres"]))
        .unwrap_or(&segments);
    (segments.len() > 1).then(|| segments.join("::"))
}

/// Modules and the part of the work that they do; the first that fits.
const PARTS: [(&str, &str); 23] = [
    ("adapters_db::accounts", "authentication"),
    ("adapters_db::people::owner", "authentication"),
    ("adapters_db::sessions", "authentication"),
    ("app::authenticate", "authentication"),
    ("adapters_db::inbox", "database: lists and search"),
    ("adapters_db::outbox", "database: the outbox"),
    (
        "adapters_db::comments::context",
        "database: what a mail needs to know",
    ),
    ("adapters_db::comments", "database: accepting"),
    ("adapters_db::channels", "database: what a mail needs to know"),
    ("adapters_db::parameters", "database: what a mail needs to know"),
    ("adapters_db::people", "database: what a mail needs to know"),
    ("adapters_db::preferences", "database: what a mail needs to know"),
    ("adapters_db::settings", "database: what a mail needs to know"),
    ("adapters_db::suppressions", "database: what a mail needs to know"),
    ("adapters_db::templates", "database: what a mail needs to know"),
    ("adapters_db::tickets", "database: what a mail needs to know"),
    ("adapters_db", "database"),
    ("adapters_template", "rendering"),
    ("adapters_smtp::compose", "composing"),
    ("adapters_smtp", "SMTP"),
    ("adapters_http", "HTTP"),
    ("app::deliver", "delivering"),
    ("", "deciding who is told what"),
];

/// The part of the work that a module does.
fn part(module: &str) -> &'static str {
    let part = PARTS.iter().find(|(prefix, _)| module.starts_with(prefix));
    part.map_or("", |(_, part)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_belongs_to_the_innermost_function_of_ours() {
        let mut samples = Samples::default();
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        samples.add(&lines(&[
            "recado-writer",
            "  55d0 sqlite3VdbeExec",
            "  55d0 <recado_adapters_db::sqlite::connection::Inline as SpawnBlocking>::spawn_blocking",
            "  55d1 recado_adapters_db::comments::accept::sqlite::accept::{closure#0}",
            "  55d2 recado_adapters_db::sqlite::writer::Loop::run",
        ]));
        samples.add(&lines(&[
            "tokio-rt",
            "  55d0 <hyper::proto::h1::Conn as Poll>::poll",
            "  55d1 main",
        ]));
        samples.add(&[]);
        assert_eq!(samples.count, 2);
        let table = samples.tables("SQLite", 0.2);
        assert!(
            table.contains("| database: accepting | 50.0 % | 0.100 |"),
            "{table}"
        );
        assert!(table.contains("| HTTP: `hyper` | 50.0 % | 0.100 |"), "{table}");
    }

    #[test]
    fn modules_are_named_to_the_second_level() {
        let name = "  7f <recado_app::post_comment::compose::Mail as core::fmt::Debug>::fmt";
        assert_eq!(module(name).as_deref(), Some("app::post_comment::compose"));
        let name = "  7f recado_adapters_db::tickets::sqlite::find::{closure#0}";
        assert_eq!(module(name).as_deref(), Some("adapters_db::tickets"));
        assert_eq!(module("  7f core::ptr::drop_in_place<recado_app::Error>"), None);
        assert_eq!(module("  7f malloc"), None);
    }
}
