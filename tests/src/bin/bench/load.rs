//! A large database, made by SQL: what matters is how much is stored, not how it came there. It holds what the daemon
//! would have written: tickets, comments, what lists and search know of them, and a mail for each comment.

use std::fs::File;

use crate::stage::Stage;

/// What to store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Comments, and as many mails. They are spread over tickets of their own and those that are there.
    pub(crate) comments: usize,
    pub(crate) queue: Queue,
}

/// What the mails wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Another try in a year, so that none leaves; each is short, because nobody reads it.
    NextYear,
    /// Nothing: they are due, each as long as a mail that the daemon has made.
    Now,
}

/// Comments on a ticket.
const CONVERSATION: usize = 50;

/// What one ticket's mails go to: a recipient of a chain in which the driver's comments have no part.
const RECIPIENT: &str = "waiting@example.com";

/// Octets of a mail that nobody reads.
const SHORT: usize = 500;

const YEAR: u64 = 365 * 24 * 3600 * 1_000_000;

impl Load {
    fn tickets(self) -> usize {
        self.comments / CONVERSATION
    }

    fn state(self) -> &'static str {
        match self.queue {
            Queue::NextYear => "retry",
            Queue::Now => "ready",
        }
    }

    fn delay(self) -> u64 {
        match self.queue {
            Queue::NextYear => YEAR,
            Queue::Now => 0,
        }
    }

    /// The octets of a mail, given two expressions of SQL: a short one, and what the daemon's newest mail holds behind a
    /// Message-ID of its own.
    fn message(self, short: String, real: String) -> String {
        match self.queue {
            Queue::NextYear => short,
            Queue::Now => real,
        }
    }
}

/// Stores it. The daemon of the stage does not run, and has sent a mail before.
pub(crate) fn fill(stage: &Stage<'_>, load: Load) {
    if stage.kind.is_sqlite() {
        stage.execute(&sqlite(load));
        // Or the disk is busy with it while something else is measured.
        let file = File::open(stage.file());
        file.and_then(|file| file.sync_all()).expect("the disk can flush");
    } else {
        stage.execute(&postgresql(load));
        // Neither can be part of a transaction, as statements that are given together are.
        stage.execute("VACUUM ANALYZE");
        stage.execute("CHECKPOINT");
    }
}

/// Ids are UUIDs of version 7, spread over the hour before now.
fn sqlite(load: Load) -> String {
    let Load { comments, .. } = load;
    let (tickets, state, delay) = (load.tickets(), load.state(), load.delay());
    let id =
        |kind: char| format!("unhex(printf('%012x7000{kind}%015x', start + i * 3600000 / {comments}, i))");
    let (said, mail) = (id('8'), id('9'));
    let message = load.message(
        format!("randomblob({SHORT})"),
        "CAST('Message-ID: <' || i || '@bench>' || char(13, 10) || (SELECT CAST(bytes AS TEXT) FROM outbox_message
            WHERE delivery = (SELECT max(id) FROM outbox WHERE state = 'sent')) AS BLOB)"
            .to_owned(),
    );
    format!(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
         PRAGMA temp_store = MEMORY;
         BEGIN;
         CREATE TEMP TABLE clock AS SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) - 3600000 AS start;
         INSERT INTO ticket (id, number, number_folded, search_text, title, requester_name, requester_email,
                 responsible_name, responsible_email, status, attributes, version, created_at, updated_at)
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {tickets})
             SELECT unhex(printf('%012x70007%015x', start, i)), 'L' || i, 'l' || i, 'l' || i || ' impresora atascada',
                 'Impresora atascada', 'Ana Peña', 'ana@example.com', 'Tomás Técnico', 'tomas@example.com', 'closed',
                 '{{}}', 1, start * 1000, start * 1000
             FROM n, clock;
         CREATE TEMP TABLE known AS SELECT row_number() OVER (ORDER BY id) - 1 AS place, id FROM ticket;
         CREATE INDEX temp.known_place ON known (place);
         CREATE TEMP TABLE new AS
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {comments})
             SELECT i, {said} AS comment, {mail} AS mail, known.id AS ticket, (start + i * 3600000 / {comments}) * 1000 AS at
             FROM n, clock JOIN known ON place = i % (SELECT count(*) FROM ticket);
         INSERT INTO comment (id, ticket, author_name, author_email, text, visibility, kind, origin, created_at)
             SELECT comment, ticket, 'Ana Peña', 'ana@example.com',
                 'Un comentario de antes, tan largo como suelen ser, con el número ' || i, 'public', 'message', 'api', at
             FROM new;
         INSERT INTO searched_comment (place, comment)
             SELECT i + (SELECT coalesce(max(place), 0) FROM searched_comment), comment FROM new;
         INSERT INTO comment_search (rowid, words)
             SELECT searched_comment.place,
                 '_' || lower(hex(ticket)) || ' un comentario de antes tan largo como suelen ser con el numero ' || i
             FROM new JOIN searched_comment
                 ON searched_comment.place = i + (SELECT max(place) FROM searched_comment) - {comments};
         INSERT INTO ticket_activity (ticket, status, newest, newest_public_by, newest_shown, newest_shown_by)
             SELECT ticket, (SELECT status FROM ticket WHERE id = ticket), max(comment), 'ana@example.com', max(comment),
                 'ana@example.com'
             FROM new GROUP BY ticket
             ON CONFLICT (ticket) DO NOTHING;
         INSERT INTO outbox (id, cause_kind, cause_id, ticket, account, sender, recipient, state, message_id, size,
                 created_at, due_at, open_base)
             SELECT mail, 'comment', comment, ticket, 0, 'desk@example.org', '{RECIPIENT}', '{state}', i || '@bench',
                 2000, at, at + {delay}, (SELECT open_time FROM channel WHERE account = 0)
             FROM new;
         INSERT INTO outbox_message (delivery, bytes) SELECT mail, {message} FROM new;
         COMMIT;
         INSERT INTO comment_search (comment_search, rank) VALUES ('usermerge', 8);
         INSERT INTO comment_search (comment_search, rank) VALUES ('merge', 1000000);
         PRAGMA journal_mode = WAL;"
    )
}

