//! Dovecot: a private instance with IMAP, IMAP in TLS, and LMTP, whose users' mails lie in maildirs of its own.
//!
//! It needs root, because its processes run as users of their own, but reads and writes nothing outside its
//! directory. What lies in a mailbox is read and changed with `doveadm`, so a test's look at a mailbox owes nothing
//! to the IMAP client under test.

mod configuration;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use super::program;
use super::suite::{Suite, find_program, is_root};
use super::supervisor::{Supervisor, free_ports, unique};

/// Tests that need Dovecot.
pub const SUITE: Suite = Suite {
    name: "dovecot",
    variable: "RECADO_TEST_DOVECOT",
    packages: &["dovecot-core", "dovecot-imapd", "dovecot-lmtpd"],
    locate,
};

/// The name that the certificate is for, beside `localhost` and `127.0.0.1`.
pub const HOST: &str = "imap.recado.test";

/// Every user's password.
pub const PASSWORD: &str = "another password, with blanks & \"quotes\" \\";

/// The folder that mail is delivered to.
pub const INBOX: &str = "INBOX";

/// Tries at finding ports that nobody else takes before the server does.
const TRIES: u32 = 5;

/// How often a mailbox is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How long the processes of a killed server may take to end.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// How long a killed server may take to start again.
const RECOVERY: Duration = Duration::from_secs(20);

/// Arguments: the instance's directory. The server is the leader of a process group, which ends at once: nobody will
/// miss its data. See [`Supervisor::start`].
const SCRIPT: &str = r#"
trap '' INT TERM HUP
cd /
if dovecot -c "$1/dovecot.conf" >"$1/start.log" 2>&1; then
    echo ready
    cat >/dev/null
    kill -s KILL -- "-$(cat "$1/run/master.pid")"
else
    cat "$1/start.log" "$1/log" 2>/dev/null
fi
rm -rf "$1"
"#;

/// A Dovecot instance.
#[derive(Debug)]
pub struct Dovecot {
    directory: PathBuf,
    ports: Ports,
    // Dropped last: it removes the directory.
    _supervisor: Supervisor,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    imap: u16,
    imaps: u16,
    lmtp: u16,
}

/// What the server tells IMAP clients that it can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcing {
    /// All that it can, IDLE included.
    Everything,
    /// Little, and no IDLE (RFC 2177): clients have to ask whether there is new mail.
    NoIdle,
}

/// A mail in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// Its number in the folder.
    pub uid: u32,
    /// Its flags, as IMAP writes them: `\Seen`.
    pub flags: Vec<String>,
    /// Its bytes; lines end with LF, and the header lines of delivery stand before its own.
    pub raw: Vec<u8>,
}

impl StoredMail {
    /// Whether it bears this flag.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|set| set.eq_ignore_ascii_case(flag))
    }
}

impl Dovecot {
    /// An instance for the running test, with these users, each an address. `None` when the task said that there is
    /// no Dovecot; the test must return.
    ///
    /// # Panics
    /// There should be a server, and it cannot be started.
    pub fn for_this_test(users: &[&str]) -> Option<Self> {
        Self::for_this_test_as(users, Announcing::Everything)
    }

    /// An instance that announces what the test says. `None` as in [`for_this_test`](Self::for_this_test).
    ///
    /// # Panics
    /// There should be a server, and it cannot be started.
    pub fn for_this_test_as(users: &[&str], announcing: Announcing) -> Option<Self> {
        SUITE.for_this_test()?;
        Some(Self::start(users, announcing).unwrap_or_else(|error| panic!("Dovecot does not start: {error}")))
    }

    /// Makes and starts an instance.
    ///
    /// # Errors
    /// What Dovecot says about why it does not start.
    pub fn start(users: &[&str], announcing: Announcing) -> io::Result<Self> {
        let mut tried = 0;
        loop {
            tried += 1;
            let [imap, imaps, lmtp] = free_ports()?;
            let ports = Ports { imap, imaps, lmtp };
            let directory = env::temp_dir().join(format!("recado-dovecot-{}", unique()));
            let written = configuration::write_instance(&directory, ports, users, announcing);
            if written.is_err() {
                fs::remove_dir_all(&directory)?;
            }
            written?;
            let mut command = Command::new("sh");
            command
                .args(["-c", SCRIPT, "dovecot"])
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

    /// IMAP without TLS; a login in the clear is allowed.
    pub fn imap(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.imap).into()
    }

    /// IMAP in TLS from the first byte, like port 993.
    pub fn imaps(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.imaps).into()
    }

