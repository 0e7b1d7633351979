//! One connection of the scripted server.

use super::link::{Link, Over, Step};
use super::{Act, Extension, Protection, ReceivedMail, Shared};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use recado_domain::reply::Stage;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::TcpStream;

pub(super) async fn serve(stream: TcpStream, number: usize, shared: Arc<Shared>) {
    let open = shared.open.fetch_add(1, Ordering::Relaxed) + 1;
    shared.most_open.fetch_max(open, Ordering::Relaxed);
    let mut connection = Connection {
        link: Link::new(stream, &shared.settings),
        secured: false,
        logged_in: false,
        from: None,
        to: Vec::new(),
        number,
        shared: shared.clone(),
    };
    let Err(Over) = connection.run().await;
    connection.link.close().await;
    shared.open.fetch_sub(1, Ordering::Relaxed);
}

struct Connection {
    link: Link,
    secured: bool,
    logged_in: bool,
    from: Option<String>,
    to: Vec<String>,
    number: usize,
    shared: Arc<Shared>,
}

impl Connection {
    async fn run(&mut self) -> Step<std::convert::Infallible> {
        if let Protection::Implicit(_) = self.shared.settings.protection {
            self.secure().await?;
        }
        self.answer(Stage::Connect, None).await?;
        self.answer(Stage::Greeting, Some("220 localhost ESMTP scripted"))
            .await?;
        loop {
            let line = self.link.line().await?;
            self.shared.note(self.number, &line);
            self.command(&line).await?;
        }
    }

