//! Mail that comes in: whose word it is, on which ticket, and what becomes of it.

use std::collections::BTreeSet;
use std::time::Duration;

use recado_app::receive_mail::{Receipt, ReceiveError};
use recado_domain::comment::{Kind, Origin, Visibility};
use recado_domain::incoming::{AutomaticSign, From, OpenTickets, Remark};
use recado_domain::ledger::{LedgerEntry, Outcome, Via};
use recado_domain::outbox::{Delivery, Outcome as DeliveryOutcome, State};
use recado_domain::parameter::Parameter;
use recado_domain::person::Role;
use recado_domain::ticket::{Ticket, TicketStatus};
use recado_ports::comments::Comments;
use recado_ports::people::People;
use recado_test_support::builders::{self, address, group, user};

use crate::house::{House, ana, comment, tomas};
use crate::inbox::{Written, from};

const ANA: &str = "ana@example.com";
const TOMAS: &str = "tomas@example.com";
const DAY: Duration = Duration::from_hours(24);

/// A mail of Tomás's to Ana on 4711, and the house that it came from.
async fn asked() -> (House, Delivery) {
    let house = House::with_inbox().await;
    let posted = house.post(&tomas(), comment("¿Ya imprime?")).await;
    let told = house.mail_to(&posted, ANA).await;
    (house, told)
}

/// What became of a mail: its outcome, the comment's author, and what the desk is told.
async fn summary(house: &House, entry: &LedgerEntry) -> (Outcome, Option<String>, String) {
    let author = match entry.comment {
        Some(_) => Some(house.comment_of(entry).await.author.email.to_string()),
        None => None,
    };
    (
        entry.outcome.unwrap(),
        author,
        entry.reason.clone().unwrap_or_default(),
    )
}

#[tokio::test]
async fn an_answer_becomes_a_comment_and_a_mail_to_the_other_party() {
    let (house, told) = asked().await;
    house.worker().drain().await;
    let mut written = from(ANA).answering(&told).file("foto.txt", "una foto");
    written.mail.quoted = Some("> ¿Ya imprime?".to_owned());
    written.mail.html = Some("<p>Sigue sin imprimir.</p>".to_owned());
    let entry = house.receive(&written).await;
    assert_eq!(
        summary(&house, &entry).await,
        (Outcome::Attached, Some(ANA.to_owned()), String::new())
    );

    let stored = house.comment_of(&entry).await;
    assert_eq!(stored.text.as_str(), "Sigue sin imprimir.");
    assert_eq!(stored.quoted.as_deref(), Some("> ¿Ya imprime?"));
    assert_eq!(stored.html.as_deref(), Some("<p>Sigue sin imprimir.</p>"));
    assert_eq!((stored.kind, stored.origin), (Kind::Message, Origin::Mail));
    assert_eq!(stored.visibility, Visibility::Public);
    let file = &stored.attachments[0];
    assert_eq!(file.name.as_str(), "foto.txt");
    let content = house.store.attachment(stored.id, file.id).await.unwrap();
    assert_eq!(content.as_deref(), Some("una foto".as_bytes()));

    assert_eq!(
        house.delivery(told.id).await.outcome,
        Some(DeliveryOutcome::Answered)
    );
    house.worker().drain().await;
    assert_eq!(house.recipients(), [ANA, TOMAS]);
    let mail = String::from_utf8(house.server.sent()[1].message.clone()).unwrap();
    assert!(
        mail.contains("Sigue sin imprimir.") && mail.contains("foto.txt"),
        "{mail}"
    );
}

