//! PostgreSQL: a cluster in a throw-away directory, listening on loopback, with a password.
//!
//! The server refuses to run as root, so under root the cluster is the `postgres` user's. Making a cluster takes a
//! second or two: `cargo xtask test` starts one for the whole run, and each test gets a database of its own in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, io};

use super::suite::{Suite, find_program, is_root};
use super::supervisor::{Supervisor, free_port, unique};

/// Tests that need PostgreSQL 15 or later.
pub const SUITE: Suite = Suite {
    name: "postgres",
    variable: "RECADO_TEST_POSTGRES",
    packages: &["postgresql"],
    locate,
};

/// Holds the address of a running cluster's database `postgres`, for a user who may create databases.
pub const URL_VARIABLE: &str = "RECADO_TEST_POSTGRES_URL";

/// Debian's user and the cluster's superuser.
const USER: &str = "postgres";
const PASSWORD: &str = "recado";

/// The oldest version that the project supports.
const OLDEST_VERSION: u32 = 15;

/// Tries at finding a port that nobody else takes before the server does.
const TRIES: u32 = 5;

/// Arguments: programs, directory for the cluster, port, durability settings. See [`Supervisor::start`].
const SCRIPT: &str = r#"
trap '' INT TERM HUP
programs=$1 directory=$2 port=$3 settings=$4
mkdir -m 700 "$directory" 2>&1 && cd "$directory" || exit 1
start() {
    echo "$5" >password
    "$programs/initdb" -D data -U postgres -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 --pwfile=password --no-sync &&
    cat >>data/postgresql.conf <<END &&
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$directory'
max_connections = 200
shared_buffers = 32MB
$settings
END
    "$programs/pg_ctl" -D data -l log -w -t 60 start
}
if start "$@" >start.log 2>&1; then
    echo ready
    cat >/dev/null
    "$programs/pg_ctl" -D data -m immediate -w -t 60 stop >/dev/null 2>&1
else
    cat start.log log 2>/dev/null
fi
cd / && rm -rf "$directory"
"#;

/// Whether the cluster survives a power failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production: a commit is on the disk when it is acknowledged.
    Flushed,
    /// Faster, for tests that look at neither crashes nor speed.
    Unflushed,
}

/// A PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    admin_url: String,
    cluster: Option<Cluster>,
}

/// A cluster that this process owns.
#[derive(Debug)]
struct Cluster {
    directory: PathBuf,
    _supervisor: Supervisor,
}

impl Postgres {
    /// The server for the running test: the run's shared cluster, or one of its own when nothing is shared. `None`
    /// when the task said that there is no PostgreSQL; the test must return.
    ///
    /// # Panics
    /// There should be a server, and it cannot be started.
    pub fn for_this_test() -> Option<Self> {
        let programs = SUITE.for_this_test()?;
        if let Some(url) = env::var_os(URL_VARIABLE) {
            let admin_url = url.into_string().expect("the cluster's address is UTF-8");
            return Some(Self {
                programs,
                admin_url,
                cluster: None,
            });
        }
        Some(
            Self::start(&programs, Durability::Unflushed)
                .unwrap_or_else(|error| panic!("PostgreSQL does not start: {error}")),
        )
    }

    /// A cluster for the running test alone, which it may [`crash`](Self::crash). `None` as in
    /// [`for_this_test`](Self::for_this_test).
    ///
    /// # Panics
    /// There should be a server, and it cannot be started.
    pub fn alone(durability: Durability) -> Option<Self> {
        let programs = SUITE.for_this_test()?;
        Some(
            Self::start(&programs, durability)
                .unwrap_or_else(|error| panic!("PostgreSQL does not start: {error}")),
        )
    }

