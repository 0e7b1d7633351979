//! Accounts, tokens and groups.

pub(crate) mod owner;

use std::collections::BTreeSet;

use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::person::{EmailAddress, Group, Role, User};
use recado_ports::people::{AddUserError, NewToken, People, TokenHash, TokenOwner};
use recado_ports::store::StoreError;
use recado_ports::templates::Written;

use crate::column::{Key, micros};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::rows::{NewUserRow, UserRow, addresses, party};
use crate::schema::{app_user, group_member, ticket, ticket_watcher, token, user_group};
use crate::wakeup::News;

#[derive(Debug, Insertable)]
#[diesel(table_name = group_member)]
struct MemberRow<'a> {
    group_email: &'a str,
    position: i64,
    email: &'a str,
}

queries! {
    pub(crate) async fn add_user(connection: &mut Session, input: &(User, Option<String>)) -> Result<(), Fault> {
        let (user, password_hash) = input;
        let row = NewUserRow::new(user, password_hash.as_deref());
        diesel::insert_into(app_user::table).values(row).execute(connection).await?;
        Ok(())
    }

    pub(super) async fn find_user(
        connection: &mut Session,
        email: &EmailAddress,
    ) -> Result<Option<UserRow>, Fault> {
        let row = app_user::table.filter(app_user::email.eq(email.as_str())).select(UserRow::as_select());
        Ok(row.first(connection).await.optional()?)
    }

    #[expect(clippy::ptr_arg, reason = "an operation borrows what its caller gave")]
    pub(super) async fn technicians(
        connection: &mut Session,
        among: &Vec<EmailAddress>,
    ) -> Result<Vec<String>, Fault> {
        let technicians = app_user::table
            .filter(app_user::email.eq_any(among.iter().map(EmailAddress::as_str)))
            .filter(app_user::role.eq(Role::Technician.as_str()));
        Ok(technicians.select(app_user::email).load(connection).await?)
    }

    pub(super) async fn add_token(connection: &mut Session, new: &NewToken) -> Result<(), Fault> {
        diesel::insert_into(token::table)
            .values((
                token::id.eq(Key(new.id)),
                token::owner.eq(Key(new.user.0)),
                token::label.eq(&new.label),
                token::hash.eq(&new.hash.0),
                token::created_at.eq(micros(new.created_at)),
            ))
            .execute(connection)
            .await?;
        Ok(())
    }

    pub(crate) async fn groups_of(connection: &mut Session, email: &String) -> Result<Vec<String>, Fault> {
        let groups = group_member::table.filter(group_member::email.eq(email));
        let groups = groups.select(group_member::group_email).distinct().order(group_member::group_email);
        Ok(groups.load(connection).await?)
    }

    /// Asked table by table, each by its index, the likeliest first.
    pub(super) async fn is_known(connection: &mut Session, email: &EmailAddress) -> Result<bool, Fault> {
        let email = email.as_str();
        let account = app_user::table.filter(app_user::email.eq(email));
        let requester = ticket::table.filter(ticket::requester_email.eq(email));
        let watcher = ticket_watcher::table.filter(ticket_watcher::email.eq(email));
        let responsible = ticket::table.filter(ticket::responsible_email.eq(email));
        let member = group_member::table.filter(group_member::email.eq(email));
        let group = user_group::table.find(email);
        let ticket_group = ticket::table.filter(ticket::group_email.eq(email));
        Ok(diesel::select(exists(account)).get_result(connection).await?
            || diesel::select(exists(requester)).get_result(connection).await?
            || diesel::select(exists(watcher)).get_result(connection).await?
            || diesel::select(exists(responsible)).get_result(connection).await?
            || diesel::select(exists(member)).get_result(connection).await?
            || diesel::select(exists(group)).get_result(connection).await?
            || diesel::select(exists(ticket_group)).get_result(connection).await?)
    }

    pub(super) async fn put_group(connection: &mut Session, group: &Group) -> Result<Written, Fault> {
        let (email, name) = (group.party.email.as_str(), group.party.name.as_str());
        let new = diesel::insert_into(user_group::table)
            .values((user_group::email.eq(email), user_group::name.eq(name)))
            .on_conflict(user_group::email)
            .do_nothing()
            .execute(connection)
            .await?;
        // Writing the row holds it: two writes of a group come one after the other.
        let row = user_group::table.find(email);
        diesel::update(row).set(user_group::name.eq(name)).execute(connection).await?;
        let members = group_member::table.filter(group_member::group_email.eq(email));
        diesel::delete(members).execute(connection).await?;
        let members: Vec<_> = (0..)
            .zip(&group.members)
            .map(|(position, member)| MemberRow { group_email: email, position, email: member.as_str() })
            .collect();
        insert_new!(connection, group_member::table, &members);
        Ok(if new > 0 { Written::Created } else { Written::Replaced })
    }

    pub(super) async fn find_group(
        connection: &mut Session,
        email: &EmailAddress,
    ) -> Result<Option<(String, Vec<String>)>, Fault> {
        let name = user_group::table.find(email.as_str()).select(user_group::name);
        let Some(name) = name.first(connection).await.optional()? else { return Ok(None) };
        let members = group_member::table
            .filter(group_member::group_email.eq(email.as_str()))
            .order(group_member::position)
            .select(group_member::email);
        Ok(Some((name, members.load(connection).await?)))
    }
}

#[async_trait]
impl People for Database {
    async fn add_user(&self, user: &User, password_hash: Option<String>) -> Result<(), AddUserError> {
        let terms = Purpose::Record.with(News::Nothing);
        match run!(self.write(terms), add_user, (user.clone(), password_hash)) {
            Ok(()) => Ok(()),
            Err(fault) if fault.is_taken_key() => Err(AddUserError::Exists(user.party.email.clone())),
            Err(fault) => Err(StoreError::from(fault).into()),
        }
    }

    async fn find_user(&self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        let row = run!(self.read(), find_user, email.clone())?;
        Ok(row.map(UserRow::try_into_domain).transpose()?)
    }

    async fn technicians(&self, among: &[EmailAddress]) -> Result<BTreeSet<EmailAddress>, StoreError> {
        let found = run!(self.read(), technicians, among.to_vec())?;
        Ok(addresses(&found)?.into_iter().collect())
    }

    async fn add_token(&self, token: &NewToken) -> Result<(), StoreError> {
        Ok(run!(
            self.write(Purpose::Record.with(News::Nothing)),
            add_token,
            token.clone()
        )?)
    }

    async fn find_token(&self, hash: &TokenHash) -> Result<Option<TokenOwner>, StoreError> {
        Ok(self.owners.answer(hash.clone()).await?)
    }

    async fn put_group(&self, group: &Group) -> Result<Written, StoreError> {
        Ok(run!(
            self.write(Purpose::Record.with(News::Nothing)),
            put_group,
            group.clone()
        )?)
    }

    async fn find_group(&self, email: &EmailAddress) -> Result<Option<Group>, StoreError> {
        let Some((name, members)) = run!(self.read(), find_group, email.clone())? else {
            return Ok(None);
        };
        Ok(Some(Group {
            party: party(&name, email.as_str())?,
            members: addresses(&members)?,
        }))
    }

    async fn groups_of(&self, email: &EmailAddress) -> Result<Vec<EmailAddress>, StoreError> {
        let groups = run!(self.read(), groups_of, email.as_str().to_owned())?;
        Ok(addresses(&groups)?)
    }

    async fn is_known(&self, email: &EmailAddress) -> Result<bool, StoreError> {
        Ok(run!(self.read(), is_known, email.clone())?)
    }
}
