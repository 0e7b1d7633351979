//! A shell that keeps a server alive exactly as long as its owner.
//!
//! The shell starts the server, says so in one line, and then reads its standard input, which nobody writes to. It
//! ends when the owner closes the pipe, and as well when the owner dies, of whatever: then the shell stops the server
//! and removes its data. It has a process group of its own, so a Ctrl-C at the terminal leaves it the time to do so.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

/// What the script prints when the server answers; everything else is an explanation of why it does not.
const READY: &str = "ready\n";

/// A running server; dropping it stops the server and waits for its end.
#[derive(Debug)]
pub(super) struct Supervisor {
    shell: Child,
    lifeline: Option<ChildStdin>,
}

impl Supervisor {
    /// Runs a command that starts a server, prints [`READY`], waits for the end of its standard input, then stops
    /// the server and cleans up. When the server does not start, the command prints why and ends.
    ///
    /// # Errors
    /// The command cannot be started, or what it printed in place of [`READY`].
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        let mut shell = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let lifeline = shell.stdin.take();
        let mut output = shell.stdout.take().expect("standard output is a pipe");
        let mut supervisor = Self { shell, lifeline };
        let mut answer = vec![0; READY.len()];
        let mut filled = 0;
        while filled < answer.len() {
            match output.read(&mut answer[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        if answer == READY.as_bytes() {
            return Ok(supervisor);
        }
        answer.truncate(filled);
        output.read_to_end(&mut answer)?;
        supervisor.stop();
        Err(io::Error::other(
            String::from_utf8_lossy(&answer).trim().to_owned(),
        ))
    }

    fn stop(&mut self) {
        drop(self.lifeline.take());
        // The script bounds its own waits; there is nobody to tell how it ended.
        let _ = self.shell.wait();
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A loopback port that was free a moment ago. Another process may take it first: try again with another.
pub(super) fn free_port() -> io::Result<u16> {
    free_ports().map(|[port]| port)
}

/// As many loopback ports as a server needs, all of them different.
pub(super) fn free_ports<const COUNT: usize>() -> io::Result<[u16; COUNT]> {
    let bind = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    // None is given back before all are taken: the system would give it again.
    let listeners = (0..COUNT).map(bind).collect::<io::Result<Vec<_>>>()?;
    let mut ports = [0; COUNT];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// Letters that no other database, directory or process of this machine is likely to have.
pub(super) fn unique() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_server_that_does_not_start_says_why() {
        let error = Supervisor::start(&mut shell("echo 'port taken'; exit 1")).unwrap_err();
        assert_eq!(error.to_string(), "port taken");
    }

    #[test]
    fn dropping_the_owner_ends_the_server() {
        let script = "sleep 600 & echo ready; cat >/dev/null; kill $!";
        let start = Instant::now();
        drop(Supervisor::start(&mut shell(script)).unwrap());
        assert!(start.elapsed() < Duration::from_mins(1));
    }
}
