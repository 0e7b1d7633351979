//! The editor: a form that works without scripts, and what the script asks for while somebody types.

use std::collections::BTreeSet;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use recado_app::access::Refusal;
use recado_app::put_template::{NewTemplate, PutTemplateError};
use recado_domain::locale::Locale;
use recado_domain::person::EmailAddress;
use recado_domain::template::{Diagnostic, Key, Situation, TemplateId, TemplateKey, TicketKey};
use recado_ports::templates::TemplateImage;
use serde::{Deserialize, Serialize};

use super::draft::{Draft, DraftForm, reopened};
use super::pictures::Picture;
use super::preview::Shown;
use super::remarks::{Remark, listed, remarks};
use super::{Errors, existing, pictures, preview, starters, used_by, uses};
use crate::web::Shared;
use crate::web::administration::Within;
use crate::web::administration::watch::{self, Watch};
use crate::web::form::Form;
use crate::web::page::{see_other, see_other_with};
use crate::web::refusal::WebRefusal;
use crate::web::strings::Words;
use crate::web::visit::SignedInAdministrator;

#[derive(Serialize)]
struct Page {
    is_new: bool,
    /// Whether it was not saved for its faults.
    is_refused: bool,
    draft: Draft,
    errors: Errors,
    used_by: Vec<u16>,
    keys: Vec<KeyChip>,
    more_keys: Vec<KeyChip>,
    /// Every name of a key, for the script to mark.
    known_keys: String,
    diagnostics: Vec<Remark>,
    images: Vec<Picture>,
    /// The ticket to preview with.
    ticket: String,
    preview: Option<Shown>,
    watch: Option<Watch>,
    test_to: String,
}

/// A key to insert, named by what it stands for.
#[derive(Serialize)]
struct KeyChip {
    name: &'static str,
    code: String,
}

impl From<Key> for KeyChip {
    fn from(key: Key) -> Self {
        Self {
            name: key.name(),
            code: key.to_string(),
        }
    }
}

/// What the page shows beside the draft.
struct Circumstances {
    id: Option<TemplateId>,
    used_by: Vec<u16>,
    images: Vec<TemplateImage>,
    ticket: String,
    preview: Option<Shown>,
    watch: Option<Watch>,
    test_to: String,
    errors: Errors,
}

impl Circumstances {
    fn of_new(errors: Errors) -> Self {
        Self {
            id: None,
            used_by: Vec::new(),
            images: Vec::new(),
            ticket: String::new(),
            preview: None,
            watch: None,
            test_to: String::new(),
            errors,
        }
    }

    /// Those of a stored template; what its mail looks like is that of the stored one too.
    async fn of_stored(
        shared: &Shared,
        visit: &SignedInAdministrator,
        id: TemplateId,
        ticket: &str,
        mut errors: Errors,
    ) -> Result<Self, WebRefusal> {
        let preview = match preview::saved(shared, visit, id, ticket).await? {
            Ok(rendered) => Some(Shown::of(rendered, id, ticket)),
            Err(key) => {
                errors.insert("ticket", key);
                None
            }
        };
        Ok(Self {
            id: Some(id),
            used_by: used_by(&uses(shared, visit).await?, id),
            images: pictures::of(shared, visit, id).await?,
            ticket: ticket.to_owned(),
            preview,
            watch: None,
            test_to: visit
                .actor()
                .party()
                .map_or_else(String::new, |party| party.email.to_string()),
            errors,
        })
    }
}

fn page(
    visit: &SignedInAdministrator,
    status: StatusCode,
    template: NewTemplate,
    shown_id: String,
    faults: Option<Vec<Diagnostic>>,
    around: Circumstances,
) -> Response {
    let names: BTreeSet<&str> = around.images.iter().map(|image| image.name.as_str()).collect();
    let is_refused = faults.is_some();
    let diagnostics = match faults {
        Some(faults) => listed(template.source(), faults),
        // Nothing is wrong yet with what nobody has begun.
        None if template.html.is_empty() => Vec::new(),
        None => remarks(template.source(), &names),
    };
    let title = match around.id {
        None => Words::Key("templates-new"),
        Some(id) => Words::With("template-title", vec![("id", id.to_string())]),
    };
    let names_of = |key: Key| std::iter::once(key.name()).chain(key.aliases().iter().copied());
    let known_keys: Vec<_> = Key::all().flat_map(names_of).collect();
    let page = Page {
        is_new: around.id.is_none(),
        is_refused,
        diagnostics,
        images: around
            .id
            .map(|id| around.images.iter().map(|image| Picture::of(id, image)).collect())
            .unwrap_or_default(),
        draft: Draft::of(template, shown_id),
        errors: around.errors,
        used_by: around.used_by,
        keys: TemplateKey::ALL.map(|key| Key::from(key).into()).into(),
        more_keys: TicketKey::all().map(|key| Key::from(key).into()).collect(),
        known_keys: known_keys.join(" "),
        ticket: around.ticket,
        preview: around.preview,
        watch: around.watch,
        test_to: around.test_to,
    };
    visit.page_with(
        status,
        "administration/templates/editor.html",
        title,
        Within::new("templates", page),
    )
}

#[derive(Deserialize)]
pub(super) struct Begin {
    starter: Option<String>,
}

