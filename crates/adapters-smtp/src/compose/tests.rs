//! Whole mails: as they stand on the wire, and as a reader understands them.

use super::*;
use mail_parser::{MessageParser, MimeHeaders as _};
use proptest::prelude::*;
use recado_ports::mail::{DraftAttachment, InlineImage};

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox {
        name: Some(name.to_owned()),
        address: address.parse().unwrap(),
    }
}

fn id(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

fn draft() -> MailDraft {
    MailDraft {
        from: mailbox("Ana Peña (Mesa de ayuda)", "desk@example.org"),
        to: mailbox("Silva, João", "joao@example.net"),
        reply_to: Some(Mailbox {
            name: None,
            address: "desk+token@example.org".parse().unwrap(),
        }),
        subject: "Impresora 3 sin tóner [#4711]".to_owned(),
        text: "Hola João:\n\nya está.\n.\nAna\n".to_owned(),
        html: Some("<p>Hola João:</p>\n<p>ya está.</p>\n".to_owned()),
        images: Vec::new(),
        attachments: Vec::new(),
        message_id: id("0190a.mac@example.org"),
        date: "2026-03-04T05:06:07Z".parse().unwrap(),
        references: vec![id("thread.1@example.org"), id("0190.mac@example.org")],
        in_reply_to: Some(id("0190.mac@example.org")),
        automatic: Automatic::No,
    }
}

fn compose(draft: &MailDraft) -> String {
    let octets = MailComposer.compose(draft).unwrap();
    String::from_utf8(octets).unwrap()
}

#[test]
fn every_line_end_becomes_crlf() {
    assert_eq!(
        with_crlf("a\nb\r\nc\rd\r\r\n\ne"),
        "a\r\nb\r\nc\r\nd\r\n\r\n\r\ne"
    );
    assert_eq!(with_crlf("\n"), "\r\n");
}

/// What every server can take.
fn assert_fits_the_wire(mail: &str) {
    assert!(mail.is_ascii());
    assert!(mail.ends_with("\r\n"));
    assert!(
        mail.split("\r\n")
            .all(|line| line.len() <= 998 && !line.contains(['\r', '\n', '\0']))
    );
}

fn snapshot(mail: &str) -> String {
    assert_fits_the_wire(mail);
    mail.replace("\r\n", "\n")
}

#[test]
fn a_mail_with_text_and_html() {
    insta::assert_snapshot!(snapshot(&compose(&draft())));
}

#[test]
fn an_automatic_mail_with_an_attachment_and_no_html() {
    let attachment = DraftAttachment {
        name: "año \"fiscal\".pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        content: b"%PDF-1.7\0".to_vec(),
    };
    let draft = MailDraft {
        html: None,
        attachments: vec![attachment],
        reply_to: None,
        references: Vec::new(),
        in_reply_to: None,
        automatic: Automatic::Generated,
        ..draft()
    };
    insta::assert_snapshot!(snapshot(&compose(&draft)));
}

#[test]
fn a_draft_composed_twice_gives_the_same_octets() {
    assert_eq!(compose(&draft()), compose(&draft()));
}

#[test]
fn a_reader_finds_every_header_and_part() {
    let attachment = |name: &str, content_type: &str| DraftAttachment {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        content: (0..=255).collect(),
    };
    let attachments = vec![
        attachment("ñandú 👍.bin", "application/x-thing"),
        attachment(
            &format!("{}.txt", "long name ".repeat(20)),
            "application/octet-stream",
        ),
        attachment("trap\r\nX: y", "text/html\r\nX-Injected: 1"),
        attachment("mail.eml", "message/rfc822"),
    ];
    let mail = compose(&MailDraft {
        attachments,
        ..draft()
    });
    assert_fits_the_wire(&mail);
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    assert_eq!(parsed.message_id(), Some("0190a.mac@example.org"));
    assert_eq!(parsed.in_reply_to().as_text(), Some("0190.mac@example.org"));
    assert_eq!(
        parsed.references().as_text_list().unwrap(),
        ["thread.1@example.org", "0190.mac@example.org"]
    );
    assert_eq!(parsed.date().unwrap().to_rfc3339(), "2026-03-04T05:06:07Z");
    assert_eq!(parsed.header_raw("X-Injected"), None);
    assert_eq!(parsed.header_raw("X"), None);
    assert_eq!(parsed.header_raw("Auto-Submitted"), None);
    let names: Vec<_> = parsed
        .attachments()
        .map(|part| part.attachment_name().unwrap())
        .collect();
    assert_eq!(names[0], "ñandú 👍.bin");
    assert_eq!(names[1], format!("{}.txt", "long name ".repeat(20)));
    assert_eq!(names[2], "trap__X: y");
    for part in parsed.attachments() {
        assert_eq!(part.contents(), (0..=255).collect::<Vec<u8>>());
    }
}

#[test]
fn what_looks_like_an_encoded_word_shows_as_typed() {
    let typed = "=?utf-8?q?=C3=A9?= and =?UTF-8?B?w6k=?=";
    let mail = compose(&MailDraft {
        subject: typed.to_owned(),
        from: mailbox(typed, "desk@example.org"),
        text: typed.to_owned(),
        ..draft()
    });
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    assert_eq!(parsed.subject(), Some(typed));
    assert_eq!(parsed.from().unwrap().first().unwrap().name(), Some(typed));
    assert_eq!(parsed.body_text(0).unwrap(), typed);
}

#[test]
fn a_name_with_a_comma_and_an_address_is_one_recipient() {
    let mail = compose(&MailDraft {
        to: mailbox("x, victim@example.com", "joao@example.net"),
        ..draft()
    });
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    let to: Vec<_> = parsed
        .to()
        .unwrap()
        .iter()
        .map(|address| (address.name(), address.address()))
        .collect();
    assert_eq!(to, [(Some("x, victim@example.com"), Some("joao@example.net"))]);
}

#[test]
fn a_subject_with_a_line_break_makes_no_header() {
    let mail = compose(&MailDraft {
        subject: "Hi\r\nBcc: victim@example.com\r\n\r\nbody".to_owned(),
        ..draft()
    });
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    assert_eq!(parsed.subject(), Some("Hi Bcc: victim@example.com  body"));
    assert!(parsed.bcc().is_none());
}

#[test]
fn a_long_thread_names_its_first_and_its_newest_mails() {
    let references: Vec<_> = (0..1_000).map(|n| id(&format!("{n}@example.org"))).collect();
    let mail = compose(&MailDraft {
        references,
        ..draft()
    });
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    let named = parsed.references().as_text_list().unwrap();
    assert_eq!(
        (named.len(), named[0].as_ref(), named[31].as_ref()),
        (32, "0@example.org", "999@example.org")
    );
}

#[test]
fn a_text_of_a_megabyte_in_short_lines_is_composed_in_time_that_grows_with_it() {
    let text = "\n".repeat(1_000_000);
    let mail = compose(&MailDraft {
        html: None,
        text,
        ..draft()
    });
    assert_fits_the_wire(&mail);
    assert!(mail.len() > 2_000_000);
}

#[test]
fn an_address_in_utf8_keeps_its_letters_and_a_domain_becomes_a_labels() {
    let to = Mailbox {
        name: None,
        address: "peña@español.example".parse().unwrap(),
    };
    assert!(compose(&MailDraft { to, ..draft() }).contains("\r\nTo: peña@xn--espaol-zwa.example\r\n"));
}

/// What people type, traps included, without the control characters and separators that a header turns into spaces.
fn typed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,30}",
        "\\PC{0,40}",
        Just("=?utf-8?q?x?=".to_owned()),
        Just("שלום 👩‍👩‍👧 \u{202e}".to_owned()),
        "[a-z]{60,200}",
        Just(", victim@example.com".to_owned()),
    ];
    let in_one_line = |pieces: Vec<String>| pieces.concat().replace(['\u{2028}', '\u{2029}'], "");
    proptest::collection::vec(piece, 0..5).prop_map(in_one_line)
}

