//! A tour of the pages: every kind of page that a person can reach by links, each once.

use std::collections::BTreeSet;

use crate::visitor::{Page, Visitor};

/// More kinds than there are: a tour that grows past it goes round in circles.
const MOST_STOPS: usize = 200;

/// A page on the tour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// What kind of page it is, as a file's name: `desk-one`.
    pub name: String,
    /// Its path with its query.
    pub path: String,
}

/// Follows links from `start` through all pages below `below`, and gives the first page of each kind.
///
/// # Panics
/// A page cannot be had, though a link leads there.
pub async fn tour(visitor: &mut Visitor, start: &[&str], below: &[&str]) -> Vec<Stop> {
    let mut waiting: Vec<String> = start.iter().rev().map(|path| (*path).to_owned()).collect();
    let mut seen = BTreeSet::new();
    let mut stops = Vec::new();
    while let Some(path) = waiting.pop() {
        let name = kind(&path);
        if !seen.insert(name.clone()) {
            continue;
        }
        assert!(seen.len() < MOST_STOPS, "there is no end of pages: {seen:?}");
        let page = visitor.get(&path).await;
        if page.status.is_redirection() {
            let target = page.header("location").to_owned();
            if is_below(&target, below) {
                waiting.push(target);
            }
            continue;
        }
        assert!(
            page.status.is_success(),
            "a link leads to {path}: {}\n{}",
            page.status,
            page.body
        );
        if !page.is_html() {
            continue;
        }
        waiting.extend(next(&page, below));
        stops.push(Stop { name, path });
    }
    stops.sort_by(|one, other| one.name.cmp(&other.name));
    stops
}

/// The links to go on with; the first one is taken from the end.
fn next(page: &Page, below: &[&str]) -> Vec<String> {
    let links = page.links();
    links
        .into_iter()
        .rev()
        .filter(|link| is_below(link, below))
        .collect()
}

fn is_below(path: &str, below: &[&str]) -> bool {
    below.iter().any(|prefix| path.starts_with(prefix)) && !path.contains("/files/")
}

/// A path without what differs from one page of a kind to the next: numbers, ids, addresses, cursors.
fn kind(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut parts: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| if is_word(segment) { segment } else { "one" })
        .collect();
    if parts.is_empty() {
        parts.push("home");
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parts.push(name);
        if ["view", "status", "state", "outcome"].contains(&name) && is_word(value) && !value.is_empty() {
            parts.push(value);
        }
    }
    parts.join("-")
}

fn is_word(segment: &str) -> bool {
    segment.len() < 24
        && segment
            .bytes()
            .all(|octet| octet.is_ascii_lowercase() || octet == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_a_kind_have_one_name() {
        for (path, name) in [
            ("/", "home"),
            ("/desk?view=mine&q=x", "desk-view-mine-q"),
            ("/desk/4711", "desk-one"),
            ("/desk/INC%2F2026/facts", "desk-one-facts"),
            (
                "/administration/people/ana%40customer.test",
                "administration-people-one",
            ),
            ("/desk/deliveries?after=0190", "desk-deliveries-after"),
        ] {
            assert_eq!(kind(path), name);
        }
    }
}
