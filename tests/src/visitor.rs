//! Somebody without a browser: requests with cookies and forms, each answer as it is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use reqwest::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, HeaderMap, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Parts the fields of a form with files; no value holds it.
const BOUNDARY: &str = "----------------------a-form-of-the-tests";

/// A client of the pages, with a cookie for each name.
#[derive(Clone)]
pub struct Visitor {
    client: Client,
    base: String,
    language: String,
    cookies: BTreeMap<String, String>,
}

/// What was answered.
#[derive(Debug)]
pub struct Page {
    /// The path that was asked for.
    pub path: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as text.
    pub body: String,
}

impl Visitor {
    /// Somebody who was never here.
    pub fn new(base: &str, language: &str) -> Self {
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .expect("the client needs nothing");
        Self {
            client,
            base: base.to_owned(),
            language: language.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    /// Somebody with a browser's cookies, as [`Browser::cookies`](crate::browser::Browser::cookies) gives them.
    pub fn with_cookies(base: &str, language: &str, cookies: &str) -> Self {
        let pairs = cookies.split("; ").filter_map(|pair| pair.split_once('='));
        Self {
            cookies: pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Self::new(base, language)
        }
    }

    /// The same person in another language.
    #[must_use]
    pub fn speaking(&self, language: &str) -> Self {
        Self {
            language: language.to_owned(),
            ..self.clone()
        }
    }

    /// The cookies, as a request has them.
    pub fn cookies(&self) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    /// A request with this person's cookies, to be sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base))
            .header(ACCEPT_LANGUAGE, &self.language)
            .header(COOKIE, self.cookies())
    }

    /// Looks at a page.
    pub async fn get(&mut self, path: &str) -> Page {
        let request = self.request(Method::GET, path);
        self.take(path, request).await
    }

    /// Sends a form, as the page at `from` has it: with its hidden proof of where it comes from.
    ///
    /// # Panics
    /// The page has no form.
    pub async fn send(&mut self, from: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let proof = self.proof(from).await;
        let fields: Vec<(&str, &str)> = std::iter::once(("csrf", proof.as_str()))
            .chain(fields.iter().copied())
            .collect();
        let request = self.posted(path).form(&fields);
        self.take(path, request).await
    }

    /// As [`send`](Self::send), as forms that may hold files are sent.
    ///
    /// # Panics
    /// The page has no form.
    pub async fn upload(&mut self, from: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let proof = self.proof(from).await;
        let mut body = String::new();
        for (name, value) in std::iter::once(&("csrf", proof.as_str())).chain(fields) {
            write!(
                body,
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
            .expect("a text takes all that is written");
        }
        write!(body, "--{BOUNDARY}--\r\n").expect("a text takes all that is written");
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let request = self.posted(path).header(CONTENT_TYPE, kind).body(body);
        self.take(path, request).await
    }

    async fn proof(&mut self, from: &str) -> String {
        let page = self.get(from).await;
        page.hidden("csrf")
            .unwrap_or_else(|| panic!("{from} has no form: {}\n{}", page.status, page.body))
    }

    fn posted(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path).header(ORIGIN, &self.base)
    }

    async fn take(&mut self, path: &str, request: RequestBuilder) -> Page {
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("our cookies are ASCII");
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie has a name and a value");
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Page {
            path: path.to_owned(),
            status: response.status(),
            headers: response.headers().clone(),
            body: response
                .text()
                .await
                .unwrap_or_else(|error| panic!("{path}: {error}")),
        }
    }
}

impl Page {
    /// A header, empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Whether it is a page, and no file.
    pub fn is_html(&self) -> bool {
        self.header("content-type").starts_with("text/html")
    }

    /// The value of a form's hidden field.
    pub fn hidden(&self, name: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split_once('"').map(|(value, _)| unescaped(value))
    }

    /// Where its links lead within the daemon, each once, in their order.
    pub fn links(&self) -> Vec<String> {
        let mut links: Vec<String> = Vec::new();
        for link in self.body.split("<a ").skip(1) {
            let element = link.split_once('>').map_or(link, |(element, _)| element);
            let Some((_, rest)) = element.split_once("href=\"") else {
                continue;
            };
            let link = unescaped(rest.split_once('"').map_or(rest, |(link, _)| link));
            let link = link
                .split_once('#')
                .map_or(link.as_str(), |(link, _)| link)
                .to_owned();
            // A query alone stays on the page.
            let link = if link.starts_with('?') {
                let path = self.path.split('?').next().unwrap_or_default();
                format!("{path}{link}")
            } else {
                link
            };
            if link.starts_with('/') && !link.starts_with("//") && !links.contains(&link) {
                links.push(link);
            }
        }
        links
    }
}

/// Text as it was before it was put into an attribute.
fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#x2F;", "/")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
