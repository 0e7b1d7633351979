//! The scene of most tests of incoming mail: a desk that takes mail by LMTP, a scripted server as its way out, and the
//! requester with a mail in hand that the desk sent.

use recado_test_support::smtp_server::SmtpServer;
use serde_json::Value;

use crate::daemon::{Installation, Store};
use crate::desk::Desk;
use crate::mail_programs::{Answer, Received};

/// The ticket, of Ana's with Tomás.
pub const TICKET: &str = "4711";

/// What Tomás asked there.
pub const QUESTION: &str = "¿Sigue atascada?";

/// A desk, its way out, and Ana's copy of Tomás's question.
pub struct Scene {
    /// The desk.
    pub desk: Desk,
    /// The server that its mails go through.
    pub server: SmtpServer,
    /// The mail that Ana received.
    pub received: Received,
}

impl Scene {
    /// Sets it on SQLite. `sections` is TOML, with [`LMTP`](crate::desk::LMTP) in it.
    pub async fn set(sections: &str) -> Self {
        Self::set_in(Installation::new(&Store::Sqlite, sections)).await
    }

    /// Sets it in an installation.
    pub async fn set_in(installation: Installation) -> Self {
        let server = SmtpServer::start().await;
        let desk = Desk::start_in(installation);
        desk.sends_through(server.port()).await;
        desk.ticket(TICKET).await;
        desk.comment(TICKET, QUESTION).await;
        let received = Received::read(&server.wait_for(1).await[0].raw);
        Self {
            desk,
            server,
            received,
        }
    }

    /// Hands an answer over, and gives what became of it: its line in the ledger.
    pub async fn outcome_of(&self, answer: &Answer) -> Value {
        self.desk.take(answer);
        self.desk.outcome_of(answer).await
    }

    /// Hands an answer over, and gives the comment that it became on the ticket.
    ///
    /// # Panics
    /// It became none, or one in another's name or words.
    pub async fn posted(&self, answer: &Answer) -> Value {
        self.desk.take(answer);
        self.desk.posted(TICKET, answer).await
    }

    /// The last mail to somebody, once the desk has sent as many in all.
    ///
    /// # Panics
    /// None was for them.
    pub async fn last_mail_to(&self, email: &str, count: usize) -> Received {
        let mails = self.server.wait_for(count).await;
        let mail = mails.iter().rev().find(|mail| mail.to == email);
        Received::read(&mail.unwrap_or_else(|| panic!("no mail for {email}")).raw)
    }

    /// A ticket, as the API shows it.
    pub async fn ticket(&self, number: &str) -> Value {
        self.desk.api.get(&format!("/tickets/{number}")).await
    }

    /// How many mails became comments on the ticket.
    pub async fn posted_count(&self) -> usize {
        self.desk.mailed(TICKET).await.len()
    }
}
