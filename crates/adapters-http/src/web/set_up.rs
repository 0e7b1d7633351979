//! `/setup/{token}`: the first administrator, made by whoever can read what the daemon prints. Gone once there is one.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use recado_app::access::Refusal;
use recado_domain::person::{EmailAddress, Party, PersonName};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::cookie::Jar;
use super::form::Form;
use super::refusal::WebRefusal;
use super::routes::Routes;
use super::sign_in::{keep_address, let_in};
use super::visit::Visit;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/setup/{token}", show)
        .post("/setup/{token}", run)
}

#[derive(Default, Serialize)]
struct SetUpPage {
    token: String,
    is_closed: bool,
    name: String,
    email: String,
    /// Keys of what is wrong, each with its field.
    name_problem: Option<&'static str>,
    email_problem: Option<&'static str>,
    password_problem: Option<&'static str>,
}

impl SetUpPage {
    fn answer(self, visit: &Visit, status: StatusCode) -> Response {
        let mut response = visit.page_with(status, "shell/set_up.html", "set-up-title", self);
        keep_address(&mut response);
        response
    }
}

async fn show(
    State(shared): State<Shared>,
    visit: Visit,
    Path(token): Path<String>,
) -> Result<Response, WebRefusal> {
    if !shared.pages.set_up.admits(&token).await? {
        return Err(WebRefusal::NotFound);
    }
    let page = SetUpPage {
        token,
        is_closed: shared.jar == Jar::Closed,
        ..SetUpPage::default()
    };
    Ok(page.answer(&visit, StatusCode::OK))
}

#[derive(Deserialize)]
struct SetUpForm {
    name: String,
    email: String,
    password: String,
}

async fn run(
    State(shared): State<Shared>,
    Path(token): Path<String>,
    Form(visit, form): Form<Visit, SetUpForm>,
) -> Result<Response, WebRefusal> {
    if !shared.pages.set_up.admits(&token).await? {
        return Err(WebRefusal::NotFound);
    }
    let (name, email) = (
        PersonName::parse(form.name.trim()),
        EmailAddress::parse(form.email.trim()),
    );
    let mut page = SetUpPage {
        token: token.clone(),
        is_closed: shared.jar == Jar::Closed,
        name_problem: name.is_err().then_some("set-up-bad-name"),
        email_problem: email.is_err().then_some("sign-in-no-address"),
        name: form.name,
        email: form.email,
        ..SetUpPage::default()
    };
    let (Ok(name), Ok(email), false) = (name, email, page.is_closed) else {
        return Ok(page.answer(&visit, StatusCode::UNPROCESSABLE_ENTITY));
    };
    let password = SecretString::from(form.password);
    let party = Party { name, email };
    match shared
        .pages
        .set_up
        .run(&token, party, password, &visit.device)
        .await
    {
        Ok(opened) => let_in(&shared, &visit, opened, None).await,
        Err(Refusal::Invalid(_)) => {
            page.password_problem = Some("password-bad");
            Ok(page.answer(&visit, StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(Refusal::Conflict(_)) => {
            page.email_problem = Some("set-up-address-taken");
            Ok(page.answer(&visit, StatusCode::CONFLICT))
        }
        Err(refusal) => Err(refusal.into()),
    }
}
