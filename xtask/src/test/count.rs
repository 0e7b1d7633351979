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
    /// The sums in the line that closes each binary of Cargo's harness,
    /// `test result: ok. 3 passed; 1 failed; …`; `None` for every other line.
    pub(super) fn in_line_of_cargo(line: &str) -> Option<Self> {
        let line = without_colours(line);
        let (_, sums) = line.strip_prefix("test result: ")?.split_once(". ")?;
        Some(Self::of(sums.split(';')))
    }

    /// The sums in the line that closes a run of cargo-nextest,
    /// `Summary [ 0.5s] 4 tests run: 3 passed (1 slow), 1 timed out, 2 skipped`; `None` for every other line. The
    /// tests that it calls skipped are those that a filter left out.
    pub(super) fn in_line_of_nextest(line: &str) -> Option<Self> {
        let line = without_colours(line);
        let (_, rest) = line.trim_start().strip_prefix("Summary [")?.split_once(']')?;
        let (_, sums) = rest.split_once(" run: ")?;
        Some(Self::of(without_brackets(sums).split(',')))
    }

    fn of<'a>(sums: impl Iterator<Item = &'a str>) -> Self {
        let mut count = Self::default();
        for sum in sums {
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
        count
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

    fn of_cargo(line: &str) -> Option<(u64, u64)> {
        Count::in_line_of_cargo(line).map(|count| (count.passed, count.failed))
    }

    fn of_nextest(line: &str) -> Option<(u64, u64)> {
        Count::in_line_of_nextest(line).map(|count| (count.passed, count.failed))
    }

    #[test]
    fn cargo_s_closing_line_is_read() {
        let line = "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.01s";
        assert_eq!(of_cargo(line), Some((3, 1)));
        assert_eq!(
            of_cargo("test result: \u{1b}[32mok\u{1b}[0m. 3 passed; 0 failed; finished in 0.01s"),
            Some((3, 0))
        );
        for other in ["running 3 tests", "test a::b ... ok"] {
            assert_eq!(of_cargo(other), None);
        }
    }

    #[test]
    fn nextest_s_closing_line_is_read() {
        for (line, sums) in [
            (
                "     Summary [   0.005s] 12 tests run: 12 passed (1 slow, 2 leaky), 3 skipped",
                (12, 0),
            ),
            (
                "     Summary [  60.1s] 9/12 tests run: 5 passed, 2 failed, 1 timed out, 1 exec failed, 0 skipped",
                (5, 4),
            ),
            (
                "     Summary [   0.000s] 0 tests run: 0 passed, 80 skipped",
                (0, 0),
            ),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [ 0.1s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m \
              \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped",
                (2, 0),
            ),
        ] {
            assert_eq!(of_nextest(line), Some(sums), "{line}");
        }
    }

    #[test]
    fn a_failing_test_that_cargo_nextest_shows_is_counted_once() {
        assert_eq!(
            of_nextest("    test result: FAILED. 0 passed; 1 failed; 0 ignored; finished in 0.01s"),
            None
        );
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
