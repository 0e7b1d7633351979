//! `[mail]` and `[delivery]`: how mail leaves, how often it is tried, and how fast.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use recado_app::settings::{DeliverySettings, WayBack, WayOut as LeavesBy};
use recado_domain::channel::{BreakerPolicy, RateLimits};
use recado_domain::locale::Locale;
use recado_domain::retry::Schedule;

use super::fault::ConfigurationFault;
use super::section::Section;
use super::{MailSettings, WayOut, value};

type Read<T> = Result<T, ConfigurationFault>;

/// `[mail]` as read, before its parts go their ways.
pub(super) struct Mail {
    pub(super) settings: MailSettings,
    pub(super) locale: Locale,
    pub(super) time_zone: TimeZone,
    pub(super) connections: u16,
    pub(super) limits: RateLimits,
    /// Whether each mail has a return path of its own.
    pub(super) verp: bool,
}

pub(super) fn mail(mut section: Section) -> Read<Mail> {
    let transport = section.take("transport")?;
    let files =
        transport.map(|entry| entry.parse(|text| value::word(text, &[("smtp", false), ("file", true)])));
    let directory = section
        .take("directory")?
        .map(|entry| entry.parse(value::path))
        .transpose()?;
    let way_out = if files.transpose()?.unwrap_or(false) {
        WayOut::Files(directory.unwrap_or_else(|| PathBuf::from("var/mail")))
    } else {
        WayOut::Smtp
    };
    let time_zone = section.take("time_zone")?.map(|entry| {
        entry.parse(|text| {
            TimeZone::get(text)
                .map_err(|_| "needs a time zone of the IANA database, such as America/Sao_Paulo")
        })
    });
    let locale = section
        .take("locale")?
        .map(|entry| entry.parse(Locale::parse))
        .transpose()?;
    let ehlo_name = section
        .take("ehlo_name")?
        .map(|entry| entry.parse(value::host))
        .transpose()?;
    let tls_name = section
        .take("tls_name")?
        .map(|entry| entry.parse(value::host))
        .transpose()?;
    let ca_file = section
        .take("ca_file")?
        .map(|entry| entry.parse(value::path))
        .transpose()?;
    let connections = section
        .take("connections")?
        .map(|entry| entry.parse(value::small_count))
        .transpose()?;
    let per_minute = section
        .take("per_minute")?
        .map(|entry| entry.parse(value::count))
        .transpose()?;
    let per_day = section
        .take("per_day")?
        .map(|entry| entry.parse(value::count))
        .transpose()?;
    let verp = section
        .take("verp")?
        .map(|entry| entry.parse(value::switch))
        .transpose()?;
    section.finish()?;
    Ok(Mail {
        settings: MailSettings {
            way_out,
            ehlo_name,
            tls_name,
            ca_file,
        },
        locale: locale.unwrap_or_default(),
        time_zone: time_zone.transpose()?.unwrap_or(TimeZone::UTC),
        connections: connections.unwrap_or(2),
        limits: RateLimits { per_minute, per_day },
        verp: verp.unwrap_or(false),
    })
}

/// `[delivery]` as read, before its parts go their ways.
pub(super) struct Delivery {
    pub(super) settings: DeliverySettings,
    pub(super) hold: Duration,
    /// Of what is written on a page.
    pub(super) page_hold: Duration,
    pub(super) keep_messages: Duration,
    pub(super) workers: u16,
}

pub(super) fn delivery(mut section: Section, mail: &Mail, way_back: WayBack) -> Read<Delivery> {
    let defaults = DeliverySettings::default();
    let mut time = |key, read: fn(&str) -> Result<Duration, String>, default: Duration| {
        section.take(key)?.map_or(Ok(default), |entry| entry.parse(read))
    };
    let lease = time("lease", lease_time, defaults.lease)?;
    let shutdown = time("shutdown", value::duration, defaults.shutdown)?;
    let hold = time("hold", value::duration, Duration::ZERO)?;
    let page_hold = time("hold_pages", value::duration, PAGE_HOLD)?;
    let expire = time("expire", value::some_duration, defaults.expire)?;
    let keep_messages = time("keep_messages", value::some_duration, KEEP_MESSAGES)?;
    let breaker_max = time("breaker_max", value::some_duration, defaults.breaker.max)?;
    let workers = section
        .take("workers")?
        .map(|entry| entry.parse(value::small_count))
        .transpose()?;
    let batch = section
        .take("batch")?
        .map(|entry| entry.parse(value::small_count))
        .transpose()?;
    let schedule = match section.take_list("schedule")? {
        None => defaults.schedule,
        Some(entries) => {
            let delays: Vec<_> = entries
                .iter()
                .map(|entry| entry.parse(value::some_duration))
                .collect::<Result<_, _>>()?;
            Schedule::new(delays)
                .map_err(|error| ConfigurationFault::new("delivery.schedule", error.to_string()))?
        }
    };
    section.finish()?;
    let way_out = match mail.settings.way_out {
        WayOut::Smtp => LeavesBy::Smtp,
        WayOut::Files(_) => LeavesBy::Files,
    };
    let breaker = BreakerPolicy {
        max: breaker_max,
        ..defaults.breaker
    };
    let settings = DeliverySettings {
        way_out,
        batch: batch.unwrap_or(defaults.batch),
        lease,
        shutdown,
        expire,
        schedule,
        breaker,
        limits: mail.limits,
        blocked_after: defaults.blocked_after,
        way_back,
    };
    // A worker without a connection would have nothing to do.
    Ok(Delivery {
        settings,
        hold,
        page_hold,
        keep_messages,
        workers: workers.unwrap_or(mail.connections).min(mail.connections),
    })
}

/// How long the octets of a sent mail are kept.
const KEEP_MESSAGES: Duration = Duration::from_hours(30 * 24);

/// Time to think again about what was just written.
const PAGE_HOLD: Duration = Duration::from_secs(10);

/// Shorter than this, and a slow commit costs a worker its lease.
const SHORTEST_LEASE: Duration = Duration::from_millis(500);

fn lease_time(text: &str) -> Result<Duration, String> {
    match value::duration(text)? {
        lease if lease < SHORTEST_LEASE => Err("needs at least 500ms".to_owned()),
        lease => Ok(lease),
    }
}
