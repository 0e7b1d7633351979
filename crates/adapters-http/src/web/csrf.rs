//! Whether a form comes from one of our own pages: by where the browser says it comes from, and by a token in the form.

use axum::http::{HeaderMap, Uri, header};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The token that belongs to a cookie's secret. Whoever can read neither the cookie nor the page cannot make it.
pub(crate) fn token(secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(b"csrf");
    data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// Compares in a time that tells nothing.
pub(crate) fn is_token(expected: &str, given: &str) -> bool {
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

/// Whether the browser says that one of our pages sent this, or says nothing. `Sec-Fetch-Site` comes from every current
/// browser, `Origin` from older ones.
pub(crate) fn is_same_origin(headers: &HeaderMap, public_url: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else { return false };
    if origin == origin_of(public_url) {
        return true;
    }
    // A proxy may serve us under another name than the public one; its browser names that one in both.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let named = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == named
}

fn origin_of(url: &str) -> String {
    let url = url.parse::<Uri>().unwrap_or_default();
    let authority = url.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}", url.scheme_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(given: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.insert(*name, value.parse().unwrap());
        }
        is_same_origin(&headers, "https://desk.example.org/base")
    }

    #[test]
    fn the_browsers_word_counts_where_it_gives_one() {
        assert!(allows(&[]));
        assert!(allows(&[("sec-fetch-site", "same-origin")]));
        assert!(allows(&[("sec-fetch-site", "none")]));
        assert!(!allows(&[("sec-fetch-site", "cross-site")]));
        assert!(!allows(&[("sec-fetch-site", "same-site")]));
        assert!(!allows(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://desk.example.org")
        ]));
        assert!(allows(&[("origin", "https://desk.example.org")]));
        assert!(allows(&[("origin", "http://inner:80"), ("host", "inner:80")]));
        assert!(!allows(&[
            ("origin", "https://evil.example"),
            ("host", "desk.example.org")
        ]));
        assert!(!allows(&[("origin", "null"), ("host", "desk.example.org")]));
        assert!(!allows(&[("origin", "null")]));
    }

    #[test]
    fn a_token_belongs_to_its_secret() {
        assert!(is_token(&token("a"), &token("a")));
        assert!(!is_token(&token("a"), &token("b")));
        assert!(!is_token(&token("a"), ""));
        assert_eq!(token("a").len(), 64);
    }
}
