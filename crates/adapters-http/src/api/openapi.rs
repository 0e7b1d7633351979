//! The API's description, made of the same declarations as its routes.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, OpenApi, RefOr, ResponseBuilder, ServerBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use super::problem::ProblemView;
use super::{PREFIX, Shared, routes};

const TOKEN: &str = "token";

/// The description of the API, as `GET /api/v1/openapi.json` gives it.
pub fn openapi() -> OpenApi {
    let mut document = routes().into_openapi();
    document.info = InfoBuilder::new()
        .title("Recado")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A comment on a ticket becomes a mail to the other party, durably.",
        ))
        .build();
    document.servers = Some(vec![ServerBuilder::new().url(PREFIX).build()]);
    let components = document.components.get_or_insert_with(Components::new);
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token made by `recado token create`"))
        .build();
    components.add_security_scheme(TOKEN, SecurityScheme::Http(scheme));
    let mut schemas = Vec::new();
    ProblemView::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components
        .schemas
        .insert(ProblemView::name().into_owned(), ProblemView::schema());
    let problem = ResponseBuilder::new()
        .description("A refusal (RFC 9457)")
        .content(
            "application/problem+json",
            ContentBuilder::new()
                .schema(Some(utoipa::openapi::Ref::from_schema_name(ProblemView::name())))
                .build(),
        )
        .build();
    components
        .responses
        .insert("Problem".to_owned(), RefOr::T(problem));
    for (path, item) in &mut document.paths.paths {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ]
        .into_iter()
        .flatten();
        for operation in operations {
            let refusal = RefOr::Ref(utoipa::openapi::Ref::from_response_name("Problem"));
            operation
                .responses
                .responses
                .insert("default".to_owned(), refusal);
            if path != "/openapi.json" {
                operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(TOKEN, [])]);
            }
        }
    }
    document
}

/// Describes the API
///
/// This document. It needs no token.
#[utoipa::path(
    get, path = "/openapi.json", tag = "description",
    responses((status = 200, description = "An OpenAPI document", body = serde_json::Value)),
)]
pub(super) async fn get_openapi(State(state): State<Shared>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        state.openapi.get_or_init(document).clone(),
    )
}

/// The document as it is served.
fn document() -> Bytes {
    openapi().to_json().expect("a document of texts is JSON").into()
}
