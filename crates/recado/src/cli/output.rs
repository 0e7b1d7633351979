//! What a command answers: a text for people and JSON for machines, of which one is printed.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde_json::Value;

/// Which of the two forms is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// A command's answer.
pub(crate) struct Answer {
    text: Vec<u8>,
    json: Option<Value>,
    warnings: Vec<String>,
    has_failed: bool,
}

impl Answer {
    /// Both forms.
    pub(crate) fn new(text: String, json: Value) -> Self {
        Self {
            text: text.into_bytes(),
            json: Some(json),
            warnings: Vec::new(),
            has_failed: false,
        }
    }

    /// Octets, whichever form is wanted.
    pub(crate) fn octets(octets: Vec<u8>) -> Self {
        Self {
            text: octets,
            json: None,
            warnings: Vec::new(),
            has_failed: false,
        }
    }

    /// Nothing.
    pub(crate) fn silent() -> Self {
        Self::octets(Vec::new())
    }

    /// Lines for standard error.
    pub(crate) fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }

    /// Printed all the same, with exit code 1: what was checked is not in order.
    pub(crate) fn failed(mut self) -> Self {
        self.has_failed = true;
        self
    }

    /// Prints the wanted form.
    pub(crate) fn print(self, form: Form) -> ExitCode {
        let octets = match (form, &self.json) {
            (Form::Json, Some(json)) => format!("{json:#}\n").into_bytes(),
            _ => self.text,
        };
        for warning in &self.warnings {
            eprintln!("recado: warning: {warning}");
        }
        let mut out = io::stdout().lock();
        match out.write_all(&octets).and_then(|()| out.flush()) {
            // Whoever reads has seen enough, as with `| head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("recado: standard output: {error}");
                ExitCode::FAILURE
            }
            Ok(()) => ExitCode::from(u8::from(self.has_failed)),
        }
    }
}

/// Writes to standard output while a command goes on; whether anybody reads it does not matter.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Whether a text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colours {
    /// For a terminal.
    On,
    /// For anything else, and where `NO_COLOR` is set.
    Off,
}

impl Colours {
    /// What suits standard output.
    pub(crate) fn of_standard_output() -> Self {
        Self::suiting(io::stdout().is_terminal())
    }

    /// What suits standard error.
    pub(crate) fn of_standard_error() -> Self {
        Self::suiting(io::stderr().is_terminal())
    }

    /// <https://no-color.org>: set and not empty.
    fn suiting(terminal: bool) -> Self {
        let declined = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if terminal && !declined {
            Self::On
        } else {
            Self::Off
        }
    }
}

/// Rows under a heading, columns aligned; the last column is not padded.
pub(crate) fn table<const COLUMNS: usize>(heading: [&str; COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let heading = heading.map(str::to_owned);
    let lines: Vec<_> = std::iter::once(&heading)
        .chain(rows)
        .map(|row| row.each_ref().map(|cell| one_line(cell)))
        .collect();
    let mut widths = [0; COLUMNS];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let row = |line: &[String; COLUMNS]| -> String {
        let cells = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    lines.iter().map(row).collect()
}

/// Names and values under each other.
pub(crate) fn record(fields: &[(&str, String)]) -> String {
    let width = fields
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let line = |(name, value): &(&str, String)| format!("{name:width$}  {}", one_line(value));
    fields
        .iter()
        .map(|field| {
            line(field).trim_end().to_owned()
                + "
"
        })
        .collect()
}

/// What others wrote must neither break the table nor steer the terminal.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_steers_the_terminal() {
        let rows = [
            ["1".to_owned(), "a\u{1b}[2Jb".to_owned()],
            ["4711".to_owned(), String::new()],
        ];
        assert_eq!(table(["no", "text"], &rows), "no    text\n1     a [2Jb\n4711\n");
        assert_eq!(table(["no", "text"], &[]), "");
    }

    #[test]
    fn a_record_lines_up() {
        assert_eq!(
            record(&[("id", "1".to_owned()), ("state", "sent".to_owned())]),
            "id     1\nstate  sent\n"
        );
    }
}
