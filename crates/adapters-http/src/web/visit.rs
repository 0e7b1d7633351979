//! Who visits, in which language and zone: found out once for each request, before its handler.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use recado_app::access::Actor;
use recado_domain::locale::Locale;
use recado_domain::person::Role;
use recado_domain::preference::Preference;
use uuid::Uuid;

use super::cookie::Cookie;
use super::page::Flash;
use super::refusal::{Refused, WebRefusal};
use super::{Shared, csrf, security};

/// What the script sends with what it asks for.
const FRAGMENT: &str = "x-recado-fragment";

/// What the answer should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A page with everything around it.
    Page,
    /// The part that the script puts into a page which is open.
    Fragment,
}

/// The other end of the connection; [`crate::serve`] puts it on each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// A visit: one request, by somebody who may or may not have signed in.
#[derive(Clone)]
pub(crate) struct Visit {
    /// Who it is, when somebody has signed in.
    pub(crate) actor: Option<Actor>,
    /// The session.
    pub(crate) session: Option<Uuid>,
    /// The person's choices.
    pub(crate) preference: Preference,
    /// The language of the answer.
    pub(crate) language: Locale,
    /// The zone of its times.
    pub(crate) zone: TimeZone,
    /// What forms must bring back.
    pub(crate) csrf: String,
    /// Path and query.
    pub(crate) path: String,
    /// A page, or a part of one.
    pub(crate) wanted: Wanted,
    /// Where it comes from; IPv6 by its /64, which is one customer's.
    pub(crate) client: IpAddr,
    /// A notice from the page before.
    pub(crate) flash: Option<String>,
    /// The browser, in its own words.
    pub(crate) device: String,
    /// Where the log of events stood before anything was read for this visit.
    pub(crate) position: Option<String>,
    /// A secret to be set as cookie with the answer, for the forms of somebody who has not signed in.
    new_secret: Option<String>,
    pub(crate) shared: Shared,
}

/// Finds out who visits. The error is a visit by nobody, and why it goes no further.
pub(super) async fn enter(shared: &Shared, parts: &mut Parts) -> Result<Visit, (Visit, WebRefusal)> {
    let headers = &parts.headers;
    let jar = shared.jar;
    let secret = jar.read(headers, Cookie::Session);
    let (visitor, refusal) = match &secret {
        None => (None, None),
        Some(secret) => match shared.api.authenticate.session(secret).await {
            Ok(visitor) => (visitor, None),
            Err(refusal) => (None, Some(WebRefusal::from(refusal))),
        },
    };
    let (secret, new_secret) = match (&visitor, secret) {
        (Some(_), Some(secret)) => (secret, None),
        _ => jar.read(headers, Cookie::Visit).map_or_else(
            || {
                let secret = data_encoding::BASE64URL_NOPAD.encode(&shared.options.ids.secret());
                (secret.clone(), Some(secret))
            },
            |secret| (secret, None),
        ),
    };
    let (actor, session, preference) = match visitor {
        Some(visitor) => (Some(visitor.actor), Some(visitor.session), visitor.preference),
        None => (None, None, Preference::default()),
    };
    // Until the log is followed its end is asked for: what comes after this page was read must not fall between.
    let position = match (&actor, shared.hub.position(shared)) {
        (None, _) => None,
        (Some(_), None) => shared.api.follow_events.newest().await.ok().flatten(),
        (Some(_), position) => position,
    };
    let settings = &shared.pages.settings;
    let visit = Visit {
        language: preference
            .language
            .or_else(|| accepted(headers))
            .unwrap_or(settings.locale),
        zone: preference
            .time_zone
            .as_ref()
            .map_or_else(|| settings.time_zone.clone(), |zone| zone.zone().clone()),
        csrf: csrf::token(&secret),
        path: parts
            .uri
            .path_and_query()
            .map_or_else(|| "/".to_owned(), ToString::to_string),
        wanted: if headers.contains_key(FRAGMENT) {
            Wanted::Fragment
        } else {
            Wanted::Page
        },
        client: client(parts.extensions.get::<Peer>().map(|peer| peer.0.ip()), headers),
        flash: jar
            .read(headers, Cookie::Flash)
            .filter(|key| key.starts_with("flash-")),
        device: device(headers),
        position,
        actor,
        session,
        preference,
        new_secret,
        shared: shared.clone(),
    };
    match refusal {
        None => Ok(visit),
        Some(refusal) => Err((visit, refusal)),
    }
}

/// Words a refusal, sets cookies, and puts the headers on.
pub(super) fn leave((visit, mut response): (Visit, Response)) -> Response {
    if let Some(Refused(refusal)) = response.extensions_mut().remove::<Refused>() {
        response = visit.refuse(&refusal);
    }
    let jar = visit.shared.jar;
    let flash = response.extensions_mut().remove::<Flash>();
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
        && visit.wanted == Wanted::Page;
    let mut cookies = Vec::new();
    if is_page {
        cookies.extend(
            visit
                .new_secret
                .as_deref()
                .and_then(|secret| jar.set(Cookie::Visit, secret)),
        );
        if visit.flash.is_some() {
            cookies.extend(jar.remove(Cookie::Flash));
        }
    }
    cookies.extend(flash.and_then(|Flash(key)| jar.set(Cookie::Flash, key)));
    let headers = response.headers_mut();
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    security::guard(headers);
    response
}

