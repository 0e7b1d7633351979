-- Entries are found by their places alone; the oldest have the lowest.
DROP INDEX event_at;
ALTER TABLE event DROP CONSTRAINT event_seq_key;
