//! Conditions that a query holds as text: a partial index is used where the query names its states literally, and a
//! prepared statement stays cached, which it does not with diesel's `sql`.
//!
//! Three states or more stand one by one: of a list in a partial index SQLite makes a table anew for every row that it
//! writes.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use diesel::sqlite::Sqlite;
use recado_ports::outbox::Revision;

macro_rules! expression {
    ($name:ident -> $kind:ty) => {
        impl Expression for $name {
            type SqlType = $kind;
        }
        impl<Source> AppearsOnTable<Source> for $name {}
        impl<Source> SelectableExpression<Source> for $name {}
        impl<Groups> ValidGrouping<Groups> for $name {
            type IsAggregate = is_aggregate::Never;
        }
    };
}

macro_rules! literal {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, QueryId)]
        pub(crate) struct $name;

        expression!($name -> Bool);

        impl<DB: Backend> QueryFragment<DB> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        }
    )+};
}

literal! {
    /// Accounts that administer the installation. As binds, PostgreSQL would come to plan for the most frequent role, and
    /// read every account.
    Administers = "app_user.role = 'administrator' AND app_user.standing = 'active'";
    /// Mails that a worker may claim: `State::WAITING`.
    Waiting = "(outbox.state = 'ready' OR outbox.state = 'retry' OR outbox.state = 'unsure')";
    /// Mails that somebody holds a lease on.
    Held = "outbox.state IN ('leased', 'sending')";
    /// Mails of which word that a server took them counts: `Event::Accept`.
    Sendable = "outbox.state IN ('sending', 'unsure')";
    /// Mails that are neither sent nor called back, and that nobody works on.
    Resting = "(outbox.state = 'ready' OR outbox.state = 'retry' OR outbox.state = 'unsure' OR outbox.state = 'dead')";
    /// The mail before another one in its chain has a way to go: `State::is_active`, and of a cause that this version
    /// knows. One that it leaves alone would hold up its chain for ever.
    HeadIsActive = "(head.state = 'ready' OR head.state = 'leased' OR head.state = 'sending' OR \
                    head.state = 'retry' OR head.state = 'unsure') \
                    AND head.cause_kind IN ('comment', 'test', 'acknowledgement', 'alert', 'sign_in')";
    /// Mails that came in and that nobody has judged.
    Pending = "incoming_mail.outcome IS NULL";
    /// Quarantined mails of which the desk was not told.
    Unnoticed = "incoming_mail.outcome = 'quarantined' AND incoming_mail.noticed_at IS NULL";
    /// Mails that came in whose octets may be forgotten after a while: nobody will judge them anew.
    /// A pending one has no outcome, so the comparison does not hold.
    Forgettable = "incoming_mail.kept_since IS NOT NULL AND incoming_mail.outcome NOT IN ('quarantined', 'failed')";
    /// Mails that tell a sender that a ticket was opened.
    IsAcknowledgement = "outbox.cause_kind = 'acknowledgement'";
    /// Causes that this version knows; others are a later version's.
    KnownCause = "outbox.cause_kind IN ('comment', 'test', 'acknowledgement', 'alert', 'sign_in')";
}

/// The clock that leases end by, some microseconds on: the server's on PostgreSQL, which all daemons share. SQLite
/// has one daemon, whose monotonic clock's reading is in the offset.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct LeaseClock(pub(crate) i64);

expression!(LeaseClock -> BigInt);

impl QueryFragment<Sqlite> for LeaseClock {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_bind_param::<BigInt, _>(&self.0)
    }
}

impl QueryFragment<Pg> for LeaseClock {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("((extract(epoch FROM clock_timestamp()) * 1000000)::bigint + ");
        out.push_bind_param::<BigInt, _>(&self.0)?;
        out.push_sql(")");
        Ok(())
    }
}

/// Holds always, and lets the commit of the statement that it stands in go without waiting for the disk. SQLite's writer
/// says so for a whole transaction.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct Unflushed;

expression!(Unflushed -> Bool);

impl QueryFragment<Sqlite> for Unflushed {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("1 = 1");
        Ok(())
    }
}

/// [`Unflushed`] on PostgreSQL. The setting lasts until the transaction's end.
macro_rules! unflushed {
    () => {
        "(SELECT set_config('synchronous_commit', 'off', true)) = 'off'"
    };
}
pub(crate) use unflushed;

impl QueryFragment<Pg> for Unflushed {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(unflushed!());
        Ok(())
    }
}

/// That what is known of parameters and an account still counts; nothing known always does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StillAt {
    pub(crate) account: i64,
    pub(crate) known: Option<Revision>,
}

