DROP TABLE searched_comment;
DROP TABLE search_queue;
DROP TABLE read_mark;
DROP INDEX outbox_undelivered;
DROP INDEX ticket_open_group;
DROP INDEX ticket_open_responsible;
DROP TABLE ticket_activity;
DROP TABLE template_image;
