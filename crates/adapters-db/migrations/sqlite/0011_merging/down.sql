INSERT INTO comment_search (comment_search, rank) VALUES ('automerge', 4);
