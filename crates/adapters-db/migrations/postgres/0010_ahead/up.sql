-- What a mail may have to wait for, found in this index and in no other. Its predecessor shared a column with `outbox_thread`,
-- and a planner that saw it large and all but empty, as it is after a day's mail has left, took the other: every claim
-- read all that a chain had ever held.
LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE;
DROP INDEX outbox_ahead;
CREATE INDEX outbox_ahead ON outbox (((ticket::text || recipient) COLLATE "C"), id)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure');
