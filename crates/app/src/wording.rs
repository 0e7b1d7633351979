//! What Recado says in its own words, in three languages: texts and mails that no template of the desk's serves.

use jiff::Timestamp;
use jiff::tz::TimeZone;
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

/// What a mail with a link to sign in tells.
pub(crate) struct SignInLink<'a> {
    /// The link.
    pub(crate) url: &'a str,
    /// When it ends.
    pub(crate) until: Timestamp,
    /// The zone that the person reads times in.
    pub(crate) zone: &'a TimeZone,
    /// The desk's name.
    pub(crate) desk: Option<&'a str>,
}

impl SignInLink<'_> {
    /// The mail.
    pub(crate) fn render(&self, locale: Locale) -> Rendered {
        let at = locale.date_time(self.until, self.zone);
        let until = format!("{at} ({})", self.zone.iana_name().unwrap_or("UTC"));
        let (subject, ask, limits, ignore) = match locale {
            Locale::Es => (
                "Su enlace para entrar",
                "Para entrar, abra este enlace y pulse el botón que verá allí:",
                format!(
                    "Sirve una sola vez, hasta el {until}. Quien lo tenga entra en su nombre: no lo reenvíe."
                ),
                "Si no lo ha pedido, puede ignorar este correo: sin el enlace no entra nadie.",
            ),
            Locale::Pt => (
                "Seu link para entrar",
                "Para entrar, abra este link e pressione o botão que aparecerá:",
                format!("Serve uma única vez, até {until}. Quem o tiver entra em seu nome: não o encaminhe."),
                "Se não o pediu, pode ignorar este e-mail: sem o link ninguém entra.",
            ),
            Locale::En => (
                "Your link to sign in",
                "To sign in, open this link and press the button that you will see there:",
                format!("It works once, until {until}. Whoever has it signs in as you: do not forward it."),
                "If you did not ask for it, you can ignore this mail: nobody gets in without the link.",
            ),
        };
        let subject = match self.desk {
            Some(desk) => format!("{subject} · {desk}"),
            None => subject.to_owned(),
        };
        let lines = [ask.to_owned(), self.url.to_owned(), limits, ignore.to_owned()];
        let url = escape_html(self.url);
        let html = [
            paragraph(&lines[0]),
            format!("<p><a href=\"{url}\">{url}</a></p>\n"),
            paragraph(&lines[2]),
            paragraph(&lines[3]),
        ];
        Rendered {
            html: html.concat(),
            ..rendered(&subject, &lines)
        }
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
    Rendered {
        subject: subject_line(subject),
        html: lines.iter().map(|line| paragraph(line)).collect(),
        text: Some(lines.join("\n\n") + "\n"),
        warnings: Vec::new(),
    }
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape_html(text))
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
