//! Which keys each section has, their defaults, and what rules hold between them.

use std::path::PathBuf;
use std::sync::Arc;

use recado_app::settings::{CommentLimits, MessagingSettings};
use recado_domain::person::{EmailAddress, Party, PersonName};
use secrecy::SecretString;
use url::Url;

use super::fault::ConfigurationFault;
use super::incoming::inbound;
use super::load::{Sections, Sources};
use super::outgoing::{delivery, mail};
use super::section::Section;
use super::{
    Configuration, DatabaseSettings, HttpSettings, Limits, LogFormat, LogSettings, parameters, value,
};

type Read<T> = Result<T, ConfigurationFault>;

const SECTIONS: [&str; 10] = [
    "database",
    "http",
    "security",
    "mail",
    "desk",
    "parameters",
    "delivery",
    "inbound",
    "limits",
    "log",
];

pub(super) fn read(sources: &Sources) -> Read<Configuration> {
    let mut sections = sources.sections()?;
    let database = database(sections.take("database")?)?;
    let http = http(sections.take("http")?)?;
    let secret_file = security(sections.take("security")?, &database)?;
    let mail = mail(sections.take("mail")?)?;
    let (desk, desk_name) = desk(sections.take("desk")?)?;
    let pins = pins(&mut sections, sources)?;
    let limits = limits(sections.take("limits")?)?;
    let inbound = inbound(sections.take("inbound")?, &mail, desk.as_ref(), &limits)?;
    let delivery = delivery(sections.take("delivery")?, &mail, inbound.way_back)?;
    let log = log(sections.take("log")?)?;
    sections.finish(&SECTIONS)?;
    let messaging = MessagingSettings {
        desk,
        desk_name,
        public_host: http
            .public_url
            .host_str()
            .expect("a public URL has a host")
            .to_owned(),
        public_url: http.public_url.as_str().trim_end_matches('/').to_owned(),
        locale: mail.locale,
        time_zone: mail.time_zone,
        hold: delivery.hold,
        page_hold: delivery.page_hold,
        way_out: delivery.settings.way_out,
        limits: limits.comment,
        way_back: inbound.way_back,
    };
    Ok(Configuration {
        database,
        http,
        secret_file,
        mail: mail.settings,
        inbound: inbound.settings,
        incoming: Arc::new(inbound.incoming),
        messaging: Arc::new(messaging),
        delivery: Arc::new(delivery.settings),
        keep_messages: delivery.keep_messages,
        workers: delivery.workers,
        pins,
        limits,
        log,
    })
}

fn database(mut section: Section) -> Read<DatabaseSettings> {
    let url = match section.take("url")? {
        None => "sqlite://var/recado.db".to_owned(),
        Some(url) => {
            let known = ["sqlite:", "postgres://", "postgresql://"];
            if !known.iter().any(|scheme| url.text().starts_with(scheme)) {
                // The text may hold a password.
                return Err(url.fault("needs sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE"));
            }
            url.text().to_owned()
        }
    };
    let ca_file = section
        .take("ca_file")?
        .map(|entry| entry.parse(value::path))
        .transpose()?;
    section.finish()?;
    Ok(DatabaseSettings {
        url: SecretString::from(url),
        ca_file,
    })
}

fn http(mut section: Section) -> Read<HttpSettings> {
    let listen = section
        .take("listen")?
        .map(|entry| entry.parse(value::listen))
        .transpose()?;
    let public_url = section
        .take("public_url")?
        .map(|entry| entry.parse(value::public_url))
        .transpose()?;
    section.finish()?;
    Ok(HttpSettings {
        listen: listen.unwrap_or_else(|| "127.0.0.1:8417".to_owned()),
        public_url: public_url
            .unwrap_or_else(|| Url::parse("http://127.0.0.1:8417").expect("the default is a URL")),
    })
}

fn security(mut section: Section, database: &DatabaseSettings) -> Read<PathBuf> {
    let file = section
        .take("secret_file")?
        .map(|entry| entry.parse(value::path))
        .transpose()?;
    section.finish()?;
    match file {
        Some(file) => Ok(file),
        None if database.is_shared() => {
            let message = "is needed with PostgreSQL: every daemon on the database needs the same secret; \
                           make one with: openssl rand -hex 32";
            Err(ConfigurationFault::new("security.secret_file", message))
        }
        None => Ok(PathBuf::from("var/secret")),
    }
}

fn desk(mut section: Section) -> Read<(Option<Party>, Option<String>)> {
    let address = section
        .take("address")?
        .map(|entry| entry.parse(EmailAddress::parse))
        .transpose()?;
    let name = section
        .take("name")?
        .map(|entry| entry.parse(PersonName::parse))
        .transpose()?;
    section.finish()?;
    let shown = name
        .as_ref()
        .map(|name| name.as_str().to_owned())
        .filter(|name| !name.is_empty());
    let empty = || PersonName::parse("").expect("a name may be empty");
    Ok((
        address.map(|email| Party {
            name: name.unwrap_or_else(empty),
            email,
        }),
        shown,
    ))
}

fn pins(sections: &mut Sections, sources: &Sources) -> Read<recado_domain::parameter::Parameters> {
    let mut section = sections.take("parameters")?;
    parameters::read(&mut section, sources)
}

fn limits(mut section: Section) -> Read<Limits> {
    let defaults = CommentLimits::default();
    let requests = section
        .take("requests_per_minute")?
        .map(|entry| entry.parse(value::count))
        .transpose()?;
    let mut size = |key, default| {
        section
            .take(key)?
            .map_or(Ok(default), |entry| entry.parse(value::size))
    };
    let body = size("body", 32 << 20)?;
    let mail = size("mail", 50 << 20)?;
    let comment = CommentLimits {
        text: size("text", defaults.text)?,
        attachment: size("attachment", defaults.attachment)?,
        attachments: size("attachments", defaults.attachments)?,
    };
    section.finish()?;
    Ok(Limits {
        requests_per_minute: requests,
        body,
        mail,
        comment,
    })
}

fn log(mut section: Section) -> Read<LogSettings> {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let format = section
        .take("format")?
        .map(|entry| entry.parse(|text| value::word(text, &formats)))
        .transpose()?;
    let level = section
        .take("level")?
        .map(|entry| entry.parse(level))
        .transpose()?;
    section.finish()?;
    Ok(LogSettings {
        format: format.unwrap_or(LogFormat::Text),
        level: level.unwrap_or_else(|| "info".to_owned()),
    })
}

fn level(text: &str) -> Result<String, String> {
    let wrong =
        || "needs error, warn, info, debug or trace, or directives such as info,recado_app=debug".to_owned();
    let is_word = |word: &str| word.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
    if text.is_empty()
        || !text
            .split(',')
            .all(|part| is_word(part.rsplit('=').next().unwrap_or(part).trim()))
    {
        return Err(wrong());
    }
    text.parse::<tracing_subscriber::filter::Targets>()
        .map_err(|_| wrong())?;
    Ok(text.to_owned())
}
