//! What a mail's texts cost, from a template that is compiled already: `cargo bench -p recado-adapters-template`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use recado_adapters_template::{Limits, TeraRenderer};
use recado_domain::template::{
    Situation, StoredTemplate, TemplateId, TemplateKey, TemplateValues, TemplateVersion, TicketKey,
};
use recado_ports::renderer::Renderer as _;

const HTML: &str = r#"<html><body>
<h2>Ticket ${IDSERVICEREQUEST}</h2>
<table><tr><td>Requester</td><td>${REQUESTER}</td></tr>
<tr><td>Responsible</td><td>${RequestResponsibleName}</td></tr></table>
<p><b>${USERNAME}</b> wrote on ${DATETIMECREATED}:</p>
<blockquote style="border-left: 2px solid">${COMMENTTEXT}</blockquote>
<p><a href="${LINKSERVICEREQUEST}">Open the ticket</a></p>
</body></html>
"#;

fn template() -> StoredTemplate {
    StoredTemplate {
        id: TemplateId::new(417).expect("it is positive"),
        version: TemplateVersion(1),
        name: "Message".to_owned(),
        subject: "New message on ${IDSERVICEREQUEST}".to_owned(),
        html: HTML.to_owned(),
        text: None,
        situation: Situation::Active,
        locale: None,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

fn values(comment: &str) -> TemplateValues {
    TemplateValues::new()
        .with(TemplateKey::TicketNumber, "4711")
        .with(TemplateKey::CommentText, comment)
        .with(TemplateKey::DateTimeCreated, "22 November 2026, 10:42")
        .with(TemplateKey::AuthorName, "Tomás Técnico")
        .with(TemplateKey::RequesterName, "Ana Souza")
        .with(TemplateKey::ResponsibleName, "Tomás Técnico")
        .with(
            TicketKey::parse("LINKSERVICEREQUEST").expect("the key is known"),
            "https://desk.example/tickets/4711",
        )
}

fn rendering(criterion: &mut Criterion) {
    let renderer = TeraRenderer::new(Limits::default());
    let template = template();
    let short = values("I restarted the server.\nDoes it work now?");
    criterion.bench_function("render/two lines", |bencher| {
        bencher.iter(|| renderer.render(black_box(&template), &short));
    });
    let long = values(&"A line of the log & <what> it says\n".repeat(3_000));
    criterion.bench_function("render/100 KB of comment", |bencher| {
        bencher.iter(|| renderer.render(black_box(&template), &long));
    });
    criterion.bench_function("render/compile and render", |bencher| {
        let limits = Limits {
            cached_templates: 0,
            ..Limits::default()
        };
        let renderer = TeraRenderer::new(limits);
        bencher.iter(|| renderer.render(black_box(&template), &short));
    });
}

criterion_group!(benches, rendering);
criterion_main!(benches);
