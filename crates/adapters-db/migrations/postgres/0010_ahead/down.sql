CREATE INDEX outbox_ahead_of ON outbox (ticket, (recipient || ''), id)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure');
DROP INDEX outbox_ahead;
ALTER INDEX outbox_ahead_of RENAME TO outbox_ahead;
