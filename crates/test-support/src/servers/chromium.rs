//! Chromium, driven through chromedriver: every browser that a test opens has a profile of its own and ends with the
//! test.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use super::suite::{Suite, find_program};
use super::supervisor::{Supervisor, unique};

/// Tests that need Chromium.
pub const SUITE: Suite = Suite {
    name: "chromium",
    variable: "RECADO_TEST_CHROMIUM",
    packages: &["chromium", "chromium-driver"],
    locate,
};

/// What chromedriver says, before the port, when it listens.
const STARTED: &str = "started successfully on port ";

/// Tries at a port that is free for both kinds of addresses: the driver chooses for one and takes it for the other.
const TRIES: u32 = 5;

/// Arguments: the driver, its directory. See [`Supervisor::start`].
///
/// Browsers outlive a driver that is asked to stop, so they are ended with it, by their ids: they are children of its threads.
const SCRIPT: &str = r#"
trap ':' INT TERM HUP
cd "$2"
TMPDIR="$2" HOME="$2" XDG_CONFIG_HOME="$2" XDG_CACHE_HOME="$2" "$1" --port=0 >"$2/log" 2>&1 &
driver=$!
tries=0
until grep -q 'started successfully on port' "$2/log"; do
    tries=$((tries + 1))
    if [ $tries -gt 1200 ] || ! kill -0 $driver 2>/dev/null; then break; fi
    sleep 0.05
done
if grep -q 'started successfully on port' "$2/log"; then
    echo ready
    cat >/dev/null
else
    cat "$2/log"
fi
browsers=$(cat /proc/$driver/task/*/children 2>/dev/null)
kill -9 $driver $browsers 2>/dev/null
cd /
tries=0
until rm -rf "$2" 2>/dev/null || [ $tries -gt 50 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
"#;

/// A chromedriver, and the browsers that it opens.
#[derive(Debug)]
pub struct Chromium {
    program: PathBuf,
    port: u16,
    // Dropped last: it ends the browsers and removes their profiles.
    _supervisor: Supervisor,
}

impl Chromium {
    /// A driver for the running test. `None` when the task said that there is no Chromium; the test must return.
    ///
    /// # Panics
    /// There should be one, and it cannot be started.
    pub fn for_this_test() -> Option<Self> {
        let driver = SUITE.for_this_test()?;
        Some(Self::start(&driver).unwrap_or_else(|error| panic!("chromedriver does not start: {error}")))
    }

    /// Starts a driver.
    ///
    /// # Errors
    /// What it says about why it does not start.
    pub fn start(driver: &Path) -> io::Result<Self> {
        let program =
            find_program("chromium").ok_or_else(|| io::Error::other("Chromium is not installed"))?;
        let mut tried = 0;
        let (directory, supervisor) = loop {
            tried += 1;
            let directory = env::temp_dir().join(format!("recado-chromium-{}", unique()));
            fs::create_dir(&directory)?;
            let mut command = Command::new("sh");
            command
                .args(["-c", SCRIPT, "chromium"])
                .arg(driver)
                .arg(&directory);
            match Supervisor::start(&mut command) {
                Ok(supervisor) => break (directory, supervisor),
                Err(error) if tried < TRIES && error.to_string().contains("Address already in use") => {}
                Err(error) => return Err(error),
            }
        };
        let log = fs::read_to_string(directory.join("log"))?;
        let port = log.split_once(STARTED).and_then(|(_, rest)| {
            let digits = rest.split(|character: char| !character.is_ascii_digit()).next();
            digits?.parse().ok()
        });
        Ok(Self {
            program,
            port: port.ok_or_else(|| io::Error::other(format!("chromedriver names no port: {log}")))?,
            _supervisor: supervisor,
        })
    }

    /// Where the driver takes commands (`WebDriver` over HTTP).
    pub fn driver(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The browser's program, for the driver's capabilities.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The arguments that every browser is started with: no window, no requests of its own, and this machine alone.
    /// The sandbox refuses root.
    pub fn arguments() -> Vec<String> {
        [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--no-proxy-server",
            "--disable-background-networking",
            "--disable-breakpad",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-sync",
            "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

fn locate() -> Result<PathBuf, String> {
    find_program("chromium").ok_or("Chromium is not installed")?;
    Ok(find_program("chromedriver").ok_or("chromedriver is not installed")?)
}
