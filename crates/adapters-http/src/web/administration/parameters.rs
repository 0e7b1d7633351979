//! The parameters by number, with the product's own wording.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use recado_domain::parameter::Parameter;
use serde::Serialize;

use super::Within;
use super::values::{ValueField, Wish, wish};
use crate::web::Shared;
use crate::web::form::Form;
use crate::web::page::see_other_with;
use crate::web::refusal::WebRefusal;
use crate::web::routes::Routes;
use crate::web::strings::Words;
use crate::web::visit::SignedInAdministrator;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/administration/parameters", list)
        .get("/administration/parameters/{number}", show)
        .post("/administration/parameters/{number}", save)
}

#[derive(Serialize)]
struct ListPage {
    fields: Vec<ValueField>,
}

#[derive(Serialize)]
struct OnePage {
    field: ValueField,
}

async fn list(State(shared): State<Shared>, visit: SignedInAdministrator) -> Result<Response, WebRefusal> {
    let states = shared.api.read_parameters.list(visit.actor()).await?;
    let templates = shared.api.read_templates.list(visit.actor()).await?;
    let fields = states
        .iter()
        .map(|state| ValueField::of(state, &templates))
        .collect();
    Ok(visit.page(
        "administration/parameters.html",
        "parameters-title",
        Within::new("parameters", ListPage { fields }),
    ))
}

async fn show(
    State(shared): State<Shared>,
    Path(number): Path<String>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let parameter = parse(&number)?;
    let state = shared.api.read_parameters.find(visit.actor(), parameter).await?;
    let templates = shared.api.read_templates.list(visit.actor()).await?;
    let field = ValueField::of(&state, &templates);
    Ok(page(&visit, StatusCode::OK, parameter, field))
}

async fn save(
    State(shared): State<Shared>,
    Path(number): Path<String>,
    Form(visit, pairs): Form<SignedInAdministrator, Vec<(String, String)>>,
) -> Result<Response, WebRefusal> {
    let parameter = parse(&number)?;
    let value = |name: &str| {
        let pair = pairs.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_str())
    };
    let name = format!("p{}", parameter.number());
    let state = shared.api.read_parameters.find(visit.actor(), parameter).await?;
    let wish = if value("reset").is_some() {
        Wish::Set(None)
    } else {
        wish(&state, value(&name), value(&format!("{name}-clear")).is_some())
    };
    let flash = match wish {
        Wish::Keep => "flash-unchanged",
        Wish::Set(new) => {
            let set = &shared.api.set_parameter;
            set.run(visit.actor(), parameter, new.as_deref()).await?;
            "flash-saved"
        }
        Wish::Refuse => {
            let templates = shared.api.read_templates.list(visit.actor()).await?;
            let field = ValueField::of(&state, &templates).refused(value(&name).unwrap_or_default());
            return Ok(page(&visit, StatusCode::UNPROCESSABLE_ENTITY, parameter, field));
        }
    };
    Ok(see_other_with(
        &format!("/administration/parameters/{}", parameter.number()),
        flash,
    ))
}

fn page(
    visit: &SignedInAdministrator,
    status: StatusCode,
    parameter: Parameter,
    field: ValueField,
) -> Response {
    visit.page_with(
        status,
        "administration/parameter.html",
        Words::Text(parameter.number().to_string()),
        Within::new("parameters", OnePage { field }),
    )
}

fn parse(text: &str) -> Result<Parameter, WebRefusal> {
    let number = text.parse().map_err(|_| WebRefusal::NotFound)?;
    Parameter::from_number(number).map_err(|_| WebRefusal::NotFound)
}
