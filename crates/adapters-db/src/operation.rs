//! Operations: what one transaction does, written once and compiled for each database.

use futures_util::future::BoxFuture;

use crate::fault::Fault;
use crate::wakeup::News;

/// The body of a transaction: a function of a connection and its input alone, so that it can be run again after a
/// collision, on another thread, or beside others in one transaction.
pub(crate) type Operation<C, I, T> = for<'a> fn(&'a mut C, &'a I) -> BoxFuture<'a, Result<T, Fault>>;

/// What a writing transaction is for. It decides whether the commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A comment, or a mail that no comment causes, is taken in.
    Accept,
    /// A mail is taken in, as it came.
    Take,
    /// A mail that came in gets its outcome, and all that follows from it.
    SettleMail,
    /// Somebody wrote something that must not be lost: a ticket, a template, a parameter.
    Record,
    /// A worker passes the fence before the final dot.
    Fence,
    /// A worker leaves rows.
    Settle,
    /// What a worker does or notes that may be lost in a power failure without harm: claims, leases, ticks.
    Track,
}

impl Purpose {
    fn is_flushed(self) -> bool {
        matches!(self, Self::Accept | Self::Take | Self::SettleMail | Self::Record)
    }

    fn before_commit(self) {
        if let Some([before, _]) = self.points() {
            pass(before);
        }
    }

    fn after_commit(self) {
        if let Some([_, after]) = self.points() {
            pass(after);
        }
    }

    fn points(self) -> Option<[&'static str; 2]> {
        match self {
            Self::Accept => Some(["accept.before_commit", "accept.after_commit"]),
            Self::Take => Some(["take.before_commit", "take.after_commit"]),
            Self::SettleMail => Some(["settle_mail.before_commit", "settle_mail.after_commit"]),
            Self::Fence => Some(["fence.before_commit", "fence.after_commit"]),
            Self::Settle => Some(["settle.before_commit", "settle.after_commit"]),
            Self::Record | Self::Track => None,
        }
    }
}

/// A fail point of this name; nothing without the `fail` crate's feature.
fn pass(point: &str) {
    tracing::trace!(point, "at a commit");
    fail::fail_point!(point);
}

/// A writing transaction's terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// What it is for.
    purpose: Purpose,
    /// What else, where callers with different purposes share it.
    other: Option<Purpose>,
    /// Whom its commit is news for.
    pub(crate) news: News,
    extent: Extent,
}

/// How much of the database's time a transaction takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Any number of statements.
    Statements,
    /// One statement that writes; others may read after it.
    Statement,
}

impl Purpose {
    /// These terms, with news for those who wait.
    pub(crate) fn with(self, news: News) -> Terms {
        Terms {
            purpose: self,
            other: None,
            news,
            extent: Extent::Statements,
        }
    }
}

impl Terms {
    /// These terms, for another purpose too.
    pub(crate) fn and(self, other: Purpose) -> Self {
        Self {
            other: Some(other),
            ..self
        }
    }

    /// These terms, for an operation that writes with one statement: where a statement has a way to go, it is a transaction
    /// by itself, and saves the ways of begin and commit. The operation reads all of the answer, whose end comes after the
    /// commit. Whether that waits for the disk is the statement's to say ([`Unflushed`](crate::literal::Unflushed)).
    pub(crate) fn by_one_statement(self) -> Self {
        Self {
            extent: Extent::Statement,
            ..self
        }
    }

    /// Whether the operation writes with one statement.
    pub(crate) fn is_one_statement(self) -> bool {
        self.extent == Extent::Statement
    }

    /// Whether a caller is promised that the commit is on the disk.
    pub(crate) fn is_flushed(self) -> bool {
        self.purposes().any(Purpose::is_flushed)
    }

    /// Passes the points before the commit where crash tests stop the process.
    pub(crate) fn before_commit(self) {
        self.purposes().for_each(Purpose::before_commit);
    }

    /// The same, once the commit is done and nobody knows of it yet.
    pub(crate) fn after_commit(self) {
        self.purposes().for_each(Purpose::after_commit);
    }

    fn purposes(self) -> impl Iterator<Item = Purpose> {
        std::iter::once(self.purpose).chain(self.other)
    }
}

/// Compiles functions on a connection twice, as modules `sqlite` and `postgres`.
///
/// Inside, `Connection` is the database's own connection type, and `crate::dialect`'s names mean what that database
/// needs. `queries! { … }` holds ordinary items; whatever they use is imported by the file around them.
macro_rules! queries {
    ($($item:item)*) => {
        pub(crate) mod sqlite {
            use super::*;
            use crate::dialect::sqlite::*;
            $($item)*
        }
        pub(crate) mod postgres {
            use super::*;
            use crate::dialect::postgres::*;
            $($item)*
        }
    };
}
pub(crate) use queries;

/// Runs an operation that [`queries!`] compiled on whichever database there is: `run!(database.write(terms), name, input)`
/// or `run!(database.read(), name, input)`. Instead of a [`Database`](crate::Database) there may be its backend alone.
macro_rules! run {
    ($database:ident.$mode:ident($($terms:expr)?), $operation:ident, $input:expr) => {{
        let backend: &crate::database::Backend = $database.as_ref();
        match backend {
            crate::database::Backend::Sqlite(store) => {
                store.$mode($($terms,)? $input, |connection, input| Box::pin(sqlite::$operation(connection, input))).await
            }
            crate::database::Backend::Postgres(store) => {
                store.$mode($($terms,)? $input, |connection, input| Box::pin(postgres::$operation(connection, input))).await
            }
        }
    }};
}
pub(crate) use run;
