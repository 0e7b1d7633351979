//! `tidy`: the rules of style that neither rustfmt nor clippy knows.
//!
//! Each rule is a function from a file's path and text to findings, so that its tests need no files. Links are the
//! exception: whether a target exists depends on the other files, see [`links`].

mod links;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context;

use crate::progress::{Finding, conclude};
use crate::workspace;

/// A source file longer than this, tests aside, is two files.
const MAX_LINES: usize = 600;

/// What lies at the top level beside dotfiles and `LICENSE*`.
const TOP_LEVEL: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "crates",
    "docs",
    "tests",
    "xtask",
];

/// Names of files and directories that say nothing about what is inside.
const DRAWERS: &[&str] = &["utils", "util", "common", "helpers", "helper", "misc"];

/// Packages that no product is built from.
const TEST_PACKAGES: &[&str] = &["crates/test-support", "tests"];

/// Files in which white space at the end of a line is a mistake.
const TEXT_EXTENSIONS: &[&str] = &["rs", "toml", "md", "sql", "sh", "html", "css", "yml", "yaml"];

/// Text that must not stand in code, and what to do about it. Split, so that this file passes its own rule.
const FORBIDDEN_ANYWHERE: &[(&str, &str)] = &[
    (concat!("#[", "allow("), "use `#[expect(lint, reason = \"...\")]`"),
    (
        concat!("#![", "allow("),
        "use `#![expect(lint, reason = \"...\")]`",
    ),
    (
        concat!("#[", "ignore"),
        "make the test run everywhere, or give it a suite of `cargo xtask test`",
    ),
    (concat!("todo", "!("), "write it, or do not offer it"),
    (concat!("unimplemented", "!("), "write it, or do not offer it"),
];

/// Text that must not stand outside tests.
const FORBIDDEN_OUTSIDE_TESTS: &[(&str, &str)] = &[(
    concat!(".un", "wrap()"),
    "use `expect` with the invariant that holds, or return an error",
)];

/// Checks every file of the project.
pub(crate) fn run() -> anyhow::Result<()> {
    let files = workspace::files()?;
    let known: BTreeSet<&Path> = files.iter().map(PathBuf::as_path).collect();
    let mut findings = check_names(&files);
    for file in &files {
        let bytes = fs::read(workspace::root().join(file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        findings.extend(check_text(file, &text));
        if has_extension(file, "rs") {
            findings.extend(check_source(file, &text));
        }
        if has_extension(file, "md") {
            findings.extend(links::check(file, &text, &known, |target| {
                fs::read_to_string(workspace::root().join(target)).ok()
            }));
        }
    }
    conclude("tidy", &findings, &format!("{} files in order", files.len()))
}

/// The lines of code of a Rust file, with their numbers from 1: no comments, nothing from the tests module on, and
/// nothing at all for a file that consists of tests.
pub(crate) fn code_lines<'a>(file: &Path, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let end = if is_test_file(file) {
        0
    } else {
        start_of_tests(text)
    };
    (1..)
        .zip(text.lines())
        .take(end)
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Rules about where files lie and how they are called.
fn check_names(files: &[PathBuf]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let top = file.components().next().and_then(name_of).unwrap_or_default();
        if !(top.starts_with('.') || top.starts_with("LICENSE") || TOP_LEVEL.contains(&top)) {
            findings.push(Finding::in_file(
                file,
                format!("`{top}` does not belong at the top level: move it below"),
            ));
        }
        let drawer = file.components().filter_map(name_of).find(|name| {
            let stem = name.split('.').next().unwrap_or(name);
            DRAWERS.contains(&stem)
        });
        if let Some(drawer) = drawer {
            findings.push(Finding::in_file(
                file,
                format!("`{drawer}` is a drawer: name it after what it holds"),
            ));
        }
    }
    findings
}

fn name_of(component: Component<'_>) -> Option<&str> {
    component.as_os_str().to_str()
}

/// Rules about any text file.
fn check_text(file: &Path, text: &str) -> Vec<Finding> {
    if !TEXT_EXTENSIONS
        .iter()
        .any(|extension| has_extension(file, extension))
    {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = (1..)
        .zip(text.split('\n'))
        .filter(|(_, line)| line.ends_with([' ', '\t', '\r']))
        .map(|(number, _)| Finding::at_line(file, number, "white space at the end of the line: remove it"))
        .collect();
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(Finding::in_file(
            file,
            "no line break at the end of the file: add one",
        ));
    }
    findings
}

/// Rules about Rust files.
fn check_source(file: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !text.starts_with("//!") {
        findings.push(Finding::at_line(
            file,
            1,
            "the file does not open with `//!`: say what it is for",
        ));
    }
    let lines = if is_test_file(file) {
        0
    } else {
        start_of_tests(text)
    };
    if lines > MAX_LINES {
        findings.push(Finding::in_file(
            file,
            format!("{lines} lines, {MAX_LINES} are allowed: split the file"),
        ));
    }
    for (number, line) in (1..).zip(text.lines()) {
        if !line.trim_start().starts_with("//") {
            findings.extend(forbidden(file, number, line, FORBIDDEN_ANYWHERE));
        }
    }
    // The test packages hold the bodies of tests, contract suites above all; clippy asks them for a reason.
    let is_for_tests = TEST_PACKAGES.iter().any(|package| file.starts_with(package));
    for (number, line) in code_lines(file, text).filter(|_| !is_for_tests) {
        findings.extend(forbidden(file, number, line, FORBIDDEN_OUTSIDE_TESTS));
    }
    findings
}

