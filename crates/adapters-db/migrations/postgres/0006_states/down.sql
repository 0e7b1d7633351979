-- SQLite's matter alone: PostgreSQL compares a state with a list as it is.
SELECT 1;
