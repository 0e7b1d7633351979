//! A composer whose mails are read at a glance, and a mail server that answers by script.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use recado_domain::channel::OutgoingAccount;
use recado_domain::reply::Reply;
use recado_ports::mail::{
    Automatic, ComposeError, Composer, Envelope, MailDraft, MailSession, Mailbox, SendError, Transport,
};
use tokio::sync::watch;

/// Writes a draft down as headers and text, nothing encoded. Good to look at in a test, not fit for sending.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainComposer;

impl Composer for PlainComposer {
    fn compose(&self, draft: &MailDraft) -> Result<Vec<u8>, ComposeError> {
        let mailbox = |mailbox: &Mailbox| match &mailbox.name {
            Some(name) => format!("{name} <{}>", mailbox.address),
            None => mailbox.address.to_string(),
        };
        let mut headers = vec![("From", mailbox(&draft.from)), ("To", mailbox(&draft.to))];
        headers.extend(
            draft
                .reply_to
                .iter()
                .map(|reply_to| ("Reply-To", mailbox(reply_to))),
        );
        headers.push(("Subject", draft.subject.clone()));
        headers.push(("Date", draft.date.to_string()));
        headers.push(("Message-ID", draft.message_id.to_string()));
        headers.extend(draft.in_reply_to.iter().map(|id| ("In-Reply-To", id.to_string())));
        if !draft.references.is_empty() {
            let references: Vec<_> = draft.references.iter().map(ToString::to_string).collect();
            headers.push(("References", references.join(" ")));
        }
        match draft.automatic {
            Automatic::No => {}
            Automatic::Generated => headers.push(("Auto-Submitted", "auto-generated".to_owned())),
            Automatic::Replied => headers.push(("Auto-Submitted", "auto-replied".to_owned())),
        }
        let mut mail = String::new();
        for (name, value) in headers {
            write!(mail, "{name}: {value}\r\n").expect("a string takes any text");
        }
        let parts = [Some(&draft.text), draft.html.as_ref()];
        for part in parts.into_iter().flatten() {
            write!(mail, "\r\n{}\r\n", part.replace('\n', "\r\n")).expect("a string takes any text");
        }
        for image in &draft.images {
            let size = image.content.len();
            write!(
                mail,
                "\r\n[picture {}, {}, {size} octets]\r\n",
                image.name, image.content_type
            )
            .expect("a string takes any text");
        }
        for attachment in &draft.attachments {
            let size = attachment.content.len();
            write!(
                mail,
                "\r\n[{}, {}, {size} octets]\r\n",
                attachment.name, attachment.content_type
            )
            .expect("a string takes any text");
        }
        Ok(mail.into_bytes())
    }
}

/// A mail that a [`ScriptedTransport`] took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMail {
    /// Which connection brought it, from 1.
    pub connection: usize,
    /// Sender and recipient.
    pub envelope: Envelope,
    /// Its octets.
    pub message: Vec<u8>,
}

/// A mail server that takes everything, save where a test put an answer into its script.
///
/// Answers are used up in order, one per connection or mail. Clones share script and mails.
///
/// ```
/// use recado_domain::reply::Reply;
/// use recado_ports::mail::SendError;
/// use recado_test_support::fakes::ScriptedTransport;
///
/// let server = ScriptedTransport::new();
/// server.on_begin(Err(SendError::Retry(Reply::new(450, "4.2.1 try again later"))));
/// assert!(server.sent().is_empty());
/// ```
#[derive(Clone, Default)]
pub struct ScriptedTransport(Arc<Server>);

#[derive(Default)]
struct Server {
    script: Mutex<Script>,
    /// How many messages came in whole, refused ones included.
    arrived: watch::Sender<usize>,
}

#[derive(Default)]
struct Script {
    connect: VecDeque<Result<(), SendError>>,
    begin: VecDeque<Result<(), SendError>>,
    finish: VecDeque<Finish>,
    connections: usize,
    quits: usize,
    accounts: Vec<OutgoingAccount>,
    begun: Vec<Envelope>,
    sent: Vec<SentMail>,
}

enum Finish {
    Answer(Result<Reply, SendError>),
    /// The server took the message, and what became of the answer is lost to the client.
    TakenButLost(SendError),
    Hang,
}

impl ScriptedTransport {
    /// A server that takes everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// What becomes of the next connection that has no answer yet.
    pub fn on_connect(&self, answer: Result<(), SendError>) {
        self.script().connect.push_back(answer);
    }

