//! Groups: several people behind one address.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use recado_domain::person::{EmailAddress, Group, Party, PersonName};
use serde::{Deserialize, Serialize};

use super::{After, Confirmation, Sure, Within};
use crate::api::List;
use crate::web::form::Form;
use crate::web::page::{see_other_with, segment};
use crate::web::refusal::WebRefusal;
use crate::web::routes::Routes;
use crate::web::strings::Words;
use crate::web::visit::SignedInAdministrator;
use crate::web::{Shared, paging};

const HERE: &str = "/administration/groups";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/administration/groups", list)
        .post("/administration/groups", put)
        .get("/administration/groups/new", begin)
        .get("/administration/groups/{email}", show)
        .post("/administration/groups/{email}/remove", remove)
}

#[derive(Serialize)]
struct ListPage {
    groups: Vec<Row>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    email: String,
    /// How many.
    members: usize,
    href: String,
}

fn place(email: &str) -> String {
    format!("{HERE}/{}", segment(email))
}

/// A name to show; a group may have none.
fn name_of(group: &Group) -> String {
    let Party { name, email } = &group.party;
    if name.as_str().is_empty() {
        email.to_string()
    } else {
        name.to_string()
    }
}

async fn list(
    State(shared): State<Shared>,
    Query(query): Query<After>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let request = paging::request(List::Groups, query.after.as_deref())?;
    let people = &shared.pages.administration.manage_people;
    let found = people.groups(visit.actor(), &request).await?;
    let page = ListPage {
        next: paging::next(List::Groups, HERE, &[], found.next.as_deref()),
        groups: found
            .items
            .iter()
            .map(|group| Row {
                name: name_of(group),
                email: group.party.email.to_string(),
                members: group.members.len(),
                href: place(group.party.email.as_str()),
            })
            .collect(),
    };
    Ok(visit.page(
        "administration/groups.html",
        "groups-title",
        Within::new("groups", page),
    ))
}

#[derive(Serialize)]
struct OnePage {
    is_new: bool,
    group: Edited,
    errors: BTreeMap<&'static str, &'static str>,
    /// The first member that is no address.
    bad_member: String,
    /// Where it is removed.
    remove: String,
}

/// A group in its form; members one a line.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Edited {
    name: String,
    email: String,
    members: String,
    /// Whether the form is that of a group which is there.
    known: Option<String>,
}

async fn begin(visit: SignedInAdministrator) -> Response {
    let page = OnePage {
        is_new: true,
        group: Edited::default(),
        errors: BTreeMap::new(),
        bad_member: String::new(),
        remove: String::new(),
    };
    visit.page(
        "administration/group.html",
        "groups-add",
        Within::new("groups", page),
    )
}

async fn show(
    State(shared): State<Shared>,
    Path(email): Path<String>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let email = EmailAddress::parse(&email).map_err(|_| WebRefusal::NotFound)?;
    let people = &shared.pages.administration.manage_people;
    let group = people.group(visit.actor(), &email).await?;
    let members: Vec<_> = group.members.iter().map(EmailAddress::as_str).collect();
    let page = OnePage {
        is_new: false,
        group: Edited {
            name: group.party.name.to_string(),
            email: email.to_string(),
            members: members.join("\n"),
            known: None,
        },
        errors: BTreeMap::new(),
        bad_member: String::new(),
        remove: format!("{}/remove", place(email.as_str())),
    };
    Ok(visit.page(
        "administration/group.html",
        Words::Text(name_of(&group)),
        Within::new("groups", page),
    ))
}

async fn put(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedInAdministrator, Edited>,
) -> Result<Response, WebRefusal> {
    let mut errors = BTreeMap::new();
    let mut bad_member = String::new();
    let email = EmailAddress::parse(&form.email);
    if email.is_err() {
        errors.insert("email", "value-address");
    }
    let name = PersonName::parse(form.name.trim());
    if name.is_err() {
        errors.insert("name", "people-name-bad");
    }
    let mut members = BTreeSet::new();
    for line in form.members.split([',', ';', '\n']).map(str::trim) {
        match EmailAddress::parse(line) {
            _ if line.is_empty() => {}
            Ok(member) => _ = members.insert(member),
            Err(_) if bad_member.is_empty() => {
                line.clone_into(&mut bad_member);
                errors.insert("members", "groups-bad-member");
            }
            Err(_) => {}
        }
    }
    if let (Ok(email), Ok(name), true) = (email, name, errors.is_empty()) {
        let place = place(email.as_str());
        let group = Group {
            party: Party { name, email },
            members: members.into_iter().collect(),
        };
        shared.api.put_group.run(visit.actor(), &group).await?;
        return Ok(see_other_with(&place, "flash-saved"));
    }
    let page = OnePage {
        is_new: form.known.is_none(),
        remove: format!("{}/remove", place(&form.email)),
        group: form,
        errors,
        bad_member,
    };
    Ok(visit.page_with(
        StatusCode::UNPROCESSABLE_ENTITY,
        "administration/group.html",
        "groups-title",
        Within::new("groups", page),
    ))
}

async fn remove(
    State(shared): State<Shared>,
    Path(email): Path<String>,
    Form(visit, sure): Form<SignedInAdministrator, Sure>,
) -> Result<Response, WebRefusal> {
    let email = EmailAddress::parse(&email).map_err(|_| WebRefusal::NotFound)?;
    let people = &shared.pages.administration.manage_people;
    if !sure.is_sure() {
        let group = people.group(visit.actor(), &email).await?;
        let back = place(email.as_str());
        let question = Confirmation {
            question: "remove-group",
            name: &name_of(&group),
            action: &format!("{back}/remove"),
            back: &back,
        };
        return Ok(question.ask(&visit, "groups", "group-remove"));
    }
    people.remove_group(visit.actor(), &email).await?;
    Ok(see_other_with(HERE, "flash-removed"))
}
