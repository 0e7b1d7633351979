//! What Recado says in its own words, in three languages: texts and mails that no template of the desk's serves.

use recado_domain::locale::Locale;
use recado_domain::template::{Rendered, escape_html, subject_line};
use recado_domain::ticket::TicketNumber;

/// The title of a ticket opened by a mail without a subject.
pub(crate) fn no_subject(locale: Locale) -> &'static str {
    match locale {
        Locale::Es => "(sin asunto)",
        Locale::Pt => "(sem assunto)",
        Locale::En => "(no subject)",
    }
}

/// The text of a comment made of a mail without any.
pub(crate) fn empty_message(locale: Locale) -> &'static str {
    match locale {
        Locale::Es => "(mensaje vacío)",
        Locale::Pt => "(mensagem vazia)",
        Locale::En => "(empty message)",
    }
}

/// That a ticket follows a closed one.
fn follows(locale: Locale, closed: &TicketNumber) -> String {
    match locale {
        Locale::Es => format!("Continúa la solicitud {closed}, ya cerrada."),
        Locale::Pt => format!("Dá continuidade à solicitação {closed}, já encerrada."),
        Locale::En => format!("This follows ticket {closed}, which is closed."),
    }
}

/// What an acknowledgement tells.
pub(crate) struct Acknowledgement<'a> {
    /// The new ticket.
    pub(crate) number: &'a TicketNumber,
    /// The closed one that it follows.
    pub(crate) follows: Option<&'a TicketNumber>,
    /// What the person wrote about, to be repeated; `None` where nobody vouches for the address, since a stranger's
    /// words must not reach a third party through us.
    pub(crate) title: Option<&'a str>,
    /// Where the ticket can be looked at (parameter 33).
    pub(crate) url: Option<&'a str>,
}

impl Acknowledgement<'_> {
    /// The mail; the letter adds the ticket's tag to the subject.
    pub(crate) fn render(&self, locale: Locale) -> Rendered {
        let number = self.number;
        let received = match locale {
            Locale::Es => "Hemos recibido su mensaje",
            Locale::Pt => "Recebemos a sua mensagem",
            Locale::En => "We have received your message",
        };
        let subject = self
            .title
            .map_or_else(|| received.to_owned(), |title| format!("Re: {title}"));
        let mut lines = vec![match locale {
            Locale::Es => format!("Hemos recibido su mensaje y abierto la solicitud {number}."),
            Locale::Pt => format!("Recebemos a sua mensagem e abrimos a solicitação {number}."),
            Locale::En => format!("We have received your message and opened ticket {number}."),
        }];
        lines.extend(self.follows.map(|closed| follows(locale, closed)));
        lines.push(
            match locale {
                Locale::Es => "Para añadir algo, responda a este correo.",
                Locale::Pt => "Para acrescentar algo, responda a este e-mail.",
                Locale::En => "To add something, answer this mail.",
            }
            .to_owned(),
        );
        lines.extend(self.url.map(|url| match locale {
            Locale::Es => format!("También puede consultarla en {url}"),
            Locale::Pt => format!("Também pode consultá-la em {url}"),
            Locale::En => format!("You can also look at it at {url}"),
        }));
        rendered(&subject, &lines)
    }
}

/// What an alert about a quarantined mail tells. Its words are the desk's to read: the reason is the ledger's.
pub(crate) struct Alert<'a> {
    /// `From` as it reads.
    pub(crate) from: &'a str,
    /// `Subject` as it reads.
    pub(crate) subject: &'a str,
    /// When it came, written out.
    pub(crate) received: &'a str,
    /// Why it waits.
    pub(crate) reason: &'a str,
    /// Its id in the ledger.
    pub(crate) id: &'a str,
    /// How many other mails wait too.
    pub(crate) more: usize,
}

impl Alert<'_> {
    /// The mail.
    pub(crate) fn render(&self, locale: Locale) -> Rendered {
        let Self {
            from,
            subject,
            received,
            reason,
            id,
            more,
        } = self;
        let commands = format!("recado mail show {id} · recado mail release {id} · recado mail refuse {id}");
        let (title, mut lines) = match locale {
            Locale::Es => (
                "Un correo espera su decisión",
                vec![
                    format!("Un correo de {from} espera desde el {received}: «{subject}»."),
                    format!("Motivo: {reason}."),
                    format!("Puede aceptarlo o rechazarlo: {commands}"),
                ],
            ),
            Locale::Pt => (
                "Um e-mail espera a sua decisão",
                vec![
                    format!("Um e-mail de {from} espera desde {received}: “{subject}”."),
                    format!("Motivo: {reason}."),
                    format!("Pode aceitá-lo ou recusá-lo: {commands}"),
                ],
            ),
            Locale::En => (
                "A mail waits for your decision",
                vec![
                    format!("A mail from {from} has waited since {received}: “{subject}”."),
                    format!("Reason: {reason}."),
                    format!("You can accept it or turn it down: {commands}"),
                ],
            ),
        };
        if *more > 0 {
            let list = "recado mail list --outcome quarantined";
            lines.push(match locale {
                Locale::Es => format!("Esperan {more} más: {list}"),
                Locale::Pt => format!("Esperam mais {more}: {list}"),
                Locale::En => format!("{more} more wait: {list}"),
            });
        }
        rendered(title, &lines)
    }
}

/// A mail that shows that the outgoing account works.
pub(crate) fn test_mail(locale: Locale, desk: Option<&str>) -> Rendered {
    let desk = desk.map(|name| format!(" ({name})")).unwrap_or_default();
    let (subject, lines) = match locale {
        Locale::Es => (
            format!("Correo de prueba de Recado{desk}"),
            [
                "La cuenta de salida funciona: este correo salió por ella.",
                "No hace falta responder.",
            ],
        ),
        Locale::Pt => (
            format!("E-mail de teste do Recado{desk}"),
            [
                "A conta de saída funciona: este e-mail saiu por ela.",
                "Não é preciso responder.",
            ],
        ),
        Locale::En => (
            format!("Test mail from Recado{desk}"),
            [
                "The outgoing account works: this mail left through it.",
                "There is no need to answer.",
            ],
        ),
    };
    rendered(&subject, &lines.map(str::to_owned))
}

/// A plain mail, a paragraph a line.
fn rendered(subject: &str, lines: &[String]) -> Rendered {
    let paragraph = |line: &String| format!("<p>{}</p>\n", escape_html(line));
    Rendered {
        subject: subject_line(subject),
        html: lines.iter().map(paragraph).collect(),
        text: Some(lines.join("\n\n") + "\n"),
        warnings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_wrote_is_escaped_and_stays_one_line() {
        let alert = Alert {
            from: "<script>\nBcc: x",
            subject: "a & b",
            received: "hoy",
            reason: "it has no author in From",
            id: "1",
            more: 0,
        };
        let mail = alert.render(Locale::Es);
        assert!(mail.html.contains("&lt;script&gt;"), "{}", mail.html);
        assert!(mail.html.contains("a &amp; b"), "{}", mail.html);
        let number = TicketNumber::parse("R261122-AB2C").unwrap();
        let acknowledgement = Acknowledgement {
            number: &number,
            follows: None,
            title: Some("x\r\nBcc: y"),
            url: None,
        };
        assert_eq!(acknowledgement.render(Locale::En).subject, "Re: x Bcc: y");
    }
}
