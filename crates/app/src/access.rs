//! Who asks, and what they are told when they may not.

use recado_domain::audience::Viewer;
use recado_domain::person::{EmailAddress, Party, Role, User};
use recado_domain::ticket::Ticket;
use recado_ports::store::StoreError;
use uuid::Uuid;

/// Who asks for something.
#[derive(Debug, Clone)]
pub enum Actor {
    /// Whoever runs the command line on the daemon's machine.
    Operator,
    /// An account, by one of its tokens or sessions.
    Person {
        /// The account.
        user: User,
        /// The groups that it belongs to.
        groups: Vec<EmailAddress>,
        /// The token or session; idempotency keys are scoped to it.
        token: Uuid,
    },
}

impl Actor {
    /// The role that counts.
    pub fn role(&self) -> Role {
        match self {
            Self::Operator => Role::Administrator,
            Self::Person { user, .. } => user.role,
        }
    }

    /// The person, when it is one.
    pub fn party(&self) -> Option<&Party> {
        match self {
            Self::Operator => None,
            Self::Person { user, .. } => Some(&user.party),
        }
    }

    /// The account, and the token or session that it asks by; refused to the operator, who has none.
    pub(crate) fn account(&self, what: &str) -> Result<(&User, Uuid), Refusal> {
        match self {
            Self::Operator => Err(Refusal::Forbidden(format!("{what} is an account's"))),
            Self::Person { user, token, .. } => Ok((user, *token)),
        }
    }

    /// What the rules about seeing go by; `None` sees all.
    pub fn viewer(&self) -> Option<Viewer> {
        match self {
            Self::Operator => None,
            Self::Person { user, groups, .. } => Some(Viewer {
                email: user.party.email.clone(),
                role: user.role,
                groups: groups.clone(),
            }),
        }
    }

    /// Whether this actor may know that the ticket exists.
    pub fn sees(&self, ticket: &Ticket) -> bool {
        self.viewer().is_none_or(|viewer| viewer.sees(ticket))
    }

    /// Whether this actor may read the ticket's internal comments.
    pub fn sees_internal(&self, ticket: &Ticket) -> bool {
        self.viewer().is_none_or(|viewer| viewer.sees_internal(ticket))
    }

    /// Refuses whoever has less than a role.
    pub(crate) fn require(&self, role: Role, what: &str) -> Result<(), Refusal> {
        if self.role() >= role {
            return Ok(());
        }
        Err(Refusal::Forbidden(format!(
            "{what} needs the role {}; this account is a {}",
            role.as_str(),
            self.role().as_str()
        )))
    }
}

/// One field that cannot be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Its name, with dots between levels: `requester.email`.
    pub field: String,
    /// What is wrong, and the mend.
    pub message: String,
}

impl FieldError {
    /// A fault of one field.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers give a message or an error that they have just made"
    )]
    pub fn new(field: impl Into<String>, message: impl ToString) -> Self {
        Self {
            field: field.into(),
            message: message.to_string(),
        }
    }
}

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is not there, or not for this actor: the two cannot be told apart.
    #[error("{0} does not exist")]
    NotFound(String),
    /// The actor may see it, and may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// Values that cannot be taken.
    #[error("{}", .0.iter().map(|error| format!("{}: {}", error.field, error.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// The state of things does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// A store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Our own fault.
    #[error("{0}")]
    Internal(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Refusal {
    /// A single field's fault.
    pub fn field(field: &str, message: impl ToString) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }
}
