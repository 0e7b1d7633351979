//! What people chose for themselves, and which pages they have open.

use std::collections::BTreeSet;

use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use recado_domain::locale::Locale;
use recado_domain::person::EmailAddress;
use recado_domain::preference::{Muting, Preference, TimeZoneName, WhileOpen};
use recado_domain::ticket::TicketId;
use recado_ports::preferences::{Preferences, Unwilling};
use recado_ports::store::StoreError;
use uuid::Uuid;

use crate::column::{Key, micros, word};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::rows::addresses;
use crate::schema::{muted_ticket, open_page, preference};
use crate::wakeup::News;

/// How [`WhileOpen::Quiet`] is stored.
pub(crate) const QUIET: &str = "quiet";

/// A person's stored choices.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = preference)]
pub(crate) struct PreferenceRow {
    language: Option<String>,
    time_zone: Option<String>,
    while_open: String,
}

impl PreferenceRow {
    /// A language or zone that is not known here any more counts as unset: it must keep nobody from signing in.
    pub(crate) fn try_into_domain(self) -> Result<Preference, Fault> {
        Ok(Preference {
            language: self.language.and_then(|text| Locale::parse(&text).ok()),
            time_zone: self.time_zone.and_then(|text| TimeZoneName::parse(&text).ok()),
            while_open: word(
                "what somebody wants while a page is open",
                &self.while_open,
                |text| {
                    [WhileOpen::Mail, WhileOpen::Quiet]
                        .into_iter()
                        .find(|known| while_open(*known) == text)
                },
            )?,
        })
    }
}

/// Choices to store. An absent value is written as NULL.
#[derive(Debug, Insertable, AsChangeset)]
#[diesel(table_name = preference)]
#[diesel(treat_none_as_null = true)]
struct NewPreferenceRow {
    email: String,
    language: Option<String>,
    time_zone: Option<String>,
    while_open: &'static str,
}

fn while_open(choice: WhileOpen) -> &'static str {
    match choice {
        WhileOpen::Mail => "mail",
        WhileOpen::Quiet => QUIET,
    }
}

/// A page that somebody has open.
#[derive(Debug, Insertable)]
#[diesel(table_name = open_page)]
struct OpenPageRow {
    page: Key,
    ticket: Key,
    email: String,
    until: i64,
}

struct Asked {
    ticket: Key,
    among: Vec<EmailAddress>,
    now: i64,
}

queries! {
    pub(super) async fn find(
        connection: &mut Session,
        email: &EmailAddress,
    ) -> Result<Option<PreferenceRow>, Fault> {
        let row = preference::table.find(email.as_str()).select(PreferenceRow::as_select());
        Ok(row.first(connection).await.optional()?)
    }

    pub(super) async fn put(connection: &mut Session, row: &NewPreferenceRow) -> Result<(), Fault> {
        diesel::insert_into(preference::table)
            .values(row)
            .on_conflict(preference::email)
            .do_update()
            .set(row)
            .execute(connection)
            .await?;
        Ok(())
    }

    pub(super) async fn is_muted(connection: &mut Session, key: &(Key, EmailAddress)) -> Result<bool, Fault> {
        let row = muted_ticket::table.find((key.0, key.1.as_str()));
        Ok(diesel::select(exists(row)).get_result(connection).await?)
    }

    pub(super) async fn mute(connection: &mut Session, key: &(Key, EmailAddress)) -> Result<(), Fault> {
        let rows = [(muted_ticket::ticket.eq(key.0), muted_ticket::email.eq(key.1.as_str()))];
        insert_new!(connection, muted_ticket::table, &rows);
        Ok(())
    }

    pub(super) async fn unmute(connection: &mut Session, key: &(Key, EmailAddress)) -> Result<(), Fault> {
        diesel::delete(muted_ticket::table.find((key.0, key.1.as_str()))).execute(connection).await?;
        Ok(())
    }

    pub(super) async fn unwilling(
        connection: &mut Session,
        input: &Asked,
    ) -> Result<(BTreeSet<String>, BTreeSet<String>), Fault> {
        let among = || input.among.iter().map(EmailAddress::as_str);
        let muted = muted_ticket::table
            .filter(muted_ticket::ticket.eq(input.ticket))
            .filter(muted_ticket::email.eq_any(among()))
            .select(muted_ticket::email);
        let looking = open_page::table
            .inner_join(preference::table.on(preference::email.eq(open_page::email)))
            .filter(open_page::ticket.eq(input.ticket))
            .filter(open_page::email.eq_any(among()))
            .filter(open_page::until.gt(input.now))
            .filter(preference::while_open.eq(QUIET))
            .select(open_page::email);
        let muted: Vec<String> = muted.load(connection).await?;
        let looking: Vec<String> = looking.load(connection).await?;
        Ok((muted.into_iter().collect(), looking.into_iter().collect()))
    }

    pub(super) async fn show_page(connection: &mut Session, row: &OpenPageRow) -> Result<(), Fault> {
        use diesel::query_dsl::methods::FilterDsl as _;
        use open_page::{email, page, table, ticket, until};
        diesel::insert_into(table)
            .values(row)
            .on_conflict(page)
            .do_update()
            .set((ticket.eq(excluded(ticket)), email.eq(excluded(email)), until.eq(excluded(until))))
            .filter(until.lt(excluded(until)))
            .execute(connection)
            .await?;
        Ok(())
    }

    pub(super) async fn close_page(connection: &mut Session, page: &Key) -> Result<(), Fault> {
        diesel::delete(open_page::table.find(page)).execute(connection).await?;
        Ok(())
    }
}

