//! What [`Inbox`](recado_ports::inbox::Inbox) promises of the search.

use recado_domain::audience::Viewer;
use recado_domain::comment::{Origin, Visibility};
use recado_domain::person::Role;
use recado_ports::comments::Retraction;
use recado_ports::inbox::Found;

use super::Subject;
use super::arrange::{after, page};
use super::inbox::{put, requester, say, technician, viewer};
use crate::builders::{ana, comment, party, ticket};
use crate::clock::START;

async fn texts(subject: &Subject, viewer: &Viewer, sought: &str) -> Vec<String> {
    let found = subject
        .inbox
        .search(viewer, sought, &page(100, None))
        .await
        .unwrap();
    assert_eq!(found.next, None);
    found.items.into_iter().map(|found| found.text).collect()
}

pub async fn a_comment_is_found_with_its_facts(subject: &Subject) {
    let ticket = put(subject, ticket("INC-7").title("Impresora")).await;
    let said = comment(&ticket).by(ana()).text("Sigue «atascada»");
    let id = say(subject, said.mailed("> antes", "<p>x</p>").internal()).await;
    let found = subject
        .inbox
        .search(&technician(), "atascada", &page(10, None))
        .await
        .unwrap();
    let expected = Found {
        comment: id,
        ticket: ticket.number.clone(),
        title: "Impresora".to_owned(),
        author: ana(),
        text: "Sigue «atascada»".to_owned(),
        visibility: Visibility::Internal,
        origin: Origin::Mail,
        at: START,
    };
    assert_eq!((found.items, found.next), (vec![expected], None));
}

pub async fn every_word_must_be_there_and_the_last_one_begin_so(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let printer = "La IMPRESORA de Peña (3.º piso) no imprime";
    let phone = "El teléfono de la Sra. Peña no suena";
    let number = "Serie 00-123/A, 100% roto";
    for text in [printer, phone, number] {
        say(subject, comment(&ticket).text(text)).await;
    }
    for (sought, found) in [
        ("peña", vec![phone, printer]),
        ("PENA", vec![phone, printer]),
        ("pen", vec![phone, printer]),
        ("pen no", vec![]),
        ("no pen", vec![phone, printer]),
        ("telefono pena", vec![phone]),
        ("impresora telefono", vec![]),
        ("impresoras", vec![]),
        ("123", vec![number]),
        ("00 123", vec![number]),
        ("100%", vec![number]),
        ("a", vec![number]),
        ("3 o", vec![printer]),
        ("teléfono", vec![phone]),
    ] {
        assert_eq!(texts(subject, &technician(), sought).await, found, "{sought}");
    }
}

pub async fn whatever_is_typed_is_no_error(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let text = "uno AND dos NEAR(tres) or NOT cuatro";
    say(subject, comment(&ticket).text(text)).await;
    for sought in [
        "\"uno",
        "uno\"",
        "uno*",
        "*",
        "",
        " ",
        "'",
        "\\",
        "AND",
        "and dos",
        "NOT",
        "uno OR",
        "NEAR(tres",
        "(uno",
        ")",
        "words : uno",
        "-uno",
        "^uno",
        "uno + dos",
        "{uno} : dos",
        "'uno':*",
        "uno & !dos",
        "uno <-> dos",
        "\0uno",
        "uno\0",
        "_",
        "💥",
        "%",
        "?",
        "$1",
        ";",
        "--",
        "uno\u{301}",
    ] {
        let found = texts(subject, &technician(), sought).await;
        let has_word = sought.chars().any(|c| c.is_ascii_alphabetic()) && !sought.contains("words");
        assert_eq!(found.len(), usize::from(has_word), "{sought:?}");
    }
    let long = "palabra ".repeat(10_000);
    assert_eq!(texts(subject, &technician(), &long).await.len(), 0);
    let nowhere = page(10, Some("neverland".to_owned()));
    let nothing = subject
        .inbox
        .search(&technician(), "uno", &nowhere)
        .await
        .unwrap();
    assert_eq!((nothing.items.len(), nothing.next), (0, None));
}

pub async fn others_find_what_they_may_read(subject: &Subject) {
    let own = subject.ticket("1").await;
    let foreign = put(
        subject,
        ticket("2")
            .requested_by("leo@example.com")
            .group("mesa@example.com"),
    )
    .await;
    for (ticket, text) in [(&own, "clave propia"), (&foreign, "clave ajena")] {
        say(subject, comment(ticket).text(text)).await;
        say(subject, comment(ticket).text(&format!("{text}, nota")).internal()).await;
    }
    let all = [
        "clave ajena, nota",
        "clave ajena",
        "clave propia, nota",
        "clave propia",
    ];
    assert_eq!(texts(subject, &technician(), "clave").await, all);
    let administrator = viewer("jefa@example.com", Role::Administrator, &[]);
    assert_eq!(texts(subject, &administrator, "clave").await, all);
    assert_eq!(texts(subject, &requester(), "clave").await, ["clave propia"]);
    let member = viewer("ana@example.com", Role::Requester, &["mesa@example.com"]);
    let of_group = ["clave ajena, nota", "clave ajena", "clave propia"];
    assert_eq!(texts(subject, &member, "clave").await, of_group);
    let responsible = viewer("tomas@example.com", Role::Requester, &[]);
    assert_eq!(texts(subject, &responsible, "clave").await, all);
    let stranger = viewer("zoe@example.com", Role::Requester, &[]);
    assert_eq!(texts(subject, &stranger, "clave").await, [""; 0]);
}

