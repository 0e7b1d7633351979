//! Tokens of the API: made, shown once, revoked.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use recado_app::access::Refusal;
use recado_domain::person::EmailAddress;
use recado_ports::accounts::Token;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Confirmation, Within};
use crate::api::List;
use crate::web::form::Form;
use crate::web::page::see_other_with;
use crate::web::refusal::WebRefusal;
use crate::web::routes::Routes;
use crate::web::visit::SignedInAdministrator;
use crate::web::{Shared, paging};

const HERE: &str = "/administration/tokens";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/administration/tokens", list)
        .post("/administration/tokens", make)
        .post("/administration/tokens/{id}/revoke", revoke)
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    of: String,
    after: Option<String>,
}

#[derive(Serialize, Default)]
struct Page {
    /// The token that was just made; the only time that it is shown.
    made: Option<Made>,
    /// What stands in the form.
    owner: String,
    label: String,
    errors: BTreeMap<&'static str, &'static str>,
    /// Whose tokens are listed.
    of: Option<String>,
    tokens: Vec<Row>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Made {
    owner: String,
    secret: String,
}

#[derive(Serialize)]
struct Row {
    id: Uuid,
    owner: String,
    label: String,
    created_at: Timestamp,
}

impl From<Token> for Row {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            owner: token.owner.to_string(),
            label: token.label,
            created_at: token.created_at,
        }
    }
}

async fn list(
    State(shared): State<Shared>,
    Query(filter): Query<Filter>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let owner = filter.of.trim().to_owned();
    let page = Page {
        owner: owner.clone(),
        of: Some(owner).filter(|owner| !owner.is_empty()),
        ..Page::default()
    };
    show(&shared, &visit, StatusCode::OK, page, filter.after.as_deref()).await
}

async fn show(
    shared: &Shared,
    visit: &SignedInAdministrator,
    status: StatusCode,
    mut page: Page,
    after: Option<&str>,
) -> Result<Response, WebRefusal> {
    let of = match &page.of {
        None => None,
        Some(of) => Some(EmailAddress::parse(of).map_err(|_| WebRefusal::NotFound)?),
    };
    let request = paging::request(List::Tokens, after)?;
    let people = &shared.pages.administration.manage_people;
    let found = people.tokens(visit.actor(), of.as_ref(), &request).await?;
    let filters = [("of", of.as_ref().map_or("", EmailAddress::as_str))];
    page.next = paging::next(List::Tokens, HERE, &filters, found.next.as_deref());
    page.tokens = found.items.into_iter().map(Into::into).collect();
    Ok(visit.page_with(
        status,
        "administration/tokens.html",
        "tokens-title",
        Within::new("tokens", page),
    ))
}

#[derive(Deserialize)]
struct NewToken {
    email: String,
    label: String,
}

/// Makes a token and shows it in the answer: a page to go to afterwards could not know it.
async fn make(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedInAdministrator, NewToken>,
) -> Result<Response, WebRefusal> {
    let mut errors = BTreeMap::new();
    let label = form.label.trim();
    if label.is_empty() {
        errors.insert("label", "tokens-label-bad");
    }
    let email = EmailAddress::parse(&form.email);
    if email.is_err() {
        errors.insert("email", "value-address");
    }
    if let (Ok(email), true) = (email, errors.is_empty()) {
        let create = &shared.pages.administration.create_token;
        match create.run(visit.actor(), &email, label).await {
            Ok(secret) => {
                let owner = email.to_string();
                let page = Page {
                    made: Some(Made { owner, secret }),
                    ..Page::default()
                };
                return show(&shared, &visit, StatusCode::OK, page, None).await;
            }
            Err(Refusal::NotFound(_)) => _ = errors.insert("email", "tokens-owner-missing"),
            Err(Refusal::Invalid(_)) => _ = errors.insert("label", "tokens-label-bad"),
            Err(refusal) => return Err(refusal.into()),
        }
    }
    let page = Page {
        owner: form.email,
        label: form.label,
        errors,
        ..Page::default()
    };
    show(&shared, &visit, StatusCode::UNPROCESSABLE_ENTITY, page, None).await
}

#[derive(Deserialize)]
struct Revoke {
    /// For the question alone.
    #[serde(default)]
    label: String,
    sure: Option<String>,
}

async fn revoke(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Form(visit, form): Form<SignedInAdministrator, Revoke>,
) -> Result<Response, WebRefusal> {
    let id = Uuid::parse_str(&id).map_err(|_| WebRefusal::NotFound)?;
    if form.sure.as_deref() != Some("Y") {
        let question = Confirmation {
            question: "revoke-token",
            name: &form.label,
            action: &format!("{HERE}/{id}/revoke"),
            back: HERE,
        };
        return Ok(question.ask(&visit, "tokens", "token-revoke-do"));
    }
    let people = &shared.pages.administration.manage_people;
    people.revoke_token(visit.actor(), id).await?;
    Ok(see_other_with(HERE, "flash-revoked"))
}
