//! Whose word a mail is, and on which ticket it belongs: every carrier alone, and everybody who holds one.

use std::fs;

use recado_tests::daemon::{Installation, Store};
use recado_tests::desk::{
    ANA, ANA_ELSEWHERE, ASSISTANT, DESK, EVA, LMTP, TOMAS, ana, authenticated, judged, tomas,
};
use recado_tests::mail_client::{Reply, deliver};
use recado_tests::mail_programs::{Person, Program, Received};
use recado_tests::on_both_databases;
use recado_tests::scene::Scene;
use reqwest::Method;
use serde_json::{Value, json};

on_both_databases!(
    answers_of_every_mail_program_are_posted,
    a_mail_that_comes_twice_is_posted_once
);

/// What Ana answers.
const TEXT: &str = "Sigue igual, señor Técnico.\n\n¿Puede venir hoy?";

/// The token in an address.
fn token(received: &Received) -> String {
    let address = &received.reply_to.as_ref().expect("a way back").email;
    let (_, rest) = address.split_once('+').expect("a plus-address");
    rest.split_once('@').expect("an address").0.to_owned()
}

async fn answers_of_every_mail_program_are_posted(store: &Store) {
    let scene = Scene::set_in(Installation::new(store, LMTP)).await;
    for (count, program) in (1..).zip(Program::ALL) {
        let answer = program.answer(&scene.received, TEXT);
        let comment = scene.posted(&answer).await;
        assert_eq!(comment["deliveries"][0]["recipient"], TOMAS, "{program:?}");
        let quoted = comment["quoted"].as_str().unwrap_or_default();
        assert!(
            quoted.contains("¿Sigue atascada?"),
            "{program:?} quotes: {quoted}"
        );
        assert!(
            !quoted.contains("[ref:"),
            "a capability is shown to others: {program:?}: {quoted}"
        );
        assert_eq!(scene.posted_count().await, count, "{program:?}");
    }
}

