DROP INDEX comment_held;
ALTER TABLE comment DROP COLUMN held_until;
