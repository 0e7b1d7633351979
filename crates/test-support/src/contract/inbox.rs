//! What [`Inbox`](recado_ports::inbox::Inbox) promises of lists.

use recado_domain::audience::Viewer;
use recado_domain::comment::{CommentId, Visibility};
use recado_domain::outbox::{DeliveryId, Outcome as MailOutcome};
use recado_domain::person::Role;
use recado_domain::ticket::{Ticket, TicketStatus};
use recado_ports::comments::Retraction;
use recado_ports::inbox::{Counts, InboxQuery, LastComment, TicketSummary, View};
use recado_ports::ledger::SettleMail;
use tokio::task::JoinSet;

use super::Subject;
use super::arrange::{after, all_pages, claim_at, dead, page, sent};
use crate::builders::{CommentBuilder, TicketBuilder};
use crate::builders::{address, ana, comment, group, incoming, party, settlement, ticket, tomas, user};
use crate::clock::START;

/// Somebody of this role and these groups who looks.
pub(super) fn viewer(email: &str, role: Role, groups: &[&str]) -> Viewer {
    Viewer {
        email: address(email),
        role,
        groups: groups.iter().map(|group| address(group)).collect(),
    }
}

pub(super) fn technician() -> Viewer {
    viewer("tomas@example.com", Role::Technician, &[])
}

pub(super) fn requester() -> Viewer {
    viewer("ana@example.com", Role::Requester, &[])
}

fn query(viewer: &Viewer, view: View) -> InboxQuery {
    InboxQuery {
        viewer: viewer.clone(),
        view,
        status: None,
        text: None,
    }
}

async fn list(subject: &Subject, query: &InboxQuery) -> Vec<TicketSummary> {
    let page = subject.inbox.list(query, &page(500, None)).await.unwrap();
    assert_eq!(page.next, None);
    page.items
}

async fn numbers(subject: &Subject, query: &InboxQuery) -> Vec<String> {
    let listed = list(subject, query).await;
    listed
        .iter()
        .map(|summary| summary.ticket.number.as_str().to_owned())
        .collect()
}

/// The one ticket in somebody's list.
pub(super) async fn only(subject: &Subject, viewer: &Viewer) -> TicketSummary {
    let mut listed = list(subject, &query(viewer, View::All)).await;
    assert_eq!(listed.len(), 1);
    listed.remove(0)
}

pub(super) async fn put(subject: &Subject, ticket: TicketBuilder) -> Ticket {
    let write = ticket.write();
    let ticket = write.ticket.clone();
    let version = subject.tickets.put(write).await.unwrap();
    Ticket { version, ..ticket }
}

pub(super) async fn say(subject: &Subject, comment: CommentBuilder) -> CommentId {
    let accept = comment.owing(&[]);
    let id = accept.comment.id;
    subject.comments.accept(accept).await.unwrap();
    id
}

fn beginning(summary: &TicketSummary) -> Option<&str> {
    summary.last.as_ref().map(|last| last.beginning.as_str())
}

pub async fn tickets_are_listed_by_the_newest_comment_that_the_viewer_reads(subject: &Subject) {
    let (one, two) = (subject.ticket("1").await, subject.ticket("2").await);
    subject.ticket("3").await;
    for viewer in [technician(), requester()] {
        assert_eq!(
            numbers(subject, &query(&viewer, View::All)).await,
            ["3", "2", "1"]
        );
    }
    say(subject, comment(&one).text("uno\r\n  y  dos")).await;
    say(subject, comment(&two).text("nota").internal()).await;
    let seen = list(subject, &query(&technician(), View::All)).await;
    let seen: Vec<_> = seen
        .iter()
        .map(|s| (s.ticket.number.as_str(), beginning(s)))
        .collect();
    assert_eq!(seen, [("2", Some("nota")), ("1", Some("uno y dos")), ("3", None)]);
    let listed = list(subject, &query(&requester(), View::All)).await;
    let seen: Vec<_> = listed
        .iter()
        .map(|s| (s.ticket.number.as_str(), beginning(s)))
        .collect();
    assert_eq!(seen, [("1", Some("uno y dos")), ("3", None), ("2", None)]);
    let last = LastComment {
        author: tomas(),
        beginning: "uno y dos".to_owned(),
        visibility: Visibility::Public,
        at: START,
    };
    assert_eq!(listed[0].last, Some(last));
    assert_eq!(listed[0].ticket, one);
}

