//! The hot queries use indexes on both databases: sizes of the tables must not show.
#![expect(clippy::unwrap_used, reason = "an error where none may be is a failed test")]

#[path = "store/databases.rs"]
mod databases;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::deserialize::QueryableByName;
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use recado_adapters_db::Database;
use recado_domain::audience::Viewer;
use recado_domain::audit::{Action, Entry, Who};
use recado_domain::channel::AccountId;
use recado_domain::ledger::Outcome;
use recado_domain::outbox::{DeliveryId, State};
use recado_domain::person::{Role, Standing};
use recado_domain::preference::{Muting, Preference, WhileOpen};
use recado_domain::ticket::{Ticket, TicketStatus};
use recado_ports::accounts::{AccountChange, AccountFilter, Accounts, ChangeAccountError};
use recado_ports::audit::{Audit, AuditFilter};
use recado_ports::channels::{Channels, Opening};
use recado_ports::comments::{Audience, Comments, ContextQuery, OnTicket, Retraction};
use recado_ports::events::Events;
use recado_ports::inbox::{Inbox, InboxQuery, View};
use recado_ports::ledger::{Ledger, MailFilter, SettleMail};
use recado_ports::outbox::{Claim, DeliveryFilter, Outbox, Revision, Settlement};
use recado_ports::page::{PageLimit, PageRequest};
use recado_ports::parameters::Parameters as _;
use recado_ports::people::{AddUserError, People, TokenHash};
use recado_ports::preferences::Preferences;
use recado_ports::sessions::Sessions;
use recado_ports::tickets::{TicketFilter, Tickets};
use recado_test_support::builders::{
    address, alert, ana, comment, id, idempotency, incoming, lease, link, session, settlement, ticket, user,
};
use recado_test_support::clock::START;
use recado_test_support::servers::Postgres;

const TABLES: [&str; 15] = [
    "outbox",
    "comment",
    "event",
    "outbox_message",
    "ticket",
    "ticket_watcher",
    "incoming_mail",
    "incoming_message",
    "app_user",
    "token",
    "session",
    "sign_in_link",
    "preference",
    "muted_ticket",
    "audit_entry",
];

/// Tables beside them that grow, which are not made large for PostgreSQL's test.
const OTHER_TABLES: [&str; 3] = ["delivery_attempt", "ticket_activity", "idempotency"];

/// Queries that another index would serve too, at the cost of reading what piled up over the years: a part of each, and
/// the index that it must use.
const INDEXES: [(&str, &str); 5] = [
    ("outbox.cause_kind = 'acknowledgement'", "outbox_acknowledgement"),
    ("(`incoming_mail`.`received_at` <", "incoming_mail_unnoticed"),
    ("(`incoming_mail`.`kept_since` <", "incoming_mail_kept"),
    ("(`incoming_mail`.`settled_at` >=", "incoming_mail_sender"),
    ("(`incoming_mail`.`fingerprint` =", "incoming_mail_fingerprint"),
];

/// Indexes that may be read from end to end: of what is under way, or waits for somebody; and the one by which mails that
/// came in are counted, once a minute.
const WALKED: [&str; 4] = [
    "outbox_held",
    "outbox_undelivered",
    "ticket_open_group",
    "incoming_mail_outcome",
];

/// What is done for each comment or mail, or every few seconds, each by a part of its statement.
const FREQUENT: [&str; 12] = [
    "UPDATE `outbox` SET `claimed_from` =",
    "UPDATE `outbox` SET `state` = ?, `attempts` =",
    "UPDATE `outbox` SET `state` = ?, `last_reply` = ?, `kept_since` =",
    "UPDATE `ticket_activity` SET `newest` =",
    "`outbox`.`lease_until` <",
    "`outbox`.`open_base` <",
    "COUNT(*), min(`outbox`.`created_at`)",
    "`outbox`.`kept_since` <",
    "DELETE FROM `outbox_message`",
    "SELECT `event`.`at` FROM `event`",
    "DELETE FROM `event`",
    "`idempotency`.`expires_at` <",
];

