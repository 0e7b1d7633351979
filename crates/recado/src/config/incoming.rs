//! `[inbound]`: the ways in, whose word about a sender counts, and what mail may do.

use std::time::Duration;

use recado_app::settings::{IncomingSettings, WayBack};
use recado_domain::incoming::{AuthenticationTrust, OpenTickets, Policy};
use recado_domain::ledger::Via;
use recado_domain::person::{EmailAddress, Party};
use recado_ports::reader::ReadLimits;

use super::fault::ConfigurationFault;
use super::outgoing::Mail;
use super::section::Section;
use super::{InboundSettings, Limits, value};

type Read<T> = Result<T, ConfigurationFault>;

/// `[inbound]` as read, before its parts go their ways.
pub(super) struct Inbound {
    pub(super) settings: InboundSettings,
    pub(super) incoming: IncomingSettings,
    pub(super) way_back: WayBack,
}

pub(super) fn inbound(
    mut section: Section,
    mail: &Mail,
    desk: Option<&Party>,
    limits: &Limits,
) -> Read<Inbound> {
    let policy = policy(&mut section, desk)?;
    let lmtp = section
        .take("lmtp")?
        .map(|entry| entry.parse(value::listen))
        .transpose()?;
    let poll = time(&mut section, "poll", POLL)?;
    let keep_raw = time(&mut section, "keep_raw", KEEP_RAW)?;
    let pipe = section
        .take("pipe")?
        .map(|entry| entry.parse(value::switch))
        .transpose()?
        .unwrap_or(false);
    let plus_address = section
        .take("plus_address")?
        .map(|entry| entry.parse(value::switch))
        .transpose()?
        .unwrap_or(true);
    let tls_name = section
        .take("tls_name")?
        .map(|entry| entry.parse(value::host))
        .transpose()?;
    let ca_file = section
        .take("ca_file")?
        .map(|entry| entry.parse(value::path))
        .transpose()?;
    section.finish()?;
    let way_back = WayBack {
        lmtp: lmtp.is_some() || pipe,
        plus_address,
        verp: mail.verp,
    };
    let incoming = IncomingSettings {
        policy,
        limits: ReadLimits {
            text: limits.comment.text,
            attachments: limits.comment.attachments,
            attachment: limits.comment.attachment,
        },
        largest_mail: limits.mail,
        keep_raw,
    };
    Ok(Inbound {
        settings: InboundSettings {
            lmtp,
            poll,
            tls_name,
            // One authority signs both servers' certificates, as a rule; their names differ.
            ca_file: ca_file.or_else(|| mail.settings.ca_file.clone()),
        },
        incoming,
        way_back,
    })
}

/// Who may do what by mail.
fn policy(section: &mut Section, desk: Option<&Party>) -> Read<Policy> {
    let defaults = Policy::default();
    let open_tickets = section
        .take("open_tickets")?
        .map(|entry| entry.parse(|text| value::word(text, &OPEN_TICKETS)))
        .transpose()?;
    Ok(Policy {
        trust: AuthenticationTrust {
            servers: list(section, "authentication_servers", server)?,
            exchange: list(section, "exchange", |text| value::word(text, &WAYS_IN))?,
            exchange_online: list(section, "exchange_online", |text| value::word(text, &WAYS_IN))?,
        },
        open_tickets: open_tickets.unwrap_or(defaults.open_tickets),
        monitoring: list(section, "monitoring", EmailAddress::parse)?,
        reopen: time(section, "reopen", defaults.reopen)?,
        token_age: time(section, "token_age", defaults.token_age)?,
        desk: desk.map(|desk| desk.email.clone()),
    })
}

fn time(section: &mut Section, key: &'static str, default: Duration) -> Read<Duration> {
    section
        .take(key)?
        .map_or(Ok(default), |entry| entry.parse(value::some_duration))
}

fn list<T, E: std::fmt::Display>(
    section: &mut Section,
    key: &'static str,
    read: impl Fn(&str) -> Result<T, E>,
) -> Read<Vec<T>> {
    let entries = section.take_list(key)?.unwrap_or_default();
    entries.iter().map(|entry| entry.parse(&read)).collect()
}

/// An authserv-id (RFC 8601 §2.5); compared in lower case.
fn server(text: &str) -> Result<String, String> {
    value::host(text).map(|host| host.to_lowercase())
}

const OPEN_TICKETS: [(&str, OpenTickets); 3] = [
    ("anyone", OpenTickets::Anyone),
    ("known", OpenTickets::Known),
    ("nobody", OpenTickets::Nobody),
];

const WAYS_IN: [(&str, Via); 3] = [("imap", Via::Imap), ("lmtp", Via::Lmtp), ("pipe", Via::Pipe)];

const POLL: Duration = Duration::from_mins(1);

/// How long the octets of a settled mail are kept.
const KEEP_RAW: Duration = Duration::from_hours(90 * 24);
