//! The query behind every list of tickets, as text: which tickets a view has, and by what they are ordered. The rows
//! themselves are read by their ids.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Nullable, Text};
use recado_domain::ticket::TicketStatus;
use recado_ports::inbox::View;

use crate::column::{Id, Key};
use crate::literal::VisibleTo;

/// Which tickets.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    /// The viewer's address.
    pub(super) me: String,
    /// The viewer's groups.
    pub(super) groups: Vec<String>,
    /// Whether the viewer sees every ticket, or those alone that name them or a group of theirs.
    pub(super) sight: Sight,
    pub(super) view: View,
    pub(super) status: Option<TicketStatus>,
    /// A pattern for number and title.
    pub(super) pattern: Option<String>,
}

/// How much somebody sees.
#[derive(Debug, Clone)]
pub(super) enum Sight {
    /// Everything, whoever wrote it for whomever.
    Everything,
    /// Tickets that name them or a group of theirs; what is public of them, or all where they are the desk.
    Own {
        /// Their newest public comment under hold on a ticket, and the ticket: they see it already.
        held: Vec<(Key, Key)>,
    },
}

/// A page of a list: ticket, its place in the list (the newest comment that the viewer reads, or the ticket), and who
/// wrote the newest public comment that they read.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    pub(super) selection: Selection,
    /// The place that the page before ended with.
    pub(super) before: Option<Key>,
    pub(super) limit: i64,
}

/// How many there are, counted up to a limit.
#[derive(Debug, Clone)]
pub(super) struct Counting {
    pub(super) selection: Selection,
    pub(super) limit: i64,
}

impl Query for Listing {
    type SqlType = (Id, Id, Nullable<Text>);
}

impl Query for Counting {
    type SqlType = BigInt;
}

macro_rules! varying {
    ($($name:ident)+) => {$(
        impl QueryId for $name {
            type QueryId = ();
            // The text depends on what is asked for.
            const HAS_STATIC_QUERY_ID: bool = false;
        }
    )+};
}
varying! { Listing Counting }

/// What a database must be able to bind.
pub(super) trait Binds: Backend + HasSqlType<Text> + HasSqlType<Id> + HasSqlType<BigInt> {}

impl<DB: Backend + HasSqlType<Text> + HasSqlType<Id> + HasSqlType<BigInt>> Binds for DB {}

impl<DB: Binds> QueryFragment<DB> for Listing
where
    String: ToSql<Text, DB>,
    Key: ToSql<Id, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("SELECT ticket.id, ");
        self.selection.place(out.reborrow())?;
        out.push_sql(" AS place, ");
        self.selection.last_author(out.reborrow())?;
        self.selection.tickets(out.reborrow())?;
        if let Some(before) = &self.before {
            out.push_sql(" AND ");
            self.selection.place(out.reborrow())?;
            out.push_sql(" < ");
            out.push_bind_param::<Id, _>(before)?;
        }
        out.push_sql(" ORDER BY 2 DESC LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl<DB: Binds> QueryFragment<DB> for Counting
where
    String: ToSql<Text, DB>,
    Key: ToSql<Id, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("SELECT count(*) FROM (SELECT 1 AS one");
        self.selection.tickets(out.reborrow())?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(") AS counted");
        Ok(())
    }
}

impl Selection {
    /// What a ticket's place in the list is.
    fn place<'b, DB: Binds>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        String: ToSql<Text, DB>,
        Key: ToSql<Id, DB>,
    {
        let Sight::Own { held } = &self.sight else {
            out.push_sql(match self.pattern {
                None => "ticket_activity.newest",
                // The same, and no index has it: few tickets fit a pattern, and reading all of them one after the
                // other is much quicker than in the list's order (SQLite would do that).
                Some(_) => "coalesce(ticket_activity.newest, ticket.id)",
            });
            return Ok(());
        };
        out.push_sql("CASE WHEN ");
        self.is_desk(out.reborrow())?;
        out.push_sql(" THEN ticket_activity.newest");
        for (ticket, comment) in held {
            is_newest(out.reborrow(), ticket, comment)?;
            out.push_bind_param::<Id, _>(comment)?;
        }
        out.push_sql(" ELSE coalesce(ticket_activity.newest_shown, ticket.id) END");
        Ok(())
    }

    /// Who wrote the newest public comment that the viewer reads.
    fn last_author<'b, DB: Binds>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        String: ToSql<Text, DB>,
        Key: ToSql<Id, DB>,
    {
        let Sight::Own { held } = &self.sight else {
            out.push_sql("ticket_activity.newest_public_by");
            return Ok(());
        };
        out.push_sql("CASE WHEN ");
        self.is_desk(out.reborrow())?;
        out.push_sql(" THEN ticket_activity.newest_public_by");
        for (ticket, comment) in held {
            is_newest(out.reborrow(), ticket, comment)?;
            out.push_bind_param::<Text, _>(&self.me)?;
        }
        out.push_sql(" ELSE ticket_activity.newest_shown_by END");
        Ok(())
    }

