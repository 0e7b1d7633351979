//! A small IMAP server with one mailbox, and faults at will.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// What the mailbox holds, and what was asked of it.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    pub(crate) messages: BTreeMap<u32, Message>,
    /// Commands in order, without tags; of every connection.
    pub(crate) log: Vec<String>,
    pub(crate) connections: usize,
    /// Capabilities before and after login, STARTTLS aside.
    pub(crate) capabilities: Vec<&'static str>,
    /// Whether SELECT tells UIDNEXT.
    pub(crate) tells_uid_next: bool,
    pub(crate) greeting: String,
    /// The first command that contains the text meets the fault, so many times.
    pub(crate) faults: Vec<(&'static str, Fault, usize)>,
    /// Each of these connections, in order, is cut after so many octets were sent to the client.
    pub(crate) cuts: Vec<usize>,
}

#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) raw: Vec<u8>,
    pub(crate) flags: BTreeSet<&'static str>,
    /// What RFC822.SIZE claims; the truth unless set.
    pub(crate) claims: Option<u64>,
}

/// What happens instead of an answer.
#[derive(Clone)]
pub(crate) enum Fault {
    /// The connection ends.
    Cut,
    /// These octets, and the connection goes on.
    Say(Vec<u8>),
    /// The rest of the tagged answer: `NO …`.
    Answer(&'static str),
    /// These octets come before the true answer.
    First(Vec<u8>),
    /// These octets and an OK come in place of the true answer.
    Instead(&'static [u8]),
    /// The message of this number goes away before the true answer.
    Expunge(u32),
    /// Nothing at all.
    Silence,
    /// The same octets for ever.
    Endless(&'static [u8]),
}

/// How connections are protected.
#[derive(Clone)]
pub(crate) enum Protection {
    None,
    /// STARTTLS is offered; these octets follow its OK in the clear.
    StartTls(TlsAcceptor, &'static [u8]),
    Implicit(TlsAcceptor),
}

pub(crate) const USER: &str = "desk@example.org";
pub(crate) const PASSWORD: &str = "a \"pass\\word\"";

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<watch::Sender<State>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(Protection::None).await
    }

    pub(crate) async fn with(protection: Protection) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(watch::Sender::new(State {
            uid_validity: 7,
            uid_next: 1,
            messages: BTreeMap::new(),
            log: Vec::new(),
            connections: 0,
            capabilities: vec!["IMAP4rev1", "IDLE", "AUTH=PLAIN", "SASL-IR"],
            tells_uid_next: true,
            greeting: "* OK ready".to_owned(),
            faults: Vec::new(),
            cuts: Vec::new(),
        }));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, protection) = (shared.clone(), protection.clone());
                stream.set_nodelay(true).unwrap();
                tokio::spawn(async move {
                    let mut cut = None;
                    state.send_modify(|state| {
                        cut = state.cuts.get(state.connections).copied();
                        state.connections += 1;
                    });
                    match &protection {
                        Protection::Implicit(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                Connection::new(stream, state, cut).serve(None).await;
                            }
                        }
                        Protection::None => {
                            Connection::new(stream, state, cut).serve(None).await;
                        }
                        Protection::StartTls(acceptor, injected) => {
                            let connection = Connection::new(stream, state.clone(), cut);
                            if let Some(stream) = connection.serve(Some(injected)).await
                                && let Ok(stream) = acceptor.accept(stream).await
                            {
                                let mut connection = Connection::new(stream, state, cut);
                                connection.is_greeted = true;
                                connection.serve(None).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, state }
    }

    /// Puts a message into the mailbox; gives its UID.
    pub(crate) fn append(&self, raw: &str) -> u32 {
        let mut uid = 0;
        self.state.send_modify(|state| {
            uid = state.uid_next;
            state.uid_next += 1;
            state.messages.insert(
                uid,
                Message {
                    raw: raw.replace('\n', "\r\n").into_bytes(),
                    flags: BTreeSet::new(),
                    claims: None,
                },
            );
        });
        uid
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(change);
    }

    /// Somebody opens the message in a mail program.
    pub(crate) fn read_elsewhere(&self, uid: u32) {
        self.change(|state| {
            state.messages.get_mut(&uid).unwrap().flags.insert("\\Seen");
        });
    }

    pub(crate) fn fault(&self, at: &'static str, fault: Fault, times: usize) {
        self.change(|state| state.faults.push((at, fault, times)));
    }

    /// Waits until the state is so.
    pub(crate) async fn until(&self, what: &str, condition: impl Fn(&State) -> bool) -> State {
        let mut state = self.state.subscribe();
        let reached = state.wait_for(condition);
        let reached = tokio::time::timeout(std::time::Duration::from_secs(20), reached).await;
        let Ok(state) = reached else {
            panic!("{what}: never; the client said {:#?}", self.state.borrow().log);
        };
        state.unwrap().clone()
    }

    /// Waits until each of these messages bears the flag.
    pub(crate) async fn until_flagged(&self, uids: &[u32], flag: &'static str) -> State {
        let what = format!("{uids:?} {flag}");
        self.until(&what, |state| {
            uids.iter().all(|uid| {
                state
                    .messages
                    .get(uid)
                    .is_some_and(|message| message.flags.contains(flag))
            })
        })
        .await
    }

    pub(crate) fn commands(&self, verb: &str) -> Vec<String> {
        let state = self.state.borrow();
        state
            .log
            .iter()
            .filter(|line| line.starts_with(verb))
            .cloned()
            .collect()
    }
}

/// A certificate for `host`, its own authority: the server's side, and the PEM.
pub(crate) fn certificate(host: &str) -> (TlsAcceptor, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![host.to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    (Arc::new(config).into(), certificate.pem())
}

struct Connection<S> {
    stream: BufReader<S>,
    state: Arc<watch::Sender<State>>,
    is_greeted: bool,
    /// How many messages the client knows of.
    told: usize,
    /// Octets that may still be sent.
    left: Option<usize>,
}

/// The connection is over.
struct Over;

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn new(stream: S, state: Arc<watch::Sender<State>>, left: Option<usize>) -> Self {
        Self {
            stream: BufReader::new(stream),
            state,
            is_greeted: false,
            told: 0,
            left,
        }
    }

    /// Serves; gives the stream back when TLS begins.
    async fn serve(mut self, start_tls: Option<&'static [u8]>) -> Option<S> {
        if !self.is_greeted {
            let greeting = self.state.borrow().greeting.clone();
            self.say(format!("{greeting}\r\n").as_bytes()).await.ok()?;
        }
        loop {
            let line = self.line().await?;
            let (tag, command) = line.split_once(' ')?;
            let (tag, command) = (tag.to_owned(), command.to_owned());
            self.state.send_modify(|state| state.log.push(command.clone()));
            match self.next_fault(&command) {
                None => {}
                Some(Fault::Cut) => return None,
                Some(Fault::Say(octets)) => {
                    self.say(&octets).await.ok()?;
                    continue;
                }
                Some(Fault::Answer(answer)) => {
                    self.say(format!("{tag} {answer}\r\n").as_bytes()).await.ok()?;
                    continue;
                }
                Some(Fault::First(octets)) => self.say(&octets).await.ok()?,
                Some(Fault::Instead(octets)) => {
                    let answer = [octets, format!("{tag} OK\r\n").as_bytes()].concat();
                    self.say(&answer).await.ok()?;
                    continue;
                }
                Some(Fault::Expunge(uid)) => {
                    self.state.send_modify(|state| drop(state.messages.remove(&uid)));
                }
                Some(Fault::Silence) => continue,
                Some(Fault::Endless(octets)) => loop {
                    self.say(octets).await.ok()?;
                },
            }
            if let (Some(injected), "STARTTLS") = (start_tls, command.as_str()) {
                self.say(&[format!("{tag} OK begin\r\n").as_bytes(), injected].concat())
                    .await
                    .ok()?;
                return Some(self.stream.into_inner());
            }
            self.obey(&tag, &command, start_tls.is_some()).await.ok()?;
        }
    }

    fn next_fault(&self, command: &str) -> Option<Fault> {
        let mut found = None;
        self.state.send_if_modified(|state| {
            if let Some((_, fault, times)) = state
                .faults
                .iter_mut()
                .find(|(at, _, times)| *times > 0 && command.contains(at))
            {
                *times -= 1;
                found = Some(fault.clone());
            }
            false
        });
        found
    }

    async fn obey(&mut self, tag: &str, command: &str, offers_tls: bool) -> Result<(), Over> {
        let state = self.state.borrow().clone();
        let mut words = command.split(' ');
        let answer = match words.next().unwrap_or_default() {
            "CAPABILITY" => {
                let tls = if offers_tls { " STARTTLS" } else { "" };
                format!(
                    "* CAPABILITY {}{tls}\r\n{tag} OK\r\n",
                    state.capabilities.join(" ")
                )
            }
            "LOGIN" => {
                let expected = format!("LOGIN \"{USER}\" \"a \\\"pass\\\\word\\\"\"");
                let literal = format!("LOGIN {{{}}}", USER.len());
                if command == literal {
                    self.say(b"+ go on\r\n").await?;
                    let second = self.line().await.ok_or(Over)?;
                    assert_eq!(second, format!("{USER} {{{}}}", "contraseña".len()));
                    self.say(b"+ go on\r\n").await?;
                    assert_eq!(self.line().await.ok_or(Over)?, "contraseña");
                    format!("{tag} OK in\r\n")
                } else {
                    verdict(tag, command == expected)
                }
            }
            "AUTHENTICATE" => {
                let response = if let Some(response) = words.nth(1) {
                    response.to_owned()
                } else {
                    self.say(b"+ \r\n").await?;
                    self.line().await.ok_or(Over)?
                };
                let expected = data_encoding::BASE64.encode(format!("\0{USER}\0{PASSWORD}").as_bytes());
                verdict(tag, response == expected)
            }
            "SELECT" | "EXAMINE" => {
                if command.ends_with("\"INBOX\"") {
                    self.told = state.messages.len();
                    let next = if state.tells_uid_next {
                        format!("* OK [UIDNEXT {}] next\r\n", state.uid_next)
                    } else {
                        String::new()
                    };
                    format!(
                        "* FLAGS (\\Seen)\r\n* {} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {}] valid\r\n{next}\
                         * OK [PERMANENTFLAGS (\\Seen \\*)] {{5}}\r\n{tag} OK [READ-WRITE] open\r\n",
                        state.messages.len(),
                        state.uid_validity
                    )
                } else {
                    format!("{tag} NO [NONEXISTENT] no such folder\r\n")
                }
            }
            "UID" => self.uid(tag, command, &state),
            "IDLE" => return self.idle(tag).await,
            "LOGOUT" => {
                self.say(format!("* BYE\r\n{tag} OK\r\n").as_bytes()).await?;
                return Err(Over);
            }
            "NOOP" => {
                self.told = state.messages.len();
                format!("* {} EXISTS\r\n{tag} OK\r\n", self.told)
            }
            _ => format!("{tag} BAD unknown\r\n"),
        };
        self.say(answer.as_bytes()).await
    }

    fn uid(&self, tag: &str, command: &str, state: &State) -> String {
        let mut words = command.splitn(4, ' ').skip(1);
        let (verb, set) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let rest = words.next().unwrap_or_default();
        let last = state.messages.keys().last().copied();
        let found: Vec<String> = match (verb, set) {
            ("SEARCH", "UNSEEN") => {
                let unseen = state
                    .messages
                    .iter()
                    .filter(|(_, message)| !message.flags.contains("\\Seen"));
                unseen.map(|(uid, _)| uid.to_string()).collect()
            }
            ("SEARCH", "SINCE") => state.messages.keys().map(u32::to_string).collect(),
            ("SEARCH", "*") => last.iter().map(u32::to_string).collect(),
            ("SEARCH", "UID") => {
                let first: u32 = rest.strip_suffix(":*").unwrap().parse().unwrap();
                // As RFC 3501 has it: the range is never empty, for its end is the last message.
                let first = last.map_or(first, |last| first.min(last));
                state
                    .messages
                    .keys()
                    .filter(|uid| **uid >= first)
                    .map(u32::to_string)
                    .collect()
            }
            ("FETCH", _) => {
                return fetch(set, rest, state) + &format!("{tag} OK fetched\r\n");
            }
            ("STORE", _) => {
                let flag = if rest.contains("\\Seen") {
                    "\\Seen"
                } else {
                    "\\Flagged"
                };
                let uid: u32 = set.parse().unwrap();
                self.state.send_modify(|state| {
                    if let Some(message) = state.messages.get_mut(&uid) {
                        message.flags.insert(flag);
                    }
                });
                return format!("{tag} OK stored\r\n");
            }
            _ => return format!("{tag} BAD\r\n"),
        };
        format!("* SEARCH {}\r\n{tag} OK found\r\n", found.join(" "))
    }

    async fn idle(&mut self, tag: &str) -> Result<(), Over> {
        let mut changes = self.state.subscribe();
        changes.mark_changed();
        self.say(b"+ idling\r\n").await?;
        loop {
            let mut line = String::new();
            tokio::select! {
                read = self.stream.read_line(&mut line) => {
                    if read.unwrap_or(0) == 0 || line != "DONE\r\n" {
                        return Err(Over);
                    }
                    return self.say(format!("{tag} OK done\r\n").as_bytes()).await;
                }
                news = changes.changed() => {
                    news.map_err(|_| Over)?;
                    let now = changes.borrow_and_update().messages.len();
                    if now > self.told {
                        self.say(format!("* {now} EXISTS\r\n").as_bytes()).await?;
                    }
                    self.told = now;
                }
            }
        }
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        Some(
            String::from_utf8(line)
                .unwrap()
                .trim_end_matches("\r\n")
                .to_owned(),
        )
    }

    async fn say(&mut self, octets: &[u8]) -> Result<(), Over> {
        let sent = match &mut self.left {
            None => octets,
            Some(left) => {
                let sent = &octets[..octets.len().min(*left)];
                *left -= sent.len();
                sent
            }
        };
        let stream = self.stream.get_mut();
        stream.write_all(sent).await.map_err(|_| Over)?;
        stream.flush().await.map_err(|_| Over)?;
        if self.left == Some(0) {
            // The client must read what was sent before it hears that no more comes.
            drop(stream.shutdown().await);
            drop(self.stream.read_to_end(&mut Vec::new()).await);
            return Err(Over);
        }
        Ok(())
    }
}

fn verdict(tag: &str, is_right: bool) -> String {
    if is_right {
        format!("{tag} OK in\r\n")
    } else {
        format!("{tag} NO [AUTHENTICATIONFAILED] wrong\r\n")
    }
}

fn fetch(set: &str, items: &str, state: &State) -> String {
    let mut answer = String::new();
    for uid in set.split(',') {
        let uid: u32 = uid.parse().unwrap();
        let Some(message) = state.messages.get(&uid) else {
            continue;
        };
        let text = String::from_utf8(message.raw.clone()).unwrap();
        let body = if items.contains("SIZE") {
            format!("RFC822.SIZE {}", message.claims.unwrap_or(text.len() as u64))
        } else if items.contains("HEADER") {
            let head = text
                .split_once("\r\n\r\n")
                .map_or(text.as_str(), |(head, _)| head);
            format!("BODY[HEADER]<0> {{{}}}\r\n{head}\r\n\r\n", head.len() + 4)
        } else {
            format!("BODY[] {{{}}}\r\n{text}", text.len())
        };
        write!(answer, "* 1 FETCH (FLAGS (\\Recent) UID {uid} {body})\r\n").unwrap();
    }
    answer
}
