//! Who asks: a token in `Authorization: Bearer` (RFC 6750 §2.1), looked up by its hash, and how often it may.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use recado_app::access::Actor;

use super::Shared;
use super::problem::{Kind, Problem};

/// The account that a request's token belongs to, and the token, for those who must ask again later.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) token: String,
}

/// Lets a request pass whose token is an active account's, within the token's rate.
pub(super) async fn authenticate(
    State(state): State<Shared>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let token = bearer(request.headers()).ok_or_else(|| {
        Problem::new(
            Kind::Unauthenticated,
            "a token is needed, as `Authorization: Bearer TOKEN`",
        )
    })?;
    let actor = state.api.authenticate.run(&token).await?;
    let actor = actor.ok_or_else(|| {
        Problem::new(
            Kind::Unauthenticated,
            "the token is unknown, or its account is disabled",
        )
    })?;
    if let Actor::Person { token, .. } = &actor
        && let Err(wait) = state.rates.take(*token, state.options.clock.elapsed())
    {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let detail = format!("this token asks too often; come back in {seconds} s");
        return Err(Problem::new(Kind::TooManyRequests, detail).retry_after(seconds));
    }
    request.extensions_mut().insert(Caller { actor, token });
    Ok(next.run(request).await)
}

/// The one token of a request.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        // A route outside `authenticate` that asks for its caller must stay shut.
        caller.ok_or_else(|| Problem::new(Kind::Unauthenticated, "a token is needed"))
    }
}