async fn a_mail_that_comes_twice_is_posted_once(store: &Store) {
    let scene = Scene::set_in(Installation::new(store, LMTP)).await;
    let answer = Program::Gmail.answer(&scene.received, TEXT);
    scene.desk.take(&answer);
    scene.desk.take(&answer.clone().under(
        "Received",
        "from a.test by b.test; Sun, 22 Nov 2026 10:00:00 +0000",
    ));
    let copies = scene.desk.copies_of(&answer, 2).await;
    assert_eq!(
        (&copies[0]["outcome"], &copies[1]["outcome"]),
        (&json!("attached"), &json!("duplicate"))
    );
    assert_eq!(scene.posted_count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_carrier_suffices_alone() {
    let scene = Scene::set(LMTP).await;
    let gmail = || Program::Gmail.answer(&scene.received, TEXT);
    let other = "<0102018f@eu-west-1.amazonses.com>";
    let token = token(&scene.received);
    let desk_and = |to: &str| format!("{to}, <desk+{token}@desk.test>");
    let answers = [
        (
            "the address alone",
            gmail().without("References").without("In-Reply-To"),
        ),
        (
            "In-Reply-To alone, References rewritten",
            gmail().with("References", other).sent_to(DESK),
        ),
        (
            "References alone, In-Reply-To rewritten",
            gmail().with("In-Reply-To", other).sent_to(DESK),
        ),
        (
            "the reference line alone",
            gmail()
                .with("In-Reply-To", other)
                .with("References", other)
                .sent_to(DESK),
        ),
        (
            "the token in Cc only",
            Program::Telephone
                .answer(&scene.received, TEXT)
                .sent_to(DESK)
                .with("To", TOMAS)
                .with("Cc", &desk_and(EVA)),
        ),
        (
            "the token in X-Original-To only",
            Program::Telephone
                .answer(&scene.received, TEXT)
                .sent_to(DESK)
                .under(
                    "X-Original-To",
                    &format!("desk+{}@desk.test", token.to_uppercase()),
                ),
        ),
    ];
    for (case, answer) in answers {
        println!("{case}");
        scene.posted(&answer).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_belong_to_the_person_post_in_their_own_name() {
    let scene = Scene::set(LMTP).await;
    let as_person = |name: &str, email: &str| {
        Program::Outlook.answer_as(&Person::new(name, email), &scene.received, TEXT)
    };
    // Another address of hers.
    let answer = authenticated(as_person("Ana Peña", ANA_ELSEWHERE));
    scene.posted(&answer).await;
    let mail = scene.desk.outcome_of(&answer).await;
    assert!(!mail["reason"].is_null(), "the desk is told: {mail:#}");

    // Her assistant, on her behalf: From is Ana, Sender the assistant.
    let mut answer = as_person("Ana Peña", ANA).with("Sender", ASSISTANT);
    answer = authenticated(answer);
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(
        (&mail["outcome"], mail["reason"].is_null()),
        (&json!("attached"), false),
        "{mail:#}"
    );
    let comments = scene.desk.mailed("4711").await;
    assert_eq!(comments[1]["author"]["email"], ASSISTANT, "{comments:#?}");

    // The same address, and nobody who vouches for it.
    let answer = as_person("Ana Peña", ANA_ELSEWHERE);
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(
        (&mail["outcome"], &mail["ticket"]),
        (&json!("quarantined"), &json!("4711")),
        "{mail:#}"
    );
    assert_eq!(scene.posted_count().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_in_the_same_microsoft_tenant_counts_where_the_path_is_trusted() {
    let colleague = Person::new("Luis", "luis@customer.test");
    let internal = |received: &Received| {
        Program::OutlookWeb
            .answer_as(&colleague, received, TEXT)
            .under("X-MS-Exchange-Organization-AuthAs", "Internal")
    };
    let trusting = Scene::set(&format!("{LMTP}exchange = [\"lmtp\"]\n")).await;
    let answer = internal(&trusting.received);
    trusting.desk.take(&answer);
    trusting.desk.posted("4711", &answer).await;

    // Anybody can write the header where no path is trusted, or another one is.
    for sections in [
        LMTP.to_owned(),
        format!("{LMTP}exchange = [\"imap\", \"pipe\"]\n"),
    ] {
        let wary = Scene::set(&sections).await;
        let answer = internal(&wary.received);
        wary.desk.take(&answer);
        let mail = wary.desk.outcome_of(&answer).await;
        assert_eq!(mail["outcome"], "quarantined", "{mail:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guessed_number_posts_for_nobody_but_an_authenticated_party() {
    let scene = Scene::set(LMTP).await;
    let guessed = |from: &Person| {
        Program::Telephone
            .answer_as(from, &scene.received, "Cierre el ticket.")
            .sent_to(DESK)
            .with("Subject", "Re: Impresora [#4711]")
            .with_body("Cierre el ticket.\r\n")
    };
    let eva = Person::new("Eva", EVA);
    let forged_results = guessed(&ana()).with(
        "Authentication-Results",
        "mx.evil.test; dmarc=pass header.from=customer.test",
    );
    for answer in [
        guessed(&ana()),
        forged_results,
        judged(guessed(&ana()), "fail"),
        authenticated(guessed(&eva)),
    ] {
        let mail = scene.outcome_of(&answer).await;
        assert_eq!(
            (&mail["outcome"], &mail["ticket"]),
            (&json!("quarantined"), &json!("4711")),
            "{mail:#}"
        );
        assert!(!mail["reason"].is_null(), "{mail:#}");
    }
    assert_eq!(scene.posted_count().await, 0);
    let answer = authenticated(guessed(&ana()));
    scene.posted(&answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_the_sender_wrote_below_the_trusted_ones_do_not_count() {
    let scene = Scene::set(LMTP).await;
    let mut answer = Program::Gmail.answer_as(&Person::new("Ana", ANA_ELSEWHERE), &scene.received, TEXT);
    // What the sender wrote, in the trusted server's name; then the trusted server's own, on top of it.
    answer = answer.under(
        "Authentication-Results",
        "mx.desk.test; dmarc=pass header.from=customer.test",
    );
    answer = answer.under(
        "Authentication-Results",
        "mx.desk.test; dmarc=fail header.from=customer.test",
    );
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(mail["outcome"], "quarantined", "{mail:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_token_waits_for_the_desk_and_is_accepted_with_one_action() {
    let scene = Scene::set(LMTP).await;
    let eva = Person::new("Eva Fuera", EVA);
    let answer = authenticated(Program::Gmail.answer_as(&eva, &scene.received, TEXT));
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(
        (&mail["outcome"], &mail["ticket"]),
        (&json!("quarantined"), &json!("4711")),
        "{mail:#}"
    );
    assert_eq!(scene.posted_count().await, 0);
    let waiting = scene.desk.api.all("/mails?ticket=4711&outcome=quarantined").await;
    assert_eq!(waiting.len(), 1, "it shows inside its ticket");

    let id = mail["id"].as_str().unwrap();
    let released = scene
        .desk
        .api
        .post(&format!("/mails/{id}/release"), json!({}))
        .await;
    assert_eq!(released["outcome"], "attached", "{released:#}");
    scene.desk.posted("4711", &answer).await;
    let again = scene
        .desk
        .api
        .send(Method::POST, &format!("/mails/{id}/release"), Some(&json!({})))
        .await;
    assert_eq!(again.status.as_u16(), 409, "{again:?}");
    assert_eq!(scene.posted_count().await, 1);

    // The address is remembered, and nobody else's is.
    let answer = authenticated(Program::Gmail.answer_as(&eva, &scene.received, "Otra cosa."));
    scene.posted(&answer).await;
    let other = Person::new("Otra", "otra@elsewhere.test");
    let answer = authenticated(Program::Gmail.answer_as(&other, &scene.received, "Yo también."));
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(mail["outcome"], "quarantined", "{mail:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_the_desk_turns_down_never_shows() {
    let scene = Scene::set(LMTP).await;
    let answer = authenticated(Program::Gmail.answer_as(&Person::new("Eva", EVA), &scene.received, TEXT));
    let mail = scene.outcome_of(&answer).await;
    let id = mail["id"].as_str().unwrap();
    let refused = scene
        .desk
        .api
        .post(&format!("/mails/{id}/refuse"), json!({}))
        .await;
    assert_eq!(refused["outcome"], "refused", "{refused:#}");
    assert_eq!(scene.posted_count().await, 0);
    let (status, raw) = scene.desk.api.bytes(&format!("/mails/{id}/raw")).await;
    assert_eq!(status.as_u16(), 200);
    assert!(
        raw.ends_with(&answer.raw()),
        "it is kept byte for byte: {}",
        String::from_utf8_lossy(&raw)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_token_posts_in_nobody_elses_name() {
    let scene = Scene::set(LMTP).await;
    let bea = Person::new("Bea", "bea@another.test");
    scene.desk.ticket_of("4712", &bea).await;
    scene.desk.comment("4712", "¿Y la suya?").await;
    let of_bea = scene.last_mail_to("bea@another.test", 2).await;

    // Bea answers hers to the address of Ana's.
    let swapped = scene.received.reply_to.as_ref().unwrap().email.clone();
    let answer = authenticated(Program::Telephone.answer(&of_bea, TEXT))
        .sent_to(&swapped)
        .with_body("Mi respuesta.\r\n");
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(mail["outcome"], "quarantined", "{mail:#}");

    // A token whose signature is not ours proves nothing, for whomever.
    let token = token(&scene.received);
    let (start, end) = token.split_at(token.len() / 2);
    let turned = if end.starts_with('a') { 'b' } else { 'a' };
    let broken = format!("desk+{start}{turned}{}@desk.test", &end[1..]);
    let answer = authenticated(Program::Telephone.answer(&scene.received, TEXT))
        .sent_to(&broken)
        .with("Subject", "Hola")
        .with_body("Mi respuesta.\r\n");
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(mail["outcome"], "quarantined", "{mail:#}");
    for number in ["4711", "4712"] {
        assert_eq!(scene.desk.mailed(number).await, Vec::<Value>::new(), "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_authors_are_nobody() {
    let scene = Scene::set(LMTP).await;
    let answer = || Program::Gmail.answer(&scene.received, TEXT);
    let twice = answer().under("From", "Tomás Técnico <tomas@desk.test>");
    let both = answer().with("From", "Ana <ana@customer.test>, Eva <eva@elsewhere.test>");
    for answer in [twice, both] {
        let mail = scene.outcome_of(&answer).await;
        assert_eq!(
            (&mail["outcome"], &mail["ticket"]),
            (&json!("quarantined"), &json!("4711")),
            "{mail:#}"
        );
    }
    assert_eq!(scene.posted_count().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_a_closed_ticket_opens_it_again() {
    let scene = Scene::set(LMTP).await;
    scene
        .desk
        .api
        .put("/tickets/4711", json!({ "status": "closed" }))
        .await;
    let answer = Program::AppleMail.answer(&scene.received, TEXT);
    scene.posted(&answer).await;
    assert_eq!(scene.ticket("4711").await["status"], "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_the_group_that_asked_answers_in_their_own_name() {
    let scene = Scene::set(LMTP).await;
    let members = json!({ "name": "Compras", "members": ["luis@branch.test"] });
    scene.desk.api.put("/groups/compras@customer.test", members).await;
    let group = Person::new("Compras", "compras@customer.test");
    scene.desk.ticket_of("4712", &group).await;
    scene.desk.comment("4712", "¿Cuántas?").await;
    let received = scene.last_mail_to("compras@customer.test", 2).await;
    let luis = Person::new("Luis", "luis@branch.test");
    let answer = authenticated(Program::Gmail.answer_as(&luis, &received, "Tres."));
    scene.desk.take(&answer);
    scene.desk.posted("4712", &answer).await;
    assert!(!scene.desk.outcome_of(&answer).await["reason"].is_null());

    let other = Person::new("Otro", "otro@branch.test");
    let answer = authenticated(Program::Gmail.answer_as(&other, &received, "Cuatro."));
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(mail["outcome"], "quarantined", "{mail:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_replayed_after_the_fault_was_mended_is_posted_once() {
    let scene = Scene::set(LMTP).await;
    let eva = Person::new("Eva", EVA);
    let answer = authenticated(Program::Gmail.answer_as(&eva, &scene.received, TEXT));
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(mail["outcome"], "quarantined", "{mail:#}");
    let replay = format!("/mails/{}/replay", mail["id"].as_str().unwrap());
    let same = scene.desk.api.post(&replay, json!({})).await;
    assert_eq!(same["outcome"], "quarantined", "nothing was mended: {same:#}");

    // She should have been on the ticket.
    let watchers = json!({ "watchers": [{ "name": "Eva", "email": EVA }] });
    scene.desk.api.put("/tickets/4711", watchers).await;
    let replayed = scene.desk.api.post(&replay, json!({})).await;
    assert_eq!(replayed["outcome"], "attached", "{replayed:#}");
    scene.desk.posted("4711", &answer).await;
    let again = scene.desk.api.send(Method::POST, &replay, Some(&json!({}))).await;
    assert_eq!(again.status.as_u16(), 409, "{again:?}");
    assert_eq!(scene.posted_count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ages_into_a_hint() {
    let scene = Scene::set(&format!("{LMTP}token_age = \"1ms\"\n")).await;
    // A change that comes more than a millisecond after the mail.
    scene.desk.ticket("4712").await;
    let answer = Program::Gmail.answer(&scene.received, TEXT);
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(
        (&mail["outcome"], &mail["ticket"]),
        (&json!("quarantined"), &json!("4711")),
        "{mail:#}"
    );
    let answer = authenticated(Program::Gmail.answer(&scene.received, TEXT));
    scene.posted(&answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_mails_signed_with_the_secret_before_are_posted() {
    let Scene {
        desk,
        server: _server,
        received,
    } = Scene::set(LMTP).await;
    let secret = desk.installation.path().join("secret");
    let desk = desk.crash(|| {
        let before = fs::read_to_string(&secret).unwrap();
        let rotated = format!("another secret, longer than 32 octets too\n{before}");
        fs::write(&secret, rotated).unwrap();
    });
    for program in [Program::Telephone, Program::OutlookWeb, Program::AnswersToFrom] {
        let answer = program.answer(&received, TEXT);
        desk.take(&answer);
        desk.posted("4711", &answer).await;
    }
    // Without the secret of before its signatures are nobody's.
    let desk = desk.crash(|| fs::write(&secret, "another secret, longer than 32 octets too\n").unwrap());
    let answer = Program::Gmail.answer(&received, TEXT);
    desk.take(&answer);
    let mail = desk.outcome_of(&answer).await;
    assert_eq!(mail["outcome"], "quarantined", "{mail:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_cannot_be_read_is_kept_and_posted_when_it_can() {
    let mut installation = Installation::new(&Store::Sqlite, LMTP);
    installation.set("RECADO_FAILPOINTS", "read.begun=panic");
    let Scene {
        mut desk,
        server,
        received,
    } = Scene::set_in(installation).await;
    let answer = Program::Gmail.answer(&received, TEXT);
    desk.take(&answer);
    let mail = desk.outcome_of(&answer).await;
    assert_eq!(mail["outcome"], "failed", "{mail:#}");
    assert!(!mail["reason"].is_null(), "{mail:#}");
    let replay = format!("/mails/{}/replay", mail["id"].as_str().unwrap());
    let same = desk.api.post(&replay, json!({})).await;
    assert_eq!(same["outcome"], "failed", "nothing was mended: {same:#}");

    desk.installation.unset("RECADO_FAILPOINTS");
    let desk = desk.crash(|| ());
    let replayed = desk.api.post(&replay, json!({})).await;
    assert_eq!(replayed["outcome"], "attached", "{replayed:#}");
    desk.posted("4711", &answer).await;
    let again = desk.api.send(Method::POST, &replay, Some(&json!({}))).await;
    assert_eq!(again.status.as_u16(), 409, "{again:?}");
    assert_eq!(desk.mailed("4711").await.len(), 1);
    assert_eq!(server.wait_for(2).await[1].to, TOMAS);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_technicians_answer_goes_to_the_requester() {
    let scene = Scene::set(LMTP).await;
    let answer = Program::Gmail.answer(&scene.received, TEXT);
    scene.posted(&answer).await;
    let of_tomas = scene.last_mail_to(TOMAS, 2).await;
    assert!(of_tomas.text.contains("¿Puede venir hoy?"), "{}", of_tomas.text);
    assert!(
        !of_tomas.text.contains("¿Sigue atascada?"),
        "the quote stays behind: {}",
        of_tomas.text
    );
    let answer = Program::Outlook.answer(&of_tomas, "Voy a las cinco.");
    assert_eq!(answer.from.email, tomas().email);
    scene.posted(&answer).await;
    let of_ana = scene.last_mail_to(ANA, 3).await;
    assert!(of_ana.text.contains("Voy a las cinco."), "{}", of_ana.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_of_a_mail_by_lmtp_has_an_answer_of_its_own() {
    let scene = Scene::set(LMTP).await;
    let answer = Program::Gmail.answer(&scene.received, TEXT);
    let replies = deliver(
        scene.desk.daemon.lmtp(),
        ANA,
        &[&answer.to[0], "no address", DESK],
        &answer.raw(),
    );
    let codes: Vec<u16> = replies.iter().map(Reply::code).collect();
    assert_eq!((codes[0], codes[1] / 100, codes[2]), (250, 5, 250), "{replies:?}");
    scene.desk.posted("4711", &answer).await;
    assert_eq!(scene.posted_count().await, 1, "one comment per mail");
}
