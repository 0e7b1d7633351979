//! People as the API shows and takes them.

use recado_domain::person::Party;
use serde::Serialize;
use utoipa::ToSchema;

/// A name and an address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Party)]
pub(crate) struct PartyView {
    /// As given on this ticket or comment; at most 200 characters, one line, may be empty.
    #[schema(example = "Ana Peña", max_length = 200)]
    name: String,
    /// Compared, and shown, in lower case.
    #[schema(example = "ana@example.com")]
    email: String,
}

impl From<Party> for PartyView {
    fn from(party: Party) -> Self {
        Self {
            name: party.name.as_str().to_owned(),
            email: party.email.into(),
        }
    }
}