fn typed_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        typed(),
        Just(".".to_owned()),
        Just("--=_alternative_".to_owned()),
        Just(" \t".to_owned()),
        Just("=".to_owned())
    ];
    proptest::collection::vec(line, 0..6).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn subject_names_and_text_come_back_as_typed(subject in typed(), name in typed(), text in typed_text(), html in typed_text()) {
        let to = mailbox(&name, "joao@example.net");
        let mail = compose(&MailDraft { subject: subject.clone(), to, text: text.clone(), html: Some(html.clone()), ..draft() });
        assert_fits_the_wire(&mail);
        let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
        prop_assert_eq!(parsed.subject().unwrap_or_default(), subject);
        let to: Vec<_> = parsed.to().unwrap().iter().collect();
        prop_assert_eq!(to.len(), 1);
        prop_assert_eq!(to[0].address(), Some("joao@example.net"));
        prop_assert_eq!(to[0].name().unwrap_or_default(), if name.trim().is_empty() { "" } else { name.as_str() });
        let part = |index: usize| String::from_utf8_lossy(parsed.parts[index].contents()).replace("\r\n", "\n");
        prop_assert_eq!(parsed.parts.len(), 3);
        prop_assert_eq!(part(1), text);
        prop_assert_eq!(part(2), html);
    }
}

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn picture(name: &str) -> InlineImage {
    InlineImage {
        name: name.to_owned(),
        content_type: "image/png".to_owned(),
        content: PICTURE.to_vec(),
    }
}

