//! Which strings a page or a line of code asks for.

use std::collections::BTreeSet;

/// What a literal asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// One string, by its key.
    Whole(String),
    /// All whose keys begin and end so.
    Between(String, String),
}

impl Asked {
    /// Whether this key is among what is asked for.
    pub(super) fn wants(&self, key: &str) -> bool {
        match self {
            Self::Whole(whole) => whole == key,
            Self::Between(start, end) => {
                key.len() > start.len() + end.len() && key.starts_with(start) && key.ends_with(end)
            }
        }
    }
}

/// A page's call of `t(…)`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) line: usize,
    pub(super) asked: Asked,
    pub(super) arguments: BTreeSet<String>,
}

/// The calls in a page whose key is a literal or begins with one. A key that is a value comes from the code.
pub(super) fn in_page(text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    for (at, _) in text.match_indices("t(key=\"") {
        // `t` alone, no other name that ends so.
        if text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let inside = &text[at + "t(key=\"".len()..];
        let Some((key, rest)) = inside.split_once('"') else {
            continue;
        };
        let is_part = rest.trim_start().starts_with('~');
        calls.push(Call {
            line: text[..at].matches('\n').count() + 1,
            asked: if is_part {
                Asked::Between(key.to_owned(), String::new())
            } else {
                Asked::Whole(key.to_owned())
            },
            arguments: arguments(rest),
        });
    }
    calls.extend(endings(text));
    calls
}

/// The calls whose key is a value and the literal that it ends with: `t(key=question ~ "-ask")`.
fn endings(text: &str) -> impl Iterator<Item = Call> {
    text.match_indices("t(key=").filter_map(|(at, start)| {
        let (value, rest) = text[at + start.len()..].split_once('~')?;
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let (end, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
        value.trim().chars().all(is_name).then(|| Call {
            line: text[..at].matches('\n').count() + 1,
            asked: Asked::Between(String::new(), end.to_owned()),
            arguments: BTreeSet::new(),
        })
    })
}

/// The names before `=` up to the parenthesis that closes the call.
fn arguments(rest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut depth = 0_usize;
    let mut is_quoted = false;
    let mut name = String::new();
    for character in rest.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            character if character.is_whitespace() => {}
            '(' | '[' => depth += 1,
            ')' | ']' if depth == 0 => break,
            ')' | ']' => depth -= 1,
            ',' => name.clear(),
            '=' if depth == 0 => {
                names.insert(std::mem::take(&mut name));
            }
            character if character.is_alphanumeric() || character == '_' => name.push(character),
            _ => name.clear(),
        }
    }
    names
}

/// What a literal of Rust asks for: itself, or with a value in it all that begin and end like it.
pub(super) fn in_code(literal: &str) -> Asked {
    match (literal.split_once('{'), literal.rsplit_once('}')) {
        (Some((start, _)), Some((_, end))) if !start.is_empty() => {
            Asked::Between(start.to_owned(), end.to_owned())
        }
        _ => Asked::Whole(literal.to_owned()),
    }
}

/// The literals on a line of Rust that could be keys: without blanks.
pub(super) fn literals(line: &str) -> impl Iterator<Item = &str> {
    line.split('"')
        .skip(1)
        .step_by(2)
        .filter(|literal| !literal.is_empty() && !literal.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_names_its_arguments_and_no_others() {
        let text = "{{ not(key=\"no\") }}\n{{ t(key=\"a-b\", n=f(x=1, y=\"q=\"), of = total) }} z=1";
        assert_eq!(
            in_page(text),
            [Call {
                line: 2,
                asked: Asked::Whole("a-b".to_owned()),
                arguments: ["n", "of"].map(str::to_owned).into(),
            }]
        );
    }

    #[test]
    fn a_value_and_an_ending_ask_for_all_that_end_so() {
        let calls = in_page("{{ t(key=question ~ \"-ask\", name=name) }} {{ t(key=key) }}{{ a ~ \"-b\" }}");
        assert_eq!(calls.len(), 1, "{calls:?}");
        assert_eq!(calls[0].asked, Asked::Between(String::new(), "-ask".to_owned()));
    }

    #[test]
    fn a_literal_with_a_value_in_it_asks_for_all_that_begin_and_end_like_it() {
        assert!(in_code("state-{name}").wants("state-sent"));
        assert!(in_code("state-{name}-long").wants("state-sent-long"));
        assert!(!in_code("state-{name}-long").wants("state-sent"));
        assert!(!in_code("state-{name}").wants("state-"));
        assert!(in_code("{name}").wants("{name}"));
    }

    #[test]
    fn literals_are_what_stands_between_quotes() {
        let found: Vec<_> = literals("f(\"a-b\", \"two words\", \"\", \"c\")").collect();
        assert_eq!(found, ["a-b", "c"]);
    }
}
