-- A mail under way is found by its lease: entered here too, it would be written anew at each step.
CREATE INDEX outbox_resting ON outbox (state, id, account, created_at)
    WHERE state = 'ready' OR state = 'retry' OR state = 'unsure' OR state = 'dead';
DROP INDEX outbox_unfinished;
