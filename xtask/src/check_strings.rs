//! `check-strings`: the words of the pages are whole. Every string is there in every language with the same arguments,
//! every string that a page or the code asks for exists, gets its arguments, and none is left that nobody asks for.
//!
//! What is asked for is found in text, not in a program that runs: a literal that is a key asks for that key, and a
//! literal before a value (`"state-" ~ state` in a page, `format!("finding-{code}")` in Rust) for all that begin so.

mod ask;
mod catalogue;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use self::ask::Asked;
use self::catalogue::Catalogue;
use crate::progress::{Finding, conclude};
use crate::{tidy, workspace};

/// Where the pages and their words are.
const PAGES: &str = "crates/adapters-http/web/pages";
const STRINGS: &str = "crates/adapters-http/web/strings";
/// The code that asks for words.
const CODE: &str = "crates/adapters-http/src/web";

/// The language that the others are compared with.
const FIRST: &str = "es";
const OTHERS: [&str; 2] = ["pt", "en"];

/// Checks the project's strings.
pub(crate) fn run() -> anyhow::Result<()> {
    let files = workspace::files()?;
    let read = |file: &PathBuf| -> anyhow::Result<(PathBuf, String)> {
        let text = fs::read_to_string(workspace::root().join(file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        Ok((file.clone(), text))
    };
    let below = |folder: &str, extension: &str| {
        files
            .iter()
            .filter(|file| {
                file.starts_with(folder) && file.extension().is_some_and(|found| found == extension)
            })
            .map(read)
            .collect::<anyhow::Result<Vec<_>>>()
    };
    let languages = [FIRST, OTHERS[0], OTHERS[1]]
        .into_iter()
        .map(|language| Ok((language, below(&format!("{STRINGS}/{language}"), "ftl")?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(
        languages.iter().all(|(_, files)| !files.is_empty()),
        "there are no strings below {STRINGS}"
    );
    let pages = below(PAGES, "html")?;
    let code = below(CODE, "rs")?;
    let (findings, count) = check(&languages, &pages, &code);
    conclude("check-strings", &findings, &format!("{count} strings in order"))
}

type Files = Vec<(PathBuf, String)>;

/// What is wrong, and how many strings there are.
fn check(languages: &[(&str, Files)], pages: &Files, code: &Files) -> (Vec<Finding>, usize) {
    let mut findings = Vec::new();
    let catalogues: Vec<Catalogue> = languages
        .iter()
        .map(|(_, files)| Catalogue::read(files, &mut findings))
        .collect();
    let (first, others) = catalogues.split_first().expect("there is a first language");
    for (other, (language, _)) in others.iter().zip(&languages[1..]) {
        findings.extend(first.differences(other, languages[0].0, language));
    }

    let mut asked: BTreeSet<&str> = BTreeSet::new();
    for (file, text) in pages {
        for call in ask::in_page(text) {
            findings.extend(first.answer(file, &call, &mut asked));
        }
        asked.extend(first.keys().filter(|key| text.contains(&format!("\"{key}\""))));
    }
    for (file, text) in code {
        for (line, text) in tidy::code_lines(file, text) {
            for literal in ask::literals(text) {
                let ask = ask::in_code(literal);
                // A literal that is no key means something else; one that begins like none, too.
                asked.extend(first.keys().filter(|key| ask.wants(key)));
                if let Asked::Whole(key) = &ask
                    && is_key(text, key)
                    && !first.has(key)
                {
                    let message = format!("there is no string `{key}`: add it to every language");
                    findings.push(Finding::at_line(file, line, message));
                }
            }
        }
    }
    // A string that another one refers to is asked for with it.
    let referred = first.references();
    for (key, file, line) in first.places() {
        if !asked.contains(key) && !referred.contains(key) {
            findings.push(Finding::at_line(
                file,
                line,
                format!("nobody asks for the string `{key}`: remove it from every language"),
            ));
        }
    }
    (findings, first.len())
}

/// Whether a line of code says that this literal is a key.
fn is_key(line: &str, literal: &str) -> bool {
    ["Words::Key(", "Words::With("]
        .iter()
        .any(|maker| line.contains(&format!("{maker}\"{literal}\"")))
}

/// The file's name in its language's folder: its area.
fn area(file: &Path) -> &str {
    file.file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &str, text: &str) -> Files {
        vec![(Path::new(folder).join("desk.ftl"), text.to_owned())]
    }

    fn messages(es: &str, pt: &str, page: &str, code: &str) -> Vec<String> {
        let languages = [("es", files("es", es)), ("pt", files("pt", pt))];
        let pages = vec![(PathBuf::from("page.html"), page.to_owned())];
        let code = vec![(PathBuf::from("crates/a/src/page.rs"), code.to_owned())];
        let (findings, _) = check(&languages, &pages, &code);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn strings_in_order_give_no_finding() {
        let es = "hello = Hola, { $name }\nstate-sent = Enviado\nstate-dead = Muerto\ndone = { hello }\n";
        let pt = "hello = Olá, { $name }\nstate-sent = Enviado\nstate-dead = Morto\ndone = { hello }\n";
        let page = "{{ t(key=\"hello\", name=ticket.name) }} {{ t(key=\"state-\" ~ state) }}";
        assert_eq!(messages(es, pt, page, "Words::Key(\"done\")"), [""; 0]);
    }

    #[test]
    fn a_string_that_one_language_lacks_is_found() {
        let found = messages("a = x\nb = y\n", "a = x\nc = z\n", "\"a\" \"b\"", "");
        assert_eq!(
            found,
            [
                "es/desk.ftl:2: the string `b` is not in pt: add it to `desk.ftl` there",
                "pt/desk.ftl:2: the string `c` is not in es: add it to `desk.ftl` there",
            ]
        );
    }

    #[test]
    fn arguments_that_differ_are_found() {
        let found = messages(
            "a = { $n -> \n    [one] { $x }\n   *[other] b\n}\n",
            "a = { $n }\n",
            "\"a\"",
            "",
        );
        assert_eq!(
            found,
            [
                "pt/desk.ftl:1: the string `a` takes `$n` in pt and `$n`, `$x` in es: give them the same arguments"
            ]
        );
    }

    #[test]
    fn a_page_that_asks_for_a_string_or_argument_that_is_not_there_is_found() {
        let found = messages(
            "a = { $n }\n",
            "a = { $n }\n",
            "x\n{{ t(key=\"a\") }}{{ t(key=\"b\") }}",
            "",
        );
        assert_eq!(
            found,
            [
                "page.html:2: the string `a` needs `n`: pass it",
                "page.html:2: there is no string `b`: add it to every language",
            ]
        );
        let found = messages("a = x\n", "a = x\n", "\"a\"{{ t(key=\"state-\" ~ s) }}", "");
        assert_eq!(
            found,
            ["page.html:1: no string is called `state-…`: add them to every language"]
        );
    }

    #[test]
    fn a_string_that_nobody_asks_for_is_found() {
        let found = messages("a = x\nb = y\n", "a = x\nb = y\n", "", "// \"a\"\nf(\"b\");");
        assert_eq!(
            found,
            ["es/desk.ftl:1: nobody asks for the string `a`: remove it from every language"]
        );
    }

    #[test]
    fn code_asks_by_parts_of_keys_too() {
        let text = "finding-a = x\nfinding-b-remedy = y\nother = z\n";
        let found = messages(
            text,
            text,
            "",
            "format!(\"finding-{code}\"); format!(\"finding-{code}-remedy\")",
        );
        assert_eq!(
            found,
            ["es/desk.ftl:3: nobody asks for the string `other`: remove it from every language"]
        );
    }

    #[test]
    fn code_that_asks_for_a_string_that_is_not_there_is_found() {
        let found = messages("a = x\n", "a = x\n", "\"a\"", "Words::Key(\"b\"), \"c\"");
        assert_eq!(
            found,
            ["crates/a/src/page.rs:1: there is no string `b`: add it to every language"]
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_found() {
        let found = messages("a = { $ }\n", "a = x\n", "\"a\"", "");
        assert!(found[0].starts_with("es/desk.ftl: "), "{found:?}");
    }
}
