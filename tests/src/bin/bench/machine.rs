//! What the figures depend on: the machine, what else it did, the commit.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use recado_tests::servers::Postgres;

use crate::flow::processors;
use crate::report::{Goal, Row};

/// Told above the table.
pub(crate) fn about(postgres: Option<&Postgres>) -> BTreeMap<&'static str, String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let line = |path: &str, name: &str| {
        let text = read(path);
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_once(':'));
        line.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let memory = line("/proc/meminfo", "MemTotal");
    let mut about = BTreeMap::from([
        (
            "machine",
            format!(
                "{} × {}, {memory} memory",
                processors(),
                line("/proc/cpuinfo", "model name")
            ),
        ),
        (
            "system",
            format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
        ),
        (
            "load when it began",
            read("/proc/loadavg")
                .split(' ')
                .take(3)
                .collect::<Vec<_>>()
                .join(" "),
        ),
    ]);
    let git = Command::new("git").args(["log", "-1", "--format=%h %s"]).output();
    if let Ok(commit) = git.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        && !commit.is_empty()
    {
        about.insert("commit", commit);
    }
    if let Some(postgres) = postgres {
        let version = postgres
            .query(postgres.admin_url(), "SHOW server_version")
            .expect("the server answers");
        about.insert("PostgreSQL", version.trim().to_owned());
    }
    about
}

/// The size of the binary that is measured. `cargo xtask bench` builds it as it is delivered, stripped.
pub(crate) fn binary() -> Row {
    let file = std::env::var_os("RECADO_BIN").expect("RECADO_BIN names the binary: run `cargo xtask bench`");
    let size = fs::metadata(file).expect("the binary is there").len();
    #[expect(clippy::cast_precision_loss, reason = "a file's size")]
    let megabytes = size as f64 / 1e6;
    Row::of("binary", "Release binary", "MB", &[megabytes]).goal(Goal::AtMost(20.0))
}
