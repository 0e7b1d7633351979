//! What a task tells while it runs, and how the faults that it found are reported: one line each.

use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, bail};

/// A broken rule, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) file: PathBuf,
    /// Counted from 1; absent when the fault is the file itself.
    pub(crate) line: Option<usize>,
    /// What is wrong, then what to do.
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn in_file(file: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: None,
            message: message.into(),
        }
    }

    pub(crate) fn at_line(file: impl Into<PathBuf>, line: usize, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: Some(line),
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.file.display(), self.message),
            None => write!(formatter, "{}: {}", self.file.display(), self.message),
        }
    }
}

/// Prints the findings and fails, or prints what was found in order.
pub(crate) fn conclude(task: &str, findings: &[Finding], in_order: &str) -> anyhow::Result<()> {
    for finding in findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("{task}: {in_order}");
            Ok(())
        }
        1 => bail!("{task}: 1 fault"),
        faults => bail!("{task}: {faults} faults"),
    }
}

/// Runs one step of a longer task, named before and timed after.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    println!("==> {name}");
    let start = Instant::now();
    let outcome = work().with_context(|| format!("step `{name}` failed"))?;
    println!("    {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(outcome)
}
