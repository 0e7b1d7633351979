//! `/`: to the face that is the visitor's.

use axum::response::Response;
use recado_domain::person::Role;

use super::page::see_other;
use super::routes::Routes;
use super::visit::Visit;

pub(super) fn routes() -> Routes {
    Routes::new().get("/", home)
}

async fn home(visit: Visit) -> Response {
    see_other(match visit.actor.map(|actor| actor.role()) {
        None => "/sign-in",
        Some(role) => front(role),
    })
}

/// The page that a role begins with.
pub(super) fn front(role: Role) -> &'static str {
    match role {
        Role::Requester => "/tickets",
        Role::Technician => "/desk",
        Role::Administrator => "/administration",
    }
}
