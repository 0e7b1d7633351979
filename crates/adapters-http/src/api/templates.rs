//! `/templates`: what mails are made of. Administrators' alone.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderName, StatusCode, header};
use jiff::Timestamp;
use recado_app::put_template::NewTemplate;
use recado_domain::locale::Locale;
use recado_domain::template::{Diagnostic, Severity, Situation, StoredTemplate, TemplateId};
use recado_domain::ticket::TicketNumber;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Caller;
use super::deliveries::{self, DeliveryView};
use super::fields::{self, Faults, Object};
use super::page::{self, List, ListView};
use super::problem::Problem;
use super::request::{InPath, InQuery, JsonBody};
use super::tickets::written_status;
use super::{Shared, location};

/// A template.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Template)]
pub(super) struct TemplateView {
    id: i64,
    name: String,
    subject: String,
    html: String,
    /// Null: the text is derived from the HTML.
    #[schema(required)]
    text: Option<String>,
    active: bool,
    /// `es`, `pt` or `en`: the language of dates, for tickets that have none of their own.
    #[schema(required)]
    locale: Option<&'static str>,
    /// Counts the writes.
    version: i64,
    updated_at: Timestamp,
}

impl From<StoredTemplate> for TemplateView {
    fn from(template: StoredTemplate) -> Self {
        Self {
            id: template.id.get(),
            name: template.name,
            subject: template.subject,
            html: template.html,
            text: template.text,
            active: template.situation == Situation::Active,
            locale: template.locale.map(Locale::as_str),
            version: template.version.0,
            updated_at: template.updated_at,
        }
    }
}

/// A template that was saved, with what its author should look at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedTemplate)]
pub(super) struct SavedView {
    #[serde(flatten)]
    template: TemplateView,
    warnings: Vec<DiagnosticView>,
}

/// What is wrong in a template, and where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Diagnostic)]
pub(super) struct DiagnosticView {
    /// `error`: the template is not saved; `warning`: it is.
    #[schema(example = "error")]
    severity: &'static str,
    /// `subject`, `html` or `text`.
    #[schema(example = "html")]
    field: &'static str,
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
    /// The key in question, as written.
    #[schema(required, example = "USERNAM")]
    key: Option<String>,
    message: String,
    /// What to write instead.
    #[schema(required, example = "${USERNAME}")]
    suggestion: Option<String>,
}

impl From<Diagnostic> for DiagnosticView {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            severity: match diagnostic.severity {
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            field: diagnostic.field.as_str(),
            line: diagnostic.line,
            column: diagnostic.column,
            key: diagnostic.key,
            message: diagnostic.message,
            suggestion: diagnostic.suggestion,
        }
    }
}

/// A template to save, whole.
#[derive(ToSchema)]
#[schema(as = NewTemplate)]
#[expect(dead_code, reason = "describes the body; `template` reads it")]
struct TemplateBody {
    /// For people; at most 200 characters.
    name: String,
    /// With keys, such as `${IDSOLICITUDSERVICIO}`.
    subject: String,
    /// With keys, at most 512 KiB.
    html: String,
    /// With keys; absent or null, the text is derived from the HTML.
    text: Option<String>,
    active: bool,
    /// `es`, `pt` or `en`, or a longer tag that begins so.
    locale: Option<String>,
}

fn template(id: TemplateId, body: &mut Object, faults: &mut Faults) -> Option<NewTemplate> {
    let name = body.take("name").required(faults, fields::text);
    let subject = body.take("subject").required(faults, fields::text);
    let html = body.take("html").required(faults, fields::text);
    let text = body.take("text").optional(faults, fields::text);
    let active = body.take("active").required(faults, fields::flag);
    let locale = body
        .take("locale")
        .optional(faults, fields::parsed(Locale::parse));
    Some(NewTemplate {
        id,
        name: name?,
        subject: subject?,
        html: html?,
        text,
        situation: if active? {
            Situation::Active
        } else {
            Situation::Inactive
        },
        locale,
    })
}

/// Lists templates, by number
#[utoipa::path(
    get, path = "/templates", tag = "templates",
    params(
        ("limit" = Option<u16>, Query, description = "1 to 500, 50 unless told"),
        ("after" = Option<String>, Query, description = "The cursor that the page before ended with"),
    ),
    responses((status = 200, description = "A page of templates", body = ListView<TemplateView>)),
)]
pub(super) async fn list_templates(
    State(state): State<Shared>,
    caller: Caller,
    query: InQuery,
) -> Result<Json<ListView<TemplateView>>, Problem> {
    let request = query.page(List::Templates)?;
    let templates = state.api.read_templates.list(&caller.actor).await?;
    let page = page::cut(templates, &request, |template| template.id.get());
    Ok(Json(ListView::of(List::Templates, page, TemplateView::from)))
}

