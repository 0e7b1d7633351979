//! What a person chose for themselves: language, time zone, and when they want no mail.

use jiff::tz::TimeZone;

use crate::locale::Locale;

/// A text that names no time zone of the IANA database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time zone; take a name such as America/Bogota or Europe/Madrid")]
pub struct UnknownTimeZone(pub String);

/// The name of a time zone that exists.
///
/// ```
/// use recado_domain::preference::TimeZoneName;
/// assert_eq!(TimeZoneName::parse("america/bogota")?.as_str(), "America/Bogota");
/// assert!(TimeZoneName::parse("America/Macondo").is_err());
/// # Ok::<(), recado_domain::preference::UnknownTimeZone>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZoneName(TimeZone);

impl TimeZoneName {
    /// Looks a name up, in any letter case.
    pub fn parse(text: &str) -> Result<Self, UnknownTimeZone> {
        let zone = TimeZone::get(text.trim()).ok();
        zone.filter(|zone| zone.iana_name().is_some())
            .map(Self)
            .ok_or_else(|| UnknownTimeZone(text.to_owned()))
    }

    /// The name, as the database spells it.
    pub fn as_str(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The zone.
    pub fn zone(&self) -> &TimeZone {
        &self.0
    }
}

/// Whether somebody wants mail about a ticket whose page they have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WhileOpen {
    /// The mail goes out all the same.
    #[default]
    Mail,
    /// The page shows the message; no mail.
    Quiet,
}

/// Whether somebody wants mail about one ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Muting {
    /// As anybody.
    #[default]
    Heard,
    /// None, until they say otherwise.
    Muted,
}

/// A person's choices. Unset: the browser's or the installation's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preference {
    /// The language of pages and of the mails that Recado writes of itself.
    pub language: Option<Locale>,
    /// The zone that times are shown in.
    pub time_zone: Option<TimeZoneName>,
    /// Mail about a ticket whose page is open.
    pub while_open: WhileOpen,
}
