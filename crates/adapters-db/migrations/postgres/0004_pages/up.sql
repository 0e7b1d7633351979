-- Until when a comment may be taken back before others see it; none once it was shown.
ALTER TABLE comment ADD COLUMN held_until BIGINT;
CREATE INDEX comment_held ON comment (held_until, id) WHERE held_until IS NOT NULL;
