//! Links in Markdown files: every relative one must lead to a file of the project, and its anchor to a heading there.
//!
//! Addresses of other sites are not followed: a check must not depend on the network.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::progress::Finding;

/// Checks the links of one file. `known` holds the project's files; `read` gives the text of one of them.
pub(super) fn check(
    file: &Path,
    text: &str,
    known: &BTreeSet<&Path>,
    read: impl Fn(&Path) -> Option<String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, link) in links(text) {
        if link.contains("://") || link.starts_with("mailto:") {
            continue;
        }
        let (path, anchor) = link
            .split_once('#')
            .map_or((link, None), |(path, anchor)| (path, Some(anchor)));
        let target = if path.is_empty() {
            Some(file.to_path_buf())
        } else {
            resolve(file, path)
        };
        let Some(target) = target.filter(|target| exists(known, target)) else {
            findings.push(Finding::at_line(
                file,
                number,
                format!("link to `{link}`: there is no such file, mend the path"),
            ));
            continue;
        };
        if let Some(anchor) = anchor
            && target.extension().is_some_and(|extension| extension == "md")
            && let Some(target_text) = if target == file {
                Some(text.to_owned())
            } else {
                read(&target)
            }
            && !anchors(&target_text).contains(anchor)
        {
            findings.push(Finding::at_line(
                file,
                number,
                format!("link to `{link}`: no heading has this anchor, mend it"),
            ));
        }
    }
    findings
}

/// The targets of inline links and of link definitions, with the number of their line; code is left out.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose_lines(text).flat_map(|(number, line)| {
        let inline = line
            .match_indices("](")
            .filter(|(at, _)| line[..*at].matches('`').count() % 2 == 0)
            .filter_map(|(at, bracket)| line[at + bracket.len()..].split([')', ' ']).next());
        let definition = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "))
            .map(|(_, target)| target.trim());
        inline
            .chain(definition)
            .map(move |target| (number, target.trim_matches(['<', '>'])))
    })
}

/// Lines outside fenced code, with their numbers from 1.
fn prose_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// The anchors of a Markdown file's headings: lower case, blanks as hyphens, punctuation dropped.
fn anchors(text: &str) -> BTreeSet<String> {
    prose_lines(text)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter_map(|character| match character {
                    ' ' => Some('-'),
                    '-' | '_' => Some(character),
                    _ => character.is_alphanumeric().then_some(character),
                })
                .collect()
        })
        .collect()
}

/// The path of a link relative to the project's root; `None` when it leads out of the project.
fn resolve(file: &Path, link: &str) -> Option<PathBuf> {
    let mut resolved = file.parent()?.to_path_buf();
    for component in Path::new(link).components() {
        match component {
            Component::Normal(name) => resolved.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !resolved.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(resolved)
}

/// Whether the project has this file, or a directory of this name with files in it.
fn exists(known: &BTreeSet<&Path>, target: &Path) -> bool {
    known.iter().any(|file| file.starts_with(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<usize> {
        let known = [
            Path::new("README.md"),
            Path::new("docs/index.md"),
            Path::new("docs/adr/0001.md"),
        ];
        let read = |_: &Path| Some("# Title\n\n## What it's for: a `map`\n".to_owned());
        let known = BTreeSet::from(known);
        check(Path::new("docs/index.md"), text, &known, read)
            .into_iter()
            .filter_map(|fault| fault.line)
            .collect()
    }

    #[test]
    fn a_link_leads_to_a_file_or_a_directory_of_the_project() {
        assert_eq!(
            faults("[a](adr/0001.md) [b](adr) [c](../README.md)\n[d]: adr/0001.md\n"),
            Vec::<usize>::new()
        );
        assert_eq!(
            faults("fine\n[gone](adr/0002.md)\n[out](../../etc/passwd)\n[d]: gone.md\n"),
            [2, 3, 4]
        );
    }

    #[test]
    fn an_anchor_names_a_heading() {
        assert_eq!(
            faults("[a](../README.md#what-its-for-a-map)\n"),
            Vec::<usize>::new()
        );
        assert_eq!(faults("[a](../README.md#nowhere)\n"), [1]);
        assert_eq!(faults("# Here\n[a](#here) [b](#there)\n"), [2]);
    }

    #[test]
    fn other_sites_and_code_are_left_alone() {
        assert_eq!(
            faults("[a](https://example.org/x) `[b](gone.md)`\n```\n[c](gone.md)\n```\n"),
            Vec::<usize>::new()
        );
    }
}
