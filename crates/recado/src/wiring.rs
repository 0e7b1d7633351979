//! Puts adapters behind ports and ports into use cases. The only place that names every adapter.

use std::collections::BTreeMap;
use std::sync::Arc;

use recado_adapters_db::{Database, OpenError, Options};
use recado_adapters_inbound::imap::{MailboxReader, MailboxSettings, MailboxTimeouts, MailboxTrial, Trust};
use recado_adapters_inbound::intake::Intake;
use recado_adapters_inbound::parse::MailReader;
use recado_adapters_smtp::{FileTransport, MailComposer, SmtpSettings, SmtpTransport, Timeouts};
use recado_adapters_template::TeraRenderer;
use recado_app::add_user::AddUser;
use recado_app::authenticate::Authenticate;
use recado_app::create_token::CreateToken;
use recado_app::diagnose::Diagnose;
use recado_app::manage_people::ManagePeople;
use recado_app::preview_template::PreviewTemplate;
use recado_app::put_template::PutTemplate;
use recado_app::put_ticket::PutTicket;
use recado_app::read_comments::ReadComments;
use recado_app::read_deliveries::ReadDeliveries;
use recado_app::read_mails::ReadMails;
use recado_app::read_parameters::ReadParameters;
use recado_app::read_templates::ReadTemplates;
use recado_app::receive_mail::ReceiveMail;
use recado_app::set_parameter::SetParameter;
use recado_app::steer_channel::SteerChannel;
use recado_app::steer_delivery::SteerDelivery;
use recado_app::trail::Trail;
use recado_domain::parameter::Parameter;
use recado_domain::token::Keyring;
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use recado_ports::mail::{Composer, Transport};
use recado_ports::renderer::Renderer;

use crate::clock::SystemClock;
use crate::config::{Configuration, ConfigurationFault, WayOut};
use crate::ids::SystemIds;

/// The adapters of one process, ready for use cases.
pub(crate) struct House {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) database: Arc<Database>,
    pub(crate) renderer: Arc<dyn Renderer>,
    pub(crate) composer: Arc<dyn Composer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
}

