-- Until when a comment may be taken back before others see it; none once it was shown.
ALTER TABLE comment ADD COLUMN held_until INTEGER;
-- When the hold ended, of one that was held.
ALTER TABLE comment ADD COLUMN released_at INTEGER;
CREATE INDEX comment_held ON comment (held_until, id) WHERE held_until IS NOT NULL;

-- Pictures of templates. One may be there before its template is.
CREATE TABLE template_image (
    template INTEGER NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (template, name)
) STRICT;

-- What lists of tickets are ordered and filtered by, kept with each comment: apart from the ticket, whose row is wide.
CREATE TABLE ticket_activity (
    ticket BLOB NOT NULL PRIMARY KEY REFERENCES ticket (id) ON DELETE CASCADE,
    -- A copy of the ticket's.
    status TEXT NOT NULL,
    -- The newest comment that was not withdrawn, else the ticket itself: both ids tell a time.
    newest BLOB NOT NULL,
    -- Who wrote the newest public one, under hold or not.
    newest_public_by TEXT,
    -- The newest public one that everybody sees, and who wrote it.
    newest_shown BLOB,
    newest_shown_by TEXT
) STRICT, WITHOUT ROWID;
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
    ticket BLOB NOT NULL REFERENCES ticket (id) ON DELETE CASCADE,
    read_at INTEGER NOT NULL,
    PRIMARY KEY (email, ticket)
) STRICT, WITHOUT ROWID;

-- Comments that the search does not know yet.
CREATE TABLE search_queue (
    comment BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO search_queue SELECT id FROM comment;

-- What the index calls a comment. A comment's own rowid would not do: VACUUM may change it.
CREATE TABLE searched_comment (
    place INTEGER NOT NULL PRIMARY KEY,
    comment BLOB NOT NULL
) STRICT;
-- Each comment's words, and its ticket as a word that begins with `_`. Cut into words and folded already; kept without
-- the text, and without where in it a word is. Beginnings of up to five letters are kept too: without that, those of
-- common words take a second at a million comments.
CREATE VIRTUAL TABLE comment_search USING fts5 (
    words, content = '', detail = 'none', columnsize = 0, prefix = '2 3 4 5', tokenize = "ascii tokenchars '_'"
);
