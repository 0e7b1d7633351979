CREATE INDEX event_place ON event (xid, seq);
CREATE INDEX event_at ON event (at);
