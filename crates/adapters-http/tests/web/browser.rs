//! A browser that somebody has signed in with: it keeps a cookie, and sends forms as its pages have them.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Method, Request, header};
use recado_domain::person::EmailAddress;
use recado_ports::people::People;
use recado_ports::sessions::{NewSession, SecretHash, Sessions};
use recado_test_support::builders;
use sha2::{Digest, Sha256};

use crate::harness::{Answer, Desk};

/// What separates the parts of a form with files.
const BOUNDARY: &str = "----tests";

/// Somebody's browser.
pub(crate) struct Browser<'a> {
    desk: &'a Desk,
    cookie: String,
}

impl<'a> Browser<'a> {
    /// A browser that this account has signed in with.
    pub(crate) async fn of(desk: &'a Desk, email: &str) -> Self {
        let address = EmailAddress::parse(email).unwrap();
        let user = desk.store.find_user(&address).await.unwrap().unwrap();
        let secret = format!("{:0<43}", email.replace(['@', '.'], "-"));
        let hash = SecretHash(data_encoding::HEXLOWER.encode(&Sha256::digest(&secret)));
        let session = NewSession {
            hash,
            ..builders::session(&user)
        };
        Sessions::open(&desk.store, &session).await.unwrap();
        Self {
            desk,
            cookie: format!("__Host-recado={secret}"),
        }
    }

    /// A browser that nobody has signed in with.
    pub(crate) fn of_nobody(desk: &'a Desk) -> Self {
        Self {
            desk,
            cookie: String::new(),
        }
    }

    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::ACCEPT_LANGUAGE, "es")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).body(Body::empty()).unwrap();
        self.desk.send(request).await
    }

    /// What the script gets.
    pub(crate) async fn fragment(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).header("x-recado-fragment", "1");
        self.desk.send(request.body(Body::empty()).unwrap()).await
    }

    /// A page, which must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", text(&answer));
        text(&answer)
    }

    /// The token of this browser's forms.
    pub(crate) async fn csrf(&self) -> String {
        let page = self.page("/settings").await;
        value(&page, "csrf").expect("a page has forms")
    }

    /// Sends a form with these fields and the page's token.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf().await;
        let mut body = format!("csrf={csrf}");
        for (name, value) in fields {
            write!(body, "&{name}=").unwrap();
            for octet in value.bytes() {
                write!(body, "%{octet:02X}").unwrap();
            }
        }
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.desk.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Sends a form with files: name, type, content.
    pub(crate) async fn upload(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &str, &[u8])],
    ) -> Answer {
        let csrf = self.csrf().await;
        let mut body = Vec::new();
        for (name, value) in fields.iter().copied().chain([("csrf", csrf.as_str())]) {
            body.extend(
                format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .bytes(),
            );
        }
        for (name, content_type, content) in files {
            body.extend(
                format!(
                    "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\
                     content-type: {content_type}\r\n\r\n"
                )
                .bytes(),
            );
            body.extend(*content);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{BOUNDARY}--\r\n").bytes());
        let request = self.request(Method::POST, path).header(
            header::CONTENT_TYPE,
            format!("multipart/form-data; boundary={BOUNDARY}"),
        );
        self.desk.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Writes a message, which must be taken.
    pub(crate) async fn write(&self, path: &str, text: &str) {
        let answer = self
            .upload(&format!("{path}/messages"), &[("text", text)], &[])
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, path),
            "{}",
            self::text(&answer)
        );
    }
}

/// What an answer says.
pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// The value of a page's first hidden field of this name.
pub(crate) fn value(page: &str, name: &str) -> Option<String> {
    after(page, &format!("name=\"{name}\" value=\"")).map(ToOwned::to_owned)
}

/// What stands behind a text, up to the next quote.
pub(crate) fn after<'t>(page: &'t str, beginning: &str) -> Option<&'t str> {
    let (_, rest) = page.split_once(beginning)?;
    rest.split('"').next()
}