expression!(StillAt -> Bool);

impl QueryId for StillAt {
    type QueryId = ();
    // The text depends on whether anything is known.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> QueryFragment<DB> for StillAt
where
    DB: diesel::sql_types::HasSqlType<BigInt>,
    i64: diesel::serialize::ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let Some(known) = &self.known else {
            out.push_sql("1 = 1");
            return Ok(());
        };
        out.push_sql("(SELECT number FROM settings_version) = ");
        out.push_bind_param::<BigInt, _>(&known.parameters)?;
        out.push_sql(" AND NOT EXISTS (SELECT 1 FROM channel WHERE channel.account = ");
        out.push_bind_param::<BigInt, _>(&self.account)?;
        out.push_sql(
            " AND (channel.hold_reason IS NOT NULL AND channel.hold_since IS NOT NULL OR channel.nudges <> ",
        );
        out.push_bind_param::<BigInt, _>(&known.nudges)?;
        out.push_sql("))");
        Ok(())
    }
}

/// How long the mail's account has been open.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct OpenTime;

expression!(OpenTime -> BigInt);

impl<DB: Backend> QueryFragment<DB> for OpenTime {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("coalesce((SELECT open_time FROM channel WHERE channel.account = outbox.account), 0)");
        Ok(())
    }
}

/// Mails that are due by now. PostgreSQL learns the time when it runs the query: planning for each anew costs more.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct DueBy(pub(crate) i64);

expression!(DueBy -> Bool);

impl QueryFragment<Sqlite> for DueBy {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("outbox.due_at <= ");
        out.push_bind_param::<BigInt, _>(&self.0)
    }
}

impl QueryFragment<Pg> for DueBy {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("outbox.due_at <= (SELECT ");
        out.push_bind_param::<BigInt, _>(&self.0)?;
        out.push_sql(")");
        Ok(())
    }
}

/// That `head` names a mail of the same ticket to the same recipient. PostgreSQL finds such mails by `outbox_ahead` and by no
/// other index: `outbox_thread`, which leads through all that a chain has ever held, looks as good to it before it has
/// counted the rows, and better when the other is large and has come to hold little.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct SameChain;

expression!(SameChain -> Bool);

impl QueryFragment<Sqlite> for SameChain {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("head.ticket = outbox.ticket AND head.recipient = outbox.recipient");
        Ok(())
    }
}

impl QueryFragment<Pg> for SameChain {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "(head.ticket::text || head.recipient) COLLATE \"C\" = outbox.ticket::text || outbox.recipient",
        );
        Ok(())
    }
}

/// That a query gives nothing, which is asked about each row by itself, whatever else looks cheaper when the plan is made.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct NoneOf<Q>(pub(crate) Q);

impl<Q> Expression for NoneOf<Q> {
    type SqlType = Bool;
}
impl<Q, Source> AppearsOnTable<Source> for NoneOf<Q> {}
impl<Q, Groups> ValidGrouping<Groups> for NoneOf<Q> {
    type IsAggregate = is_aggregate::Never;
}

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for NoneOf<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("NOT EXISTS (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

/// `OFFSET 0` keeps it from becoming a join.
impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for NoneOf<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("NOT EXISTS (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" OFFSET 0)");
        Ok(())
    }
}

/// The first mails whose ids a query gives, which is run once, whatever plan is made.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct FirstOf<Q> {
    pub(crate) query: Q,
    /// At most a thousand.
    pub(crate) limit: i64,
}

impl<Q> Expression for FirstOf<Q> {
    type SqlType = Bool;
}
impl<Q, Source> AppearsOnTable<Source> for FirstOf<Q> {}
impl<Q, Groups> ValidGrouping<Groups> for FirstOf<Q> {
    type IsAggregate = is_aggregate::Never;
}

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for FirstOf<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("outbox.id IN (");
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(")");
        Ok(())
    }
}

/// A limit that is known when the query is planned makes it walk the index; one that is not makes it plan once.
impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for FirstOf<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("outbox.id = ANY(ARRAY(SELECT first.id FROM (");
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(" LIMIT 1000) AS first LIMIT (SELECT ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(")))");
        Ok(())
    }
}

/// The attempts with this one counted, unless the fence did.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct Charge;

expression!(Charge -> BigInt);

impl<DB: Backend> QueryFragment<DB> for Charge {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("attempts + CASE state WHEN 'leased' THEN 1 ELSE 0 END");
        Ok(())
    }
}

/// The attempts without the one that the fence counted.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct Refund;

expression!(Refund -> BigInt);

