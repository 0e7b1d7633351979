//! What was measured: rows with every repetition, beside their goals, as a table for people and as JSON for comparing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

/// What a figure is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn is_met(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(goal) => figure >= goal,
            Self::AtMost(goal) => figure <= goal,
        }
    }

    fn value(self) -> f64 {
        match self {
            Self::AtLeast(goal) | Self::AtMost(goal) => goal,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::AtLeast(_) => "≥",
            Self::AtMost(_) => "≤",
        }
    }
}

/// One figure.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Names it from run to run.
    key: String,
    label: String,
    unit: &'static str,
    goal: Option<Goal>,
    figure: f64,
    repetitions: Vec<f64>,
}

impl Row {
    /// The median of repetitions.
    pub(crate) fn of(key: &str, label: &str, unit: &'static str, repetitions: &[f64]) -> Self {
        Self {
            key: key.to_owned(),
            label: label.to_owned(),
            unit,
            goal: None,
            figure: median(repetitions),
            repetitions: repetitions.to_vec(),
        }
    }

    /// In place of the median: the figure of all samples together, of which the repetitions are parts.
    pub(crate) fn with_figure(self, figure: f64) -> Self {
        Self { figure, ..self }
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// The least and the most of its repetitions.
    fn spread(&self) -> (f64, f64) {
        let least = self.repetitions.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.repetitions.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (least, most)
    }

    fn cells(&self) -> [String; 6] {
        let (least, most) = self.spread();
        let spread = if self.repetitions.len() < 2 {
            String::new()
        } else {
            format!("{} .. {}", number(least), number(most))
        };
        let (goal, ratio, verdict) = self.goal.map_or_else(Default::default, |goal| {
            (
                format!("{} {}", goal.sign(), number(goal.value())),
                format!("{:.2}", self.figure / goal.value()),
                if goal.is_met(self.figure) {
                    "met"
                } else {
                    "**missed**"
                }
                .to_owned(),
            )
        });
        let figure = format!("{} {}", number(self.figure), self.unit)
            .trim_end()
            .to_owned();
        [self.label.clone(), figure, spread, goal, ratio, verdict]
    }

    fn json(&self) -> Value {
        let (least, most) = self.spread();
        json!({
            "key": self.key,
            "label": self.label,
            "unit": self.unit,
            "figure": self.figure,
            "min": least,
            "max": most,
            "repetitions": self.repetitions,
            "goal": self.goal.map(|goal| format!("{} {}", goal.sign(), goal.value())),
            "met": self.goal.map(|goal| goal.is_met(self.figure)),
        })
    }
}

/// All that was measured.
pub(crate) struct Report {
    about: BTreeMap<&'static str, String>,
    rows: Vec<Row>,
}

impl Report {
    /// `about` is what the figures depend on: machine, settings.
    pub(crate) fn new(about: BTreeMap<&'static str, String>) -> Self {
        for (what, value) in &about {
            println!("{what}: {value}");
        }
        Self {
            about,
            rows: Vec::new(),
        }
    }

    /// Tells what the figures depend on, or depended on.
    pub(crate) fn note(&mut self, what: &'static str, value: String) {
        self.about.insert(what, value);
    }

    /// Adds a row, and says so: a run takes minutes.
    pub(crate) fn add(&mut self, row: Row) {
        let [label, figure, spread, goal, _, verdict] = row.cells();
        let spread = if spread.is_empty() {
            spread
        } else {
            format!(" ({spread})")
        };
        println!("{label}: {figure}{spread} {goal} {verdict}");
        self.rows.push(row);
    }

    /// A table in Markdown, whose columns are in line for those who read it as it is.
    pub(crate) fn table(&self) -> String {
        let head = ["", "median", "least .. most", "goal", "of goal", ""].map(ToOwned::to_owned);
        let mut text = String::new();
        for (what, value) in &self.about {
            writeln!(text, "- {what}: {value}").expect("a text takes all that is written");
        }
        text.push('\n');
        text.push_str(&aligned(
            &head,
            &self.rows.iter().map(Row::cells).collect::<Vec<_>>(),
        ));
        text
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "about": self.about, "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>() })
    }

