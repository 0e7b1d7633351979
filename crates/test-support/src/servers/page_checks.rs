//! What checks pages, from npm: axe for accessibility, html-validate for HTML.
//!
//! Both are installed once into the build folder, in the versions and with the digests of `tests/page-checks`; no script
//! of theirs runs at installation.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use super::program;
use super::suite::{Suite, find_program};
use super::supervisor::unique;

/// Tests that check pages.
pub const SUITE: Suite = Suite {
    name: "page checks (axe, html-validate)",
    variable: "RECADO_TEST_PAGE_CHECKS",
    packages: &["nodejs", "npm"],
    locate,
};

/// Which packages, and their digests.
const MANIFEST: &str = include_str!("../../../../tests/page-checks/package.json");
const LOCK: &str = include_str!("../../../../tests/page-checks/package-lock.json");

/// The rules for HTML: what the standard forbids. What it leaves to taste is off (two buttons may share a name),
/// and landmarks are axe's, which knows what is hidden.
const RULES: &str = include_str!("../../../../tests/page-checks/htmlvalidate.json");

/// The installed checkers.
#[derive(Debug)]
pub struct PageChecks {
    directory: PathBuf,
}

impl PageChecks {
    /// The checkers for the running test. `None` when the task said that they are absent; the test must return.
    pub fn for_this_test() -> Option<Self> {
        let directory = SUITE.for_this_test()?;
        Some(Self { directory })
    }

    /// The script that gives a page the object `axe`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn axe(&self) -> io::Result<String> {
        fs::read_to_string(self.directory.join("node_modules/axe-core/axe.min.js"))
    }

    /// Checks all HTML files of a folder; gives html-validate's report as JSON: a list with an object for each file
    /// that breaks a rule, with `filePath` and `messages`.
    ///
    /// # Errors
    /// The checker does not start, or says something else.
    pub fn validate(&self, folder: &Path) -> io::Result<String> {
        let rules = folder.join(".htmlvalidate.json");
        fs::write(&rules, RULES)?;
        // Into a file: what it writes to a pipe is cut where its buffer ends.
        let report = folder.join("report.json");
        let output = Command::new("node")
            .arg(
                self.directory
                    .join("node_modules/html-validate/bin/html-validate.mjs"),
            )
            .arg("--formatter")
            .arg(format!("json={}", report.display()))
            .args(["--ext", "html", "."])
            .current_dir(folder)
            .output()?;
        fs::read_to_string(&report).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            io::Error::other(format!("html-validate gives no report: {error}: {said}"))
        })
    }
}

fn locate() -> Result<PathBuf, String> {
    find_program("node").ok_or("Node.js is not installed")?;
    let npm = find_program("npm").ok_or("npm is not installed")?;
    install(&npm).map_err(|error| format!("the checkers cannot be installed: {error}"))
}

/// Installs the checkers unless they are there; gives the folder.
fn install(npm: &Path) -> io::Result<PathBuf> {
    let build = build_folder()?;
    let mut hasher = DefaultHasher::new();
    (MANIFEST, LOCK).hash(&mut hasher);
    let directory = build.join(format!("page-checks-{:016x}", hasher.finish()));
    if directory.is_dir() {
        return Ok(directory);
    }
    // Elsewhere first: another test may do the same at this moment, and a folder is there whole or not at all.
    let unfinished = build.join(format!("page-checks-unfinished-{}", unique()));
    fs::create_dir(&unfinished)?;
    let fill = || {
        fs::write(unfinished.join("package.json"), MANIFEST)?;
        fs::write(unfinished.join("package-lock.json"), LOCK)?;
        let mut command = Command::new(npm);
        command
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&unfinished);
        program::output(&mut command)?;
        fs::rename(&unfinished, &directory).or_else(|error| {
            // Somebody else was first; theirs is the same.
            if directory.is_dir() { Ok(()) } else { Err(error) }
        })
    };
    let filled = fill();
    if unfinished.is_dir() {
        fs::remove_dir_all(&unfinished)?;
    }
    filled.map(|()| directory)
}

/// Cargo's folder, in which this program was built: Cargo marks it.
fn build_folder() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .map(Path::to_owned)
        .ok_or_else(|| io::Error::other(format!("{} lies in no build folder", program.display())))
}
