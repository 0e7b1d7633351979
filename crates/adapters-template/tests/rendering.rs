//! Stored templates become mails: what arrives, and what cannot happen.

use jiff::Timestamp;
use recado_adapters_template::{Limits, TeraRenderer};
use recado_domain::template::{
    Rendered, Severity, SignedLink, Situation, StoredTemplate, TemplateId, TemplateKey, TemplateValues,
    TemplateVersion,
};
use recado_ports::renderer::Renderer as _;

fn stored(subject: &str, html: &str, text: Option<&str>) -> StoredTemplate {
    StoredTemplate {
        id: TemplateId::new(417).expect("it is positive"),
        version: TemplateVersion(1),
        name: "Message".to_owned(),
        subject: subject.to_owned(),
        html: html.to_owned(),
        text: text.map(str::to_owned),
        situation: Situation::Active,
        locale: None,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

fn sample() -> TemplateValues {
    TemplateValues::new()
        .with(TemplateKey::TicketNumber, "4711")
        .with(
            TemplateKey::CommentText,
            "Reinicié el servidor.\n¿Funciona ahora?",
        )
        .with(TemplateKey::DateTimeCreated, "22 de noviembre de 2026, 10:42")
        .with(TemplateKey::AuthorName, "João Técnico")
        .with(TemplateKey::RequesterName, "Ana Souza")
        .with(TemplateKey::ResponsibleName, "João Técnico")
}

fn render(template: &StoredTemplate, values: &TemplateValues) -> Rendered {
    TeraRenderer::default()
        .render(template, values)
        .expect("the template can be rendered")
}

fn with_comment(comment: &str) -> Rendered {
    let template = stored("${COMMENTTEXT}", "<div>${COMMENTTEXT}</div>", None);
    render(&template, &sample().with(TemplateKey::CommentText, comment))
}

const BODY: &str = r#"<html><head><title>Mensaje</title><style>td { padding: 4px }</style></head><body>
<h2>Solicitud NUMBER</h2>
<table border="0">
 <tr><td>Solicitante</td><td>REQUESTER</td></tr>
 <tr><td>Respons&aacute;vel</td><td>${RequestResponsibleName}</td></tr>
</table>
<p><b>\${USERNAME}</b> escribi&oacute; el ${DATETIMECREATED}:</p>
<blockquote style="border-left: 2px solid">${commenttext}</blockquote>
<p><a href="https://desk.example/t?n=NUMBER&amp;v=1">Abrir</a> &middot; <a href="mailto:desk@desk.example">desk@desk.example</a></p>
<img src="https://desk.example/logo.png" alt="Desk">
</body></html>
"#;

#[test]
fn the_three_editions_render_the_same_mail() {
    let mails = [
        ("${IDSOLICITUDSERVICIO}", "${REQUESTERNAME}"),
        ("${IdServiceRequest}", "${requestername}"),
        (r"\${IDSOLICITACAOSERVICO}", "${SOLICITANTE}"),
    ]
    .map(|(number, requester)| {
        let body = BODY.replace("NUMBER", number).replace("REQUESTER", requester);
        render(&stored(&format!("Mensaje: {number}"), &body, None), &sample())
    });
    assert_eq!(mails[0], mails[1]);
    assert_eq!(mails[1], mails[2]);
    assert_eq!(mails[0].warnings, []);
    insta::assert_snapshot!("spanish_subject", mails[0].subject);
    insta::assert_snapshot!("spanish_html", mails[0].html);
    insta::assert_snapshot!("spanish_text", mails[0].text.as_deref().unwrap());
}

#[test]
fn a_template_with_a_text_of_its_own_keeps_it() {
    let mail = render(
        &stored("s", "<p>html</p>", Some("${USERNAME}:\n  ${COMMENTTEXT}\n")),
        &sample(),
    );
    assert_eq!(
        mail.text.as_deref(),
        Some("João Técnico:\n  Reinicié el servidor.\n¿Funciona ahora?\n")
    );
    let blank = render(&stored("s", "<p>html</p>", Some(" \n")), &sample());
    assert_eq!(blank.text.as_deref(), Some("html\n"));
}

#[test]
fn what_a_person_typed_arrives_as_typed_and_does_nothing() {
    for typed in [
        "{{7*7}} {% for x in range(end=10) %}{% endfor %} {# gone? #}",
        "<script>alert(1)</script>",
        "<div style=\"position:fixed;inset:0\">overlay</div>",
        "<img src=\"https://tracker.example/pixel.gif\">",
        "</div><a href='https://phish.example'>log in</a>",
        "*stars* _underscores_ # hash > quote ${USERNAME} \\${USERNAME} {TOKEN(x)}",
        "שלום 😀 مرحبا, comma",
        "a &amp; b &lt;c&gt;",
    ] {
        let mail = with_comment(typed);
        let inside = mail
            .html
            .strip_prefix("<div>")
            .and_then(|html| html.strip_suffix("</div>"))
            .unwrap();
        assert!(!inside.contains(['<', '>', '"', '\'']), "{inside}");
        let unescaped = inside
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&");
        assert_eq!(unescaped, typed);
        assert_eq!(mail.text, Some(format!("{typed}\n")));
        assert_eq!(mail.subject, typed);
    }
}

#[test]
fn lines_of_a_comment_stay_lines() {
    let mail = with_comment("one\r\ntwo\n\n.\n<three>");
    assert_eq!(mail.html, "<div>one<br>two<br><br>.<br>&lt;three&gt;</div>");
    assert_eq!(mail.text.as_deref(), Some("one\ntwo\n\n.\n<three>\n"));
    assert_eq!(mail.subject, "one two . <three>");
}

#[test]
fn a_subject_and_a_name_cannot_become_headers() {
    let template = stored(
        "${USERNAME}\r\nBcc: a@example.com",
        "<p>${USERNAME}</p>",
        Some("${USERNAME}"),
    );
    let mail = render(
        &template,
        &sample().with(TemplateKey::AuthorName, "x\r\nBcc: b@example.com"),
    );
    assert_eq!(mail.subject, "x Bcc: b@example.com Bcc: a@example.com");
    assert_eq!(mail.html, "<p>x Bcc: b@example.com</p>");
    assert_eq!(mail.text.as_deref(), Some("x Bcc: b@example.com"));
}

#[test]
fn the_engines_own_language_is_plain_text_in_a_template() {
    for literal in [
        r#"{{ get_env(name="HOME") }}"#,
        "{% for i in range(end=999999999) %}x{% endfor %}",
        "{# comment #}{% raw %}{{ literal_0 }}{% endraw %}",
        "{{ key_USERNAME | safe }} {{ __tera_context }}",
        "{% include \"program\" %}{% extends \"program\" %}",
        "{{ throw(message='x') }} }} %} #} {{-",
    ] {
        let mail = render(&stored(literal, literal, Some(literal)), &sample());
        assert_eq!(
            (mail.subject.as_str(), mail.html.as_str(), mail.text.as_deref()),
            (literal, literal, Some(literal))
        );
    }
}

#[test]
fn a_mail_cannot_grow_beyond_the_limit() {
    let renderer = TeraRenderer::new(Limits {
        output_bytes: 2_000_000,
        ..Limits::default()
    });
    let template = stored("s", &"${COMMENTTEXT}".repeat(30_000), Some("t"));
    let values = sample().with(TemplateKey::CommentText, "x".repeat(1_000_000));
    let failure = renderer.render(&template, &values).unwrap_err();
    assert_eq!(failure.to_string(), "template 417 cannot be rendered");
    let cause = std::error::Error::source(&failure).unwrap();
    assert_eq!(cause.to_string(), "its html would be longer than 2000000 bytes");
    let small = renderer
        .render(&template, &sample().with(TemplateKey::CommentText, "x"))
        .unwrap();
    assert_eq!(small.html.len(), 30_000);
}

#[test]
fn a_comment_of_a_megabyte_passes_however_it_is_escaped() {
    let mail = with_comment(&"\"".repeat(1024 * 1024));
    assert_eq!(mail.html.len(), "<div></div>".len() + 6 * 1024 * 1024);
    assert_eq!(mail.text.map(|text| text.len()), Some(1024 * 1024 + 1));
}

#[test]
fn a_source_beyond_the_limit_is_refused() {
    let template = stored("s", &"x".repeat(600 * 1024), None);
    let failure = TeraRenderer::default().render(&template, &sample()).unwrap_err();
    let cause = std::error::Error::source(&failure).unwrap();
    assert_eq!(
        cause.to_string(),
        "its html has a source of more than 524288 bytes"
    );
}

#[test]
fn a_value_that_is_missing_leaves_nothing_and_warns_once() {
    let template = stored("[${PRIORITY}]", "<p>${USERNAME}: ${PRIORIDADE}</p>", None);
    let mail = render(&template, &sample());
    assert_eq!(
        (mail.subject.as_str(), mail.html.as_str()),
        ("[]", "<p>João Técnico: </p>")
    );
    let warnings: Vec<String> = mail.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "subject:1:2: warning: the ticket has no attribute PRIORITY",
            "html:1:17: warning: the ticket has no attribute PRIORITY",
        ]
    );
    let with_priority = render(&template, &sample().with_attributes([("priority", "alta")]));
    assert_eq!(
        (with_priority.html.as_str(), with_priority.warnings.len()),
        ("<p>João Técnico: alta</p>", 0)
    );
}

