//! People: who has an account, what it may do, whether it may.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use recado_app::access::Refusal;
use recado_app::manage_people::AccountEdit;
use recado_app::passwords::{self, NewPassword};
use recado_domain::person::{EmailAddress, Party, PersonName, Role, Standing};
use recado_ports::accounts::{Account, AccountFilter};
use recado_ports::page::{PageLimit, PageRequest};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{Confirmation, Sure, Within};
use crate::api::List;
use crate::web::form::Form;
use crate::web::page::{see_other_with, segment};
use crate::web::refusal::WebRefusal;
use crate::web::routes::Routes;
use crate::web::strings::Words;
use crate::web::visit::SignedInAdministrator;
use crate::web::{Shared, paging};

const HERE: &str = "/administration/people";
const ROLES: [&str; 3] = ["requester", "technician", "administrator"];

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/administration/people", list)
        .get("/administration/people/new", begin)
        .post("/administration/people/new", add)
        .get("/administration/people/{email}", show)
        .post("/administration/people/{email}", save)
        .post("/administration/people/{email}/disable", disable)
        .post("/administration/people/{email}/enable", enable)
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    q: String,
    #[serde(default)]
    role: String,
    after: Option<String>,
}

#[derive(Serialize)]
struct ListPage {
    q: String,
    roles: [&'static str; 3],
    chosen: Option<&'static str>,
    is_filtered: bool,
    people: Vec<Person>,
    next: Option<String>,
}

/// An account as the pages show it.
#[derive(Serialize, Default)]
struct Person {
    email: String,
    name: String,
    role: String,
    is_disabled: bool,
    has_password: bool,
    tokens: u64,
    signed_in_at: Option<Timestamp>,
    href: String,
    tokens_href: String,
    audit_href: String,
}

impl From<Account> for Person {
    fn from(account: Account) -> Self {
        let email = account.user.party.email.as_str();
        let encoded = segment(email);
        Self {
            name: account.user.party.name.as_str().to_owned(),
            role: account.user.role.as_str().to_owned(),
            is_disabled: account.user.standing == Standing::Disabled,
            has_password: account.has_password,
            tokens: account.tokens,
            signed_in_at: account.signed_in_at,
            href: format!("{HERE}/{encoded}"),
            tokens_href: format!("/administration/tokens?of={encoded}"),
            audit_href: format!("/administration/audit?object={encoded}"),
            email: email.to_owned(),
        }
    }
}

async fn list(
    State(shared): State<Shared>,
    Query(filter): Query<Filter>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let text = filter.q.trim();
    let role = Role::parse(&filter.role);
    let wanted = AccountFilter {
        text: Some(text.to_owned()).filter(|text| !text.is_empty()),
        role,
    };
    let request = paging::request(List::People, filter.after.as_deref())?;
    let people = &shared.pages.administration.manage_people;
    let found = people.accounts(visit.actor(), &wanted, &request).await?;
    let chosen = role.map(Role::as_str);
    let filters = [("q", text), ("role", chosen.unwrap_or_default())];
    let page = ListPage {
        roles: ROLES,
        chosen,
        is_filtered: filters.iter().any(|(_, value)| !value.is_empty()),
        next: paging::next(List::People, HERE, &filters, found.next.as_deref()),
        q: text.to_owned(),
        people: found.items.into_iter().map(Into::into).collect(),
    };
    Ok(visit.page(
        "administration/people.html",
        "people-title",
        Within::new("people", page),
    ))
}

type Errors = BTreeMap<&'static str, &'static str>;

#[derive(Serialize)]
struct OnePage {
    is_new: bool,
    action: String,
    roles: [&'static str; 3],
    person: Person,
    person_groups: Vec<GroupLink>,
    errors: Errors,
    /// The key of what stands in the way as a whole.
    problem: Option<&'static str>,
}

#[derive(Serialize)]
struct GroupLink {
    name: String,
    href: String,
}

fn new_page(visit: &SignedInAdministrator, status: StatusCode, person: Person, errors: Errors) -> Response {
    let page = OnePage {
        is_new: true,
        action: format!("{HERE}/new"),
        roles: ROLES,
        person,
        person_groups: Vec::new(),
        errors,
        problem: None,
    };
    visit.page_with(
        status,
        "administration/person.html",
        "people-add",
        Within::new("people", page),
    )
}

async fn begin(visit: SignedInAdministrator) -> Response {
    let person = Person {
        role: Role::Technician.as_str().to_owned(),
        ..Person::default()
    };
    new_page(&visit, StatusCode::OK, person, Errors::new())
}

/// What a person's form sends.
#[derive(Deserialize)]
struct PersonForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    password: String,
    #[serde(default, rename = "no-password")]
    no_password: Option<String>,
}

async fn add(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedInAdministrator, PersonForm>,
) -> Result<Response, WebRefusal> {
    let mut errors = Errors::new();
    let email = EmailAddress::parse(&form.email)
        .map_err(|_| errors.insert("email", "value-address"))
        .ok();
    let name = PersonName::parse(form.name.trim())
        .map_err(|_| errors.insert("name", "people-name-bad"))
        .ok();
    if !form.password.is_empty() && NewPassword::parse(SecretString::from(form.password.as_str())).is_err() {
        errors.insert("password", "people-password-bad");
    }
    let role = Role::parse(&form.role).ok_or(WebRefusal::NotFound)?;
    if let (Some(email), Some(name), true) = (email, name, errors.is_empty()) {
        let place = format!("{HERE}/{}", segment(email.as_str()));
        let password = match form.password.as_str() {
            "" => None,
            password => {
                let password = NewPassword::parse(SecretString::from(password));
                let password = password.map_err(|error| WebRefusal::Invalid(error.to_string()))?;
                Some(passwords::hash(password, &*shared.options.ids).await?)
            }
        };
        let add = &shared.pages.administration.add_user;
        match add
            .run(visit.actor(), Party { name, email }, role, password)
            .await
        {
            Ok(_) => return Ok(see_other_with(&place, "flash-person-added")),
            Err(Refusal::Conflict(_)) => _ = errors.insert("email", "people-exists"),
            Err(Refusal::Invalid(_)) => _ = errors.insert("password", "people-password-bad"),
            Err(refusal) => return Err(refusal.into()),
        }
    }
    let person = Person {
        email: form.email,
        name: form.name,
        role: form.role,
        ..Person::default()
    };
    Ok(new_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, person, errors))
}