#[async_trait]
impl Preferences for Database {
    async fn find(&self, email: &EmailAddress) -> Result<Preference, StoreError> {
        let row = run!(self.read(), find, email.clone())?;
        let chosen = row.map(PreferenceRow::try_into_domain).transpose()?;
        Ok(chosen.unwrap_or_default())
    }

    async fn put(&self, email: &EmailAddress, preference: &Preference) -> Result<(), StoreError> {
        let row = NewPreferenceRow {
            email: email.as_str().to_owned(),
            language: preference.language.map(|locale| locale.as_str().to_owned()),
            time_zone: preference.time_zone.as_ref().map(|zone| zone.as_str().to_owned()),
            while_open: while_open(preference.while_open),
        };
        Ok(run!(self.write(Purpose::Record.with(News::Nothing)), put, row)?)
    }

    async fn muting(&self, email: &EmailAddress, ticket: TicketId) -> Result<Muting, StoreError> {
        let key = (Key(ticket.0), email.clone());
        let is_muted = run!(self.read(), is_muted, key)?;
        Ok(if is_muted { Muting::Muted } else { Muting::Heard })
    }

    async fn mute(&self, email: &EmailAddress, ticket: TicketId, muting: Muting) -> Result<(), StoreError> {
        let terms = Purpose::Record.with(News::Nothing);
        let key = (Key(ticket.0), email.clone());
        let written = match muting {
            Muting::Muted => run!(self.write(terms), mute, key),
            Muting::Heard => run!(self.write(terms), unmute, key),
        };
        match written {
            Err(fault) if fault.is_missing_reference() => Err(Fault::conflict("the ticket to mute").into()),
            written => Ok(written?),
        }
    }

    async fn unwilling(
        &self,
        ticket: TicketId,
        among: &[EmailAddress],
        now: Timestamp,
    ) -> Result<Unwilling, StoreError> {
        let input = Asked {
            ticket: Key(ticket.0),
            among: among.to_vec(),
            now: micros(now),
        };
        let (muted, looking) = run!(self.read(), unwilling, input)?;
        Ok(Unwilling {
            muted: addresses(muted.iter())?,
            looking: addresses(looking.iter())?,
        })
    }

    async fn show_page(
        &self,
        page: Uuid,
        email: &EmailAddress,
        ticket: TicketId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let row = OpenPageRow {
            page: Key(page),
            ticket: Key(ticket.0),
            email: email.as_str().to_owned(),
            until: micros(until),
        };
        Ok(run!(
            self.write(Purpose::Track.with(News::Nothing)),
            show_page,
            row
        )?)
    }

    async fn close_page(&self, page: Uuid) -> Result<(), StoreError> {
        let terms = Purpose::Track.with(News::Nothing);
        Ok(run!(self.write(terms), close_page, Key(page))?)
    }
}
