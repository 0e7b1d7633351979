//! What `docs/templates.md` says is so: its examples can be saved, and its tables name every key.

use recado_domain::template::{Diagnostic, Key, SignedLink, Template};

const PAGE: &str = include_str!("../../../docs/templates.md");

#[test]
fn the_examples_have_no_errors() {
    let examples: Vec<&str> = PAGE
        .split("```template\n")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0))
        .collect();
    assert_eq!(examples.len(), 5);
    for example in examples {
        let faults = Template {
            subject: example,
            html: "${COMMENTTEXT}",
            text: Some(example),
        }
        .check();
        assert_eq!(faults, [], "{example}");
    }
}

#[test]
fn the_tables_name_every_key_with_its_aliases() {
    for key in Key::all() {
        let row = PAGE
            .lines()
            .find(|line| line.starts_with(&format!("| `{}` |", key.name())));
        let row = row.unwrap_or_else(|| panic!("{} is missing", key.name()));
        for alias in key.aliases() {
            assert!(row.contains(&format!("`{alias}`")), "{alias} is missing: {row}");
        }
        assert!(row.contains(key.meaning()), "{row}");
    }
}

#[test]
fn the_messages_are_those_that_are_shown() {
    let html = "<p>${COMMENTTEXT}\n<p>${USRNAME}\n$ {COMMENTTEXT}";
    for fault in (Template {
        subject: "s",
        html,
        text: None,
    })
    .check()
    {
        assert!(PAGE.contains(&format!("    {fault}\n")), "{fault}");
    }
}

#[test]
fn every_example_of_an_error_is_one_and_every_limit_is_right() {
    let errors = |html: &str| -> Vec<Diagnostic> {
        Template {
            subject: "s",
            html: &format!("${{COMMENTTEXT}}{html}"),
            text: None,
        }
        .check()
    };
    for html in [
        "${USRNAME}",
        "$ {USERNAME}",
        "${ USERNAME }",
        "${USERNAME",
        "${}",
        "{TOKEN(x",
        "<p class=${USERNAME}>",
    ] {
        assert_eq!(errors(html).len(), 1, "{html}");
    }
    assert_eq!(Template::MAX_SOURCE_BYTES, 512 * 1024);
    assert_eq!(
        (SignedLink::DEFAULT_MINUTES, SignedLink::MAX_MINUTES),
        (120, 1440)
    );
    assert_eq!(recado_domain::template::MAX_SUBJECT_CHARS, 250);
    assert_eq!(
        recado_adapters_template::Limits::default().output_bytes,
        8 * 1024 * 1024
    );
}
