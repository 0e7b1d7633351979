-- Counts the writes of parameters and templates, whichever process, of whichever version, makes them: who keeps a copy of
-- them in memory sees by it whether the copy still counts.
CREATE TABLE settings_version (
    id bigint NOT NULL PRIMARY KEY CHECK (id = 0),
    number bigint NOT NULL
);
INSERT INTO settings_version (id, number) VALUES (0, 1);

CREATE FUNCTION count_settings_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE settings_version SET number = number + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER parameter_written AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON parameter
FOR EACH STATEMENT EXECUTE FUNCTION count_settings_write();
CREATE TRIGGER template_written AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON template
FOR EACH STATEMENT EXECUTE FUNCTION count_settings_write();
