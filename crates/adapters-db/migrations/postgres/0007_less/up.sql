-- A mail under way is found by its lease: entered here too, it would be written anew at each step.
DROP INDEX outbox_unfinished;
CREATE INDEX outbox_resting ON outbox (state, id, account, created_at)
    WHERE state = 'ready' OR state = 'retry' OR state = 'unsure' OR state = 'dead';
-- Entries are found by their places alone; the oldest have the lowest.
DROP INDEX event_at;
ALTER TABLE event DROP CONSTRAINT event_seq_key;