    /// Whether the viewer, who does not see everything, reads the ticket's internal comments: the same rule as
    /// `Viewer::sees_internal`.
    fn is_desk<'b, DB: Binds>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        String: ToSql<Text, DB>,
    {
        out.push_sql("(ticket.responsible_email = ");
        out.push_bind_param::<Text, _>(&self.me)?;
        if !self.groups.is_empty() {
            out.push_sql(" OR ticket.group_email IN ");
            self.own_groups(out.reborrow())?;
        }
        out.push_sql(")");
        Ok(())
    }

    fn own_groups<'b, DB: Binds>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        String: ToSql<Text, DB>,
    {
        out.push_sql("(");
        for (index, group) in self.groups.iter().enumerate() {
            if index > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Text, _>(group)?;
        }
        out.push_sql(")");
        Ok(())
    }

    /// From where, and which of them.
    fn tickets<'b, DB: Binds>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        String: ToSql<Text, DB>,
        Key: ToSql<Id, DB>,
    {
        out.push_sql(" FROM ticket_activity INNER JOIN ticket ON ticket.id = ticket_activity.ticket WHERE ");
        // Literally, on both sides of the join: each has an index of the open ones.
        out.push_sql(match self.only() {
            Some(TicketStatus::Open) => "ticket_activity.status = 'open' AND ticket.status = 'open'",
            Some(TicketStatus::Closed) => "ticket_activity.status = 'closed' AND ticket.status = 'closed'",
            None => "1 = 1",
        });
        if let Sight::Own { .. } = self.sight {
            out.push_sql(" AND ");
            VisibleTo::write(&self.me, &self.groups, out.reborrow())?;
        }
        if let Some(pattern) = &self.pattern {
            out.push_sql(" AND ticket.search_text LIKE ");
            out.push_bind_param::<Text, _>(pattern)?;
            out.push_sql(" ESCAPE '\\'");
        }
        match self.view {
            View::All => {}
            View::Responsible => {
                out.push_sql(" AND ticket.responsible_email = ");
                out.push_bind_param::<Text, _>(&self.me)?;
            }
            View::Asked => {
                out.push_sql(" AND ticket.id IN (SELECT id FROM ticket WHERE requester_email = ");
                out.push_bind_param::<Text, _>(&self.me)?;
                out.push_sql(" UNION SELECT ticket FROM ticket_watcher WHERE email = ");
                out.push_bind_param::<Text, _>(&self.me)?;
                out.push_sql(")");
            }
            View::Groups if self.groups.is_empty() => out.push_sql(" AND 1 = 0"),
            View::Groups => {
                out.push_sql(" AND ticket.group_email IN ");
                self.own_groups(out.reborrow())?;
                out.push_sql(
                    " AND (ticket.responsible_email IS NULL OR EXISTS (SELECT 1 FROM group_member
                     WHERE group_member.group_email = ticket.group_email
                     AND group_member.email = ticket.responsible_email))",
                );
            }
            View::Unanswered => {
                out.push_sql(" AND ");
                self.last_author(out.reborrow())?;
                out.push_sql(" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM app_user WHERE app_user.email = ");
                self.last_author(out.reborrow())?;
                out.push_sql(
                    " AND app_user.role IN ('technician', 'administrator'))
                     AND (ticket.responsible_email IS NULL OR ticket.responsible_email <> ",
                );
                self.last_author(out.reborrow())?;
                out.push_sql(")");
            }
            View::Undelivered => {
                out.push_sql(" AND ticket_activity.ticket IN (SELECT outbox.ticket FROM outbox WHERE ");
                out.push_sql(crate::literal::UNDELIVERED);
                out.push_sql(")");
                if let Sight::Own { .. } = self.sight {
                    out.push_sql(" AND ");
                    self.is_desk(out.reborrow())?;
                }
            }
        }
        Ok(())
    }

    /// The status that all of them have.
    fn only(&self) -> Option<TicketStatus> {
        match self.view {
            View::Unanswered | View::Undelivered => Some(TicketStatus::Open),
            View::All | View::Responsible | View::Asked | View::Groups => self.status,
        }
    }

    /// Whether nothing can be in the list: closed ones of a view that has open ones alone.
    pub(super) fn is_void(&self) -> bool {
        self.status
            .is_some_and(|status| self.only().is_some_and(|only| only != status))
    }
}

/// The case of a ticket on which nothing was shown after the viewer's comment under hold.
fn is_newest<'b, DB: Binds>(
    mut out: AstPass<'_, 'b, DB>,
    ticket: &'b Key,
    comment: &'b Key,
) -> QueryResult<()>
where
    Key: ToSql<Id, DB>,
{
    out.push_sql(" WHEN ticket.id = ");
    out.push_bind_param::<Id, _>(ticket)?;
    out.push_sql(" AND (ticket_activity.newest_shown IS NULL OR ticket_activity.newest_shown < ");
    out.push_bind_param::<Id, _>(comment)?;
    out.push_sql(") THEN ");
    Ok(())
}
