//! `/parameters`: the switches of the service, by number. Administrators' alone; a secret goes in and never comes out.

use axum::Json;
use axum::extract::State;
use recado_app::read_parameters::ParameterState;
use recado_domain::parameter::Parameter;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::auth::Caller;
use super::fields;
use super::page::{self, List, ListView};
use super::problem::Problem;
use super::request::{InPath, InQuery, JsonBody};

/// A parameter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Parameter)]
pub(super) struct ParameterView {
    #[schema(example = 417)]
    number: u16,
    /// What it is for.
    name: &'static str,
    /// The value set; null when none is, and always for a secret.
    #[schema(required)]
    value: Option<String>,
    /// What counts while none is set.
    #[schema(required)]
    default: Option<&'static str>,
    /// Whether the configuration file sets it; it cannot be set here then.
    pinned: bool,
    /// Whether its value is never shown.
    secret: bool,
    /// Whether a value is set.
    set: bool,
}

impl From<ParameterState> for ParameterView {
    fn from(state: ParameterState) -> Self {
        Self {
            number: state.parameter.number(),
            name: state.parameter.name(),
            value: state.value,
            default: state.parameter.default_value(),
            pinned: state.is_pinned,
            secret: state.parameter.is_secret(),
            set: state.is_set,
        }
    }
}

/// A parameter that was set, with what to look at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedParameter)]
pub(super) struct SavedView {
    #[serde(flatten)]
    parameter: ParameterView,
    /// In words; a template that is missing or inactive is stored all the same.
    warnings: Vec<String>,
}

/// A parameter's new value.
#[derive(ToSchema)]
#[schema(as = ParameterValue)]
#[expect(dead_code, reason = "describes the body; `put_parameter` reads it")]
struct ValueBody {
    /// Null returns the parameter to its default.
    #[schema(required)]
    value: Option<String>,
}

/// Lists parameters, by number
#[utoipa::path(
    get, path = "/parameters", tag = "parameters",
    params(
        ("limit" = Option<u16>, Query, description = "1 to 500, 50 unless told"),
        ("after" = Option<String>, Query, description = "The cursor that the page before ended with"),
    ),
    responses((status = 200, description = "A page of parameters", body = ListView<ParameterView>)),
)]
pub(super) async fn list_parameters(
    State(state): State<Shared>,
    caller: Caller,
    query: InQuery,
) -> Result<Json<ListView<ParameterView>>, Problem> {
    let request = query.page(List::Parameters)?;
    let parameters = state.api.read_parameters.list(&caller.actor).await?;
    let page = page::cut(parameters, &request, |state| i64::from(state.parameter.number()));
    Ok(Json(ListView::of(List::Parameters, page, ParameterView::from)))
}

/// Reads a parameter
#[utoipa::path(
    get, path = "/parameters/{number}", tag = "parameters",
    params(("number" = u16, Path, description = "The parameter's number")),
    responses((status = 200, description = "The parameter", body = ParameterView)),
)]
pub(super) async fn get_parameter(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<Json<ParameterView>, Problem> {
    let found = state
        .api
        .read_parameters
        .find(&caller.actor, parameter(&text)?)
        .await?;
    Ok(Json(found.into()))
}

/// Sets a parameter
///
/// It counts at once. Writing one of the outgoing account, even with the same value, tries that account again.
#[utoipa::path(
    put, path = "/parameters/{number}", tag = "parameters",
    params(("number" = u16, Path, description = "The parameter's number")),
    request_body = ValueBody,
    responses((status = 200, description = "The parameter as it is now", body = SavedView)),
)]
pub(super) async fn put_parameter(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
    body: JsonBody,
) -> Result<Json<SavedView>, Problem> {
    let parameter = parameter(&text)?;
    let value = body.read(|body, faults| {
        let value = body.take("value");
        if value.is_absent() {
            return faults.note("value", "is needed; null returns the parameter to its default");
        }
        value.clearable(faults, fields::text)
    })?;
    let (state, warnings) = state
        .api
        .set_parameter
        .run(&caller.actor, parameter, value.as_deref())
        .await?;
    Ok(Json(SavedView {
        parameter: state.into(),
        warnings,
    }))
}

fn parameter(text: &str) -> Result<Parameter, Problem> {
    let missing = || Problem::not_found(format!("parameter {}", text.escape_debug()));
    let number = text.parse().map_err(|_| missing())?;
    Parameter::from_number(number).map_err(|_| missing())
}
