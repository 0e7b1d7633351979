//! The real binary with a configuration and data of its own, started, stopped and killed by tests.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::api::Api;

/// How long a daemon may take to listen, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which database a daemon uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// A file in the installation's folder.
    Sqlite,
    /// An empty database at this URL.
    Postgres(String),
}

/// A folder with a configuration, where the binary can be run.
pub struct Installation {
    folder: TempDir,
    binary: PathBuf,
    environment: Vec<(String, String)>,
    user: Option<u32>,
}

impl Installation {
    /// A fresh folder. `sections` is TOML besides `[database]`, `[http]`, `[security]` and `[log]`.
    pub fn new(store: &Store, sections: &str) -> Self {
        let folder = TempDir::with_prefix("recado-").expect("the temporary folder can be written");
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "a secret of the tests, longer than 32 octets\n")
            .expect("the folder can be written");
        Self::in_folder(folder, &secret, store, sections)
    }

    /// A second folder for a daemon on the same database, with the same secret.
    #[must_use]
    pub fn beside(&self, store: &Store, sections: &str) -> Self {
        let folder = TempDir::with_prefix("recado-").expect("the temporary folder can be written");
        let secret = folder.path().join("secret");
        std::fs::copy(self.folder.path().join("secret"), &secret).expect("the folder can be written");
        Self::in_folder(folder, &secret, store, sections)
    }

    fn in_folder(folder: TempDir, secret: &Path, store: &Store, sections: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(secret, std::fs::Permissions::from_mode(0o600)).expect("the file is ours");
        let url = match store {
            Store::Sqlite => format!("sqlite://{}", folder.path().join("recado.db").display()),
            Store::Postgres(url) => url.clone(),
        };
        let mut toml = String::new();
        let secret = secret.display();
        write!(
            toml,
            "[database]\nurl = {url:?}\n[http]\nlisten = \"127.0.0.1:0\"\n[security]\nsecret_file = \"{secret}\"\n\
             [log]\nformat = \"json\"\nlevel = \"info\"\n{sections}"
        )
        .expect("a text takes all that is written");
        std::fs::write(folder.path().join("recado.toml"), toml).expect("the folder can be written");
        let binary =
            std::env::var_os("RECADO_BIN").expect("RECADO_BIN names the binary: run `cargo xtask test`");
        Self {
            folder,
            binary: binary.into(),
            environment: Vec::new(),
            user: None,
        }
    }

    /// Runs everything as another user from now on, who gets the folder with all that is in it, and the binary too: the
    /// build may lie where they cannot go.
    ///
    /// # Panics
    /// The test does not run as root.
    #[must_use]
    pub fn owned_by(mut self, user: u32) -> Self {
        let binary = self.folder.path().join("recado");
        // A link is enough within one file system.
        std::fs::hard_link(&self.binary, &binary)
            .or_else(|_| std::fs::copy(&self.binary, &binary).map(drop))
            .expect("the folder can be written");
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder is ours");
        let files = entries.map(|entry| entry.expect("the folder is ours").path());
        // The binary is the build's.
        for path in files
            .filter(|path| *path != binary)
            .chain([self.folder.path().to_owned()])
        {
            chown(path, Some(user), Some(user)).expect("root may give files away");
        }
        self.binary = binary;
        self.user = Some(user);
        self
    }

    /// The binary.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Sets a variable for every later run.
    pub fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Takes a variable back.
    pub fn unset(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The binary with arguments, in this folder, with no environment but this installation's.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// Runs a command of the command line to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// Runs a command that must succeed; gives its standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "recado {arguments:?}: {error}");
        String::from_utf8(output.stdout).expect("the command line prints UTF-8")
    }

    /// Runs a command with a text on its standard input; it must succeed.
    pub fn ok_with_input(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        child
            .stdin
            .take()
            .expect("it is piped")
            .write_all(input.as_bytes())
            .expect("it reads its input");
        let output = child.wait_with_output().expect("it can be waited for");
        assert!(
            output.status.success(),
            "recado {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("the command line prints UTF-8")
    }

    /// Adds an administrator, and gives a token of theirs.
    pub fn administrator(&self) -> String {
        self.token("admin@example.com", "Admin", "administrator")
    }

    /// Adds an account, and gives a token of theirs.
    pub fn token(&self, email: &str, name: &str, role: &str) -> String {
        self.ok(&["user", "add", "--email", email, "--name", name, "--role", role]);
        self.ok(&["token", "create", "--email", email, "--label", "test"])
            .trim()
            .to_owned()
    }

    /// Starts the daemon and waits until it listens.
    pub fn serve(&self) -> Daemon {
        self.try_serve()
            .unwrap_or_else(|log| panic!("the daemon ended before it listened:\n{log}"))
    }

    /// Starts the daemon; gives its log when it ends before it listens.
    pub fn try_serve(&self) -> Result<Daemon, String> {
        let mut command = self.command(&["serve"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (heard, address) = mpsc::channel();
        let streams: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("it is piped")),
            Box::new(child.stderr.take().expect("it is piped")),
        ];
        for stream in streams {
            let (log, heard) = (log.clone(), heard.clone());
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Some(address) = listening_on(&line) {
                        let _ = heard.send(address);
                    }
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    log.push_str(&line);
                    log.push('\n');
                }
            });
        }
        drop(heard);
        let mut daemon = Daemon {
            child,
            log,
            base: String::new(),
        };
        // The streams end, and with them the channel, when the daemon does.
        if let Ok(address) = address.recv_timeout(PATIENCE) {
            daemon.base = format!("http://{address}");
            return Ok(daemon);
        }
        let _ = daemon.child.kill();
        let _ = daemon.child.wait();
        Err(daemon.log())
    }
}

