//! Postfix: a private instance that keeps every mail for whomever in one maildir, with STARTTLS and AUTH, and hands the
//! mail of some on to LMTP servers and programs where a test says so, see [`Route`].
//!
//! Nothing leaves the machine: every domain is a virtual mailbox domain of this instance. It needs root, as Postfix's
//! master does, but neither reads nor writes below `/etc/postfix` and `/var/spool/postfix`.

mod configuration;
mod route;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use super::program;
use super::suite::{Suite, find_program, is_root};
use super::supervisor::{Supervisor, free_ports, unique};

pub use self::route::Route;

/// Tests that need Postfix.
pub const SUITE: Suite = Suite {
    name: "postfix",
    variable: "RECADO_TEST_POSTFIX",
    packages: &["postfix", "sasl2-bin", "libsasl2-modules"],
    locate,
};

/// The name that the server greets with and that its certificate is for, beside `localhost`.
pub const HOST: &str = "mail.recado.test";

/// The account that may submit.
pub const USER: &str = "desk@recado.test";
/// The account's password.
pub const PASSWORD: &str = "a password, with blanks & \"quotes\"";

/// Tries at finding ports that nobody else takes before the server does.
const TRIES: u32 = 5;

/// How often the maildir is looked at. Postfix tells nobody that it delivered.
const LOOK: Duration = Duration::from_millis(20);

/// Arguments: the instance's directory. See [`Supervisor::start`].
const SCRIPT: &str = r#"
trap '' INT TERM HUP
cd /
if postfix -c "$1/etc" start >"$1/start.log" 2>&1; then
    echo ready
    cat >/dev/null
    postfix -c "$1/etc" abort >/dev/null 2>&1
else
    cat "$1/start.log" "$1/log" 2>/dev/null
fi
rm -rf "$1"
"#;

/// A Postfix instance.
#[derive(Debug)]
pub struct Postfix {
    directory: PathBuf,
    ports: Ports,
    // Dropped last: it removes the directory.
    _supervisor: Supervisor,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    relay: u16,
    submission: u16,
    submissions: u16,
}

impl Postfix {
    /// An instance for the running test. `None` when the task said that there is no Postfix; the test must return.
    ///
    /// # Panics
    /// There should be a server, and it cannot be started.
    pub fn for_this_test() -> Option<Self> {
        Self::for_this_test_with(&[])
    }

    /// An instance as [`for_this_test`](Self::for_this_test) makes it, that hands some mail on: whatever is for an
    /// address, with any detail after `+`, or for a domain, goes its [`Route`]. Mail for a recipient whom the other end
    /// of a route refuses is taken by Postfix first, and bounces.
    ///
    /// # Panics
    /// There should be a server, and it cannot be started.
    pub fn for_this_test_with(routes: &[(&str, Route)]) -> Option<Self> {
        SUITE.for_this_test()?;
        Some(Self::start(routes).unwrap_or_else(|error| panic!("Postfix does not start: {error}")))
    }

    /// Makes and starts an instance.
    ///
    /// # Errors
    /// What Postfix says about why it does not start.
    pub fn start(routes: &[(&str, Route)]) -> io::Result<Self> {
        let mut tried = 0;
        loop {
            tried += 1;
            let [relay, submission, submissions] = free_ports()?;
            let ports = Ports {
                relay,
                submission,
                submissions,
            };
            let directory = env::temp_dir().join(format!("recado-postfix-{}", unique()));
            let written = configuration::write_instance(&directory, ports, routes);
            if written.is_err() {
                fs::remove_dir_all(&directory)?;
            }
            written?;
            let mut command = Command::new("sh");
            command
                .args(["-c", SCRIPT, "postfix"])
                .arg(&directory)
                .env("PATH", program::path_with_administration());
            match Supervisor::start(&mut command) {
                Ok(supervisor) => {
                    return Ok(Self {
                        directory,
                        ports,
                        _supervisor: supervisor,
                    });
                }
                Err(error) if tried < TRIES && error.to_string().contains("Address already in use") => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes mail without AUTH and offers no TLS, like port 25 within a network.
    pub fn relay(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.relay).into()
    }

    /// Demands STARTTLS and AUTH, like port 587.
    pub fn submission(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.submission).into()
    }

    /// TLS from the first byte, demands AUTH, like port 465.
    pub fn submissions(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.submissions).into()
    }

    /// The PEM file of the authority that signed the certificate for [`HOST`], `localhost` and `127.0.0.1`.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// The mails that were delivered to this recipient so far, in no certain order, byte for byte as in the maildir:
    /// the lines end with LF, and Postfix's own header lines stand before those of the mail.
    ///
    /// # Panics
    /// The maildir cannot be read.
    pub fn delivered_to(&self, recipient: &str) -> Vec<Vec<u8>> {
        let header = format!("\nDelivered-To: {recipient}\n").to_lowercase();
        let Ok(mailbox) = fs::read_dir(self.directory.join("mail/inbox/new")) else {
            // The first delivery makes it.
            return Vec::new();
        };
        mailbox
            .map(|entry| {
                fs::read(entry.expect("the maildir is readable").path())
                    .expect("a delivered mail is readable")
            })
            .filter(|mail| {
                let head = mail
                    .split(|byte| *byte == b'\n')
                    .take_while(|line| !line.is_empty());
                let head: Vec<u8> = head
                    .flat_map(|line| [b"\n", line].concat())
                    .chain([b'\n'])
                    .collect();
                String::from_utf8_lossy(&head).to_lowercase().contains(&header)
            })
            .collect()
    }

    /// Waits for the first mail to this recipient.
    ///
    /// # Panics
    /// None came within the time; the message holds the server's log.
    pub fn wait_for_mail(&self, recipient: &str, at_most: Duration) -> Vec<u8> {
        let start = Instant::now();
        loop {
            if let Some(mail) = self.delivered_to(recipient).pop() {
                return mail;
            }
            assert!(
                start.elapsed() < at_most,
                "no mail for {recipient} within {at_most:?}; Postfix says:\n{}",
                self.log()
            );
            thread::sleep(LOOK);
        }
    }

    /// Waits until Postfix logged something; gives the log.
    ///
    /// # Panics
    /// It did not within the time; the message holds the log.
    pub fn wait_until_logged(&self, text: &str, at_most: Duration) -> String {
        let start = Instant::now();
        loop {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            assert!(
                start.elapsed() < at_most,
                "no {text:?} within {at_most:?}; Postfix says:\n{log}"
            );
            thread::sleep(LOOK);
        }
    }

    /// Whether no mail is under way: every one that was taken has been delivered, handed on or has bounced.
    pub fn is_idle(&self) -> bool {
        let is_empty = |queue| !holds_a_file(&self.directory.join("spool").join(queue));
        ["maildrop", "incoming", "active", "deferred"]
            .into_iter()
            .all(is_empty)
    }

    /// What Postfix logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

/// Whether there is a file in a directory, or in one below it: Postfix spreads a queue over several.
fn holds_a_file(directory: &Path) -> bool {
    let Ok(entries) = fs::read_dir(directory) else {
        return false;
    };
    entries.filter_map(Result::ok).any(|entry| {
        let path = entry.path();
        if path.is_dir() { holds_a_file(&path) } else { true }
    })
}

fn locate() -> Result<PathBuf, String> {
    if !is_root() {
        return Err("Postfix needs root".to_owned());
    }
    let postfix = find_program("postfix").ok_or("Postfix is not installed")?;
    find_program("saslpasswd2").ok_or("saslpasswd2 is not installed")?;
    Ok(postfix)
}
