//! What programs send: absence messages, reports of delivery, of failure, forged ones. None of it is anybody's word, and
//! none of it goes on for ever.

use std::time::Instant;

use recado_test_support::servers::postfix::Route;
use recado_test_support::servers::{Dovecot, Postfix};
use recado_test_support::smtp_server::SmtpServer;
use recado_tests::desk::{ANA, DESK, Desk, EVA, LMTP, PATIENCE, TOMAS, ana, delivery};
use recado_tests::mail_client::{NOBODY, submit};
use recado_tests::mail_programs::{Person, Program, Received, Vacation};
use recado_tests::scene::Scene;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_message_is_kept_and_goes_to_nobody() {
    let Scene {
        desk,
        server,
        received,
    } = Scene::set(LMTP).await;
    for vacation in Vacation::ALL {
        let (answer, sender) = vacation.answer(&received);
        desk.take_raw(&sender, &[&answer.to[0]], &answer.raw());
        let mail = desk.outcome_of(&answer).await;
        assert_eq!(
            (&mail["outcome"], &mail["ticket"]),
            (&json!("automatic"), &json!("4711")),
            "{vacation:?}: {mail:#}"
        );
    }
    assert_eq!(desk.mailed("4711").await, Vec::<Value>::new());
    // A person's word goes on, and nothing of the others' went before it.
    let answer = Program::Gmail.answer(&received, "Ya estoy de vuelta.");
    desk.take(&answer);
    desk.posted("4711", &answer).await;
    assert_eq!(server.wait_for(2).await[1].to, TOMAS);
    assert_eq!(server.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_of_our_own_that_come_back_are_nobodys_word() {
    let Scene { desk, server, .. } = Scene::set(LMTP).await;
    let mail = &server.wait_for(1).await[0];
    let reply_to = Received::read(&mail.raw).reply_to.expect("a way back");
    desk.take_raw(DESK, &[&reply_to.email], &mail.raw);
    let ledger = desk.ledger(1).await;
    assert_eq!(ledger[0]["outcome"], "automatic", "{ledger:#?}");
    assert_eq!(desk.mailed("4711").await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_that_answer_each_other_and_do_not_say_so_are_stopped() {
    let Scene { desk, server, .. } = Scene::set(LMTP).await;
    // Each mail of the desk's is answered, by nothing but its words a program.
    let mut answered = 0;
    let mut stopped = None;
    while stopped.is_none() {
        let mails = server.wait_for(answered + 1).await;
        let answer = Program::Gmail.answer(&Received::read(&mails[answered].raw), "Gracias por su mensaje.");
        answered += 1;
        assert!(answered <= 100, "{answered} mails, and no end");
        desk.take(&answer);
        let mail = desk.outcome_of(&answer).await;
        match mail["outcome"].as_str() {
            Some("attached") => {}
            Some("quarantined") => stopped = Some(mail),
            _ => panic!("{mail:#}"),
        }
    }
    // It waits on its ticket for the desk, and nobody is told of it.
    assert_eq!(stopped.expect("the loop ended")["ticket"], "4711");
    assert_eq!(desk.mailed("4711").await.len(), answered - 1);
    assert_eq!(server.count(), answered);
}

/// A desk at its own address, which opens tickets for whoever writes, and tells somebody who is absent.
struct House {
    desk: Desk,
    address: &'static str,
    absent: &'static str,
}

impl House {
    fn start(address: &'static str, absent: &'static str) -> Self {
        let sections =
            format!("{LMTP}open_tickets = \"anyone\"\n[desk]\naddress = \"{absent}\"\nname = \"Mesa\"\n");
        Self {
            desk: Desk::start(&sections),
            address,
            absent,
        }
    }

    /// How many mails came in and went out.
    async fn traffic(&self) -> (usize, usize) {
        let came = self.desk.api.all("/mails").await.len();
        (came, self.desk.api.all("/deliveries").await.len())
    }

    /// Whether every mail is judged, and every delivery at an end.
    async fn is_still(&self) -> bool {
        let (mails, deliveries) = (
            self.desk.api.all("/mails").await,
            self.desk.api.all("/deliveries").await,
        );
        let is_at_an_end = |delivery: &Value| {
            let state = delivery["state"].as_str().expect("a delivery has a state");
            ["sent", "dead", "cancelled"].contains(&state)
        };
        mails.iter().all(|mail| !mail["outcome"].is_null()) && deliveries.iter().all(is_at_an_end)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_desks_and_their_absent_people_come_to_rest() {
    let here = House::start("desk@here.test", "turno@here.test");
    let there = House::start("desk@there.test", "turno@there.test");
    let houses = [&here, &there];
    let routes = houses.map(|house| (house.address, Route::Lmtp(house.desk.daemon.lmtp())));
    let Some(postfix) = Postfix::for_this_test_with(&routes) else {
        return;
    };
    for house in houses {
        house.desk.sends_as(house.address, postfix.relay().port()).await;
    }
    // The requester here is the desk there, which opens a ticket, says so, and tells its absent shift.
    here.desk
        .ticket_of("4711", &Person::new("Mesa de allá", there.address))
        .await;
    here.desk.comment("4711", "¿Sigue atascada?").await;
    let opened = there.desk.ledger(1).await;
    assert_eq!(opened[0]["outcome"], "opened", "{opened:#?}");

    let deadline = Instant::now() + PATIENCE;
    let mut answered = [0, 0];
    loop {
        for (house, answered) in houses.iter().zip(&mut answered) {
            let mails = postfix.delivered_to(house.absent);
            for raw in &mails[*answered..] {
                let (answer, sender) = Vacation::Script.answer(&Received::read(raw));
                submit(postfix.relay(), &sender, &[&answer.to[0]], &answer.raw());
            }
            *answered = mails.len();
        }
        // A mail lies in an outbox, with Postfix, or in a ledger. Whatever moves between two looks shows in the counts.
        let before = (here.traffic().await, there.traffic().await, answered);
        let is_still = here.is_still().await && there.is_still().await && postfix.is_idle();
        let absent = houses.map(|house| postfix.delivered_to(house.absent).len());
        let after = (here.traffic().await, there.traffic().await, absent);
        if is_still && before == after {
            break;
        }
        assert!(Instant::now() < deadline, "no rest: {before:?}, then {after:?}");
    }
    assert!(answered[1] > 0, "nobody was told, and so nobody was absent");
    for house in houses {
        let (came, went) = house.traffic().await;
        assert!(
            came <= 4 && went <= 4,
            "{}: {came} came, {went} went",
            house.address
        );
    }
    assert_eq!(here.desk.mailed("4711").await, Vec::<Value>::new());
}

/// Postfix between a desk that takes mail by LMTP and people's mailboxes, of whom Ana has one.
async fn with_real_servers(sections: &str) -> Option<(Desk, Postfix, Dovecot)> {
    let mailboxes = Dovecot::for_this_test(&[ANA])?;
    let desk = Desk::start(&format!("{LMTP}{sections}"));
    let routes = [
        (DESK, Route::Lmtp(desk.daemon.lmtp())),
        ("customer.test", Route::Lmtp(mailboxes.lmtp())),
    ];
    let postfix = Postfix::for_this_test_with(&routes)?;
    desk.sends_through(postfix.relay().port()).await;
    Some((desk, postfix, mailboxes))
}

/// A mail to somebody who has no mailbox: Postfix takes it, and reports afterwards.
async fn a_bounce_marks_its_delivery(sections: &str) {
    let Some((desk, _postfix, mailboxes)) = with_real_servers(sections).await else {
        return;
    };
    let nobody = Person::new("Nadie", "nadie@customer.test");
    desk.ticket_of("4711", &nobody).await;
    let comment = desk.comment("4711", "¿Sigue atascada?").await;
    let path = format!("/deliveries/{}", delivery(&comment));
    let bounced = desk
        .api
        .wait_until(&path, |delivery| delivery["outcome"] == "bounced")
        .await;
    assert_eq!(bounced["state"], "sent", "{bounced:#}");
    let ledger = desk.ledger(1).await;
    let bounce = &ledger[0];
    assert_eq!(
        (&bounce["outcome"], &bounce["ticket"]),
        (&json!("bounce"), &json!("4711")),
        "{bounce:#}"
    );
    assert_eq!(
        (
            &bounce["bounce"]["recipient"],
            &bounce["bounce"]["status"],
            &bounce["bounce"]["permanent"]
        ),
        (&json!("nadie@customer.test"), &json!("5.1.1"), &json!(true)),
        "{bounce:#}"
    );
    let why = bounce["bounce"]["diagnostic"].as_str().unwrap_or_default();
    assert!(
        why.contains("User doesn't exist"),
        "the desk sees why: {bounce:#}"
    );
    assert_eq!(bounce["bounce"]["delivery"], bounced["id"], "{bounce:#}");
    assert_eq!(desk.mailed("4711").await, Vec::<Value>::new());
    assert!(mailboxes.mails(ANA).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_leads_back_by_the_message_id() {
    a_bounce_marks_its_delivery("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_leads_back_by_the_return_path() {
    a_bounce_marks_its_delivery("[mail]\nverp = true\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_final_report_says_delivered() {
    let Some((desk, _postfix, _mailboxes)) = with_real_servers("").await else {
        return;
    };
    // Dovecot offers no reports, so Postfix says that it relayed; its own mailbox is final.
    let cases = [(ana(), "relayed"), (Person::new("Eva", EVA), "delivered")];
    for (number, (person, outcome)) in ["1", "2"].into_iter().zip(cases) {
        desk.ticket_of(number, &person).await;
        let comment = desk.comment(number, "¿Sigue atascada?").await;
        let path = format!("/deliveries/{}", delivery(&comment));
        desk.api
            .wait_until(&path, |delivery| delivery["outcome"] == outcome)
            .await;
        assert_eq!(desk.mailed(number).await, Vec::<Value>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_report_changes_nothing() {
    let server = SmtpServer::start().await;
    let desk = Desk::start(LMTP);
    desk.sends_through(server.port()).await;
    desk.ticket("4711").await;
    let comment = desk.comment("4711", "¿Sigue atascada?").await;
    let mail = &server.wait_for(1).await[0];
    let id = delivery(&comment);
    let before = desk.api.wait_for_state(id, "sent").await;
    // Whoever forges knows the delivery's id, but cannot sign it.
    let (row, rest) = mail.message_id.split_once('.').expect("row and signature");
    let (signature, domain) = rest.split_once('@').expect("an id has a domain");
    let turned: String = signature.chars().rev().collect();
    for forged in [
        format!("{row}.{turned}@{domain}"),
        "unknown@recado.test".to_owned(),
    ] {
        let report = report(&forged);
        desk.take_raw(NOBODY, &[DESK], report.as_bytes());
    }
    let ledger = desk.ledger(2).await;
    for bounce in &ledger {
        assert_eq!(
            (&bounce["outcome"], &bounce["bounce"]["delivery"]),
            (&json!("bounce"), &Value::Null),
            "{bounce:#}"
        );
    }
    let after = desk.api.get(&format!("/deliveries/{id}")).await;
    assert_eq!(after, before, "a forged report");
    assert_eq!(desk.api.all("/suppressions").await, Vec::<Value>::new());
    // The real id does.
    desk.take_raw(NOBODY, &[DESK], report(&mail.message_id).as_bytes());
    desk.api
        .wait_until(&format!("/deliveries/{id}"), |delivery| {
            delivery["outcome"] == "bounced"
        })
        .await;
}

/// A report as RFC 3464 has it, about a mail with this Message-ID.
fn report(message_id: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mail.test (Mail Delivery System)\r\nTo: {DESK}\r\nSubject: Undelivered Mail\r\n\
         Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{}.report@mail.test>\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nThe mail system\r\n\r\n<{ANA}>: unknown\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.test\r\n\r\n\
         Final-Recipient: rfc822; {ANA}\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 unknown\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\nSubject: x\r\n\r\n--b--\r\n",
        message_id.len()
    )
}
