//! Templates: the list, the editor, how a mail looks, pictures, and ready-made ones to begin from.

mod draft;
mod editor;
mod pictures;
mod preview;
mod remarks;
pub(super) mod starters;
mod styles;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use recado_app::read_parameters::ParameterState;
use recado_domain::parameter::{Parameter, ValueKind};
use recado_domain::template::{Severity, Situation, TemplateId};
use serde::Serialize;

use super::Within;
use crate::web::Shared;
use crate::web::refusal::WebRefusal;
use crate::web::routes::Routes;
use crate::web::visit::{SignedIn, SignedInAdministrator};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/administration/templates", list)
        .post("/administration/templates", editor::create)
        .get("/administration/templates/new", editor::begin)
        .post("/administration/templates/check", editor::check)
        .post("/administration/templates/preview", preview::draft)
        .get("/administration/templates/{id}", editor::show)
        .post("/administration/templates/{id}", editor::save)
        .get("/administration/templates/{id}/preview", preview::show)
        .post("/administration/templates/{id}/test", editor::send_test)
        .post("/administration/templates/{id}/images", pictures::add)
        .get("/administration/templates/{id}/images/{name}", pictures::show)
        .post(
            "/administration/templates/{id}/images/{name}/remove",
            pictures::remove,
        )
}

/// Fields that cannot be taken, each with the key of why.
type Errors = BTreeMap<&'static str, &'static str>;

/// The number in a path; what is none leads nowhere.
fn existing(text: &str) -> Result<TemplateId, WebRefusal> {
    TemplateId::parse(text).map_err(|_| WebRefusal::NotFound)
}

/// Which parameters name which template.
async fn uses(shared: &Shared, visit: &SignedIn) -> Result<Vec<(TemplateId, u16)>, WebRefusal> {
    let states = shared.api.read_parameters.list(visit.actor()).await?;
    let named = |state: ParameterState| {
        let parameter: Parameter = state.parameter;
        if parameter.kind() != ValueKind::Template {
            return None;
        }
        let id = TemplateId::parse(&state.value?).ok()?;
        Some((id, parameter.number()))
    };
    Ok(states.into_iter().filter_map(named).collect())
}

/// The parameters that name a template.
fn used_by(uses: &[(TemplateId, u16)], id: TemplateId) -> Vec<u16> {
    let of = uses.iter().filter(|(named, _)| *named == id);
    of.map(|(_, number)| *number).collect()
}

#[derive(Serialize)]
struct ListPage {
    templates: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    subject: String,
    is_active: bool,
    has_faults: bool,
    used_by: Vec<u16>,
    updated_at: Timestamp,
}

async fn list(State(shared): State<Shared>, visit: SignedInAdministrator) -> Result<Response, WebRefusal> {
    let uses = uses(&shared, &visit).await?;
    let templates = shared.api.read_templates.list(visit.actor()).await?;
    let templates = templates
        .into_iter()
        .map(|template| Row {
            id: template.id.get(),
            is_active: template.situation == Situation::Active,
            has_faults: template
                .source()
                .check()
                .iter()
                .any(|fault| fault.severity == Severity::Error),
            used_by: used_by(&uses, template.id),
            updated_at: template.updated_at,
            name: template.name,
            subject: template.subject,
        })
        .collect();
    Ok(visit.page(
        "administration/templates/list.html",
        "templates-title",
        Within::new("templates", ListPage { templates }),
    ))
}
