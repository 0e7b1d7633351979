//! `/groups`: several people behind one address.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use recado_domain::person::{EmailAddress, Group, Party, PersonName};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Caller;
use super::fields;
use super::problem::Problem;
use super::request::{InPath, JsonBody};
use super::tickets::written_status;
use super::{Shared, location};

/// A group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Group)]
pub(super) struct GroupView {
    /// The address that its mail goes to.
    email: String,
    name: String,
    /// The addresses of those who see its tickets.
    members: Vec<String>,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        Self {
            email: group.party.email.into(),
            name: group.party.name.into(),
            members: group.members.into_iter().map(String::from).collect(),
        }
    }
}

/// A group to put, whole.
#[derive(ToSchema)]
#[schema(as = NewGroup)]
#[expect(dead_code, reason = "describes the body; `put_group` reads it")]
struct GroupBody {
    /// At most 200 characters, one line.
    name: String,
    /// Addresses.
    members: Vec<String>,
}

/// Puts a group
///
/// Members that are not in the list leave it. Administrators may.
#[utoipa::path(
    put, path = "/groups/{email}", tag = "groups",
    params(("email" = String, Path, description = "The group's address")),
    request_body = GroupBody,
    responses(
        (status = 200, description = "Replaced", body = GroupView),
        (status = 201, description = "Created", body = GroupView, headers(("Location" = String))),
    ),
)]
pub(super) async fn put_group(
    State(state): State<Shared>,
    caller: Caller,
    InPath(email): InPath<String>,
    body: JsonBody,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<GroupView>), Problem> {
    let email = EmailAddress::parse(&email).map_err(|error| Problem::field("email", error))?;
    let place = location(&["groups", email.as_str()]);
    let mut group = body.read(|body, faults| {
        let name = body
            .take("name")
            .required(faults, fields::parsed(PersonName::parse));
        let members = body
            .take("members")
            .required(faults, fields::list(fields::address));
        Some(Group {
            party: Party { name: name?, email },
            members: members?,
        })
    })?;
    group.members.sort();
    group.members.dedup();
    let written = state.api.put_group.run(&caller.actor, &group).await?;
    Ok((
        written_status(written),
        [(header::LOCATION, place)],
        Json(group.into()),
    ))
}
