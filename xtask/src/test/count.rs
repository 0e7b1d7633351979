//! How many tests passed and failed, read from what the test runners print.

use std::fmt;
use std::ops::AddAssign;

/// A sum of tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Count {
    /// The sums in a runner's closing line; `None` for every other line.
    ///
    /// Cargo's harness closes each binary with `test result: ok. 3 passed; 1 failed; …`, cargo-nextest the whole run
    /// with `Summary [ 0.5s] 4 tests run: 3 passed (1 slow), 1 timed out, 2 skipped`. Tests that a filter left out
    /// count as skipped in neither.
    pub(super) fn in_line(line: &str) -> Option<Self> {
        let line = without_colours(line);
        let line = line.trim();
        let sums = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
            .map(|(_, sums)| sums);
        let sums = sums.or_else(|| {
            let (_, rest) = line.strip_prefix("Summary [")?.split_once(']')?;
            rest.split_once(" run: ").map(|(_, sums)| sums)
        })?;
        let mut count = Self::default();
        for sum in without_brackets(sums).split([',', ';']) {
            let Some((number, what)) = sum.trim().split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what.trim() {
                "passed" => count.passed += number,
                "failed" | "exec failed" | "timed out" => count.failed += number,
                _ => {}
            }
        }
        Some(count)
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// Drops the terminal's colour sequences, `ESC [ … m`.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| {
        plain + part.split_once('m').map_or(part, |(_, rest)| rest)
    })
}

/// Drops remarks in brackets, which hold numbers of their own.
fn without_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|character| {
            match character {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(line: &str) -> Option<(u64, u64)> {
        Count::in_line(line).map(|count| (count.passed, count.failed))
    }

    #[test]
    fn cargo_s_closing_line_is_read() {
        let line = "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.01s";
        assert_eq!(sums(line), Some((3, 1)));
    }

    #[test]
    fn nextest_s_closing_line_is_read() {
        assert_eq!(
            sums("     Summary [   0.005s] 12 tests run: 12 passed (1 slow, 2 leaky), 3 skipped"),
            Some((12, 0))
        );
        assert_eq!(
            sums(
                "     Summary [  60.1s] 9/12 tests run: 5 passed, 2 failed, 1 timed out, 1 exec failed, 0 skipped"
            ),
            Some((5, 4))
        );
        assert_eq!(
            sums("     Summary [   0.000s] 0 tests run: 0 passed, 80 skipped"),
            Some((0, 0))
        );
    }

    #[test]
    fn colours_do_not_hide_the_closing_line() {
        let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m \
                    \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped";
        assert_eq!(sums(line), Some((2, 0)));
    }

    #[test]
    fn other_lines_hold_no_sums() {
        assert_eq!(sums("test a::b ... ok"), None);
        assert_eq!(sums("running 3 tests"), None);
    }

    #[test]
    fn the_sum_is_one_plain_line() {
        let mut total = Count {
            passed: 2,
            failed: 1,
            skipped: 0,
        };
        total += Count {
            passed: 1,
            failed: 0,
            skipped: 4,
        };
        assert_eq!(total.to_string(), "3 passed, 1 failed, 4 skipped");
    }
}
