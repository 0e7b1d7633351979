//! `fuzz`: coverage-guided fuzzing of mail in, on the stable toolchain.
//!
//! What cargo-fuzz asks a nightly compiler for, the stable one does by `-Cpasses`: LLVM's coverage pass, which
//! libFuzzer reads. The flags are given for an explicit target, so that build scripts and macros stay without it.
//! The corpus of the tests is where it starts; what it adds, and what it finds, lies in Cargo's target directory.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use cargo_metadata::MetadataCommand;
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::workspace;

/// Coverage by counters that libFuzzer reads, and the operands of comparisons, which it copies into inputs.
const COVERAGE: &str = "-Cpasses=sancov-module \
     -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
     -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares";

/// A workspace of its own: it is compiled otherwise than the rest.
const PACKAGE: &str = "tests/fuzz";

/// Folders of the corpus whose files are mails as they are.
const SEEDS: [&str; 2] = ["tests/corpus/mails", "tests/corpus/hostile"];

/// Octets of the longest input, seconds of the slowest, and mebibytes of memory for all of it.
const BOUNDS: [&str; 3] = ["-max_len=16384", "-timeout=20", "-rss_limit_mb=2048"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long to go on
    #[arg(long, default_value_t = 60)]
    minutes: u64,
}

/// Fuzzes for the given time.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    fuzz(options.minutes * 60)
}

/// A minute, which shows that the target works and finds what is easy to find.
pub(crate) fn run_shortly() -> anyhow::Result<()> {
    if workspace::find_program("c++").is_none() && !workspace::is_continuous_integration() {
        println!("there is no C++ compiler for libFuzzer's runtime: nothing is fuzzed");
        return Ok(());
    }
    fuzz(60)
}

/// Builds the target beside what else is done, without a word: whoever fuzzes builds it again, and is told of faults.
pub(crate) fn build_ahead() -> anyhow::Result<Child> {
    let mut build = build(&folder()?, &host()?);
    let build = build
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    build.spawn().context("cannot start cargo")
}

fn folder() -> anyhow::Result<Utf8PathBuf> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata failed")?;
    Ok(metadata.target_directory.join("fuzz"))
}

fn build(folder: &Utf8Path, host: &str) -> Command {
    let mut build = workspace::cargo();
    build
        .current_dir(workspace::root().join(PACKAGE))
        .args([
            "build",
            "--release",
            "--target",
            host,
            "--target-dir",
            folder.as_str(),
        ])
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", COVERAGE);
    build
}

fn fuzz(seconds: u64) -> anyhow::Result<()> {
    let (folder, host) = (folder()?, host()?);
    workspace::run(&mut build(&folder, &host), "cargo build of the fuzz target")?;

    let (corpus, finds) = (folder.join("corpus"), folder.join("finds"));
    for folder in [&corpus, &finds] {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {folder}"))?;
    }
    let before = count(finds.as_std_path())?;
    let mut target = Command::new(folder.join(&host).join("release/mail"));
    target
        .current_dir(workspace::root())
        .arg(&corpus)
        .args(SEEDS)
        .args(BOUNDS)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={finds}/"))
        .arg(format!(
            "-dict={}",
            workspace::root().join(PACKAGE).join("mail.dict").display()
        ))
        .arg("-print_final_stats=1");
    let run = workspace::run(&mut target, "the fuzz target");
    let found = count(finds.as_std_path())? - before;
    ensure!(
        found == 0,
        "{found} inputs break it, see {finds}: make each as small as it gets (the target's -minimize_crash=1) and \
         keep it in tests/corpus/hostile"
    );
    run
}

fn count(folder: &Path) -> anyhow::Result<usize> {
    Ok(fs::read_dir(folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .count())
}

/// The platform that this runs on, as rustc calls it.
fn host() -> anyhow::Result<String> {
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .arg("-vV")
        .output()
        .context("cannot start rustc")?;
    let about = String::from_utf8(output.stdout).context("rustc speaks no UTF-8")?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc names no host")
}
