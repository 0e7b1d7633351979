CREATE INDEX outbox_chain ON outbox (ticket, recipient, id)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure');
DROP INDEX outbox_ahead;
