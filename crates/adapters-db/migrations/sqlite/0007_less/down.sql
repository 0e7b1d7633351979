DROP INDEX outbox_resting;
CREATE INDEX outbox_unfinished ON outbox (state, id, account, created_at)
    WHERE state = 'ready' OR state = 'leased' OR state = 'sending' OR state = 'retry' OR state = 'unsure' OR state = 'dead';
CREATE INDEX event_place ON event (xid, seq);
CREATE INDEX event_at ON event (at);
