LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE;
CREATE INDEX outbox_unfinished ON outbox (state, id, account, created_at)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure', 'dead');
DROP INDEX outbox_resting;