#[test]
fn a_mail_with_pictures_beside_its_html() {
    let draft = MailDraft {
        html: Some(r#"<img src="cid:logo.png"><p>cid:logo.png, <img src='cid:other'></p>"#.to_owned()),
        images: vec![picture("logo.png"), picture("seal")],
        ..draft()
    };
    insta::assert_snapshot!(snapshot(&compose(&draft)));
    assert_eq!(
        compose(&draft),
        compose(&draft),
        "each attempt sends the same octets"
    );
}

#[test]
fn the_html_names_each_picture_as_its_part_is_named() {
    let html = "<img src=\"cid:logo.png\">".to_owned();
    let one = MailDraft {
        html: Some(html),
        images: vec![picture("logo.png")],
        attachments: vec![DraftAttachment {
            name: "acta.txt".to_owned(),
            content_type: "text/plain".to_owned(),
            content: b"acta".to_vec(),
        }],
        ..draft()
    };
    let other = MailDraft {
        message_id: id("0190b.mac@example.org"),
        ..one.clone()
    };
    let mut ids = Vec::new();
    for draft in [&one, &other] {
        let octets = MailComposer.compose(draft).unwrap();
        let mail = MessageParser::default().parse(&octets).unwrap();
        let image = mail
            .parts
            .iter()
            .find(|part| part.content_id().is_some())
            .unwrap();
        assert_eq!(image.contents(), PICTURE);
        let id = image.content_id().unwrap().to_owned();
        assert!(id.starts_with("logo.png.") && id.contains('@'), "{id}");
        assert!(mail.body_html(0).unwrap().contains(&format!("src=\"cid:{id}\"")));
        assert_eq!(
            mail.body_text(0).unwrap().trim_end(),
            draft.text.replace('\n', "\r\n").trim_end()
        );
        assert_eq!(mail.attachment_count(), 2, "the picture and the file");
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1], "a thread shows each mail's own picture");
}

#[test]
fn a_mail_without_html_goes_without_pictures() {
    let draft = MailDraft {
        html: None,
        images: vec![picture("logo.png")],
        ..draft()
    };
    assert!(!compose(&draft).contains("image/png"));
}
