//! The strings of one language, as Fluent reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser;

use super::area;
use super::ask::{Asked, Call};
use crate::progress::Finding;

/// The strings of one language.
#[derive(Default)]
pub(super) struct Catalogue {
    strings: BTreeMap<String, Text>,
}

/// One string.
struct Text {
    file: PathBuf,
    line: usize,
    arguments: BTreeSet<String>,
    references: BTreeSet<String>,
}

impl Catalogue {
    /// Reads a language's files.
    pub(super) fn read(files: &[(PathBuf, String)], findings: &mut Vec<Finding>) -> Self {
        let mut catalogue = Self::default();
        for (file, source) in files {
            let resource = match parser::parse(source.as_str()) {
                Ok(resource) => resource,
                Err((resource, errors)) => {
                    for error in errors {
                        findings.push(Finding::in_file(
                            file,
                            format!("Fluent cannot read it: {error}: mend the string"),
                        ));
                    }
                    resource
                }
            };
            for entry in resource.body {
                let Entry::Message(message) = entry else { continue };
                let mut text = Text {
                    file: file.clone(),
                    line: line_of(source, message.id.name),
                    arguments: BTreeSet::new(),
                    references: BTreeSet::new(),
                };
                if let Some(pattern) = &message.value {
                    text.pattern(pattern);
                }
                for attribute in &message.attributes {
                    text.pattern(&attribute.value);
                }
                let (line, key) = (text.line, message.id.name.to_owned());
                if catalogue.strings.insert(key.clone(), text).is_some() {
                    let message = format!("the string `{key}` is there twice: keep one");
                    findings.push(Finding::at_line(file, line, message));
                }
            }
        }
        catalogue
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.strings.keys().map(String::as_str)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.strings.contains_key(key)
    }

    pub(super) fn len(&self) -> usize {
        self.strings.len()
    }

    /// Each string with its place.
    pub(super) fn places(&self) -> impl Iterator<Item = (&str, &Path, usize)> {
        self.strings
            .iter()
            .map(|(key, text)| (key.as_str(), text.file.as_path(), text.line))
    }

    /// The strings that others refer to.
    pub(super) fn references(&self) -> BTreeSet<&str> {
        let references = self.strings.values().flat_map(|text| &text.references);
        references.map(String::as_str).collect()
    }

    /// What another language has otherwise.
    pub(super) fn differences(&self, other: &Self, here: &str, there: &str) -> Vec<Finding> {
        let mut findings = self.missing_in(other, there);
        findings.extend(other.missing_in(self, here));
        for (key, text) in &self.strings {
            let Some(translation) = other.strings.get(key) else {
                continue;
            };
            let place = |message| Finding::at_line(&translation.file, translation.line, message);
            if text.arguments != translation.arguments {
                findings.push(place(format!(
                    "the string `{key}` takes {} in {there} and {} in {here}: give them the same arguments",
                    listed(&translation.arguments),
                    listed(&text.arguments),
                )));
            }
            if area(&text.file) != area(&translation.file) {
                findings.push(place(format!(
                    "the string `{key}` is in `{}.ftl` in {here}: put it there in {there} too",
                    area(&text.file)
                )));
            }
        }
        findings
    }

    fn missing_in(&self, other: &Self, language: &str) -> Vec<Finding> {
        let missing = self.strings.iter().filter(|(key, _)| !other.has(key));
        missing
            .map(|(key, text)| {
                Finding::at_line(
                    &text.file,
                    text.line,
                    format!(
                        "the string `{key}` is not in {language}: add it to `{}.ftl` there",
                        area(&text.file)
                    ),
                )
            })
            .collect()
    }

    /// Notes what a page asks for; tells what it cannot have.
    pub(super) fn answer<'a>(
        &'a self,
        page: &Path,
        call: &Call,
        asked: &mut BTreeSet<&'a str>,
    ) -> Vec<Finding> {
        let found: Vec<_> = self
            .strings
            .iter()
            .filter(|(key, _)| call.asked.wants(key))
            .collect();
        asked.extend(found.iter().map(|(key, _)| key.as_str()));
        let place = |message| Finding::at_line(page, call.line, message);
        if found.is_empty() {
            return vec![place(match &call.asked {
                Asked::Whole(key) => format!("there is no string `{key}`: add it to every language"),
                Asked::Between(start, end) => {
                    format!("no string is called `{start}…{end}`: add them to every language")
                }
            })];
        }
        // Only where the page names the string is it known which arguments it takes.
        let Asked::Whole(key) = &call.asked else {
            return Vec::new();
        };
        let missing = found[0]
            .1
            .arguments
            .iter()
            .filter(|name| !call.arguments.contains(*name));
        missing
            .map(|name| place(format!("the string `{key}` needs `{name}`: pass it")))
            .collect()
    }
}

impl Text {
    fn pattern(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                self.expression(expression);
            }
        }
    }

    fn expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                self.inline(selector);
                for variant in variants {
                    self.pattern(&variant.value);
                }
            }
        }
    }

    fn inline(&mut self, inline: &InlineExpression<&str>) {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.arguments.insert(id.name.to_owned());
            }
            InlineExpression::MessageReference { id, .. } => {
                self.references.insert(id.name.to_owned());
            }
            InlineExpression::Placeable { expression } => self.expression(expression),
            InlineExpression::FunctionReference { arguments, .. } => self.call(arguments),
            InlineExpression::TermReference { arguments, .. } => {
                if let Some(arguments) = arguments {
                    self.call(arguments);
                }
            }
            InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
        }
    }

    fn call(&mut self, arguments: &CallArguments<&str>) {
        for inline in &arguments.positional {
            self.inline(inline);
        }
        for named in &arguments.named {
            self.inline(&named.value);
        }
    }
}

/// The line on which a string begins.
fn line_of(source: &str, key: &str) -> usize {
    let begins = |line: &str| {
        line.strip_prefix(key)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    source.lines().position(begins).map_or(1, |index| index + 1)
}

fn listed(arguments: &BTreeSet<String>) -> String {
    if arguments.is_empty() {
        return "nothing".to_owned();
    }
    let names: Vec<String> = arguments.iter().map(|name| format!("`${name}`")).collect();
    names.join(", ")
}
