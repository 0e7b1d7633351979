//! The audit trail: who did what, when, from what to what.

use axum::extract::{Query, State};
use axum::response::Response;
use jiff::Timestamp;
use recado_domain::audit::{Action, Entry, Who};
use recado_domain::person::EmailAddress;
use recado_ports::audit::AuditFilter;
use recado_ports::page::Page as PageOf;
use serde::{Deserialize, Serialize};

use super::Within;
use crate::api::List;
use crate::web::page::segment;
use crate::web::refusal::WebRefusal;
use crate::web::routes::Routes;
use crate::web::visit::SignedInAdministrator;
use crate::web::{Shared, paging};

const HERE: &str = "/administration/audit";

pub(super) fn routes() -> Routes {
    Routes::new().get("/administration/audit", list)
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    action: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    object: String,
    after: Option<String>,
}

#[derive(Serialize)]
struct Page {
    actions: Vec<Choice>,
    chosen: Option<&'static str>,
    person: String,
    /// Whether what stands in the person's field is no address.
    bad_person: bool,
    object: String,
    is_filtered: bool,
    entries: Vec<Row>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Choice {
    name: &'static str,
    key: String,
}

#[derive(Serialize)]
struct Row {
    at: Timestamp,
    /// None for the command line.
    who: Option<String>,
    /// The key of what was done.
    action: String,
    object: String,
    /// Where the object is looked after.
    href: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

impl From<Entry> for Row {
    fn from(entry: Entry) -> Self {
        Self {
            at: entry.at,
            who: match entry.who {
                Who::Operator => None,
                Who::Person(email) => Some(email.to_string()),
            },
            action: key(entry.action),
            href: place(entry.action, &entry.object),
            object: entry.object,
            before: entry.before,
            after: entry.after,
        }
    }
}

/// The key of an action's words.
fn key(action: Action) -> String {
    format!("audit-{}", action.as_str().replace('.', "-"))
}

fn place(action: Action, object: &str) -> Option<String> {
    let folder = match action {
        Action::ParameterSet => "/administration/parameters",
        Action::TemplatePut | Action::TemplateImage => "/administration/templates",
        Action::AccountAdded | Action::AccountChanged | Action::TokenCreated | Action::TokenRevoked => {
            "/administration/people"
        }
        Action::GroupPut => "/administration/groups",
        Action::DeliveryRequeued | Action::DeliveryCancelled | Action::MessageRead => "/desk/deliveries",
        Action::MailReleased | Action::MailRefused | Action::MailReplayed | Action::RawMailRead => {
            "/desk/quarantine"
        }
        Action::ChannelPaused
        | Action::ChannelReleased
        | Action::SuppressionLifted
        | Action::CommentRetracted => {
            return None;
        }
    };
    Some(format!("{folder}/{}", segment(object)))
}

async fn list(
    State(shared): State<Shared>,
    Query(filter): Query<Filter>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let action = Action::parse(&filter.action);
    let (person, object) = (filter.person.trim(), filter.object.trim());
    let address = EmailAddress::parse(person);
    let bad_person = !person.is_empty() && address.is_err();
    let wanted = AuditFilter {
        person: address.ok(),
        action,
        object: Some(object.to_owned()).filter(|object| !object.is_empty()),
    };
    let request = paging::request(List::Audit, filter.after.as_deref())?;
    let found = if bad_person {
        PageOf {
            items: Vec::new(),
            next: None,
        }
    } else {
        let trail = &shared.pages.administration.read_audit;
        trail.list(visit.actor(), &wanted, &request).await?
    };
    let chosen = action.map(Action::as_str);
    let filters = [
        ("action", chosen.unwrap_or_default()),
        ("person", person),
        ("object", object),
    ];
    let page = Page {
        actions: Action::ALL
            .iter()
            .map(|action| Choice {
                name: action.as_str(),
                key: key(*action),
            })
            .collect(),
        chosen,
        bad_person,
        is_filtered: filters.iter().any(|(_, value)| !value.is_empty()),
        next: paging::next(List::Audit, HERE, &filters, found.next.as_deref()),
        person: person.to_owned(),
        object: object.to_owned(),
        entries: found.items.into_iter().map(Into::into).collect(),
    };
    Ok(visit.page(
        "administration/audit.html",
        "audit-title",
        Within::new("audit", page),
    ))
}

#[cfg(test)]
mod tests {
    use recado_domain::locale::Locale;

    use super::*;

    #[test]
    fn every_action_has_its_words() {
        let strings = crate::web::strings::Strings::default();
        for action in Action::ALL {
            assert!(strings.has(Locale::Es, &key(*action)), "{action:?}");
        }
    }
}
