//! There and back through real servers: a comment, its mail in a mailbox, the answer, the comment that it becomes, the
//! mail about that, and the answer to it; by every way in, as every mail program answers.

use std::collections::HashMap;
use std::fs;

use recado_test_support::servers::postfix::Route;
use recado_test_support::servers::{Dovecot, Postfix};
use recado_tests::daemon::{Installation, Store};
use recado_tests::desk::{ANA, DESK, Desk, LMTP, PATIENCE, Protocol, TOMAS};
use recado_tests::mail_client::submit;
use recado_tests::mail_programs::{Answer, Program, Received};

/// What Ana answers, and then Tomás.
const ANSWER: &str = "Sigue igual, señor Técnico.\n\n¿Puede venir hoy? 😀";
const SECOND_ANSWER: &str = "Voy a las cinco.\n\nSaludos";

/// Who Postfix runs programs as.
const NOBODY: u32 = 65534;

/// Reading the mailbox by polling would take longer than the test.
const IDLE_ALONE: &str = "[inbound]\npoll = \"1h\"\n";

fn ticket(program: Program) -> String {
    format!("T-{program:?}")
}

/// The mails in somebody's mailbox, by the ticket in their subject.
fn by_ticket(mailboxes: &Dovecot, user: &str) -> HashMap<String, Received> {
    let mails = mailboxes.wait_for_mails(user, Program::ALL.len(), PATIENCE);
    let by_ticket: HashMap<_, _> = mails
        .iter()
        .map(|mail| {
            let received = Received::read(&mail.raw);
            let tag = received.subject.rsplit_once("[#").expect("a tag").1;
            (tag.trim_end_matches(']').to_owned(), received)
        })
        .collect();
    assert_eq!(
        (by_ticket.len(), mails.len()),
        (Program::ALL.len(), Program::ALL.len())
    );
    by_ticket
}

/// Everybody's answers to their mails.
fn answers(mails: &HashMap<String, Received>, text: &str) -> Vec<(String, Answer)> {
    let answer = |program: Program| {
        let number = ticket(program);
        let answer = program.answer(&mails[&number], text);
        (number, answer)
    };
    Program::ALL.into_iter().map(answer).collect()
}

