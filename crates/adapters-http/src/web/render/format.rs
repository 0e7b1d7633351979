//! How times, sizes and names look. Times are texts (RFC 3339) in the context; `zone` and `now` of the context place them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use fluent_bundle::FluentValue;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use recado_domain::locale::Locale;
use tera::{Kwargs, State, Tera, TeraResult, Value};

use crate::web::strings::Strings;

/// How much of a moment is shown.
#[derive(Clone, Copy)]
enum Form {
    /// `10:42`.
    Time,
    /// `today`, `yesterday`, `Friday, 20 November`, with the year when it is another one.
    Day,
    /// The time of today, else the day, short: what a list has room for.
    Short,
    /// Everything.
    Moment,
}

/// Adds the filters `time`, `day`, `short`, `moment`, `octets` and `initials`.
pub(super) fn register(tera: &mut Tera, language: Locale, strings: &Arc<Strings>) {
    for (name, form) in [
        ("time", Form::Time),
        ("day", Form::Day),
        ("short", Form::Short),
        ("moment", Form::Moment),
    ] {
        let writer = Writer {
            language,
            strings: strings.clone(),
        };
        tera.register_filter(name, move |at: &str, _: Kwargs, state: &State<'_>| {
            let at: Timestamp = at
                .parse()
                .map_err(|error| tera::Error::message(format!("{at:?} is no time: {error}")))?;
            let zone = in_context(state, "zone")?;
            let zone = TimeZone::get(&zone).unwrap_or(TimeZone::UTC);
            let now: Timestamp = in_context(state, "now")?
                .parse()
                .map_err(|error| tera::Error::message(format!("`now` is no time: {error}")))?;
            Ok::<_, tera::Error>(writer.element(form, &at.to_zoned(zone.clone()), &now.to_zoned(zone)))
        });
    }
    tera.register_filter("octets", move |octets: f64, _: Kwargs, _: &State<'_>| {
        size(octets, language)
    });
    tera.register_filter("initials", |name: Cow<'_, str>, _: Kwargs, _: &State<'_>| {
        initials(&name)
    });
}

fn in_context(state: &State<'_>, name: &str) -> TeraResult<String> {
    state
        .get::<String>(name)?
        .ok_or_else(|| tera::Error::message(format!("the context lacks `{name}`")))
}

struct Writer {
    language: Locale,
    strings: Arc<Strings>,
}

impl Writer {
    fn element(&self, form: Form, at: &Zoned, now: &Zoned) -> Value {
        let text = self.text(form, at, now);
        // Zone names and our own strings hold no markup; a title gives what the short forms leave out.
        let full = self.language.date_time(at.timestamp(), at.time_zone());
        let text = tera_escape(&text);
        Value::safe_string(&format!(
            "<time datetime=\"{}\" title=\"{}\">{text}</time>",
            at.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ"),
            tera_escape(&full),
        ))
    }

    fn text(&self, form: Form, at: &Zoned, now: &Zoned) -> String {
        let time = || format!("{:02}:{:02}", at.hour(), at.minute());
        match form {
            Form::Time => time(),
            Form::Moment => self.language.date_time(at.timestamp(), at.time_zone()),
            Form::Day => self.day(at.date(), now.date()),
            Form::Short if at.date() == now.date() => time(),
            Form::Short => self.short_day(at.date(), now.date()),
        }
    }

    fn day(&self, day: Date, today: Date) -> String {
        if let Some(near) = self.near(day, today) {
            return near;
        }
        let key = if day.year() == today.year() {
            "date-day"
        } else {
            "date-day-year"
        };
        self.put(key, day)
    }

    fn short_day(&self, day: Date, today: Date) -> String {
        if let Some(near) = self.near(day, today) {
            return near;
        }
        let key = if day.year() == today.year() {
            "date-short"
        } else {
            "date-short-year"
        };
        self.put(key, day)
    }

    fn near(&self, day: Date, today: Date) -> Option<String> {
        if day == today {
            return Some(self.strings.text(self.language, "date-today", None));
        }
        (day.tomorrow().ok() == Some(today)).then(|| self.strings.text(self.language, "date-yesterday", None))
    }