pub async fn a_listed_ticket_is_whole(subject: &Subject) {
    let whole = ticket("1")
        .group("mesa@example.com")
        .watched_by("eva@example.com")
        .watched_by("leo@example.com")
        .attribute("Sede", "Norte");
    let whole = put(subject, whole).await;
    let found = subject.tickets.find(&whole.number).await.unwrap().unwrap();
    assert_eq!(only(subject, &technician()).await.ticket, found);
}

pub async fn a_long_comment_is_listed_by_its_beginning(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    let text = format!("{}\n{}", "ñandú ".repeat(100), "x".repeat(100_000));
    say(subject, comment(&ticket).text(&text)).await;
    let listed = only(subject, &technician()).await;
    let shown = beginning(&listed).unwrap();
    assert_eq!(shown.chars().count(), LastComment::BEGINNING_CHARS);
    assert!(shown.starts_with("ñandú ñandú"), "{shown}");
}

pub async fn a_viewer_s_list_has_what_they_see(subject: &Subject) {
    put(subject, ticket("own")).await;
    put(
        subject,
        ticket("watched")
            .requested_by("leo@example.com")
            .watched_by("ana@example.com"),
    )
    .await;
    let grouped = ticket("grouped")
        .requested_by("leo@example.com")
        .group("mesa@example.com");
    put(subject, grouped).await;
    put(subject, ticket("other").requested_by("leo@example.com")).await;
    let all = ["other", "grouped", "watched", "own"];
    assert_eq!(numbers(subject, &query(&technician(), View::All)).await, all);
    let administrator = viewer("jefa@example.com", Role::Administrator, &[]);
    assert_eq!(numbers(subject, &query(&administrator, View::All)).await, all);
    assert_eq!(
        numbers(subject, &query(&requester(), View::All)).await,
        ["watched", "own"]
    );
    let member = viewer(
        "ana@example.com",
        Role::Requester,
        &["mesa@example.com", "otra@example.com"],
    );
    assert_eq!(
        numbers(subject, &query(&member, View::All)).await,
        ["grouped", "watched", "own"]
    );
    let stranger = viewer("zoe@example.com", Role::Requester, &[]);
    assert_eq!(numbers(subject, &query(&stranger, View::All)).await, [""; 0]);
}

pub async fn a_view_has_its_tickets(subject: &Subject) {
    let members = ["tomas@example.com", "eva@example.com"];
    subject
        .people
        .put_group(&group("mesa@example.com", &members))
        .await
        .unwrap();
    let mesa = |number| ticket(number).group("mesa@example.com");
    put(subject, mesa("mine")).await;
    put(
        subject,
        mesa("a member's").responsible(party("Eva", "eva@example.com")),
    )
    .await;
    put(
        subject,
        mesa("an outsider's").responsible(party("Leo", "leo@example.com")),
    )
    .await;
    put(subject, mesa("nobody's").responsible(None)).await;
    put(subject, mesa("closed").responsible(None).closed()).await;
    put(
        subject,
        ticket("asked")
            .responsible(None)
            .requested_by("tomas@example.com"),
    )
    .await;
    let watched = ticket("watched")
        .responsible(None)
        .watched_by("tomas@example.com");
    put(subject, watched).await;
    for role in [Role::Technician, Role::Requester] {
        let viewer = viewer("tomas@example.com", role, &["mesa@example.com"]);
        for (view, listed) in [
            (View::Responsible, &["mine"][..]),
            (View::Asked, &["watched", "asked"]),
            (View::Groups, &["closed", "nobody's", "a member's", "mine"]),
        ] {
            assert_eq!(
                numbers(subject, &query(&viewer, view)).await,
                listed,
                "{role:?} {view:?}"
            );
        }
        let open = InboxQuery {
            status: Some(TicketStatus::Open),
            ..query(&viewer, View::Groups)
        };
        assert_eq!(numbers(subject, &open).await, ["nobody's", "a member's", "mine"]);
        let closed = InboxQuery {
            status: Some(TicketStatus::Closed),
            ..query(&viewer, View::All)
        };
        assert_eq!(numbers(subject, &closed).await, ["closed"]);
    }
    let of_no_group = viewer("tomas@example.com", Role::Technician, &[]);
    assert_eq!(
        numbers(subject, &query(&of_no_group, View::Groups)).await,
        [""; 0]
    );
}

pub async fn a_list_is_filtered_by_number_and_title_literally(subject: &Subject) {
    for (number, title) in [("INC-1", "Ñandú 100%"), ("INC-2", "nada"), ("x_y", "otra")] {
        put(subject, ticket(number).title(title)).await;
    }
    for (text, listed) in [
        ("ñandÚ", &["INC-1"][..]),
        ("inc-", &["INC-2", "INC-1"]),
        ("0%", &["INC-1"]),
        ("x_", &["x_y"]),
        ("%", &["INC-1"]),
        ("'\\", &[]),
    ] {
        let filtered = InboxQuery {
            text: Some(text.to_owned()),
            ..query(&technician(), View::All)
        };
        assert_eq!(numbers(subject, &filtered).await, listed, "{text}");
    }
}

