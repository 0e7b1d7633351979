-- What a mail may have to wait for, found in this index alone: the planner, which knows little of a database that is new,
-- took `outbox_thread` as readily, and every claim read all that a chain had ever held. Made before the other goes: a
-- daemon of an older version may be at work beside this.
CREATE INDEX outbox_ahead ON outbox (ticket, (recipient || ''), id)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure');
DROP INDEX outbox_chain;