fn forbidden(file: &Path, number: usize, line: &str, list: &[(&str, &str)]) -> Option<Finding> {
    let (text, mend) = list.iter().find(|(text, _)| line.contains(text))?;
    Some(Finding::at_line(file, number, format!("`{text}`: {mend}")))
}

/// Whether the whole file is tests: below a `tests` directory of a crate, or the file of a `mod tests`.
fn is_test_file(file: &Path) -> bool {
    file.components()
        .skip(1)
        .filter_map(name_of)
        // What every store must pass is tests too, though a library holds them.
        .any(|name| matches!(name, "tests" | "tests.rs" | "contract"))
}

/// How many lines precede the tests module; all of them when there is none.
fn start_of_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let is_module_of_tests = |from: usize| {
        let first_item = lines[from..]
            .iter()
            .find(|line| !line.trim_start().starts_with("#["));
        first_item.is_some_and(|item| item.starts_with("mod ") && item.ends_with('{'))
    };
    (0..lines.len())
        .find(|&line| lines[line].starts_with("#[cfg(test)]") && is_module_of_tests(line + 1))
        .unwrap_or(lines.len())
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source_faults(file: &str, text: &str) -> Vec<String> {
        check_source(Path::new(file), text)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn name_faults(file: &str) -> usize {
        check_names(&[PathBuf::from(file)]).len()
    }

    #[test]
    fn a_source_file_opens_with_its_purpose() {
        assert_eq!(
            source_faults("crates/a/src/lib.rs", "//! Purpose.\n"),
            Vec::<String>::new()
        );
        let faults = source_faults("crates/a/src/lib.rs", "use std::fs;\n");
        assert_eq!(
            faults,
            ["crates/a/src/lib.rs:1: the file does not open with `//!`: say what it is for"]
        );
    }

    #[test]
    fn a_file_over_the_limit_fails_unless_the_rest_is_tests() {
        let long = format!("//! Long.\n{}", "fn f() {}\n".repeat(MAX_LINES));
        assert_eq!(source_faults("crates/a/src/long.rs", &long).len(), 1);
        assert_eq!(source_faults("crates/a/tests/long.rs", &long).len(), 0);
        assert_eq!(source_faults("crates/a/src/long/tests.rs", &long).len(), 0);
        let tested = format!(
            "//! Short.\n#[cfg(test)]\nmod tests {{\n{}}}\n",
            "fn f() {}\n".repeat(MAX_LINES)
        );
        assert_eq!(source_faults("crates/a/src/long.rs", &tested).len(), 0);
    }

    #[test]
    fn an_import_for_tests_does_not_end_the_code() {
        let text = format!(
            "//! Long.\n#[cfg(test)]\nuse x::y;\n{}",
            "fn f() {}\n".repeat(MAX_LINES)
        );
        assert_eq!(source_faults("crates/a/src/long.rs", &text).len(), 1);
    }

    #[test]
    fn silenced_lints_unfinished_code_and_ignored_tests_fail_in_tests_too() {
        for (code, _) in FORBIDDEN_ANYWHERE {
            let in_code = format!("//! X.\n{code}\n");
            let in_tests = format!("//! X.\n#[cfg(test)]\nmod tests {{\n    {code}\n}}\n");
            let in_comment = format!("//! X.\n/// Not `{code}`.\n");
            assert_eq!(source_faults("crates/a/src/x.rs", &in_code).len(), 1, "{code}");
            assert_eq!(source_faults("crates/a/src/x.rs", &in_tests).len(), 1, "{code}");
            assert_eq!(source_faults("crates/a/src/x.rs", &in_comment).len(), 0, "{code}");
        }
    }

    #[test]
    fn a_panicking_shortcut_fails_outside_tests_alone() {
        let shortcut = FORBIDDEN_OUTSIDE_TESTS[0].0;
        assert_eq!(
            source_faults("crates/a/src/x.rs", &format!("//! X.\nx{shortcut};\n")).len(),
            1
        );
        assert_eq!(
            source_faults("crates/a/tests/x.rs", &format!("//! X.\nx{shortcut};\n")).len(),
            0
        );
        let tested = format!("//! X.\n#[cfg(test)]\nmod tests {{\n    x{shortcut};\n}}\n");
        assert_eq!(source_faults("crates/a/src/x.rs", &tested).len(), 0);
    }

    #[test]
    fn the_top_level_holds_what_the_design_lists() {
        for file in [
            "Cargo.toml",
            "LICENSE-MIT",
            ".clippy.toml",
            "crates/a/src/lib.rs",
            "docs/x.md",
        ] {
            assert_eq!(name_faults(file), 0, "{file}");
        }
        for file in ["CHANGELOG.md", "scripts/x.sh", "rust-toolchain.toml"] {
            assert_eq!(name_faults(file), 1, "{file}");
        }
    }

    #[test]
    fn a_drawer_fails_as_file_and_as_directory() {
        assert_eq!(name_faults("crates/a/src/utils.rs"), 1);
        assert_eq!(name_faults("crates/a/src/common/address.rs"), 1);
        assert_eq!(name_faults("crates/a/src/commonplace.rs"), 0);
    }

    #[test]
    fn white_space_at_the_end_of_a_line_fails() {
        let faults = check_text(Path::new("docs/x.md"), "good\nbad \nalso\t\n");
        assert_eq!(
            faults.iter().map(|fault| fault.line).collect::<Vec<_>>(),
            [Some(2), Some(3)]
        );
        assert_eq!(check_text(Path::new("docs/x.md"), "no line break").len(), 1);
        assert_eq!(
            check_text(Path::new("tests/fixtures/mail.eml"), "bytes \r\n").len(),
            0
        );
    }
}
