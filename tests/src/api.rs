//! A client of the API, as plain as `curl`: paths below `/api/v1`, JSON in and out.

use std::time::{Duration, Instant};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// How long a state may take to be reached.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two looks at a state that no event announces to a client.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The template of the tests: all six keys.
pub const TEMPLATE: &str = "<p>Hola, ${REQUESTERNAME}:</p><p>${USERNAME} ha escrito en ${IDSOLICITUDSERVICIO} \
    (${DATETIMECREATED}):</p><blockquote>${COMMENTTEXT}</blockquote><p>Atiende ${REQUESTRESPONSIBLENAME}</p>";

/// A client with a token.
#[derive(Clone)]
pub struct Api {
    client: Client,
    base: String,
    token: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body; null when it is no JSON.
    pub body: Value,
}

impl Api {
    /// A client of the daemon at `base`.
    pub fn new(base: &str, token: &str) -> Self {
        // A proxy in the environment has no business with a loopback address.
        let client = Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .expect("the client needs nothing");
        Self {
            client,
            base: base.to_owned(),
            token: token.to_owned(),
        }
    }

    /// The same daemon with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// A request that may fail, because the daemon may die.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Option<Answer> {
        let mut request = self
            .client
            .request(method, format!("{}/api/v1{path}", self.base))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let response = request.send().await.ok()?;
        let status = response.status();
        let body = response.bytes().await.ok()?;
        Some(Answer {
            status,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        })
    }

    /// Any request.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.try_send(method, path, body, None)
            .await
            .expect("the daemon answers")
    }

    /// `GET`, which must succeed.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None).await;
        assert!(answer.status.is_success(), "GET {path}: {answer:?}");
        answer.body
    }

    /// `GET` of anything but JSON, outside the API's prefix too when the path begins with `//`.
    pub async fn bytes(&self, path: &str) -> (StatusCode, Vec<u8>) {
        let url = match path.strip_prefix("//") {
            Some(outside) => format!("{}/{outside}", self.base),
            None => format!("{}/api/v1{path}", self.base),
        };
        let response = self
            .client
            .get(url)
            .bearer_auth(&self.token)
            .send()
            .await
            .expect("the daemon answers");
        let status = response.status();
        (
            status,
            response.bytes().await.expect("the daemon answers").to_vec(),
        )
    }

    /// `PUT`, which must succeed.
    pub async fn put(&self, path: &str, body: Value) -> Value {
        let answer = self.send(Method::PUT, path, Some(&body)).await;
        assert!(answer.status.is_success(), "PUT {path}: {answer:?}");
        answer.body
    }

    /// `POST`, which must succeed.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.send(Method::POST, path, Some(&body)).await;
        assert!(answer.status.is_success(), "POST {path}: {answer:?}");
        answer.body
    }

    /// Sets a parameter.
    pub async fn set(&self, number: u16, value: &str) -> Value {
        self.put(&format!("/parameters/{number}"), json!({ "value": value }))
            .await
    }

    /// Configures the service by parameters alone: the account, template 1 with all six keys, and 417.
    pub async fn configure(&self, smtp_port: u16) {
        let template = json!({
            "name": "Mensaje",
            "subject": "Ticket ${IDSOLICITUDSERVICIO}: mensaje de ${USERNAME}",
            "html": TEMPLATE,
            "active": true,
        });
        self.put("/templates/1", template).await;
        self.set(10, "desk@example.org").await;
        self.set(14, "127.0.0.1").await;
        self.set(269, &smtp_port.to_string()).await;
        self.set(417, "1").await;
    }

    /// A ticket of Ana's, with Tomás.
    pub async fn ticket(&self, number: &str) -> Value {
        let ticket = json!({
            "title": "Impresora atascada",
            "requester": { "name": "Ana Peña", "email": "ana@example.com" },
            "responsible": { "name": "Tomás Técnico", "email": "tomas@example.com" },
            "status": "open",
        });
        self.put(&format!("/tickets/{number}"), ticket).await
    }

    /// A comment by Ana; it goes to Tomás.
    pub async fn comment(&self, number: &str, text: &str) -> Value {
        let body = json!({ "text": text, "author": { "name": "Ana Peña", "email": "ana@example.com" } });
        self.post(&format!("/tickets/{number}/comments"), body).await
    }

    /// Waits until a delivery is in a state; gives it.
    pub async fn wait_for_state(&self, delivery: &str, state: &str) -> Value {
        self.wait_until(&format!("/deliveries/{delivery}"), |found| {
            found["state"] == state
        })
        .await
    }

    /// Waits until what a path gives fulfils a condition; gives it.
    pub async fn wait_until(&self, path: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.get(path).await;
            if condition(&found) {
                return found;
            }
            assert!(Instant::now() < deadline, "{path} stays {found:#}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// All items of a list, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.get(&format!("{path}{separator}limit=500{after}")).await;
            items.extend(
                page["items"]
                    .as_array()
                    .expect("a list has items")
                    .iter()
                    .cloned(),
            );
            match page["next"].as_str() {
                Some(cursor) => after = format!("&after={cursor}"),
                None => return items,
            }
        }
    }
}
