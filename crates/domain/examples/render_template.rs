//! Renders a message through a template with the domain crate alone: no files, no database, no network.
//!
//! Run it with `cargo run -p recado-domain --example render_template`.

use jiff::tz::TimeZone;
use recado_domain::locale::Locale;
use recado_domain::template::{Severity, SignedLink, Template, TemplateKey, TemplateSource, TemplateValues};

fn main() {
    // What an administrator of the Portuguese edition pasted, with one slip.
    let pasted = Template {
        subject: "Nova mensagem na solicita\u{e7}\u{e3}o ${IDSOLICITACAOSERVICO}",
        html: "<p>${SOLICITANTE},</p>\n<p>${USRNAME} escreveu:</p><blockquote>${COMMENTTEXT}</blockquote>",
        text: None,
    };
    println!("The template as pasted:");
    for diagnostic in pasted.check() {
        println!("  {diagnostic}");
    }

    let mended = Template {
        html: "<p>${SOLICITANTE},</p>\n\
               <p>${USERNAME} escreveu em ${DATETIMECREATED} (prioridade ${PRIORIDADE}):</p>\n\
               <blockquote>${COMMENTTEXT}</blockquote>\n\
               <p><a href=\"{TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, VIEW, 50)}\">Abrir</a></p>",
        ..pasted
    };
    let refused = mended
        .check()
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    assert!(!refused, "the mended template can be saved");

    let written_at = "2026-11-22T10:42:00Z".parse().expect("the time is RFC 3339");
    let mut values = TemplateValues::new()
        .with(TemplateKey::TicketNumber, "4711")
        .with(
            TemplateKey::CommentText,
            "Reiniciei o servidor.\n<Tudo certo agora?>",
        )
        .with(
            TemplateKey::DateTimeCreated,
            Locale::Pt.date_time(written_at, &TimeZone::UTC),
        )
        .with(TemplateKey::AuthorName, "Jo\u{e3}o T\u{e9}cnico")
        .with(TemplateKey::RequesterName, "Ana Souza")
        .with_attributes([("PRIORITY", "alta")]);
    // Signing is the embedder's part: it has the key and the clock.
    for link in TemplateSource::parse(mended.html).links() {
        values = values.with_link(link, signed_url(link));
    }

    let mail = mended.render(&values);
    println!("\nSubject: {}\n\n{}", mail.subject, mail.html);
    assert!(mail.warnings.is_empty(), "every key has a value");
}

fn signed_url(link: SignedLink) -> String {
    format!(
        "https://desk.example/tickets/4711?valid={}m&signature=\u{2026}",
        link.minutes()
    )
}
