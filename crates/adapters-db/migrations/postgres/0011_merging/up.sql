-- SQLite's matter alone: PostgreSQL's index of words has no such setting.
SELECT 1;
