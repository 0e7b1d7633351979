//! The demonstration's people, tickets and template.

use std::net::SocketAddr;

use anyhow::Context as _;
use recado_app::access::{Actor, Refusal};
use recado_app::passwords::{self, NewPassword};
use recado_app::put_template::NewTemplate;
use recado_app::put_ticket::TicketChange;
use recado_domain::locale::Locale;
use recado_domain::parameter::Parameter;
use recado_domain::person::{EmailAddress, Party, Role};
use recado_domain::template::{Situation, TemplateId};
use recado_domain::ticket::TicketNumber;

use crate::wiring::House;

/// The ticket that the first comment goes to.
pub(super) const TICKET: &str = "4711";

/// The first comment, by the requester.
pub(super) const COMMENT: &str =
    "La impresora del segundo piso se atasca otra vez.\nSolo con la bandeja 2; la 1 funciona.";

/// What the technician answers in a mail program.
pub(super) const ANSWER: &str = "Ya la miro: cambio el rodillo de la bandeja 2 esta tarde.";

const DESK: &str = "mesa@demo.example";
const ADMINISTRATOR: (&str, &str) = ("Marta Mesa", "marta@demo.example");
const REQUESTER: (&str, &str) = ("Ana Peña", "ana@demo.example");
const TECHNICIAN: (&str, &str) = ("Tomás Técnico", "tomas@demo.example");

const SUBJECT: &str = "Nuevo mensaje de ${USERNAME} [#${IDSOLICITUDSERVICIO}]";
const HTML: &str = "<p>Hola:</p>
<p><strong>${USERNAME}</strong> escribió el ${DATETIMECREATED}:</p>
<blockquote>${COMMENTTEXT}</blockquote>
<p>Solicitud: ${IDSOLICITUDSERVICIO}<br>
Solicitante: ${REQUESTERNAME}<br>
Responsable: ${REQUESTRESPONSIBLENAME}</p>
";

/// The password of each account: nothing in a demonstration is worth a better one.
pub(super) const PASSWORD: &str = "recado-demo";

/// Each account with its role.
pub(super) fn accounts() -> [(Party, Role); 3] {
    [
        (party(ADMINISTRATOR), Role::Administrator),
        (party(TECHNICIAN), Role::Technician),
        (party(REQUESTER), Role::Requester),
    ]
}

/// The requester of the first ticket.
pub(super) fn requester() -> Party {
    party(REQUESTER)
}

/// The technician who answers for the first ticket.
pub(super) fn technician() -> Party {
    party(TECHNICIAN)
}

/// Fills the database, and points the outgoing account at the catcher. Gives an administrator's token. A directory
/// that was kept from an earlier demonstration is filled again.
pub(super) async fn fill(house: &House, catcher: SocketAddr) -> anyhow::Result<String> {
    let operator = Actor::Operator;
    let password = NewPassword::parse(PASSWORD.into()).expect("the sample is valid");
    let hash = passwords::hash(password, &*house.ids)
        .await
        .context("the sample accounts")?;
    for (who, role) in accounts() {
        match house
            .add_user()
            .run(&operator, who, role, Some(hash.clone()))
            .await
        {
            Ok(_) | Err(Refusal::Conflict(_)) => {}
            Err(error) => return Err(error).context("the sample accounts"),
        }
    }
    house
        .put_template()
        .run(&operator, template())
        .await
        .context("the sample template")?;
    let port = catcher.port().to_string();
    for (parameter, value) in [
        (Parameter::FromAddress, DESK),
        (Parameter::SmtpHost, "127.0.0.1"),
        (Parameter::SmtpPort, &port),
        (Parameter::MessagingTemplate, "1"),
    ] {
        house
            .set_parameter()
            .run(&operator, parameter, Some(value))
            .await
            .context("the sample parameters")?;
    }
    for (number, title) in [
        (TICKET, "Impresora atascada"),
        ("4712", "Alta de usuario"),
        ("4713", "Monitor parpadea"),
    ] {
        let number = TicketNumber::parse(number).expect("the sample is valid");
        let change = TicketChange {
            title: Some(title.to_owned()),
            requester: Some(party(REQUESTER)),
            responsible: Some(Some(party(TECHNICIAN))),
            ..TicketChange::default()
        };
        house
            .put_ticket()
            .run(&operator, &number, change)
            .await
            .context("the sample tickets")?;
    }
    let administrator = EmailAddress::parse(ADMINISTRATOR.1).expect("the sample is valid");
    house
        .create_token()
        .run(&operator, &administrator, "demo")
        .await
        .context("the sample token")
}

fn template() -> NewTemplate {
    NewTemplate {
        id: TemplateId::new(1).expect("1 is a template's number"),
        name: "Mensaje de la solicitud".to_owned(),
        subject: SUBJECT.to_owned(),
        html: HTML.to_owned(),
        text: None,
        situation: Situation::Active,
        locale: Some(Locale::Es),
    }
}

fn party((name, email): (&str, &str)) -> Party {
    Party::parse(name, email).expect("the sample is valid")
}

#[cfg(test)]
mod tests {
    use recado_domain::template::{Template, TemplateKey};

    use super::*;

    #[test]
    fn the_sample_template_is_sound_and_uses_all_six_keys() {
        assert_eq!(
            Template {
                subject: SUBJECT,
                html: HTML,
                text: None
            }
            .check(),
            []
        );
        for key in [
            TemplateKey::TicketNumber,
            TemplateKey::CommentText,
            TemplateKey::DateTimeCreated,
            TemplateKey::AuthorName,
            TemplateKey::RequesterName,
            TemplateKey::ResponsibleName,
        ] {
            assert!(HTML.contains(&format!("${{{}}}", key.name())), "{}", key.name());
        }
    }
}
