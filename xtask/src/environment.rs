//! What a run of the real binary needs: the binary, built once, and the servers that the whole run shares.
//!
//! Programs that test the daemon learn from environment variables what is there, see
//! `recado_test_support::servers`; a task prepares an [`Environment`] and passes its variables on.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use cargo_metadata::MetadataCommand;
use recado_test_support::servers::postgres::{self, Durability, Postgres};
use recado_test_support::servers::{ABSENT, SUITES, Suite};

use crate::{install, workspace};

/// What every build of the binary under test, and every check of it, is made with.
pub(crate) const FEATURES: [&str; 2] = ["--features", "recado/failpoints"];

/// Builds the binary as it is delivered, and the programs that measure it.
const RELEASE: [&str; 7] = [
    "build",
    "--release",
    "--package",
    "recado",
    "--package",
    "recado-tests",
    "--bins",
];

/// Tells the tests where the daemon is.
const BINARY_VARIABLE: &str = "RECADO_BIN";

/// A suite, and where its programs are or why it cannot run.
pub(crate) type Found = (&'static Suite, Result<PathBuf, String>);

/// What to do about a server that is not installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Install,
    Skip,
}

/// What to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// Everything, for testing, with the features of the crash harness.
    Tests,
    /// The binary as it is delivered, and the programs that measure it.
    Release,
    /// The same in a folder of its own, with the names of functions, for a profiler.
    Profile,
}

/// The built binary and the running servers; dropping it stops the servers.
pub(crate) struct Environment {
    programs: PathBuf,
    suites: Vec<Found>,
    variables: Vec<(&'static str, OsString)>,
    _shared_cluster: Option<Postgres>,
}

impl Environment {
    /// Looks for servers, builds, and starts the servers that the whole run shares. Tests are built with one choice of
    /// features, so that the binary under test and the tests share their dependencies.
    pub(crate) fn prepare(missing: Missing, build: Build) -> anyhow::Result<Self> {
        let suites = look_for_servers(missing, build);
        let mut command = workspace::cargo();
        let folder = match build {
            Build::Tests => {
                command
                    .args(["build", "--workspace", "--all-targets"])
                    .args(FEATURES);
                "debug"
            }
            Build::Release => {
                command.args(RELEASE);
                "release"
            }
            Build::Profile => {
                let target = target_directory()?.join("profile");
                command
                    .args(RELEASE)
                    .arg("--target-dir")
                    .arg(target)
                    .args(["--config", "profile.release.package.recado.strip=false"]);
                "profile/release"
            }
        };
        workspace::run(&mut command, "cargo build")?;

        let programs = programs(folder)?;
        let mut variables = vec![(BINARY_VARIABLE, programs.join("recado").into())];
        let mut shared_cluster = None;
        for (suite, programs) in &suites {
            let Ok(programs) = programs else {
                variables.push((suite.variable, ABSENT.into()));
                continue;
            };
            variables.push((suite.variable, programs.into()));
            // What measures starts a cluster of its own.
            if suite.name == postgres::SUITE.name && build == Build::Tests {
                let cluster =
                    Postgres::start(programs, Durability::Flushed).context("PostgreSQL does not start")?;
                variables.push((postgres::URL_VARIABLE, cluster.admin_url().into()));
                shared_cluster = Some(cluster);
            }
        }
        Ok(Self {
            programs,
            suites,
            variables,
            _shared_cluster: shared_cluster,
        })
    }

    /// A program that was built.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Every suite, and whether it can run.
    pub(crate) fn suites(&self) -> &[Found] {
        &self.suites
    }

    /// What a program that tests the daemon reads from its environment.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &OsString)> {
        self.variables.iter().map(|(name, value)| (*name, value))
    }
}

/// Looks for each suite's programs, and installs those that are missing where that is wanted and can be done. What
/// measures needs databases alone.
fn look_for_servers(missing: Missing, build: Build) -> Vec<Found> {
    let look = || {
        SUITES
            .iter()
            .map(|suite| (*suite, (suite.locate)()))
            .collect::<Vec<Found>>()
    };
    let found = look();
    let is_needed = |suite: &Suite| build == Build::Tests || suite.name == postgres::SUITE.name;
    let absent = found
        .iter()
        .filter(|(suite, programs)| programs.is_err() && is_needed(suite));
    let packages: Vec<&str> = absent.flat_map(|(suite, _)| suite.packages).copied().collect();
    if packages.is_empty() || missing == Missing::Skip || !install::is_possible() {
        return found;
    }
    if let Err(error) = install::install(&packages) {
        eprintln!("{error:#}; going on without");
    }
    look()
}

/// Where the build put its programs.
fn programs(folder: &str) -> anyhow::Result<PathBuf> {
    let programs = target_directory()?.join(folder);
    ensure!(
        programs.join("recado").is_file(),
        "the build left no recado in {}",
        programs.display()
    );
    Ok(programs)
}

fn target_directory() -> anyhow::Result<PathBuf> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata failed")?;
    Ok(metadata.target_directory.into())
}
