//! A working directory of its own, the binary in it, and a daemon that a failing test does not leave behind.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything here takes, on a busy machine too.
const DEADLINE: Duration = Duration::from_mins(1);

/// An empty working directory.
pub(crate) struct House(tempfile::TempDir);

impl House {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// The binary, with no variable of ours but a free port to listen on.
    pub(crate) fn recado<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recado"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RECADO_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.path())
            .env("RECADO_HTTP__LISTEN", "127.0.0.1:0")
            .args(arguments);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.recado(arguments).stdin(Stdio::null()))
    }

    /// Runs a command to its end, with a text on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let mut child = self
            .recado(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that ends before it has read all is judged by its end.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        Ended::from(child.wait_with_output().unwrap())
    }

    /// Starts the daemon and waits until it listens.
    pub(crate) fn serve(&self) -> Daemon {
        self.serve_until(1).0
    }

    /// Starts a daemon whose configuration has it take mail by LMTP, and waits until it does; gives the address.
    pub(crate) fn serve_with_lmtp(&self) -> (Daemon, SocketAddr) {
        let (daemon, lines) = self.serve_until(2);
        let address = lines[1].strip_prefix("listening on lmtp://");
        let address = address.unwrap_or_else(|| panic!("no LMTP address in {lines:?}"));
        (daemon, address.parse().unwrap())
    }

    /// Starts the daemon and waits until it has said so many lines, of which the first says that it listens.
    fn serve_until(&self, count: usize) -> (Daemon, Vec<String>) {
        let mut child = self
            .recado(["serve"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        let daemon = Daemon(child);
        let next = |_| receiver.recv_timeout(DEADLINE).expect("the daemon comes up");
        let said: Vec<String> = (0..count).map(next).collect();
        assert!(said[0].starts_with("listening on http://127.0.0.1:"), "{said:?}");
        (daemon, said)
    }
}

/// What a command left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

pub(crate) fn ended(command: &mut Command) -> Ended {
    Ended::from(command.output().unwrap())
}

/// A running daemon; killed when the test is over.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Sends SIGTERM and waits for the end: the exit code, and what was logged.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, Signal::TERM).unwrap();
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < DEADLINE, "the daemon did not end");
            std::thread::yield_now();
        };
        let mut log = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (status.code(), log)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
