//! The tera renderer and the domain's pure one give the same mail for the same template and values.

use jiff::Timestamp;
use proptest::prelude::*;
use recado_adapters_template::TeraRenderer;
use recado_domain::template::{
    SignedLink, Situation, StoredTemplate, TemplateId, TemplateKey, TemplateValues, TemplateVersion,
};
use recado_ports::renderer::Renderer as _;

fn source() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z ñ😀\n]{0,6}",
        prop::sample::select(vec![
            "${COMMENTTEXT}",
            "\\${USERNAME}",
            "${solicitante}",
            "${PRIORIDADE}",
            "${IDSERVICEREQUEST}",
            "${NOTE}",
            "{TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, VIEW, 50)}",
            "${FOO}",
            "$ {USERNAME}",
            "${",
            "{NOTE}",
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "{{ literal_0 }}",
            "<p>",
            "</p>",
            "<a href=\"",
            "\">",
            "&ccedil;",
            "<",
            "\r\n",
            "\u{2028}",
            "\0",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[<>&\"'{}%#\r\n$a\u{2028}]{0,20}",
        Just("${COMMENTTEXT}".to_owned())
    ]
}

proptest! {
    // A failure prints its input; a file of past ones beside the test would be one more place to look.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_renderers_agree(
        subject in source(),
        html in source(),
        text in proptest::option::of(source()),
        comment in value(),
        author in value(),
        requester in proptest::option::of(value()),
        priority in proptest::option::of(value()),
        link in proptest::option::of(value()),
    ) {
        let mut values = TemplateValues::new()
            .with(TemplateKey::TicketNumber, "4711")
            .with(TemplateKey::CommentText, comment)
            .with(TemplateKey::AuthorName, author)
            .with_attributes(priority.map(|priority| ("PRIORITY", priority)));
        if let Some(requester) = requester {
            values = values.with(TemplateKey::RequesterName, requester);
        }
        if let Some(link) = link {
            values = values.with_link(SignedLink::valid_for_minutes(50), link);
        }
        let template = StoredTemplate {
            id: TemplateId::new(1).unwrap(),
            version: TemplateVersion(1),
            name: String::new(),
            subject,
            html,
            text,
            situation: Situation::Active,
            locale: None,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let expected = template.source().render(&values);
        let mail = TeraRenderer::default().render(&template, &values).unwrap();
        prop_assert_eq!(&mail.subject, &expected.subject);
        prop_assert_eq!(&mail.html, &expected.html);
        prop_assert_eq!(&mail.warnings, &expected.warnings);
        prop_assert!(mail.text.is_some());
        if expected.text.is_some() {
            prop_assert_eq!(&mail.text, &expected.text);
        }
    }
}
