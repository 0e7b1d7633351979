-- What a mail may have to wait for, found in this index alone: the planner, which knows little of a database that is new,
-- took `outbox_thread` as readily, and every claim read all that a chain had ever held.
LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE;
CREATE INDEX outbox_ahead ON outbox (ticket, (recipient || ''), id)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure');
DROP INDEX outbox_chain;
