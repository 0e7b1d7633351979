//! Reads single values: durations, sizes, switches, addresses to listen on.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

/// Ten years. Times are reckoned from now, back and forth: beyond some thousand years there is no such time.
const LONGEST: Duration = Duration::from_hours(10 * 366 * 24);

/// Reads `90s`, `5m`, `4h`, `4d`, up to ten years.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|_| "needs a time with its unit, such as 90s, 5m, 4h or 4d".to_owned())?;
    if duration > LONGEST {
        return Err("needs a time of at most ten years".to_owned());
    }
    Ok(duration)
}

/// Reads a duration longer than nothing.
pub(super) fn some_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("needs a time longer than zero".to_owned()),
        duration => Ok(duration),
    }
}

/// Reads `true` and `false`.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "needs true or false".to_owned())
}

/// Reads a whole number from 1.
pub(super) fn count(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "needs a whole number from 1".to_owned())
}

/// Reads a whole number from 1 to 1000.
pub(super) fn small_count(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(number @ 1..=1000) => Ok(number),
        _ => Err("needs a whole number from 1 to 1000".to_owned()),
    }
}

/// Reads a number of octets: `1048576`, `512KiB`, `20MiB`, `1GiB`.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let wrong = || "needs a size such as 512KiB, 20MiB or a number of octets".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: usize = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    let number: usize = digits.trim().parse().map_err(|_| wrong())?;
    number
        .checked_mul(unit)
        .filter(|octets| *octets > 0)
        .ok_or_else(wrong)
}

/// Reads `host:port`; port 0 lets the system pick one.
pub(super) fn listen(text: &str) -> Result<String, String> {
    let wrong = || "needs an address and a port, such as 127.0.0.1:8417".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let bare_ipv6 = host.contains(':') && !host.starts_with('[');
    if host.is_empty() || bare_ipv6 || port.parse::<u16>().is_err() {
        return Err(wrong());
    }
    Ok(text.to_owned())
}

/// Reads the URL under which people reach the service.
pub(super) fn public_url(text: &str) -> Result<Url, String> {
    let wrong = || "needs a URL with a host, such as https://desk.example.org".to_owned();
    let url = Url::parse(text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong());
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err("takes neither user, query nor fragment".to_owned());
    }
    Ok(url)
}

/// Reads a host name, as it stands in EHLO or in a certificate.
pub(super) fn host(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_alphanumeric() || "-_.:[]".contains(c);
    if text.is_empty() || text.len() > 255 || !text.chars().all(fits) {
        return Err("needs a host name".to_owned());
    }
    Ok(text.to_owned())
}

/// Reads a path.
pub(super) fn path(text: &str) -> Result<PathBuf, &'static str> {
    if text.is_empty() {
        Err("needs a path")
    } else {
        Ok(PathBuf::from(text))
    }
}

/// Reads one of a few words.
pub(super) fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, value)| *value);
    found.ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        format!("needs one of: {}", words.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, octets) in [
            ("1", 1),
            ("512KiB", 512 << 10),
            ("20 MiB", 20 << 20),
            ("1g", 1 << 30),
        ] {
            assert_eq!(size(text), Ok(octets), "{text}");
        }
        for text in ["", "0", "MiB", "1.5MiB", "-1", "20 MB/s", "99999999999999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_units_too() {
        assert_eq!(duration("4d"), Ok(Duration::from_hours(96)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert!(duration("10years").is_ok());
        for text in ["", "5", "five minutes", "-1s", "20000years"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(some_duration("0s").is_err());
    }

    #[test]
    fn an_address_to_listen_on_names_its_port() {
        for text in ["127.0.0.1:8417", "localhost:0", "[::1]:8417"] {
            assert!(listen(text).is_ok(), "{text}");
        }
        for text in ["8417", ":8417", "::1:8417", "localhost:http", "localhost:99999"] {
            assert!(listen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_public_url_has_a_host_and_nothing_secret() {
        assert!(public_url("https://desk.example.org/recado").is_ok());
        for text in ["desk.example.org", "ftp://x", "https://u:p@x", "https://x?q"] {
            assert!(public_url(text).is_err(), "{text}");
        }
    }
}
