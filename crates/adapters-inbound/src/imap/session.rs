//! The commands of a session, once it is logged in: select, search, fetch, store, idle.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD};
use tokio::time::timeout;

use super::MailboxTimeouts;
use super::response::{Body, Data, Fetched, Reply, Status, code_argument, readable};
use super::wire::{Bounds, Wire, WireError};

/// Of everything that is no list of messages and no message.
pub(super) const SMALL: Bounds = Bounds {
    line: 64 << 10,
    literals: 64 << 10,
};

/// A list of a million messages.
const LIST: Bounds = Bounds {
    line: 8 << 20,
    literals: 0,
};

/// Octets of a head that are fetched of a message that is too large.
const HEAD: usize = 256 << 10;

/// For the answers to DONE and LOGOUT, when it is time to go.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

/// How a command ended.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) status: Status,
    pub(super) text: String,
}

impl Done {
    pub(super) fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }
}

/// What came before a command ended.
pub(super) enum Untagged {
    Status(String),
    Data(Data),
}

/// How a folder is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// SELECT.
    Read,
    /// EXAMINE: nothing in it changes.
    Look,
}

/// A folder that is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Opened {
    /// `None` of a server that gives none.
    pub(super) uid_validity: Option<u32>,
    /// The UID that the next message will have.
    pub(super) uid_next: Option<u32>,
    /// How many messages there are.
    pub(super) exists: u32,
}

/// The text of a message, or why there is none.
#[derive(Debug)]
pub(super) enum Text {
    Here(Body),
    /// It is not there any more.
    Gone,
    /// The server does not give it.
    Refused(String),
}

/// What flags are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    Seen,
    Flagged,
}

pub(super) struct Session {
    wire: Wire,
    timeouts: MailboxTimeouts,
    tags: u32,
    /// In upper case.
    capabilities: Vec<String>,
    /// How many messages the folder is known to have.
    exists: u32,
    /// Whether more came since [`Session::catch_up`].
    arrived: bool,
}

impl Session {
    pub(super) fn new(wire: Wire, timeouts: MailboxTimeouts) -> Self {
        Self {
            wire,
            timeouts,
            tags: 0,
            capabilities: Vec::new(),
            exists: 0,
            arrived: false,
        }
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) fn wire_mut(&mut self) -> &mut Wire {
        &mut self.wire
    }

    pub(super) fn into_wire(self) -> Wire {
        self.wire
    }