fn postgresql(load: Load) -> String {
    let Load { comments, .. } = load;
    let (tickets, state, delay) = (load.tickets(), load.state(), load.delay());
    let id = |kind: char| {
        let time = format!("lpad(to_hex(start + i::bigint * 3600000 / {comments}), 12, '0')");
        format!("({time} || '7000{kind}' || lpad(to_hex(i), 15, '0'))::uuid")
    };
    let (said, mail) = (id('8'), id('9'));
    let lines = SHORT / 32;
    let message = load.message(
        format!("convert_to(repeat(md5(i::text), {lines}), 'UTF8')"),
        "convert_to('Message-ID: <' || i || '@bench>' || chr(13) || chr(10), 'UTF8')
            || (SELECT bytes FROM outbox_message WHERE delivery = (SELECT id FROM outbox WHERE state = 'sent'
                ORDER BY id DESC LIMIT 1))"
            .to_owned(),
    );
    format!(
        "CREATE TEMP TABLE clock AS SELECT (extract(epoch FROM now()) * 1000)::bigint - 3600000 AS start;
         INSERT INTO ticket (id, number, number_folded, search_text, title, requester_name, requester_email,
                 responsible_name, responsible_email, status, attributes, version, created_at, updated_at)
             SELECT (lpad(to_hex(start), 12, '0') || '70007' || lpad(to_hex(i), 15, '0'))::uuid, 'L' || i, 'l' || i,
                 'l' || i || ' impresora atascada', 'Impresora atascada', 'Ana Peña', 'ana@example.com',
                 'Tomás Técnico', 'tomas@example.com', 'closed', '{{}}', 1, start * 1000, start * 1000
             FROM generate_series(1, {tickets}) AS i, clock;
         CREATE TEMP TABLE known AS SELECT row_number() OVER (ORDER BY id) - 1 AS place, id FROM ticket;
         CREATE TEMP TABLE new AS
             SELECT i, {said} AS comment, {mail} AS mail, known.id AS ticket,
                 (start + i::bigint * 3600000 / {comments}) * 1000 AS at
             FROM clock, generate_series(1, {comments}) AS i
                 JOIN known ON place = i % (SELECT count(*) FROM ticket);
         INSERT INTO comment (id, ticket, author_name, author_email, text, visibility, kind, origin, created_at)
             SELECT comment, ticket, 'Ana Peña', 'ana@example.com',
                 'Un comentario de antes, tan largo como suelen ser, con el número ' || i, 'public', 'message', 'api', at
             FROM new;
         INSERT INTO searched_comment (comment, words)
             SELECT comment, array_to_tsvector(string_to_array('_' || replace(ticket::text, '-', '')
                 || ' un comentario de antes tan largo como suelen ser con el numero ' || i, ' '))
             FROM new ORDER BY i;
         INSERT INTO ticket_activity (ticket, status, newest, newest_public_by, newest_shown, newest_shown_by)
             SELECT ticket.id, ticket.status, comment, 'ana@example.com', comment, 'ana@example.com'
             FROM (SELECT ticket, max(comment::text)::uuid AS comment FROM new GROUP BY ticket) AS newest
                 JOIN ticket ON ticket.id = newest.ticket
             ON CONFLICT (ticket) DO NOTHING;
         INSERT INTO outbox (id, cause_kind, cause_id, ticket, account, sender, recipient, state, message_id, size,
                 created_at, due_at, open_base)
             SELECT mail, 'comment', comment, ticket, 0, 'desk@example.org', '{RECIPIENT}', '{state}', i || '@bench',
                 2000, at, at + {delay}, (SELECT open_time FROM channel WHERE account = 0)
             FROM new;
         INSERT INTO outbox_message (delivery, bytes) SELECT mail, {message} FROM new;"
    )
}
