LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE;
DROP INDEX outbox_ahead;
CREATE INDEX outbox_ahead ON outbox (ticket, (recipient || ''), id)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure');
