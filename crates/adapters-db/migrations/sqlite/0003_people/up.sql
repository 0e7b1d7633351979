-- Name and address in lower case, for searching. None where an older version added the account: the daemon's next start
-- fills it in, because databases fold ASCII alone, or by their own lights.
ALTER TABLE app_user ADD COLUMN search_text TEXT;
-- When a session was last opened; sessions themselves are forgotten.
ALTER TABLE app_user ADD COLUMN signed_in_at INTEGER;
CREATE INDEX app_user_role ON app_user (role, email);
CREATE INDEX token_owner ON token (owner, id);

-- Open sessions; one that ends is deleted.
CREATE TABLE session (
    id BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    -- SHA-256 of the cookie's secret.
    hash TEXT NOT NULL UNIQUE,
    device TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    -- Never later than `ends_at`, so that it alone says whether the session is open.
    idle_until INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_owner ON session (owner);
CREATE INDEX session_idle ON session (idle_until);

-- Links to sign in with; one that is used is deleted.
CREATE TABLE sign_in_link (
    hash TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    target TEXT,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_link_email ON sign_in_link (email);
CREATE INDEX sign_in_link_expiry ON sign_in_link (expires_at);

-- What people chose for themselves, account or not.
CREATE TABLE preference (
    email TEXT NOT NULL PRIMARY KEY,
    language TEXT,
    time_zone TEXT,
    while_open TEXT NOT NULL
) STRICT;

CREATE TABLE muted_ticket (
    ticket BLOB NOT NULL REFERENCES ticket (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    PRIMARY KEY (ticket, email)
) STRICT;

-- Pages of tickets that somebody looks at. `until` is in no index: it changes all the time, and the table is small.
CREATE TABLE open_page (
    page BLOB NOT NULL PRIMARY KEY,
    ticket BLOB NOT NULL,
    email TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX open_page_ticket ON open_page (ticket, email);

-- The audit trail: lines are added, never changed.
CREATE TABLE audit_entry (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    -- None: whoever runs the command line.
    person TEXT,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    before TEXT,
    after TEXT
) STRICT;
CREATE INDEX audit_entry_person ON audit_entry (person, id);
CREATE INDEX audit_entry_action ON audit_entry (action, id);
CREATE INDEX audit_entry_person_action ON audit_entry (person, action, id);
CREATE INDEX audit_entry_object ON audit_entry (object, id);
