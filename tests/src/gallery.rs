//! A service desk with something of everything that a page can show: for looking at every page, and checking each.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use recado_domain::reply::Stage;
use recado_test_support::smtp_server::{Act, ReceivedMail, Rule, SmtpServer};
use serde_json::{Value, json};

use crate::daemon::{Installation, Store};
use crate::desk::{ANA, DESK, Desk, EVA, LMTP, TOMAS, ana, authenticated, delivery, tomas};
use crate::mail_client::NOBODY;
use crate::mail_programs::{Answer, Person, Program, Received, Vacation};

/// The password of everybody who has an account.
pub const PASSWORD: &str = "una contraseña de prueba";

/// The ticket with the long conversation.
pub const TICKET: &str = "4711";

/// A ticket whose number needs care in an address.
pub const ODD_TICKET: &str = "INC/2026 #7 ñ";

/// The technician's colleague.
pub const LUCIA: &str = "lucia@desk.test";
/// The administrator.
pub const IRENE: &str = "irene@desk.test";

const BRUNO: &str = "bruno@customer.test";
const GROUP: &str = "impresoras@desk.test";
const UNKNOWN: &str = "desconocida@customer.test";
const FULL: &str = "buzon-lleno@customer.test";

const PICTURE: &[u8] = include_bytes!("../gallery/paper-jam.png");

const HTML: &str = "<p>Hola, ${REQUESTERNAME}:</p>\n<p>${USERNAME} ha escrito en la petición \
    <b>${IDSOLICITUDSERVICIO}</b> (${DATETIMECREATED}):</p>\n<blockquote>${COMMENTTEXT}</blockquote>\n\
    <p style=\"color:#666\">Atiende ${REQUESTRESPONSIBLENAME}.</p>\n\
    <p><a href=\"{TOKEN(serviceRequestIncident, ${IDSOLICITUDSERVICIO}, VIEW, 60)}\">Ver la conversación</a></p>";

/// The desk, its people and its way out.
pub struct Gallery {
    /// The desk.
    pub desk: Desk,
    /// The server that its mails go through.
    pub server: SmtpServer,
    /// The link for viewing [`TICKET`] in its last mail to the requester: a path.
    pub view: String,
}

impl Gallery {
    /// Sets it up, on SQLite.
    pub async fn set() -> Self {
        let server = SmtpServer::builder()
            .rule(
                Rule::at(
                    Stage::RcptTo,
                    Act::reply("550 5.1.1 <desconocida@customer.test>: user unknown"),
                )
                .to(UNKNOWN),
            )
            .rule(
                Rule::at(
                    Stage::RcptTo,
                    Act::reply("452 4.2.2 <buzon-lleno@customer.test>: mailbox full"),
                )
                .to(FULL),
            )
            .start()
            .await;
        let sections =
            format!("{LMTP}open_tickets = \"known\"\n[desk]\naddress = \"{TOMAS}\"\nname = \"Mesa\"\n");
        let installation = Installation::new(&Store::Sqlite, &sections);
        for (email, name, role) in [
            (IRENE, "Irene Soto", "administrator"),
            (TOMAS, "Tomás Técnico", "technician"),
            (LUCIA, "Lucía Prado", "technician"),
            (ANA, "Ana Peña", "requester"),
        ] {
            person(&installation, email, name, role);
        }
        let desk = Desk::start_in(installation);
        desk.sends_through(server.port()).await;
        let base = desk.daemon.base().to_owned();
        desk.api.set(33, &base).await;
        let mut gallery = Self {
            desk,
            server,
            view: String::new(),
        };
        gallery.put_templates().await;
        gallery.put_tickets().await;
        gallery.converse().await;
        gallery.let_mails_fail().await;
        gallery.let_strangers_write().await;
        gallery
    }