    /// Makes and starts a cluster with the programs in this directory.
    ///
    /// # Errors
    /// What the programs say about why it does not start.
    pub fn start(programs: &Path, durability: Durability) -> io::Result<Self> {
        let settings = match durability {
            // PostgreSQL's own default of memory: speed is measured with it.
            Durability::Flushed => "fsync = on\nshared_buffers = 128MB",
            Durability::Unflushed => "fsync = off\nfull_page_writes = off",
        };
        let mut tried = 0;
        loop {
            tried += 1;
            let directory = env::temp_dir().join(format!("recado-postgres-{}", unique()));
            let port = free_port()?;
            let mut command = as_database_user("sh");
            command
                .args(["-c", SCRIPT, "postgres"])
                .arg(programs)
                .arg(&directory);
            command.args([port.to_string().as_str(), settings, PASSWORD]);
            match Supervisor::start(&mut command) {
                Ok(supervisor) => {
                    return Ok(Self {
                        programs: programs.to_owned(),
                        admin_url: format!(
                            "postgres://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=disable"
                        ),
                        cluster: Some(Cluster {
                            directory,
                            _supervisor: supervisor,
                        }),
                    });
                }
                Err(error) if tried < TRIES && error.to_string().contains("Address already in use") => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The address of the database `postgres`, for making others: what [`URL_VARIABLE`] holds.
    pub fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// Makes an empty database and gives its address. Its name begins with `name` and is unique in the cluster.
    ///
    /// # Panics
    /// The server refuses.
    pub fn database(&self, name: &str) -> String {
        let name = format!("{name}_{}", unique());
        self.query(
            &self.admin_url,
            &format!("CREATE DATABASE \"{name}\" TEMPLATE template0"),
        )
        .unwrap_or_else(|error| panic!("cannot create database {name}: {error}"));
        self.admin_url.replace("/postgres?", &format!("/{name}?"))
    }

    /// Runs SQL with psql on a database of this server: a look at what a program left there that owes nothing to the
    /// program's own code. Rows are lines, columns are separated by tabs.
    ///
    /// # Errors
    /// What psql says.
    pub fn query(&self, url: &str, sql: &str) -> io::Result<String> {
        let mut psql = self.command("psql");
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-F",
            "\t",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
            url,
        ]);
        text_of(&psql.output()?)
    }

    /// One of the server's client programs, such as `pgbench`.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        // Settings of the developer's own must not reach the test's server.
        command
            .env_remove("PGOPTIONS")
            .env_remove("PGSERVICE")
            .env("PGCONNECT_TIMEOUT", "30");
        command
    }

    /// Kills the server as a power failure would: no checkpoint, no farewell to clients. The data stays.
    ///
    /// # Panics
    /// The cluster is shared with other tests, or was down before.
    pub fn crash(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts a server that was [crashed](Self::crash) again, on the same port, and waits until it has recovered.
    ///
    /// # Panics
    /// The cluster is shared with other tests, or does not start.
    pub fn recover(&self) {
        self.control(&["-l", "log", "start"]);
    }

    fn control(&self, action: &[&str]) {
        let cluster = self
            .cluster
            .as_ref()
            .expect("only a cluster of the test's own is stopped");
        let mut command = as_database_user("env");
        command
            .arg("-C")
            .arg(&cluster.directory)
            .arg(self.programs.join("pg_ctl"));
        command.args(["-D", "data", "-w", "-t", "60", "-s"]).args(action);
        let output = command.output().expect("pg_ctl starts");
        text_of(&output).unwrap_or_else(|error| panic!("pg_ctl {}: {error}", action.join(" ")));
    }
}

/// A command that runs as the user whom PostgreSQL accepts: under root the `postgres` user, else oneself.
fn as_database_user(program: &str) -> Command {
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", USER, "--", program]);
        // The user may not be able to enter the directory that the test was started in.
        command.current_dir("/");
        command
    } else {
        Command::new(program)
    }
}

fn text_of(output: &Output) -> io::Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(io::Error::other(
        String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    ))
}

/// The directory of the server's programs: the newest below Debian's, else the one on the `PATH`.
fn locate() -> Result<PathBuf, String> {
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<(u32, PathBuf)> = debian
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(version, programs)| *version >= OLDEST_VERSION && is_complete(programs))
        .collect();
    versions.sort();
    if let Some((_, programs)) = versions.pop() {
        return Ok(programs);
    }
    let initdb = find_program("initdb")
        .ok_or_else(|| format!("no PostgreSQL {OLDEST_VERSION} or later is installed"))?;
    // A link on the path leads to the directory where the other programs are.
    let programs = initdb
        .canonicalize()
        .ok()
        .and_then(|file| file.parent().map(Path::to_owned));
    programs
        .filter(|programs| is_complete(programs))
        .ok_or_else(|| format!("{} has no psql and pg_ctl beside it", initdb.display()))
}

fn is_complete(programs: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres", "psql"]
        .iter()
        .all(|program| programs.join(program).is_file())
}
