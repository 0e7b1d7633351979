ALTER TABLE ticket ADD COLUMN closed_at INTEGER;
-- The number of the ticket that this one goes on from.
ALTER TABLE ticket ADD COLUMN follows TEXT;
-- Nothing tells when they were closed; it was no later than this.
UPDATE ticket SET closed_at = updated_at WHERE status = 'closed';

-- What a mail said as HTML, made harmless.
ALTER TABLE comment ADD COLUMN html TEXT;

-- The ledger: every mail that came in, and what became of it. No outcome: nobody has judged it yet.
CREATE TABLE incoming_mail (
    id BLOB NOT NULL PRIMARY KEY,
    received_at INTEGER NOT NULL,
    via TEXT NOT NULL,
    -- Where it lies at its source, when it came from a mailbox.
    source TEXT UNIQUE,
    -- Empty for the null sender.
    envelope_from TEXT,
    envelope_to TEXT,
    -- The same for every copy of one mail.
    fingerprint TEXT NOT NULL,
    shown_from TEXT NOT NULL,
    shown_to TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT,
    size INTEGER NOT NULL,
    -- When it came, while its octets are kept.
    kept_since INTEGER,
    outcome TEXT,
    settled_at INTEGER,
    reason TEXT,
    ticket BLOB,
    comment BLOB,
    -- The one address in From: what the limits of a sender count by.
    sender TEXT,
    -- Whose token it bears, while it is quarantined.
    person TEXT,
    bounce_recipient TEXT,
    bounce_status TEXT,
    bounce_diagnostic TEXT,
    -- Set for every bounce.
    bounce_kind TEXT,
    bounce_delivery BLOB,
    -- When the desk was told that it waits in quarantine.
    noticed_at INTEGER
) STRICT;
CREATE INDEX incoming_mail_outcome ON incoming_mail (outcome, id);
CREATE INDEX incoming_mail_ticket ON incoming_mail (ticket, id);
CREATE INDEX incoming_mail_fingerprint ON incoming_mail (fingerprint, id);
CREATE INDEX incoming_mail_sender ON incoming_mail (sender, settled_at);
-- The queries name these outcomes literally, as they do the outbox's states.
CREATE INDEX incoming_mail_pending ON incoming_mail (id) WHERE outcome IS NULL;
CREATE INDEX incoming_mail_unnoticed ON incoming_mail (outcome, received_at, id)
    WHERE outcome = 'quarantined' AND noticed_at IS NULL;
CREATE INDEX incoming_mail_kept ON incoming_mail (kept_since)
    WHERE kept_since IS NOT NULL AND outcome NOT IN ('quarantined', 'failed');
-- Of the copies of one mail one alone becomes a comment.
CREATE UNIQUE INDEX incoming_mail_copy ON incoming_mail (fingerprint) WHERE outcome IN ('attached', 'opened');

-- Apart from the row, as the outbox's: lists must not read the octets.
CREATE TABLE incoming_message (
    mail BLOB NOT NULL PRIMARY KEY REFERENCES incoming_mail (id) ON DELETE CASCADE,
    bytes BLOB NOT NULL
) STRICT;

-- Addresses from which answers for a person are accepted.
CREATE TABLE accepted_address (
    address TEXT NOT NULL,
    person TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    PRIMARY KEY (address, person)
) STRICT;

-- How far the folders of mailboxes were read.
CREATE TABLE mailbox_position (
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    last_uid INTEGER NOT NULL,
    read_at INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT;

-- Counting the acknowledgements of the last hours.
CREATE INDEX outbox_acknowledgement ON outbox (cause_kind, created_at, recipient)
    WHERE cause_kind = 'acknowledgement';
