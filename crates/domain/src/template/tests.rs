//! The template module as its users meet it: parsing, checking, rendering.

use proptest::prelude::*;

use super::*;

fn kinds(source: &str) -> Vec<(SegmentKind, &str)> {
    let parsed = TemplateSource::parse(source);
    parsed
        .segments()
        .iter()
        .map(|segment| (segment.kind.clone(), segment.raw))
        .collect()
}

fn fault(source: &str) -> Fault {
    let mut faults = kinds(source).into_iter().filter_map(|(kind, _)| match kind {
        SegmentKind::Fault(fault) => Some(fault),
        _ => None,
    });
    let first = faults.next().unwrap_or_else(|| panic!("{source:?} has no fault"));
    assert_eq!(faults.next(), None, "{source:?} has a second fault");
    first
}

fn html(body: &str) -> Template<'_> {
    Template {
        subject: "s",
        html: body,
        text: None,
    }
}

fn sample() -> TemplateValues {
    TemplateValues::new()
        .with(TemplateKey::TicketNumber, "4711")
        .with(TemplateKey::CommentText, "first <b>\r\nsecond\r& {{7*7}}")
        .with(TemplateKey::DateTimeCreated, "22 de noviembre de 2026, 10:42")
        .with(TemplateKey::AuthorName, "Ana \"<Añá>\"")
        .with(TemplateKey::RequesterName, "x\r\nBcc: victim@example.com")
        .with(TemplateKey::ResponsibleName, "O'Neil")
}

#[test]
fn keys_are_found_with_and_without_a_backslash() {
    let number = SegmentKind::Key(TemplateKey::TicketNumber.into());
    assert_eq!(
        kinds(r"a \${idsolicitudservicio}${IDSERVICEREQUEST}&ccedil;"),
        [
            (SegmentKind::Text, "a "),
            (number.clone(), r"\${idsolicitudservicio}"),
            (number, "${IDSERVICEREQUEST}"),
            (SegmentKind::Text, "&ccedil;"),
        ]
    );
}

#[test]
fn what_merely_resembles_a_key_is_text() {
    for text in [
        "$",
        "$5",
        "US$ 5",
        "a{b}c",
        "{",
        "}",
        r"\",
        r"\{",
        "{{7*7}}",
        "{% raw %}",
        "$ {two words}",
        "$$",
        "{TOKENS}",
    ] {
        assert_eq!(kinds(text), [(SegmentKind::Text, text)]);
    }
    assert_eq!(kinds(""), []);
}

#[test]
fn every_mistake_is_told_apart() {
    let name = |name: &str| name.to_owned();
    for (source, expected) in [
        ("${FOO}", Fault::UnknownKey { name: name("FOO") }),
        (
            "${COMMENT TEXT}",
            Fault::UnknownKey {
                name: name("COMMENT TEXT"),
            },
        ),
        (
            "$ {COMMENTTEXT}",
            Fault::StraySpace {
                name: name("COMMENTTEXT"),
            },
        ),
        ("$&nbsp;{FOO}", Fault::StraySpace { name: name("FOO") }),
        (r"\$ { FOO }", Fault::StraySpace { name: name("FOO") }),
        (
            "$ {COMMENTTEXT",
            Fault::StraySpace {
                name: name("COMMENTTEXT"),
            },
        ),
        (
            "${ COMMENTTEXT\u{a0}}",
            Fault::StraySpace {
                name: name("COMMENTTEXT"),
            },
        ),
        (
            "${COMMENTTEXT</p>",
            Fault::Unclosed {
                name: name("COMMENTTEXT"),
            },
        ),
        (
            "${COMMENTTEXT",
            Fault::Unclosed {
                name: name("COMMENTTEXT"),
            },
        ),
        ("${", Fault::Unclosed { name: name("") }),
        ("${}", Fault::Empty),
        ("${ &nbsp; }", Fault::Empty),
        (
            "{{ x }} {username}",
            Fault::MissingDollar {
                name: name("username"),
            },
        ),
        ("{TOKEN(x)}", Fault::MalformedLink),
    ] {
        assert_eq!(fault(source), expected, "{source}");
    }
}

#[test]
fn an_unclosed_key_does_not_swallow_the_next_one() {
    assert_eq!(
        kinds("${USERNAME ${COMMENTTEXT}"),
        [
            (
                SegmentKind::Fault(Fault::Unclosed {
                    name: "USERNAME".to_owned()
                }),
                "${USERNAME"
            ),
            (SegmentKind::Text, " "),
            (
                SegmentKind::Key(TemplateKey::CommentText.into()),
                "${COMMENTTEXT}"
            ),
        ]
    );
}

#[test]
fn positions_count_lines_from_one_and_columns_in_characters() {
    let parsed = TemplateSource::parse("ação\r\n  ñ${USERNAME}é${COMMENTTEXT}");
    let places: Vec<_> = parsed
        .segments()
        .iter()
        .map(|segment| (segment.span.line, segment.span.column, segment.span.bytes.start))
        .collect();
    assert_eq!(places, [(1, 1, 0), (2, 4, 12), (2, 15, 23), (2, 16, 25)]);
}

