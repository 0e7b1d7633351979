DROP TRIGGER template_written ON template;
DROP TRIGGER parameter_written ON parameter;
DROP FUNCTION count_settings_write();
DROP TABLE settings_version;
