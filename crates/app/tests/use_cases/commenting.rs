//! Posting a comment: what becomes of it, who is told, and how the mail looks.

use std::sync::Arc;

use jiff::SignedDuration;
use recado_app::access::{Actor, Refusal};
use recado_app::post_comment::{
    Idempotency, NewAttachment, NewComment, Notification, PostCommentError, Posted, PostedComment,
};
use recado_app::settings::CommentLimits;
use recado_domain::channel::{AccountId, HoldReason};
use recado_domain::comment::Visibility;
use recado_domain::locale::Locale;
use recado_domain::outbox::State;
use recado_domain::parameter::Parameter;
use recado_domain::person::Role;
use recado_domain::template::{Situation, StoredTemplate};
use recado_domain::ticket::Ticket;
use recado_ports::channels::{Channels, Hold};
use recado_ports::clock::Clock;
use recado_ports::comments::{Comments, IdempotencyKey};
use recado_ports::people::People;
use recado_ports::renderer::{MockRenderer, RenderError};
use recado_ports::suppressions::Suppressions;
use recado_test_support::builders::{self, address, party};
use recado_test_support::clock::START;

use crate::house::{House, administrator, ana, comment, note, number, person, tomas};

/// The first header of this name.
fn header<'m>(mail: &'m str, name: &str) -> Option<&'m str> {
    let (head, _) = mail.split_once("\r\n\r\n").expect("a mail has a header section");
    head.split("\r\n")
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn told(posted: &PostedComment) -> Vec<&str> {
    posted
        .deliveries
        .iter()
        .map(|delivery| delivery.recipient.as_str())
        .collect()
}

async fn suppress(house: &House, email: &str) {
    let day = SignedDuration::from_hours(24);
    for at in [house.clock.now() - day, house.clock.now()] {
        house
            .store
            .record_hard_bounce(&address(email), "550 5.1.1 no such user", at)
            .await
            .unwrap();
    }
}

/// The mail to the comment's one recipient.
async fn mail(house: &House, posted: &PostedComment) -> String {
    let [delivery] = posted.deliveries.as_slice() else {
        panic!("told: {:?}", told(posted))
    };
    house.message(delivery.id).await
}

#[tokio::test]
async fn the_notification_is_the_first_that_applies() {
    let house = House::new().await;
    house.set(Parameter::StopOutgoingMail, Some("Y")).await;
    house.set(Parameter::MessagingTemplate, None).await;
    house.put_ticket(builders::ticket("4711").responsible(None)).await;
    suppress(&house, "tomas@example.com").await;

    let mut seen = Vec::new();
    let mut post =
        async |house: &House| seen.push(house.post(&ana(), comment("hola")).await.notification.as_str());
    post(&house).await;
    house.set(Parameter::MessagingTemplate, Some("1")).await;
    post(&house).await;
    house.put_ticket(builders::ticket("4711")).await;
    post(&house).await;
    house.store.lift(&address("tomas@example.com")).await.unwrap();
    post(&house).await;
    house.set(Parameter::StopOutgoingMail, None).await;
    post(&house).await;
    assert_eq!(seen, ["off", "none", "suppressed", "held", "queued"]);
}

#[tokio::test]
async fn the_service_is_off_until_417_names_an_active_template_and_on_at_once_when_it_does() {
    let inactive = StoredTemplate {
        situation: Situation::Inactive,
        ..builders::template(2)
    };
    let cases: [(Parameter, Option<&str>); 4] = [
        (Parameter::MessagingTemplate, None),
        (Parameter::MessagingTemplate, Some("99")),
        (Parameter::MessagingTemplate, Some("2")),
        (Parameter::MessageExchange, Some("N")),
    ];
    for (parameter, value) in cases {
        let house = House::new().await;
        house.put_template(&inactive).await;
        house.set(parameter, value).await;
        let posted = house.post(&ana(), comment("hola")).await;
        assert_eq!(
            (posted.notification, told(&posted)),
            (Notification::Off, vec![]),
            "{parameter} = {value:?}"
        );
        let ticket = posted.comment.ticket;
        let stored = Comments::find(&house.store, ticket, posted.comment.id)
            .await
            .unwrap();
        assert_eq!(stored.expect("the comment is kept").comment.text.as_str(), "hola");

        house.set(Parameter::MessageExchange, None).await;
        house.set(Parameter::MessagingTemplate, Some("1")).await;
        let posted = house.post(&ana(), comment("hola")).await;
        assert_eq!(
            (posted.notification, told(&posted)),
            (Notification::Queued, vec!["tomas@example.com"])
        );
    }
}