/// The address in the line that says that the daemon listens.
fn listening_on(line: &str) -> Option<String> {
    line.strip_prefix("listening on http://").map(ToOwned::to_owned)
}

/// A running daemon; killed when it is dropped.
pub struct Daemon {
    child: Child,
    log: Arc<Mutex<String>>,
    base: String,
}

impl Daemon {
    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where it takes mail by LMTP. Its configuration says that it does; the port is the system's choice.
    pub fn lmtp(&self) -> SocketAddr {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            let address = log
                .lines()
                .find_map(|line| line.strip_prefix("listening on lmtp://"));
            if let Some(address) = address {
                return address.parse().expect("the daemon prints an address and a port");
            }
            assert!(
                Instant::now() < deadline,
                "the daemon takes no mail by LMTP:\n{log}"
            );
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// The path of the page that makes the first administrator. The daemon prints it while there is none.
    pub fn setup_path(&self) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            let path = log.lines().find_map(|line| {
                let (_, url) = line.split_once("set up the service at ")?;
                let (_, token) = url.split_once("/setup/")?;
                let token: String = token
                    .chars()
                    .take_while(|character| character.is_ascii_alphanumeric() || "-_".contains(*character))
                    .collect();
                Some(format!("/setup/{token}"))
            });
            if let Some(path) = path {
                return path;
            }
            assert!(
                Instant::now() < deadline,
                "the daemon prints no link for setting it up:\n{log}"
            );
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// A client with a token.
    pub fn api(&self, token: &str) -> Api {
        Api::new(&self.base, token)
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a crash would.
    pub fn kill(mut self) {
        self.child.kill().expect("the daemon is ours");
        self.child.wait().expect("the daemon is ours");
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait_within(PATIENCE)
            .unwrap_or_else(|| panic!("the daemon does not stop:\n{}", self.log()))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the daemon is ours");
    }

    /// Waits for its end.
    pub fn wait_within(&mut self, at_most: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + at_most;
        loop {
            if let Some(status) = self.child.try_wait().expect("the daemon is ours") {
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
