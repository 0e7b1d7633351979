//! The plain templates that need no database: what is sent when a stored template cannot be rendered.

use super::Template;
use crate::locale::Locale;

impl Template<'static> {
    /// A plain template in a language. Rendering it cannot fail.
    ///
    /// ```
    /// use recado_domain::locale::Locale;
    /// use recado_domain::template::{Template, TemplateKey, TemplateValues};
    /// let values = TemplateValues::new().with(TemplateKey::TicketNumber, "4711");
    /// let mail = Template::builtin(Locale::Pt).render(&values);
    /// assert_eq!(mail.subject, "Nova mensagem na solicitação 4711");
    /// ```
    pub const fn builtin(locale: Locale) -> Self {
        match locale {
            Locale::Es => Self {
                subject: "Nuevo mensaje en la solicitud ${IDSOLICITUDSERVICIO}",
                html: "<p><strong>${USERNAME}</strong>, ${DATETIMECREATED}:</p>\n\
                       <p>${COMMENTTEXT}</p>\n\
                       <p>Solicitud ${IDSOLICITUDSERVICIO}</p>\n",
                text: Some(
                    "${USERNAME}, ${DATETIMECREATED}:\n\n${COMMENTTEXT}\n\nSolicitud ${IDSOLICITUDSERVICIO}\n",
                ),
            },
            Locale::Pt => Self {
                subject: "Nova mensagem na solicitação ${IDSOLICITACAOSERVICO}",
                html: "<p><strong>${USERNAME}</strong>, ${DATETIMECREATED}:</p>\n\
                       <p>${COMMENTTEXT}</p>\n\
                       <p>Solicitação ${IDSOLICITACAOSERVICO}</p>\n",
                text: Some(
                    "${USERNAME}, ${DATETIMECREATED}:\n\n${COMMENTTEXT}\n\nSolicitação ${IDSOLICITACAOSERVICO}\n",
                ),
            },
            Locale::En => Self {
                subject: "New message on ticket ${IDSERVICEREQUEST}",
                html: "<p><strong>${USERNAME}</strong>, ${DATETIMECREATED}:</p>\n\
                       <p>${COMMENTTEXT}</p>\n\
                       <p>Ticket ${IDSERVICEREQUEST}</p>\n",
                text: Some(
                    "${USERNAME}, ${DATETIMECREATED}:\n\n${COMMENTTEXT}\n\nTicket ${IDSERVICEREQUEST}\n",
                ),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_one_that_can_be_saved() {
        for locale in Locale::ALL {
            assert_eq!(Template::builtin(locale).check(), [], "{locale}");
        }
    }
}
