//! Reading a mailbox on a real server: at once, in rounds, over renumbering and lost connections, each mail once.

use recado_test_support::servers::dovecot::Announcing;
use recado_test_support::servers::{Dovecot, Postgres};
use recado_test_support::smtp_server::SmtpServer;
use recado_tests::daemon::{Installation, Store};
use recado_tests::desk::{ANA, DESK, Desk, PATIENCE, Protocol, TOMAS};
use recado_tests::mail_programs::{Program, Received};

/// Looking at the mailbox so seldom takes longer than a test: what is taken is taken because the server told of it.
const IDLE_ALONE: &str = "1h";

/// How often a mailbox is looked at, and whose certificate its server may show; also without TLS from the first byte,
/// since the server offers STARTTLS.
fn sections(poll: &str, mailboxes: &Dovecot) -> String {
    let ca_file = mailboxes.ca_file();
    format!(
        "[inbound]\npoll = \"{poll}\"\nca_file = \"{}\"\n",
        ca_file.display()
    )
}

const TEXT: &str = "Sigue igual.";

/// A desk that reads a mailbox, and Ana's copy of a comment on ticket 4711.
struct Scene {
    desk: Desk,
    mailboxes: Dovecot,
    received: Received,
    server: SmtpServer,
}

async fn scene(poll: &str, protocol: Protocol) -> Option<Scene> {
    let mailboxes = Dovecot::for_this_test(&[DESK])?;
    let server = SmtpServer::start().await;
    let desk = Desk::start(&sections(poll, &mailboxes));
    desk.sends_through(server.port()).await;
    desk.reads(&mailboxes, DESK, protocol).await;
    desk.ticket("4711").await;
    desk.comment("4711", "¿Sigue atascada?").await;
    let received = Received::read(&server.wait_for(1).await[0].raw);
    Some(Scene {
        desk,
        mailboxes,
        received,
        server,
    })
}

impl Scene {
    /// Puts an answer into the mailbox, and waits until it is posted.
    async fn answer(&self) {
        let answer = Program::Gmail.answer(&self.received, TEXT);
        self.mailboxes.append(DESK, &answer.raw());
        self.desk.posted("4711", &answer).await;
    }

