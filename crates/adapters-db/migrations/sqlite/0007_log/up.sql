-- Here the number alone says where an entry stands, and the oldest have the lowest.
DROP INDEX event_place;
DROP INDEX event_at;
