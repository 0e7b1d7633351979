DROP INDEX outbox_resting;
CREATE INDEX outbox_unfinished ON outbox (state, id, account, created_at)
    WHERE state IN ('ready', 'leased', 'sending', 'retry', 'unsure', 'dead');
CREATE INDEX event_at ON event (at);
ALTER TABLE event ADD CONSTRAINT event_seq_key UNIQUE (seq);
