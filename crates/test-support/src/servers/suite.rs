//! Which real servers there are, and how a test learns whether it may count on one.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{env, fs, thread};

use super::{chromium, dovecot, page_checks, postfix, postgres};

/// Tests that need one kind of server.
#[derive(Debug)]
pub struct Suite {
    /// What the server is called where tests are listed.
    pub name: &'static str,
    /// Says where the programs are, or [`ABSENT`]; unset when no task looked for them.
    pub variable: &'static str,
    /// The Debian packages that hold the programs.
    pub packages: &'static [&'static str],
    /// Looks for the programs on this machine.
    ///
    /// # Errors
    /// Why the suite cannot run here.
    pub locate: fn() -> Result<PathBuf, String>,
}

/// Every suite; a new kind of server is one line here and a file beside this one.
pub const SUITES: &[&Suite] = &[
    &postgres::SUITE,
    &postfix::SUITE,
    &dovecot::SUITE,
    &chromium::SUITE,
    &page_checks::SUITE,
];

/// The value of a suite's variable when the task looked for the server and did not find it.
pub const ABSENT: &str = "absent";

/// Names a file to which every test that is skipped appends a line, `suite<TAB>test`.
pub const SKIPPED_VARIABLE: &str = "RECADO_TEST_SKIPPED";

impl Suite {
    /// Where the programs are, for the running test; `None` when the task said that they are absent, and the test
    /// must return.
    ///
    /// # Panics
    /// No task looked for the server, and it is not there: a test must not pass without having run.
    pub(super) fn for_this_test(&self) -> Option<PathBuf> {
        match env::var_os(self.variable) {
            Some(value) if value == ABSENT => {
                self.record_skip();
                None
            }
            Some(value) => Some(value.into()),
            None => match (self.locate)() {
                Ok(programs) => Some(programs),
                Err(reason) => panic!(
                    "this test needs {}: {reason}; `cargo xtask test` installs it, or skips the test by name",
                    self.name
                ),
            },
        }
    }

    fn record_skip(&self) {
        let Some(file) = env::var_os(SKIPPED_VARIABLE) else {
            return;
        };
        let line = format!("{}\t{}\n", self.name, name_of_this_test());
        let mut skipped = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&file)
            .expect("the list of skipped tests opens");
        // One write, so that lines of tests in other processes do not mix with it.
        skipped
            .write_all(line.as_bytes())
            .expect("the list of skipped tests takes a line");
    }
}

/// The name of the test on this thread: the harness gives it to the thread, or gets it alone as an argument.
fn name_of_this_test() -> String {
    match thread::current().name() {
        Some(name) if name != "main" => name.to_owned(),
        _ => test_among(env::args_os()).unwrap_or_else(|| "a test without a name".to_owned()),
    }
}

/// The test that a test runner asked for, when it asked for one.
fn test_among(arguments: impl Iterator<Item = OsString>) -> Option<String> {
    let is_name = |argument: &String| !argument.starts_with('-');
    arguments
        .skip(1)
        .filter_map(|argument| argument.into_string().ok())
        .find(is_name)
}

/// Finds a program on the `PATH` or among the administrator's programs, which an ordinary user's `PATH` leaves out.
pub(super) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
}

/// Whether this process runs as root.
pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self")
        .or_else(|_| fs::metadata(Path::new(".")))
        .is_ok_and(|process| process.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_lone_test_is_taken_from_the_arguments() {
        let arguments =
            |list: &[&str]| test_among(list.iter().map(OsString::from).collect::<Vec<_>>().into_iter());
        assert_eq!(
            arguments(&["bin", "--exact", "a::b", "--nocapture"]).as_deref(),
            Some("a::b")
        );
        assert_eq!(arguments(&["bin", "--nocapture"]), None);
    }

    #[test]
    fn the_name_of_a_test_among_others_is_that_of_its_thread() {
        let thread = thread::Builder::new()
            .name("a::b".to_owned())
            .spawn(name_of_this_test)
            .unwrap();
        assert_eq!(thread.join().unwrap(), "a::b");
    }
}
