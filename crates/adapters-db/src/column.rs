//! How values stand in columns: ids as UUIDs, times as microseconds, counts as 64-bit integers.

use std::borrow::Cow;
use std::time::Duration;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Binary, SqlType};
use diesel::sqlite::Sqlite;
use jiff::Timestamp;
use recado_ports::store::StoreError;
use std::io::Write as _;
use uuid::Uuid;

use crate::fault::Fault;

/// The SQL type of ids: `uuid` on PostgreSQL, 16 octets on SQLite. Both compare octet by octet.
#[derive(Debug, Clone, Copy, Default, SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct Id;

/// An id in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Id)]
pub(crate) struct Key(pub(crate) Uuid);

impl ToSql<Id, Pg> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Id, Pg> for Key {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl ToSql<Id, Sqlite> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<Id, Sqlite> for Key {
    fn from_sql(value: diesel::sqlite::SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let octets = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
        Ok(Self(Uuid::from_slice(&octets)?))
    }
}

/// A time as it is stored. Finer parts than a microsecond are lost.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// A span as it is stored; one longer than 292,000 years ends there.
pub(crate) fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The inverse of [`span`]; a negative span counts as none.
pub(crate) fn duration(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// A stored time.
pub(crate) fn timestamp(micros: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_microsecond(micros).map_err(|source| corrupt("a time", source))
}

/// A count or size that a column holds.
pub(crate) fn count<T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>>(
    what: &str,
    value: i64,
) -> Result<T, Fault> {
    T::try_from(value).map_err(|source| corrupt(what, source))
}

/// A size as it is stored.
pub(crate) fn stored_size(octets: u64) -> i64 {
    i64::try_from(octets).unwrap_or(i64::MAX)
}

/// A text as it is stored. PostgreSQL keeps no NUL, and what comes from outside by mail may hold one.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A name out of a closed list, such as a state.
pub(crate) fn word<T>(what: &str, text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Fault> {
    parse(text).ok_or_else(|| corrupt(what, UnknownWord(text.to_owned())))
}

/// Whatever is stored and cannot be read back.
pub(crate) fn corrupt(what: &str, source: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::Store(StoreError::Corrupt {
        what: what.to_owned(),
        source: Box::new(source),
    })
}

/// A name that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is unknown to this version")]
struct UnknownWord(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_spans_read_back_to_the_microsecond() {
        let time: Timestamp = "2026-11-22T10:42:31.123456Z".parse().unwrap();
        assert_eq!(timestamp(micros(time)).unwrap(), time);
        assert_eq!(
            duration(span(Duration::from_micros(17))),
            Duration::from_micros(17)
        );
        assert_eq!(span(Duration::MAX), i64::MAX);
        assert_eq!(duration(-1), Duration::ZERO);
    }

    #[test]
    fn an_unknown_word_is_named() {
        let fault = word("a state", "lost", |_| None::<()>).unwrap_err();
        let StoreError::Corrupt { what, source } = StoreError::from(fault) else {
            panic!("not corrupt")
        };
        assert_eq!(
            (what.as_str(), source.to_string().as_str()),
            ("a state", "\"lost\" is unknown to this version")
        );
    }
}
