//! Answers: a page within the layout, a fragment, a redirect with a notice for the next page.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use recado_domain::person::Role;
use recado_domain::preference::WhileOpen;
use serde::Serialize;
use tera::{Context, Value};

use super::refusal::WebRefusal;
use super::strings::Words;
use super::visit::{self, Visit, Wanted};
use crate::api::List;

/// Everything but what RFC 3986 §2.3 leaves unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text as one segment of a path, or one value of a query.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A way to one of the faces.
#[derive(Serialize)]
struct Area {
    path: &'static str,
    /// The key of its name.
    name: &'static str,
    current: bool,
}

/// What the layout shows around a page.
#[derive(Serialize)]
struct Frame<'a> {
    title: String,
    path: &'a str,
    areas: Vec<Area>,
    person: Option<Person<'a>>,
    /// The key of a notice.
    flash: Option<&'a str>,
    /// Where live updates begin.
    cursor: Option<String>,
    /// Whether the page shall say that it is open.
    is_quiet: bool,
}

#[derive(Serialize)]
struct Person<'a> {
    name: &'a str,
    email: &'a str,
    role: &'static str,
}

impl Visit {
    /// A page within the layout. `context` is a struct or map, or `()`.
    pub(crate) fn page(
        &self,
        template: &'static str,
        title: impl Into<Words>,
        context: impl Serialize,
    ) -> Response {
        self.page_with(StatusCode::OK, template, title, context)
    }

    /// A page that also says how it went: 422 with a form to mend, 409 with what changed meanwhile.
    pub(crate) fn page_with(
        &self,
        status: StatusCode,
        template: &'static str,
        title: impl Into<Words>,
        context: impl Serialize,
    ) -> Response {
        let title = self.words(&title.into());
        let mut context = values(context);
        let has_flash = |key: &&str| self.shared.renderer.strings.has(self.language, key);
        let person = self
            .actor
            .as_ref()
            .and_then(|actor| actor.party().map(|party| (party, actor.role())));
        context.insert(
            "page",
            &Frame {
                title,
                path: &self.path,
                areas: self.areas(),
                person: person.map(|(party, role)| Person {
                    name: party.name.as_str(),
                    email: party.email.as_str(),
                    role: role.as_str(),
                }),
                flash: self.flash.as_deref().filter(has_flash),
                cursor: self.position.as_deref().map(|cursor| List::Events.seal(cursor)),
                is_quiet: self.preference.while_open == WhileOpen::Quiet,
            },
        );
        (status, self.render(template, context)).into_response()
    }

    /// A part of a page, for the script to put in its place.
    pub(crate) fn fragment(&self, template: &'static str, context: impl Serialize) -> Response {
        self.fragment_with(StatusCode::OK, template, context)
    }

    /// A part of a page that also says how it went.
    pub(crate) fn fragment_with(
        &self,
        status: StatusCode,
        template: &'static str,
        context: impl Serialize,
    ) -> Response {
        (status, self.render(template, values(context))).into_response()
    }

    /// The words in the visitor's language.
    pub(crate) fn words(&self, words: &Words) -> String {
        self.shared.renderer.strings.words(self.language, words)
    }

    fn render(&self, template: &str, mut context: Context) -> Response {
        context.insert("language", self.language.as_str());
        context.insert("zone", self.zone.iana_name().unwrap_or("UTC"));
        context.insert("now", &self.shared.options.clock.now());
        context.insert("csrf", &self.csrf);
        match self.shared.renderer.render(self.language, template, &context) {
            Ok(html) => Html(html).into_response(),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    template,
                    "a page could not be rendered"
                );
                // Not as a refusal: the page that words refusals may be the one that fails.
                (StatusCode::INTERNAL_SERVER_ERROR, "500\n").into_response()
            }
        }
    }

    /// A refusal in words.
    pub(super) fn refuse(&self, refusal: &WebRefusal) -> Response {
        if let WebRefusal::SignedOut(next) = refusal
            && self.wanted == Wanted::Page
        {
            return visit::ask_to_sign_in(next.as_deref());
        }
        let (headline, remedy) = refusal.keys();
        let mut response = match self.wanted {
            Wanted::Page => self.page_with(
                refusal.status(),
                "shell/error.html",
                headline,
                ErrorPage {
                    headline,
                    remedy,
                    detail: refusal.detail(),
                    status: refusal.status().as_u16(),
                },
            ),
            Wanted::Fragment => {
                let text = format!("{} {}", self.words(&headline.into()), self.words(&remedy.into()));
                (refusal.status(), text).into_response()
            }
        };
        if let Some(seconds) = refusal.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }

    /// The faces that this visitor has, and which one is shown.
    fn areas(&self) -> Vec<Area> {
        let path = self.path.split('?').next().unwrap_or_default();
        let at = |prefix: &str| {
            path.strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let area = |path, name, current| Area { path, name, current };
        let Some(actor) = &self.actor else {
            return Vec::new();
        };
        let tickets = area("/tickets", "nav-tickets", at("/tickets"));
        if actor.role() < Role::Technician {
            return vec![tickets];
        }
        let (quarantine, deliveries) = (at("/desk/quarantine"), at("/desk/deliveries"));
        let mut areas = vec![
            area("/desk", "nav-desk", at("/desk") && !quarantine && !deliveries),
            area("/desk/quarantine", "nav-quarantine", quarantine),
            area("/desk/deliveries", "nav-deliveries", deliveries),
        ];
        if actor.role() >= Role::Administrator {
            areas.push(area(
                "/administration",
                "nav-administration",
                at("/administration"),
            ));
        }
        areas
    }
}

#[derive(Serialize)]
struct ErrorPage<'a> {
    headline: &'static str,
    remedy: &'static str,
    detail: Option<&'a str>,
    status: u16,
}

/// The fields of a struct as what a template sees; nothing of `()`.
fn values(context: impl Serialize) -> Context {
    let mut values = Context::new();
    if let Some(map) = Value::from_serializable(&context).into_map() {
        for (key, value) in map {
            values.insert_value(key.to_string(), value);
        }
    }
    values
}

/// Sends the browser on with GET (303), after a form did its work.
pub(crate) fn see_other(path: &str) -> Response {
    debug_assert!(
        path.starts_with('/') && !path.starts_with("//"),
        "{path} is not one of ours"
    );
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// Sends the browser on, where a notice awaits it: the key of a string that begins with `flash-`.
pub(crate) fn see_other_with(path: &str, flash: &'static str) -> Response {
    debug_assert!(flash.starts_with("flash-"), "{flash} would not be read");
    let mut response = see_other(path);
    response.extensions_mut().insert(Flash(flash));
    response
}

/// Rides on a response until cookies are set.
#[derive(Clone, Copy)]
pub(super) struct Flash(pub(super) &'static str);