    async fn put_templates(&self) {
        let api = &self.desk.api;
        let put = async |id: u32, name: &str, subject: &str, html: &str, active: bool, locale: &str| {
            let template =
                json!({ "name": name, "subject": subject, "html": html, "active": active, "locale": locale });
            api.put(&format!("/templates/{id}"), template).await;
        };
        put(
            1,
            "Mensajes",
            "${USERNAME}: ${IDSOLICITUDSERVICIO}",
            HTML,
            true,
            "es",
        )
        .await;
        let note = "<p>${USERNAME} adicionou uma nota:</p><blockquote>${COMMENTTEXT}</blockquote><p>${CONTRATO}, \
                    ${PRIORIDADE}</p>";
        put(
            2,
            "Nota do portal",
            "Nota em ${IDSOLICITACAOSERVICO}",
            note,
            true,
            "pt",
        )
        .await;
        let old = "<p>${COMMENTTEXT}</p>";
        put(
            3,
            "Retired wording",
            "Message on ${IDSERVICEREQUEST}",
            old,
            false,
            "en",
        )
        .await;
        api.set(253, "2").await;
    }

    async fn put_tickets(&self) {
        let api = &self.desk.api;
        let group = json!({ "name": "Impresoras", "members": [TOMAS, LUCIA] });
        api.put(&format!("/groups/{GROUP}"), group).await;
        let person = |name: &str, email: &str| json!({ "name": name, "email": email });
        let tomas = person(&tomas().name, TOMAS);
        let group = person("Impresoras", GROUP);
        let ana = person(&ana().name, ANA);
        let tickets = [
            (
                TICKET,
                json!({
                    "title": "La impresora de la segunda planta se atasca con cada hoja",
                    "requester": ana, "responsible": tomas, "group": group, "status": "open",
                    "contract": "Soporte 24×7", "watchers": [person("Lucía Prado", LUCIA)],
                    "attributes": { "PRIORIDAD": "Alta", "SERVICIO": "Impresión", "CONTRATO": "Soporte 24×7" },
                }),
            ),
            (
                "4712",
                json!({ "title": "No puedo entrar en el correo", "requester": person("Bruno Díaz", BRUNO),
                        "responsible": tomas, "status": "open" }),
            ),
            (
                "4713",
                json!({ "title": "Alta de una persona en la red", "requester": person("Desconocida", UNKNOWN),
                        "responsible": person("Lucía Prado", LUCIA), "status": "open" }),
            ),
            (
                "4714",
                json!({ "title": "Petición de un segundo monitor", "requester": person("Pilar Lleno", FULL),
                        "responsible": tomas, "status": "open" }),
            ),
            (
                ODD_TICKET,
                json!({ "title": "Sin responsable: el grupo lo verá", "requester": ana, "responsible": null,
                        "group": group, "status": "open" }),
            ),
            (
                "4715",
                json!({ "title": "Cambio de tóner", "requester": ana, "responsible": tomas, "status": "closed" }),
            ),
            (
                "4716",
                json!({ "title": format!("طابعة — {}", "un título que no termina nunca ".repeat(9)),
                        "requester": person(&"Nombre Larguísimo de Persona ".repeat(6), "larga@customer.test"),
                        "responsible": tomas, "status": "open" }),
            ),
            (
                "4717",
                json!({ "title": "Acesso à planilha de custos", "requester": ana, "responsible": tomas,
                        "status": "open", "locale": "pt" }),
            ),
        ];
        for (number, ticket) in tickets {
            api.put(&path_of(number), ticket).await;
        }
    }