pub async fn a_ticket_is_unanswered_while_the_desk_has_not_spoken_last(subject: &Subject) {
    let eva = user("eva@example.com", Role::Technician);
    let boss = user("jefa@example.com", Role::Administrator);
    let leo = user("leo@example.com", Role::Requester);
    for user in [&eva, &boss, &leo] {
        subject.people.add_user(user, None).await.unwrap();
    }
    let ticket = subject.ticket("1").await;
    let is_unanswered = async |viewer: Viewer| {
        let listed = numbers(subject, &query(&viewer, View::Unanswered)).await;
        let shown = only(subject, &viewer).await.is_unanswered;
        assert_eq!(listed.len(), usize::from(shown));
        shown
    };
    assert!(!is_unanswered(technician()).await, "nothing was said");
    for (author, unanswered) in [
        (ana(), true),
        (eva.party, false),
        (leo.party, true),
        (boss.party, false),
        (party("Zoe", "zoe@example.com"), true),
        (tomas(), false),
    ] {
        say(subject, comment(&ticket).by(author.clone())).await;
        say(subject, comment(&ticket).by(ana()).internal()).await;
        for viewer in [technician(), requester()] {
            assert_eq!(is_unanswered(viewer).await, unanswered, "{author:?}");
        }
    }
    say(subject, comment(&ticket).by(ana())).await;
    assert!(is_unanswered(technician()).await);
    let closed = recado_ports::tickets::TicketWrite {
        expected: Some(ticket.version),
        ..crate::builders::ticket("1").closed().write()
    };
    let closed = recado_ports::tickets::TicketWrite {
        ticket: Ticket {
            id: ticket.id,
            ..closed.ticket
        },
        ..closed
    };
    subject.tickets.put(closed).await.unwrap();
    assert!(!is_unanswered(technician()).await);
    let void = InboxQuery {
        status: Some(TicketStatus::Closed),
        ..query(&technician(), View::Unanswered)
    };
    assert_eq!(numbers(subject, &void).await, [""; 0]);
}

pub async fn a_comment_under_hold_counts_for_its_author_and_the_desk(subject: &Subject) {
    let first = subject.ticket("1").await;
    let watched = put(
        subject,
        ticket("2")
            .watched_by("ana@example.com")
            .requested_by("eva@example.com"),
    )
    .await;
    let eva = viewer("eva@example.com", Role::Requester, &[]);
    say(
        subject,
        comment(&watched)
            .by(party("Eva", "eva@example.com"))
            .text("antes"),
    )
    .await;
    say(subject, comment(&first).text("medio")).await;
    // The requester's, then the technician's.
    let asked = comment(&watched).by(ana()).text("espera").held_until(after(10));
    say(subject, asked).await;
    let answered = comment(&first).text("respuesta").held_until(after(20));
    say(subject, answered).await;
    let seen = async |viewer: &Viewer| {
        let listed = list(subject, &query(viewer, View::All)).await;
        let texts = listed.iter().map(|s| beginning(s).unwrap().to_owned());
        texts.collect::<Vec<_>>()
    };
    assert_eq!(seen(&technician()).await, ["respuesta", "espera"]);
    assert_eq!(seen(&requester()).await, ["espera", "medio"]);
    assert_eq!(seen(&eva).await, ["antes"]);
    say(subject, comment(&watched).text("después")).await;
    assert_eq!(seen(&requester()).await, ["después", "medio"]);
    assert_eq!(subject.comments.release_held(after(10), 10).await.unwrap(), 1);
    assert_eq!(seen(&eva).await, ["después"]);
    assert_eq!(subject.comments.release_held(after(20), 10).await.unwrap(), 1);
    assert_eq!(seen(&requester()).await, ["después", "respuesta"]);
    assert_eq!(seen(&technician()).await, ["después", "respuesta"]);
}

pub async fn an_answer_under_hold_leaves_the_ticket_unanswered_for_others(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    say(subject, comment(&ticket).by(ana())).await;
    let held = comment(&ticket).text("respuesta").held_until(after(10));
    say(subject, held).await;
    assert!(!only(subject, &technician()).await.is_unanswered);
    assert!(only(subject, &requester()).await.is_unanswered);
    subject.comments.release_held(after(10), 1).await.unwrap();
    assert!(!only(subject, &requester()).await.is_unanswered);
    let own = comment(&ticket).by(ana()).held_until(after(30));
    say(subject, own).await;
    assert!(only(subject, &requester()).await.is_unanswered);
    assert!(only(subject, &technician()).await.is_unanswered);
}

