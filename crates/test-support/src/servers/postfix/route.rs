//! Where Postfix hands mail on to, in place of the maildir.

use std::net::SocketAddr;

/// A way on for the mail of an address or a domain.
///
/// Programs run as the user nobody, with hardly any environment, and their exit codes are those of `sysexits.h`: 75 has
/// Postfix try again, other failures make the mail bounce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// To an LMTP server, the recipient's address as it is, plus-address included.
    Lmtp(SocketAddr),
    /// Once a recipient to the standard input of this program, by `pipe(8)`; `${recipient}` in an argument stands for
    /// the address, and no argument may hold a blank. `Return-Path`, `X-Original-To` and `Delivered-To` are put on top.
    Pipe(Vec<String>),
    /// To the standard input of this shell command, as a line `name: "|command"` in an alias file says it. Beside the
    /// headers of [`Pipe`](Self::Pipe) a line `From sender date`, which is no header, is put on top. The route must be
    /// that of an address.
    Alias(String),
}

impl Route {
    /// The transport's name, and where it leads.
    pub(super) fn transport(&self, number: usize) -> String {
        match self {
            Self::Lmtp(server) => format!("lmtp:inet:{}:{}", server.ip(), server.port()),
            Self::Pipe(_) => format!("route{number}:"),
            Self::Alias(_) => "local:".to_owned(),
        }
    }

    /// The line of `master.cf` that it needs.
    pub(super) fn service(&self, number: usize) -> String {
        let Self::Pipe(command) = self else {
            return String::new();
        };
        let command = command.join(" ");
        format!("route{number} unix - n n - - pipe flags=DORX user=nobody argv={command}\n")
    }

    /// The line of the alias file that it needs.
    pub(super) fn alias(&self, recipient: &str) -> String {
        let Self::Alias(command) = self else {
            return String::new();
        };
        let (name, _) = recipient.split_once('@').expect("an alias is for an address");
        format!("{name} \"|{command}\"\n")
    }
}