#[tokio::test]
async fn each_carrier_alone_leads_an_answer_home() {
    type Bear = fn(Written, &House, &Delivery) -> Written;
    let ways: [(&str, Bear); 6] = [
        ("In-Reply-To", |mail, _, told| mail.answering(told)),
        ("References alone", |mail, _, told| {
            let mut mail = mail.answering(told);
            mail.mail.in_reply_to.clear();
            mail
        }),
        ("the plus-address, in Cc too", |mail, house, told| {
            mail.at_token(&house.token(told))
        }),
        ("the reference line", |mail, house, told| {
            mail.quoting(&house.token(told))
        }),
        ("the plus-address of the inbox's user", |mut mail, house, told| {
            let token = house.token(told);
            let plus = format!("buzon+{}@correo.example.org", token.as_str());
            mail.mail.recipients = vec![address(&plus)];
            mail
        }),
        ("a plus-address of before", |mut mail, house, told| {
            let token = house.token(told);
            let plus = format!("soporte+{}@old.example.org", token.as_str());
            mail.mail.recipients = vec![address(&plus)];
            mail
        }),
    ];
    for (way, bear) in ways {
        let (house, told) = asked().await;
        house.set(Parameter::InboxUser, Some("buzon")).await;
        let entry = house.receive(&bear(from(ANA), &house, &told)).await;
        assert_eq!(entry.outcome, Some(Outcome::Attached), "{way}: {entry:?}");
        assert_eq!(entry.ticket, told.ticket, "{way}");
    }
}

