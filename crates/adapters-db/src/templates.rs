//! Templates by number.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::locale::Locale;
use recado_domain::template::{Situation, StoredTemplate, TemplateId, TemplateVersion};
use recado_ports::store::StoreError;
use recado_ports::templates::{Templates, Written};

use crate::column::{corrupt, micros, timestamp, word};
use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::schema::template;
use crate::wakeup::News;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = template)]
pub(crate) struct TemplateRow {
    id: i64,
    version: i64,
    name: String,
    subject: String,
    html: String,
    text: Option<String>,
    situation: String,
    locale: Option<String>,
    updated_at: i64,
}

impl TemplateRow {
    pub(crate) fn try_into_domain(self) -> Result<StoredTemplate, Fault> {
        let locale = self.locale.map(|text| Locale::parse(&text)).transpose();
        Ok(StoredTemplate {
            id: TemplateId::new(self.id).map_err(|source| corrupt("a template's number", source))?,
            version: TemplateVersion(self.version),
            name: self.name,
            subject: self.subject,
            html: self.html,
            text: self.text,
            situation: word("a template's situation", &self.situation, parse_situation)?,
            locale: locale.map_err(|source| corrupt("a template's locale", source))?,
            updated_at: timestamp(self.updated_at)?,
        })
    }
}

fn situation(situation: Situation) -> &'static str {
    match situation {
        Situation::Active => "active",
        Situation::Inactive => "inactive",
    }
}

fn parse_situation(text: &str) -> Option<Situation> {
    [Situation::Active, Situation::Inactive]
        .into_iter()
        .find(|known| situation(*known) == text)
}

queries! {
    pub(super) async fn put(connection: &mut Session, new: &StoredTemplate) -> Result<Written, Fault> {
        let columns = (
            template::name.eq(&new.name),
            template::subject.eq(&new.subject),
            template::html.eq(&new.html),
            template::text.eq(&new.text),
            template::situation.eq(situation(new.situation)),
            template::locale.eq(new.locale.map(Locale::as_str)),
            template::updated_at.eq(micros(new.updated_at)),
        );
        let version: i64 = diesel::insert_into(template::table)
            .values((template::id.eq(new.id.get()), template::version.eq(1), columns))
            .on_conflict(template::id)
            .do_update()
            .set((template::version.eq(template::version + 1), columns))
            .returning(template::version)
            .get_result(connection)
            .await?;
        Ok(if version == 1 { Written::Created } else { Written::Replaced })
    }

    pub(super) async fn find(connection: &mut Session, id: &i64) -> Result<Option<TemplateRow>, Fault> {
        let row = template::table.find(id).select(TemplateRow::as_select());
        Ok(row.first(connection).await.optional()?)
    }

    pub(super) async fn list(connection: &mut Session, _input: &()) -> Result<Vec<TemplateRow>, Fault> {
        Ok(template::table.order(template::id).select(TemplateRow::as_select()).load(connection).await?)
    }
}

#[async_trait]
impl Templates for Database {
    async fn put(&self, template: &StoredTemplate) -> Result<Written, StoreError> {
        Ok(run!(
            self.write(Purpose::Record.with(News::Nothing)),
            put,
            template.clone()
        )?)
    }

    async fn find(&self, id: TemplateId) -> Result<Option<StoredTemplate>, StoreError> {
        Ok(run!(self.read(), find, id.get())?
            .map(TemplateRow::try_into_domain)
            .transpose()?)
    }

    async fn list(&self) -> Result<Vec<StoredTemplate>, StoreError> {
        let rows = run!(self.read(), list, ())?;
        Ok(rows
            .into_iter()
            .map(TemplateRow::try_into_domain)
            .collect::<Result<_, _>>()?)
    }
}
