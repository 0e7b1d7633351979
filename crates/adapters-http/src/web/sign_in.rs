//! Signing in, by a link or by password on one page, and out. Whoever asks is answered alike, known or not.

mod limits;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use recado_app::local_path::LocalPath;
use recado_app::sign_in::OpenedSession;
use recado_domain::person::EmailAddress;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::cookie::{Cookie, Jar};
use super::form::Form;
use super::home::front;
use super::page::{see_other, see_other_with};
use super::refusal::WebRefusal;
use super::routes::Routes;
use super::visit::Visit;
pub(super) use limits::SignInLimits;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/sign-in", show)
        .post("/sign-in", sign_in)
        .get("/sign-in/sent", sent)
        .get("/sign-in/{secret}", show_link)
        .post("/sign-in/{secret}", use_link)
        .post("/sign-out", sign_out)
}

#[derive(Deserialize)]
struct Wish {
    next: Option<String>,
}

#[derive(Default, Serialize)]
struct SignInPage {
    /// Whether nobody can be signed in here: plain http on the network.
    is_closed: bool,
    /// Whether the service waits for its first administrator.
    is_unset: bool,
    next: Option<String>,
    email: String,
    /// The key of what is wrong.
    problem: Option<&'static str>,
}

impl SignInPage {
    fn answer(self, visit: &Visit, status: StatusCode) -> Response {
        visit.page_with(status, "shell/sign_in.html", "sign-in-title", self)
    }
}

async fn show(
    State(shared): State<Shared>,
    visit: Visit,
    axum::extract::Query(wish): axum::extract::Query<Wish>,
) -> Result<Response, WebRefusal> {
    let next = wish.next.and_then(|next| LocalPath::parse(&next).ok());
    if let Some(actor) = &visit.actor {
        let next = next.as_ref().map_or(front(actor.role()), LocalPath::as_str);
        return Ok(see_other(next));
    }
    let page = SignInPage {
        is_closed: shared.jar == Jar::Closed,
        is_unset: shared.pages.set_up.is_open().await?,
        next: next.map(String::from),
        ..SignInPage::default()
    };
    Ok(page.answer(&visit, StatusCode::OK))
}

#[derive(Deserialize)]
struct SignInForm {
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    way: String,
    next: Option<String>,
}

async fn sign_in(
    State(shared): State<Shared>,
    Form(visit, form): Form<Visit, SignInForm>,
) -> Result<Response, WebRefusal> {
    let next = form.next.and_then(|next| LocalPath::parse(&next).ok());
    let page = SignInPage {
        is_closed: shared.jar == Jar::Closed,
        next: next.clone().map(String::from),
        email: form.email.clone(),
        ..SignInPage::default()
    };
    if page.is_closed {
        return Ok(page.answer(&visit, StatusCode::FORBIDDEN));
    }
    let Ok(email) = EmailAddress::parse(form.email.trim()) else {
        let problem = Some("sign-in-no-address");
        return Ok(SignInPage { problem, ..page }.answer(&visit, StatusCode::UNPROCESSABLE_ENTITY));
    };
    let elapsed = shared.options.clock.elapsed();
    if form.way == "link" || form.password.is_empty() {
        shared.sign_in_limits.link_from(visit.client, elapsed)?;
        if shared.sign_in_limits.link_to(&email, elapsed) {
            send_link(&shared, &visit, email, next);
        }
        return Ok(see_other("/sign-in/sent"));
    }
    shared.sign_in_limits.password(visit.client, &email, elapsed)?;
    let password = SecretString::from(form.password);
    let signing_in = &shared.pages.sign_in;
    if let Some(opened) = signing_in.by_password(&email, password, &visit.device).await? {
        return let_in(&shared, &visit, opened, next).await;
    }
    let problem = Some("sign-in-no-match");
    Ok(SignInPage { problem, ..page }.answer(&visit, StatusCode::UNPROCESSABLE_ENTITY))
}

