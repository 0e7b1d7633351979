DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox (account, due_at, id)
    WHERE state IN ('ready', 'retry', 'unsure');
DROP INDEX outbox_chain;
CREATE INDEX outbox_chain ON outbox (ticket, recipient, id)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure');
DROP INDEX outbox_unfinished;
CREATE INDEX outbox_unfinished ON outbox (state, id, account, created_at)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure', 'dead');
DROP INDEX outbox_base;
CREATE INDEX outbox_base ON outbox (account, open_base)
    WHERE state IN ('ready', 'retry', 'unsure');
