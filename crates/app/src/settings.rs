//! What the configuration decides for the use cases.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use recado_domain::channel::{BreakerPolicy, RateLimits};
use recado_domain::comment::Origin;
use recado_domain::incoming::Policy;
use recado_domain::locale::Locale;
use recado_domain::parameter::{Parameter, Parameters};
use recado_domain::person::Party;
use recado_domain::retry::Schedule;
use recado_ports::reader::ReadLimits;

/// Settings of the messaging service.
#[derive(Debug, Clone)]
pub struct MessagingSettings {
    /// Told when a ticket has neither responsible nor group (`[desk]`).
    pub desk: Option<Party>,
    /// The desk's name, beside the author's in `From`.
    pub desk_name: Option<String>,
    /// The host of the public URL: the domain of Message-IDs while parameter 10 is unset.
    pub public_host: String,
    /// Where people reach the pages while parameter 33 is unset; no slash at its end.
    pub public_url: String,
    /// The language of dates where neither ticket nor template names one.
    pub locale: Locale,
    /// The time zone of dates.
    pub time_zone: TimeZone,
    /// Time to take a comment back before its first attempt.
    pub hold: Duration,
    /// The same for what is written on a page; until then others than the author and the desk do not see it.
    pub page_hold: Duration,
    /// How the outgoing account is meant to leave the house.
    pub way_out: WayOut,
    /// Limits on what a comment may bring.
    pub limits: CommentLimits,
    /// How answers come back.
    pub way_back: WayBack,
}

impl MessagingSettings {
    /// How long the mails about a comment wait, for it to be taken back: what is written on a page has a hold of its own.
    pub fn hold_of(&self, origin: Origin) -> Duration {
        match origin {
            Origin::Portal | Origin::Desk => self.page_hold,
            Origin::Api | Origin::Mail => self.hold,
        }
    }

    /// Until when others than author and desk do not see a comment: only what is written on a page is hidden at all.
    pub fn held_until(&self, origin: Origin, created_at: Timestamp) -> Option<Timestamp> {
        match origin {
            Origin::Portal | Origin::Desk if !self.page_hold.is_zero() => Some(created_at + self.page_hold),
            _ => None,
        }
    }
}

/// How answers and reports come back, and what our mails bear for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WayBack {
    /// Whether a mail server hands mail over (`[inbound] lmtp`); a mailbox is read while parameter 200 is `Y`.
    pub lmtp: bool,
    /// Whether the desk's mail server takes mail for `desk+anything@…` (`[inbound] plus_address`).
    pub plus_address: bool,
    /// Whether each mail has a return path of its own (`[mail] verp`).
    pub verp: bool,
}

impl Default for WayBack {
    /// No way back.
    fn default() -> Self {
        Self {
            lmtp: false,
            plus_address: true,
            verp: false,
        }
    }
}

impl WayBack {
    /// Whether incoming mail is configured.
    pub fn is_open(self, parameters: &Parameters) -> bool {
        self.lmtp || parameters.is_on(Parameter::ReadMail)
    }
}

/// What carries the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayOut {
    /// An SMTP server, which parameters 14, 269, 199 and 11 to 13 name.
    Smtp,
    /// Files in a directory; no parameter but 10 is needed.
    Files,
}

/// Limits on what a comment may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommentLimits {
    /// Octets of text.
    pub text: usize,
    /// Number of attachments.
    pub attachments: usize,
    /// Octets of one attachment.
    pub attachment: usize,
}

impl Default for CommentLimits {
    /// 2 MiB of text, 20 attachments of 10 MiB.
    fn default() -> Self {
        Self {
            text: 2 << 20,
            attachments: 20,
            attachment: 10 << 20,
        }
    }
}

/// Settings of incoming mail (`[inbound]`, and `mail` in `[limits]`).
#[derive(Debug, Clone)]
pub struct IncomingSettings {
    /// Whose word counts, and who may open tickets.
    pub policy: Policy,
    /// Limits on the comment that a mail becomes; what goes beyond stays in the raw mail.
    pub limits: ReadLimits,
    /// Octets of a mail; a larger one is refused before it is stored.
    pub largest_mail: usize,
    /// How long the octets of a settled mail are kept.
    pub keep_raw: Duration,
}

impl Default for IncomingSettings {
    /// 50 MiB a mail, kept for 90 days.
    fn default() -> Self {
        let comment = CommentLimits::default();
        Self {
            policy: Policy::default(),
            limits: ReadLimits {
                text: comment.text,
                attachments: comment.attachments,
                attachment: comment.attachment,
            },
            largest_mail: 50 << 20,
            keep_raw: Duration::from_hours(90 * 24),
        }
    }
}

/// Settings of delivery (`[delivery]` and the limits in `[mail]`).
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    /// How the mail leaves.
    pub way_out: WayOut,
    /// Rows that a worker claims at once.
    pub batch: u16,
    /// How long a worker may hold them without renewing.
    pub lease: Duration,
    /// How long to wait for an answer to a final dot when the daemon stops.
    pub shutdown: Duration,
    /// How much open time a mail has.
    pub expire: Duration,
    /// When a mail is tried again.
    pub schedule: Schedule,
    /// How the breaker waits.
    pub breaker: BreakerPolicy,
    /// The account's own limits.
    pub limits: RateLimits,
    /// A head of a chain refused for so long lets the rest of its chain pass.
    pub blocked_after: Duration,
    /// Whether anybody would read a report of success.
    pub way_back: WayBack,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            way_out: WayOut::Smtp,
            batch: 32,
            lease: Duration::from_mins(1),
            shutdown: Duration::from_secs(10),
            expire: Duration::from_hours(96),
            schedule: Schedule::default(),
            breaker: BreakerPolicy::default(),
            limits: RateLimits::default(),
            blocked_after: Duration::from_mins(5),
            way_back: WayBack::default(),
        }
    }
}
