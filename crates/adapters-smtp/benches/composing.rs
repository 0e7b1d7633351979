//! What the octets of a mail cost: `cargo bench -p recado-adapters-smtp`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use recado_adapters_smtp::MailComposer;
use recado_domain::token::MessageId;
use recado_ports::mail::{Automatic, Composer as _, DraftAttachment, MailDraft, Mailbox};

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox {
        name: Some(name.to_owned()),
        address: address.parse().expect("an address"),
    }
}

fn id(text: &str) -> MessageId {
    MessageId::parse(text).expect("a Message-ID")
}

/// A mail as the desk sends it, with so many lines of comment.
fn draft(lines: usize) -> MailDraft {
    let line = "I restarted the server. Does it work now?\n".repeat(lines);
    MailDraft {
        from: mailbox("Tomás Técnico (Desk)", "desk@example.org"),
        to: mailbox("Ana Souza", "ana@example.net"),
        reply_to: Some(mailbox(
            "Tomás Técnico (Desk)",
            "desk+aaaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaq@example.org",
        )),
        subject: "New message on 4711 [#4711]".to_owned(),
        text: format!(
            "Ticket 4711\n\nRequester  Ana Souza\n\nTomás Técnico wrote:\n\n{line}\nOpen the ticket (https://desk.example/tickets/4711)\n"
        ),
        html: Some(format!(
            "<html><body>\n<h2>Ticket 4711</h2>\n<table><tr><td>Requester</td><td>Ana Souza</td></tr></table>\n\
             <p><b>Tomás Técnico</b> wrote:</p>\n<blockquote style=\"border-left: 2px solid\">{}</blockquote>\n\
             <p><a href=\"https://desk.example/tickets/4711\">Open the ticket</a></p>\n</body></html>\n",
            line.replace('\n', "<br>")
        )),
        images: Vec::new(),
        attachments: Vec::new(),
        message_id: id("0190a0b0c0d0e0f0.aaaqcaibaeaqcaib@example.org"),
        date: "2026-03-04T05:06:07Z".parse().expect("a time"),
        references: vec![
            id("thread.1@example.org"),
            id("0190a0b0c0d0e0f1.aaaqcaibaeaqcaib@example.org"),
        ],
        in_reply_to: Some(id("0190a0b0c0d0e0f1.aaaqcaibaeaqcaib@example.org")),
        automatic: Automatic::No,
    }
}

fn composing(criterion: &mut Criterion) {
    let short = draft(2);
    criterion.bench_function("compose/two lines", |bencher| {
        bencher.iter(|| MailComposer.compose(black_box(&short)));
    });
    let long = draft(2_400);
    criterion.bench_function("compose/100 KB of comment", |bencher| {
        bencher.iter(|| MailComposer.compose(black_box(&long)));
    });
    let mut with_a_file = draft(2);
    with_a_file.attachments.push(DraftAttachment {
        name: "report.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        content: vec![0xa5; 1_000_000],
    });
    criterion.bench_function("compose/a file of 1 MB", |bencher| {
        bencher.iter(|| MailComposer.compose(black_box(&with_a_file)));
    });
}

criterion_group!(benches, composing);
criterion_main!(benches);
