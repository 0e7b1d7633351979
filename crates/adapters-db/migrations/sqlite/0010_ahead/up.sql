-- PostgreSQL's matter alone: SQLite has no other choice of indexes here that it would take.
SELECT 1;