pub async fn a_comment_taken_back_gives_way_to_the_one_before(subject: &Subject) {
    let (one, two) = (subject.ticket("1").await, subject.ticket("2").await);
    say(subject, comment(&one).by(ana()).text("primero")).await;
    say(subject, comment(&two).text("segundo")).await;
    let withdrawn = say(subject, comment(&one).text("tercero")).await;
    let hidden = say(subject, comment(&two).by(ana()).text("cuarto")).await;
    let retract = async |ticket: &Ticket, id, retraction| {
        let retracted = subject.comments.retract(ticket.id, id, retraction, &[], after(1));
        assert!(retracted.await.unwrap().is_some());
    };
    retract(&one, withdrawn, Retraction::Withdraw).await;
    retract(&two, hidden, Retraction::MakeInternal).await;
    let seen = async |viewer: &Viewer| {
        let listed = list(subject, &query(viewer, View::All)).await;
        let seen = listed
            .iter()
            .map(|s| (beginning(s).unwrap().to_owned(), s.is_unanswered));
        seen.collect::<Vec<_>>()
    };
    let text = str::to_owned;
    assert_eq!(
        seen(&technician()).await,
        [(text("cuarto"), false), (text("primero"), true)]
    );
    assert_eq!(
        seen(&requester()).await,
        [(text("segundo"), false), (text("primero"), true)]
    );
    let only_one = say(subject, comment(&one)).await;
    retract(&one, only_one, Retraction::Withdraw).await;
    assert_eq!(seen(&requester()).await[1].0, "primero");
}

pub async fn a_ticket_whose_only_comment_was_withdrawn_is_as_one_without(subject: &Subject) {
    let (one, _) = (subject.ticket("1").await, subject.ticket("2").await);
    let id = say(subject, comment(&one).by(ana())).await;
    let retract = subject
        .comments
        .retract(one.id, id, Retraction::Withdraw, &[], after(1));
    retract.await.unwrap();
    for viewer in [technician(), requester()] {
        let listed = list(subject, &query(&viewer, View::All)).await;
        assert_eq!(listed[1].ticket.number, one.number);
        assert!(listed[1].last.is_none() && !listed[1].is_unanswered && !listed[1].is_unread);
    }
}

pub async fn a_mail_that_failed_is_shown_to_the_desk_until_it_goes_again(subject: &Subject) {
    let (one, two) = (subject.ticket("1").await, subject.ticket("2").await);
    let third = subject.ticket("3").await;
    let mails = [
        subject.mail(&one, "ana@example.com").await,
        subject.mail(&two, "ana@example.com").await,
        subject.mail(&third, "ana@example.com").await,
    ];
    let claim = claim_at(START);
    assert_eq!(subject.claim(&claim).await.len(), 3);
    assert_eq!(
        subject
            .outbox
            .fence(claim.lease, &mails, START)
            .await
            .unwrap()
            .len(),
        3
    );
    subject.settle(claim.lease, mails[0], dead()).await;
    subject.settle(claim.lease, mails[1], sent()).await;
    subject.settle(claim.lease, mails[2], sent()).await;
    bounce(subject, mails[1]).await;
    let undelivered = async |viewer: &Viewer| {
        let listed = numbers(subject, &query(viewer, View::Undelivered)).await;
        let all = list(subject, &query(viewer, View::All)).await;
        let shown: Vec<_> = all
            .into_iter()
            .filter(|summary| summary.is_undelivered)
            .map(|summary| summary.ticket.number.as_str().to_owned())
            .collect();
        assert_eq!(listed, shown);
        listed
    };
    assert_eq!(undelivered(&technician()).await, ["2", "1"]);
    assert_eq!(undelivered(&requester()).await, [""; 0]);
    let responsible = viewer("tomas@example.com", Role::Requester, &[]);
    assert_eq!(undelivered(&responsible).await, ["2", "1"]);
    subject.outbox.requeue(mails[0], after(1)).await.unwrap();
    assert_eq!(undelivered(&technician()).await, ["2"]);
}

async fn bounce(subject: &Subject, mail: DeliveryId) {
    let report = incoming("rebote").build();
    let id = report.id;
    subject.ledger.take(report).await.unwrap();
    let bounced = SettleMail {
        outcomes: vec![(mail, MailOutcome::Bounced)],
        ..settlement(id, recado_domain::ledger::Outcome::Bounce)
    };
    subject.ledger.settle(bounced).await.unwrap();
}

