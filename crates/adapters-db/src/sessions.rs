//! Sessions of the pages, and the links that begin them.

use async_trait::async_trait;
use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::person::{Standing, User, UserId};
use recado_ports::sessions::{Link, NewLink, NewSession, OpenSession, RedeemError, SecretHash, Sessions};
use recado_ports::store::StoreError;
use uuid::Uuid;

use crate::column::{Key, micros, storable, timestamp};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::preferences::PreferenceRow;
use crate::rows::{UserRow, address, addresses, standing};
use crate::schema::{app_user, open_page, preference, session, sign_in_link};
use crate::wakeup::News;

#[derive(Debug, Insertable)]
#[diesel(table_name = session)]
struct NewSessionRow {
    id: Key,
    owner: Key,
    hash: String,
    device: String,
    opened_at: i64,
    idle_until: i64,
    ends_at: i64,
}

impl NewSessionRow {
    fn new(session: &NewSession) -> Self {
        Self {
            id: Key(session.id),
            owner: Key(session.user.0),
            hash: session.hash.0.clone(),
            device: storable(&session.device).into_owned(),
            opened_at: micros(session.opened_at),
            idle_until: micros(session.idle_until.min(session.ends_at)),
            ends_at: micros(session.ends_at),
        }
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sign_in_link)]
struct LinkRow {
    email: String,
    target: Option<String>,
}

impl LinkRow {
    fn try_into_port(self) -> Result<Link, Fault> {
        Ok(Link {
            email: address(&self.email)?,
            target: self.target,
        })
    }
}

/// An open session with all that [`OpenSession`] tells.
struct Found {
    id: Key,
    idle_until: i64,
    user: UserRow,
    preference: Option<PreferenceRow>,
    groups: Vec<String>,
}

impl Found {
    fn try_into_port(self) -> Result<OpenSession, Fault> {
        let preference = self.preference.map(PreferenceRow::try_into_domain).transpose()?;
        Ok(OpenSession {
            id: self.id.0,
            user: self.user.try_into_domain()?,
            groups: addresses(&self.groups)?,
            preference: preference.unwrap_or_default(),
            idle_until: timestamp(self.idle_until)?,
        })
    }
}

struct Redeem {
    hash: String,
    session: NewSessionRow,
    account: Option<(User, Option<String>)>,
}

queries! {
    pub(super) async fn add_link(connection: &mut Session, link: &NewLink) -> Result<(), Fault> {
        diesel::insert_into(sign_in_link::table)
            .values((
                sign_in_link::hash.eq(&link.hash.0),
                sign_in_link::email.eq(link.email.as_str()),
                sign_in_link::target.eq(&link.target),
                sign_in_link::expires_at.eq(micros(link.expires_at)),
            ))
            .execute(connection)
            .await?;
        Ok(())
    }

    pub(super) async fn find_link(
        connection: &mut Session,
        input: &(SecretHash, i64),
    ) -> Result<Option<LinkRow>, Fault> {
        let (hash, now) = input;
        let link = sign_in_link::table.find(&hash.0).filter(sign_in_link::expires_at.gt(now));
        Ok(link.select(LinkRow::as_select()).first(connection).await.optional()?)
    }

    /// `None`: the link was used, has expired, or never was. Whoever deletes its row uses it.
    pub(super) async fn redeem(connection: &mut Session, input: &Redeem) -> Result<Option<LinkRow>, Fault> {
        let link = sign_in_link::table.find(&input.hash);
        let link = diesel::delete(link.filter(sign_in_link::expires_at.gt(input.session.opened_at)))
            .returning(LinkRow::as_returning())
            .get_result::<LinkRow>(connection)
            .await
            .optional()?;
        let Some(link) = link else { return Ok(None) };
        if let Some(account) = &input.account {
            insert_user(connection, account).await?;
        }
        match open(connection, &input.session).await? {
            Some(email) if email == link.email => Ok(Some(link)),
            _ => Err(Fault::conflict(format!("the account of {}", link.email))),
        }
    }

    /// Gives the address of the account, which is active.
    pub(super) async fn open(connection: &mut Session, row: &NewSessionRow) -> Result<Option<String>, Fault> {
        // Writing the account holds it: whoever disables it finds the session, or has disabled it before.
        let owner = app_user::table.find(row.owner).filter(app_user::standing.eq(standing(Standing::Active)));
        let email = diesel::update(owner)
            .set(app_user::signed_in_at.eq(row.opened_at))
            .returning(app_user::email)
            .get_result::<String>(connection)
            .await
            .optional()?;
        if email.is_some() {
            diesel::insert_into(session::table).values(row).execute(connection).await?;
        }
        Ok(email)
    }

    pub(super) async fn find(
        connection: &mut Session,
        input: &(SecretHash, i64),
    ) -> Result<Option<Found>, Fault> {
        let (hash, now) = input;
        let found = session::table
            .inner_join(app_user::table.on(app_user::id.eq(session::owner)))
            .left_join(preference::table.on(preference::email.eq(app_user::email)))
            .filter(session::hash.eq(&hash.0))
            .filter(session::idle_until.gt(now))
            .filter(app_user::standing.eq(standing(Standing::Active)))
            .select((
                session::id,
                session::idle_until,
                UserRow::as_select(),
                Option::<PreferenceRow>::as_select(),
            ));
        let found: Option<(Key, i64, UserRow, Option<PreferenceRow>)> =
            found.first(connection).await.optional()?;
        let Some((id, idle_until, user, preference)) = found else { return Ok(None) };
        let groups = groups_of(connection, &user.email).await?;
        Ok(Some(Found { id, idle_until, user, preference, groups }))
    }

    pub(super) async fn prolong(connection: &mut Session, input: &(Key, i64)) -> Result<(), Fault> {
        let (id, until) = *input;
        let no_later_than_its_end =
            case_when(session::ends_at.lt(until), session::ends_at).otherwise(until.into_sql::<BigInt>());
        diesel::update(session::table.find(id).filter(session::idle_until.lt(until)))
            .set(session::idle_until.eq(no_later_than_its_end))
            .execute(connection)
            .await?;
        Ok(())
    }

    pub(super) async fn end(connection: &mut Session, id: &Key) -> Result<(), Fault> {
        diesel::delete(session::table.find(id)).execute(connection).await?;
        Ok(())
    }

    /// Ends an account's sessions but one, and spends its links; gives how many sessions.
    pub(crate) async fn end_sessions(
        connection: &mut Session,
        input: &(Key, Option<Key>),
    ) -> Result<usize, Fault> {
        let (owner, except) = *input;
        let email = app_user::table.find(owner).select(app_user::email);
        if let Some(email) = email.first::<String>(connection).await.optional()? {
            let links = sign_in_link::table.filter(sign_in_link::email.eq(email));
            diesel::delete(links).execute(connection).await?;
        }
        let sessions = session::table.filter(session::owner.eq(owner));
        let others = sessions.filter(session::id.ne(except.unwrap_or(Key(Uuid::nil()))));
        Ok(diesel::delete(others).execute(connection).await?)
    }

    pub(super) async fn forget_ended(connection: &mut Session, input: &(i64, i64)) -> Result<usize, Fault> {
        let (now, limit) = *input;
        let mut forgotten = 0;
        let ended = session::table.filter(session::idle_until.le(now));
        let ids = ended.order(session::idle_until).limit(limit).select(session::id);
        let ids: Vec<Key> = ids.load(connection).await?;
        if !ids.is_empty() {
            // A session that was prolonged meanwhile stays.
            let rows = ended.filter(session::id.eq_any(ids));
            forgotten += diesel::delete(rows).execute(connection).await?;
        }
        let expired = sign_in_link::table.filter(sign_in_link::expires_at.le(now));
        let hashes = expired.order(sign_in_link::expires_at).limit(limit).select(sign_in_link::hash);
        let hashes: Vec<String> = hashes.load(connection).await?;
        if !hashes.is_empty() {
            let rows = sign_in_link::table.filter(sign_in_link::hash.eq_any(hashes));
            forgotten += diesel::delete(rows).execute(connection).await?;
        }
        let closed = open_page::table.filter(open_page::until.le(now));
        let pages: Vec<Key> = closed.limit(limit).select(open_page::page).load(connection).await?;
        if !pages.is_empty() {
            let rows = closed.filter(open_page::page.eq_any(pages));
            forgotten += diesel::delete(rows).execute(connection).await?;
        }
        Ok(forgotten)
    }
}

