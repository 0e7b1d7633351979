-- Name and address in lower case, for searching. None where an older version added the account: the daemon's next start
-- fills it in, because databases fold ASCII alone, or by their own lights.
ALTER TABLE app_user ADD COLUMN search_text text;
-- When a session was last opened; sessions themselves are forgotten.
ALTER TABLE app_user ADD COLUMN signed_in_at bigint;
CREATE INDEX app_user_role ON app_user (role, email);
CREATE INDEX token_owner ON token (owner, id);

-- Open sessions; one that ends is deleted.
CREATE TABLE session (
    id uuid NOT NULL PRIMARY KEY,
    owner uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    -- SHA-256 of the cookie's secret.
    hash text COLLATE "C" NOT NULL UNIQUE,
    device text NOT NULL,
    opened_at bigint NOT NULL,
    -- Never later than `ends_at`, so that it alone says whether the session is open.
    idle_until bigint NOT NULL,
    ends_at bigint NOT NULL
);
CREATE INDEX session_owner ON session (owner);
CREATE INDEX session_idle ON session (idle_until);

-- Links to sign in with; one that is used is deleted.
CREATE TABLE sign_in_link (
    hash text COLLATE "C" NOT NULL PRIMARY KEY,
    email text COLLATE "C" NOT NULL,
    target text,
    expires_at bigint NOT NULL
);
CREATE INDEX sign_in_link_email ON sign_in_link (email);
CREATE INDEX sign_in_link_expiry ON sign_in_link (expires_at);

-- What people chose for themselves, account or not.
CREATE TABLE preference (
    email text COLLATE "C" NOT NULL PRIMARY KEY,
    language text COLLATE "C",
    time_zone text COLLATE "C",
    while_open text COLLATE "C" NOT NULL
);

CREATE TABLE muted_ticket (
    ticket uuid NOT NULL REFERENCES ticket (id) ON DELETE CASCADE,
    email text COLLATE "C" NOT NULL,
    PRIMARY KEY (ticket, email)
);

-- Pages of tickets that somebody looks at. `until` is in no index: it changes all the time, and the table is small.
CREATE TABLE open_page (
    page uuid NOT NULL PRIMARY KEY,
    ticket uuid NOT NULL,
    email text COLLATE "C" NOT NULL,
    until bigint NOT NULL
);
CREATE INDEX open_page_ticket ON open_page (ticket, email);

-- The audit trail: lines are added, never changed.
CREATE TABLE audit_entry (
    id uuid NOT NULL PRIMARY KEY,
    at bigint NOT NULL,
    -- None: whoever runs the command line.
    person text COLLATE "C",
    action text COLLATE "C" NOT NULL,
    object text COLLATE "C" NOT NULL,
    before text,
    after text
);
CREATE INDEX audit_entry_person ON audit_entry (person, id);
CREATE INDEX audit_entry_action ON audit_entry (action, id);
CREATE INDEX audit_entry_person_action ON audit_entry (person, action, id);
CREATE INDEX audit_entry_object ON audit_entry (object, id);