/// The first language of `Accept-Language` that we have, by weight (RFC 9110 §12.5.4).
fn accepted(headers: &HeaderMap) -> Option<Locale> {
    let given = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut best: Option<(f32, Locale)> = None;
    for range in given.split(',').take(20) {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let weight = match parameters.trim().strip_prefix("q=") {
            None => 1.0,
            Some(weight) => weight.trim().parse().unwrap_or(0.0),
        };
        if let Ok(language) = Locale::parse(tag)
            && weight > best.map_or(0.0, |(best, _)| best)
        {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// Where a request comes from. A proxy on this machine names its peer last in `X-Forwarded-For`; what stands before it
/// anybody may have written. Nobody else's word is taken.
fn client(peer: Option<IpAddr>, headers: &HeaderMap) -> IpAddr {
    let peer = peer.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)).to_canonical();
    let forwarded = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect::<Vec<_>>();
    let mut address = peer;
    for hop in forwarded.iter().rev() {
        if !address.is_loopback() {
            break;
        }
        let Ok(hop) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        address = hop.to_canonical();
    }
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

fn device(headers: &HeaderMap) -> String {
    let given = headers
        .get(header::USER_AGENT)
        .map_or(&b""[..], HeaderValue::as_bytes);
    String::from_utf8_lossy(given).chars().take(200).collect()
}

impl FromRequestParts<Shared> for Visit {
    type Rejection = WebRefusal;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, WebRefusal> {
        // Every route of the pages lies behind `attend`, which puts it there.
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(WebRefusal::Internal)
    }
}

/// A visit by somebody who has signed in; others are asked to.
#[derive(Clone)]
pub(crate) struct SignedIn(pub(crate) Visit);

impl SignedIn {
    pub(crate) fn actor(&self) -> &Actor {
        self.0.actor.as_ref().expect("the extractor saw an actor")
    }
}

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = WebRefusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, WebRefusal> {
        let visit = Visit::from_request_parts(parts, shared).await?;
        if visit.actor.is_some() {
            return Ok(Self(visit));
        }
        // A form's own address shows nothing afterwards.
        let next = (parts.method == Method::GET).then(|| visit.path.clone());
        Err(WebRefusal::SignedOut(next))
    }
}

macro_rules! role {
    ($(#[$doc:meta])* $name:ident, $role:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(crate) struct $name(pub(crate) SignedIn);

        impl FromRequestParts<Shared> for $name {
            type Rejection = WebRefusal;

            async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, WebRefusal> {
                let visit = SignedIn::from_request_parts(parts, shared).await?;
                // The use cases decide what may be done; a face that is not somebody's is not there for them.
                if visit.actor().role() >= $role { Ok(Self(visit)) } else { Err(WebRefusal::NotFound) }
            }
        }

        impl Deref for $name {
            type Target = SignedIn;

            fn deref(&self) -> &SignedIn {
                &self.0
            }
        }

        impl AsRef<Visit> for $name {
            fn as_ref(&self) -> &Visit {
                &self.0.0
            }
        }
    };
}

role!(
    /// A visit by a technician or an administrator; for others the desk is not there.
    SignedInDesk,
    Role::Technician
);
role!(
    /// A visit by an administrator; for others the administration is not there.
    SignedInAdministrator,
    Role::Administrator
);

impl Deref for SignedIn {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.0
    }
}

impl AsRef<Visit> for SignedIn {
    fn as_ref(&self) -> &Visit {
        &self.0
    }
}

impl AsRef<Self> for Visit {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// A redirect to sign in, and back to `next` afterwards.
pub(super) fn ask_to_sign_in(next: Option<&str>) -> Response {
    match next {
        None => super::page::see_other("/sign-in"),
        Some(next) => super::page::see_other(&format!("/sign-in?next={}", super::page::segment(next))),
    }
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_best_of_those_we_have() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, text.parse().unwrap());
            accepted(&headers)
        };
        assert_eq!(of("pt-BR,pt;q=0.9,en;q=0.8"), Some(Locale::Pt));
        assert_eq!(of("de-DE,de;q=0.9,en;q=0.5,es;q=0.7"), Some(Locale::Es));
        assert_eq!(of("en;q=0,es;q=nonsense"), None);
        assert_eq!(of("*"), None);
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed_and_only_about_its_own_peer() {
        let of = |peer: &str, forwarded: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            client(Some(peer.parse().unwrap()), &headers).to_string()
        };
        assert_eq!(of("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(of("127.0.0.1", &["6.6.6.6, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            of("127.0.0.1", &["6.6.6.6", "198.51.100.1, 127.0.0.1"]),
            "198.51.100.1"
        );
        assert_eq!(of("::1", &["nonsense"]), "::");
        assert_eq!(of("::ffff:127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(of("2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
    }
}
