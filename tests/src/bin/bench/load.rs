//! A large database, made by SQL: what matters is how much is stored, not how it came there.

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use recado_tests::daemon::{Installation, Store};
use recado_tests::servers::Postgres;

/// Adds comments and queued mails, spread over the tickets that are there. The mails are due in a year, so that
/// they wait without leaving.
pub(crate) fn fill(
    store: &Store,
    installation: &Installation,
    postgres: Option<&Postgres>,
    comments: u32,
    mails: u32,
) {
    match (store, postgres) {
        (Store::Sqlite, _) => {
            let path = installation.path().join("recado.db");
            let mut connection =
                SqliteConnection::establish(path.to_str().expect("the folder's name is UTF-8"))
                    .expect("it opens");
            connection
                .batch_execute(&sqlite(comments, mails))
                .expect("the statements are valid");
        }
        (Store::Postgres(url), Some(postgres)) => {
            postgres
                .query(url, &postgresql(comments, mails))
                .expect("the statements are valid");
        }
        (Store::Postgres(_), None) => unreachable!("a PostgreSQL store needs its server"),
    }
}

/// One microsecond of 2026, and the end of 2027.
const NOW: u64 = 1_795_000_000_000_000;
const LATER: u64 = 1_830_000_000_000_000;

fn sqlite(comments: u32, mails: u32) -> String {
    format!(
        "BEGIN;
         CREATE TEMP TABLE number AS
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {comments}) SELECT i FROM n;
         CREATE TEMP TABLE known AS SELECT row_number() OVER (ORDER BY id) - 1 AS i, id FROM ticket;
         INSERT INTO comment (id, ticket, author_name, author_email, text, visibility, kind, origin, created_at)
             SELECT unhex(printf('0000000000007000800000%010x', number.i)), known.id, 'Ana Peña', 'ana@example.com',
                    'Un comentario de antes, tan largo como suelen ser, con el número ' || number.i, 'public',
                    'message', 'api', {NOW} + number.i
             FROM number JOIN known ON known.i = number.i % (SELECT count(*) FROM known);
         INSERT INTO outbox (id, cause_kind, cause_id, ticket, account, sender, recipient, state, message_id, size,
                             created_at, due_at, open_base)
             SELECT unhex(printf('0000000000007000800001%010x', number.i)), 'comment',
                    unhex(printf('0000000000007000800000%010x', number.i)), known.id, 0, 'desk@example.org',
                    'waiting' || number.i || '@example.com', 'retry', number.i || '@bench', 2000, {NOW}, {LATER}, 0
             FROM number JOIN known ON known.i = number.i % (SELECT count(*) FROM known) WHERE number.i <= {mails};
         INSERT INTO outbox_message (delivery, bytes)
             SELECT id, randomblob(2000) FROM outbox WHERE due_at = {LATER};
         COMMIT; ANALYZE;"
    )
}

fn postgresql(comments: u32, mails: u32) -> String {
    format!(
        "CREATE TEMP TABLE known AS SELECT row_number() OVER (ORDER BY id) - 1 AS i, id FROM ticket;
         INSERT INTO comment (id, ticket, author_name, author_email, text, visibility, kind, origin, created_at)
             SELECT ('00000000-0000-7000-8000-00' || lpad(to_hex(n), 10, '0'))::uuid, known.id, 'Ana Peña',
                    'ana@example.com', 'Un comentario de antes, tan largo como suelen ser, con el número ' || n,
                    'public', 'message', 'api', {NOW} + n
             FROM generate_series(1, {comments}) AS n JOIN known ON known.i = n % (SELECT count(*) FROM known);
         INSERT INTO outbox (id, cause_kind, cause_id, ticket, account, sender, recipient, state, message_id, size,
                             created_at, due_at, open_base)
             SELECT ('00000000-0000-7000-8000-01' || lpad(to_hex(n), 10, '0'))::uuid, 'comment',
                    ('00000000-0000-7000-8000-00' || lpad(to_hex(n), 10, '0'))::uuid, known.id, 0, 'desk@example.org',
                    'waiting' || n || '@example.com', 'retry', n || '@bench', 2000, {NOW}, {LATER}, 0
             FROM generate_series(1, {mails}) AS n JOIN known ON known.i = n % (SELECT count(*) FROM known);
         INSERT INTO outbox_message (delivery, bytes)
             SELECT id, convert_to(repeat(md5(id::text), 62), 'UTF8') FROM outbox WHERE due_at = {LATER};
         ANALYZE;"
    )
}
