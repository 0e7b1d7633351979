//! The three languages that Recado writes in, and how each writes a date.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A text that names none of the languages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the locale {0:?} is none of es, pt, en")]
pub struct UnknownLocale(pub String);

/// A language of dates and of the built-in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "&'static str"))]
pub enum Locale {
    /// Spanish, the default.
    #[default]
    Es,
    /// Portuguese.
    Pt,
    /// English.
    En,
}

impl Locale {
    /// Every locale.
    pub const ALL: [Self; 3] = [Self::Es, Self::Pt, Self::En];

    /// Reads a language tag as systems write it; region, script and encoding do not matter.
    ///
    /// ```
    /// use recado_domain::locale::Locale;
    /// assert_eq!(Locale::parse("es")?, Locale::Es);
    /// assert_eq!(Locale::parse("pt_BR.UTF-8")?, Locale::Pt);
    /// assert_eq!(Locale::parse("EN-gb")?, Locale::En);
    /// assert!(Locale::parse("estonian").is_err());
    /// # Ok::<(), recado_domain::locale::UnknownLocale>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, UnknownLocale> {
        let language = text.trim().split(['-', '_', '.', '@']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|locale| locale.as_str().eq_ignore_ascii_case(language))
            .ok_or_else(|| UnknownLocale(text.to_owned()))
    }

    /// The two-letter code (ISO 639-1), by which the locale is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::Pt => "pt",
            Self::En => "en",
        }
    }

    /// The value of `${DATETIMECREATED}`: day, month by name, year, hour and minute in a time zone.
    ///
    /// ```
    /// use jiff::tz::TimeZone;
    /// use recado_domain::locale::Locale;
    /// let at = "2026-11-22T10:42:31Z".parse().unwrap();
    /// assert_eq!(Locale::Es.date_time(at, &TimeZone::UTC), "22 de noviembre de 2026, 10:42");
    /// assert_eq!(Locale::Pt.date_time(at, &TimeZone::UTC), "22 de novembro de 2026, 10:42");
    /// assert_eq!(Locale::En.date_time(at, &TimeZone::UTC), "22 November 2026, 10:42");
    /// ```
    pub fn date_time(self, at: Timestamp, zone: &TimeZone) -> String {
        let local = zone.to_datetime(at);
        let month_index = usize::try_from(local.month() - 1).expect("jiff counts months from 1");
        let month = self.months()[month_index];
        let (day, year) = (local.day(), local.year());
        let (hour, minute) = (local.hour(), local.minute());
        match self {
            Self::Es | Self::Pt => format!("{day} de {month} de {year}, {hour:02}:{minute:02}"),
            Self::En => format!("{day} {month} {year}, {hour:02}:{minute:02}"),
        }
    }

    const fn months(self) -> [&'static str; 12] {
        match self {
            Self::Es => [
                "enero",
                "febrero",
                "marzo",
                "abril",
                "mayo",
                "junio",
                "julio",
                "agosto",
                "septiembre",
                "octubre",
                "noviembre",
                "diciembre",
            ],
            Self::Pt => [
                "janeiro",
                "fevereiro",
                "março",
                "abril",
                "maio",
                "junho",
                "julho",
                "agosto",
                "setembro",
                "outubro",
                "novembro",
                "dezembro",
            ],
            Self::En => [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ],
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Locale {
    type Error = UnknownLocale;
    fn try_from(text: String) -> Result<Self, UnknownLocale> {
        Self::parse(&text)
    }
}

impl From<Locale> for &'static str {
    fn from(locale: Locale) -> Self {
        locale.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_that_of_the_time_zone() {
        let at: Timestamp = "2027-01-01T02:05:00Z".parse().unwrap();
        let sao_paulo = TimeZone::get("America/Sao_Paulo").unwrap();
        assert_eq!(
            Locale::Pt.date_time(at, &sao_paulo),
            "31 de dezembro de 2026, 23:05"
        );
        assert_eq!(
            Locale::Es.date_time(at, &TimeZone::UTC),
            "1 de enero de 2027, 02:05"
        );
    }

    #[test]
    fn a_text_that_merely_begins_like_a_language_is_refused() {
        for text in ["", "e", "español", "english", "fr", "-es"] {
            assert_eq!(
                Locale::parse(text),
                Err(UnknownLocale(text.to_owned())),
                "{text:?}"
            );
        }
    }
}