    /// A table of this run beside an earlier one's JSON. A change is marked where no repetition of either run lies
    /// among those of the other; figures that were measured once have no spread.
    pub(crate) fn against(&self, earlier: &Value) -> String {
        let head = ["", "before", "now", "ratio", ""].map(ToOwned::to_owned);
        let known = earlier["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut lines = Vec::new();
        for row in &self.rows {
            let Some(before) = known.iter().find(|before| before["key"] == *row.key) else {
                continue;
            };
            let of = |name: &str| before[name].as_f64().unwrap_or(f64::NAN);
            let (least, most) = row.spread();
            let repetitions = before["repetitions"].as_array().map_or(0, Vec::len);
            let has_spread = repetitions.min(row.repetitions.len()) > 1;
            let is_beyond = has_spread && (least > of("max") || most < of("min"));
            lines.push([
                row.label.clone(),
                format!("{} {}", number(of("figure")), row.unit),
                format!("{} {}", number(row.figure), row.unit),
                format!("{:.2}", row.figure / of("figure")),
                if is_beyond { "beyond both spreads" } else { "" }.to_owned(),
            ]);
        }
        aligned(&head, &lines)
    }

    /// Writes the JSON.
    pub(crate) fn write(&self, file: &Path) {
        let text = serde_json::to_string_pretty(&self.json()).expect("figures are plain values");
        std::fs::write(file, text + "\n")
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
    }
}

/// Puts a text into a page, in place of what stands between `<!-- name -->` and `<!-- end of name -->`.
///
/// # Panics
/// The page has no such marks, or cannot be written.
pub(crate) fn put_into(page: &Path, name: &str, text: &str) {
    let old = std::fs::read_to_string(page)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", page.display()));
    let new = replaced(&old, name, text);
    let new = new.unwrap_or_else(|| panic!("{} has no marks for {name}", page.display()));
    std::fs::write(page, new).unwrap_or_else(|error| panic!("cannot write {}: {error}", page.display()));
}

fn replaced(page: &str, name: &str, text: &str) -> Option<String> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&start)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{start}\n{}\n\n{end}{after}", text.trim()))
}

/// The one in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The value that so many hundredths of all do not exceed.
pub(crate) fn percentile(values: &[f64], hundredths: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let place = (values.len() * hundredths).div_ceil(100).max(1) - 1;
    values.get(place).copied().unwrap_or(f64::NAN)
}

fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn aligned<const N: usize>(head: &[String; N], lines: &[[String; N]]) -> String {
    let width = |column: usize| {
        let all = lines.iter().chain([head]);
        all.map(|line| line[column].chars().count()).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    let mut line = |cells: &[String; N]| {
        for (cell, width) in cells.iter().zip(widths) {
            write!(text, "| {cell:width$} ").expect("a text takes all that is written");
        }
        text.push_str("|\n");
    };
    line(head);
    line(&widths.map(|width| "-".repeat(width)));
    lines.iter().for_each(line);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(percentile(&values, 50).to_string(), "100");
        assert_eq!(percentile(&values, 99).to_string(), "198");
        assert_eq!(percentile(&[7.0], 99).to_string(), "7");
    }

    #[test]
    fn a_text_takes_the_place_between_its_marks() {
        let page = "a\n<!-- figures -->\n\nold\n\n<!-- end of figures -->\nz\n";
        let new = page.replace("old", "new");
        assert_eq!(
            replaced(page, "figures", "\nnew\n").as_deref(),
            Some(new.as_str())
        );
        assert_eq!(replaced(page, "profile", "new"), None);
    }

    #[test]
    fn a_goal_is_met_or_missed() {
        let row = |goal| Row::of("k", "Rate", "/s", &[1.0, 3.0, 2.0]).goal(goal).cells();
        assert_eq!(
            row(Goal::AtLeast(2.0)),
            ["Rate", "2.00 /s", "1.00 .. 3.00", "≥ 2.00", "1.00", "met"]
        );
        assert_eq!(row(Goal::AtMost(1.0))[5], "**missed**");
    }

    #[test]
    fn a_change_is_marked_where_the_spreads_are_apart() {
        let report = |values: &[f64]| Report {
            about: BTreeMap::new(),
            rows: vec![Row::of("k", "Rate", "/s", values)],
        };
        let before = report(&[10.0, 11.0, 12.0]).json();
        assert!(!report(&[12.0, 13.0, 14.0]).against(&before).contains("beyond"));
        assert!(report(&[13.0, 14.0, 15.0]).against(&before).contains("| 1.27 "));
        assert!(report(&[13.0, 14.0, 15.0]).against(&before).contains("beyond"));
        assert!(!report(&[13.0]).against(&before).contains("beyond"));
    }
}