fn address(text: &str) -> Result<EmailAddress, WebRefusal> {
    EmailAddress::parse(text).map_err(|_| WebRefusal::NotFound)
}

/// The person as it stands, with what is wrong in a form about it.
async fn one(
    shared: &Shared,
    visit: &SignedInAdministrator,
    email: &EmailAddress,
    errors: Errors,
    problem: Option<&'static str>,
) -> Result<Response, WebRefusal> {
    let people = &shared.pages.administration.manage_people;
    let person: Person = people.account(visit.actor(), email).await?.into();
    let all = PageRequest {
        after: None,
        limit: PageLimit::clamp(PageLimit::MAX.into()),
    };
    let groups = people.groups(visit.actor(), &all).await?;
    let status = if problem.is_some() {
        StatusCode::CONFLICT
    } else if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let title = Words::Text(if person.name.is_empty() {
        person.email.clone()
    } else {
        person.name.clone()
    });
    let page = OnePage {
        is_new: false,
        action: person.href.clone(),
        roles: ROLES,
        person_groups: groups
            .items
            .into_iter()
            .filter(|group| group.members.contains(email))
            .map(|group| GroupLink {
                name: group.party.name.as_str().to_owned(),
                href: format!("/administration/groups/{}", segment(group.party.email.as_str())),
            })
            .collect(),
        person,
        errors,
        problem,
    };
    Ok(visit.page_with(
        status,
        "administration/person.html",
        title,
        Within::new("people", page),
    ))
}

async fn show(
    State(shared): State<Shared>,
    Path(email): Path<String>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    one(&shared, &visit, &address(&email)?, Errors::new(), None).await
}

async fn save(
    State(shared): State<Shared>,
    Path(email): Path<String>,
    Form(visit, form): Form<SignedInAdministrator, PersonForm>,
) -> Result<Response, WebRefusal> {
    let email = address(&email)?;
    let Ok(name) = PersonName::parse(form.name.trim()) else {
        let errors = Errors::from([("name", "people-name-bad")]);
        return one(&shared, &visit, &email, errors, None).await;
    };
    let edit = AccountEdit {
        name: Some(name),
        role: Some(Role::parse(&form.role).ok_or(WebRefusal::NotFound)?),
        standing: None,
        password: match (form.no_password, form.password.as_str()) {
            (Some(_), _) => Some(None),
            (None, "") => None,
            (None, password) => Some(Some(SecretString::from(password))),
        },
    };
    change(&shared, &visit, &email, edit).await
}

async fn change(
    shared: &Shared,
    visit: &SignedInAdministrator,
    email: &EmailAddress,
    edit: AccountEdit,
) -> Result<Response, WebRefusal> {
    let people = &shared.pages.administration.manage_people;
    match people.change(visit.actor(), email, edit).await {
        Ok(_) => {
            let place = format!("{HERE}/{}", segment(email.as_str()));
            Ok(see_other_with(&place, "flash-saved"))
        }
        Err(Refusal::Invalid(_)) => {
            let errors = Errors::from([("password", "people-password-bad")]);
            one(shared, visit, email, errors, None).await
        }
        // The one conflict that an edit can meet.
        Err(Refusal::Conflict(_)) => {
            let problem = Some("people-last-administrator");
            one(shared, visit, email, Errors::new(), problem).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn disable(
    State(shared): State<Shared>,
    Path(email): Path<String>,
    Form(visit, sure): Form<SignedInAdministrator, Sure>,
) -> Result<Response, WebRefusal> {
    let email = address(&email)?;
    if !sure.is_sure() {
        let back = format!("{HERE}/{}", segment(email.as_str()));
        let question = Confirmation {
            question: "disable-person",
            name: email.as_str(),
            action: &format!("{back}/disable"),
            back: &back,
        };
        return Ok(question.ask(&visit, "people", "people-disable"));
    }
    let edit = AccountEdit {
        standing: Some(Standing::Disabled),
        ..AccountEdit::default()
    };
    change(&shared, &visit, &email, edit).await
}

async fn enable(
    State(shared): State<Shared>,
    Path(email): Path<String>,
    Form(visit, _): Form<SignedInAdministrator, Sure>,
) -> Result<Response, WebRefusal> {
    let edit = AccountEdit {
        standing: Some(Standing::Active),
        ..AccountEdit::default()
    };
    change(&shared, &visit, &address(&email)?, edit).await
}
