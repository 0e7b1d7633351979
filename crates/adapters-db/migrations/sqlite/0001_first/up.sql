-- Times are microseconds since 1970 in UTC, ids UUIDs of 16 octets, addresses in lower case.

CREATE TABLE installation (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE ticket (
    id BLOB NOT NULL PRIMARY KEY,
    number TEXT NOT NULL,
    -- The number in lower case: numbers are unique without regard to case.
    number_folded TEXT NOT NULL UNIQUE,
    -- Number and title in lower case, for searching.
    search_text TEXT NOT NULL,
    title TEXT NOT NULL,
    requester_name TEXT NOT NULL,
    requester_email TEXT NOT NULL,
    responsible_name TEXT,
    responsible_email TEXT,
    group_name TEXT,
    group_email TEXT,
    status TEXT NOT NULL,
    contract TEXT,
    locale TEXT,
    -- A JSON object of texts.
    attributes TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ticket_requester ON ticket (requester_email, id);
CREATE INDEX ticket_responsible ON ticket (responsible_email, id);
CREATE INDEX ticket_group ON ticket (group_email, id);

CREATE TABLE ticket_watcher (
    ticket BLOB NOT NULL REFERENCES ticket (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    PRIMARY KEY (ticket, position)
) STRICT;
CREATE INDEX ticket_watcher_email ON ticket_watcher (email, ticket);

CREATE TABLE comment (
    id BLOB NOT NULL PRIMARY KEY,
    ticket BLOB NOT NULL REFERENCES ticket (id),
    author_name TEXT NOT NULL,
    author_email TEXT NOT NULL,
    text TEXT NOT NULL,
    visibility TEXT NOT NULL,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,
    quoted TEXT,
    created_at INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX comment_ticket ON comment (ticket, id);

-- Octets are stored once per content.
CREATE TABLE content (
    sha256 TEXT NOT NULL PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE attachment (
    id BLOB NOT NULL PRIMARY KEY,
    comment BLOB NOT NULL REFERENCES comment (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES content (sha256)
) STRICT;
CREATE INDEX attachment_comment ON attachment (comment, position);

CREATE TABLE outbox (
    id BLOB NOT NULL PRIMARY KEY,
    cause_kind TEXT NOT NULL,
    cause_id BLOB NOT NULL,
    ticket BLOB,
    account INTEGER NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    lost_answers INTEGER NOT NULL DEFAULT 0,
    message_id TEXT NOT NULL,
    last_reply TEXT,
    size INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    lease_token BLOB,
    -- PostgreSQL: the server's clock. SQLite: the monotonic clock of the one daemon.
    lease_until INTEGER,
    claimed_from TEXT,
    -- The first charged refusal since the mail was last queued: a head refused for long lets the rest pass.
    blocked_since INTEGER,
    -- What the account's open time was when the mail was queued: expiry counts from there.
    open_base INTEGER NOT NULL,
    -- When the mail was sent, while its message is kept.
    kept_since INTEGER,
    UNIQUE (cause_kind, cause_id, recipient)
) STRICT;
-- The queries name these states literally: a partial index is used for a literal, never for a bind.
CREATE INDEX outbox_waiting ON outbox (account, due_at, id)
    WHERE state IN ('ready', 'retry', 'unsure');
CREATE INDEX outbox_chain ON outbox (ticket, recipient, id)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure');
CREATE INDEX outbox_held ON outbox (lease_token)
    WHERE state IN ('leased', 'sending');
-- Lists of one state, page by page; and counting them all without reading a row.
CREATE INDEX outbox_unfinished ON outbox (state, id, account, created_at)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure', 'dead');
CREATE INDEX outbox_base ON outbox (account, open_base)
    WHERE state IN ('ready', 'retry', 'unsure');
CREATE INDEX outbox_kept ON outbox (kept_since) WHERE kept_since IS NOT NULL;
CREATE INDEX outbox_thread ON outbox (ticket, recipient, id);

-- Apart from the row: a change of state must not rewrite the message.
CREATE TABLE outbox_message (
    delivery BLOB NOT NULL PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE delivery_attempt (
    seq INTEGER NOT NULL PRIMARY KEY,
    delivery BLOB NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reply TEXT
) STRICT;
CREATE INDEX delivery_attempt_delivery ON delivery_attempt (delivery, seq);

CREATE TABLE channel (
    account INTEGER NOT NULL PRIMARY KEY,
    hold_reason TEXT,
    hold_detail TEXT,
    hold_since INTEGER,
    nudges INTEGER NOT NULL DEFAULT 0,
    last_fault TEXT,
    -- How long mail could leave the account, in microseconds.
    open_time INTEGER NOT NULL DEFAULT 0,
    last_tick INTEGER
) STRICT;
INSERT INTO channel (account) VALUES (0);

CREATE TABLE template (
    id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    subject TEXT NOT NULL,
    html TEXT NOT NULL,
    text TEXT,
    situation TEXT NOT NULL,
    locale TEXT,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE parameter (
    number INTEGER NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE app_user (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    standing TEXT NOT NULL,
    -- A PHC string; none for accounts that do not sign in.
    password_hash TEXT
) STRICT;

CREATE TABLE token (
    id BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_group (
    email TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;

CREATE TABLE group_member (
    group_email TEXT NOT NULL REFERENCES user_group (email) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    email TEXT NOT NULL,
    PRIMARY KEY (group_email, position)
) STRICT;
CREATE INDEX group_member_email ON group_member (email);

-- Hard bounces of an address, and the suppression that the second one brings.
CREATE TABLE hard_bounce (
    address TEXT NOT NULL PRIMARY KEY,
    first_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    suppressed_since INTEGER,
    suppressed_until INTEGER
) STRICT;

CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    answer TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

-- The log that followers read. One writer at a time, so numbers ascend in the order of commits; `xid` is PostgreSQL's.
CREATE TABLE event (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    xid INTEGER NOT NULL DEFAULT 0,
    kind TEXT NOT NULL,
    ticket BLOB,
    subject BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX event_place ON event (xid, seq);
CREATE INDEX event_at ON event (at);

-- A write here, flushed, flushes the commits before it that were not.
CREATE TABLE flush (
    id INTEGER NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT;
INSERT INTO flush (id, number) VALUES (0, 0);
