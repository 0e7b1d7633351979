//! What [`Audit`](recado_ports::audit::Audit) promises.

use recado_domain::audit::{Action, Entry, Who};
use recado_ports::audit::AuditFilter;
use recado_ports::page::PageRequest;

use super::Subject;
use super::arrange::{after, all_pages, page};
use crate::builders::{address, id};

const ANA: &str = "ana@example.com";
const EVA: &str = "eva@example.com";

fn line(who: Option<&str>, action: Action, object: &str) -> Entry {
    Entry {
        id: id(),
        at: after(7),
        who: who.map_or(Who::Operator, |email| Who::Person(address(email))),
        action,
        object: object.to_owned(),
        before: None,
        after: Some("Y".to_owned()),
    }
}

impl Subject {
    async fn record(&self, entry: &Entry) {
        self.audit.record(entry).await.unwrap();
    }

    async fn trail(&self, filter: &AuditFilter) -> Vec<Entry> {
        let page = PageRequest::default();
        self.audit.list(filter, &page).await.unwrap().items
    }
}

pub async fn lines_are_listed_the_newest_first_and_filtered(subject: &Subject) {
    let mut lines = vec![
        line(Some(ANA), Action::ParameterSet, "417"),
        line(Some(EVA), Action::ParameterSet, "299"),
        line(None, Action::ParameterSet, "417"),
        line(Some(ANA), Action::TokenCreated, EVA),
        line(Some(ANA), Action::ParameterSet, "417"),
    ];
    for line in &lines {
        subject.record(line).await;
    }
    lines.reverse();
    let cases: [(Option<&str>, Option<Action>, Option<&str>); 9] = [
        (None, None, None),
        (Some(ANA), None, None),
        (None, Some(Action::ParameterSet), None),
        (None, None, Some("417")),
        (Some(ANA), Some(Action::ParameterSet), None),
        (Some(ANA), None, Some("417")),
        (Some(ANA), Some(Action::ParameterSet), Some("417")),
        (Some(EVA), Some(Action::TokenCreated), None),
        (None, None, Some("41_")),
    ];
    let mut counts = Vec::new();
    for (person, action, object) in cases {
        let filter = AuditFilter {
            person: person.map(address),
            action,
            object: object.map(str::to_owned),
        };
        let passes = |line: &&Entry| {
            filter
                .person
                .iter()
                .all(|email| line.who == Who::Person(email.clone()))
                && action.is_none_or(|action| line.action == action)
                && object.is_none_or(|object| line.object == object)
        };
        let expected: Vec<_> = lines.iter().filter(passes).cloned().collect();
        assert_eq!(subject.trail(&filter).await, expected, "{filter:?}");
        counts.push(expected.len());
    }
    assert_eq!(counts, [5, 3, 4, 3, 2, 2, 2, 0, 0]);
}

pub async fn pages_repeat_and_skip_nothing_while_lines_are_added(subject: &Subject) {
    let mut lines = Vec::new();
    for number in 0..7 {
        lines.push(line(Some(ANA), Action::ParameterSet, &number.to_string()));
        subject.record(&lines[number]).await;
    }
    lines.reverse();
    let of_ana = AuditFilter {
        person: Some(address(ANA)),
        ..AuditFilter::default()
    };
    let fetch = async |request| subject.audit.list(&of_ana, &request).await.unwrap();
    let between = async || subject.record(&line(Some(ANA), Action::GroupPut, "x")).await;
    assert_eq!(all_pages(3, fetch, between).await, lines);
    let none = subject
        .audit
        .list(&of_ana, &page(3, Some("nonsense".to_owned())))
        .await;
    assert_eq!(none.unwrap().items, [], "a cursor that nobody gave leads nowhere");
}

pub async fn a_line_is_recorded_once_and_never_changed(subject: &Subject) {
    let first = line(Some(ANA), Action::ParameterSet, "417");
    let changed = Entry {
        after: Some("N".to_owned()),
        ..first.clone()
    };
    for line in [&first, &first, &changed] {
        subject.record(line).await;
    }
    assert_eq!(subject.trail(&AuditFilter::default()).await, [first]);
}

pub async fn a_line_keeps_what_it_was_cut_to_size(subject: &Subject) {
    let long = "ñ".repeat(Entry::MAX_CHARS + 1);
    let line = Entry {
        object: "a\0b".to_owned(),
        before: Some("line\nbreak\0".to_owned()),
        after: Some(long.clone()),
        ..line(None, Action::TemplatePut, "1")
    };
    subject.record(&line).await;
    let kept = Entry {
        object: "a\u{FFFD}b".to_owned(),
        before: Some("line\nbreak\u{FFFD}".to_owned()),
        after: Some("ñ".repeat(Entry::MAX_CHARS)),
        ..line
    };
    assert_eq!(subject.trail(&AuditFilter::default()).await, [kept]);
}