pub async fn a_comment_under_hold_is_found_by_its_author_and_the_desk(subject: &Subject) {
    let ticket = put(subject, ticket("1").watched_by("eva@example.com")).await;
    say(
        subject,
        comment(&ticket).by(ana()).text("secreto").held_until(after(10)),
    )
    .await;
    let eva = viewer("eva@example.com", Role::Requester, &[]);
    for (viewer, found) in [(technician(), 1), (requester(), 1), (eva.clone(), 0)] {
        assert_eq!(
            texts(subject, &viewer, "secreto").await.len(),
            found,
            "{viewer:?}"
        );
    }
    subject.comments.release_held(after(10), 1).await.unwrap();
    assert_eq!(texts(subject, &eva, "secreto").await.len(), 1);
}

pub async fn what_was_taken_back_is_not_found(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let (gone, hidden) = (
        say(subject, comment(&ticket).text("palabra retirada")).await,
        say(subject, comment(&ticket).text("palabra interna")).await,
    );
    assert_eq!(texts(subject, &requester(), "palabra").await.len(), 2);
    for (id, retraction) in [(gone, Retraction::Withdraw), (hidden, Retraction::MakeInternal)] {
        let retracted = subject.comments.retract(ticket.id, id, retraction, &[], after(1));
        assert!(retracted.await.unwrap().is_some());
    }
    assert_eq!(
        texts(subject, &technician(), "palabra").await,
        ["palabra interna"]
    );
    assert_eq!(texts(subject, &requester(), "palabra").await, [""; 0]);
}

pub async fn pages_of_a_search_follow_each_other_newest_first(subject: &Subject) {
    let (own, foreign) = (
        subject.ticket("1").await,
        put(subject, ticket("2").requested_by("leo@example.com")).await,
    );
    for number in 0..9 {
        let text = format!("cosa {number}");
        let ticket = if number % 3 == 1 { &foreign } else { &own };
        say(
            subject,
            comment(ticket).by(party("Leo", "leo@example.com")).text(&text),
        )
        .await;
    }
    for (viewer, all) in [
        (technician(), vec!["8", "7", "6", "5", "4", "3", "2", "1", "0"]),
        (requester(), vec!["8", "6", "5", "3", "2", "0"]),
    ] {
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let page = subject
                .inbox
                .search(&viewer, "cosa", &page(4, cursor))
                .await
                .unwrap();
            assert!(page.items.len() <= 4);
            found.extend(
                page.items
                    .into_iter()
                    .map(|found| found.text.replace("cosa ", "")),
            );
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            // What comes later is not on the pages behind.
            say(subject, comment(&own).text("cosa nueva")).await;
        }
        assert_eq!(found, all);
        for comment in subject
            .comments
            .list(own.id, &recado_ports::comments::Audience::Desk, &page(100, None))
            .await
            .unwrap()
            .items
        {
            if comment.comment.text.as_str() == "cosa nueva" {
                let retract =
                    subject
                        .comments
                        .retract(own.id, comment.comment.id, Retraction::Withdraw, &[], after(1));
                retract.await.unwrap();
            }
        }
    }
}

pub async fn a_long_text_is_found_and_given_up_to_a_limit(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let straws: Vec<_> = (0..40_000).map(|number| format!("paja{number}")).collect();
    let text = format!("aguja {}", straws.join(" "));
    say(subject, comment(&ticket).text(&text)).await;
    let found = texts(subject, &technician(), "aguja").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].chars().count(), 10_000);
    assert!(text.starts_with(&found[0]));
    let wide = "\u{FDFA}\u{10400} ".repeat(100_000);
    say(subject, comment(&ticket).text(&wide)).await;
    assert_eq!(texts(subject, &technician(), "nadie").await.len(), 0);
}

pub async fn comments_are_indexed_once_whoever_does_it(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    for number in 0..30 {
        say(subject, comment(&ticket).text(&format!("montón {number}"))).await;
    }
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let inbox = subject.inbox.clone();
        callers.spawn(async move { while inbox.index_comments(7).await.unwrap() > 0 {} });
    }
    callers.join_all().await;
    let found = texts(subject, &technician(), "monton").await;
    assert_eq!(found.len(), 30);
    assert_eq!(found[0], "montón 29");
    assert_eq!(found[29], "montón 0");
    assert_eq!(subject.inbox.index_comments(10).await.unwrap(), 0);
}