#[async_trait]
impl Sessions for Database {
    async fn add_link(&self, link: &NewLink) -> Result<(), StoreError> {
        let terms = Purpose::Record.with(News::Nothing);
        Ok(run!(self.write(terms), add_link, link.clone())?)
    }

    async fn find_link(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<Link>, StoreError> {
        let row = run!(self.read(), find_link, (hash.clone(), micros(now)))?;
        Ok(row.map(LinkRow::try_into_port).transpose()?)
    }

    async fn redeem(
        &self,
        hash: &SecretHash,
        session: &NewSession,
        account: Option<User>,
    ) -> Result<Link, RedeemError> {
        let input = Redeem {
            hash: hash.0.clone(),
            session: NewSessionRow::new(session),
            account: account.map(|user| (user, None)),
        };
        let terms = Purpose::Record.with(News::Nothing);
        match run!(self.write(terms), redeem, input) {
            Ok(Some(link)) => Ok(link.try_into_port().map_err(StoreError::from)?),
            Ok(None) => Err(RedeemError::Spent),
            Err(fault) if fault.is_taken_key() => {
                Err(StoreError::from(Fault::conflict("the account of the link")).into())
            }
            Err(fault) => Err(StoreError::from(fault).into()),
        }
    }

    async fn open(&self, session: &NewSession) -> Result<(), StoreError> {
        let terms = Purpose::Record.with(News::Nothing);
        match run!(self.write(terms), open, NewSessionRow::new(session))? {
            Some(_) => Ok(()),
            None => Err(Fault::conflict("the account of the session").into()),
        }
    }

    async fn find(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<OpenSession>, StoreError> {
        let found = run!(self.read(), find, (hash.clone(), micros(now)))?;
        Ok(found.map(Found::try_into_port).transpose()?)
    }

    async fn prolong(&self, id: Uuid, idle_until: Timestamp) -> Result<(), StoreError> {
        let terms = Purpose::Track.with(News::Nothing);
        Ok(run!(self.write(terms), prolong, (Key(id), micros(idle_until)))?)
    }

    async fn end(&self, id: Uuid) -> Result<(), StoreError> {
        let terms = Purpose::Record.with(News::Nothing);
        Ok(run!(self.write(terms), end, Key(id))?)
    }

    async fn end_all(&self, user: UserId, except: Option<Uuid>) -> Result<u64, StoreError> {
        let terms = Purpose::Record.with(News::Nothing);
        let input = (Key(user.0), except.map(Key));
        Ok(run!(self.write(terms), end_sessions, input)? as u64)
    }

    async fn forget_ended(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let terms = Purpose::Track.with(News::Nothing);
        let input = (micros(now), i64::from(limit));
        Ok(run!(self.write(terms), forget_ended, input)? as u64)
    }
}