/// Goes there and back twice, with a ticket for every mail program.
async fn round_trip(desk: &Desk, postfix: &Postfix, mailboxes: &Dovecot, via: &str) {
    for program in Program::ALL {
        desk.ticket(&ticket(program)).await;
        desk.comment(&ticket(program), "¿Sigue atascada?\n\nTengo tiempo hoy.")
            .await;
    }
    for (person, text) in [(ANA, ANSWER), (TOMAS, SECOND_ANSWER)] {
        let answers = answers(&by_ticket(mailboxes, person), text);
        for (_, answer) in &answers {
            let recipients: Vec<&str> = answer.to.iter().map(String::as_str).collect();
            submit(postfix.relay(), person, &recipients, &answer.raw());
        }
        for (number, answer) in &answers {
            let comment = desk.posted(number, answer).await;
            assert_eq!(comment["author"]["email"], person);
            let quoted = comment["quoted"].as_str().unwrap_or_default();
            assert!(quoted.contains("Atiende"), "{number}: {quoted}");
        }
    }
    // Ana has Tomás's comments and his answers, Tomás has Ana's.
    mailboxes.wait_for_mails(ANA, 2 * Program::ALL.len(), PATIENCE);
    // Beside the answers there are Postfix's reports that it handed the mails on.
    let ledger = desk.ledger(2 * Program::ALL.len()).await;
    for mail in &ledger {
        assert_eq!(mail["via"], via, "{mail:#}");
        assert!(
            ["attached", "automatic"].contains(&mail["outcome"].as_str().unwrap_or_default()),
            "{mail:#}"
        );
    }
    let attached = ledger.iter().filter(|mail| mail["outcome"] == "attached");
    assert_eq!(attached.count(), 2 * Program::ALL.len());
    for program in Program::ALL {
        let comments = desk.mailed(&ticket(program)).await;
        assert_eq!(comments.len(), 2, "{program:?}: {comments:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_back_through_a_mailbox() {
    let Some(mailboxes) = Dovecot::for_this_test(&[DESK, ANA, TOMAS]) else {
        return;
    };
    let all = Route::Lmtp(mailboxes.lmtp());
    let Some(postfix) = Postfix::for_this_test_with(&[("desk.test", all.clone()), ("customer.test", all)])
    else {
        return;
    };
    let desk = Desk::start(&format!(
        "{IDLE_ALONE}ca_file = \"{}\"\n",
        mailboxes.ca_file().display()
    ));
    desk.sends_through(postfix.relay().port()).await;
    desk.reads(&mailboxes, DESK, Protocol::Imaps).await;
    round_trip(&desk, &postfix, &mailboxes, "imap").await;
    let count = 2 * Program::ALL.len();
    mailboxes.wait_until(DESK, PATIENCE, |mails| {
        mails.len() >= count && mails.iter().all(|mail| mail.has("\\Seen"))
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_back_by_lmtp() {
    let Some(mailboxes) = Dovecot::for_this_test(&[ANA, TOMAS]) else {
        return;
    };
    let desk = Desk::start(LMTP);
    let people = Route::Lmtp(mailboxes.lmtp());
    let routes = [
        (DESK, Route::Lmtp(desk.daemon.lmtp())),
        ("desk.test", people.clone()),
        ("customer.test", people),
    ];
    let Some(postfix) = Postfix::for_this_test_with(&routes) else {
        return;
    };
    desk.sends_through(postfix.relay().port()).await;
    round_trip(&desk, &postfix, &mailboxes, "lmtp").await;
}

/// By a program that Postfix runs for each mail.
async fn through_a_program(route: impl Fn(&Installation) -> Route) {
    let Some(mailboxes) = Dovecot::for_this_test(&[ANA, TOMAS]) else {
        return;
    };
    let installation = Installation::new(&Store::Sqlite, "").owned_by(NOBODY);
    let people = Route::Lmtp(mailboxes.lmtp());
    let routes = [
        (DESK, route(&installation)),
        ("desk.test", people.clone()),
        ("customer.test", people),
    ];
    let Some(postfix) = Postfix::for_this_test_with(&routes) else {
        return;
    };
    let desk = Desk::start_in(installation);
    desk.sends_through(postfix.relay().port()).await;
    // Mail is taken in, though from no mailbox.
    desk.api.set(200, "Y").await;
    round_trip(&desk, &postfix, &mailboxes, "pipe").await;
}

fn command(installation: &Installation) -> [String; 4] {
    let configuration = installation.path().join("recado.toml");
    [
        installation.binary().display().to_string(),
        "--config".to_owned(),
        configuration.display().to_string(),
        "receive".to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_back_through_a_pipe() {
    through_a_program(|installation| {
        let mut command = command(installation).to_vec();
        command.extend(["--to", "${recipient}"].map(str::to_owned));
        Route::Pipe(command)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_back_through_an_alias_file() {
    through_a_program(|installation| Route::Alias(command(installation).join(" "))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_piped_into_a_wrong_configuration_waits_until_it_is_mended() {
    let installation = Installation::new(&Store::Sqlite, "").owned_by(NOBODY);
    let route = Route::Alias(command(&installation).join(" "));
    let Some(postfix) = Postfix::for_this_test_with(&[(DESK, route)]) else {
        return;
    };
    let desk = Desk::start_in(installation);
    desk.sends_through(postfix.relay().port()).await;
    desk.api.set(200, "Y").await;
    desk.ticket("4711").await;
    desk.comment("4711", "¿Sigue atascada?").await;
    let answer = Program::Gmail.answer(&Received::read(&postfix.wait_for_mail(ANA, PATIENCE)), ANSWER);

    let configuration = desk.installation.path().join("recado.toml");
    let right = fs::read_to_string(&configuration).expect("the installation is ours");
    fs::write(&configuration, format!("{right}\n[inbond]\n")).expect("the installation is ours");
    submit(postfix.relay(), ANA, &[&answer.to[0]], &answer.raw());
    let log = postfix.wait_until_logged("status=deferred", PATIENCE);
    assert!(
        log.contains("inbond"),
        "the mail server's log names the fault:\n{log}"
    );
    fs::write(&configuration, right).expect("the installation is ours");
    desk.posted("4711", &answer).await;
    assert!(!postfix.log().contains("status=bounced"), "{}", postfix.log());
}
