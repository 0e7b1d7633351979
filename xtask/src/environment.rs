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

/// The built binary and the running servers; dropping it stops the servers.
pub(crate) struct Environment {
    suites: Vec<Found>,
    variables: Vec<(&'static str, OsString)>,
    _shared_cluster: Option<Postgres>,
}

impl Environment {
    /// Looks for servers, builds the whole workspace with one choice of features, so that the binary under test and
    /// the tests share their dependencies, and starts the servers that all tests share.
    pub(crate) fn prepare(missing: Missing) -> anyhow::Result<Self> {
        let suites = look_for_servers(missing);
        let mut build = workspace::cargo();
        build
            .args(["build", "--workspace", "--all-targets"])
            .args(FEATURES);
        workspace::run(&mut build, "building the tests")?;

        let mut variables = vec![(BINARY_VARIABLE, binary()?.into())];
        let mut shared_cluster = None;
        for (suite, programs) in &suites {
            let Ok(programs) = programs else {
                variables.push((suite.variable, ABSENT.into()));
                continue;
            };
            variables.push((suite.variable, programs.into()));
            if suite.name == postgres::SUITE.name {
                let cluster =
                    Postgres::start(programs, Durability::Flushed).context("PostgreSQL does not start")?;
                variables.push((postgres::URL_VARIABLE, cluster.admin_url().into()));
                shared_cluster = Some(cluster);
            }
        }
        Ok(Self {
            suites,
            variables,
            _shared_cluster: shared_cluster,
        })
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

/// Looks for each suite's programs, and installs those that are missing where that is wanted and can be done.
fn look_for_servers(missing: Missing) -> Vec<Found> {
    let look = || {
        SUITES
            .iter()
            .map(|suite| (*suite, (suite.locate)()))
            .collect::<Vec<Found>>()
    };
    let found = look();
    let absent = found.iter().filter(|(_, programs)| programs.is_err());
    let packages: Vec<&str> = absent.flat_map(|(suite, _)| suite.packages).copied().collect();
    if packages.is_empty() || missing == Missing::Skip || !install::is_possible() {
        return found;
    }
    if let Err(error) = install::install(&packages) {
        eprintln!("{error:#}; going on without");
    }
    look()
}

/// Where the build put the daemon.
fn binary() -> anyhow::Result<PathBuf> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata failed")?;
    let binary = metadata.target_directory.join("debug").join("recado");
    ensure!(binary.is_file(), "the build left no {binary}");
    Ok(binary.into())
}
