-- A mail under way is found by its lease: entered here too, it would be written anew at each step. Apart from the log's
-- indexes, and with the whole lock first: a daemon of an older version may be at work beside this, and one that has read
-- the table and waits to write it would wait for ever for whoever holds half of the lock.
LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE;
CREATE INDEX outbox_resting ON outbox (state, id, account, created_at)
    WHERE state = 'ready' OR state = 'retry' OR state = 'unsure' OR state = 'dead';
DROP INDEX outbox_unfinished;