/// Lists of tickets, each by a part of its query, and the index that it must use.
const LISTS: [(&str, &str); 6] = [
    ("WHERE 1 = 1 ORDER BY", "ticket_activity_newest"),
    ("ticket.status = 'open' ORDER BY", "ticket_activity_open"),
    (
        "ticket.status = 'open' AND ticket.responsible_email =",
        "ticket_open_responsible",
    ),
    (
        "ticket.status = 'open' AND ticket.group_email IN",
        "ticket_open_group",
    ),
    (
        "app_user.role IN ('technician', 'administrator'))",
        "ticket_activity_open",
    ),
    ("(SELECT outbox.ticket FROM outbox", "outbox_undelivered"),
];

/// Every list of the desk's, and whatever else its pages ask for.
async fn look(database: &Arc<Database>) {
    let viewer = Viewer {
        email: address("tomas@example.com"),
        role: Role::Technician,
        groups: vec![address("mesa@example.com")],
    };
    for view in [
        View::All,
        View::Responsible,
        View::Asked,
        View::Groups,
        View::Unanswered,
        View::Undelivered,
    ] {
        for status in [None, Some(TicketStatus::Open)] {
            let query = InboxQuery {
                viewer: viewer.clone(),
                view,
                status,
                text: None,
            };
            Inbox::list(&**database, &query, &PageRequest::default())
                .await
                .unwrap();
        }
    }
    database.counts(&viewer).await.unwrap();
}

/// Everything that the daemon does all the time, often enough for PostgreSQL to settle on its plans.
async fn work(database: &Arc<Database>) {
    let page = PageRequest::default();
    let about = ticket("plans").build();
    let write = recado_ports::tickets::TicketWrite {
        ticket: about.clone(),
        expected: None,
        cut_off: BTreeSet::new(),
    };
    Tickets::put(&**database, write).await.unwrap();
    for _ in 0..8 {
        let accept = comment(&about).owing(&["ana@example.com", "eva@example.com"]);
        let said = accept.comment.id;
        database.accept(accept).await.unwrap();
        let claim = Claim {
            account: AccountId::DEFAULT,
            limit: 10,
            lease: lease(),
            lease_time: Duration::from_mins(1),
            now: START,
            blocked_after: Duration::from_mins(5),
            under: Some(revision(database).await),
        };
        let ids: Vec<_> = database
            .claim(&claim)
            .await
            .unwrap()
            .iter()
            .map(|claimed| claimed.delivery.id)
            .collect();
        assert!(!ids.is_empty());
        database.messages(&ids).await.unwrap();
        database.renew(claim.lease, Duration::from_mins(1)).await.unwrap();
        database.fence(claim.lease, &ids, START).await.unwrap();
        let sent: Vec<_> = ids
            .iter()
            .map(|id| {
                (
                    *id,
                    Settlement::Sent {
                        reply: "250".to_owned(),
                    },
                )
            })
            .collect();
        Outbox::settle(&**database, claim.lease, &sent, START)
            .await
            .unwrap();
        database.end_expired_leases(START, START).await.unwrap();
        database
            .tick(AccountId::DEFAULT, Opening::Open, START)
            .await
            .unwrap();
        database
            .expire(AccountId::DEFAULT, Duration::from_hours(24), START)
            .await
            .unwrap();
        database.next_due(AccountId::DEFAULT).await.unwrap();
        database.thread(about.id, &ana().email, 20).await.unwrap();
        let query = ContextQuery {
            ticket: OnTicket::Numbered(about.number.clone()),
            author: Some(address("tomas@example.com")),
            desk: None,
            idempotency: Some(idempotency("k", "digest", START).key),
            account: AccountId::DEFAULT,
            thread_length: 10,
            now: START,
        };
        database.context(&query).await.unwrap();
        Outbox::find(&**database, ids[0]).await.unwrap();
        let dead = DeliveryFilter {
            states: vec![State::Dead],
            ..DeliveryFilter::default()
        };
        Outbox::list(&**database, &dead, &page).await.unwrap();
        let of_ticket = DeliveryFilter {
            ticket: Some(about.id),
            ..DeliveryFilter::default()
        };
        Outbox::list(&**database, &of_ticket, &page).await.unwrap();
        Comments::list(&**database, about.id, &Audience::Public { reader: None }, &page)
            .await
            .unwrap();
        Comments::find(&**database, about.id, said).await.unwrap();
        let latest = database.latest(about.id, &Audience::Desk, Some(said), PageLimit::default());
        latest.await.unwrap();
        let held = comment(&about).held_until(START).owing(&[]);
        database.accept(held).await.unwrap();
        assert_eq!(database.next_held().await.unwrap(), Some(START));
        assert_eq!(database.release_held(START, 10).await.unwrap(), 1);
        assert!(database.index_comments(10).await.unwrap() > 0);
        database.mark_read(&ana().email, about.id, START).await.unwrap();
        database
            .retract(about.id, said, Retraction::MakeInternal, &[], START)
            .await
            .unwrap();
        let version = Tickets::find(&**database, &about.number)
            .await
            .unwrap()
            .map(|ticket| ticket.version);
        let write = recado_ports::tickets::TicketWrite {
            ticket: about.clone(),
            expected: version,
            cut_off: BTreeSet::from([ana().email]),
        };
        Tickets::put(&**database, write).await.unwrap();
        let newest = database.newest().await.unwrap();
        database.after(newest, 100).await.unwrap();
        Tickets::list(&**database, &TicketFilter::default(), &page)
            .await
            .unwrap();
        database.find_token(&TokenHash("0".repeat(64))).await.unwrap();
        take_mail_in(database, &about, &ids).await;
        serve_pages(database, &about).await;
    }
}

