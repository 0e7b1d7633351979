-- A mail under way is found by its lease: entered here too, it would be written anew at each step. Apart from the log's
-- indexes, and made before the other goes: a daemon of an older version may be at work beside this.
CREATE INDEX outbox_resting ON outbox (state, id, account, created_at)
    WHERE state = 'ready' OR state = 'retry' OR state = 'unsure' OR state = 'dead';
DROP INDEX outbox_unfinished;