/// An empty editor, or one with a ready-made template in it.
pub(super) async fn begin(
    State(shared): State<Shared>,
    Query(query): Query<Begin>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let known = shared.api.read_templates.list(visit.actor()).await?;
    let id = starters::next_id(&known);
    let language = query.starter.and_then(|name| Locale::parse(&name).ok());
    let template = match language {
        Some(language) => starters::starter(language, id),
        None => NewTemplate {
            id,
            name: String::new(),
            subject: String::new(),
            html: String::new(),
            text: None,
            situation: Situation::Active,
            locale: None,
        },
    };
    let around = Circumstances::of_new(Errors::new());
    Ok(page(
        &visit,
        StatusCode::OK,
        template,
        id.to_string(),
        None,
        around,
    ))
}

#[derive(Deserialize)]
pub(super) struct With {
    #[serde(default)]
    ticket: String,
    watch: Option<String>,
}

pub(super) async fn show(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(with): Query<With>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let id = existing(&id)?;
    let stored = shared.api.read_templates.find(visit.actor(), id).await?;
    let mut around = Circumstances::of_stored(&shared, &visit, id, &with.ticket, Errors::new()).await?;
    let place = format!("/administration/templates/{id}");
    around.watch = watch::find(&shared, &visit, with.watch.as_deref(), &place).await?;
    Ok(page(
        &visit,
        StatusCode::OK,
        reopened(stored),
        id.to_string(),
        None,
        around,
    ))
}

/// The editor with the stored template, and what could not be done beside it.
pub(super) async fn again(
    shared: &Shared,
    visit: &SignedInAdministrator,
    id: TemplateId,
    status: StatusCode,
    errors: Errors,
) -> Result<Response, WebRefusal> {
    let stored = shared.api.read_templates.find(visit.actor(), id).await?;
    let around = Circumstances::of_stored(shared, visit, id, "", errors).await?;
    Ok(page(
        visit,
        status,
        reopened(stored),
        id.to_string(),
        None,
        around,
    ))
}

/// Saves a template under a number that is still free.
pub(super) async fn create(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedInAdministrator, DraftForm>,
) -> Result<Response, WebRefusal> {
    let refused = |key| {
        let template = form.template(TemplateId::new(1).expect("1 is a number from 1"));
        let around = Circumstances::of_new(Errors::from([("id", key)]));
        page(
            &visit,
            StatusCode::UNPROCESSABLE_ENTITY,
            template,
            form.id.clone(),
            None,
            around,
        )
    };
    let Some(id) = form.id() else {
        return Ok(refused("template-id-bad"));
    };
    match shared.api.read_templates.find(visit.actor(), id).await {
        Ok(_) => return Ok(refused("template-id-taken")),
        Err(Refusal::NotFound(_)) => {}
        Err(refusal) => return Err(refusal.into()),
    }
    put(&shared, &visit, id, &form, Circumstances::of_new(Errors::new())).await
}

pub(super) async fn save(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Form(visit, form): Form<SignedInAdministrator, DraftForm>,
) -> Result<Response, WebRefusal> {
    let id = existing(&id)?;
    let around = Circumstances::of_stored(&shared, &visit, id, &form.ticket, Errors::new()).await?;
    put(&shared, &visit, id, &form, around).await
}

async fn put(
    shared: &Shared,
    visit: &SignedInAdministrator,
    id: TemplateId,
    form: &DraftForm,
    mut around: Circumstances,
) -> Result<Response, WebRefusal> {
    let template = form.template(id);
    let faults = match shared.api.put_template.run(visit.actor(), template.clone()).await {
        Ok(_) => {
            let place = format!("/administration/templates/{id}");
            return Ok(see_other_with(&place, "flash-saved"));
        }
        Err(PutTemplateError::Faulty(faults)) => Some(faults),
        Err(PutTemplateError::Refused(Refusal::Invalid(fields))) if names_alone(&fields) => {
            around.errors.insert("name", "template-name-bad");
            None
        }
        Err(PutTemplateError::Refused(refusal)) => return Err(refusal.into()),
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(page(visit, status, template, id.to_string(), faults, around))
}

fn names_alone(fields: &[recado_app::access::FieldError]) -> bool {
    fields.iter().all(|field| field.field == "name")
}

#[derive(Serialize)]
struct Checked {
    diagnostics: Vec<Remark>,
}

/// What is to be said about what stands in the editor just now; stores nothing.
pub(super) async fn check(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedInAdministrator, DraftForm>,
) -> Result<Response, WebRefusal> {
    let id = form.id();
    let images = match id {
        Some(id) => pictures::of(&shared, &visit, id).await?,
        None => Vec::new(),
    };
    let names = images.iter().map(|image| image.name.as_str()).collect();
    let template = form.template(id.unwrap_or(TemplateId::new(1).expect("1 is a number from 1")));
    let diagnostics = remarks(template.source(), &names);
    Ok(visit.fragment(
        "administration/templates/diagnostics.html",
        Checked { diagnostics },
    ))
}

#[derive(Deserialize)]
pub(super) struct TestForm {
    to: String,
}

/// Sends the stored template, filled with a sample.
pub(super) async fn send_test(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Form(visit, form): Form<SignedInAdministrator, TestForm>,
) -> Result<Response, WebRefusal> {
    let id = existing(&id)?;
    let Ok(to) = EmailAddress::parse(&form.to) else {
        let errors = Errors::from([("to", "value-address")]);
        return again(&shared, &visit, id, StatusCode::UNPROCESSABLE_ENTITY, errors).await;
    };
    let delivery = shared.api.test_template.run(visit.actor(), id, to).await?;
    Ok(see_other(&format!(
        "/administration/templates/{id}?watch={}#send-test",
        delivery.0
    )))
}