    /// Waits until every mail in the mailbox is marked.
    fn wait_until_all_are_seen(&self, count: usize) {
        self.mailboxes.wait_until(DESK, PATIENCE, |mails| {
            mails.len() == count && mails.iter().all(|mail| mail.has("\\Seen"))
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_taken_the_moment_that_the_server_tells_of_it() {
    let Some(scene) = scene(IDLE_ALONE, Protocol::Imap).await else {
        return;
    };
    // One to be sure that the mailbox is open, one that only IDLE can tell of.
    scene.answer().await;
    scene.wait_until_all_are_seen(1);
    scene.answer().await;
    scene.wait_until_all_are_seen(2);
    assert_eq!(scene.desk.mailed("4711").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seen_mail_is_in_the_ledger() {
    let Some(scene) = scene(IDLE_ALONE, Protocol::Imap).await else {
        return;
    };
    for count in 1..=5 {
        let answer = Program::Gmail.answer(&scene.received, TEXT);
        scene.mailboxes.append(DESK, &answer.raw());
        scene.wait_until_all_are_seen(count);
        // Not a moment later: the mark says that the mail is kept.
        let ledger = scene.desk.api.all("/mails").await;
        assert_eq!(ledger.len(), count, "{ledger:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_mails_than_a_round_takes_are_all_taken() {
    let Some(mailboxes) = Dovecot::for_this_test(&[DESK]) else {
        return;
    };
    let server = SmtpServer::start().await;
    let desk = Desk::start(&sections(IDLE_ALONE, &mailboxes));
    desk.sends_through(server.port()).await;
    desk.ticket("4711").await;
    // The desk's way back opens when parameter 200 is set; until then nobody reads.
    desk.api.set(72, "5").await;
    desk.api.set(200, "Y").await;
    desk.comment("4711", "¿Sigue atascada?").await;
    let received = Received::read(&server.wait_for(1).await[0].raw);
    let answers: Vec<_> = (0..23)
        .map(|number| Program::Gmail.answer(&received, &format!("Respuesta {number}")))
        .collect();
    for answer in &answers {
        mailboxes.append(DESK, &answer.raw());
    }
    desk.reads(&mailboxes, DESK, Protocol::Imap).await;
    for answer in &answers {
        desk.posted("4711", answer).await;
    }
    assert_eq!(desk.mailed("4711").await.len(), answers.len());
    mailboxes.wait_until(DESK, PATIENCE, |mails| {
        mails.iter().all(|mail| mail.has("\\Seen"))
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renumbered_mailbox_loses_and_doubles_nothing() {
    let Some(scene) = scene(IDLE_ALONE, Protocol::Imap).await else {
        return;
    };
    for _ in 0..3 {
        scene.answer().await;
    }
    scene.wait_until_all_are_seen(3);
    scene.mailboxes.renumber(DESK);
    // A person marks all as unread, too: all are read again, and known.
    scene.mailboxes.mark_unread(DESK);
    scene.answer().await;
    scene.wait_until_all_are_seen(4);
    assert_eq!(scene.desk.mailed("4711").await.len(), 4);
    let ledger = scene.desk.ledger(4).await;
    let attached = ledger.iter().filter(|mail| mail["outcome"] == "attached").count();
    let others = ledger
        .iter()
        .filter(|mail| mail["outcome"] != "duplicate")
        .count();
    assert_eq!((attached, others), (4, 4), "{ledger:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_made_again() {
    let Some(scene) = scene(IDLE_ALONE, Protocol::Imaps).await else {
        return;
    };
    for _ in 0..3 {
        scene.answer().await;
        scene.mailboxes.kick(DESK);
    }
    scene.answer().await;
    scene.wait_until_all_are_seen(4);
    assert_eq!(scene.desk.mailed("4711").await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_waits_while_the_daemon_is_down_is_taken_when_it_is_back() {
    let Some(scene) = scene(IDLE_ALONE, Protocol::Imap).await else {
        return;
    };
    scene.answer().await;
    let answer = Program::Gmail.answer(&scene.received, TEXT);
    let mailboxes = &scene.mailboxes;
    let desk = scene.desk.crash(|| mailboxes.append(DESK, &answer.raw()));
    desk.posted("4711", &answer).await;
    mailboxes.wait_until(DESK, PATIENCE, |mails| {
        mails.len() == 2 && mails.iter().all(|mail| mail.has("\\Seen"))
    });
    assert_eq!(desk.mailed("4711").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_daemons_on_one_database_read_one_mailbox_and_take_each_mail_once() {
    let Some(postgres) = Postgres::for_this_test() else {
        return;
    };
    let Some(mailboxes) = Dovecot::for_this_test(&[DESK]) else {
        return;
    };
    let server = SmtpServer::start().await;
    let store = Store::Postgres(postgres.database("mailbox"));
    let sections = sections(IDLE_ALONE, &mailboxes);
    let installation = Installation::new(&store, &sections);
    let second = installation.beside(&store, &sections);
    let desk = Desk::start_in(installation);
    let _second = second.serve();
    desk.sends_through(server.port()).await;
    desk.reads(&mailboxes, DESK, Protocol::Imap).await;
    desk.ticket("4711").await;
    desk.comment("4711", "¿Sigue atascada?").await;
    let received = Received::read(&server.wait_for(1).await[0].raw);
    let answers: Vec<_> = (0..20)
        .map(|number| Program::Gmail.answer(&received, &format!("Respuesta {number}")))
        .collect();
    for answer in &answers {
        mailboxes.append(DESK, &answer.raw());
    }
    for answer in &answers {
        desk.posted("4711", answer).await;
    }
    mailboxes.wait_until(DESK, PATIENCE, |mails| {
        mails.iter().all(|mail| mail.has("\\Seen"))
    });
    assert_eq!(desk.mailed("4711").await.len(), answers.len());
    let ledger = desk.ledger(answers.len()).await;
    assert_eq!(ledger.len(), answers.len(), "{ledger:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_a_person_opened_first_is_taken_all_the_same() {
    let Some(scene) = scene(IDLE_ALONE, Protocol::Imap).await else {
        return;
    };
    scene.answer().await;
    scene.wait_until_all_are_seen(1);
    let answer = Program::Gmail.answer(&scene.received, TEXT);
    let mailboxes = &scene.mailboxes;
    let desk = scene.desk.crash(|| {
        mailboxes.append(DESK, &answer.raw());
        mailboxes.mark_read(DESK);
    });
    desk.posted("4711", &answer).await;
    assert_eq!(desk.mailed("4711").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_server_that_is_down_for_a_while_loses_nothing() {
    let Some(scene) = scene(IDLE_ALONE, Protocol::Imap).await else {
        return;
    };
    scene.answer().await;
    scene.mailboxes.crash();
    // The way out and the desk go on meanwhile.
    scene.desk.comment("4711", "¿Sigue ahí?").await;
    assert_eq!(scene.server.wait_for(3).await.len(), 3);
    scene.mailboxes.recover();
    scene.answer().await;
    scene.wait_until_all_are_seen(2);
    assert_eq!(scene.desk.mailed("4711").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_without_idle_is_looked_at() {
    let Some(mailboxes) = Dovecot::for_this_test_as(&[DESK], Announcing::NoIdle) else {
        return;
    };
    let server = SmtpServer::start().await;
    let desk = Desk::start(&sections("200ms", &mailboxes));
    desk.sends_through(server.port()).await;
    desk.reads(&mailboxes, DESK, Protocol::Imap).await;
    desk.ticket("4711").await;
    desk.comment("4711", "¿Sigue atascada?").await;
    let received = Received::read(&server.wait_for(1).await[0].raw);
    for program in [Program::Gmail, Program::Outlook] {
        let answer = program.answer(&received, TEXT);
        mailboxes.append(DESK, &answer.raw());
        desk.posted("4711", &answer).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_folder_is_read_where_parameter_28_says_so() {
    let Some(mailboxes) = Dovecot::for_this_test(&[DESK]) else {
        return;
    };
    mailboxes.create_folder(DESK, "Peticiones.Año");
    let server = SmtpServer::start().await;
    let desk = Desk::start(&sections(IDLE_ALONE, &mailboxes));
    desk.sends_through(server.port()).await;
    desk.api.set(28, "Peticiones.Año").await;
    desk.reads(&mailboxes, DESK, Protocol::Imap).await;
    desk.ticket("4711").await;
    desk.comment("4711", "¿Sigue atascada?").await;
    let received = Received::read(&server.wait_for(1).await[0].raw);
    let answer = Program::Gmail.answer(&received, TEXT);
    mailboxes.append_to(DESK, "Peticiones.Año", &answer.raw());
    desk.posted("4711", &answer).await;
    assert_eq!(desk.mailed("4711").await[0]["author"]["email"], ANA);
    assert_eq!(desk.mailed("4711").await[0]["deliveries"][0]["recipient"], TOMAS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_mended_without_a_restart() {
    let Some(scene) = scene("200ms", Protocol::Imap).await else {
        return;
    };
    scene.answer().await;
    scene.desk.api.set(25, "wrong").await;
    scene.mailboxes.kick(DESK);
    let doctor = scene.desk.installation.run(&["doctor"]);
    let told = String::from_utf8_lossy(&doctor.stdout);
    assert!(
        !doctor.status.success() && told.contains("AUTHENTICATIONFAILED"),
        "{told}"
    );
    let answer = Program::Gmail.answer(&scene.received, TEXT);
    scene.mailboxes.append(DESK, &answer.raw());
    scene.desk.reads(&scene.mailboxes, DESK, Protocol::Imap).await;
    scene.desk.posted("4711", &answer).await;
    assert_eq!(scene.desk.mailed("4711").await.len(), 2);
}
