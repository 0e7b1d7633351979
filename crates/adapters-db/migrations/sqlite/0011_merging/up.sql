-- Segments of the search's index are merged eight at a time, not four: at a million comments a comment's share of the merging
-- falls by a quarter, and no batch of words keeps the writer for longer than a few dozen milliseconds. A search reads more
-- segments, and takes no longer that could be told.
INSERT INTO comment_search (comment_search, rank) VALUES ('automerge', 8);
