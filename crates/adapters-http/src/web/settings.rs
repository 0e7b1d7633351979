//! `/settings`: what a person chooses for themselves.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use recado_app::access::Refusal;
use recado_domain::locale::Locale;
use recado_domain::preference::{Preference, TimeZoneName, WhileOpen};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::form::Form;
use super::page::see_other_with;
use super::refusal::WebRefusal;
use super::routes::Routes;
use super::sign_in::Nothing;
use super::visit::SignedIn;

const PATH: &str = "/settings";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(PATH, show)
        .post(PATH, put)
        .post("/settings/password", change_password)
        .post("/settings/sessions", sign_out_elsewhere)
}

#[derive(Serialize)]
struct SettingsPage {
    /// The code of the language that was chosen; empty for the browser's.
    chosen_language: &'static str,
    languages: [&'static str; 3],
    /// The zone that was chosen; empty for the installation's.
    chosen_zone: String,
    house_zone: String,
    zones: Vec<String>,
    is_quiet: bool,
    has_password: bool,
    zone_problem: Option<&'static str>,
    current_problem: Option<&'static str>,
    new_problem: Option<&'static str>,
}

impl SettingsPage {
    async fn of(shared: &Shared, visit: &SignedIn) -> Result<Self, WebRefusal> {
        let preference = &visit.preference;
        let chosen = preference
            .time_zone
            .as_ref()
            .map(TimeZoneName::as_str)
            .unwrap_or_default();
        Ok(Self {
            chosen_language: preference.language.map_or("", Locale::as_str),
            languages: Locale::ALL.map(Locale::as_str),
            chosen_zone: chosen.to_owned(),
            house_zone: shared
                .pages
                .settings
                .time_zone
                .iana_name()
                .unwrap_or("UTC")
                .to_owned(),
            zones: zones(chosen),
            is_quiet: preference.while_open == WhileOpen::Quiet,
            has_password: shared.pages.set_preference.has_password(visit.actor()).await?,
            zone_problem: None,
            current_problem: None,
            new_problem: None,
        })
    }

    fn answer(self, visit: &SignedIn, status: StatusCode) -> Response {
        visit.page_with(status, "shell/settings.html", "settings-title", self)
    }
}

/// The zones to choose from: those named after a place, the chosen one among them.
fn zones(chosen: &str) -> Vec<String> {
    const PLACES: [&str; 9] = [
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    ];
    let mut zones: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .filter(|name| PLACES.iter().any(|place| name.starts_with(place)))
        .collect();
    zones.extend(["UTC".to_owned(), chosen.to_owned()]);
    zones.retain(|name| !name.is_empty());
    zones.sort_unstable();
    zones.dedup();
    zones
}

async fn show(State(shared): State<Shared>, visit: SignedIn) -> Result<Response, WebRefusal> {
    Ok(SettingsPage::of(&shared, &visit)
        .await?
        .answer(&visit, StatusCode::OK))
}

#[derive(Deserialize)]
struct PreferenceForm {
    #[serde(default)]
    language: String,
    #[serde(default)]
    zone: String,
    /// There when it was ticked.
    quiet: Option<String>,
}

async fn put(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedIn, PreferenceForm>,
) -> Result<Response, WebRefusal> {
    let zone = match form.zone.trim() {
        "" => None,
        name => {
            let Ok(zone) = TimeZoneName::parse(name) else {
                let mut page = SettingsPage::of(&shared, &visit).await?;
                page.zone_problem = Some("settings-bad-zone");
                return Ok(page.answer(&visit, StatusCode::UNPROCESSABLE_ENTITY));
            };
            Some(zone)
        }
    };
    let preference = Preference {
        language: Locale::parse(&form.language).ok(),
        time_zone: zone,
        while_open: form.quiet.map_or(WhileOpen::Mail, |_| WhileOpen::Quiet),
    };
    shared
        .pages
        .set_preference
        .put(visit.actor(), &preference)
        .await?;
    Ok(see_other_with(PATH, "flash-settings-saved"))
}

#[derive(Deserialize)]
struct PasswordForm {
    #[serde(default)]
    current: String,
    new: String,
}

async fn change_password(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedIn, PasswordForm>,
) -> Result<Response, WebRefusal> {
    shared
        .sign_in_limits
        .change(visit.actor(), shared.options.clock.elapsed())?;
    let (current, new) = (SecretString::from(form.current), SecretString::from(form.new));
    match shared
        .pages
        .set_preference
        .change_password(visit.actor(), current, new)
        .await
    {
        Ok(()) => Ok(see_other_with(PATH, "flash-password-changed")),
        Err(Refusal::Invalid(errors)) => {
            let mut page = SettingsPage::of(&shared, &visit).await?;
            let is_at = |field: &str| errors.iter().any(|error| error.field == field);
            page.current_problem = is_at("current").then_some("password-wrong");
            page.new_problem = is_at("new").then_some("password-bad");
            Ok(page.answer(&visit, StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn sign_out_elsewhere(
    State(shared): State<Shared>,
    Form(visit, Nothing {}): Form<SignedIn, Nothing>,
) -> Result<Response, WebRefusal> {
    shared.pages.sign_in.sign_out_elsewhere(visit.actor()).await?;
    Ok(see_other_with(PATH, "flash-sessions-ended"))
}
