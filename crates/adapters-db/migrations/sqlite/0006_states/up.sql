-- The same indexes, their states one by one: of a list of three or more SQLite made a table anew for each of them,
-- whenever a row of the outbox was written. That was two thirds of what writing it cost.
DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox (account, due_at, id)
    WHERE state = 'ready' OR state = 'retry' OR state = 'unsure';
DROP INDEX outbox_chain;
CREATE INDEX outbox_chain ON outbox (ticket, recipient, id)
    WHERE state = 'ready' OR state = 'leased' OR state = 'sending' OR state = 'retry' OR state = 'unsure';
DROP INDEX outbox_unfinished;
CREATE INDEX outbox_unfinished ON outbox (state, id, account, created_at)
    WHERE state = 'ready' OR state = 'leased' OR state = 'sending' OR state = 'retry' OR state = 'unsure' OR state = 'dead';
DROP INDEX outbox_base;
CREATE INDEX outbox_base ON outbox (account, open_base)
    WHERE state = 'ready' OR state = 'retry' OR state = 'unsure';