#[test]
fn all_faults_are_reported_with_their_places_and_suggestions() {
    let template = Template {
        subject: "Ticket ${IDSERVICEREQEST}",
        html: "<p>\n${COMMENTTEXT}\n $ {USERNAME} ${}</p>${PRIORIDADE}",
        text: Some("${SOLICITANTE"),
    };
    let lines: Vec<String> = template.check().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "subject:1:8: error: there is no key named \"IDSERVICEREQEST\"; write ${IDSERVICEREQUEST}",
            "html:3:2: error: the key \"USERNAME\" is written with a space, and would not be filled in; write ${USERNAME}",
            "html:3:15: error: `${}` names no key",
            "text:1:1: error: the key \"SOLICITANTE\" has no closing brace; write ${SOLICITANTE}",
        ]
    );
}

#[test]
fn an_empty_or_endless_field_is_refused_and_a_blank_text_is_none() {
    let long = "x".repeat(Template::MAX_SOURCE_BYTES + 1);
    let faults = Template {
        subject: " ",
        html: &long,
        text: Some("\n"),
    }
    .check();
    assert!(
        faults
            .iter()
            .take(2)
            .all(|fault| fault.severity == Severity::Error)
    );
    assert_eq!(
        faults.iter().map(|fault| fault.field).collect::<Vec<_>>(),
        [Field::Subject, Field::Html]
    );
    assert_eq!(
        Template {
            subject: "s",
            html: "h",
            text: Some("\n")
        }
        .render(&sample())
        .text,
        None
    );
}

#[test]
fn a_template_without_the_comment_is_a_warning() {
    let faults = html("<p>Something happened</p>").check();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].severity, Severity::Warning);
}

#[test]
fn a_key_in_an_unquoted_attribute_or_a_style_is_refused() {
    for body in [
        "<p class=${USERNAME}>${COMMENTTEXT}",
        "<style>${USERNAME}</style>${COMMENTTEXT}",
    ] {
        let faults = html(body).check();
        assert_eq!(faults.len(), 1, "{body}");
        assert_eq!(
            (faults[0].severity, faults[0].key.as_deref()),
            (Severity::Error, Some("USERNAME"))
        );
    }
    assert_eq!(
        html("<a href=\"${LINKSERVICEREQUEST}\">${COMMENTTEXT}</a>").check(),
        []
    );
}

#[test]
fn faults_beyond_the_first_thousand_are_counted() {
    let body = "${COMMENTTEXTS}".repeat(20_000);
    let faults = html(&body).check();
    assert_eq!(faults.len(), 1_001);
    assert_eq!(faults[0].suggestion.as_deref(), Some("${COMMENTTEXT}"));
    assert_eq!(
        faults[1_000].to_string(),
        "html:1:15001: error: from here on there are 19000 more, not listed"
    );
}

#[test]
fn values_are_escaped_in_html_and_keep_their_lines_only_in_the_comment() {
    let template = Template {
        subject: "${IDSOLICITUDSERVICIO} ${USERNAME}\n${REQUESTERNAME}",
        html: "<p title='${REQUESTRESPONSIBLENAME}'>${COMMENTTEXT}|${USERNAME}|${REQUESTERNAME}</p>",
        text: Some("${COMMENTTEXT}|${USERNAME}|${REQUESTERNAME}"),
    };
    let mail = template.render(&sample());
    assert_eq!(mail.subject, "4711 Ana \"<Añá>\" x Bcc: victim@example.com");
    assert_eq!(
        mail.html,
        "<p title='O&#39;Neil'>first &lt;b&gt;<br>second<br>&amp; {{7*7}}|Ana &quot;&lt;Añá&gt;&quot;|x Bcc: victim@example.com</p>"
    );
    assert_eq!(
        mail.text.as_deref(),
        Some("first <b>\nsecond\n& {{7*7}}|Ana \"<Añá>\"|x Bcc: victim@example.com")
    );
    assert_eq!(mail.warnings, []);
}

#[test]
fn a_key_in_a_value_is_not_filled_in() {
    let values = sample().with(TemplateKey::CommentText, "${USERNAME}");
    assert_eq!(html("${COMMENTTEXT}").render(&values).html, "${USERNAME}");
}

#[test]
fn what_has_no_value_is_empty_and_told() {
    let body = "[${PRIORIDADE}] {TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, VIEW, 50)} ${FOO}";
    let mail = html(body).render(&TemplateValues::new());
    assert_eq!(mail.html, "[]  ${FOO}");
    let warnings: Vec<_> = mail
        .warnings
        .iter()
        .map(|warning| (warning.severity, warning.column))
        .collect();
    assert_eq!(
        warnings,
        [
            (Severity::Warning, 2),
            (Severity::Warning, 17),
            (Severity::Error, 80)
        ]
    );
    assert_eq!(mail.warnings[0].key.as_deref(), Some("PRIORITY"));
}

