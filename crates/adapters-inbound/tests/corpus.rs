//! The corpus of mails: every one is read as its snapshot says, and none breaks what holds of any mail.

mod pipeline;

use std::fs;
use std::path::{Path, PathBuf};

use recado_adapters_inbound::parse::MailReader;
use recado_domain::incoming::{From, IncomingMail, Remark};
use recado_ports::reader::{MailEnvelope, ReadLimits, Reader};

const LIMITS: ReadLimits = ReadLimits {
    text: 100_000,
    attachments: 20,
    attachment: 1_000_000,
};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus")
}

/// The files of a folder of the corpus, by name.
fn mails(folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut mails: Vec<(String, Vec<u8>)> = fs::read_dir(corpus().join(folder))
        .expect("the corpus is there")
        .map(|entry| entry.expect("the folder can be listed").path())
        .map(|path| {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (name, fs::read(&path).expect("a mail can be read"))
        })
        .collect();
    mails.sort();
    assert!(!mails.is_empty(), "{folder} holds no mail");
    mails
}

/// What a mail says, line by line; what is not there is left out.
fn summary(mail: &IncomingMail) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{name}: {value}"));
        }
    };
    let list = |values: Vec<String>| values.join(", ");
    match &mail.from {
        From::One(party) => line("from", format!("{} <{}>", party.name.as_str(), party.email)),
        other => line("from", format!("{other:?}")),
    }
    line(
        "sender",
        mail.sender
            .as_ref()
            .map(|sender| sender.email.to_string())
            .unwrap_or_default(),
    );
    line("shown", format!("{:?}", mail.shown));
    line(
        "message id",
        mail.message_id
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    );
    line(
        "recipients",
        list(mail.recipients.iter().map(ToString::to_string).collect()),
    );
    line("date", mail.date.map(|date| date.to_string()).unwrap_or_default());
    line(
        "in reply to",
        list(mail.in_reply_to.iter().map(ToString::to_string).collect()),
    );
    line(
        "references",
        list(mail.references.iter().map(ToString::to_string).collect()),
    );
    line(
        "tokens",
        list(
            mail.reference_tokens
                .iter()
                .map(|token| token.as_str().to_owned())
                .collect(),
        ),
    );
    line(
        "authentication",
        list(
            mail.authentication
                .iter()
                .map(|results| format!("{:?}", results.results))
                .collect(),
        ),
    );
    line(
        "exchange",
        mail.exchange
            .map(|origin| format!("{origin:?}"))
            .unwrap_or_default(),
    );
    line(
        "automatic",
        mail.automatic
            .as_ref()
            .map(|sign| format!("{sign:?}"))
            .unwrap_or_default(),
    );
    line(
        "report",
        mail.report
            .as_ref()
            .map(|report| format!("{report:#?}"))
            .unwrap_or_default(),
    );
    line("text", format!("\n{}", mail.text));
    line(
        "quoted",
        mail.quoted
            .as_ref()
            .map(|quoted| format!("\n{quoted}"))
            .unwrap_or_default(),
    );
    line(
        "html",
        mail.html
            .as_ref()
            .map(|html| format!("\n{html}"))
            .unwrap_or_default(),
    );
    for file in &mail.attachments {
        let (name, kind) = (file.name.as_str(), file.content_type.as_str());
        line("file", format!("{name} ({kind}, {} octets)", file.content.len()));
    }
    line(
        "remarks",
        list(mail.remarks.iter().map(|remark| format!("{remark:?}")).collect()),
    );
    lines.join("\n")
}

#[test]
fn every_mail_of_the_corpus_is_read_as_it_was_meant() {
    for (name, octets) in mails("mails") {
        let mail = MailReader
            .read(&octets, &MailEnvelope::default(), &LIMITS)
            .unwrap();
        insta::assert_snapshot!(name, summary(&mail));
    }
}

#[test]
fn what_holds_of_any_mail_holds_of_every_mail_of_the_corpus_cut_anywhere() {
    for folder in ["mails", "hostile"] {
        for (_, octets) in mails(folder) {
            pipeline::run(&octets);
            let step = (octets.len() / 50).max(1);
            for end in (0..octets.len()).step_by(step) {
                pipeline::run(&octets[..end]);
                pipeline::run(&octets[end..]);
            }
        }
    }
}

#[test]
fn files_beyond_the_limits_are_left_out_and_counted() {
    let octets = fs::read(corpus().join("mails/attachments_of_many_kinds.eml")).unwrap();
    for (attachments, attachment, kept, left_out) in
        [(2, 1_000, 2, 3), (20, 10, 2, 3), (0, 1_000, 0, 5), (5, 77, 5, 0)]
    {
        let limits = ReadLimits {
            attachments,
            attachment,
            ..LIMITS
        };
        let mail = MailReader
            .read(&octets, &MailEnvelope::default(), &limits)
            .unwrap();
        let expected: Vec<Remark> = (left_out > 0)
            .then_some(Remark::AttachmentsLeftOut(left_out))
            .into_iter()
            .collect();
        assert_eq!(
            (mail.attachments.len(), mail.remarks),
            (kept, expected),
            "{attachments}, {attachment}"
        );
    }
}
