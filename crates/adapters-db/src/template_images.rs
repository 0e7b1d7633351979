//! Pictures of templates.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::template::TemplateId;
use recado_ports::store::StoreError;
use recado_ports::templates::{TemplateImage, TemplateImages};

use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::schema::template_image;
use crate::wakeup::News;

queries! {
    pub(super) async fn list(
        connection: &mut Session,
        template: &i64,
    ) -> Result<Vec<(String, String, Vec<u8>)>, Fault> {
        let images = template_image::table.filter(template_image::template.eq(template));
        let columns = (template_image::name, template_image::content_type, template_image::content);
        Ok(images.select(columns).load(connection).await?)
    }

    pub(super) async fn put(connection: &mut Session, input: &(i64, TemplateImage)) -> Result<(), Fault> {
        let (template, image) = input;
        let content = (
            template_image::content_type.eq(&image.content_type),
            template_image::content.eq(&image.content),
        );
        diesel::insert_into(template_image::table)
            .values((template_image::template.eq(template), template_image::name.eq(&image.name), content))
            .on_conflict((template_image::template, template_image::name))
            .do_update()
            .set(content)
            .execute(connection)
            .await?;
        Ok(())
    }

    pub(super) async fn remove(connection: &mut Session, input: &(i64, String)) -> Result<bool, Fault> {
        let (template, name) = input;
        let image = template_image::table.find((template, name));
        Ok(diesel::delete(image).execute(connection).await? > 0)
    }
}

#[async_trait]
impl TemplateImages for Database {
    async fn images(&self, template: TemplateId) -> Result<Vec<TemplateImage>, StoreError> {
        let images = run!(self.read(), list, template.get())?;
        let mut images: Vec<_> = images
            .into_iter()
            .map(|(name, content_type, content)| TemplateImage {
                name,
                content_type,
                content,
            })
            .collect();
        // Here, because PostgreSQL would sort as its locale has it.
        images.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(images)
    }

    async fn put_image(&self, template: TemplateId, image: &TemplateImage) -> Result<(), StoreError> {
        let terms = Purpose::Record.with(News::Nothing);
        Ok(run!(self.write(terms), put, (template.get(), image.clone()))?)
    }

    async fn remove_image(&self, template: TemplateId, name: &str) -> Result<bool, StoreError> {
        let terms = Purpose::Record.with(News::Nothing);
        Ok(run!(
            self.write(terms),
            remove,
            (template.get(), name.to_owned())
        )?)
    }
}
