//! The door behind which mails are taken in: what IMAP and LMTP hand them to.

use async_trait::async_trait;
use recado_app::receive_mail::{Receipt, ReceiveError, ReceiveMail, ReceivedMail};

/// Takes mails in. [`ReceiveMail`] is the one that counts; tests have one that fails when they want it to.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Takes one mail in. A receipt means that it is durable, and nothing else does.
    async fn take(&self, mail: ReceivedMail) -> Result<Receipt, ReceiveError>;
}

#[async_trait]
impl Intake for ReceiveMail {
    async fn take(&self, mail: ReceivedMail) -> Result<Receipt, ReceiveError> {
        self.run(mail).await
    }
}
