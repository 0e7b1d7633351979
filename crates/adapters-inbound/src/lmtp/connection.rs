//! One peer's dialogue.

use std::io;
use std::sync::Arc;

use recado_app::receive_mail::{ReceiveError, ReceivedMail};
use recado_app::stop::Stop;
use recado_domain::ledger::Via;
use recado_domain::person::EmailAddress;
use recado_ports::reader::MailEnvelope;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::LmtpOptions;
use super::command::{Command, Fault};
use super::gather::{Gathering, Loss};
use super::unstuff::{Fed, Unstuffer};
use super::wire::{Line, Wire};
use crate::intake::Intake;

/// Lines of one connection that may be no commands before it is closed: a peer that understands nothing will not begin to.
const MAX_REFUSALS: u32 = 100;

/// What all connections have in common.
pub(super) struct House {
    pub(super) receive: Arc<dyn Intake>,
    pub(super) options: LmtpOptions,
    /// The places for large mails.
    pub(super) large: Arc<Semaphore>,
    pub(super) stop: Stop,
}

/// A mail whose envelope has begun.
struct Transaction {
    from: String,
    /// One for each that was accepted; see [`Command::Rcpt`].
    recipients: Vec<Option<EmailAddress>>,
    /// The chunks so far.
    chunks: Option<Gathering>,
    /// When the message must have come.
    deadline: Option<Instant>,
}

/// Whether the dialogue goes on.
enum Then {
    GoOn,
    Close,
}

pub(super) struct Connection<S> {
    wire: Wire<S>,
    house: Arc<House>,
    greeted: bool,
    transaction: Option<Transaction>,
    refusals: u32,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn new(stream: S, house: Arc<House>) -> Self {
        Self {
            wire: Wire::new(stream, house.options.timeouts.command),
            house,
            greeted: false,
            transaction: None,
            refusals: 0,
        }
    }

    /// Talks until either side has had enough.
    pub(super) async fn run(mut self) -> io::Result<()> {
        let greeting = format!("220 {} LMTP ready", self.house.options.hostname);
        self.wire.say(&greeting).await?;
        while let Then::GoOn = self.exchange().await? {}
        self.wire.close().await
    }

    /// One command and its answer.
    async fn exchange(&mut self) -> io::Result<Then> {
        let house = self.house.clone();
        let under_way = self
            .transaction
            .as_ref()
            .is_some_and(|mail| mail.chunks.is_some());
        let patience = house.options.timeouts.command;
        let line = tokio::select! {
            biased;
            () = house.stop.requested(), if !under_way => {
                return self.part("421 4.3.2 The server is shutting down").await;
            }
            line = timeout(patience, self.wire.line()) => line,
        };
        let Ok(line) = line else {
            return self.part("421 4.4.2 No command came in time").await;
        };
        let command = match line? {
            Line::Whole(line) => Command::parse(&line),
            Line::TooLong => Err(Fault("500 5.5.2 The line is too long")),
            Line::Bare => return self.part("500 5.5.2 A bare CR or LF; lines end with CRLF").await,
        };
        match command {
            Ok(command) => self.obey(command).await,
            // What follows may be a chunk of unknown length, and must not be read as commands.
            Err(fault) if fault == Fault::BDAT => self.part(fault.0).await,
            Err(Fault(answer)) => self.refuse(answer).await,
        }
    }

    async fn obey(&mut self, command: Command) -> io::Result<Then> {
        match command {
            Command::Lhlo => self.greet().await,
            Command::Mail { from, size } => self.begin(from, size).await,
            Command::Rcpt { to } => self.address(to).await,
            Command::Data => self.data().await,
            Command::Bdat { size, last } => self.chunk(size, last).await,
            Command::Rset => {
                self.transaction = None;
                self.answer("250 2.0.0 Forgotten").await
            }
            Command::Noop => self.answer("250 2.0.0 Ok").await,
            Command::Vrfy => self.answer("252 2.5.0 Any recipient is accepted").await,
            Command::Quit => self.part("221 2.0.0 Bye").await,
        }
    }