#[tokio::test]
async fn mails_are_held_while_the_account_cannot_send() {
    let house = House::new().await;
    let hold = Hold {
        reason: HoldReason::Restored,
        detail: "restored".to_owned(),
        since: START,
    };
    Channels::hold(&house.store, AccountId::DEFAULT, &hold)
        .await
        .unwrap();
    assert_eq!(
        house.post(&ana(), comment("hola")).await.notification,
        Notification::Held
    );

    for missing in [Parameter::FromAddress, Parameter::SmtpHost] {
        let house = House::new().await;
        house.set(missing, None).await;
        let posted = house.post(&ana(), comment("hola")).await;
        assert_eq!(
            (posted.notification, told(&posted)),
            (Notification::Held, vec!["tomas@example.com"]),
            "{missing}"
        );
    }
}

#[tokio::test]
async fn only_the_addresses_that_are_suppressed_get_no_mail() {
    let house = House::new().await;
    house
        .put_ticket(builders::ticket("4711").watched_by("eva@example.com"))
        .await;
    suppress(&house, "tomas@example.com").await;
    let posted = house.post(&ana(), comment("hola")).await;
    assert_eq!(
        (posted.notification, told(&posted)),
        (Notification::Queued, vec!["eva@example.com"])
    );
}

#[tokio::test]
async fn notes_go_through_the_template_of_their_side_where_it_is_set() {
    let house = House::new().await;
    for (number, subject) in [
        (1, "message"),
        (2, "note by the requester"),
        (3, "note by the desk"),
    ] {
        let template = StoredTemplate {
            subject: subject.to_owned(),
            ..builders::template(number)
        };
        house.put_template(&template).await;
    }
    let subject = async |actor: &Actor, new: NewComment| {
        let posted = house.post(actor, new).await;
        header(&mail(&house, &posted).await, "Subject")
            .unwrap()
            .to_owned()
    };
    assert_eq!(subject(&ana(), note("n")).await, "message [#4711]");
    assert_eq!(subject(&tomas(), note("n")).await, "message [#4711]");
    house.set(Parameter::RequesterNoteTemplate, Some("2")).await;
    house.set(Parameter::DeskNoteTemplate, Some("3")).await;
    assert_eq!(subject(&ana(), note("n")).await, "note by the requester [#4711]");
    assert_eq!(subject(&tomas(), note("n")).await, "note by the desk [#4711]");
    assert_eq!(subject(&tomas(), comment("m")).await, "message [#4711]");
}

#[tokio::test]
async fn another_author_may_be_named_by_administrators_alone() {
    let house = House::new().await;
    let on_behalf = || NewComment {
        author: Some(builders::ana()),
        ..comment("por teléfono")
    };
    let posted = house.post(&administrator(), on_behalf()).await;
    assert_eq!(
        (&posted.comment.author, told(&posted)),
        (&builders::ana(), vec!["tomas@example.com"])
    );
    let posted = house.post(&Actor::Operator, on_behalf()).await;
    assert_eq!(posted.comment.author, builders::ana());

    for actor in [ana(), tomas()] {
        let refused = house
            .post_comment()
            .run(&actor, &number("4711"), on_behalf(), None)
            .await;
        assert!(
            matches!(refused, Err(PostCommentError::Refused(Refusal::Forbidden(_)))),
            "{refused:?}"
        );
    }
    let nobody = house
        .post_comment()
        .run(&Actor::Operator, &number("4711"), comment("hola"), None)
        .await;
    let Err(PostCommentError::Refused(Refusal::Invalid(faults))) = nobody else {
        panic!("{nobody:?}")
    };
    assert_eq!(faults[0].field, "author");
}

#[tokio::test]
async fn an_internal_comment_is_the_desks_to_write_and_to_read() {
    let house = House::new().await;
    house
        .put_ticket(
            builders::ticket("4711")
                .watched_by("eva@example.com")
                .watched_by("leo@example.com"),
        )
        .await;
    let technician = builders::user("leo@example.com", Role::Technician);
    house.store.add_user(&technician, None).await.unwrap();
    let internal = || NewComment {
        visibility: Visibility::Internal,
        ..comment("¿lo reemplazamos?")
    };

    let refused = house
        .post_comment()
        .run(&ana(), &number("4711"), internal(), None)
        .await;
    assert!(
        matches!(refused, Err(PostCommentError::Refused(Refusal::Forbidden(_)))),
        "{refused:?}"
    );
    let posted = house.post(&tomas(), internal()).await;
    assert_eq!(told(&posted), ["leo@example.com"]);
    assert_eq!(posted.comment.visibility, Visibility::Internal);
}

