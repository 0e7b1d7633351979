//! The search's index on SQLite: FTS5.

use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, QueryableByName};
use diesel_async::RunQueryDsl;

use super::search::{Hit, Indexed, Spread};
use crate::cached::Cached;
use crate::column::Id;
use crate::sqlite::Connection;

#[derive(QueryableByName)]
struct Placed {
    #[diesel(sql_type = BigInt)]
    place: i64,
}

/// Whether no other process indexes at this moment: there is one writer.
pub(crate) async fn is_sole_indexer(_connection: &mut Connection) -> QueryResult<bool> {
    Ok(true)
}

/// Adds comments to the index, in this order.
pub(crate) async fn add_to_index(connection: &mut Connection, comments: &[&Indexed]) -> QueryResult<()> {
    for Indexed { comment, words } in comments {
        let placed = sql_query("INSERT INTO searched_comment (comment) VALUES (?) RETURNING place");
        let placed = Cached(placed.bind::<Id, _>(*comment));
        let Placed { place } = placed.get_result(connection).await?;
        let searched = sql_query("INSERT INTO comment_search (rowid, words) VALUES (?, ?)");
        let searched = Cached(searched.bind::<BigInt, _>(place).bind::<Text, _>(words));
        searched.execute(connection).await?;
    }
    Ok(())
}

/// What is to be matched: `"word" AND "begin" * AND ("_ticket" OR …)`. Words are of letters and digits alone, so
/// nothing in them has a meaning.
pub(crate) fn expression<'a>(
    whole: impl Iterator<Item = &'a str>,
    beginning: Option<&str>,
    tickets: &[String],
) -> String {
    let mut parts: Vec<_> = whole.map(|word| format!("\"{word}\"")).collect();
    parts.extend(beginning.map(|beginning| format!("\"{beginning}\" *")));
    if !tickets.is_empty() {
        let tickets: Vec<_> = tickets.iter().map(|ticket| format!("\"{ticket}\"")).collect();
        parts.push(format!("({})", tickets.join(" OR ")));
    }
    parts.join(" AND ")
}

/// The newest matches before a place.
pub(crate) async fn hits(
    connection: &mut Connection,
    expression: &str,
    _spread: Spread,
    before: i64,
    limit: i64,
) -> QueryResult<Vec<Hit>> {
    sql_query(
        "SELECT searched_comment.place, searched_comment.comment
         FROM comment_search CROSS JOIN searched_comment ON searched_comment.place = comment_search.rowid
         WHERE comment_search MATCH ? AND comment_search.rowid < ? ORDER BY comment_search.rowid DESC LIMIT ?",
    )
    .bind::<Text, _>(expression)
    .bind::<BigInt, _>(before)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await
}
