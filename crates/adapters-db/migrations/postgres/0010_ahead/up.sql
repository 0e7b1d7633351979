-- What a mail may have to wait for, found in this index and in no other. Its predecessor shared a column with `outbox_thread`,
-- and a planner that saw it large and all but empty, as it is after a day's mail has left, took the other: every claim
-- read all that a chain had ever held. Made under another name first: a daemon of an older version may be at work beside this.
CREATE INDEX outbox_ahead_of ON outbox (((ticket::text || recipient) COLLATE "C"), id)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure');
DROP INDEX outbox_ahead;
ALTER INDEX outbox_ahead_of RENAME TO outbox_ahead;
