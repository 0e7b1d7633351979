//! Trying the mailbox that the parameters describe: a session that looks, reads nothing and marks nothing.

use async_trait::async_trait;
use recado_domain::parameter::{Parameter, Parameters};
use recado_ports::mailbox::{MailboxCheck, MailboxFault, MailboxState};

use super::MailboxSettings;
use super::account::InboxAccount;
use super::fault;
use super::opening::{OpenMailbox, open};
use super::reader::Trust;
use super::session::Access;

/// Tries the mailbox as [`MailboxReader`](super::MailboxReader) would open it, whatever parameter 200 says.
pub struct MailboxTrial {
    /// What the configuration says.
    pub settings: MailboxSettings,
    /// See [`MailboxReader::trust`](super::MailboxReader::trust).
    pub tls: Trust,
}

#[async_trait]
impl MailboxCheck for MailboxTrial {
    async fn check(&self, parameters: &Parameters) -> Result<MailboxState, MailboxFault> {
        let account = InboxAccount::read(parameters).map_err(incomplete)?;
        self.look(&account).await.map_err(|fault| MailboxFault {
            message: fault.to_string(),
            remedy: Some(fault.kind.remedy().to_owned()),
        })
    }
}

impl MailboxTrial {
    async fn look(&self, account: &InboxAccount) -> Result<MailboxState, fault::MailboxFault> {
        let OpenMailbox {
            mut session,
            folder,
            said,
        } = open(&self.settings, &self.tls.0, account, Access::Look).await?;
        let server = account.server();
        let unseen = session
            .search("UNSEEN")
            .await
            .map_err(|error| fault::MailboxFault::passing(&server, format!("UID SEARCH: {error}")))?
            .map_err(|refusal| fault::MailboxFault::passing(&server, format!("UID SEARCH: {refusal}")))?;
        session.log_out().await;
        Ok(MailboxState {
            place: format!("{server}/{}", account.folder),
            greeting: said,
            messages: folder.exists.into(),
            unseen: unseen.len() as u64,
        })
    }
}

fn incomplete(parameter: Parameter) -> MailboxFault {
    MailboxFault {
        message: format!("{parameter} is not set"),
        remedy: Some(format!("set parameter {}", parameter.number())),
    }
}