type Write = fn(&House, &Delivery) -> Written;
/// What it is, the mail, its outcome, the author, and words of the reason.
type Case = (&'static str, Write, Outcome, Option<&'static str>, &'static str);

#[tokio::test]
async fn another_address_stands_in_its_own_name() {
    use Outcome::{Attached, Quarantined};
    let cases: [Case; 5] = [
        (
            "a second address of the person",
            |_, told| from("ana.pena@customer.example").vouched().answering(told),
            Attached,
            Some("ana.pena@customer.example"),
            "another address of the same domain",
        ),
        (
            "the same, and nobody vouches for it",
            |_, told| from("ana.pena@customer.example").answering(told),
            Quarantined,
            None,
            "nobody vouches",
        ),
        (
            "an assistant",
            |_, told| {
                from("ana@customer.example")
                    .sent_by("eva@customer.example")
                    .answering(told)
            },
            Attached,
            Some("eva@customer.example"),
            "a delegate of ana@customer.example",
        ),
        (
            "a colleague in the same Microsoft tenant",
            |_, told| from("luis@customer.example").internal().answering(told),
            Attached,
            Some("luis@customer.example"),
            "same domain",
        ),
        (
            "somebody else on the ticket",
            |_, told| from(TOMAS).vouched().answering(told),
            Attached,
            Some(TOMAS),
            "is on the ticket too",
        ),
    ];
    for case in cases {
        assert_becomes(case).await;
    }
}

#[tokio::test]
async fn nobodys_word_stands_in_another_name() {
    use Outcome::{Attached, Opened, Quarantined};
    let cases: [Case; 9] = [
        (
            "a guessed number",
            |_, _| from("ana@customer.example").subject("[#4711] x"),
            Quarantined,
            None,
            "only the subject names the ticket",
        ),
        (
            "the number, from somebody on the ticket whose domain vouches",
            |_, _| from("ana@customer.example").subject("[#4711] x").vouched(),
            Attached,
            Some("ana@customer.example"),
            "",
        ),
        (
            "a forwarded token",
            |house, told| from("eve@evil.example").vouched().at_token(&house.token(told)),
            Quarantined,
            None,
            "comes from somebody else",
        ),
        (
            "a forged address with the person's token",
            |_, told| from("ana@customer.example").dmarc("fail").answering(told),
            Quarantined,
            None,
            "not its mail",
        ),
        (
            "a token that was changed",
            |house, told| {
                let token = house.token(told);
                let (head, tail) = token.as_str().split_at(30);
                let other = if tail.starts_with('a') { "b" } else { "a" };
                let forged = format!("{head}{other}{}", &tail[1..]);
                from("ana@customer.example")
                    .at_token(&recado_domain::token::ReplyToken::parse(&forged).unwrap())
            },
            Quarantined,
            None,
            "not one of ours",
        ),
        (
            "a token in Cc alone",
            |house, told| from("ana@customer.example").at_token(&house.token(told)),
            Attached,
            Some("ana@customer.example"),
            "",
        ),
        (
            "two From fields",
            |_, told| {
                from("ana@customer.example")
                    .answering(told)
                    .authors(From::Several)
            },
            Quarantined,
            None,
            "more than one author",
        ),
        (
            "no From field",
            |_, told| {
                from("ana@customer.example")
                    .answering(told)
                    .authors(From::Missing)
            },
            Quarantined,
            None,
            "no author",
        ),
        (
            "a saved contact",
            |house, told| {
                let mail = from("ana@customer.example").at_token(&house.token(told));
                mail.subject("El monitor parpadea")
            },
            Opened,
            Some("ana@customer.example"),
            "",
        ),
    ];
    for case in cases {
        assert_becomes(case).await;
    }
}

/// Of a mail to the requester of 4711, an address at their own company.
async fn assert_becomes((case, write, outcome, author, reason): Case) {
    let mut house = House::with_inbox().await;
    house.incoming.policy.trust.exchange = vec![Via::Lmtp];
    house
        .put_ticket(builders::ticket("4711").requested_by("ana@customer.example"))
        .await;
    let posted = house.post(&tomas(), comment("¿Ya imprime?")).await;
    let told = house.mail_to(&posted, "ana@customer.example").await;
    let entry = house.receive(&write(&house, &told)).await;
    let found = summary(&house, &entry).await;
    assert_eq!(
        (found.0, found.1.as_deref()),
        (outcome, author),
        "{case}: {entry:?}"
    );
    assert!(found.2.contains(reason), "{case}: {}", found.2);
    let on_ticket = house.comments("4711").await.len();
    assert_eq!(on_ticket, 1 + usize::from(outcome == Outcome::Attached), "{case}");
}

#[tokio::test]
async fn a_swapped_token_serves_whoever_it_was_signed_for_alone() {
    let house = House::with_inbox().await;
    house
        .put_ticket(builders::ticket("8").requested_by("eva@customer.example"))
        .await;
    let to_ana = house.post(&tomas(), comment("a")).await;
    let to_eva = house.post_on("8", &tomas(), comment("b")).await;
    let to_ana = house.mail_to(&to_ana, ANA).await;
    let to_eva = house.mail_to(&to_eva, "eva@customer.example").await;
    // Eva answers her own mail, with Ana's token in the address: it is hers, on her ticket.
    let mail = from("eva@customer.example").answering(&to_eva);
    let entry = house.receive(&mail.clone().at_token(&house.token(&to_ana))).await;
    assert_eq!(
        (entry.outcome, entry.ticket),
        (Some(Outcome::Attached), to_eva.ticket)
    );
    // With nothing of her own, it is nobody's.
    let entry = house
        .receive(
            &from("eva@customer.example")
                .vouched()
                .at_token(&house.token(&to_ana)),
        )
        .await;
    assert_eq!(entry.outcome, Some(Outcome::Quarantined));
    assert_eq!((entry.ticket, entry.person), (to_ana.ticket, Some(address(ANA))));
    assert_eq!(house.comments("4711").await.len(), 1);
}

#[tokio::test]
async fn a_closed_ticket_opens_again_for_a_while_and_is_followed_by_another_later() {
    let (mut house, told) = asked().await;
    house.incoming.policy.open_tickets = OpenTickets::Anyone;
    let ticket = house.ticket("4711").await.unwrap();
    let closed = Ticket {
        status: TicketStatus::Closed,
        closed_at: Some(recado_ports::clock::Clock::now(&*house.clock)),
        ..ticket
    };
    let closed = house.put(closed).await;
    house.clock.advance(13 * DAY);
    let entry = house.receive(&from(ANA).answering(&told)).await;
    assert_eq!(entry.outcome, Some(Outcome::Attached));
    let reopened = house.ticket("4711").await.unwrap();
    assert_eq!((reopened.status, reopened.closed_at), (TicketStatus::Open, None));

    house
        .put(Ticket {
            version: reopened.version,
            ..closed
        })
        .await;
    house.clock.advance(2 * DAY);
    let entry = house.receive(&from(ANA).answering(&told)).await;
    assert_eq!(entry.outcome, Some(Outcome::Opened));
    assert_eq!(house.ticket("4711").await.unwrap().status, TicketStatus::Closed);
    let opened = opened(&house, &entry).await;
    assert_eq!(opened.follows.unwrap().as_str(), "4711");
    assert_eq!(opened.responsible, Some(builders::tomas()));
    assert_eq!(opened.requester.email, address(ANA));
}

async fn opened(house: &House, entry: &LedgerEntry) -> Ticket {
    let found = recado_ports::tickets::Tickets::find_by_id(&house.store, entry.ticket.unwrap()).await;
    found.unwrap().expect("the ticket is stored")
}

#[tokio::test]
async fn an_aged_token_is_a_hint() {
    let (house, told) = asked().await;
    house.clock.advance(181 * DAY);
    let entry = house.receive(&from(ANA).answering(&told)).await;
    assert_eq!(entry.outcome, Some(Outcome::Quarantined));
    let entry = house.receive(&from(ANA).vouched().answering(&told)).await;
    assert_eq!(entry.outcome, Some(Outcome::Attached));
}

#[tokio::test]
async fn an_answer_is_as_private_as_what_it_answers() {
    let house = House::with_inbox().await;
    house
        .put_ticket(builders::ticket("4711").watched_by("rosa@example.org"))
        .await;
    People::add_user(&house.store, &user("rosa@example.org", Role::Technician), None)
        .await
        .unwrap();
    let mut internal = comment("No le digas.");
    internal.visibility = Visibility::Internal;
    let posted = house.post(&tomas(), internal).await;
    let told = house.mail_to(&posted, "rosa@example.org").await;
    let entry = house.receive(&from("rosa@example.org").answering(&told)).await;
    let answer = house.comment_of(&entry).await;
    assert_eq!(answer.visibility, Visibility::Internal);
    house.worker().drain().await;
    assert_eq!(house.recipients(), ["rosa@example.org", TOMAS]);
}

#[tokio::test]
async fn a_member_of_the_group_answers_for_it() {
    let house = House::with_inbox().await;
    house
        .put_ticket(
            builders::ticket("4711")
                .responsible(None)
                .group("redes@example.org"),
        )
        .await;
    People::put_group(&house.store, &group("redes@example.org", &["luis@other.example"]))
        .await
        .unwrap();
    let posted = house.post(&ana(), comment("hola")).await;
    let told = house.mail_to(&posted, "redes@example.org").await;
    let entry = house
        .receive(&from("luis@other.example").vouched().answering(&told))
        .await;
    let (outcome, author, reason) = summary(&house, &entry).await;
    assert_eq!(
        (outcome, author.as_deref()),
        (Outcome::Attached, Some("luis@other.example"))
    );
    assert!(reason.contains("a member of redes@example.org"), "{reason}");
}

#[tokio::test]
async fn whoever_the_policy_admits_opens_a_ticket() {
    use OpenTickets::{Anyone, Known, Nobody};
    for (policy, email, opens) in [
        (Anyone, "new@customer.example", true),
        (Known, "new@customer.example", false),
        (Known, ANA, true),
        (Nobody, ANA, false),
    ] {
        let mut house = House::with_inbox().await;
        house.incoming.policy.open_tickets = policy;
        let entry = house
            .receive(&from(email).subject("RV: El monitor\u{a0}parpadea"))
            .await;
        let expected = if opens {
            Outcome::Opened
        } else {
            Outcome::Quarantined
        };
        assert_eq!(entry.outcome, Some(expected), "{policy:?} {email}");
        if opens {
            let ticket = opened(&house, &entry).await;
            assert_eq!(ticket.requester.email, address(email));
            assert_eq!(ticket.title, "El monitor parpadea");
            assert_eq!(ticket.status, TicketStatus::Open);
            let number = ticket.number.as_str();
            assert!(number.starts_with("R261122-") && number.len() == 12, "{number}");
        }
    }
}

#[tokio::test]
async fn a_program_is_never_answered_and_its_mail_never_passed_on() {
    let (mut house, told) = asked().await;
    house.incoming.policy.open_tickets = OpenTickets::Anyone;
    house.incoming.policy.monitoring = vec![address("nagios@monitor.example")];
    let owed = house.deliveries().await.len();
    let signs = [
        AutomaticSign::AutoSubmitted("auto-replied".to_owned()),
        AutomaticSign::NullSender,
        AutomaticSign::Precedence("bulk".to_owned()),
        AutomaticSign::MailingList("List-Id".to_owned()),
        AutomaticSign::VendorHeader("X-Autoreply".to_owned()),
        AutomaticSign::ReadReceipt,
        AutomaticSign::CalendarAnswer,
        AutomaticSign::Recall,
        AutomaticSign::AbuseReport,
    ];
    for sign in signs {
        let entry = house
            .receive(&from(ANA).answering(&told).automatic(sign.clone()))
            .await;
        assert_eq!(entry.outcome, Some(Outcome::Automatic), "{sign:?}");
        assert_eq!((entry.ticket, entry.comment), (told.ticket, None), "{sign:?}");
        assert!(entry.reason.is_some(), "{sign:?}");
    }
    assert_eq!(house.deliveries().await.len(), owed);
    // A listed program tells something new.
    let sign = AutomaticSign::AutoSubmitted("auto-generated".to_owned());
    let entry = house
        .receive(&from("nagios@monitor.example").subject("CRITICAL").automatic(sign))
        .await;
    assert_eq!(entry.outcome, Some(Outcome::Opened));
    assert_eq!(
        house.deliveries().await.len(),
        owed,
        "no program is acknowledged, and nobody is in charge"
    );
}

#[tokio::test]
async fn our_own_mail_that_comes_back_is_no_comment() {
    let (mut house, told) = asked().await;
    house.incoming.policy.open_tickets = OpenTickets::Anyone;
    let mut returned = from("list@elsewhere.example");
    returned.mail.message_id = Some(told.message_id.clone());
    let entry = house.receive(&returned).await;
    assert_eq!(entry.outcome, Some(Outcome::Automatic));
    let entry = house.receive(&from("desk@example.org").answering(&told)).await;
    assert_eq!(entry.outcome, Some(Outcome::Automatic));
    assert_eq!(house.comments("4711").await.len(), 1);
}

#[tokio::test]
async fn a_second_copy_of_a_mail_says_nothing_new() {
    let (house, told) = asked().await;
    let written = from(ANA).answering(&told).at_source("inbox/1");
    let first = house.receive(&written).await;
    // By another way, from another place: the same mail.
    let copy = house.receive(&written.clone().at_source("inbox/2")).await;
    assert_eq!(copy.outcome, Some(Outcome::Duplicate));
    assert!(copy.reason.unwrap().contains(&first.id.0.to_string()));
    // From the same place: taken before.
    let again = house.receive_mail().run(written.received(&house)).await.unwrap();
    assert_eq!(again, Receipt::TakenBefore(first.id));
    assert_eq!(house.comments("4711").await.len(), 2);
    // Two mails without a Message-ID may be alike and yet two.
    let mut bare = from(ANA).answering(&told);
    bare.mail.message_id = None;
    for _ in 0..2 {
        assert_eq!(house.receive(&bare).await.outcome, Some(Outcome::Attached));
    }
}

#[tokio::test]
async fn nothing_and_too_much_are_refused_before_they_are_stored() {
    let mut house = House::with_inbox().await;
    house.incoming.largest_mail = 10;
    let receive = house.receive_mail();
    let written = from(ANA);
    let empty = receive.run(written.with_octets(Vec::new())).await.unwrap_err();
    assert!(matches!(empty, ReceiveError::Empty));
    let large = receive
        .run(written.with_octets(vec![b'x'; 11]))
        .await
        .unwrap_err();
    assert!(matches!(large, ReceiveError::TooLarge { size: 11, limit: 10 }));
    assert_eq!(
        recado_ports::ledger::Ledger::depth(&house.store).await.unwrap(),
        []
    );
}

#[tokio::test]
async fn every_mail_has_a_text_that_loses_nothing_and_passes_no_carrier_on() {
    let (house, told) = asked().await;
    let token = house.token(&told);
    let line = recado_domain::token::reference_line(&token);
    let quoted = format!("> hola\n> {line}");
    let address = format!("desk+{}@example.org", token.as_str());
    let cases: [(&str, Option<&str>, &str, Option<&str>); 6] = [
        ("", None, "(mensaje vacío)", None),
        ("\u{200b}\n", None, "\u{200b}\n", None),
        ("", Some("> hola"), "> hola", None),
        ("Sí", Some(&quoted), "Sí", Some("> hola\n> ")),
        (&line, None, "(mensaje vacío)", None),
        (&address, None, "desk@example.org", None),
    ];
    for (text, quoted, expected, expected_quoted) in cases {
        let mut written = from(ANA).answering(&told).text(text);
        written.mail.quoted = quoted.map(ToOwned::to_owned);
        written.mail.html = Some(format!("<p>{text}\0</p>"));
        let stored = house.comment_of(&house.receive(&written).await).await;
        assert_eq!(stored.text.as_str(), expected, "{text:?}");
        assert_eq!(stored.quoted.as_deref(), expected_quoted, "{text:?}");
        let html = stored.html.unwrap();
        assert!(!html.contains('\0') && !html.contains(token.as_str()), "{html}");
    }
    let (head, tail) = token.as_str().split_at(20);
    for html in [
        format!(
            "<a href=\"mailto:desk%2B{}@example.org\">Mesa</a>",
            token.as_str()
        ),
        format!("[ref:{head}<br>&gt; <b>{tail}</b>]"),
    ] {
        let mut written = from(ANA).at_token(&token);
        written.mail.html = Some(html);
        let stored = house.comment_of(&house.receive(&written).await).await;
        assert_eq!(stored.html, None);
    }
    let file_alone = from(ANA).answering(&told).text("").file("a.txt", "a");
    let stored = house.comment_of(&house.receive(&file_alone).await).await;
    assert_eq!((stored.text.as_str(), stored.attachments.len()), ("", 1));
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_between_characters_and_goes_along_as_a_file() {
    let (mut house, told) = asked().await;
    house.incoming.limits.text = 5;
    let mut written = from(ANA).answering(&told).text("ññññ");
    written.mail.html = Some("<p>ññññ</p>".to_owned());
    written.mail.remarks = vec![Remark::TextCut];
    let entry = house.receive(&written).await;
    let stored = house.comment_of(&entry).await;
    assert_eq!((stored.text.as_str(), stored.html.as_deref()), ("ññ", None));
    let file = &stored.attachments[0];
    assert_eq!(
        (file.name.as_str(), file.content_type.as_str()),
        ("message.txt", "text/plain")
    );
    let content = house.store.attachment(stored.id, file.id).await.unwrap();
    assert_eq!(content.as_deref(), Some("ññññ".as_bytes()));
    assert!(entry.reason.unwrap().contains("too long"));
}

#[tokio::test]
async fn a_sender_who_writes_like_a_program_is_halted_until_they_slow_down() {
    let (mut house, told) = asked().await;
    house.incoming.policy.open_tickets = OpenTickets::Anyone;
    for kind in ["on a ticket", "of tickets"] {
        let mail = || match kind {
            "on a ticket" => from(ANA).answering(&told),
            _ => from("new@customer.example").subject("Otro"),
        };
        for number in 0..30 {
            let entry = house.receive(&mail()).await;
            assert_ne!(entry.outcome, Some(Outcome::Quarantined), "{kind}: {number}");
        }
        let entry = house.receive(&mail()).await;
        assert_eq!(entry.outcome, Some(Outcome::Quarantined), "{kind}");
        assert!(entry.reason.unwrap().contains("too many"), "{kind}");
        // Others are not held up.
        let other = house.receive(&from(TOMAS).vouched().answering(&told)).await;
        assert_eq!(other.outcome, Some(Outcome::Attached), "{kind}");
        house.clock.advance(Duration::from_mins(61));
        let entry = house.receive(&mail()).await;
        assert_ne!(entry.outcome, Some(Outcome::Quarantined), "{kind}: afterwards");
    }
}

#[tokio::test]
async fn a_comment_is_stored_while_messaging_is_off() {
    let (house, told) = asked().await;
    house.set(Parameter::MessagingTemplate, None).await;
    let owed = house.deliveries().await.len();
    let entry = house.receive(&from(ANA).answering(&told)).await;
    assert_eq!(entry.outcome, Some(Outcome::Attached));
    assert_eq!(house.deliveries().await.len(), owed);
}

#[tokio::test]
async fn whoever_writes_gets_mail_again() {
    use recado_ports::suppressions::Suppressions;
    let (house, told) = asked().await;
    let now = || recado_ports::clock::Clock::now(&*house.clock);
    for _ in 0..2 {
        house
            .store
            .record_hard_bounce(&address(ANA), "5.1.1 unknown", now())
            .await
            .unwrap();
        house.clock.advance(2 * DAY);
    }
    assert_eq!(
        house.context(None, now()).await.suppressed,
        BTreeSet::from([address(ANA)])
    );
    house.receive(&from(ANA).answering(&told)).await;
    assert_eq!(house.context(None, now()).await.suppressed, BTreeSet::new());
}

#[tokio::test]
async fn vacation_messages_between_two_installations_stop_by_themselves() {
    let (house, told) = asked().await;
    let mut other = House::with_inbox().await;
    other.secret = [8; 32];
    other
        .set(Parameter::FromAddress, Some("ayuda@other.example"))
        .await;
    other.incoming.policy.open_tickets = OpenTickets::Anyone;
    // Ana's address is the other desk's: our mail opens a ticket there, which is acknowledged.
    let mut ours = from("desk@example.org").subject("Solicitud 4711 [#4711-x]");
    ours.mail.message_id = Some(told.message_id.clone());
    ours.mail.recipients = vec![address("ayuda@other.example")];
    let entry = other.receive(&ours).await;
    assert_eq!(entry.outcome, Some(Outcome::Opened));
    let acknowledged: Vec<_> = other.deliveries().await;
    let acknowledgement = acknowledged
        .iter()
        .find(|mail| mail.recipient == address("desk@example.org"))
        .expect("the sender is told");
    assert!(
        other
            .message(acknowledgement.id)
            .await
            .contains("Auto-Submitted: auto-replied")
    );
    // Their acknowledgement reaches us, and nothing follows.
    let before = house.deliveries().await.len();
    let mut theirs = from("ayuda@other.example").answering(&told);
    theirs.mail.message_id = Some(acknowledgement.message_id.clone());
    let theirs = theirs.automatic(AutomaticSign::AutoSubmitted("auto-replied".to_owned()));
    assert_eq!(house.receive(&theirs).await.outcome, Some(Outcome::Automatic));
    assert_eq!(house.deliveries().await.len(), before);
    // Two people on holiday: each vacation message is automatic at the other side.
    for (desk, sender) in [(&house, "ana@example.com"), (&other, "desk@example.org")] {
        let before = desk.deliveries().await.len();
        let vacation = from(sender).automatic(AutomaticSign::AutoSubmitted("auto-replied".to_owned()));
        assert_eq!(desk.receive(&vacation).await.outcome, Some(Outcome::Automatic));
        assert_eq!(desk.deliveries().await.len(), before);
    }
    assert_eq!(house.state(told.id).await, State::Ready);
}
