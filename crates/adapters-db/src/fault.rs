//! Why an operation failed, and what that is in a port's terms.

use diesel::result::{DatabaseErrorKind, Error};
use recado_ports::store::{Cause, StoreError};

/// A failure inside an operation; its transaction is rolled back.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The database refused, or cannot be reached.
    Database(Error),
    /// Anything that is a port's answer already.
    Store(StoreError),
}

impl Fault {
    /// The database is out of reach, or cannot answer for now, for this reason.
    pub(crate) fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Store(StoreError::Unavailable(cause.into()))
    }

    /// Somebody else wrote first.
    pub(crate) fn conflict(what: impl Into<String>) -> Self {
        Self::Store(StoreError::Conflict { what: what.into() })
    }

    /// Whether a row that refers to another one did not find it.
    pub(crate) fn is_missing_reference(&self) -> bool {
        self.kind()
            .is_some_and(|kind| matches!(kind, DatabaseErrorKind::ForeignKeyViolation))
    }

    /// Whether a key is taken.
    pub(crate) fn is_taken_key(&self) -> bool {
        self.kind()
            .is_some_and(|kind| matches!(kind, DatabaseErrorKind::UniqueViolation))
    }

    /// Whether transactions were in each other's way, so that the same one succeeds when it is run again.
    pub(crate) fn is_collision(&self) -> bool {
        match self {
            Self::Database(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
            // diesel-async keeps no SQLSTATE; these are the server's words for 40P01 in the languages of the desk.
            Self::Database(Error::DatabaseError(DatabaseErrorKind::Unknown, information)) => {
                let message = information.message();
                ["deadlock", "interbloqueo", "impasse"]
                    .iter()
                    .any(|word| message.contains(word))
            }
            _ => false,
        }
    }

    /// Whether the connection may go on to other work: the database answered, if only with a refusal.
    pub(crate) fn spares_the_connection(&self) -> bool {
        !matches!(
            self,
            Self::Database(
                Error::DatabaseError(
                    DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection,
                    _
                ) | Error::BrokenTransactionManager
                    | Error::RollbackErrorOnCommit { .. }
            )
        )
    }

    /// Whether it tells of the database and not of the operation: any other would have failed too.
    pub(crate) fn is_everybodys(&self) -> bool {
        !self.spares_the_connection() || matches!(self, Self::Store(StoreError::Unavailable(_)))
    }

    /// What the database said, or whoever found it out of reach.
    pub(crate) fn cause(self) -> String {
        let error = StoreError::from(self);
        std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
    }

    fn kind(&self) -> Option<&DatabaseErrorKind> {
        match self {
            Self::Database(Error::DatabaseError(kind, _)) => Some(kind),
            _ => None,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => error,
            Fault::Database(error @ Error::DeserializationError(_)) => Self::Corrupt {
                what: "a row".to_owned(),
                source: Box::new(error),
            },
            Fault::Database(error) => Self::Unavailable(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(kind: DatabaseErrorKind, message: &str) -> Fault {
        Fault::Database(Error::DatabaseError(kind, Box::new(message.to_owned())))
    }

    #[test]
    fn a_deadlock_is_a_collision_in_every_language_of_the_desk() {
        for message in [
            "deadlock detected",
            "se ha detectado un deadlock",
            "impasse detectado",
        ] {
            assert!(
                refusal(DatabaseErrorKind::Unknown, message).is_collision(),
                "{message}"
            );
        }
        assert!(!refusal(DatabaseErrorKind::Unknown, "database or disk is full").is_collision());
        assert!(!refusal(DatabaseErrorKind::UniqueViolation, "deadlock_key").is_collision());
    }

    #[test]
    fn a_row_that_cannot_be_read_is_corrupt_and_a_refusal_unavailable() {
        let unreadable = Fault::Database(Error::DeserializationError("null".into()));
        assert!(matches!(StoreError::from(unreadable), StoreError::Corrupt { .. }));
        let full = refusal(DatabaseErrorKind::Unknown, "database or disk is full");
        assert!(matches!(StoreError::from(full), StoreError::Unavailable(_)));
    }
}
