ALTER TABLE ticket ADD COLUMN closed_at bigint;
-- The number of the ticket that this one goes on from.
ALTER TABLE ticket ADD COLUMN follows text;
-- Nothing tells when they were closed; it was no later than this.
UPDATE ticket SET closed_at = updated_at WHERE status = 'closed';

-- What a mail said as HTML, made harmless.
ALTER TABLE comment ADD COLUMN html text;

-- The ledger: every mail that came in, and what became of it. No outcome: nobody has judged it yet.
CREATE TABLE incoming_mail (
    id uuid NOT NULL PRIMARY KEY,
    received_at bigint NOT NULL,
    via text COLLATE "C" NOT NULL,
    -- Where it lies at its source, when it came from a mailbox.
    source text COLLATE "C" UNIQUE,
    -- Empty for the null sender.
    envelope_from text,
    envelope_to text COLLATE "C",
    -- The same for every copy of one mail.
    fingerprint text COLLATE "C" NOT NULL,
    shown_from text NOT NULL,
    shown_to text NOT NULL,
    subject text NOT NULL,
    message_id text,
    size bigint NOT NULL,
    -- When it came, while its octets are kept.
    kept_since bigint,
    outcome text COLLATE "C",
    settled_at bigint,
    reason text,
    ticket uuid,
    comment uuid,
    -- The one address in From: what the limits of a sender count by.
    sender text COLLATE "C",
    -- Whose token it bears, while it is quarantined.
    person text COLLATE "C",
    bounce_recipient text,
    bounce_status text COLLATE "C",
    bounce_diagnostic text,
    -- Set for every bounce.
    bounce_kind text COLLATE "C",
    bounce_delivery uuid,
    -- When the desk was told that it waits in quarantine.
    noticed_at bigint
);
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
    mail uuid NOT NULL PRIMARY KEY REFERENCES incoming_mail (id) ON DELETE CASCADE,
    bytes bytea NOT NULL
);

-- Addresses from which answers for a person are accepted.
CREATE TABLE accepted_address (
    address text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    accepted_at bigint NOT NULL,
    PRIMARY KEY (address, person)
);

-- How far the folders of mailboxes were read.
CREATE TABLE mailbox_position (
    account bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    uid_validity bigint NOT NULL,
    last_uid bigint NOT NULL,
    read_at bigint NOT NULL,
    PRIMARY KEY (account, name)
);

-- Counting the acknowledgements of the last hours.
CREATE INDEX outbox_acknowledgement ON outbox (cause_kind, created_at, recipient)
    WHERE cause_kind = 'acknowledgement';
