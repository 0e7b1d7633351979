//! Mails that open tickets: whose, when, and what their senders are told.

use recado_tests::desk::{ANA, DESK, EVA, LMTP, ana, authenticated};
use recado_tests::mail_programs::{Answer, Person, Program, Received};
use recado_tests::scene::Scene;
use serde_json::json;

/// What Ana answers.
const TEXT: &str = "Sigue igual, señor Técnico.\n\n¿Puede venir hoy?";

#[tokio::test(flavor = "multi_thread")]
async fn who_may_open_tickets_is_configured() {
    let cases = [
        ("anyone", ["opened", "opened"]),
        ("known", ["opened", "quarantined"]),
        ("nobody", ["quarantined", "quarantined"]),
    ];
    for (policy, expected) in cases {
        let scene = Scene::set(&format!("{LMTP}open_tickets = \"{policy}\"\n")).await;
        for from in [ANA, EVA] {
            let mail = Answer::to_none(&Person::new("", from), DESK, "No hay red", "No hay red.");
            scene.desk.take(&authenticated(mail));
        }
        let ledger = scene.desk.ledger(2).await;
        let outcomes: Vec<_> = ledger
            .iter()
            .map(|mail| mail["outcome"].as_str().unwrap())
            .collect();
        assert_eq!(outcomes, expected, "{policy}: {ledger:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_acknowledgement_of_a_new_ticket_leads_to_it() {
    let scene = Scene::set(LMTP).await;
    let mail = authenticated(Answer::to_none(
        &ana(),
        DESK,
        "No hay red",
        "No hay red desde ayer.",
    ));
    scene.desk.take(&mail);
    let opened = scene.desk.outcome_of(&mail).await;
    assert_eq!(opened["outcome"], "opened", "{opened:#}");
    let number = opened["ticket"].as_str().unwrap();
    let mails = scene.server.wait_for(2).await;
    assert_eq!(
        (mails[1].to.as_str(), mails[1].header("Auto-Submitted").as_str()),
        (ANA, "auto-replied")
    );
    let received = Received::read(&mails[1].raw);
    assert!(
        received.subject.contains(&format!("[#{number}]")) && received.text.contains(number),
        "{}: {}",
        received.subject,
        received.text
    );
    for program in [Program::Telephone, Program::AnswersToFrom] {
        let answer = program.answer(&received, "Y el teléfono tampoco va.");
        scene.desk.take(&answer);
        scene.desk.posted(number, &answer).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_contact_with_a_new_subject_opens_a_ticket() {
    let scene = Scene::set(LMTP).await;
    let answer = authenticated(Program::Telephone.answer(&scene.received, TEXT))
        .with("Subject", "El monitor parpadea")
        .with_body("El monitor parpadea.\r\n");
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(mail["outcome"], "opened", "{mail:#}");
    assert_ne!(mail["ticket"], "4711");
    let ticket = scene.ticket(mail["ticket"].as_str().unwrap()).await;
    assert_eq!(
        (&ticket["title"], &ticket["requester"]["email"]),
        (&json!("El monitor parpadea"), &json!(ANA)),
        "{ticket:#}"
    );
    assert_eq!(scene.posted_count().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_long_after_the_end_opens_a_ticket_that_follows() {
    let scene = Scene::set(&format!("{LMTP}reopen = \"1ms\"\n")).await;
    scene
        .desk
        .api
        .put("/tickets/4711", json!({ "status": "closed" }))
        .await;
    // Two changes that must come more than a millisecond after.
    scene.desk.ticket("4712").await;
    scene.desk.ticket("4713").await;
    let answer = Program::AppleMail.answer(&scene.received, TEXT);
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(mail["outcome"], "opened", "{mail:#}");
    let number = mail["ticket"].as_str().unwrap();
    let ticket = scene.ticket(number).await;
    assert_eq!(
        (
            &ticket["follows"],
            &ticket["requester"]["email"],
            &ticket["status"]
        ),
        (&json!("4711"), &json!(ANA), &json!("open")),
        "{ticket:#}"
    );
    assert_eq!(scene.ticket("4711").await["status"], "closed");
    assert_eq!(scene.posted_count().await, 0);
    let comments = scene.desk.mailed(number).await;
    let text = comments[0]["text"].as_str().unwrap();
    assert!(answer.is_said_in(text), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_new_subjects_is_kept_and_not_echoed() {
    let scene = Scene::set(&format!("{LMTP}open_tickets = \"anyone\"\n")).await;
    let eva = Person::new("Eva", EVA);
    let mails: Vec<_> = (0..40)
        .map(|number| Answer::to_none(&eva, DESK, &format!("Asunto {number}"), "Hola."))
        .collect();
    for mail in &mails {
        scene.desk.take(mail);
    }
    let ledger = scene.desk.ledger(mails.len()).await;
    let with = |outcome: &str| ledger.iter().filter(|mail| mail["outcome"] == outcome).count();
    assert_eq!(with("opened") + with("quarantined"), mails.len(), "{ledger:#?}");
    assert!(with("opened") > 0 && with("quarantined") > 0, "{ledger:#?}");
    // One acknowledgement an hour to an address that nobody vouches for.
    let owed = scene.desk.api.all("/deliveries").await;
    let acknowledgements = owed.iter().filter(|delivery| delivery["recipient"] == EVA);
    assert_eq!(acknowledgements.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_programs_open_tickets_and_others_do_not() {
    let scene = Scene::set(&format!("{LMTP}monitoring = [\"nagios@mon.test\"]\n")).await;
    for (from, outcome) in [("nagios@mon.test", "opened"), ("cron@mon.test", "automatic")] {
        let mail = Answer::to_none(&Person::new("", from), DESK, "PROBLEM: disk", "Full.")
            .with("Auto-Submitted", "auto-generated");
        scene.desk.take(&authenticated(mail.clone()));
        let found = scene.desk.outcome_of(&mail).await;
        assert_eq!(found["outcome"], outcome, "{found:#}");
    }
}
