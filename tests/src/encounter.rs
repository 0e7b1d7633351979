//! Two people at their browsers: Ana, who asks and has no account, and Tomás, who answers at the desk.

use recado_test_support::servers::Chromium;
use recado_test_support::smtp_server::{ReceivedMail, SmtpServer};

use crate::browser::{Browser, Setting};
use crate::daemon::{Installation, Store};
use crate::desk::{ANA, Desk, TOMAS};
use crate::gallery::{PASSWORD, link_in, person};

/// Their ticket.
pub const TICKET: &str = "4711";

/// The two, signed in, each with the ticket's page open.
pub struct Encounter {
    /// Ana's browser, on the portal.
    pub requester: Browser,
    /// Tomás's browser, at the desk.
    pub technician: Browser,
    /// The desk.
    pub desk: Desk,
    /// The server that the mails go through.
    pub server: SmtpServer,
}

impl Encounter {
    /// Brings them together. `hold` is how long a message can be taken back.
    ///
    /// # Panics
    /// One of them cannot sign in.
    pub async fn arrange(chromium: &Chromium, setting: Setting, hold: &str) -> Self {
        let server = SmtpServer::start().await;
        let sections = format!("[delivery]\nhold_pages = \"{hold}\"\n[desk]\nname = \"Mesa\"\n");
        let installation = Installation::new(&Store::Sqlite, &sections);
        person(&installation, TOMAS, "Tomás Técnico", "technician");
        let desk = Desk::start_in(installation);
        desk.sends_through(server.port()).await;
        desk.api.set(33, desk.daemon.base()).await;
        desk.ticket(TICKET).await;

        let technician = Browser::open(chromium, desk.daemon.base(), setting).await;
        technician.sign_in(TOMAS, PASSWORD).await;
        technician.goto(&format!("/desk/{TICKET}")).await;
        let requester = Browser::open(chromium, desk.daemon.base(), setting).await;
        requester.ask_for_link(ANA).await;
        let link = link_in(&newest_to(&server, ANA, 1).await, desk.daemon.base(), "/sign-in/");
        requester.goto(&link.expect("the mail has a link")).await;
        requester.follow("form[action^='/sign-in/'] button").await;
        requester.goto(&format!("/tickets/{TICKET}")).await;
        Self {
            requester,
            technician,
            desk,
            server,
        }
    }
}

/// The newest mail to somebody, once as many have arrived in all.
///
/// # Panics
/// None was for them.
pub async fn newest_to(server: &SmtpServer, email: &str, count: usize) -> ReceivedMail {
    let mails = server.wait_for(count).await;
    let mail = mails.into_iter().rev().find(|mail| mail.to == email);
    mail.unwrap_or_else(|| panic!("no mail for {email} among {count}"))
}

/// Writes on a ticket's page and sends it.
pub async fn write(browser: &Browser, text: &str) {
    browser.fill("#write textarea[name=text]", text).await;
    browser.click("#write button.send").await;
}
