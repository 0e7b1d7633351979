//! What a request brings besides its token: path, query and body, taken apart with a problem for each fault.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use recado_domain::ticket::TicketNumber;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::fields::{Faults, Object};
use super::problem::{Kind, Problem};
use super::{Shared, json, page};

/// Octets of a body that holds no files: the largest template fits, its line breaks escaped.
const BODY_LIMIT: usize = 4 << 20;

/// How many times its limit a body is read on, without keeping it, so that the caller gets to read the refusal.
const DRAINED: usize = 3;

/// The values in the path, percent-decoded.
pub(crate) struct InPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Shared> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        let Path(values) = Path::<T>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::malformed("the path is not UTF-8 once percent-decoded"))?;
        Ok(Self(values))
    }
}

/// A ticket's number in the path of a call about what must exist. What cannot be a number has no ticket.
pub(crate) fn number(text: &str) -> Result<TicketNumber, Problem> {
    TicketNumber::parse(text).map_err(|_| Problem::not_found(format!("ticket {}", text.escape_debug())))
}

/// An id in the path. What is no id belongs to nothing.
pub(crate) fn id(what: &str, text: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(text).map_err(|_| Problem::not_found(format!("{what} {}", text.escape_debug())))
}

/// The query's values by name; each may be given once.
pub(crate) struct InQuery(BTreeMap<String, String>);

impl FromRequestParts<Shared> for InQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| Problem::malformed(format!("the query cannot be read: {error}")))?;
        let mut values = BTreeMap::new();
        for (name, value) in pairs {
            if values.insert(name.clone(), value).is_some() {
                return Err(Problem::malformed(format!(
                    "the query gives {} twice",
                    name.escape_debug()
                )));
            }
        }
        Ok(Self(values))
    }
}

impl InQuery {
    /// Takes a value out and parses it. Empty counts as absent.
    pub(crate) fn take<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Problem> {
        match self.0.remove(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) => parse(&value)
                .map(Some)
                .map_err(|error| Problem::malformed(format!("the query's {name} cannot be taken: {error}"))),
        }
    }

    /// Takes a word out.
    pub(crate) fn word<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        self.take(name, |text| {
            parse(text).ok_or_else(|| format!("{text:?} is none of its words"))
        })
    }

    /// Takes `limit` and `after` out, which must be all that is left.
    pub(crate) fn page(mut self, list: page::List) -> Result<recado_ports::page::PageRequest, Problem> {
        let request = page::request(list, &mut self)?;
        self.finish()?;
        Ok(request)
    }

    /// Refuses a name that nobody took: a misspelt filter would list everything.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(Problem::malformed(format!(
                "the query's {} is not known here",
                name.escape_debug()
            ))),
        }
    }
}

/// A body that must be a JSON object.
pub(crate) struct JsonBody(Value);

impl FromRequest<Shared> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        Self::at_most(request, BODY_LIMIT).await
    }
}

impl JsonBody {
    /// Reads a body of at most so many octets.
    pub(crate) async fn at_most(request: Request, limit: usize) -> Result<Self, Problem> {
        must_be_json(request.headers())?;
        let octets = octets(request.into_body(), limit).await?;
        if octets.is_empty() {
            return Err(Problem::malformed("the body is empty; a JSON object is needed"));
        }
        parse(&octets)
    }

    /// Reads a body that may be left out, which counts as `{}`.
    pub(crate) async fn or_empty(request: Request) -> Result<Self, Problem> {
        let json = must_be_json(request.headers());
        let octets = octets(request.into_body(), BODY_LIMIT).await?;
        if octets.is_empty() {
            return Ok(Self(Value::Object(serde_json::Map::new())));
        }
        json?;
        parse(&octets)
    }

    /// The JSON value.
    pub(crate) fn value(&self) -> &Value {
        &self.0
    }

    /// Reads the object's fields; those that `read` leaves are refused.
    pub(crate) fn read<T>(
        self,
        read: impl FnOnce(&mut Object, &mut Faults) -> Option<T>,
    ) -> Result<T, Problem> {
        let mut object = Object::of_body(self.0)?;
        let mut faults = Faults::default();
        let value = read(&mut object, &mut faults);
        object.finish(&mut faults);
        faults.settle(value)
    }
}

fn parse(octets: &[u8]) -> Result<JsonBody, Problem> {
    json::parse(octets).map(JsonBody).map_err(|error| {
        let error = error.to_string();
        // The parser stumbles over what follows half a surrogate pair, and does not say so.
        let hint = if error.contains("hex escape") {
            "; a lone surrogate is no character"
        } else {
            ""
        };
        Problem::malformed(format!("the body is not valid JSON: {error}{hint}"))
    })
}

fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = given
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    Err(Problem::new(
        Kind::UnsupportedMediaType,
        "the body must be JSON, and Content-Type must say application/json",
    ))
}

/// Reads a body whole. One that is too long is read on for a while, and thrown away, before it is refused.
async fn octets(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut kept = Vec::new();
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::malformed("the body broke off before its end"))?;
        let Ok(data) = frame.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen <= limit {
            kept.extend_from_slice(&data);
        } else if seen > limit.saturating_mul(DRAINED) {
            break;
        } else {
            kept = Vec::new();
        }
    }
    if seen > limit {
        return Err(Problem::new(
            Kind::TooLarge,
            format!("the body is larger than {limit} octets"),
        ));
    }
    Ok(kept.into())
}
