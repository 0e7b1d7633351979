DROP INDEX outbox_acknowledgement;
DROP TABLE mailbox_position;
DROP TABLE accepted_address;
DROP TABLE incoming_message;
DROP TABLE incoming_mail;
ALTER TABLE comment DROP COLUMN html;
ALTER TABLE ticket DROP COLUMN follows;
ALTER TABLE ticket DROP COLUMN closed_at;
