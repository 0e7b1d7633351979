LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE;
CREATE INDEX outbox_chain ON outbox (ticket, recipient, id)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure');
DROP INDEX outbox_ahead;
