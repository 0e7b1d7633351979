//! What the pure parts cost: `cargo bench -p recado-domain`.
//!
//! Each is done at least once for every mail that leaves or comes in.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use recado_domain::outbox::DeliveryId;
use recado_domain::person::EmailAddress;
use recado_domain::quote::separate;
use recado_domain::reply::{Reply, Stage, classify};
use recado_domain::template::{Key, TemplateSource, TicketKey};
use recado_domain::ticket::TicketId;
use recado_domain::token::{Keyring, Subject};
use uuid::Uuid;

fn template_keys(criterion: &mut Criterion) {
    let names: Vec<String> = Key::all().map(|key| key.name().to_lowercase()).collect();
    criterion.bench_function("template/parse every key by its name", |bencher| {
        bencher.iter(|| {
            names
                .iter()
                .filter_map(|name| Key::parse(black_box(name)))
                .count()
        });
    });
    criterion.bench_function(
        "template/parse a ticket's attribute that no key names",
        |bencher| {
            bencher.iter(|| TicketKey::parse(black_box("FAVOURITECOLOUR")));
        },
    );
    let source = "<p>${USERNAME} wrote on ${DATETIMECREATED} about ${IDSERVICEREQUEST}:</p>\n\
                  <blockquote>${COMMENTTEXT}</blockquote>\n<p>It costs $ 5.</p>\n"
        .repeat(10);
    criterion.bench_function("template/parse a source of forty keys", |bencher| {
        bencher.iter(|| TemplateSource::parse(black_box(&source)).segments().len());
    });
}

fn tokens(criterion: &mut Criterion) {
    let keyring = Keyring::new(&[7; 32], &[&[8; 32]]).expect("the secrets are long enough");
    let recipient = EmailAddress::parse("ana@example.com").expect("an address");
    let subject = Subject {
        ticket: Some(TicketId(Uuid::from_u128(1))),
        recipient: &recipient,
        delivery: DeliveryId(Uuid::from_u128(2)),
    };
    criterion.bench_function("token/sign a Message-ID", |bencher| {
        bencher.iter(|| keyring.message_id(black_box(&subject), "desk.example.com"));
    });
    criterion.bench_function("token/sign a reply token", |bencher| {
        bencher.iter(|| keyring.reply_token(black_box(&subject)));
    });
    let token = keyring.reply_token(&subject);
    criterion.bench_function("token/read and prove a reply token", |bencher| {
        bencher.iter(|| {
            let carrier = black_box(&token).carrier().expect("it carries a row");
            assert!(keyring.proves(&carrier, &subject));
        });
    });
}

fn quotes(criterion: &mut Criterion) {
    let mut mail =
        "Thank you, it works again.\n\nOn Mon, 15 Jan 2024 at 10:30, Desk <desk@example.com> wrote:\n"
            .to_owned();
    for line in 0..100 {
        writeln!(mail, "> line {line} of what the desk wrote, and some more words")
            .expect("a string takes all");
    }
    criterion.bench_function("quote/separate an answer above a hundred lines", |bencher| {
        bencher.iter(|| separate(black_box(&mail)));
    });
    let plain = "A line of a long report, and nothing that is quoted in it at all.\n".repeat(100);
    criterion.bench_function("quote/separate a hundred lines without a quote", |bencher| {
        bencher.iter(|| separate(black_box(&plain)));
    });
}

fn replies(criterion: &mut Criterion) {
    let replies = [
        (Stage::RcptTo, 250, "2.1.5 Ok"),
        (Stage::RcptTo, 550, "5.1.1 <ana@example.com>: user unknown"),
        (
            Stage::RcptTo,
            451,
            "4.7.1 Greylisting in action, please come back later",
        ),
        (Stage::Auth, 535, "5.7.8 Error: authentication failed"),
        (Stage::MailFrom, 421, "4.3.2 Service shutting down"),
    ];
    criterion.bench_function("reply/read and classify five answers", |bencher| {
        bencher.iter(|| {
            for (stage, code, text) in replies {
                black_box(classify(stage, &Reply::new(code, black_box(text))));
            }
        });
    });
}

criterion_group!(benches, template_keys, tokens, quotes, replies);
criterion_main!(benches);