#[test]
fn a_mistake_that_was_stored_all_the_same_stays_as_written() {
    let mail = render(&stored("s", "<p>$ {USERNAME} ${USRNAME}</p>", None), &sample());
    assert_eq!(mail.html, "<p>$ {USERNAME} ${USRNAME}</p>");
    assert_eq!(mail.text.as_deref(), Some("$ {USERNAME} ${USRNAME}\n"));
    assert!(
        mail.warnings
            .iter()
            .all(|warning| warning.severity == Severity::Error)
    );
    assert_eq!(mail.warnings.len(), 2);
}

#[test]
fn a_signed_link_stands_in_html_and_text() {
    let html = "<a href=\"{TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, VIEW, 50)}\">Abrir</a>";
    let values = sample().with_link(
        SignedLink::valid_for_minutes(50),
        "https://desk.example/t?a=1&b=2",
    );
    let mail = render(&stored("s", html, None), &values);
    assert_eq!(
        mail.html,
        "<a href=\"https://desk.example/t?a=1&amp;b=2\">Abrir</a>"
    );
    assert_eq!(
        mail.text.as_deref(),
        Some("Abrir (https://desk.example/t?a=1&b=2)\n")
    );
}

#[test]
fn a_new_version_is_used_at_once() {
    let renderer = TeraRenderer::default();
    let mut template = stored("s", "<p>old</p>", None);
    assert_eq!(renderer.render(&template, &sample()).unwrap().html, "<p>old</p>");
    template.html = "<p>new</p>".to_owned();
    template.version = TemplateVersion(2);
    assert_eq!(renderer.render(&template, &sample()).unwrap().html, "<p>new</p>");
}