#[test]
fn a_link_is_the_one_of_its_minutes() {
    let body = "<a href=\"{TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, VIEW, 50)}\">x</a>";
    let values =
        TemplateValues::new().with_link(SignedLink::valid_for_minutes(50), "https://desk.example/?a=1&b=2");
    let mail = html(body).render(&values);
    assert_eq!(mail.html, "<a href=\"https://desk.example/?a=1&amp;b=2\">x</a>");
    assert_eq!(mail.warnings, []);
}

#[test]
fn a_long_subject_is_cut_at_a_character() {
    let values = TemplateValues::new().with(TemplateKey::CommentText, "ñ".repeat(300));
    let mail = Template {
        subject: "${COMMENTTEXT}",
        html: "h",
        text: None,
    }
    .render(&values);
    assert_eq!(mail.subject.chars().count(), MAX_SUBJECT_CHARS);
    assert!(mail.subject.ends_with("ñ…"));
    assert_eq!(
        subject_line(&"ñ".repeat(MAX_SUBJECT_CHARS)),
        "ñ".repeat(MAX_SUBJECT_CHARS)
    );
}

#[cfg(feature = "serde")]
#[test]
fn a_diagnostic_has_the_shape_that_the_api_shows() {
    let shown = serde_json::to_value(html("${COMMENTTXT}").check()).unwrap();
    let expected = serde_json::json!([{
        "severity": "error",
        "field": "html",
        "line": 1,
        "column": 1,
        "range": { "start": 0, "end": 13 },
        "key": "COMMENTTXT",
        "message": "there is no key named \"COMMENTTXT\"",
        "suggestion": "${COMMENTTEXT}",
    }]);
    assert_eq!(shown, expected);
}

/// Text that is rich in everything that the parser looks for.
fn template_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z ñ😀\n\r\t]{0,6}",
        prop::sample::select(vec![
            "$",
            "{",
            "}",
            "\\",
            "${",
            "$ {",
            "(",
            ")",
            ",",
            "<",
            ">",
            "\"",
            "'",
            "&nbsp;",
            "\u{a0}",
            "TOKEN",
            "{TOKEN(",
            "COMMENTTEXT",
            "${USERNAME}",
            "{%",
            "{{",
            "<style>",
            "<!--",
            "-->",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn segments_cover_the_source_in_order(source in prop_oneof![template_like(), any::<String>()]) {
        let parsed = TemplateSource::parse(&source);
        let (mut end, mut after_text) = (0, false);
        for segment in parsed.segments() {
            prop_assert_eq!(segment.span.bytes.start, end);
            end = segment.span.bytes.end;
            prop_assert_eq!(segment.raw, &source[segment.span.bytes.clone()]);
            prop_assert!(!segment.raw.is_empty());
            let is_text = segment.kind == SegmentKind::Text;
            prop_assert!(!(is_text && after_text), "two texts in a row");
            after_text = is_text;
            let before = &source[..segment.span.bytes.start];
            prop_assert_eq!(segment.span.line, 1 + before.matches('\n').count());
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            prop_assert_eq!(segment.span.column, column);
        }
        prop_assert_eq!(end, source.len());
    }

    #[test]
    fn checking_and_rendering_accept_anything(source in template_like(), value in any::<String>()) {
        let values = TemplateValues::new().with(TemplateKey::AuthorName, &value).with(TemplateKey::CommentText, &value);
        let template = Template { subject: &source, html: &source, text: Some(&source) };
        template.check();
        let mail = template.render(&values);
        prop_assert!(!mail.subject.contains(char::is_control));
        prop_assert!(mail.subject.chars().count() <= MAX_SUBJECT_CHARS);
    }

    #[test]
    fn an_escaped_value_holds_no_markup(value in "[<>&\"'a\n]{0,30}") {
        let mail = html("${USERNAME}").render(&TemplateValues::new().with(TemplateKey::AuthorName, &value));
        prop_assert!(!mail.html.contains(['<', '>', '"', '\'', '\n']));
        let unescaped = mail.html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        prop_assert_eq!(unescaped.replace("&#39;", "'").replace("&amp;", "&"), one_line(&value));
    }
}

#[test]
fn every_diagnostic_bears_the_code_of_what_it_is_about() {
    let cases = [
        ("${COMENTTEXT}", Code::UnknownKey),
        ("$ {COMMENTTEXT}", Code::StraySpace),
        ("${COMMENTTEXT", Code::UnclosedKey),
        ("${ ", Code::UnclosedBrace),
        ("${}", Code::EmptyKey),
        ("{COMMENTTEXT}", Code::MissingDollar),
        ("{TOKEN(x", Code::MalformedLink),
        ("<a href=${USERNAME}>", Code::Unquoted),
        ("<style>${USERNAME}</style>", Code::RawElement),
        ("nothing", Code::NoComment),
        (" ", Code::EmptyField),
    ];
    for (html, code) in cases {
        let template = Template {
            subject: "s",
            html,
            text: None,
        };
        let found: Vec<_> = template
            .check()
            .iter()
            .map(|diagnostic| diagnostic.code)
            .collect();
        assert_eq!(found, [code], "{html}");
    }
}