    pub(super) fn offers(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|offered| offered == capability)
    }

    /// Asks anew what the server offers.
    pub(super) async fn ask_capabilities(&mut self) -> Result<(), WireError> {
        let mut capabilities = Vec::new();
        self.command("CAPABILITY", SMALL, |untagged| {
            if let Untagged::Data(data) = untagged
                && let Some(offered) = data.capabilities()
            {
                capabilities = offered;
            }
        })
        .await?;
        self.capabilities = capabilities;
        Ok(())
    }

    /// Opens a folder; the refusal of a command is no error of the session.
    pub(super) async fn open_folder(
        &mut self,
        folder: &str,
        access: Access,
    ) -> Result<(Done, Opened), WireError> {
        let verb = match access {
            Access::Read => "SELECT",
            Access::Look => "EXAMINE",
        };
        let mut opened = Opened::default();
        let done = self
            .command(
                &format!("{verb} {}", quoted(&modified_utf7(folder))),
                SMALL,
                |untagged| match untagged {
                    Untagged::Status(text) => {
                        let number =
                            |code| code_argument(&text, code).and_then(|argument| argument.parse().ok());
                        opened.uid_validity = number("UIDVALIDITY").or(opened.uid_validity);
                        opened.uid_next = number("UIDNEXT").or(opened.uid_next);
                    }
                    Untagged::Data(data) => opened.exists = data.exists().unwrap_or(opened.exists),
                },
            )
            .await?;
        self.exists = opened.exists;
        self.arrived = false;
        Ok((done, opened))
    }

    /// Lets the server tell what changed. A message that it tells of afterwards is one that a search from here on may
    /// have missed: see [`Session::has_arrivals`].
    pub(super) async fn catch_up(&mut self) -> Result<(), WireError> {
        self.command("NOOP", SMALL, |_| {}).await?;
        self.arrived = false;
        Ok(())
    }

    pub(super) fn has_arrivals(&self) -> bool {
        self.arrived
    }

    /// The UIDs of the messages that fit, in no order; the refusal in words.
    pub(super) async fn search(&mut self, key: &str) -> Result<Result<Vec<u32>, String>, WireError> {
        let mut uids = Vec::new();
        let done = self
            .command(&format!("UID SEARCH {key}"), LIST, |untagged| {
                if let Untagged::Data(data) = untagged
                    && let Some(found) = data.found()
                {
                    uids.extend(found);
                }
            })
            .await?;
        Ok(if done.is_ok() { Ok(uids) } else { Err(done.text) })
    }

    /// The sizes of messages, by UID. Those that are gone are not in it; `None` when the server refuses.
    pub(super) async fn sizes(&mut self, uids: &[u32]) -> Result<Option<HashMap<u32, u64>>, WireError> {
        let mut set = String::new();
        for uid in uids {
            let separator = if set.is_empty() { "" } else { "," };
            let _ = write!(set, "{separator}{uid}");
        }
        let mut sizes = HashMap::new();
        let done = self
            .command(&format!("UID FETCH {set} (UID RFC822.SIZE)"), SMALL, |untagged| {
                if let Untagged::Data(data) = untagged
                    && let Some(Fetched {
                        uid: Some(uid),
                        size: Some(size),
                        ..
                    }) = data.fetched()
                    && uids.contains(&uid)
                {
                    sizes.insert(uid, size);
                }
            })
            .await?;
        Ok(done.is_ok().then_some(sizes))
    }

    /// A whole message, of at most so many octets; `\Seen` stays as it is.
    pub(super) async fn message(&mut self, uid: u32, most: usize) -> Result<Text, WireError> {
        let bounds = Bounds {
            literals: most,
            ..SMALL
        };
        self.text(uid, "BODY.PEEK[]", bounds).await
    }

    /// The beginning of a message's head.
    pub(super) async fn head(&mut self, uid: u32) -> Result<Text, WireError> {
        let bounds = Bounds {
            literals: HEAD,
            ..SMALL
        };
        self.text(uid, &format!("BODY.PEEK[HEADER]<0.{HEAD}>"), bounds)
            .await
    }

    async fn text(&mut self, uid: u32, item: &str, bounds: Bounds) -> Result<Text, WireError> {
        let (mut is_there, mut body) = (false, None);
        let done = self
            .command(&format!("UID FETCH {uid} (UID {item})"), bounds, |untagged| {
                if let Untagged::Data(data) = untagged
                    && let Some(fetched) = data.fetched()
                    && fetched.uid == Some(uid)
                {
                    is_there = true;
                    body = body.take().or(fetched.body);
                }
            })
            .await?;
        Ok(match body {
            Some(body) => Text::Here(body),
            // Some servers answer so for a message that they cannot make sense of themselves.
            None if is_there => Text::Refused("it has the message, and gives no text of it".to_owned()),
            None if done.is_ok() => Text::Gone,
            None => Text::Refused(done.text),
        })
    }

    /// Sets a flag of a message. A server that refuses is not asked again.
    pub(super) async fn set(&mut self, uid: u32, flag: Flag) -> Result<Done, WireError> {
        let flag = match flag {
            Flag::Seen => "\\Seen",
            Flag::Flagged => "\\Flagged",
        };
        self.command(&format!("UID STORE {uid} +FLAGS.SILENT ({flag})"), SMALL, |_| {})
            .await
    }

    /// Begins to wait for messages (RFC 2177); `false` when the server does not want to.
    pub(super) async fn begin_idle(&mut self) -> Result<bool, WireError> {
        let limit = self.timeouts.command;
        let tag = self.send("IDLE").await?;
        let listen = async {
            loop {
                match self.reply(SMALL).await? {
                    Reply::Continue => return Ok(true),
                    Reply::Done { tag: done, .. } if done == tag => return Ok(false),
                    other => self.note(&other)?,
                }
            }
        };
        timeout(limit, listen)
            .await
            .map_err(|_| WireError::Endless(limit))?
    }

    /// While waiting: reads what the server said, once it stirred.
    pub(super) async fn hear(&mut self) -> Result<(), WireError> {
        let limit = self.timeouts.command;
        let reply = timeout(limit, self.reply(SMALL))
            .await
            .map_err(|_| WireError::Endless(limit))??;
        self.note(&reply)
    }

    /// Ends the wait.
    pub(super) async fn end_idle(&mut self) -> Result<(), WireError> {
        self.wire.write(b"DONE\r\n").await?;
        let tag = self.tag();
        self.until_done(&tag, SMALL, &mut |_| {}).await.map(drop)
    }

    /// Says good-bye, and waits a moment for the answer, lest the server logs a lost connection.
    pub(super) async fn log_out(mut self) {
        let farewell = self.command("LOGOUT", SMALL, |_| {});
        drop(timeout(FAREWELL, farewell).await);
    }

    /// Runs a command to its end.
    pub(super) async fn command(
        &mut self,
        command: &str,
        bounds: Bounds,
        mut hear: impl FnMut(Untagged) + Send,
    ) -> Result<Done, WireError> {
        let tag = self.send(command).await?;
        self.until_done(&tag, bounds, &mut hear).await
    }

    /// Sends a command; gives its tag.
    pub(super) async fn send(&mut self, command: &str) -> Result<String, WireError> {
        self.tags += 1;
        let tag = self.tag();
        self.wire.write(format!("{tag} {command}\r\n").as_bytes()).await?;
        Ok(tag)
    }

    fn tag(&self) -> String {
        format!("r{}", self.tags)
    }

    pub(super) async fn until_done(
        &mut self,
        tag: &str,
        bounds: Bounds,
        hear: &mut (dyn FnMut(Untagged) + Send),
    ) -> Result<Done, WireError> {
        let limit = self.timeouts.command;
        let listen = async {
            loop {
                let reply = self.reply(bounds).await?;
                match reply {
                    Reply::Done {
                        tag: done,
                        status,
                        text,
                    } if done == tag => return Ok(Done { status, text }),
                    other => {
                        self.note(&other)?;
                        match other {
                            Reply::Status { text, .. } => hear(Untagged::Status(text)),
                            Reply::Data(data) => hear(Untagged::Data(data)),
                            Reply::Continue | Reply::Done { .. } => {}
                        }
                    }
                }
            }
        };
        timeout(limit, listen)
            .await
            .map_err(|_| WireError::Endless(limit))?
    }

    pub(super) async fn reply(&mut self, bounds: Bounds) -> Result<Reply, WireError> {
        let response = self.wire.response(bounds).await?;
        let beginning = response.beginning();
        response
            .sort()
            .ok_or_else(|| WireError::Garbled(format!("{:?}", readable(&beginning))))
    }

    /// What counts whenever it is said.
    fn note(&mut self, reply: &Reply) -> Result<(), WireError> {
        match reply {
            Reply::Status {
                status: Status::Bye,
                text,
            } => return Err(WireError::Bye(text.clone())),
            Reply::Data(data) if data.is_expunge() => self.exists = self.exists.saturating_sub(1),
            Reply::Data(data) => {
                if let Some(exists) = data.exists() {
                    self.arrived |= exists > self.exists;
                    self.exists = exists;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A text as a quoted string (RFC 3501 §4.3); it holds no line break, which parameters cannot.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// A folder's name as IMAP writes it (RFC 3501 §5.1.3).
fn modified_utf7(name: &str) -> String {
    const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);
    let mut written = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let is_plain = |c: char| matches!(c, ' '..='~');
        if is_plain(c) {
            written.push(c);
            if c == '&' {
                written.push('-');
            }
            rest = &rest[1..];
        } else {
            let end = rest.find(is_plain).unwrap_or(rest.len());
            let units: Vec<u8> = rest[..end].encode_utf16().flat_map(u16::to_be_bytes).collect();
            let _ = write!(written, "&{}-", BASE64.encode(units));
            rest = &rest[end..];
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_written_as_imap_writes_them() {
        for (name, written) in [
            ("INBOX", "INBOX"),
            ("Solicitações", "Solicita&AOcA9Q-es"),
            ("R&D", "R&-D"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("😀", "&2D3eAA-"),
        ] {
            assert_eq!(modified_utf7(name), written, "{name}");
        }
    }

    #[test]
    fn a_quoted_string_cannot_be_left() {
        assert_eq!(quoted(r#"a" b\"#), r#""a\" b\\""#);
    }
}
