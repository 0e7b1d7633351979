//! `test`: every test, against real servers where their programs are, and a sum in the last line.

mod count;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, IsTerminal, stderr};
use std::process::{Command, Stdio};
use std::{fs, io};

use anyhow::{Context, bail, ensure};
use recado_test_support::servers::SKIPPED_VARIABLE;

use self::count::Count;
use crate::environment::{Build, Environment, FEATURES, Found, Missing};
use crate::workspace;

#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Install no missing server; its tests are skipped
    #[arg(long)]
    no_install: bool,
    /// Run only the tests with one of these in their name
    filter: Vec<String>,
}

/// Runs the tests.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let missing = if options.no_install {
        Missing::Skip
    } else {
        Missing::Install
    };
    let environment = Environment::prepare(missing, Build::Tests)?;
    let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
    let skipped_file = scratch.path().join("skipped");
    let mut total = Count::default();
    for mut runner in [tests(&options.filter), documentation_tests(&options.filter)] {
        runner
            .command
            .envs(environment.variables())
            .env(SKIPPED_VARIABLE, &skipped_file);
        total += runner.run()?;
    }
    let skipped = match fs::read_to_string(&skipped_file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        list => list.context("cannot read the list of skipped tests")?,
    };
    report(environment.suites(), &skipped, total, options)
}

/// A command that runs tests, and how its closing lines are read.
struct Runner {
    command: Command,
    count_in_line: fn(&str) -> Option<Count>,
}

/// Unit and integration tests: by cargo-nextest, which gives each a process and a bound on its time, or by Cargo.
fn tests(filter: &[String]) -> Runner {
    let mut command = workspace::cargo();
    let count_in_line = if workspace::find_program("cargo-nextest").is_some() {
        command.args(["nextest", "run", "--no-tests=pass"]);
        Count::in_line_of_nextest
    } else {
        command.args(["test", "--no-fail-fast", "--lib", "--bins", "--tests"]);
        Count::in_line_of_cargo
    };
    command
        .args(["--workspace"])
        .args(FEATURES)
        .arg("--")
        .args(filter);
    Runner {
        command,
        count_in_line,
    }
}

/// The examples in the documentation, which cargo-nextest does not run.
fn documentation_tests(filter: &[String]) -> Runner {
    let mut command = workspace::cargo();
    command
        .args(["test", "--doc", "--no-fail-fast", "--workspace"])
        .args(FEATURES)
        .arg("--")
        .args(filter);
    Runner {
        command,
        count_in_line: Count::in_line_of_cargo,
    }
}

impl Runner {
    /// Runs the tests, shows their output as it comes, and counts them.
    fn run(self) -> anyhow::Result<Count> {
        let Self {
            mut command,
            count_in_line,
        } = self;
        if stderr().is_terminal() {
            command.env("CARGO_TERM_COLOR", "always");
        }
        // Cargo's harness sums up on standard output, cargo-nextest on standard error: read both as one.
        let (reader, writer) = io::pipe().context("cannot make a pipe")?;
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let mut runner = command.spawn().context("cannot start cargo")?;
        // The command holds the pipe's writing ends, and with them open the reader would wait for ever.
        drop(command);
        let mut count = Count::default();
        for line in BufReader::new(reader).split(b'\n') {
            let line = line.context("cannot read what the tests print")?;
            let line = String::from_utf8_lossy(&line);
            eprintln!("{line}");
            if let Some(part) = count_in_line(&line) {
                count += part;
            }
        }
        let status = runner.wait().context("cannot wait for cargo")?;
        ensure!(
            status.success() || count.failed > 0,
            "the tests ended before they were through ({status})"
        );
        Ok(count)
    }
}

/// Lists what was skipped, sums up in the last line, and decides.
fn report(suites: &[Found], skipped: &str, mut total: Count, options: &Options) -> anyhow::Result<()> {
    let mut absent = Vec::new();
    let mut list = String::new();
    for (suite, programs) in suites {
        let Err(reason) = programs else { continue };
        absent.push(suite.name);
        let tests = skipped
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .filter(|(name, _)| *name == suite.name);
        writeln!(
            list,
            "skipped: {} ({reason}; Debian: apt-get install {})",
            suite.name,
            suite.packages.join(" ")
        )?;
        for (_, test) in tests {
            // A skipped test returned at once, and its runner took it for passed.
            total.passed = total.passed.saturating_sub(1);
            total.skipped += 1;
            writeln!(list, "skipped:   {test}")?;
        }
    }
    println!("\n{list}{total}");
    if total.failed > 0 {
        bail!("{} of the tests failed", total.failed);
    }
    if total.passed + total.skipped == 0 {
        bail!("no test has a name with {}", options.filter.join(" or "));
    }
    if workspace::is_continuous_integration() && !absent.is_empty() {
        bail!(
            "with CI=true no suite may be skipped, and these were: {}",
            absent.join(", ")
        );
    }
    Ok(())
}