    async fn greet(&mut self) -> io::Result<Then> {
        self.greeted = true;
        self.transaction = None;
        let LmtpOptions {
            hostname,
            largest_mail,
            ..
        } = &self.house.options;
        let offered = format!(
            "250-{hostname}\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
             250-SIZE {largest_mail}\r\n250 CHUNKING"
        );
        self.answer(&offered).await
    }

    async fn begin(&mut self, from: String, size: Option<u64>) -> io::Result<Then> {
        if !self.greeted {
            return self.answer("503 5.5.1 Say LHLO first").await;
        }
        if self.transaction.is_some() {
            return self.answer("503 5.5.1 A mail has begun; RSET forgets it").await;
        }
        let largest = self.house.options.largest_mail;
        if size.is_some_and(|size| usize::try_from(size).map_or(true, |size| size > largest)) {
            let answer = too_large(largest);
            return self.answer(&answer).await;
        }
        self.transaction = Some(Transaction {
            from,
            recipients: Vec::new(),
            chunks: None,
            deadline: None,
        });
        self.answer("250 2.1.0 Ok").await
    }

    async fn address(&mut self, to: Option<EmailAddress>) -> io::Result<Then> {
        let most = self.house.options.recipients;
        match &mut self.transaction {
            None => self.answer("503 5.5.1 Say MAIL first").await,
            Some(mail) if mail.chunks.is_some() => self.answer("503 5.5.1 The message has begun").await,
            Some(mail) if mail.recipients.len() >= most => {
                self.answer("452 4.5.3 Too many recipients; send the mail again to the others")
                    .await
            }
            Some(mail) => {
                mail.recipients.push(to);
                self.answer("250 2.1.5 Ok").await
            }
        }
    }

    async fn data(&mut self) -> io::Result<Then> {
        let ready = self
            .transaction
            .take_if(|mail| mail.chunks.is_none() && !mail.recipients.is_empty());
        let Some(mail) = ready else {
            let answer = match &self.transaction {
                Some(mail) if mail.chunks.is_some() => "503 5.5.1 The message has begun with BDAT",
                // RFC 2033 §4.2: without a recipient DATA must fail.
                Some(_) => "503 5.5.1 There is no recipient",
                None => "503 5.5.1 Say MAIL first",
            };
            return self.answer(answer).await;
        };
        self.wire
            .say("354 Go on; end with a dot on a line of its own")
            .await?;
        let mut message = self.gathering();
        if self.read_stuffed(&mut message).await? {
            self.take(mail, message).await
        } else {
            self.part("421 4.4.2 The message did not come in time").await
        }
    }

    /// Reads up to the final dot; `false` when it did not come in time.
    async fn read_stuffed(&mut self, message: &mut Gathering) -> io::Result<bool> {
        let timeouts = self.house.options.timeouts;
        let deadline = Instant::now() + timeouts.message;
        let mut unstuffer = Unstuffer::default();
        loop {
            let until = deadline.min(Instant::now() + timeouts.block);
            let Ok(block) = timeout_at(until, self.wire.block()).await else {
                return Ok(false);
            };
            let block = block?;
            let fed = unstuffer.feed(block, message.octets());
            let taken = match fed {
                Fed::All => block.len(),
                Fed::Ended(taken) => taken,
            };
            self.wire.consume(taken);
            message.settle(timeouts.block).await;
            if fed != Fed::All {
                return Ok(true);
            }
        }
    }

    async fn chunk(&mut self, size: u64, last: bool) -> io::Result<Then> {
        let mut mail = self.transaction.take().filter(|mail| !mail.recipients.is_empty());
        let timeouts = self.house.options.timeouts;
        let now = Instant::now();
        let (mut message, deadline) = match &mut mail {
            Some(mail) => (
                mail.chunks.take().unwrap_or_else(|| self.gathering()),
                *mail.deadline.get_or_insert(now + timeouts.message),
            ),
            // The octets follow whatever we think of them (RFC 3030 §2).
            None => (self.gathering(), now + timeouts.message),
        };
        if mail.is_none() || !message.has_room_for(size) {
            message.refuse();
        }
        if !self.read_chunk(&mut message, size, deadline).await? {
            return self.part("421 4.4.2 The message did not come in time").await;
        }
        let Some(mut mail) = mail else {
            return self.answer("503 5.5.1 Say MAIL and RCPT first").await;
        };
        if last {
            return self.take(mail, message).await;
        }
        let loss = message.loss();
        mail.chunks = Some(message);
        self.transaction = Some(mail);
        match loss {
            None => self.answer("250 2.0.0 Go on").await,
            Some(loss) => {
                let answer = self.lost(loss);
                self.answer(&answer).await
            }
        }
    }