/// What is counted and forgotten once a minute. PostgreSQL counts and forgets everything by reading everything, and does right.
async fn keep_house(database: &Arc<Database>) {
    Outbox::depth(&**database).await.unwrap();
    Ledger::depth(&**database).await.unwrap();
    let later = START + Duration::from_secs(1);
    assert!(database.forget_messages(later, 100).await.unwrap() > 0);
    assert!(database.forget(later).await.unwrap() > 0);
    database.forget_idempotency(later, 10).await.unwrap();
}

/// Everything that the daemon does for people who use the pages, the search for an account's text aside.
async fn serve_pages(database: &Arc<Database>, about: &Ticket) {
    let page = PageRequest::default();
    let mut owner = user("plans@example.com", Role::Administrator);
    if let Err(AddUserError::Exists(email)) = database.add_user(&owner, None).await {
        owner = database.find_user(&email).await.unwrap().unwrap();
    }
    let email = owner.party.email.clone();
    let (link, by_link, by_password) = (link(email.as_str()), session(&owner), session(&owner));
    database.add_link(&link).await.unwrap();
    database.find_link(&link.hash, START).await.unwrap().unwrap();
    database.redeem(&link.hash, &by_link, None).await.unwrap();
    database.open(&by_password).await.unwrap();
    Sessions::find(&**database, &by_link.hash, START)
        .await
        .unwrap()
        .unwrap();
    database.prolong(by_link.id, by_link.ends_at).await.unwrap();
    database.end(by_password.id).await.unwrap();
    database.end_all(owner.id, None).await.unwrap();
    database.forget_ended(START, 10).await.unwrap();
    database.has_administrator().await.unwrap();
    for role in [None, Some(Role::Administrator)] {
        let filter = AccountFilter { text: None, role };
        database.accounts(&filter, &page).await.unwrap();
    }
    database.account(&email).await.unwrap();
    database.password(&email).await.unwrap();
    for known in [&email, &ana().email] {
        database.known_name(known).await.unwrap();
    }
    let disabled = AccountChange {
        standing: Some(Standing::Disabled),
        ..AccountChange::default()
    };
    let left = database.change_account(owner.id, &disabled).await;
    assert!(
        left.is_ok() || matches!(left, Err(ChangeAccountError::LastAdministrator)),
        "{left:?}"
    );
    let active = AccountChange {
        standing: Some(Standing::Active),
        ..AccountChange::default()
    };
    database.change_account(owner.id, &active).await.unwrap();
    for of in [None, Some(owner.id)] {
        database.tokens(of, &page).await.unwrap();
    }
    database.revoke_token(id()).await.unwrap();
    let preference = Preference {
        while_open: WhileOpen::Quiet,
        ..Preference::default()
    };
    Preferences::put(&**database, &email, &preference).await.unwrap();
    Preferences::find(&**database, &email).await.unwrap();
    for muting in [Muting::Muted, Muting::Heard] {
        database.mute(&email, about.id, muting).await.unwrap();
        database.muting(&email, about.id).await.unwrap();
    }
    let looked_at = id();
    let until = START + Duration::from_secs(45);
    database
        .show_page(looked_at, &email, about.id, until)
        .await
        .unwrap();
    let among = [email.clone(), ana().email];
    assert!(
        !database
            .unwilling(about.id, &among, START)
            .await
            .unwrap()
            .looking
            .is_empty()
    );
    database.close_page(looked_at).await.unwrap();
    let recorded = Entry {
        id: id(),
        at: START,
        who: Who::Person(email.clone()),
        action: Action::ParameterSet,
        object: "417".to_owned(),
        before: None,
        after: None,
    };
    database.record(&recorded).await.unwrap();
    for person in [None, Some(&email)] {
        for action in [None, Some(Action::ParameterSet)] {
            for object in [None, Some("417")] {
                let filter = AuditFilter {
                    person: person.cloned(),
                    action,
                    object: object.map(str::to_owned),
                };
                Audit::list(&**database, &filter, &page).await.unwrap();
            }
        }
    }
}

