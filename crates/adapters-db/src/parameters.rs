//! Parameters: pinned values over stored ones over defaults.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use recado_domain::channel::AccountId;
use recado_domain::parameter::Parameter;
use recado_ports::parameters::{ParameterSnapshot, Parameters};
use recado_ports::store::StoreError;

use crate::database::Database;
use crate::fault::Fault;
use crate::operation::{Purpose, queries, run};
use crate::schema::{channel, parameter};
use crate::wakeup::News;

queries! {
    pub(super) async fn set(connection: &mut Session, input: &(Parameter, Option<String>)) -> Result<(), Fault> {
        let (wanted, value) = input;
        let number = i64::from(wanted.number());
        match value {
            Some(value) => {
                diesel::insert_into(parameter::table)
                    .values((parameter::number.eq(number), parameter::value.eq(value)))
                    .on_conflict(parameter::number)
                    .do_update()
                    .set(parameter::value.eq(value))
                    .execute(connection)
                    .await?;
            }
            None => {
                diesel::delete(parameter::table.find(number)).execute(connection).await?;
            }
        }
        if wanted.belongs_to_outgoing_account() {
            let row = channel::table.find(i64::from(AccountId::DEFAULT.0));
            diesel::update(row).set(channel::nudges.eq(channel::nudges + 1)).execute(connection).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Parameters for Database {
    async fn snapshot(&self) -> Result<ParameterSnapshot, StoreError> {
        let settings = self.settings().await?;
        Ok((*settings.parameters).clone())
    }

    async fn set(&self, parameter: Parameter, value: Option<String>) -> Result<(), StoreError> {
        Ok(run!(
            self.write(Purpose::Record.with(News::Both)),
            set,
            (parameter, value)
        )?)
    }
}
