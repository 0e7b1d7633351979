//! A browser: it keeps cookies, and sends the forms that pages have.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Method, Request, header};
use recado_domain::person::EmailAddress;
use recado_ports::clock::Clock;
use recado_ports::people::People;
use recado_ports::sessions::{NewSession, SecretHash, Sessions};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::harness::{Answer, Desk};

pub(crate) const SESSION: &str = "__Host-recado";

pub(crate) struct Visitor<'a> {
    desk: &'a Desk,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl<'a> Visitor<'a> {
    pub(crate) fn new(desk: &'a Desk) -> Self {
        Self {
            desk,
            cookies: BTreeMap::new(),
        }
    }

    /// A browser that an account has signed in with.
    pub(crate) async fn signed_in(desk: &'a Desk, email: &str) -> Self {
        let mut visitor = Self::new(desk);
        let secret = visitor.session_of(email).await;
        visitor.cookies.insert(SESSION.to_owned(), secret);
        visitor
    }

    /// Opens a session of an account in the store; gives its secret.
    pub(crate) async fn session_of(&self, email: &str) -> String {
        let store = &self.desk.store;
        let user = store
            .find_user(&EmailAddress::parse(email).unwrap())
            .await
            .unwrap();
        let now = self.desk.clock.now();
        let secret = format!("secret-of-{}", email.replace(['@', '.'], "-"));
        let session = NewSession {
            id: Uuid::from_bytes(Sha256::digest(email)[..16].try_into().unwrap()),
            user: user.unwrap().id,
            hash: SecretHash(data_encoding::HEXLOWER.encode(&Sha256::digest(&secret))),
            device: "test".to_owned(),
            opened_at: now,
            idle_until: now + jiff::SignedDuration::from_hours(1),
            ends_at: now + jiff::SignedDuration::from_hours(1),
        };
        Sessions::open(store, &session).await.unwrap();
        secret
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Builder {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = Request::builder().method(method).uri(path);
        if cookies.is_empty() {
            request
        } else {
            request.header(header::COOKIE, cookies.join("; "))
        }
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.desk.send(request).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let (value, attributes) = rest.split_once(';').unwrap();
            if attributes.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// Sends a form with the token that this browser's pages bear.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token().await;
        self.post_with(path, &token, fields).await
    }

    pub(crate) async fn post_with(&mut self, path: &str, token: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.body(Body::from(encoded(token, fields))).unwrap();
        self.send(request).await
    }

    /// The token of this browser's forms.
    pub(crate) async fn token(&mut self) -> String {
        let path = if self.cookies.contains_key(SESSION) {
            "/settings"
        } else {
            "/sign-in"
        };
        let page = text(&self.get(path).await);
        let (_, rest) = page
            .split_once("name=\"csrf\" value=\"")
            .expect("the page has a form");
        rest.split_once('"').unwrap().0.to_owned()
    }
}

pub(crate) fn encoded(token: &str, fields: &[(&str, &str)]) -> String {
    let mut body = format!("csrf={token}");
    for (name, value) in fields {
        body.extend(["&", name, "=", &quoted(value)]);
    }
    body
}

/// A text percent-encoded, every octet of it.
pub(crate) fn quoted(text: &str) -> String {
    text.bytes()
        .fold(String::new(), |quoted, octet| quoted + &format!("%{octet:02X}"))
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// Each cookie that an answer sets.
pub(crate) fn set_cookies(answer: &Answer) -> Vec<String> {
    let cookies = answer.headers.get_all(header::SET_COOKIE);
    cookies
        .iter()
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect()
}