/// Reads a template
#[utoipa::path(
    get, path = "/templates/{id}", tag = "templates",
    params(("id" = i64, Path, description = "The template's number")),
    responses((status = 200, description = "The template", body = TemplateView)),
)]
pub(super) async fn get_template(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
) -> Result<Json<TemplateView>, Problem> {
    let template = state
        .api
        .read_templates
        .find(&caller.actor, template_id(&text)?)
        .await?;
    Ok(Json(template.into()))
}

/// Saves a template
///
/// Every fault is told at once, as `diagnostics` of a 422, and nothing is saved; `warnings` come with what is.
#[utoipa::path(
    put, path = "/templates/{id}", tag = "templates",
    params(("id" = i64, Path, description = "The template's number, from 1")),
    request_body = TemplateBody,
    responses(
        (status = 200, description = "Replaced", body = SavedView),
        (status = 201, description = "Created", body = SavedView, headers(("Location" = String))),
    ),
)]
pub(super) async fn put_template(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
    body: JsonBody,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<SavedView>), Problem> {
    let id = TemplateId::parse(&text).map_err(|error| Problem::field("id", error))?;
    let new = body.read(|body, faults| template(id, body, faults))?;
    let (written, warnings) = state.api.put_template.run(&caller.actor, new).await?;
    let template = state.api.read_templates.find(&caller.actor, id).await?.into();
    let warnings = warnings.into_iter().map(DiagnosticView::from).collect();
    let place = location(&["templates", &id.to_string()]);
    Ok((
        written_status(written),
        [(header::LOCATION, place)],
        Json(SavedView { template, warnings }),
    ))
}

/// What to fill a template with.
#[derive(ToSchema)]
#[schema(as = PreviewRequest)]
#[expect(dead_code, reason = "describes the body; `preview_template` reads it")]
struct PreviewBody {
    /// A ticket's number; a sample's data unless told.
    ticket: Option<String>,
    /// The comment's text; a sample unless told.
    text: Option<String>,
}

/// What a template makes of a ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preview)]
pub(super) struct PreviewView {
    subject: String,
    html: String,
    text: String,
    warnings: Vec<DiagnosticView>,
}

/// Shows what a template makes of a ticket
///
/// Nothing is stored or sent. The body may be left out.
#[utoipa::path(
    post, path = "/templates/{id}/preview", tag = "templates",
    params(("id" = i64, Path, description = "The template's number")),
    request_body = PreviewBody,
    responses((status = 200, description = "The mail's subject and bodies", body = PreviewView)),
)]
pub(super) async fn preview_template(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
    request: Request,
) -> Result<Json<PreviewView>, Problem> {
    let id = template_id(&text)?;
    let (number, text) = JsonBody::or_empty(request).await?.read(|body, faults| {
        let number = body
            .take("ticket")
            .optional(faults, fields::parsed(TicketNumber::parse));
        Some((number, body.take("text").optional(faults, fields::text)))
    })?;
    let mail = state
        .api
        .preview_template
        .run(&caller.actor, id, number.as_ref(), text.as_deref())
        .await?;
    Ok(Json(PreviewView {
        subject: mail.subject,
        html: mail.html,
        text: mail.text.unwrap_or_default(),
        warnings: mail.warnings.into_iter().map(DiagnosticView::from).collect(),
    }))
}

/// Whom to send a test to.
#[derive(ToSchema)]
#[schema(as = TestRequest)]
#[expect(dead_code, reason = "describes the body; `test_template` reads it")]
struct TestBody {
    /// An address.
    to: String,
}

/// Sends a template, filled with a sample, to an address
///
/// The answer is the delivery, to be watched.
#[utoipa::path(
    post, path = "/templates/{id}/test", tag = "templates",
    params(("id" = i64, Path, description = "The template's number")),
    request_body = TestBody,
    responses((status = 202, description = "Queued", body = DeliveryView, headers(("Location" = String)))),
)]
pub(super) async fn test_template(
    State(state): State<Shared>,
    caller: Caller,
    InPath(text): InPath<String>,
    body: JsonBody,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<DeliveryView>), Problem> {
    let id = template_id(&text)?;
    let to = body.read(|body, faults| body.take("to").required(faults, fields::address))?;
    let delivery = state.api.test_template.run(&caller.actor, id, to).await?;
    let place = location(&["deliveries", &delivery.0.to_string()]);
    let view = deliveries::shown(&state, &caller, delivery).await?;
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], view))
}

fn template_id(text: &str) -> Result<TemplateId, Problem> {
    TemplateId::parse(text).map_err(|_| Problem::not_found(format!("template {}", text.escape_debug())))
}
