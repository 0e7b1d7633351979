CREATE INDEX outbox_unfinished ON outbox (state, id, account, created_at)
    WHERE state = 'ready' OR state = 'leased' OR state = 'sending' OR state = 'retry' OR state = 'unsure' OR state = 'dead';
DROP INDEX outbox_resting;