impl<DB: Backend> QueryFragment<DB> for Refund {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("attempts - CASE state WHEN 'sending' THEN 1 ELSE 0 END");
        Ok(())
    }
}

/// Since when a mail has been refused: since this time, unless it was refused before.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct BlockedSince(pub(crate) i64);

expression!(BlockedSince -> Nullable<BigInt>);

impl<DB: Backend> QueryFragment<DB> for BlockedSince
where
    DB: diesel::sql_types::HasSqlType<BigInt>,
    i64: diesel::serialize::ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("coalesce(blocked_since, ");
        out.push_bind_param::<BigInt, _>(&self.0)?;
        out.push_sql(")");
        Ok(())
    }
}

/// Entries of the log before which none can appear any more. On PostgreSQL those of transactions before the oldest
/// one still running; SQLite has one writer at a time.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct Settled;

expression!(Settled -> Bool);

impl QueryFragment<Sqlite> for Settled {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("1 = 1");
        Ok(())
    }
}

impl QueryFragment<Pg> for Settled {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("event.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint");
        Ok(())
    }
}

/// Where an entry of the log stands: by transaction, then by number. SQLite has one writer at a time, so the number does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) xid: i64,
    pub(crate) seq: i64,
}

/// Compared as rows, so that the index on both columns is used.
macro_rules! compared {
    ($($(#[$doc:meta])* $name:ident = $operator:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, QueryId)]
        pub(crate) struct $name(pub(crate) Place);

        expression!($name -> Bool);

        impl QueryFragment<Sqlite> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql(concat!("event.seq ", $operator, " "));
                out.push_bind_param::<BigInt, _>(&self.0.seq)
            }
        }

        impl QueryFragment<Pg> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql(concat!("(event.xid, event.seq) ", $operator, " ("));
                out.push_bind_param::<BigInt, _>(&self.0.xid)?;
                out.push_sql(", ");
                out.push_bind_param::<BigInt, _>(&self.0.seq)?;
                out.push_sql(")");
                Ok(())
            }
        }
    )+};
}

compared! {
    /// Entries of the log behind a place.
    Behind = ">";
    /// Entries of the log up to a place.
    UpTo = "<=";
}

macro_rules! order {
    ($($(#[$doc:meta])* $name:ident = $sqlite:literal, $postgres:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, QueryId)]
        pub(crate) struct $name;

        expression!($name -> BigInt);

        impl QueryFragment<Sqlite> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql($sqlite);
                Ok(())
            }
        }

        impl QueryFragment<Pg> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql($postgres);
                Ok(())
            }
        }
    )+};
}

order! {
    /// Entries of the log by their places.
    OldestFirst = "event.seq", "event.xid, event.seq";
    /// The same from the end.
    NewestFirst = "event.seq DESC", "event.xid DESC, event.seq DESC";
}

/// Mails that were given up, or came back.
pub(crate) const UNDELIVERED: &str = "(outbox.state = 'dead' OR outbox.outcome = 'bounced')";

/// [`UNDELIVERED`], beside other conditions.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct Undelivered;

expression!(Undelivered -> Bool);

impl<DB: Backend> QueryFragment<DB> for Undelivered {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(UNDELIVERED);
        Ok(())
    }
}

diesel::define_sql_function! {
    /// So many characters of a text, from this one on (the first is 1).
    fn substr(text: Text, from: Integer, length: Integer) -> Text;
}

/// Tickets on which a person is requester, responsible or watcher, or in whose group they are. A union, so that each
/// way is found by its index.
#[derive(Debug, Clone)]
pub(crate) struct VisibleTo {
    pub(crate) email: String,
    pub(crate) groups: Vec<String>,
}

expression!(VisibleTo -> Bool);

impl QueryId for VisibleTo {
    type QueryId = ();
    // The text depends on the number of groups.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> QueryFragment<DB> for VisibleTo
where
    DB: diesel::sql_types::HasSqlType<Text>,
    String: diesel::serialize::ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        Self::write(&self.email, &self.groups, out)
    }
}

