//! Ready-made templates to begin from, one in each language. Everything in them may be changed.

use recado_app::put_template::NewTemplate;
use recado_domain::locale::Locale;
use recado_domain::template::{Situation, StoredTemplate, TemplateId};

/// A ready-made template in a language.
pub(in crate::web::administration) fn starter(language: Locale, id: TemplateId) -> NewTemplate {
    let (name, subject, html) = match language {
        Locale::Es => (
            "Mensajería",
            "Ticket ${IDSOLICITUDSERVICIO}: mensaje de ${USERNAME}",
            include_str!("../../../../web/starters/es.html"),
        ),
        Locale::Pt => (
            "Mensagens",
            "Ticket ${IDSOLICITACAOSERVICO}: mensagem de ${USERNAME}",
            include_str!("../../../../web/starters/pt.html"),
        ),
        Locale::En => (
            "Messaging",
            "Ticket ${IDSERVICEREQUEST}: message from ${USERNAME}",
            include_str!("../../../../web/starters/en.html"),
        ),
    };
    NewTemplate {
        id,
        name: name.to_owned(),
        subject: subject.to_owned(),
        html: html.to_owned(),
        text: None,
        situation: Situation::Active,
        locale: Some(language),
    }
}

/// The first number behind all that are taken.
pub(in crate::web::administration) fn next_id(known: &[StoredTemplate]) -> TemplateId {
    let highest = known.iter().map(|template| template.id.get()).max();
    let next = highest.unwrap_or(0).saturating_add(1);
    TemplateId::new(next).expect("a number behind one from 1 is one from 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ready_made_template_has_nothing_to_remark() {
        for language in Locale::ALL {
            let starter = starter(language, next_id(&[]));
            assert_eq!(starter.source().check(), [], "{language}");
        }
    }
}