    /// What becomes of the next mail at sender and recipient.
    pub fn on_begin(&self, answer: Result<(), SendError>) {
        self.script().begin.push_back(answer);
    }

    /// What becomes of the next mail at its final dot.
    pub fn on_finish(&self, answer: Result<Reply, SendError>) {
        self.script().finish.push_back(Finish::Answer(answer));
    }

    /// The next mail is taken, and the client never learns it.
    pub fn lose_answer(&self, detail: &str) {
        self.script()
            .finish
            .push_back(Finish::TakenButLost(SendError::Unsure(detail.to_owned())));
    }

    /// The next mail's final dot is never answered.
    pub fn hang_on_finish(&self) {
        self.script().finish.push_back(Finish::Hang);
    }

    /// The mails taken, in order.
    pub fn sent(&self) -> Vec<SentMail> {
        self.script().sent.clone()
    }

    /// Every envelope that began, in order, refused ones too.
    pub fn begun(&self) -> Vec<Envelope> {
        self.script().begun.clone()
    }

    /// The accounts connected with, in order, refused connections too.
    pub fn accounts(&self) -> Vec<OutgoingAccount> {
        self.script().accounts.clone()
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.script().connections
    }

    /// How many connections ended with a farewell.
    pub fn quits(&self) -> usize {
        self.script().quits
    }

    /// Returns once this many messages came to their final dot, whatever the answer.
    pub async fn arrived(&self, messages: usize) {
        let mut arrived = self.0.arrived.subscribe();
        arrived
            .wait_for(|count| *count >= messages)
            .await
            .expect("the transport outlives its watcher");
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.script.lock().expect("no holder of the script panics")
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn connect(&self, account: &OutgoingAccount) -> Result<Box<dyn MailSession>, SendError> {
        let mut script = self.script();
        script.accounts.push(account.clone());
        script.connect.pop_front().unwrap_or(Ok(()))?;
        script.connections += 1;
        let connection = script.connections;
        Ok(Box::new(ScriptedSession {
            server: self.clone(),
            connection,
            envelope: None,
            announced: None,
            usable: true,
        }))
    }
}

struct ScriptedSession {
    server: ScriptedTransport,
    connection: usize,
    envelope: Option<Envelope>,
    announced: Option<Envelope>,
    usable: bool,
}

impl ScriptedSession {
    /// Keeps the connection only after an answer that concerns the one mail.
    fn judge<T>(&mut self, answer: Result<T, SendError>) -> Result<T, SendError> {
        self.usable = match &answer {
            Ok(_) => true,
            Err(error) => matches!(
                error,
                SendError::Throttled(_)
                    | SendError::Retry(_)
                    | SendError::Rejected { .. }
                    | SendError::OurFault(_)
                    | SendError::TooLarge(_)
                    | SendError::Impossible(_)
            ),
        };
        answer
    }
}

#[async_trait]
impl MailSession for ScriptedSession {
    async fn begin(&mut self, envelope: &Envelope) -> Result<(), SendError> {
        assert!(self.usable, "a mail begins on a connection in doubt");
        if let Some(announced) = self.announced.take() {
            assert_eq!(announced, *envelope, "another mail was announced");
        }
        let answer = {
            let mut script = self.server.script();
            script.begun.push(envelope.clone());
            script.begin.pop_front().unwrap_or(Ok(()))
        };
        self.envelope = answer.is_ok().then(|| envelope.clone());
        self.judge(answer)
    }

    async fn finish<'a>(&mut self, message: &[u8], next: Option<&'a Envelope>) -> Result<Reply, SendError> {
        let envelope = self.envelope.take().expect("a message follows a begun mail");
        // Dropped in the middle, the connection is in doubt.
        self.usable = false;
        let answer = {
            let mut script = self.server.script();
            let step = script.finish.pop_front();
            let queue_id = script.sent.len() + 1;
            let finish = step.unwrap_or_else(|| {
                Finish::Answer(Ok(Reply::new(250, &format!("2.0.0 queued as {queue_id}"))))
            });
            if matches!(finish, Finish::Answer(Ok(_)) | Finish::TakenButLost(_)) {
                script.sent.push(SentMail {
                    connection: self.connection,
                    envelope,
                    message: message.to_vec(),
                });
            }
            match finish {
                Finish::Answer(answer) => Some(answer),
                Finish::TakenButLost(error) => Some(Err(error)),
                Finish::Hang => None,
            }
        };
        self.server.0.arrived.send_modify(|count| *count += 1);
        match answer {
            Some(answer) => {
                let answer = self.judge(answer);
                self.announced = next.filter(|_| self.usable).cloned();
                answer
            }
            None => std::future::pending().await,
        }
    }