#[tokio::test]
async fn a_ticket_of_somebody_else_cannot_be_told_from_none() {
    let house = House::new().await;
    house
        .put_ticket(builders::ticket("4712").requested_by("eva@example.com"))
        .await;
    let refusal = async |ticket: &str| {
        let refused = house
            .post_comment()
            .run(&ana(), &number(ticket), comment("hola"), None)
            .await
            .unwrap_err();
        assert!(
            matches!(refused, PostCommentError::Refused(Refusal::NotFound(_))),
            "{refused:?}"
        );
        refused.to_string().replace(ticket, "N")
    };
    assert_eq!(refusal("4712").await, refusal("4713").await);
    assert_eq!(house.deliveries().await, []);
}

fn keyed<'a>(
    key: &str,
    digest: &str,
    answer: &'a (dyn Fn(&PostedComment) -> String + Send + Sync),
) -> Idempotency<'a> {
    let key = IdempotencyKey {
        scope: "token".to_owned(),
        key: key.to_owned(),
    };
    Idempotency {
        key,
        digest: digest.to_owned(),
        answer,
    }
}

#[tokio::test]
async fn a_key_takes_a_comment_in_once_for_seven_days() {
    let house = House::new().await;
    let answer = |posted: &PostedComment| posted.comment.id.0.to_string();
    let post = async |key: &str, digest: &str| {
        house
            .post_comment()
            .run(
                &ana(),
                &number("4711"),
                comment("hola"),
                Some(keyed(key, digest, &answer)),
            )
            .await
    };
    let Ok(Posted::New(first)) = post("k", "digest").await else {
        panic!("the first call stores")
    };
    let Ok(Posted::Repeated { answer: again }) = post("k", "digest").await else {
        panic!("the second repeats")
    };
    assert_eq!(again, first.comment.id.0.to_string());
    assert!(matches!(
        post("k", "another digest").await,
        Err(PostCommentError::KeyReused)
    ));
    assert_eq!(house.deliveries().await.len(), 1);

    assert!(matches!(post("other key", "digest").await, Ok(Posted::New(_))));
    house.clock.advance(std::time::Duration::from_hours(7 * 24));
    assert!(
        matches!(post("k", "digest").await, Ok(Posted::New(_))),
        "the key is forgotten"
    );
    assert_eq!(house.deliveries().await.len(), 3);
}

fn file(name: &str, content_type: &str, content: &[u8]) -> NewAttachment {
    NewAttachment {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        content: content.to_vec(),
    }
}

