//! Groups, and people who are known without an account.

use std::collections::HashMap;

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::person::{EmailAddress, Group, PersonName};
use recado_ports::page::{Page, PageRequest};
use recado_ports::store::StoreError;

use crate::column::{Key, corrupt, storable};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::rows::{addresses, party};
use crate::schema::{group_member, ticket, ticket_watcher, user_group};
use crate::wakeup::News;

struct Wanted {
    after: String,
    limit: i64,
}

/// Groups by address, and members by group and position.
type GroupRows = (Vec<(String, String)>, Vec<(String, String)>);

queries! {
    /// The name that the newest ticket gives, each way of being named found by its index.
    pub(super) async fn known_name(
        connection: &mut Session,
        email: &EmailAddress,
    ) -> Result<Option<String>, Fault> {
        let email = email.as_str();
        let requested = ticket::table
            .filter(ticket::requester_email.eq(email))
            .order(ticket::id.desc())
            .select((ticket::id, ticket::requester_name));
        let requested: Option<(Key, String)> = requested.first(connection).await.optional()?;
        let answered = ticket::table
            .filter(ticket::responsible_email.eq(email))
            .order(ticket::id.desc())
            .select((ticket::id, ticket::responsible_name));
        let answered: Option<(Key, Option<String>)> = answered.first(connection).await.optional()?;
        let answered = answered.map(|(ticket, name)| (ticket, name.unwrap_or_default()));
        let watched = ticket_watcher::table
            .filter(ticket_watcher::email.eq(email))
            .order(ticket_watcher::ticket.desc())
            .select((ticket_watcher::ticket, ticket_watcher::name));
        let watched: Option<(Key, String)> = watched.first(connection).await.optional()?;
        // Of several ways on one ticket the last of these counts.
        let newest = [watched, answered, requested].into_iter().flatten().max_by_key(|(ticket, _)| *ticket);
        if let Some((_, name)) = newest {
            return Ok(Some(name));
        }
        let member = group_member::table.filter(group_member::email.eq(email));
        let is_member: bool = diesel::select(exists(member)).get_result(connection).await?;
        Ok(is_member.then(String::new))
    }

    pub(super) async fn groups(connection: &mut Session, wanted: &Wanted) -> Result<GroupRows, Fault> {
        let groups: Vec<(String, String)> = user_group::table
            .filter(user_group::email.gt(&wanted.after))
            .order(user_group::email)
            .limit(wanted.limit)
            .select((user_group::email, user_group::name))
            .load(connection)
            .await?;
        let members: Vec<(String, String)> = group_member::table
            .filter(group_member::group_email.eq_any(groups.iter().map(|(email, _)| email)))
            .order((group_member::group_email, group_member::position))
            .select((group_member::group_email, group_member::email))
            .load(connection)
            .await?;
        Ok((groups, members))
    }

    pub(super) async fn remove(connection: &mut Session, email: &EmailAddress) -> Result<bool, Fault> {
        Ok(diesel::delete(user_group::table.find(email.as_str())).execute(connection).await? > 0)
    }
}

pub(super) async fn known_name(
    database: &Database,
    email: &EmailAddress,
) -> Result<Option<PersonName>, StoreError> {
    let name = run!(database.read(), known_name, email.clone())?;
    let name = name.map(|name| PersonName::parse(&name)).transpose();
    Ok(name.map_err(|source| corrupt("a name", source))?)
}

pub(super) async fn groups(database: &Database, page: &PageRequest) -> Result<Page<Group>, StoreError> {
    let size = usize::from(page.limit.get());
    let wanted = Wanted {
        after: storable(page.after.as_deref().unwrap_or_default()).into_owned(),
        limit: i64::from(page.limit.get()) + 1,
    };
    let (mut rows, members) = run!(database.read(), groups, wanted)?;
    let mut by_group: HashMap<String, Vec<String>> = HashMap::new();
    for (group, member) in members {
        by_group.entry(group).or_default().push(member);
    }
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|(email, _)| email.clone());
    let group = |(email, name): (String, String)| {
        Ok(Group {
            party: party(&name, &email)?,
            members: addresses(&by_group.remove(&email).unwrap_or_default())?,
        })
    };
    let items = rows.into_iter().map(group).collect::<Result<_, Fault>>()?;
    Ok(Page { items, next })
}

pub(super) async fn remove_group(database: &Database, email: &EmailAddress) -> Result<bool, StoreError> {
    let terms = Purpose::Record.with(News::Nothing);
    Ok(run!(database.write(terms), remove, email.clone())?)
}
