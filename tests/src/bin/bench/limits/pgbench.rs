//! What PostgreSQL does with the rows of a comment, by its own measuring program: one statement and one commit for each
//! comment, prepared, with as many clients as there are callers.

use std::io::Write;

use recado_tests::daemon::Store;
use recado_tests::servers::Postgres;
use recado_tests::servers::postgres::Durability;
use tempfile::NamedTempFile;

use crate::driver::TICKETS;
use crate::flow::CALLERS;
use crate::limits::Committed;
use crate::processor::Processes;
use crate::stage::{Kind, Stage};

/// How long one repetition takes.
const SECONDS: u32 = 4;

/// A server like the one that is measured, apart from it so that what one leaves to do later is not charged to the other.
pub(crate) struct Pgbench {
    url: String,
    postgres: Postgres,
}

impl Pgbench {
    /// Starts it. Its database is laid out by a daemon, and has the driver's tickets.
    pub(crate) async fn start() -> Option<Self> {
        let postgres = Postgres::alone(Durability::Flushed)?;
        let kind = Kind {
            key: "pgbench",
            name: "pgbench",
            postgres: Some(&postgres),
        };
        let mut stage = Stage::set_up(&kind).await;
        stage.stop();
        let Store::Postgres(url) = stage.store else {
            return None;
        };
        Some(Self { url, postgres })
    }

    /// Commits comments, each with a mail of a size.
    ///
    /// # Panics
    /// The server refuses.
    pub(crate) fn measure(&self, size: usize) -> Committed {
        let server = Processes::new([], Some(&self.postgres));
        let before = server.of_database();
        let mut script = NamedTempFile::new().expect("the temporary folder can be written");
        script
            .write_all(statement(size).as_bytes())
            .expect("the disk has room");
        let output = self
            .postgres
            .command("pgbench")
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=1"])
            .args([format!("--client={CALLERS}"), format!("--time={SECONDS}")])
            .arg(format!("--file={}", script.path().display()))
            .arg(&self.url)
            .output()
            .expect("pgbench is among PostgreSQL's programs");
        let text = String::from_utf8_lossy(&output.stdout);
        let number_after = |name: &str| {
            let number = text.lines().find_map(|line| {
                let number = line.strip_prefix(name)?.split([' ', '/']).next()?;
                number.parse::<f64>().ok()
            });
            number.unwrap_or_else(|| panic!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)))
        };
        let used = server.of_database().saturating_sub(before);
        let comments = number_after("number of transactions actually processed: ");
        Committed {
            rate: number_after("tps = "),
            cost: used.as_secs_f64() * 1000.0 / comments,
        }
    }
}

/// The rows that the daemon writes for a comment with one mail, ids in the order of time as its own are.
fn statement(size: usize) -> String {
    let last = TICKETS - 1;
    let lines = size / 32;
    format!(
        "\\set ticket random(0, {last})
         WITH new AS (
             SELECT ticket.id AS ticket, instant, uuid AS comment, overlay(uuid placing '9' from 20)::uuid AS mail
             FROM ticket,
                 LATERAL (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS instant) AS clock,
                 LATERAL (SELECT lpad(to_hex(instant / 1000), 12, '0') AS time, md5(random()::text) AS dice) AS parts,
                 LATERAL (SELECT (time || '7' || left(dice, 3) || '8' || right(dice, 15))::uuid::text AS uuid) AS ids
             WHERE number_folded = 't' || lpad((:ticket)::text, 5, '0')
         ), said AS (
             INSERT INTO comment (id, ticket, author_name, author_email, text, visibility, kind, origin, created_at)
             SELECT comment::uuid, ticket, 'Ana Peña', 'ana@example.com',
                 'La impresora se atasca otra vez con cada tercera hoja.', 'public', 'message', 'api', instant FROM new
         ), queued AS (
             INSERT INTO outbox (id, cause_kind, cause_id, ticket, account, sender, recipient, state, message_id, size,
                 created_at, due_at, open_base)
             SELECT mail, 'comment', comment::uuid, ticket, 0, 'desk@example.org', 'tomas@example.com', 'ready',
                 mail || '.0123456789abcdef@example.org', {size}, instant, instant, 0 FROM new
         ), message AS (
             INSERT INTO outbox_message (delivery, bytes)
             SELECT mail, convert_to(repeat(md5(comment), {lines}), 'UTF8') FROM new
         ), searched AS (
             INSERT INTO search_queue (comment) SELECT comment::uuid FROM new
         ), told AS (
             INSERT INTO event (kind, ticket, subject, at)
             SELECT 'comment.created', ticket, comment::uuid, instant FROM new
         )
         UPDATE ticket_activity SET newest = comment::uuid, newest_public_by = 'ana@example.com',
             newest_shown = comment::uuid, newest_shown_by = 'ana@example.com'
         FROM new WHERE ticket_activity.ticket = new.ticket;\n"
    )
    .lines()
    .map(str::trim)
    .collect::<Vec<_>>()
    .join("\n")
}