    fn is_usable(&self) -> bool {
        self.usable
    }

    fn welcome(&self) -> &'static str {
        "220 mail.example.org ready"
    }

    async fn quit(self: Box<Self>) {
        if self.announced.is_none() {
            self.server.script().quits += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builders::{address, draft, id, outgoing_account};

    fn envelope() -> Envelope {
        let message_id = recado_domain::token::MessageId::parse(&format!("{}@example.org", id())).unwrap();
        Envelope {
            from: address("desk@example.org"),
            to: address("ana@example.com"),
            size: 4,
            message_id,
            reports: recado_ports::mail::Reports::default(),
        }
    }

    async fn send(session: &mut dyn MailSession) -> Result<Reply, SendError> {
        session.begin(&envelope()).await?;
        session.finish(b"mail", None).await
    }

    #[tokio::test]
    async fn a_mail_is_taken_unless_the_script_says_otherwise() {
        let server = ScriptedTransport::new();
        let refused = SendError::Retry(Reply::new(450, "4.2.1 later"));
        server.on_begin(Err(refused.clone()));
        server.on_finish(Err(SendError::OurFault(Reply::new(554, "5.6.0 what"))));
        let mut session = server.connect(&outgoing_account()).await.unwrap();
        assert_eq!(send(session.as_mut()).await, Err(refused));
        assert!(send(session.as_mut()).await.is_err());
        assert_eq!(server.sent(), []);
        assert!(session.is_usable());
        assert!(send(session.as_mut()).await.unwrap().is_positive());
        session.quit().await;
        let sent = server.sent();
        assert_eq!(
            (sent.len(), sent[0].connection, sent[0].message.as_slice()),
            (1, 1, b"mail".as_slice())
        );
        assert_eq!(
            (server.begun().len(), server.connections(), server.quits()),
            (3, 1, 1)
        );
    }

    #[tokio::test]
    async fn a_lost_answer_leaves_the_mail_with_the_server_and_the_connection_in_doubt() {
        let server = ScriptedTransport::new();
        server.lose_answer("reset");
        let mut session = server.connect(&outgoing_account()).await.unwrap();
        assert_eq!(
            send(session.as_mut()).await,
            Err(SendError::Unsure("reset".to_owned()))
        );
        assert_eq!(server.sent().len(), 1);
        assert!(!session.is_usable());
    }

    #[tokio::test]
    async fn a_server_that_hangs_is_seen_to_have_the_message() {
        let server = ScriptedTransport::new();
        server.hang_on_finish();
        let mut session = server.connect(&outgoing_account()).await.unwrap();
        tokio::select! {
            answer = send(session.as_mut()) => panic!("{answer:?}"),
            () = server.arrived(1) => {}
        }
        assert!(!session.is_usable());
        assert_eq!(server.sent(), []);
    }

    #[tokio::test]
    async fn a_refused_connection_is_no_connection() {
        let server = ScriptedTransport::new();
        server.on_connect(Err(SendError::Channel(
            recado_domain::channel::ChannelFault::passing("refused"),
        )));
        assert!(server.connect(&outgoing_account()).await.is_err());
        assert_eq!((server.connections(), server.accounts().len()), (0, 1));
        assert!(server.connect(&outgoing_account()).await.is_ok());
    }

    #[test]
    fn a_composed_draft_shows_what_it_was_made_of() {
        let mut draft = draft("Solicitud 4711", "uno\ndos");
        draft.in_reply_to = Some(draft.message_id.clone());
        draft.references = vec![draft.message_id.clone(), draft.message_id.clone()];
        let mail = String::from_utf8(PlainComposer.compose(&draft).unwrap()).unwrap();
        let id = &draft.message_id;
        let head = "From: Tomás Técnico (Mesa de ayuda) <desk@example.org>\r\nTo: Ana Peña <ana@example.com>\r\n\
                    Subject: Solicitud 4711\r\nDate: 2026-11-22T10:00:00Z\r\n";
        let rest =
            format!("Message-ID: {id}\r\nIn-Reply-To: {id}\r\nReferences: {id} {id}\r\n\r\nuno\r\ndos\r\n");
        assert_eq!(mail, format!("{head}{rest}"));
    }
}