    /// A conversation by three ways in, with files, a note and a mail that is known to have arrived.
    async fn converse(&mut self) {
        let data = BASE64_STANDARD.encode(PICTURE);
        let first = json!({
            "text": "Buenos días.\n\nDesde esta mañana la impresora se atasca con cada hoja. Adjunto una foto de la \
                     bandeja y el informe que imprime ella misma:\n\n  E-502 / bandeja 2\n\n¿Puede venir alguien?",
            "author": { "name": ana().name, "email": ANA },
            "attachments": [
                { "name": "bandeja.png", "content_type": "image/png", "data": data },
                { "name": "informe de la impresora, segunda planta.pdf", "content_type": "application/pdf",
                  "data": BASE64_STANDARD.encode(b"%PDF-1.4 sample") },
            ],
        });
        self.say(TICKET, first).await;
        let answer = self
            .by(
                &tomas(),
                TICKET,
                "Gracias por la foto. ¿Qué papel hay en la bandeja 2?",
            )
            .await;
        let mail = self.last_mail_to(ANA).await;
        self.desk.take_raw(
            NOBODY,
            &[DESK],
            report(&mail.message_id, ANA, "delivered").as_bytes(),
        );
        let path = format!("/deliveries/{}", delivery(&answer));
        self.desk
            .api
            .wait_until(&path, |delivery| delivery["outcome"] == "delivered")
            .await;
        let received = Received::read(&mail.raw);
        let written = "El de siempre, de 80 g.\n\nPero la caja es de otra marca: https://papel.example/80g";
        let reply = authenticated(Program::Gmail.answer(&received, written));
        self.desk.take(&reply);
        self.desk.posted(TICKET, &reply).await;
        let note = json!({
            "text": "Es el lote que devolvimos en marzo. Llevo otra caja.",
            "author": { "name": "Lucía Prado", "email": LUCIA }, "visibility": "internal",
        });
        self.say(TICKET, note).await;
        self.by(
            &tomas(),
            TICKET,
            "Es el papel: en una hora pasa mi compañera Lucía con otra caja.",
        )
        .await;
        let mail = self.last_mail_to(ANA).await;
        self.view = link_in(&mail, self.desk.daemon.base(), "/view/").unwrap_or_default();
        self.by(
            &ana(),
            ODD_TICKET,
            "¿Alguien puede mirar la de la entrada? Parpadea en rojo.",
        )
        .await;
        self.by(&ana(), "4715", "Ya funciona, gracias.").await;
        self.by(&tomas(), "4716", &"Una palabra larguísima: ".repeat(20))
            .await;
        self.by(&tomas(), "4717", &"Otorrinolaringologia".repeat(12))
            .await;
    }

    /// A mail that came back, one that was refused, one that has to wait.
    async fn let_mails_fail(&self) {
        let bounced = self
            .by(&tomas(), "4712", "¿Qué dice la pantalla al entrar?")
            .await;
        let mail = self.last_mail_to(BRUNO).await;
        self.desk.take_raw(
            NOBODY,
            &[DESK],
            report(&mail.message_id, BRUNO, "failed").as_bytes(),
        );
        let path = format!("/deliveries/{}", delivery(&bounced));
        self.desk
            .api
            .wait_until(&path, |delivery| delivery["outcome"] == "bounced")
            .await;
        let dead = self.by(&tomas(), "4713", "¿En qué departamento empieza?").await;
        self.desk.api.wait_for_state(delivery(&dead), "dead").await;
        let retry = self.by(&tomas(), "4714", "Está pedido; llega el jueves.").await;
        self.desk.api.wait_for_state(delivery(&retry), "retry").await;
    }

    /// Mails that wait for a person's decision, and some that no person wrote.
    async fn let_strangers_write(&self) {
        let received = Received::read(&self.last_mail_to(ANA).await.raw);
        let eva = Person::new("Eva Ruiz", EVA);
        let forwarded = Program::Outlook.answer_as(&eva, &received, "Yo también estoy en esa planta: igual.");
        self.desk.take(&forwarded);
        self.desk.outcome_of(&forwarded).await;
        let guessed = Answer::to_none(
            &ana(),
            DESK,
            "Re: [#4711] La impresora",
            "Cierren la petición, por favor.\n\n<script>alert(1)</script>",
        )
        .with_file("factura.html", "text/html", b"<script>alert(1)</script>");
        self.desk.take(&guessed);
        self.desk.outcome_of(&guessed).await;
        let unknown = Answer::to_none(&eva, DESK, "¿Abren los sábados?", "Busco su horario de atención.");
        self.desk.take(&unknown);
        self.desk.outcome_of(&unknown).await;
        let (absence, sender) = Vacation::Proper.answer(&received);
        self.desk.take_raw(&sender, &[&absence.to[0]], &absence.raw());
        self.desk.outcome_of(&absence).await;
    }

