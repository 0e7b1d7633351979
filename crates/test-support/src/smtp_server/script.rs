//! What the server does instead of its ordinary answer, and when.

use recado_domain::reply::Stage;
use std::time::Duration;

/// What the server does at a stage.
#[derive(Debug, Clone)]
pub enum Act {
    /// Answers this text, without the final CRLF. The mail is taken if it is a 2xx to the final dot.
    Reply(String),
    /// Answers this text, then closes.
    ReplyThenClose(String),
    /// Sends these bytes as they are, then goes on. The mail is taken if they begin with `2` at the final dot.
    Bytes(Vec<u8>),
    /// Closes without an answer, and takes nothing.
    Close,
    /// Takes the mail and closes without an answer: the lost 250. Elsewhere the same as `Close`.
    TakeThenClose,
    /// Never answers; the connection stays open until the client leaves. A mail is not taken.
    Hang,
    /// Takes the mail but never answers.
    TakeThenHang,
    /// Waits, then answers as usual.
    Delay(Duration),
    /// Throws away what the client has sent behind this, then answers as usual.
    Forget,
    /// Sends one line without end.
    Endless,
    /// Sends `250-` lines without end.
    EndlessLines,
}

impl Act {
    /// `Act::Reply` of a text.
    pub fn reply(text: &str) -> Self {
        Self::Reply(text.to_owned())
    }
}

/// An [`Act`] and when it applies.
#[derive(Debug, Clone)]
pub struct Rule {
    stage: Stage,
    act: Act,
    recipient: Option<String>,
    skip: usize,
    left: usize,
}

impl Rule {
    /// At every pass through `stage`. `Stage::Connect` is the moment before the greeting.
    pub fn at(stage: Stage, act: Act) -> Self {
        Self {
            stage,
            act,
            recipient: None,
            skip: 0,
            left: usize::MAX,
        }
    }

    /// Only for mails to this recipient (at RCPT TO and later).
    #[must_use]
    pub fn to(mut self, recipient: &str) -> Self {
        self.recipient = Some(recipient.to_ascii_lowercase());
        self
    }

    /// Only the first `times` times that it would apply.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.left = times;
        self
    }

    /// Not the first `times` times that it would apply.
    #[must_use]
    pub fn after(mut self, times: usize) -> Self {
        self.skip = times;
        self
    }

    fn take(&mut self, stage: Stage, recipient: &str) -> Option<Act> {
        let fits = self.stage == stage
            && self
                .recipient
                .as_deref()
                .is_none_or(|only| recipient.eq_ignore_ascii_case(only));
        if !fits || self.left == 0 {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.left -= 1;
        Some(self.act.clone())
    }
}

/// The first rule that applies; it is counted.
pub(super) fn next_act(rules: &mut [Rule], stage: Stage, recipient: &str) -> Option<Act> {
    rules.iter_mut().find_map(|rule| rule.take(stage, recipient))
}
