CREATE INDEX event_at ON event (at);
ALTER TABLE event ADD CONSTRAINT event_seq_key UNIQUE (seq);
