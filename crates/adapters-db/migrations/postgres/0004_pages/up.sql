-- Until when a comment may be taken back before others see it; none once it was shown.
ALTER TABLE comment ADD COLUMN held_until BIGINT;
-- When the hold ended, of one that was held.
ALTER TABLE comment ADD COLUMN released_at BIGINT;
CREATE INDEX comment_held ON comment (held_until, id) WHERE held_until IS NOT NULL;

-- Pictures of templates. One may be there before its template is.
CREATE TABLE template_image (
    template BIGINT NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (template, name)
);

-- What lists of tickets are ordered and filtered by, kept with each comment: apart from the ticket, whose row is wide.
CREATE TABLE ticket_activity (
    ticket UUID NOT NULL PRIMARY KEY REFERENCES ticket (id) ON DELETE CASCADE,
    -- A copy of the ticket's.
    status TEXT NOT NULL,
    -- The newest comment that was not withdrawn, else the ticket itself: both ids tell a time.
    newest UUID NOT NULL,
    -- Who wrote the newest public one, under hold or not.
    newest_public_by TEXT,
    -- The newest public one that everybody sees, and who wrote it.
    newest_shown UUID,
    newest_shown_by TEXT
);
INSERT INTO ticket_activity
    SELECT ticket.id, ticket.status,
        coalesce((SELECT comment.id FROM comment WHERE comment.ticket = ticket.id AND comment.withdrawn_at IS NULL
            ORDER BY comment.id DESC LIMIT 1), ticket.id),
        said.author_email, said.id, said.author_email
    FROM ticket LEFT JOIN comment said ON said.id = (SELECT comment.id FROM comment
        WHERE comment.ticket = ticket.id AND comment.withdrawn_at IS NULL AND comment.visibility = 'public'
        ORDER BY comment.id DESC LIMIT 1);
CREATE INDEX ticket_activity_newest ON ticket_activity (newest);
CREATE INDEX ticket_activity_open ON ticket_activity (newest, newest_public_by) WHERE status = 'open';
-- People's open tickets are few, whatever was closed over the years.
CREATE INDEX ticket_open_responsible ON ticket (responsible_email) WHERE status = 'open';
CREATE INDEX ticket_open_group ON ticket (group_email) WHERE status = 'open';
-- The queries name this literally, as they do the outbox's states.
CREATE INDEX outbox_undelivered ON outbox (ticket) WHERE state = 'dead' OR outcome = 'bounced';

-- Up to when people have read their tickets.
CREATE TABLE read_mark (
    email TEXT NOT NULL,
    ticket UUID NOT NULL REFERENCES ticket (id) ON DELETE CASCADE,
    read_at BIGINT NOT NULL,
    PRIMARY KEY (email, ticket)
);

-- Comments that the search does not know yet.
CREATE TABLE search_queue (
    comment UUID NOT NULL PRIMARY KEY
);
INSERT INTO search_queue SELECT id FROM comment;

-- Comments in the order in which the search got to know them, each with its words, and its ticket as a word that begins
-- with `_`.
CREATE TABLE searched_comment (
    place BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    comment UUID NOT NULL,
    words TSVECTOR NOT NULL
);
CREATE INDEX searched_comment_words ON searched_comment USING gin (words);