impl VisibleTo {
    /// The condition as text, for a query that is one.
    pub(crate) fn write<'b, DB>(
        email: &'b String,
        groups: &'b [String],
        mut out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<()>
    where
        DB: Backend + diesel::sql_types::HasSqlType<Text>,
        String: diesel::serialize::ToSql<Text, DB>,
    {
        out.push_sql("ticket.id IN (SELECT id FROM ticket WHERE requester_email = ");
        out.push_bind_param::<Text, _>(email)?;
        out.push_sql(" UNION SELECT id FROM ticket WHERE responsible_email = ");
        out.push_bind_param::<Text, _>(email)?;
        out.push_sql(" UNION SELECT ticket FROM ticket_watcher WHERE email = ");
        out.push_bind_param::<Text, _>(email)?;
        for group in groups {
            out.push_sql(" UNION SELECT id FROM ticket WHERE group_email = ");
            out.push_bind_param::<Text, _>(group)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

/// Comments that somebody who sees the ticket may read: public ones that are not under hold, their own, and all where
/// they are the ticket's desk. The same rule as `Viewer::sees_internal` and `Audience::reads`.
#[derive(Debug, Clone)]
pub(crate) struct MayRead {
    pub(crate) email: String,
    pub(crate) groups: Vec<String>,
}

expression!(MayRead -> Bool);

impl QueryId for MayRead {
    type QueryId = ();
    // The text depends on the number of groups.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> QueryFragment<DB> for MayRead
where
    DB: diesel::sql_types::HasSqlType<Text>,
    String: diesel::serialize::ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(
            "(comment.visibility = 'public' AND (comment.held_until IS NULL OR comment.author_email = ",
        );
        out.push_bind_param::<Text, _>(&self.email)?;
        out.push_sql(") OR ticket.responsible_email = ");
        out.push_bind_param::<Text, _>(&self.email)?;
        for group in &self.groups {
            out.push_sql(" OR ticket.group_email = ");
            out.push_bind_param::<Text, _>(group)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recado_domain::ledger::{MailId, Outcome};
    use recado_domain::outbox::{Cause, Event, State};
    use recado_domain::person::{Role, Standing};

    use crate::rows::standing;

    fn words(states: impl IntoIterator<Item = State>) -> String {
        let quoted: Vec<_> = states
            .into_iter()
            .map(|state| format!("'{}'", state.as_str()))
            .collect();
        quoted.join(", ")
    }

    /// The column has one of these states.
    fn any(column: &str, states: impl IntoIterator<Item = State>) -> String {
        let equal: Vec<_> = states
            .into_iter()
            .map(|state| format!("{column} = '{}'", state.as_str()))
            .collect();
        format!("({})", equal.join(" OR "))
    }

    fn text(fragment: &impl QueryFragment<Sqlite>) -> String {
        diesel::debug_query::<Sqlite, _>(fragment).to_string()
    }

    #[test]
    fn the_literal_states_are_those_of_the_domain() {
        let is = |state: &State, other: &[State]| other.contains(state);
        assert!(text(&Waiting).contains(&any("outbox.state", State::WAITING)));
        let active = State::ALL.into_iter().filter(|state| state.is_active());
        assert!(text(&HeadIsActive).contains(&any("head.state", active)));
        assert!(text(&Held).contains(&format!("({})", words([State::Leased, State::Sending]))));
        let sendable = words(State::sources(Event::Accept));
        assert!(text(&Sendable).contains(&format!("({sendable})")));
        let moving = [State::Leased, State::Sending, State::Sent, State::Cancelled];
        let resting = State::ALL.into_iter().filter(|state| !is(state, &moving));
        assert!(text(&Resting).contains(&any("outbox.state", resting)));
    }

    #[test]
    fn the_literal_administrators_are_those_of_the_domain() {
        let role = format!("role = '{}'", Role::Administrator.as_str());
        let active = format!("standing = '{}'", standing(Standing::Active));
        let literal = text(&Administers);
        assert!(literal.contains(&role) && literal.contains(&active), "{literal}");
    }

    #[test]
    fn only_mails_that_nobody_judges_anew_are_forgotten() {
        let kept: Vec<_> = Outcome::ALL
            .iter()
            .filter(|outcome| outcome.can_be_replayed())
            .map(|outcome| format!("'{}'", outcome.as_str()))
            .collect();
        assert!(text(&Forgettable).contains(&format!("NOT IN ({})", kept.join(", "))));
    }

    #[test]
    fn the_literal_causes_are_those_of_the_domain() {
        let id = uuid::Uuid::nil();
        let acknowledgement = Cause::Acknowledgement(MailId(id)).kind();
        assert!(text(&IsAcknowledgement).contains(&format!("'{acknowledgement}'")));
        for literal in [text(&KnownCause), text(&HeadIsActive)] {
            let named = literal
                .rsplit_once("cause_kind IN (")
                .map_or("", |(_, list)| list);
            let kinds: Vec<_> = named
                .split(')')
                .next()
                .unwrap_or_default()
                .split(", ")
                .map(|kind| kind.trim_matches('\''))
                .collect();
            assert!(kinds.len() > 3 && kinds.iter().all(|kind| Cause::parse(kind, id).is_some()));
        }
    }
}