/// Everything that the daemon does for a mail that comes in.
async fn take_mail_in(database: &Arc<Database>, about: &Ticket, mails: &[DeliveryId]) {
    let mail = incoming("plans").at_source(&format!("inbox;{}", id())).build();
    database.take(mail.clone()).await.unwrap();
    assert!(!database.pending(None, 10).await.unwrap().is_empty());
    assert!(database.pending(Some(mail.id), 10).await.unwrap().is_empty());
    Ledger::find(&**database, mail.id).await.unwrap();
    database.entry(mail.id).await.unwrap();
    database.copy_of(&mail.fingerprint, mail.id).await.unwrap();
    database.provenance(mails).await.unwrap();
    database.answers_for(&ana().email).await.unwrap();
    for nobody in ["nadie@example.com", "ana@example.com"] {
        database.is_known(&address(nobody)).await.unwrap();
        database.groups_of(&address(nobody)).await.unwrap();
    }
    for ticket in [Some(about.id), None] {
        database.recent(&ana().email, ticket, START).await.unwrap();
    }
    for to in [Some(ana().email), None] {
        database.acknowledged(to, START).await.unwrap();
    }
    let quarantined = settlement(mail.id, Outcome::Quarantined);
    Ledger::settle(&**database, quarantined).await.unwrap();
    let later = START + Duration::from_secs(1);
    assert!(!database.unnoticed(later, 10).await.unwrap().is_empty());
    let told = alert(mail.id).build();
    database.notice(mail.id, vec![told], START).await.unwrap();
    let attached = SettleMail {
        expected: Some(Outcome::Quarantined),
        ticket: Some(about.id),
        comment: Some(comment(about).by(ana()).owing(&["tomas@example.com"])),
        outcomes: vec![(mails[0], recado_domain::outbox::Outcome::Answered)],
        lifts: Some(ana().email),
        ..settlement(mail.id, Outcome::Attached)
    };
    Ledger::settle(&**database, attached).await.unwrap();
    let page = PageRequest::default();
    for outcome in [None, Some(Outcome::Attached), Some(Outcome::Failed)] {
        for ticket in [None, Some(about.id)] {
            let filter = MailFilter { outcome, ticket };
            Ledger::list(&**database, &filter, &page).await.unwrap();
        }
    }
    database.forget_raw(START, 10).await.unwrap();
}