    /// LMTP; it knows the users, with or without a detail after `+`, and refuses everybody else.
    pub fn lmtp(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.lmtp).into()
    }

    /// The PEM file of the authority that signed the certificate for [`HOST`].
    pub fn ca_file(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// The mails in a user's inbox, oldest first.
    ///
    /// # Panics
    /// There is no such user.
    pub fn mails(&self, user: &str) -> Vec<StoredMail> {
        self.mails_in(user, INBOX)
    }

    /// The mails in a folder, oldest first.
    ///
    /// # Panics
    /// There is no such user or folder.
    pub fn mails_in(&self, user: &str, folder: &str) -> Vec<StoredMail> {
        let listed = self.doveadm(&["-f", "tab", "fetch", "-u", user, "uid flags", "mailbox", folder]);
        let listed = String::from_utf8(listed).expect("numbers and flags are UTF-8");
        let mail = |line: &str| {
            let (uid, flags) = line.split_once('\t').expect("a line has two columns");
            // The pager's format is the one that leaves the mail's bytes alone.
            let raw = self.doveadm(&[
                "-f", "pager", "fetch", "-u", user, "text", "mailbox", folder, "uid", uid,
            ]);
            // Nothing: somebody took the mail away meanwhile.
            let raw = raw.strip_prefix(b"text:\n")?.to_vec();
            Some(StoredMail {
                uid: uid.parse().expect("a UID is a number"),
                flags: flags.split_whitespace().map(ToOwned::to_owned).collect(),
                raw,
            })
        };
        // The first line, which is absent when there is no mail, names the columns.
        listed.lines().skip(1).filter_map(mail).collect()
    }

    /// Waits until a user's inbox fulfils a condition; gives its mails.
    ///
    /// # Panics
    /// It does not within the time; the message holds the mailbox and the server's log.
    pub fn wait_until(
        &self,
        user: &str,
        at_most: Duration,
        condition: impl Fn(&[StoredMail]) -> bool,
    ) -> Vec<StoredMail> {
        let start = Instant::now();
        loop {
            let mails = self.mails(user);
            if condition(&mails) {
                return mails;
            }
            let flags: Vec<_> = mails.iter().map(|mail| (mail.uid, &mail.flags)).collect();
            assert!(
                start.elapsed() < at_most,
                "after {at_most:?} the inbox of {user} holds {flags:?}; Dovecot says:\n{}",
                self.log()
            );
            thread::sleep(LOOK);
        }
    }

    /// Waits until a user's inbox holds this many mails; gives them, oldest first.
    ///
    /// # Panics
    /// They do not come within the time.
    pub fn wait_for_mails(&self, user: &str, count: usize, at_most: Duration) -> Vec<StoredMail> {
        self.wait_until(user, at_most, |mails| mails.len() >= count)
    }

    /// Puts a mail into a user's inbox as it is, without header lines of delivery, as IMAP's APPEND does.
    ///
    /// # Panics
    /// There is no such user.
    pub fn append(&self, user: &str, mail: &[u8]) {
        self.append_to(user, INBOX, mail);
    }

    /// Puts a mail into a folder as it is.
    ///
    /// # Panics
    /// There is no such user or folder.
    pub fn append_to(&self, user: &str, folder: &str, mail: &[u8]) {
        let mut command = self.doveadm_command(&["save", "-u", user, "-m", folder]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("doveadm starts");
        let mut input = child.stdin.take().expect("standard input is a pipe");
        input.write_all(mail).expect("doveadm reads the mail");
        drop(input);
        let output = child.wait_with_output().expect("doveadm can be waited for");
        assert!(
            output.status.success(),
            "doveadm save: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Makes a folder.
    ///
    /// # Panics
    /// There is no such user, or there is such a folder.
    pub fn create_folder(&self, user: &str, folder: &str) {
        self.doveadm(&["mailbox", "create", "-u", user, folder]);
    }

    /// Takes `\Seen` from every mail in a user's inbox, as a person does who marks them unread.
    ///
    /// # Panics
    /// There is no such user.
    pub fn mark_unread(&self, user: &str) {
        self.doveadm(&["flags", "remove", "-u", user, "\\Seen", "mailbox", INBOX, "all"]);
    }

    /// Marks every mail in a user's inbox `\Seen`, as a person's mail program does that opens them.
    ///
    /// # Panics
    /// There is no such user.
    pub fn mark_read(&self, user: &str) {
        self.doveadm(&["flags", "add", "-u", user, "\\Seen", "mailbox", INBOX, "all"]);
    }

    /// Removes every mail from a user's inbox.
    ///
    /// # Panics
    /// There is no such user.
    pub fn empty(&self, user: &str) {
        self.doveadm(&["expunge", "-u", user, "mailbox", INBOX, "all"]);
    }

    /// The UIDVALIDITY of a user's inbox.
    ///
    /// # Panics
    /// There is no such user.
    pub fn uid_validity(&self, user: &str) -> u32 {
        let status = self.doveadm(&["-f", "tab", "mailbox", "status", "-u", user, "uidvalidity", INBOX]);
        let status = String::from_utf8(status).expect("a status is UTF-8");
        let value = status.lines().nth(1).and_then(|row| row.split('\t').next_back());
        value
            .and_then(|value| value.parse().ok())
            .expect("a status holds a number")
    }

    /// Gives a user's inbox another UIDVALIDITY, and its mails new numbers from 1 on, as a server does after its
    /// indexes were lost. The mails and their flags stay; connections to the folder end.
    ///
    /// # Panics
    /// There is no such user, or the UIDVALIDITY stays.
    pub fn renumber(&self, user: &str) {
        let before = self.uid_validity(user);
        self.kick(user);
        let inbox = self.directory.join("mail").join(user).join("Maildir");
        for entry in fs::read_dir(&inbox).expect("the user has an inbox") {
            let path = entry.expect("the inbox is readable").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name == "dovecot-uidlist" || name.starts_with("dovecot.index") {
                fs::remove_file(&path).expect("the inbox is ours");
            }
        }
        // What is left over could be the second in which the mailbox was made.
        let next = before + 1;
        self.doveadm(&[
            "mailbox",
            "update",
            "-u",
            user,
            "--uid-validity",
            &next.to_string(),
            INBOX,
        ]);
        assert_ne!(self.uid_validity(user), before, "the UIDVALIDITY changed");
    }

    /// Ends a user's connections, as an administrator or a restart does. There may be none.
    pub fn kick(&self, user: &str) {
        // It fails when nobody is connected.
        let _ = self.doveadm_command(&["kick", user]).output();
    }

    /// Kills the server, and with it every connection. The mails stay.
    ///
    /// # Panics
    /// It is down already.
    pub fn crash(&self) {
        let pid_file = self.directory.join("run/master.pid");
        let pid = fs::read_to_string(&pid_file).expect("a running server has a pid");
        let group = format!("-{}", pid.trim());
        program::output(Command::new("kill").args(["-s", "KILL", "--", &group])).expect("the server is ours");
        // Otherwise the next server takes it for another that runs.
        fs::remove_file(&pid_file).expect("the directory is ours");
        // Its processes end one by one, a moment after the signal.
        let killed = Instant::now();
        while TcpStream::connect(self.imap()).is_ok() {
            assert!(
                killed.elapsed() < GONE_WITHIN,
                "the server is killed, and listens"
            );
            thread::sleep(LOOK);
        }
    }

    /// Starts a server that was [crashed](Self::crash) again, on the same ports.
    ///
    /// # Panics
    /// It does not start.
    pub fn recover(&self) {
        let said = self.directory.join("start.log");
        let begin = || -> io::Result<bool> {
            // The server keeps what it is given: a pipe would never end.
            let output = fs::File::create(&said)?;
            let mut command = Command::new("dovecot");
            command
                .arg("-c")
                .arg(self.directory.join("dovecot.conf"))
                .env("PATH", program::path_with_administration())
                .stdin(Stdio::null())
                .stdout(output.try_clone()?)
                .stderr(output);
            Ok(command.status()?.success())
        };
        let start = Instant::now();
        // A port may be lent to an outgoing connection for a moment.
        while !begin().expect("Dovecot can be run") {
            assert!(
                start.elapsed() < RECOVERY,
                "Dovecot does not start again: {}",
                fs::read_to_string(&said).unwrap_or_default()
            );
            thread::sleep(LOOK);
        }
    }

    /// How many IMAP connections a user has.
    ///
    /// # Panics
    /// The server is gone.
    pub fn connections(&self, user: &str) -> usize {
        let who = self.doveadm(&["-f", "tab", "who", "-1", user]);
        String::from_utf8_lossy(&who)
            .lines()
            .filter(|line| line.starts_with(user) && line.contains("imap"))
            .count()
    }

    /// What Dovecot logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    fn doveadm_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("doveadm");
        command
            .arg("-c")
            .arg(self.directory.join("dovecot.conf"))
            .args(arguments)
            .env("PATH", program::path_with_administration())
            .stdin(Stdio::null());
        command
    }

    fn doveadm(&self, arguments: &[&str]) -> Vec<u8> {
        program::output(&mut self.doveadm_command(arguments))
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}; Dovecot says:\n{}", self.log()))
    }
}

fn locate() -> Result<PathBuf, String> {
    if !is_root() {
        return Err("Dovecot needs root".to_owned());
    }
    let dovecot = find_program("dovecot").ok_or("Dovecot is not installed")?;
    for part in ["imap", "lmtp"] {
        if !Path::new("/usr/lib/dovecot").join(part).exists() {
            return Err(format!("Dovecot's {part} is not installed"));
        }
    }
    Ok(dovecot)
}
