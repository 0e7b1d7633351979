//! The search's index on PostgreSQL: a `tsvector` of our own words under GIN.

use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel::{QueryResult, QueryableByName};
use diesel_async::RunQueryDsl;

use super::search::{Hit, Indexed, Spread};
use crate::column::{Id, Key};
use crate::postgres::Connection;

/// The lock that whoever indexes holds; any number does that nobody else uses.
const ADVISORY_LOCK: i64 = 0x7265_6361_6470;
/// How many of the newest comments are looked through one by one before the index is asked. A word that is in many
/// comments is in enough of these, and the index would give every comment that it ever was in.
const NEWEST: i64 = 8_192;

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Bool)]
    is_ours: bool,
}

/// Whether no other daemon indexes at this moment; until the transaction's end none will.
pub(crate) async fn is_sole_indexer(connection: &mut Connection) -> QueryResult<bool> {
    let lock: Lock = sql_query("SELECT pg_try_advisory_xact_lock($1) AS is_ours")
        .bind::<BigInt, _>(ADVISORY_LOCK)
        .get_result(connection)
        .await?;
    Ok(lock.is_ours)
}

/// Adds comments to the index, in this order.
pub(crate) async fn add_to_index(connection: &mut Connection, comments: &[&Indexed]) -> QueryResult<()> {
    let ids: Vec<Key> = comments.iter().map(|indexed| indexed.comment).collect();
    let words: Vec<&str> = comments.iter().map(|indexed| indexed.words.as_str()).collect();
    sql_query(
        "INSERT INTO searched_comment (comment, words)
         SELECT comment, array_to_tsvector(string_to_array(words, ' '))
         FROM unnest($1, $2) WITH ORDINALITY AS new (comment, words, position) ORDER BY position",
    )
    .bind::<Array<Id>, _>(ids)
    .bind::<Array<Text>, _>(words)
    .execute(connection)
    .await?;
    Ok(())
}

/// What is to be matched: `'word' & 'begin':* & ('_ticket' | …)`. Words are of letters and digits alone, so nothing in
/// them has a meaning.
pub(crate) fn expression<'a>(
    whole: impl Iterator<Item = &'a str>,
    beginning: Option<&str>,
    tickets: &[String],
) -> String {
    let mut parts: Vec<_> = whole.map(|word| format!("'{word}'")).collect();
    parts.extend(beginning.map(|beginning| format!("'{beginning}':*")));
    if !tickets.is_empty() {
        let tickets: Vec<_> = tickets.iter().map(|ticket| format!("'{ticket}'")).collect();
        parts.push(format!("({})", tickets.join(" | ")));
    }
    parts.join(" & ")
}

/// The newest matches before a place.
pub(crate) async fn hits(
    connection: &mut Connection,
    expression: &str,
    spread: Spread,
    before: i64,
    limit: i64,
) -> QueryResult<Vec<Hit>> {
    let newest: Newest = sql_query("SELECT coalesce(max(place), 0) AS place FROM searched_comment")
        .get_result(connection)
        .await?;
    let before = before.min(newest.place + 1);
    let mut hits: Vec<Hit> = Vec::new();
    let mut from = before;
    if spread == Spread::Everywhere {
        from = before.saturating_sub(NEWEST);
        hits = sql_query(
            "SELECT place, comment FROM searched_comment WHERE place < $2 AND place >= $3 AND words @@ $1::tsquery
             ORDER BY place DESC LIMIT $4",
        )
        .bind::<Text, _>(expression)
        .bind::<BigInt, _>(before)
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(limit)
        .load(connection)
        .await?;
    }
    let rest = limit - i64::try_from(hits.len()).unwrap_or(limit);
    if rest > 0 && from > 1 {
        // OFFSET 0 is a fence: PostgreSQL takes every rare word for a common one, and would walk through all the
        // comments in the order of their places.
        let older: Vec<Hit> = sql_query(
            "SELECT place, comment FROM (SELECT place, comment FROM searched_comment
                WHERE words @@ $1::tsquery AND place < $2 OFFSET 0) AS older
             ORDER BY place DESC LIMIT $3",
        )
        .bind::<Text, _>(expression)
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(rest)
        .load(connection)
        .await?;
        hits.extend(older);
    }
    Ok(hits)
}

#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = BigInt)]
    place: i64,
}