/// The statements that diesel was given in this process.
static STATEMENTS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

struct Recorder;

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let statement = text.split(" -- binds").next().unwrap_or_default().to_owned();
            STATEMENTS.lock().unwrap().insert(statement);
        }
    }
}

/// Tables that nothing frequent may read from end to end.
fn large() -> impl Iterator<Item = &'static str> {
    TABLES.into_iter().chain(OTHER_TABLES)
}

/// The words of a statement that may be names.
fn names(statement: &str) -> impl Iterator<Item = &str> {
    statement.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_scans_no_large_table() {
    set_default_instrumentation(|| Some(Box::new(Recorder))).unwrap();
    let (database, directory) = databases::sqlite(databases::clock()).await;
    // Bringing a database up to date is done once.
    STATEMENTS.lock().unwrap().clear();
    work(&database).await;
    look(&database).await;
    keep_house(&database).await;
    let path = directory.path().join("recado.db");
    let mut raw = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let statements = STATEMENTS.lock().unwrap().clone();
    let planned: Vec<_> = statements
        .iter()
        .filter(|statement| {
            ["SELECT", "UPDATE", "DELETE", "INSERT", "WITH"]
                .iter()
                .any(|verb| statement.starts_with(verb))
        })
        .filter(|statement| large().any(|table| names(statement).any(|name| name == table)))
        .collect();
    assert!(planned.len() > 20, "{statements:#?}");
    for part in INDEXES.map(|(part, _)| part).into_iter().chain(FREQUENT) {
        let asked = planned.iter().any(|statement| statement.contains(part));
        assert!(asked, "{part}: {planned:#?}");
    }
    for statement in planned {
        let plan: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}"))
            .load(&mut raw)
            .unwrap();
        for Step { detail } in plan {
            // Walking an index in order is how the first page of a list is found; the log itself lies in its order.
            let is_cut_off = statement.contains("LIMIT");
            let is_end_of_log = is_cut_off && statement.contains("ORDER BY event.seq");
            let scanned = large().any(|table| {
                let walked = detail.strip_prefix(&format!("SCAN {table}"));
                walked.is_some_and(|how| {
                    how.is_empty() && !is_end_of_log
                        || how.starts_with(' ')
                            && !is_cut_off
                            && !WALKED.iter().any(|index| how.contains(index))
                })
            });
            // A ticket's own mails are few, and which tickets a list looks through is asked below; whatever else is cut off by
            // a limit must come in its order. What is counted by groups may be all that waits: SQLite would sort it in memory.
            let few = statement.contains("`outbox`.`ticket` = ?") || statement.contains("ORDER BY 2 DESC");
            let sorted =
                detail.contains("TEMP B-TREE") && is_cut_off && !few || detail.contains("FOR GROUP BY");
            assert!(!scanned && !sorted, "{detail}: {statement}");
            for (_, index) in INDEXES.iter().filter(|(part, _)| statement.contains(part)) {
                assert!(detail.contains(index), "{detail}: {statement}");
            }
        }
    }
    for (part, index) in LISTS {
        let mut lists = statements
            .iter()
            .filter(|statement| statement.contains(part) && statement.contains("ORDER BY 2 DESC"))
            .peekable();
        assert!(lists.peek().is_some(), "{part}: {statements:#?}");
        for statement in lists {
            let plan: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}"))
                .load(&mut raw)
                .unwrap();
            let plan: Vec<_> = plan.into_iter().map(|step| step.detail).collect();
            assert!(plan.join("; ").contains(index), "{plan:#?}: {statement}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_scans_no_large_table() {
    let Some((database, url, server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    let sql = Sql(Arc::new(server), url);
    let start = START.as_microsecond();
    sql.ask(format!(
        "INSERT INTO ticket SELECT gen_random_uuid(), 't' || n, 't' || n, 't' || n, '', '', 'r' || n || '@x.example',
                NULL, NULL, NULL, NULL, 'open', NULL, NULL, '{{}}', 1, {start}, {start} FROM generate_series(1, 2000) n;
         INSERT INTO comment SELECT gen_random_uuid(), ticket.id, '', 'a@x.example', 'text', 'public', 'message', 'api',
                NULL, {start}, NULL FROM ticket, generate_series(1, 20) n;
         INSERT INTO outbox (id, cause_kind, cause_id, ticket, account, sender, recipient, state, message_id, size,
                created_at, due_at, open_base)
           SELECT gen_random_uuid(), 'comment', comment.id, comment.ticket, 0, 'd@x.example', 'r@x.example',
                CASE WHEN n % 2 = 0 THEN 'sent' ELSE 'ready' END, 'm@x.example', 1, {start}, {start}, 0
           FROM (SELECT *, row_number() OVER () n FROM comment) comment;
         INSERT INTO outbox_message SELECT id, 'x' FROM outbox;
         INSERT INTO event (kind, ticket, subject, at)
           SELECT 'comment.created', ticket, id, {start} FROM comment;
         INSERT INTO ticket_watcher SELECT id, n, 'w', 'w' || n || number || '@x.example'
           FROM ticket, generate_series(1, 20) n;
         INSERT INTO incoming_mail (id, received_at, via, source, fingerprint, shown_from, shown_to, subject, size,
                kept_since, outcome, settled_at, ticket, sender)
           SELECT gen_random_uuid(), {start} + n, 'imap', 's' || n, md5(n::text), 'a', 'b', 'c', 1, {start} + n,
                (ARRAY['attached', 'automatic', 'quarantined', 'failed'])[1 + n % 4], {start}, ticket.id,
                'r' || n % 1000 || '@x.example'
           FROM (SELECT *, row_number() OVER () n FROM ticket, generate_series(1, 50)) ticket;
         UPDATE incoming_mail SET noticed_at = {start} WHERE outcome = 'quarantined';
         INSERT INTO incoming_message SELECT id, 'x' FROM incoming_mail;
         INSERT INTO app_user (id, name, email, role, standing, search_text)
           SELECT gen_random_uuid(), 'n', 'u' || n || '@x.example',
                CASE WHEN n % 1000 = 0 THEN 'administrator' ELSE 'requester' END, 'active', 'n' || n
           FROM generate_series(1, 20000) n;
         INSERT INTO token SELECT id, id, 'l', md5(email), {start} FROM app_user;
         INSERT INTO session SELECT id, id, md5(email), 'd', {start}, {start} + 86400000000, {start} + 86400000000
           FROM app_user;
         INSERT INTO sign_in_link SELECT md5(email), email, NULL, {start} + 86400000000 FROM app_user;
         INSERT INTO preference SELECT email, NULL, NULL, 'mail' FROM app_user;
         INSERT INTO muted_ticket SELECT ticket.id, 'u' || n || '@x.example' FROM ticket, generate_series(1, 10) n;
         INSERT INTO audit_entry SELECT gen_random_uuid(), {start}, 'u' || n % 20 || '@x.example',
                (ARRAY['parameter.set', 'mail.read', 'token.created'])[1 + n % 3], (n % 500)::text, NULL, NULL
           FROM generate_series(1, 50000) n;
         ANALYZE;"
    ))
    .await;
    let before = sql.ask(scans_of(&TABLES)).await;
    assert_eq!(before.lines().count(), TABLES.len(), "{before}");
    work(&database).await;
    sql.close(database).await;
    assert_eq!(
        sql.ask(scans_of(&TABLES)).await,
        before,
        "sequential scans by table"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_looks_at_few_mails_for_what_a_mail_must_wait_for() {
    let Some((database, url, server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    let sql = Sql(Arc::new(server), url);
    let start = START.as_microsecond();
    sql.ask(format!(
        "ALTER TABLE outbox SET (autovacuum_enabled = false);
         INSERT INTO ticket SELECT gen_random_uuid(), 't' || n, 't' || n, 't' || n, '', '', 'r@x.example',
                NULL, NULL, NULL, NULL, 'open', NULL, NULL, '{{}}', 1, {start}, {start} FROM generate_series(1, 20) n;"
    ))
    .await;
    // So many mails on each ticket.
    let queue = |mails: u32| {
        let text = format!(
            "INSERT INTO outbox (id, cause_kind, cause_id, ticket, account, sender, recipient, state, message_id, size,
                created_at, due_at, open_base)
             SELECT gen_random_uuid(), 'comment', gen_random_uuid(), ticket.id, 0, 'd@x.example', 'r@x.example',
                'ready', 'm@x.example', 1, {start}, {start}, 0
             FROM ticket, generate_series(1, {mails}) n;"
        );
        sql.ask(text)
    };
    // A backlog of which nothing has been counted for the planner yet.
    queue(150).await;
    claims_heads_alone(&database).await;
    // It has left, one mail after the other, and was counted then; more come.
    for state in ["leased", "sending", "sent"] {
        sql.ask(format!("UPDATE outbox SET state = '{state}'")).await;
    }
    sql.ask("VACUUM ANALYZE outbox".to_owned()).await;
    queue(50).await;
    claims_heads_alone(&database).await;
    sql.close(database).await;
    let read = sql.ask(
        "SELECT string_agg(concat(indexrelname, ' ', idx_tup_read), ', ') FROM pg_stat_user_indexes
         WHERE indexrelname = 'outbox_thread' AND idx_tup_read > 0
            OR indexrelname = 'outbox_ahead' AND idx_tup_read NOT BETWEEN 1 AND 4 * 8 * 4000"
            .to_owned(),
    );
    assert_eq!(
        read.await.trim(),
        "",
        "indexes that were read for more than a few entries a mail that waits, or not at all"
    );
}

/// What a worker knows that reads it now.
async fn revision(database: &Database) -> Revision {
    Revision {
        parameters: database.snapshot().await.unwrap().revision,
        nudges: Channels::find(database, AccountId::DEFAULT).await.unwrap().nudges,
    }
}

/// Claims more often than PostgreSQL plans anew whatever it thinks of the plan.
async fn claims_heads_alone(database: &Database) {
    let mut claimed = 0;
    for _ in 0..8 {
        let claim = Claim {
            account: AccountId::DEFAULT,
            limit: 10,
            lease: lease(),
            lease_time: Duration::from_mins(1),
            now: START,
            blocked_after: Duration::from_mins(5),
            under: Some(revision(database).await),
        };
        claimed += database.claim(&claim).await.unwrap().len();
    }
    assert_eq!(claimed, 20, "a chain has one head");
}

/// A server beside the store, and which database to ask.
struct Sql(Arc<Postgres>, String);

impl Sql {
    async fn ask(&self, text: String) -> String {
        let Self(server, url) = self;
        let (server, url) = (Arc::clone(server), url.clone());
        tokio::task::spawn_blocking(move || server.query(&url, &text).unwrap())
            .await
            .unwrap()
    }

    /// Closes the store: a backend tells its counts when it ends, at the latest.
    async fn close(&self, database: Arc<Database>) {
        drop(database);
        let others =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type =
                      'client backend' AND pid <> pg_backend_pid()";
        let begin = std::time::Instant::now();
        while self.ask(others.to_owned()).await.trim() != "0" {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "the pool's connections stay open"
            );
        }
    }
}

/// How often each table was read from end to end.
fn scans_of(tables: &[&str]) -> String {
    let names: Vec<_> = tables.iter().map(|table| format!("'{table}'")).collect();
    format!(
        "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname IN ({}) ORDER BY relname",
        names.join(", ")
    )
}
