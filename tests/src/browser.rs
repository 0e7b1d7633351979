//! A person at a browser: real Chromium, looked at and used as a person does, every wait with a deadline.

mod checks;
mod protocol;

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fantoccini::elements::Element;
use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use recado_test_support::servers::Chromium;
use serde_json::{Value, json};

use self::protocol::{BrowserLog, DevTools};

/// How long a page may take to show something.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two looks at a page.
const LOOK_AGAIN: Duration = Duration::from_millis(30);

/// The size of a screen, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// 390 × 844, touched.
    Phone,
    /// 1280 × 800, with a pointer.
    Desk,
}

impl Screen {
    /// Width and height.
    pub fn size(self) -> (u32, u32) {
        match self {
            Self::Phone => (390, 844),
            Self::Desk => (1280, 800),
        }
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Scheme {
    /// As a style sheet's media query names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Whether the browser runs the pages' scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// It does.
    On,
    /// Its owner switched them off.
    Off,
}

/// How somebody's browser is set.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The language that it asks for, `es`.
    pub language: &'static str,
    /// Its screen.
    pub screen: Screen,
    /// Its colours.
    pub scheme: Scheme,
    /// Its scripts.
    pub scripts: Scripts,
}

impl Default for Setting {
    /// A light desk in Spanish.
    fn default() -> Self {
        Self {
            language: "es",
            screen: Screen::Desk,
            scheme: Scheme::Light,
            scripts: Scripts::On,
        }
    }
}

/// A browser with a profile of its own: nobody is signed in, nothing is remembered.
pub struct Browser {
    client: Client,
    base: String,
}

impl Browser {
    /// Opens one. Paths are those of the daemon at `base`.
    ///
    /// # Panics
    /// The browser does not start.
    pub async fn open(chromium: &Chromium, base: &str, setting: Setting) -> Self {
        let mut preferences = json!({ "intl.accept_languages": setting.language });
        if setting.scripts == Scripts::Off {
            preferences["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        let options = json!({
            "binary": chromium.program(),
            "args": Chromium::arguments(),
            "prefs": preferences,
        });
        let capabilities: Capabilities = [
            ("goog:chromeOptions".to_owned(), options),
            ("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" })),
        ]
        .into_iter()
        .collect();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://{}", chromium.driver()))
            .await
            .unwrap_or_else(|error| panic!("no browser: {error}"));
        let browser = Self {
            client,
            base: base.to_owned(),
        };
        browser.show_on(setting.screen).await;
        browser.paint(setting.scheme).await;
        browser
    }

    /// Changes the screen.
    pub async fn show_on(&self, screen: Screen) {
        let (width, height) = screen.size();
        let is_phone = screen == Screen::Phone;
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone }),
        )
        .await;
        self.devtools(
            "Emulation.setTouchEmulationEnabled",
            json!({ "enabled": is_phone }),
        )
        .await;
    }

    /// Changes the colours.
    pub async fn paint(&self, scheme: Scheme) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme.name() },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features }))
            .await;
    }

    /// Changes the language that it asks for, from the next request on.
    pub async fn speak(&self, language: &str) {
        let agent = self.run("return navigator.userAgent", vec![]).await;
        self.devtools(
            "Emulation.setUserAgentOverride",
            json!({ "userAgent": agent, "acceptLanguage": language }),
        )
        .await;
    }

    /// Signs in by password.
    ///
    /// # Panics
    /// Nobody is let in.
    pub async fn sign_in(&self, email: &str, password: &str) {
        self.goto("/sign-in").await;
        self.fill("input[name=email]", email).await;
        self.fill("input[name=password]", password).await;
        self.follow("button[name=way][value=password]").await;
        let path = self.path().await;
        assert!(
            !path.starts_with("/sign-in"),
            "{email} stays at {path}:\n{}",
            self.text().await
        );
    }

    /// Asks for a link by mail.
    pub async fn ask_for_link(&self, email: &str) {
        self.goto("/sign-in").await;
        self.fill("input[name=email]", email).await;
        self.follow("button[name=way][value=link]").await;
    }

    /// A command of the `DevTools` protocol.
    ///
    /// # Panics
    /// The browser refuses it.
    pub async fn devtools(&self, command: &'static str, parameters: Value) -> Value {
        let command = DevTools { command, parameters };
        self.client
            .issue_cmd(command.clone())
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", command.command))
    }

    /// Opens a page: a path of the daemon's, or an address as a mail has it.
    pub async fn goto(&self, path: &str) {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        self.client
            .goto(&url)
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Loads the page anew.
    pub async fn reload(&self) {
        self.client
            .refresh()
            .await
            .unwrap_or_else(|error| panic!("the page does not reload: {error}"));
    }

    /// Where it is: path and query.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("a browser is somewhere");
        match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        }
    }

    /// The page's title.
    pub async fn title(&self) -> String {
        self.client.title().await.expect("a page has a title")
    }

    /// What a person reads on the page.
    pub async fn text(&self) -> String {
        self.text_of("body").await
    }

    /// What a person reads in the first element that a selector finds; empty where there is none.
    pub async fn text_of(&self, selector: &str) -> String {
        let script =
            "const found = document.querySelector(arguments[0]); return found ? found.innerText : ''";
        let text = self.run(script, vec![json!(selector)]).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What a person reads in each element that a selector finds.
    pub async fn texts_of(&self, selector: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map((found) => found.innerText)";
        let texts = self.run(script, vec![json!(selector)]).await;
        let texts = texts.as_array().cloned().unwrap_or_default();
        texts
            .iter()
            .map(|text| text.as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// How many elements a selector finds.
    pub async fn count(&self, selector: &str) -> usize {
        let found = self
            .run(
                "return document.querySelectorAll(arguments[0]).length",
                vec![json!(selector)],
            )
            .await;
        found
            .as_u64()
            .and_then(|count| usize::try_from(count).ok())
            .unwrap_or_default()
    }

    /// An attribute of the first element that a selector finds.
    pub async fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let script = "const found = document.querySelector(arguments[0]); return found && found.getAttribute(arguments[1])";
        let value = self.run(script, vec![json!(selector), json!(name)]).await;
        value.as_str().map(ToOwned::to_owned)
    }

    /// Runs a function's body in the page, as its developer tools do; gives what it returns.
    ///
    /// # Panics
    /// It throws.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client
            .execute(script, arguments)
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// As [`run`](Self::run); the last argument is a function that takes the result.
    ///
    /// # Panics
    /// It throws.
    pub async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client
            .execute_async(script, arguments)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", &script[..script.len().min(200)]))
    }

    /// Waits for an element that a person sees; gives it.
    ///
    /// # Panics
    /// There is none in time; the message has the page's text.
    pub async fn find(&self, selector: &str) -> Element {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(element) = self.client.find(Locator::Css(selector)).await
                && element.is_displayed().await.unwrap_or_default()
            {
                return element;
            }
            self.look_again(deadline, &format!("no {selector}")).await;
        }
    }

    /// Clicks, once the element is there and nothing covers it.
    ///
    /// # Panics
    /// It cannot be clicked in time.
    pub async fn click(&self, selector: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let element = self.find(selector).await;
            match element.click().await {
                Ok(()) => return,
                Err(error) if is_passing(&error) => {}
                Err(error) => panic!("{selector} cannot be clicked: {error}"),
            }
            self.look_again(deadline, &format!("{selector} cannot be clicked"))
                .await;
        }
    }

    /// Clicks what leads to another page, and waits until that is there.
    ///
    /// # Panics
    /// The page stays.
    pub async fn follow(&self, selector: &str) {
        let mark = "document.documentElement.dataset.left = 'yes'";
        self.run(mark, vec![]).await;
        self.click(selector).await;
        let deadline = Instant::now() + PATIENCE;
        let arrived = "return document.readyState === 'complete' && !document.documentElement.dataset.left";
        while self.client.execute(arrived, vec![]).await.ok() != Some(json!(true)) {
            self.look_again(deadline, &format!("{selector} leads nowhere"))
                .await;
        }
    }

    /// Empties a field and types into it.
    ///
    /// # Panics
    /// It takes no text.
    pub async fn fill(&self, selector: &str, text: &str) {
        let field = self.find(selector).await;
        field
            .clear()
            .await
            .unwrap_or_else(|error| panic!("{selector}: {error}"));
        self.type_into(selector, text).await;
    }

    /// Types.
    ///
    /// # Panics
    /// The element takes no text.
    pub async fn type_into(&self, selector: &str, text: &str) {
        let field = self.find(selector).await;
        field
            .send_keys(text)
            .await
            .unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Gives a file to a field, which a style sheet may hide behind its label.
    ///
    /// # Panics
    /// It takes none.
    pub async fn attach(&self, selector: &str, file: &std::path::Path) {
        let field = self
            .client
            .find(Locator::Css(selector))
            .await
            .unwrap_or_else(|error| panic!("{selector}: {error}"));
        field
            .send_keys(&file.display().to_string())
            .await
            .unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Chooses from a list by value.
    ///
    /// # Panics
    /// There is no such value.
    pub async fn choose(&self, selector: &str, value: &str) {
        let list = self.find(selector).await;
        list.select_by_value(value)
            .await
            .unwrap_or_else(|error| panic!("{selector} has no {value}: {error}"));
    }

    /// Waits until an element's text has a part, without touching the page.
    ///
    /// # Panics
    /// It has not in time; the message has the page's text.
    pub async fn sees(&self, selector: &str, part: &str) {
        self.sees_within(selector, part, PATIENCE).await;
    }

    /// As [`sees`](Self::sees), with a bound of one's own.
    pub async fn sees_within(&self, selector: &str, part: &str, at_most: Duration) {
        let script = "return [...document.querySelectorAll(arguments[0])]\
            .some((found) => found.innerText.includes(arguments[1]))";
        self.wait_until(
            &format!("{part:?} in {selector}"),
            script,
            vec![json!(selector), json!(part)],
            at_most,
        )
        .await;
    }

    /// Waits until a function's body returns true in the page.
    ///
    /// # Panics
    /// It does not in time; the message has the page's text.
    pub async fn wait_until(&self, what: &str, script: &str, arguments: Vec<Value>, at_most: Duration) {
        let deadline = Instant::now() + at_most;
        // A page that is just being left has no document: look again.
        while self.client.execute(script, arguments.clone()).await.ok() != Some(json!(true)) {
            self.look_again(deadline, what).await;
        }
    }

    async fn look_again(&self, deadline: Instant, what: &str) {
        if Instant::now() > deadline {
            let path = self.path().await;
            let text = self.text().await;
            panic!("{what} within {PATIENCE:?} on {path}:\n{text}");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }

    /// The page's cookies, as a request header has them.
    pub async fn cookies(&self) -> String {
        let cookies = self
            .client
            .get_all_cookies()
            .await
            .expect("a page's cookies can be read");
        let pairs: Vec<String> = cookies
            .iter()
            .map(|cookie| format!("{}={}", cookie.name(), cookie.value()))
            .collect();
        pairs.join("; ")
    }

    /// Forgets the cookies.
    pub async fn forget(&self) {
        self.client
            .delete_all_cookies()
            .await
            .expect("cookies can be forgotten");
    }

    /// What the browser complained about so far: violated policies, failed requests, errors in scripts.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(BrowserLog).await;
        let log = log.unwrap_or_else(|error| panic!("the browser's log: {error}"));
        let entries = log.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// What the driver says about the browser.
    pub fn capabilities(&self) -> Value {
        json!(self.client.capabilities().expect("the session has begun"))
    }

    /// A picture of the whole page, as PNG; at most so many pixels high.
    ///
    /// # Panics
    /// The browser takes none.
    pub async fn picture(&self, at_most: u32) -> Vec<u8> {
        let size = self
            .run(
                "return [document.documentElement.clientWidth, document.documentElement.scrollHeight]",
                vec![],
            )
            .await;
        let height = size[1].as_u64().unwrap_or_default().min(at_most.into());
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": height, "scale": 1 });
        let picture = self
            .devtools(
                "Page.captureScreenshot",
                json!({ "format": "png", "captureBeyondViewport": true, "clip": clip }),
            )
            .await;
        let data = picture["data"].as_str().expect("a picture has data");
        BASE64_STANDARD.decode(data).expect("a picture is in base64")
    }

    /// Ends it.
    pub async fn close(self) {
        self.client.close().await.expect("a browser can be closed");
    }
}

/// Whether a click failed for what the next moment may mend: the page moves, or its element was replaced.
fn is_passing(error: &CmdError) -> bool {
    let CmdError::Standard(error) = error else {
        return false;
    };
    matches!(
        error.error,
        ErrorStatus::ElementClickIntercepted
            | ErrorStatus::ElementNotInteractable
            | ErrorStatus::NoSuchElement
            | ErrorStatus::StaleElementReference
    )
}