pub async fn open_tickets_are_counted_by_view(subject: &Subject) {
    subject
        .people
        .put_group(&group("mesa@example.com", &["tomas@example.com"]))
        .await
        .unwrap();
    let mine = put(subject, ticket("1").group("mesa@example.com")).await;
    put(subject, ticket("2").group("mesa@example.com").responsible(None)).await;
    put(
        subject,
        ticket("3").group("mesa@example.com").responsible(None).closed(),
    )
    .await;
    put(subject, ticket("4").closed()).await;
    say(subject, comment(&mine).by(ana())).await;
    let mail = subject.mail(&mine, "ana@example.com").await;
    say(subject, comment(&mine).by(ana())).await;
    let claim = claim_at(START);
    assert_eq!(subject.claim(&claim).await, [mail]);
    subject.settle(claim.lease, mail, dead()).await;
    let counts = Counts {
        responsible: 1,
        groups: 2,
        unanswered: 1,
        undelivered: 1,
    };
    let looks = viewer("tomas@example.com", Role::Technician, &["mesa@example.com"]);
    assert_eq!(subject.inbox.counts(&looks).await.unwrap(), counts);
    let nothing = Counts {
        unanswered: 1,
        undelivered: 1,
        ..Counts::default()
    };
    let other = viewer("eva@example.com", Role::Technician, &[]);
    assert_eq!(subject.inbox.counts(&other).await.unwrap(), nothing);
    let stranger = viewer("zoe@example.com", Role::Requester, &[]);
    assert_eq!(subject.inbox.counts(&stranger).await.unwrap(), Counts::default());
}

pub async fn pages_of_a_list_follow_each_other(subject: &Subject) {
    let mut tickets = Vec::new();
    for number in 0..7 {
        tickets.push(subject.ticket(&format!("{number}")).await);
    }
    for number in [3, 0, 5] {
        say(subject, comment(&tickets[number])).await;
    }
    for viewer in [technician(), requester()] {
        let listed = all_pages(
            2,
            |request| {
                let query = query(&viewer, View::All);
                async move { subject.inbox.list(&query, &request).await.unwrap() }
            },
            async || {},
        )
        .await;
        let listed: Vec<_> = listed
            .iter()
            .map(|summary| summary.ticket.number.as_str())
            .collect();
        assert_eq!(listed, ["5", "0", "3", "6", "4", "2", "1"]);
        let nowhere = page(10, Some("neverland".to_owned()));
        let nothing = subject
            .inbox
            .list(&query(&viewer, View::All), &nowhere)
            .await
            .unwrap();
        assert_eq!((nothing.items.len(), nothing.next), (0, None));
    }
}

pub async fn of_comments_accepted_at_once_the_newest_is_listed(subject: &Subject) {
    let ticket = subject.ticket("1").await;
    for _ in 0..5 {
        let accepts: Vec<_> = (0..8)
            .map(|number| comment(&ticket).text(&format!("c{number}")).owing(&[]))
            .collect();
        let newest = accepts.iter().max_by_key(|accept| accept.comment.id).unwrap();
        let newest = newest.comment.text.as_str().to_owned();
        let mut callers = JoinSet::new();
        for accept in accepts {
            let comments = subject.comments.clone();
            callers.spawn(async move { comments.accept(accept).await.unwrap() });
        }
        callers.join_all().await;
        for viewer in [technician(), requester()] {
            assert_eq!(beginning(&only(subject, &viewer).await), Some(newest.as_str()));
        }
    }
}

pub async fn a_mail_that_becomes_a_comment_moves_its_ticket(subject: &Subject) {
    let one = subject.ticket("1").await;
    subject.ticket("2").await;
    let mail = subject.incoming().await;
    let attached = SettleMail {
        ticket: Some(one.id),
        comment: Some(comment(&one).by(ana()).text("por correo").owing(&[])),
        ..settlement(mail, recado_domain::ledger::Outcome::Attached)
    };
    subject.ledger.settle(attached).await.unwrap();
    let listed = list(subject, &query(&technician(), View::All)).await;
    assert_eq!(listed[0].ticket.number, one.number);
    assert!(listed[0].is_unanswered);
    assert_eq!(beginning(&listed[0]), Some("por correo"));
    let found = subject
        .inbox
        .search(&technician(), "correo", &page(10, None))
        .await
        .unwrap();
    assert_eq!(found.items.len(), 1);
}
