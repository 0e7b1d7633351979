//! The cookies: their names and attributes, and when there are none at all.
//!
//! Where the public URL is https, names bear `__Host-`, which browsers take from this very host over TLS alone. Over
//! plain http they would travel readable, so there are cookies on loopback only.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, Uri, header};

/// What a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session's secret.
    Session,
    /// The secret of somebody who has not signed in, for their forms.
    Visit,
    /// A notice for the next page.
    Flash,
}

impl Cookie {
    fn name(self) -> &'static str {
        match self {
            Self::Session => "recado",
            Self::Visit => "recado-visit",
            Self::Flash => "recado-flash",
        }
    }

    /// Seconds that a browser keeps it. The session's end is the server's matter; this is the longest it can last.
    fn max_age(self) -> u32 {
        match self {
            Self::Session => 30 * 24 * 60 * 60,
            Self::Visit => 2 * 60 * 60,
            Self::Flash => 60,
        }
    }
}

/// Reads and writes cookies as the public URL allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jar {
    /// https: `__Host-` and `Secure`.
    Secure,
    /// http on loopback: neither.
    Loopback,
    /// http on the network: nobody is signed in.
    Closed,
}

impl Jar {
    pub(crate) fn for_url(public_url: &str) -> Self {
        let Ok(url) = public_url.parse::<Uri>() else {
            return Self::Closed;
        };
        if url.scheme_str() == Some("https") {
            return Self::Secure;
        }
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_loopback = host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if is_loopback { Self::Loopback } else { Self::Closed }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Secure => "__Host-",
            Self::Loopback | Self::Closed => "",
        }
    }

    /// A cookie's value. One that is there twice is nobody's: somebody else planted one of them.
    pub(crate) fn read(self, headers: &HeaderMap, cookie: Cookie) -> Option<String> {
        if self == Self::Closed {
            return None;
        }
        let mut values = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| name.strip_prefix(self.prefix()) == Some(cookie.name()))
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) => (!value.is_empty()).then(|| value.to_owned()),
            _ => None,
        }
    }

    /// The header that sets a cookie; `value` is base64url or a key of ours.
    pub(crate) fn set(self, cookie: Cookie, value: &str) -> Option<HeaderValue> {
        self.header(cookie, value, cookie.max_age())
    }

    /// The header that removes a cookie.
    pub(crate) fn remove(self, cookie: Cookie) -> Option<HeaderValue> {
        self.header(cookie, "", 0)
    }

    fn header(self, cookie: Cookie, value: &str, max_age: u32) -> Option<HeaderValue> {
        let secure = match self {
            Self::Closed => return None,
            Self::Secure => "; Secure",
            Self::Loopback => "",
        };
        let text = format!(
            "{}{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}",
            self.prefix(),
            cookie.name(),
        );
        Some(HeaderValue::from_str(&text).expect("names, base64url and keys are visible ASCII"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_url_decides() {
        for (url, jar) in [
            ("https://desk.example.org", Jar::Secure),
            ("HTTPS://desk.example.org/base", Jar::Secure),
            ("http://127.0.0.1:8417", Jar::Loopback),
            ("http://[::1]:8417", Jar::Loopback),
            ("http://localhost:8417", Jar::Loopback),
            ("http://desk.example.org", Jar::Closed),
            ("http://127.0.0.1.example.org", Jar::Closed),
            ("http://10.0.0.1", Jar::Closed),
            ("", Jar::Closed),
        ] {
            assert_eq!(Jar::for_url(url), jar, "{url}");
        }
    }

    #[test]
    fn a_cookie_has_its_attributes_and_no_domain() {
        assert_eq!(
            Jar::Secure.set(Cookie::Session, "abc").unwrap(),
            "__Host-recado=abc; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            Jar::Loopback.set(Cookie::Visit, "abc").unwrap(),
            "recado-visit=abc; Path=/; Max-Age=7200; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            Jar::Secure.remove(Cookie::Session).unwrap(),
            "__Host-recado=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(Jar::Closed.set(Cookie::Session, "abc"), None);
    }

    #[test]
    fn only_the_cookie_of_this_place_is_read_and_only_when_there_is_one() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::COOKIE,
            "recado=plain; __Host-recado=safe; x=1".parse().unwrap(),
        );
        assert_eq!(
            Jar::Secure.read(&headers, Cookie::Session).as_deref(),
            Some("safe")
        );
        assert_eq!(
            Jar::Loopback.read(&headers, Cookie::Session).as_deref(),
            Some("plain")
        );
        assert_eq!(Jar::Closed.read(&headers, Cookie::Session), None);
        headers.append(header::COOKIE, "__Host-recado=planted".parse().unwrap());
        assert_eq!(Jar::Secure.read(&headers, Cookie::Session), None);
    }
}