    async fn command(&mut self, line: &str) -> Step {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" if self.offers(Extension::Ehlo) => {
                let text = self.capabilities();
                self.answer(Stage::Ehlo, Some(&text)).await?;
            }
            "HELO" => self.answer(Stage::Ehlo, Some("250 localhost")).await?,
            "STARTTLS" => self.start_tls().await?,
            "AUTH" => self.log_in(argument).await?,
            "MAIL" => self.mail_from(argument).await?,
            "RCPT" => self.rcpt_to(argument).await?,
            "DATA" => self.data().await?,
            "RSET" => {
                self.forget_transaction();
                self.reply("250 2.0.0 Ok");
            }
            "NOOP" => self.reply("250 2.0.0 Ok"),
            "QUIT" => {
                self.reply("221 2.0.0 Bye");
                self.link.flush().await?;
                return Err(Over);
            }
            _ => self.reply("500 5.5.2 Unknown command"),
        }
        Ok(())
    }

    fn offers(&self, extension: Extension) -> bool {
        !self.shared.settings.missing.contains(&extension)
    }

    fn capabilities(&self) -> String {
        let settings = &self.shared.settings;
        let mut lines = vec!["localhost".to_owned()];
        let named = [
            (Extension::Pipelining, "PIPELINING"),
            (Extension::EightBitMime, "8BITMIME"),
            (Extension::SmtpUtf8, "SMTPUTF8"),
        ];
        lines.extend(
            named
                .iter()
                .filter(|(extension, _)| self.offers(*extension))
                .map(|(_, name)| (*name).to_owned()),
        );
        lines.extend(settings.reports.then(|| "DSN".to_owned()));
        lines.extend(settings.size.map(|size| format!("SIZE {size}")));
        if self.awaits_tls() {
            lines.push("STARTTLS".to_owned());
        } else if settings.credentials.is_some() {
            lines.push(format!("AUTH {}", settings.mechanisms));
        }
        let last = lines.len() - 1;
        let marked = lines
            .iter()
            .enumerate()
            .map(|(i, line)| format!("250{}{line}", if i == last { ' ' } else { '-' }));
        marked.collect::<Vec<_>>().join("\r\n")
    }

    fn awaits_tls(&self) -> bool {
        matches!(self.shared.settings.protection, Protection::StartTls(_)) && !self.secured
    }

    async fn start_tls(&mut self) -> Step {
        if !self.awaits_tls() {
            return self.answer(Stage::StartTls, Some("502 5.5.1 Not offered")).await;
        }
        if self
            .is_granted(Stage::StartTls, Some("220 2.0.0 Ready to start TLS"))
            .await?
        {
            self.secure().await?;
        }
        Ok(())
    }

    async fn secure(&mut self) -> Step {
        let (Protection::StartTls(certificate) | Protection::Implicit(certificate)) =
            &self.shared.settings.protection
        else {
            return Err(Over);
        };
        self.link.secure(certificate).await?;
        self.secured = true;
        Ok(())
    }

    async fn log_in(&mut self, argument: &str) -> Step {
        let Some((user, password)) = self.shared.settings.credentials.clone() else {
            return self.answer(Stage::Auth, Some("503 5.5.1 No login here")).await;
        };
        let (mechanism, initial) = argument.split_once(' ').unwrap_or((argument, ""));
        let given = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let response = if initial.is_empty() {
                    self.ask("334 ").await?
                } else {
                    initial.to_owned()
                };
                decode(&response)
            }
            "LOGIN" => {
                let name = self.ask("334 VXNlcm5hbWU6").await?;
                let word = self.ask("334 UGFzc3dvcmQ6").await?;
                format!("\0{}\0{}", decode(&name), decode(&word))
            }
            _ => {
                return self
                    .answer(Stage::Auth, Some("504 5.5.4 Unrecognized authentication type"))
                    .await;
            }
        };
        self.logged_in = given == format!("\0{user}\0{password}");
        let text = if self.logged_in {
            "235 2.7.0 Accepted"
        } else {
            "535 5.7.8 Authentication credentials invalid"
        };
        self.answer(Stage::Auth, Some(text)).await
    }

    async fn ask(&mut self, challenge: &str) -> Step<String> {
        self.reply(challenge);
        self.link.line().await
    }

    async fn mail_from(&mut self, argument: &str) -> Step {
        self.forget_transaction();
        let settings = &self.shared.settings;
        let declared = parameter(argument, "SIZE").and_then(|size| size.parse::<usize>().ok());
        let text = if self.awaits_tls() {
            "530 5.7.0 Must issue a STARTTLS command first"
        } else if settings.credentials.is_some() && !self.logged_in {
            "530 5.7.0 Authentication required"
        } else if settings
            .size
            .zip(declared)
            .is_some_and(|(most, declared)| declared > most)
        {
            "552 5.3.4 Message size exceeds fixed limit"
        } else {
            self.from = Some(path(argument));
            "250 2.1.0 Ok"
        };
        if !self.is_granted(Stage::MailFrom, Some(text)).await? {
            self.from = None;
        }
        Ok(())
    }

    async fn rcpt_to(&mut self, argument: &str) -> Step {
        if self.from.is_none() {
            self.reply("503 5.5.1 Need MAIL first");
            return Ok(());
        }
        self.to.push(path(argument));
        if !self.is_granted(Stage::RcptTo, Some("250 2.1.5 Ok")).await? {
            self.to.pop();
        }
        Ok(())
    }

    async fn data(&mut self) -> Step {
        if self.to.is_empty() {
            self.reply("503 5.5.1 No valid recipients");
            return Ok(());
        }
        if !self
            .is_granted(Stage::Data, Some("354 End data with <CR><LF>.<CR><LF>"))
            .await?
        {
            return Ok(());
        }
        let raw = self.link.message().await?;
        let mail = ReceivedMail::new(
            self.number,
            self.from.clone().unwrap_or_default(),
            self.to.join(","),
            raw,
        );
        let recipient = self.recipient();
        let act = self.shared.act(Stage::FinalDot, &recipient);
        let taken = match &act {
            None | Some(Act::Delay(_) | Act::Forget | Act::TakeThenClose | Act::TakeThenHang) => true,
            Some(Act::Reply(text) | Act::ReplyThenClose(text)) => text.starts_with('2'),
            Some(Act::Bytes(bytes)) => bytes.starts_with(b"2"),
            Some(Act::Close | Act::Hang | Act::Endless | Act::EndlessLines) => false,
        };
        let text = format!("250 2.0.0 Ok: queued as {}", &mail.message_id);
        if taken {
            self.shared.take(mail);
        }
        self.forget_transaction();
        self.perform(act, Some(&text)).await.map(|_| ())
    }

    fn forget_transaction(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn recipient(&self) -> String {
        self.to.last().cloned().unwrap_or_default()
    }

    /// Answers as the script says, or with `usual`.
    async fn answer(&mut self, stage: Stage, usual: Option<&str>) -> Step {
        self.is_granted(stage, usual).await.map(|_| ())
    }

    /// [`answer`](Self::answer), telling whether the answer was positive.
    async fn is_granted(&mut self, stage: Stage, usual: Option<&str>) -> Step<bool> {
        let recipient = self.recipient();
        let act = self.shared.act(stage, &recipient);
        self.perform(act, usual).await
    }

    async fn perform(&mut self, act: Option<Act>, usual: Option<&str>) -> Step<bool> {
        let positive = |text: &str| text.starts_with(['2', '3']);
        match act {
            None => {}
            Some(Act::Reply(text)) => {
                self.reply(&text);
                return Ok(positive(&text));
            }
            Some(Act::ReplyThenClose(text)) => {
                self.reply(&text);
                self.link.flush().await?;
                return Err(Over);
            }
            Some(Act::Bytes(bytes)) => {
                self.link.send(&bytes);
                return Ok(bytes.starts_with(b"2") || bytes.starts_with(b"3"));
            }
            Some(Act::Close | Act::TakeThenClose) => {
                self.link.flush().await?;
                return Err(Over);
            }
            Some(Act::Hang | Act::TakeThenHang) => match self.link.hang().await? {},
            Some(Act::Delay(pause)) => {
                self.link.flush().await?;
                tokio::time::sleep(pause).await;
            }
            Some(Act::Forget) => self.link.forget(),
            Some(Act::Endless) => match self.link.repeat(b"250 and on and on ").await? {},
            Some(Act::EndlessLines) => match self.link.repeat(b"250-and on and on\r\n").await? {},
        }
        if let Some(text) = usual {
            self.reply(text);
        }
        Ok(usual.is_none_or(positive))
    }

    fn reply(&mut self, text: &str) {
        self.link.send(text.as_bytes());
        self.link.send(b"\r\n");
    }
}

fn decode(text: &str) -> String {
    BASE64_STANDARD
        .decode(text)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

/// What stands between the angle brackets of `FROM:<…>`.
fn path(argument: &str) -> String {
    let inner = argument
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(path, _)| path.to_owned()).unwrap_or_default()
}

fn parameter<'a>(argument: &'a str, name: &str) -> Option<&'a str> {
    argument
        .split(' ')
        .find_map(|word| {
            word.split_once('=')
                .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        })
        .map(|(_, value)| value)
}
