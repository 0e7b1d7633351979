//! `ci`: everything that a change must pass, stopping at the first fault; last what `cargo xtask test` runs.
//!
//! One profile and one choice of features: clippy and rustdoc share the checked dependencies, the tests and the
//! binary under test share the built ones, so that a run from nothing compiles every dependency twice and not more.

use crate::environment::FEATURES;
use crate::progress::step;
use crate::{check_layers, check_strings, crash, fuzz, test, tidy, workspace};

/// Runs every step.
pub(crate) fn run() -> anyhow::Result<()> {
    step("format", || {
        workspace::run(
            workspace::cargo().args(["fmt", "--all", "--check"]),
            "cargo fmt (mend: cargo fmt)",
        )
    })?;
    step("tidy", tidy::run)?;
    step("layers", check_layers::run)?;
    step("strings", check_strings::run)?;
    step("licences", licences)?;
    step("clippy", || {
        let mut clippy = workspace::cargo();
        clippy
            .args(["clippy", "--workspace", "--all-targets", "--locked"])
            .args(FEATURES);
        workspace::run(clippy.args(["--", "-D", "warnings"]), "cargo clippy")
    })?;
    step("documentation", || {
        let mut doc = workspace::cargo();
        doc.args(["doc", "--workspace", "--no-deps", "--locked"])
            .args(FEATURES)
            .env("RUSTDOCFLAGS", "-D warnings");
        workspace::run(&mut doc, "cargo doc")
    })?;
    // The crash harness mostly waits.
    let mut fuzz_target = fuzz::build_ahead()?;
    let crash = step("crash", || crash::run(&crash::Options::short()));
    fuzz_target.wait()?;
    crash?;
    step("fuzz", fuzz::run_shortly)?;
    step("tests", || test::run(&test::Options::default()))
}

/// Licences, bans and sources of the dependencies, where cargo-deny is installed. Advisories need the network, and a
/// new one must not fail an unrelated change.
fn licences() -> anyhow::Result<()> {
    if workspace::find_program("cargo-deny").is_none() {
        println!("cargo-deny is not installed: licences, bans and sources are not checked");
        return Ok(());
    }
    workspace::run(
        workspace::cargo().args(["deny", "check", "licenses", "bans", "sources"]),
        "cargo deny",
    )
}