    fn put(&self, key: &str, day: Date) -> String {
        let month = [("month", FluentValue::from(day.month()))].into_iter().collect();
        let weekday = [("weekday", FluentValue::from(day.weekday().to_monday_one_offset()))]
            .into_iter()
            .collect();
        let words =
            |key, arguments| FluentValue::from(self.strings.text(self.language, key, Some(arguments)));
        let arguments = [
            ("day", FluentValue::from(day.day())),
            ("month", words("date-month", &month)),
            ("shortmonth", words("date-month-short", &month)),
            ("weekday", words("date-weekday", &weekday)),
            // A text: a year takes no thousands separator.
            ("year", FluentValue::from(day.year().to_string())),
        ];
        self.strings
            .text(self.language, key, Some(&arguments.into_iter().collect()))
    }
}

fn tera_escape(text: &str) -> String {
    let mut escaped = Vec::with_capacity(text.len());
    tera::escape_html(text, &mut escaped).expect("memory takes every octet");
    String::from_utf8(escaped).expect("escaping keeps UTF-8")
}

/// `412 kB`: powers of ten, as file managers count, one decimal below ten.
fn size(octets: f64, language: Locale) -> String {
    let (mut value, mut unit) = (octets, "B");
    for larger in ["kB", "MB", "GB"] {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    let mut text = if unit != "B" && value < 9.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    };
    if language != Locale::En {
        text = text.replace('.', ",");
    }
    // A no-break space: number and unit stay together.
    write!(text, "\u{a0}{unit}").expect("a text takes every character");
    text
}

/// The first letters of the first and the last word, for a face.
fn initials(name: &str) -> String {
    let letters: Vec<char> = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()))
        .collect();
    match letters.as_slice() {
        [] => "·".to_owned(),
        [only] => only.to_uppercase().to_string(),
        [first, .., last] => format!("{}{}", first.to_uppercase(), last.to_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(language: Locale, form: Form, at: &str) -> String {
        let writer = Writer {
            language,
            strings: Arc::new(Strings::default()),
        };
        let zone = TimeZone::get("America/Bogota").unwrap();
        let local = |text: &str| text.parse::<Timestamp>().unwrap().to_zoned(zone.clone());
        writer.text(form, &local(at), &local("2026-11-22T15:42:00Z"))
    }

    #[test]
    fn days_are_those_of_the_visitors_zone() {
        use Form::{Day, Moment, Short, Time};
        use Locale::{En, Es, Pt};
        // 03:30 in UTC is still the evening before in Bogotá.
        assert_eq!(shown(Es, Day, "2026-11-22T03:30:00Z"), "ayer");
        assert_eq!(shown(Es, Time, "2026-11-22T03:30:00Z"), "22:30");
        assert_eq!(shown(Es, Day, "2026-11-22T05:30:00Z"), "hoy");
        assert_eq!(shown(En, Short, "2026-11-22T05:30:00Z"), "00:30");
        assert_eq!(shown(Es, Day, "2026-11-20T15:00:00Z"), "viernes, 20 de noviembre");
        assert_eq!(
            shown(Pt, Day, "2025-03-02T15:00:00Z"),
            "domingo, 2 de março de 2025"
        );
        assert_eq!(shown(En, Short, "2026-11-20T15:00:00Z"), "20 Nov");
        assert_eq!(shown(Es, Short, "2025-03-02T15:00:00Z"), "2 mar 2025");
        assert_eq!(
            shown(En, Moment, "2026-11-20T15:00:00Z"),
            "20 November 2026, 10:00"
        );
    }

    #[test]
    fn sizes_read_as_in_a_file_manager() {
        assert_eq!(size(999.0, Locale::Es), "999\u{a0}B");
        assert_eq!(size(1_500.0, Locale::Es), "1,5\u{a0}kB");
        assert_eq!(size(1_500.0, Locale::En), "1.5\u{a0}kB");
        assert_eq!(size(412_345.0, Locale::Pt), "412\u{a0}kB");
        assert_eq!(size(10_485_760.0, Locale::En), "10\u{a0}MB");
    }

    #[test]
    fn initials_are_those_of_the_first_and_the_last_word() {
        assert_eq!(initials("Ana María Peña"), "AP");
        assert_eq!(initials("ñandú"), "Ñ");
        assert_eq!(initials("(—)"), "·");
    }
}