impl House {
    /// Opens the database, creating and migrating it where that is needed, and sets the rest up.
    pub(crate) async fn open(configuration: Arc<Configuration>) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let options = Options {
            // Each worker, and as many requests beside them; of a SQLite file's readers there may be fewer.
            connections: usize::from(configuration.workers) + 8,
            trusted_certificates: configuration.database.ca_file.clone(),
            pinned: pinned(&configuration),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        };
        let database = Database::open(configuration.database.url(), options)
            .await
            .map_err(open_fault)?;
        Ok(Self {
            configuration,
            database: Arc::new(database),
            renderer: Arc::new(TeraRenderer::default()),
            composer: Arc::new(MailComposer),
            clock,
            ids,
        })
    }

    /// What carries the mail.
    pub(crate) fn transport(&self) -> anyhow::Result<Arc<dyn Transport>> {
        let mail = &self.configuration.mail;
        Ok(match &mail.way_out {
            WayOut::Files(directory) => Arc::new(FileTransport::new(directory)),
            WayOut::Smtp => {
                let settings = SmtpSettings {
                    ehlo_name: mail.ehlo_name.clone(),
                    tls_name: mail.tls_name.clone(),
                    ca_file: mail.ca_file.clone(),
                    timeouts: Timeouts::default(),
                };
                let transport = SmtpTransport::new(settings).map_err(|error| {
                    ConfigurationFault::new("mail.ca_file", "cannot be used").because(error)
                })?;
                Arc::new(transport)
            }
        })
    }

    /// Tells who did what.
    pub(crate) fn trail(&self) -> Trail {
        Trail {
            audit: self.database.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        }
    }

    pub(crate) fn add_user(&self) -> AddUser {
        AddUser {
            people: self.database.clone(),
            ids: self.ids.clone(),
            trail: self.trail(),
        }
    }

    pub(crate) fn manage_people(&self) -> ManagePeople {
        ManagePeople {
            accounts: self.database.clone(),
            people: self.database.clone(),
            sessions: self.database.clone(),
            ids: self.ids.clone(),
            trail: self.trail(),
        }
    }

    pub(crate) fn create_token(&self) -> CreateToken {
        CreateToken {
            people: self.database.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            trail: self.trail(),
        }
    }

    pub(crate) fn authenticate(&self) -> Authenticate {
        Authenticate {
            people: self.database.clone(),
            sessions: self.database.clone(),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn put_ticket(&self) -> PutTicket {
        PutTicket {
            tickets: self.database.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            desk: self.configuration.messaging.desk.clone(),
        }
    }

    pub(crate) fn read_parameters(&self) -> ReadParameters {
        ReadParameters {
            parameters: self.database.clone(),
        }
    }

    pub(crate) fn set_parameter(&self) -> SetParameter {
        SetParameter {
            parameters: self.database.clone(),
            templates: self.database.clone(),
            trail: self.trail(),
        }
    }

    pub(crate) fn read_templates(&self) -> ReadTemplates {
        ReadTemplates {
            templates: self.database.clone(),
        }
    }

    pub(crate) fn put_template(&self) -> PutTemplate {
        PutTemplate {
            templates: self.database.clone(),
            images: self.database.clone(),
            clock: self.clock.clone(),
            trail: self.trail(),
        }
    }

    pub(crate) fn preview_template(&self) -> PreviewTemplate {
        PreviewTemplate {
            templates: self.database.clone(),
            tickets: self.database.clone(),
            renderer: self.renderer.clone(),
            clock: self.clock.clone(),
            settings: self.configuration.messaging.clone(),
        }
    }

    pub(crate) fn read_comments(&self) -> ReadComments {
        ReadComments {
            tickets: self.database.clone(),
            comments: self.database.clone(),
        }
    }

    pub(crate) fn read_deliveries(&self) -> ReadDeliveries {
        ReadDeliveries {
            outbox: self.database.clone(),
            tickets: self.database.clone(),
            parameters: self.database.clone(),
            channels: self.database.clone(),
            trail: self.trail(),
        }
    }

    pub(crate) fn steer_delivery(&self) -> SteerDelivery {
        SteerDelivery {
            outbox: self.database.clone(),
            clock: self.clock.clone(),
            trail: self.trail(),
        }
    }

    /// Takes mail in; every way in shares it.
    pub(crate) fn receive_mail(&self, keyring: &Arc<Keyring>) -> Arc<ReceiveMail> {
        let database = || self.database.clone();
        Arc::new(ReceiveMail {
            ledger: database(),
            reader: Arc::new(MailReader),
            tickets: database(),
            people: database(),
            comments: database(),
            suppressions: database(),
            outbox: database(),
            parameters: database(),
            images: database(),
            renderer: self.renderer.clone(),
            composer: self.composer.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            keyring: keyring.clone(),
            messaging: self.configuration.messaging.clone(),
            settings: self.configuration.incoming.clone(),
        })
    }

    /// Reads the mailbox that the parameters describe into `receive`.
    pub(crate) fn mailbox_reader(&self, receive: Arc<dyn Intake>) -> anyhow::Result<MailboxReader> {
        let (settings, tls) = self.mailbox()?;
        Ok(MailboxReader {
            receive,
            ledger: self.database.clone(),
            parameters: self.database.clone(),
            events: self.database.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            settings,
            tls,
        })
    }

    /// Tries the mailbox that the parameters describe.
    pub(crate) fn mailbox_check(&self) -> anyhow::Result<MailboxTrial> {
        let (settings, tls) = self.mailbox()?;
        Ok(MailboxTrial { settings, tls })
    }

    fn mailbox(&self) -> anyhow::Result<(MailboxSettings, Trust)> {
        let inbound = &self.configuration.inbound;
        let settings = MailboxSettings {
            poll: inbound.poll,
            tls_name: inbound.tls_name.clone(),
            ca_file: inbound.ca_file.clone(),
            largest_mail: self.configuration.incoming.largest_mail,
            timeouts: MailboxTimeouts::default(),
        };
        let tls = MailboxReader::trust(&settings)
            .map_err(|error| ConfigurationFault::new("inbound.ca_file", "cannot be used").because(error))?;
        Ok((settings, tls))
    }

    pub(crate) fn read_mails(&self) -> ReadMails {
        ReadMails {
            ledger: self.database.clone(),
            tickets: self.database.clone(),
            outbox: self.database.clone(),
            trail: self.trail(),
        }
    }

    pub(crate) fn diagnose(&self, transport: Arc<dyn Transport>) -> Diagnose {
        Diagnose {
            parameters: self.database.clone(),
            templates: self.database.clone(),
            channels: self.database.clone(),
            outbox: self.database.clone(),
            transport,
            way_out: self.configuration.delivery.way_out,
        }
    }

    pub(crate) fn steer_channel(&self) -> SteerChannel {
        SteerChannel {
            channels: self.database.clone(),
            trail: self.trail(),
        }
    }
}

fn pinned(configuration: &Configuration) -> BTreeMap<Parameter, String> {
    let value = |parameter: &Parameter| configuration.pins.set_value(*parameter).map(ToOwned::to_owned);
    Parameter::ALL
        .iter()
        .filter_map(|parameter| Some((*parameter, value(parameter)?)))
        .collect()
}

/// A wrong URL is the configuration's fault; a database that does not answer is not.
fn open_fault(error: OpenError) -> anyhow::Error {
    match error {
        OpenError::Url(error) => ConfigurationFault::new("database.url", "cannot be used")
            .because(error)
            .into(),
        OpenError::Tls(error) => ConfigurationFault::new(
            "database.ca_file",
            "gives no authorities to verify the server with",
        )
        .because(error)
        .into(),
        error => anyhow::Error::from(error).context("the database of database.url cannot be opened"),
    }
}
