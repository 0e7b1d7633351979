DROP TRIGGER template_deleted;
DROP TRIGGER template_updated;
DROP TRIGGER template_inserted;
DROP TRIGGER parameter_deleted;
DROP TRIGGER parameter_updated;
DROP TRIGGER parameter_inserted;
DROP TABLE settings_version;