#[tokio::test]
async fn everything_beyond_a_limit_is_named_and_nothing_is_stored() {
    let mut house = House::new().await;
    house.messaging.limits = CommentLimits {
        text: 5,
        attachments: 1,
        attachment: 3,
    };
    let fields =
        async |new: NewComment| match house.post_comment().run(&ana(), &number("4711"), new, None).await {
            Err(PostCommentError::Refused(Refusal::Invalid(faults))) => {
                faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
    let files = vec![file("a", "text/plain", b"abc"), file("b", "text/plain", b"abcd")];
    let too_much = NewComment {
        attachments: files,
        ..comment("123456")
    };
    assert_eq!(
        fields(too_much).await,
        ["text", "attachments", "attachments.1.data"]
    );
    assert_eq!(fields(comment(" \n ")).await, ["text"]);
    assert_eq!(fields(comment("a\0b")).await, ["text"]);
    assert_eq!(house.deliveries().await, []);
    let at_the_limits = NewComment {
        attachments: vec![file("a", "text/plain", b"abc")],
        ..comment("12345")
    };
    assert_eq!(
        house.post(&ana(), at_the_limits).await.notification,
        Notification::Queued
    );
}

#[tokio::test]
async fn attachments_are_kept_and_go_with_the_mail() {
    let house = House::new().await;
    let files = vec![
        file("../fotos/bandeja 2.png", "image/png", b"png"),
        file("x", "multipart/mixed", b"parts"),
    ];
    let posted = house
        .post(
            &ana(),
            NewComment {
                attachments: files,
                ..comment("")
            },
        )
        .await;
    let mail = mail(&house, &posted).await;
    assert!(mail.contains("[bandeja 2.png, image/png, 3 octets]"), "{mail}");
    assert!(mail.contains("[x, application/octet-stream, 5 octets]"), "{mail}");
    let photo = &posted.comment.attachments[0];
    let content = house.store.attachment(posted.comment.id, photo.id).await.unwrap();
    assert_eq!(content.as_deref(), Some(b"png".as_slice()));
}

#[tokio::test]
async fn three_editions_keys_render_the_same_mail() {
    let edition = |number: &str, requester: &str| StoredTemplate {
        subject: format!("{number} · ${{USERNAME}}"),
        html: format!(
            "<p>{requester} / ${{REQUESTRESPONSIBLENAME}} / {number}</p><p>${{COMMENTTEXT}}</p><p>${{DATETIMECREATED}}</p>"
        ),
        ..builders::template(1)
    };
    let editions = [
        edition("${IDSOLICITUDSERVICIO}", "${REQUESTERNAME}"),
        edition("${IDSERVICEREQUEST}", "${requestername}"),
        edition("\\${IdSolicitacaoServico}", "${SOLICITANTE}"),
    ];
    let mut mails = Vec::new();
    for template in editions {
        let house = House::new().await;
        house.put_template(&template).await;
        let posted = house
            .post(&ana(), comment("1 < 2 & {{7*7}}\n<script>alert(1)</script>"))
            .await;
        let mail = mail(&house, &posted).await;
        // The ids of ticket and row are each house's own.
        let own = |line: &&str| !line.starts_with("Message-ID: ") && !line.starts_with("References: ");
        mails.push(mail.split("\r\n").filter(own).collect::<Vec<_>>().join("\n"));
    }
    insta::assert_snapshot!(mails[0], @"
    From: Ana Peña (Mesa de ayuda) <desk@example.org>
    To: Tomás Técnico <tomas@example.com>
    Subject: 4711 · Ana Peña [#4711]
    Date: 2026-11-22T10:00:00Z

    Ana Peña / Tomás Técnico / 4711
    1 < 2 & {{7*7}}
    <script>alert(1)</script>
    22 de noviembre de 2026, 10:00


    <p>Ana Peña / Tomás Técnico / 4711</p><p>1 &lt; 2 &amp; {{7*7}}<br>&lt;script&gt;alert(1)&lt;/script&gt;</p><p>22 de noviembre de 2026, 10:00</p>
    ");
    assert_eq!(mails[0], mails[1]);
    assert_eq!(mails[0], mails[2]);
}

#[tokio::test]
async fn dates_are_written_in_the_tickets_language_else_the_templates_else_the_configured_one() {
    let house = House::new().await;
    let date_only = StoredTemplate {
        subject: "${DATETIMECREATED}".to_owned(),
        ..builders::template(1)
    };
    let subject = async || {
        let posted = house.post(&ana(), comment("hola")).await;
        header(&mail(&house, &posted).await, "Subject")
            .unwrap()
            .to_owned()
    };
    house.put_template(&date_only).await;
    assert_eq!(subject().await, "22 de noviembre de 2026, 10:00 [#4711]");
    house
        .put_template(&StoredTemplate {
            locale: Some(Locale::Pt),
            ..date_only
        })
        .await;
    assert_eq!(subject().await, "22 de novembro de 2026, 10:00 [#4711]");
    house
        .put(Ticket {
            locale: Some(Locale::En),
            ..builders::ticket("4711").build()
        })
        .await;
    assert_eq!(subject().await, "22 November 2026, 10:00 [#4711]");
}

#[tokio::test]
async fn a_template_that_fails_to_render_gives_way_to_the_built_in_one() {
    let house = House::new().await;
    let mut broken = MockRenderer::new();
    broken.expect_render().returning(|template, _| {
        Err(RenderError {
            id: template.id,
            source: "too large".into(),
        })
    });
    let mut post = house.post_comment();
    post.renderer = Arc::new(broken);
    let Ok(Posted::New(posted)) = post
        .run(&ana(), &number("4711"), comment("¿Hay novedades?"), None)
        .await
    else {
        panic!("the comment is taken")
    };
    assert_eq!(posted.notification, Notification::Queued);
    let mail = mail(&house, &posted).await;
    assert_eq!(
        header(&mail, "Subject"),
        Some("Nuevo mensaje en la solicitud 4711 [#4711]")
    );
    assert!(mail.contains("¿Hay novedades?"), "{mail}");
}

#[tokio::test]
async fn a_mail_names_earlier_mails_to_the_same_recipient_alone() {
    let house = House::new().await;
    house
        .put_ticket(builders::ticket("4711").watched_by("eva@example.com"))
        .await;
    let mut to_ana = Vec::new();
    let mut to_eva = Vec::new();
    for text in ["uno", "dos", "tres"] {
        for delivery in house.post(&tomas(), comment(text)).await.deliveries {
            let mails = if delivery.recipient == builders::ana().email {
                &mut to_ana
            } else {
                &mut to_eva
            };
            mails.push(house.message(delivery.id).await);
        }
    }
    assert_eq!((to_ana.len(), to_eva.len()), (3, 3));
    for (mails, others) in [(&to_ana, &to_eva), (&to_eva, &to_ana)] {
        let id = |mail: &String| header(mail, "Message-ID").unwrap().to_owned();
        let thread = header(&mails[0], "References").unwrap().to_owned();
        assert_eq!(header(&mails[0], "In-Reply-To"), None);
        let expected = format!("{thread} {} {}", id(&mails[0]), id(&mails[1]));
        assert_eq!(header(&mails[2], "References"), Some(expected.as_str()));
        assert_eq!(header(&mails[2], "In-Reply-To"), Some(id(&mails[1]).as_str()));
        assert!(
            others
                .iter()
                .all(|other| mails.iter().all(|mail| !mail.contains(&id(other))))
        );
        assert!(
            header(&others[0], "References").unwrap() == thread,
            "the ticket's thread id is one"
        );
    }
}

#[tokio::test]
async fn the_tickets_tag_ends_the_subject_unless_that_very_tag_is_in_it() {
    for (ticket, template, expected) in [
        ("4711", "Solicitud", "Solicitud [#4711]"),
        ("4711", "[#${IDSERVICEREQUEST}] Solicitud", "[#4711] Solicitud"),
        ("47", "Véase [#4711]", "Véase [#4711] [#47]"),
        ("INC 7", "", "[#INC 7]"),
    ] {
        let house = House::new().await;
        house.put_ticket(builders::ticket(ticket)).await;
        house
            .put_template(&StoredTemplate {
                subject: template.to_owned(),
                ..builders::template(1)
            })
            .await;
        let posted = house.post_on(ticket, &ana(), comment("hola")).await;
        assert_eq!(header(&mail(&house, &posted).await, "Subject"), Some(expected));
    }
}

#[tokio::test]
async fn from_shows_the_author_and_the_desk() {
    let mut house = House::new().await;
    let from = async |house: &House, actor: &Actor| {
        let posted = house.post(actor, comment("hola")).await;
        header(&mail(house, &posted).await, "From").unwrap().to_owned()
    };
    let nameless = person(party("", "tomas@example.com"), Role::Technician);
    assert_eq!(
        from(&house, &tomas()).await,
        "Tomás Técnico (Mesa de ayuda) <desk@example.org>"
    );
    assert_eq!(
        from(&house, &nameless).await,
        "tomas@example.com (Mesa de ayuda) <desk@example.org>"
    );
    house.messaging.desk_name = None;
    assert_eq!(from(&house, &tomas()).await, "Tomás Técnico <desk@example.org>");
    let posted = house.post(&tomas(), comment("hola")).await;
    assert_eq!(
        header(&mail(&house, &posted).await, "Auto-Submitted"),
        None,
        "a person wrote it"
    );
}

#[tokio::test]
async fn a_mail_composed_before_parameter_10_is_set_leaves_from_it_later() {
    let house = House::new().await;
    house.set(Parameter::FromAddress, None).await;
    let mut worker = house.worker();
    let posted = house.post(&ana(), comment("sender-unset@recado.invalid")).await;
    worker.drain().await;
    assert_eq!(house.server.connections(), 0);
    house.set(Parameter::FromAddress, Some("mesa@example.org")).await;
    worker.drain().await;

    let id = posted.deliveries[0].id;
    assert_eq!(house.state(id).await, State::Sent);
    let [sent] = &house.server.sent()[..] else {
        panic!("one mail")
    };
    let text = String::from_utf8(sent.message.clone()).unwrap();
    assert_eq!(
        header(&text, "From"),
        Some("Ana Peña (Mesa de ayuda) <mesa@example.org>")
    );
    assert!(
        text.contains("sender-unset@recado.invalid"),
        "the comment stays as typed"
    );
    assert_eq!(sent.envelope.from, address("mesa@example.org"));
    assert_eq!(sent.envelope.size, sent.message.len() as u64);
    assert_eq!(
        house.message(id).await,
        text,
        "a retry would send the same octets"
    );
}

#[tokio::test]
async fn the_undo_time_passes_before_the_first_attempt() {
    let mut house = House::new().await;
    house.messaging.hold = std::time::Duration::from_secs(30);
    house.post(&ana(), comment("hola")).await;
    let mut worker = house.worker();
    worker.work_for(std::time::Duration::from_secs(29)).await;
    assert_eq!(house.recipients(), Vec::<String>::new());
    worker.work_for(std::time::Duration::from_secs(1)).await;
    assert_eq!(house.recipients(), ["tomas@example.com"]);
}
