//! Templates.

use recado_domain::template::{Situation, StoredTemplate, TemplateId, TemplateVersion};

use crate::clock::START;

/// An active template, all six keys in it.
pub fn template(number: i64) -> StoredTemplate {
    StoredTemplate {
        id: TemplateId::new(number).expect("the test's template number is sound"),
        version: TemplateVersion(0),
        name: "Mensajería".to_owned(),
        subject: "Solicitud ${IDSOLICITUDSERVICIO}: ${USERNAME}".to_owned(),
        html:
            "<p>${REQUESTERNAME}, ${REQUESTRESPONSIBLENAME}</p><p>${COMMENTTEXT}</p><p>${DATETIMECREATED}</p>"
                .to_owned(),
        text: None,
        situation: Situation::Active,
        locale: None,
        updated_at: START,
    }
}