/// Aside: making a mail takes longer than making none, and nobody shall see the difference.
fn send_link(shared: &Shared, visit: &Visit, email: EmailAddress, next: Option<LocalPath>) {
    let Some(place) = shared.sign_in_limits.place() else {
        tracing::warn!("so many links to sign in are being made that one was not");
        return;
    };
    let (shared, language) = (shared.clone(), visit.language);
    tokio::spawn(async move {
        let target = next.as_ref().map(LocalPath::as_str);
        if let Err(error) = shared.pages.sign_in.send_link(&email, language, target).await {
            tracing::error!(
                address = email.masked(),
                error = &error as &dyn std::error::Error,
                "a link to sign in was not sent"
            );
        }
        drop(place);
    });
}

async fn sent(visit: Visit) -> Response {
    visit.page("shell/sign_in_sent.html", "sign-in-sent-title", ())
}

#[derive(Serialize)]
struct LinkPage<'a> {
    email: Option<&'a str>,
    secret: &'a str,
}

impl LinkPage<'_> {
    fn answer(self, visit: &Visit) -> Response {
        let status = if self.email.is_some() {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        };
        let mut response = visit.page_with(status, "shell/sign_in_link.html", "sign-in-title", self);
        keep_address(&mut response);
        response
    }
}

/// An address that holds a secret goes nowhere, not even to our own pages.
pub(super) fn keep_address(response: &mut Response) {
    response
        .headers_mut()
        .insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
}

/// Shows a button. Mail scanners fetch links, and do not press buttons.
async fn show_link(
    State(shared): State<Shared>,
    visit: Visit,
    Path(secret): Path<String>,
) -> Result<Response, WebRefusal> {
    let email = shared.pages.sign_in.link_owner(&secret).await?;
    let page = LinkPage {
        email: email.as_ref().map(EmailAddress::as_str),
        secret: &secret,
    };
    Ok(page.answer(&visit))
}

async fn use_link(
    State(shared): State<Shared>,
    Path(secret): Path<String>,
    Form(visit, Nothing {}): Form<Visit, Nothing>,
) -> Result<Response, WebRefusal> {
    if shared.jar == Jar::Closed {
        let is_closed = true;
        let page = SignInPage {
            is_closed,
            ..SignInPage::default()
        };
        return Ok(page.answer(&visit, StatusCode::FORBIDDEN));
    }
    match shared.pages.sign_in.by_link(&secret, &visit.device).await? {
        Some(opened) => let_in(&shared, &visit, opened, None).await,
        None => Ok(LinkPage {
            email: None,
            secret: "",
        }
        .answer(&visit)),
    }
}

/// Gives the browser its new session. What it had before is worth nothing afterwards: neither a session, nor the secret
/// that its forms bore until now.
pub(super) async fn let_in(
    shared: &Shared,
    visit: &Visit,
    opened: OpenedSession,
    next: Option<LocalPath>,
) -> Result<Response, WebRefusal> {
    if let Some(before) = visit.session {
        shared.pages.sign_in.sign_out(before).await?;
    }
    let target = opened.target.and_then(|target| LocalPath::parse(&target).ok());
    let target = next.or(target);
    let target = target.as_ref().map_or(front(opened.user.role), LocalPath::as_str);
    let mut response = see_other(target);
    let cookies = [
        shared.jar.set(Cookie::Session, opened.secret.expose_secret()),
        shared.jar.remove(Cookie::Visit),
    ];
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    keep_address(&mut response);
    Ok(response)
}

/// A form whose address says all.
#[derive(Deserialize)]
pub(super) struct Nothing {}

async fn sign_out(
    State(shared): State<Shared>,
    Form(visit, Nothing {}): Form<Visit, Nothing>,
) -> Result<Response, WebRefusal> {
    if let Some(session) = visit.session {
        shared.pages.sign_in.sign_out(session).await?;
    }
    let mut response = see_other_with("/sign-in", "flash-signed-out");
    if let Some(cookie) = shared.jar.remove(Cookie::Session) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response.into_response())
}