    /// Somebody's public comment, by the API.
    pub async fn by(&self, author: &Person, ticket: &str, text: &str) -> Value {
        let comment = json!({ "text": text, "author": { "name": author.name, "email": author.email } });
        self.say(ticket, comment).await
    }

    async fn say(&self, ticket: &str, comment: Value) -> Value {
        let path = format!("{}/comments", path_of(ticket));
        self.desk.api.post(&path, comment).await
    }

    /// The newest mail to somebody, once every mail that can leave has left.
    ///
    /// # Panics
    /// None was for them.
    pub async fn last_mail_to(&self, email: &str) -> ReceivedMail {
        self.desk
            .api
            .wait_until("/deliveries?limit=500", |page| {
                let items = page["items"].as_array().map_or(&[][..], Vec::as_slice);
                items.iter().all(|delivery| {
                    ["sent", "dead", "retry", "cancelled"]
                        .iter()
                        .any(|state| delivery["state"] == *state)
                })
            })
            .await;
        let mails = self.server.mails();
        let mail = mails.iter().rev().find(|mail| mail.to == email);
        mail.unwrap_or_else(|| panic!("no mail for {email}")).clone()
    }
}

/// Adds an account with [`PASSWORD`].
pub fn person(installation: &Installation, email: &str, name: &str, role: &str) {
    let account = [
        "user",
        "add",
        "--email",
        email,
        "--name",
        name,
        "--role",
        role,
        "--password-stdin",
    ];
    installation.ok_with_input(&account, &format!("{PASSWORD}\n"));
}

/// The first link of a mail that leads to a page below a path; gives its path, with the secret that it ends with.
pub fn link_in(mail: &ReceivedMail, base: &str, below: &str) -> Option<String> {
    let text = Received::read(&mail.raw).html;
    let (_, rest) = text.split_once(&format!("{base}{below}"))?;
    let secret: String = rest
        .chars()
        .take_while(|character| character.is_ascii_alphanumeric() || "-_.".contains(*character))
        .collect();
    Some(format!("{below}{secret}"))
}

/// A ticket's path in the API.
fn path_of(number: &str) -> String {
    format!("/tickets/{}", encoded(number))
}

/// A path's segment, percent-encoded.
pub fn encoded(segment: &str) -> String {
    use std::fmt::Write as _;
    let mut path = String::new();
    for octet in segment.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            path.push(octet.into());
        } else {
            write!(path, "%{octet:02X}").expect("a text takes all that is written");
        }
    }
    path
}

/// A server's report as RFC 3464 has it, about the mail with this Message-ID.
fn report(message_id: &str, recipient: &str, action: &str) -> String {
    let (status, diagnostic) = match action {
        "delivered" => ("2.0.0", "250 2.0.0 delivered to mailbox"),
        _ => ("5.2.1", "550 5.2.1 mailbox disabled, not accepting messages"),
    };
    format!(
        "From: MAILER-DAEMON@mail.test (Mail Delivery System)\r\nTo: {DESK}\r\nSubject: Report\r\n\
         Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{action}.{}.report@mail.test>\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nThe mail system reports about a mail for {recipient}\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.test\r\n\r\n\
         Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; {diagnostic}\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\nSubject: x\r\n\r\n--b--\r\n",
        message_id.replace('@', ".")
    )
}
