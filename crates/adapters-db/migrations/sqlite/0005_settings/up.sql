-- Counts the writes of parameters and templates, whichever process, of whichever version, makes them: who keeps a copy of
-- them in memory sees by it whether the copy still counts.
CREATE TABLE settings_version (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 0),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO settings_version (id, number) VALUES (0, 1);

CREATE TRIGGER parameter_inserted AFTER INSERT ON parameter
BEGIN UPDATE settings_version SET number = number + 1; END;
CREATE TRIGGER parameter_updated AFTER UPDATE ON parameter
BEGIN UPDATE settings_version SET number = number + 1; END;
CREATE TRIGGER parameter_deleted AFTER DELETE ON parameter
BEGIN UPDATE settings_version SET number = number + 1; END;
CREATE TRIGGER template_inserted AFTER INSERT ON template
BEGIN UPDATE settings_version SET number = number + 1; END;
CREATE TRIGGER template_updated AFTER UPDATE ON template
BEGIN UPDATE settings_version SET number = number + 1; END;
CREATE TRIGGER template_deleted AFTER DELETE ON template
BEGIN UPDATE settings_version SET number = number + 1; END;