    /// Reads a chunk whole; `false` when it did not come in time.
    async fn read_chunk(
        &mut self,
        message: &mut Gathering,
        size: u64,
        deadline: Instant,
    ) -> io::Result<bool> {
        let patience = self.house.options.timeouts.block;
        let mut missing = size;
        while missing > 0 {
            let until = deadline.min(Instant::now() + patience);
            let Ok(block) = timeout_at(until, self.wire.block()).await else {
                return Ok(false);
            };
            let block = block?;
            let taken = usize::try_from(missing).map_or(block.len(), |missing| missing.min(block.len()));
            message.octets().extend_from_slice(&block[..taken]);
            self.wire.consume(taken);
            missing -= taken as u64;
            message.settle(patience).await;
        }
        Ok(true)
    }

    /// Hands a whole message over, once for each recipient, and gives each its answer as soon as it is known.
    async fn take(&mut self, mail: Transaction, message: Gathering) -> io::Result<Then> {
        let (mut raw, place) = match message.finish() {
            Ok(whole) => whole,
            Err(loss) => {
                let answer = self.lost(loss);
                for _ in &mail.recipients {
                    self.wire.say(&answer).await?;
                }
                return Ok(Then::GoOn);
            }
        };
        let mut recipients = mail.recipients.into_iter().peekable();
        while let Some(to) = recipients.next() {
            let received = ReceivedMail {
                // The last one needs no copy.
                raw: match recipients.peek() {
                    Some(_) => raw.clone(),
                    None => std::mem::take(&mut raw),
                },
                via: Via::Lmtp,
                envelope: MailEnvelope {
                    from: Some(mail.from.clone()),
                    to,
                },
                source: None,
            };
            let answer = match self.house.receive.take(received).await {
                Ok(receipt) => format!("250 2.6.0 Taken as {}", receipt.id().0),
                Err(error) => refusal(&error),
            };
            self.wire.say(&answer).await?;
            // The mails after it may take their time; this answer is true already.
            self.wire.flush().await?;
        }
        drop(place);
        Ok(Then::GoOn)
    }

    fn gathering(&self) -> Gathering {
        Gathering::new(self.house.options.largest_mail, self.house.large.clone())
    }

    fn lost(&self, loss: Loss) -> String {
        match loss {
            Loss::TooLarge => too_large(self.house.options.largest_mail),
            Loss::NoRoom => "452 4.3.1 Too many large mails at a time; try again later".to_owned(),
        }
    }

    async fn answer(&mut self, line: &str) -> io::Result<Then> {
        self.wire.say(line).await?;
        Ok(Then::GoOn)
    }

    /// To a line that is no command.
    async fn refuse(&mut self, line: &str) -> io::Result<Then> {
        self.refusals += 1;
        if self.refusals > MAX_REFUSALS {
            return self.part("421 4.7.0 Too many lines that are no commands").await;
        }
        self.answer(line).await
    }

    async fn part(&mut self, line: &str) -> io::Result<Then> {
        self.wire.say(line).await?;
        Ok(Then::Close)
    }
}

fn too_large(largest: usize) -> String {
    format!("552 5.3.4 The mail is too large; at most {largest} octets are taken ([limits] mail)")
}

fn refusal(error: &ReceiveError) -> String {
    match error {
        ReceiveError::Empty => "554 5.6.0 The mail is empty".to_owned(),
        ReceiveError::TooLarge { limit, .. } => too_large(*limit),
        ReceiveError::Store(_) => {
            tracing::error!(
                alarm = "mail_not_stored",
                error = error as &dyn std::error::Error,
                "a mail could not be stored; its sender keeps it and tries again"
            );
            "451 4.3.0 The mail was not stored; try again later".to_owned()
        }
    }
}
