//! The way back: the mail is answered as a mail program would, and the answer handed to the daemon by LMTP.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use mail_parser::MessageParser;
use recado_domain::comment::Comment;
use recado_domain::person::Party;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::catcher::CaughtMail;

/// An answer on its way.
pub(super) struct Answer {
    /// Where it is sent: to the caught mail's Reply-To.
    to: String,
    from: String,
    octets: String,
}

impl Answer {
    /// What a mail program makes of a text typed above the mail that it answers.
    pub(super) fn to_mail(
        mail: &CaughtMail,
        author: &Party,
        text: &str,
        now: Timestamp,
        id: Uuid,
    ) -> anyhow::Result<Self> {
        let answered = MessageParser::default()
            .parse(&mail.octets)
            .context("the mail cannot be read")?;
        let asked = answered.reply_to().or_else(|| answered.from());
        let asked = asked.and_then(|address| address.first());
        let to = asked
            .and_then(|mailbox| mailbox.address())
            .context("the mail says nowhere to answer to")?;
        let name = asked.and_then(|mailbox| mailbox.name());
        let subject = answered.subject().unwrap_or_default();
        let message_id = answered.message_id().context("the mail has no Message-ID")?;
        let text_of_mail = answered.body_text(0).unwrap_or_default();
        let quoted: Vec<_> = text_of_mail
            .trim_end()
            .lines()
            .map(|line| format!("> {}", line.trim_end()))
            .collect();
        let octets = format!(
            "Date: {date}\n\
             From: {from_name} <{from}>\n\
             To: <{to}>\n\
             Subject: Re: {subject}\n\
             Message-ID: <{id}@demo.example>\n\
             In-Reply-To: <{message_id}>\n\
             References: <{message_id}>\n\
             MIME-Version: 1.0\n\
             Content-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: 8bit\n\
             \n\
             {text}\n\
             \n\
             El {day}, {wrote} escribió:\n\
             {quoted}\n",
            date = now.strftime("%a, %d %b %Y %T +0000"),
            from_name = author.name,
            from = author.email,
            day = now.strftime("%d/%m/%Y %H:%M"),
            wrote = name.unwrap_or(to),
            quoted = quoted.join("\n"),
        );
        Ok(Self {
            to: to.to_owned(),
            from: author.email.to_string(),
            octets,
        })
    }

    /// Hands it over, and waits until it is taken.
    pub(super) async fn deliver(&self, daemon: SocketAddr) -> anyhow::Result<()> {
        let mut stream = BufReader::new(TcpStream::connect(daemon).await?);
        expect(&mut stream, "220").await?;
        let mail = self.octets.replace('\n', "\r\n").replace("\r\n.", "\r\n..");
        for (words, code) in [
            ("LHLO demo.invalid".to_owned(), "250"),
            (format!("MAIL FROM:<{}> BODY=8BITMIME SMTPUTF8", self.from), "250"),
            (format!("RCPT TO:<{}>", self.to), "250"),
            ("DATA".to_owned(), "354"),
            (format!("{mail}\r\n."), "250"),
            ("QUIT".to_owned(), "221"),
        ] {
            stream.write_all(format!("{words}\r\n").as_bytes()).await?;
            expect(&mut stream, code).await?;
        }
        Ok(())
    }
}

/// Reads an answer to its last line.
async fn expect(stream: &mut BufReader<TcpStream>, code: &str) -> anyhow::Result<()> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            bail!("the LMTP server left");
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            ensure!(line.starts_with(code), "the LMTP server said {}", line.trim_end());
            return Ok(());
        }
    }
}

/// The comment that an answer became, for a person to read.
pub(super) fn shown(comment: &Comment, ticket: &str) -> String {
    let quoted = comment
        .quoted
        .as_deref()
        .map_or(0, |quoted| quoted.lines().count());
    format!(
        "{author} answers in a mail program; the answer comes in by LMTP and is a comment on ticket {ticket}:\n\
         \n\
         {text}\n\
         \n\
         ({quoted} quoted lines are set aside; the mail about this comment goes to the other party.)\n",
        author = comment.author.name,
        text = comment.text.as_str().trim_end(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_where_the_mail_asks_for_it_and_quotes_it() {
        let mail = CaughtMail {
            recipients: vec!["tomas@demo.example".to_owned()],
            octets: b"From: =?utf-8?q?Ana_Pe=C3=B1a?= <mesa@demo.example>\r\nReply-To: <mesa+token@demo.example>\r\n\
                Subject: x [#1]\r\nMessage-ID: <1@demo.example>\r\n\r\nuno\r\n\r\ndos\r\n"
                .to_vec(),
        };
        let author = Party::parse("Tomás", "tomas@demo.example").unwrap();
        let answer = Answer::to_mail(&mail, &author, "Voy.", Timestamp::UNIX_EPOCH, Uuid::nil()).unwrap();
        assert_eq!(answer.to, "mesa+token@demo.example");
        for line in [
            "Date: Thu, 01 Jan 1970 00:00:00 +0000",
            "To: <mesa+token@demo.example>",
            "Subject: Re: x [#1]",
            "In-Reply-To: <1@demo.example>",
            "Voy.",
            "> uno",
        ] {
            assert!(
                answer.octets.lines().any(|found| found == line),
                "{line:?} in\n{}",
                answer.octets
            );
        }
    }
}
