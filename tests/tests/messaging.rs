//! The job itself: a comment becomes a mail, from parameters alone, on both databases.

use mail_parser::{MessageParser, MimeHeaders};
use recado_test_support::smtp_server::{ReceivedMail, SmtpServer};
use recado_tests::api::TEMPLATE;
use recado_tests::daemon::{Installation, Store};
use recado_tests::on_both_databases;
use reqwest::Method;
use serde_json::{Value, json};

on_both_databases!(
    a_comment_becomes_a_mail_to_the_other_party,
    the_command_line_alone_configures_the_service,
    templates_of_three_editions_make_the_same_mail,
    what_is_typed_arrives_as_typed,
    without_a_template_nothing_is_sent_and_the_reason_is_told,
    a_repeated_key_posts_once,
    a_withdrawn_comment_cancels_its_mail,
    a_person_sees_what_is_theirs_alone,
    sizes_have_limits_that_are_told,
);

/// The parts of a mail, decoded.
struct Read {
    subject: String,
    text: String,
    html: String,
}

fn read(mail: &ReceivedMail) -> Read {
    let message = MessageParser::default()
        .parse(&mail.raw)
        .expect("the mail is a message");
    Read {
        subject: message.subject().expect("the mail has a subject").to_owned(),
        text: message
            .body_text(0)
            .expect("the mail has a text part")
            .replace("\r\n", "\n"),
        html: message
            .body_html(0)
            .expect("the mail has an HTML part")
            .replace("\r\n", "\n"),
    }
}

fn id(value: &Value) -> &str {
    value.as_str().expect("an id is a text")
}

async fn a_comment_becomes_a_mail_to_the_other_party(store: &Store) {
    let server = SmtpServer::start().await;
    let installation = Installation::new(
        store,
        "[desk]\naddress = \"mesa@example.org\"\nname = \"Mesa de servicio\"\n",
    );
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    let ticket = api.ticket("000123").await;
    assert_eq!(ticket["number"], "000123");

    let comment = api
        .comment("000123", "Sigue igual.\nAhora también hace ruido.")
        .await;
    assert_eq!(comment["notification"], "queued", "{comment:#}");
    assert_eq!(
        comment["author"],
        json!({ "name": "Ana Peña", "email": "ana@example.com" })
    );
    assert_eq!(comment["deliveries"][0]["recipient"], "tomas@example.com");
    assert_eq!(comment["deliveries"][0]["state"], "ready");

    let mails = server.wait_for(1).await;
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.as_str()),
        ("desk@example.org", "tomas@example.com")
    );
    let mail = read(&mails[0]);
    assert_eq!(mail.subject, "Ticket 000123: mensaje de Ana Peña [#000123]");
    assert!(
        mail.html.contains("Sigue igual.<br>Ahora también hace ruido."),
        "{}",
        mail.html
    );
    assert!(mail.text.contains("Sigue igual.\n"), "{}", mail.text);
    for value in ["Ana Peña", "000123", "Tomás Técnico"] {
        assert!(mail.html.contains(value) && mail.text.contains(value), "{value}");
    }
    let message = MessageParser::default()
        .parse(&mails[0].raw)
        .expect("the mail is a message");
    let from = message
        .from()
        .and_then(|from| from.first())
        .expect("the mail has a sender");
    assert_eq!(
        (from.name(), from.address()),
        (Some("Ana Peña (Mesa de servicio)"), Some("desk@example.org"))
    );
    assert_eq!(
        mails[0].header("X-Auto-Response-Suppress"),
        "RN, NRN, OOF, AutoReply"
    );
    assert_eq!(mails[0].header("Auto-Submitted"), "");
    assert!(
        mails[0]
            .header("Content-Type")
            .starts_with("multipart/alternative")
    );

    let delivery = api
        .wait_for_state(id(&comment["deliveries"][0]["id"]), "sent")
        .await;
    assert_eq!(
        delivery["attempts"].as_array().map(Vec::len),
        Some(1),
        "{delivery:#}"
    );
    assert!(id(&delivery["message_id"]).contains(&mails[0].message_id));
    let (status, stored) = api
        .bytes(&format!("/deliveries/{}/message", id(&delivery["id"])))
        .await;
    assert_eq!(
        (status.as_u16(), stored),
        (200, mails[0].raw.clone()),
        "the mail is the one composed, byte for byte"
    );

    // The answer goes the other way, in the same thread, and names no mail to another recipient.
    let answer =
        json!({ "text": "Voy.", "author": { "name": "Tomás Técnico", "email": "tomas@example.com" } });
    api.post("/tickets/000123/comments", answer).await;
    api.comment("000123", "Gracias.").await;
    let mails = server.wait_for(3).await;
    let to = |address: &str| mails.iter().filter(|mail| mail.to == address).collect::<Vec<_>>();
    let (answers, messages) = (to("ana@example.com"), to("tomas@example.com"));
    assert_eq!((answers.len(), messages.len()), (1, 2));
    assert_eq!(
        messages[1].header("In-Reply-To"),
        format!("<{}>", messages[0].message_id)
    );
    assert!(messages[1].header("References").contains(&messages[0].message_id));
    assert!(!messages[1].header("References").contains(&answers[0].message_id));
    assert_eq!(answers[0].header("In-Reply-To"), "");

    let comments = api.all("/tickets/000123/comments").await;
    let texts: Vec<_> = comments.iter().map(|comment| id(&comment["text"])).collect();
    assert_eq!(
        texts,
        ["Sigue igual.\nAhora también hace ruido.", "Voy.", "Gracias."]
    );
    assert!(daemon.stop().success());
}

async fn the_command_line_alone_configures_the_service(store: &Store) {
    let server = SmtpServer::start().await;
    let installation = Installation::new(store, "");
    let token = installation.administrator();
    let html = installation.path().join("mensaje.html");
    std::fs::write(&html, TEMPLATE).expect("the folder can be written");
    let html = html.to_str().expect("the folder's name is UTF-8");
    installation.ok(&["template", "check", html]);
    installation.ok(&[
        "template",
        "put",
        "7",
        "--subject",
        "Ticket ${IDSOLICITUDSERVICIO}",
        "--html",
        html,
    ]);
    let port = server.port().to_string();
    for (number, value) in [
        ("10", "desk@example.org"),
        ("14", "127.0.0.1"),
        ("269", port.as_str()),
        ("417", "7"),
    ] {
        installation.ok(&["parameter", "set", number, value]);
    }
    installation.ok_with_input(&["parameter", "set", "13", "-"], "geheim");
    assert!(!installation.ok(&["parameter", "list"]).contains("geheim"));
    installation.ok(&["doctor"]);

    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.ticket("4711").await;
    api.comment("4711", "Hola").await;
    server.wait_for(1).await;
    let list: Value =
        serde_json::from_str(&installation.ok(&["--json", "delivery", "list"])).expect("--json prints JSON");
    assert_eq!(list["items"][0]["recipient"], "tomas@example.com", "{list:#}");
    assert!(daemon.stop().success());
}

async fn templates_of_three_editions_make_the_same_mail(store: &Store) {
    let server = SmtpServer::start().await;
    let installation = Installation::new(store, "");
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    api.ticket("4711").await;
    let mut seen: Vec<(String, String, String)> = Vec::new();
    for (n, key) in ["IDSOLICITUDSERVICIO", "idservicerequest", "IdSolicitacaoServico"]
        .iter()
        .enumerate()
    {
        let number = n + 1;
        let template = json!({
            "name": key,
            "subject": format!("${{{key}}}"),
            "html": format!("<p>\\${{{key}}}: ${{COMMENTTEXT}} (${{USERNAME}}, ${{REQUESTERNAME}}, ${{REQUESTRESPONSIBLENAME}})</p>"),
            "active": true,
        });
        let put = api.put(&format!("/templates/{number}"), template).await;
        assert_eq!(put["warnings"], json!([]), "{put:#}");
        api.set(417, &number.to_string()).await;
        api.comment("4711", "Hola").await;
        let mail = read(server.wait_for(number).await.last().expect("a mail came"));
        seen.push((mail.subject, mail.text, mail.html));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
    assert!(
        seen[0]
            .2
            .contains("4711: Hola (Ana Peña, Ana Peña, Tomás Técnico)"),
        "{seen:?}"
    );
}

async fn what_is_typed_arrives_as_typed(store: &Store) {
    let server = SmtpServer::start().await;
    let installation = Installation::new(store, "");
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    let name = "Peña, \"Ana\" <x@evil.example> =?utf-8?q?x?= 😀 שלום";
    let ticket = json!({
        "title": "t",
        "requester": { "name": name, "email": "ana@example.com" },
        "responsible": { "name": "Tomás, Técnico", "email": "tomas@example.com" },
    });
    api.put("/tickets/4711", ticket).await;
    let typed = "<script>alert(1)</script> {{7*7}} {% raw %} {# x #} ${USERNAME} a, b@c.example\n😀 שלום مرحبا\n.\n..\n\
                 MAIL FROM:<x@y.example>\nDATA\n.\nfin & <b>no</b> &amp; \"q\"";
    let body = json!({ "text": typed, "author": { "name": name, "email": "ana@example.com" } });
    let comment = api.post("/tickets/4711/comments", body).await;
    assert_eq!(comment["text"], typed);
    let mails = server.wait_for(1).await;
    let mail = read(&mails[0]);
    assert!(mail.text.contains(typed), "{}", mail.text);
    assert!(
        !mail.html.contains("<script") && mail.html.contains("&lt;script&gt;"),
        "{}",
        mail.html
    );
    assert!(
        mail.html.contains("{{7*7}} {% raw %} {# x #} ${USERNAME}"),
        "{}",
        mail.html
    );
    assert_eq!(mail.subject, format!("Ticket 4711: mensaje de {name} [#4711]"));
    assert_eq!(mails[0].to, "tomas@example.com");
    let message = MessageParser::default()
        .parse(&mails[0].raw)
        .expect("the mail is a message");
    let to = message.to().expect("the mail has a recipient");
    assert_eq!(
        to.iter().count(),
        1,
        "a comma in a name makes no second recipient"
    );
    assert_eq!(to.first().and_then(|to| to.name()), Some("Tomás, Técnico"));
    assert_eq!(
        message
            .from()
            .and_then(|from| from.first())
            .and_then(|from| from.name()),
        Some(name)
    );
    assert!(
        mails[0].raw.iter().all(u8::is_ascii),
        "the mail is 7-bit on the wire"
    );

    for (field, value) in [("requester", "x\r\nBcc: y@example.net"), ("responsible", "x\ny")] {
        let body = json!({ "title": "t", "requester": { "name": "a", "email": "a@example.com" },
                           field: { "name": value, "email": "a@example.com" } });
        let answer = api.send(Method::PUT, "/tickets/9", Some(&body)).await;
        assert_eq!(answer.status.as_u16(), 422, "{answer:?}");
        assert_eq!(
            answer.body["errors"][0]["field"],
            format!("{field}.name"),
            "{answer:?}"
        );
    }
}

async fn without_a_template_nothing_is_sent_and_the_reason_is_told(store: &Store) {
    let server = SmtpServer::start().await;
    let installation = Installation::new(store, "");
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    api.ticket("4711").await;
    let inactive = json!({ "name": "n", "subject": "s", "html": "h", "active": false });
    api.put("/templates/2", inactive).await;

    for (value, reason) in [
        (Value::Null, "417 is not set"),
        (json!("99"), "does not exist"),
        (json!("2"), "is inactive"),
    ] {
        let set = api.put("/parameters/417", json!({ "value": value })).await;
        assert_eq!(
            set["warnings"]
                .as_array()
                .is_some_and(|warnings| !warnings.is_empty()),
            !value.is_null(),
            "{set:#}"
        );
        let comment = api.comment("4711", "Hola").await;
        assert_eq!(
            (&comment["notification"], &comment["deliveries"]),
            (&json!("off"), &json!([]))
        );
        let doctor = installation.run(&["doctor"]);
        let told = String::from_utf8_lossy(&doctor.stdout);
        assert!(!doctor.status.success() && told.contains(reason), "{told}");
        assert!(daemon.log().contains(reason), "{}", daemon.log());
    }
    api.set(417, "1").await;
    api.set(299, "N").await;
    assert_eq!(api.comment("4711", "Hola").await["notification"], "off");
    api.set(299, "Sí").await;
    assert_eq!(server.count(), 0);
    assert_eq!(api.comment("4711", "Ahora").await["notification"], "queued");
    server.wait_for(1).await;
    assert_eq!(api.all("/tickets/4711/comments").await.len(), 5);
}

async fn a_repeated_key_posts_once(store: &Store) {
    let installation = Installation::new(store, "");
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.ticket("4711").await;
    let author = json!({ "name": "Ana", "email": "ana@example.com" });
    let body = json!({ "text": "Hola", "author": author });
    let again = json!({ "author": author, "text": "Hola" });
    let other = json!({ "text": "Adiós", "author": author });
    let mut answers = Vec::new();
    for body in [&body, &again, &other] {
        answers.push(
            api.try_send(Method::POST, "/tickets/4711/comments", Some(body), Some("k1"))
                .await
                .expect("an answer"),
        );
    }
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [201, 201, 422], "{answers:?}");
    assert_eq!(answers[0].body, answers[1].body);
    assert_eq!(api.all("/tickets/4711/comments").await.len(), 1);
}

async fn a_withdrawn_comment_cancels_its_mail(store: &Store) {
    let server = SmtpServer::start().await;
    let installation = Installation::new(store, "[delivery]\nhold = \"1h\"\n");
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    api.ticket("4711").await;
    let (withdrawn, hidden) = (
        api.comment("4711", "Ups").await,
        api.comment("4711", "Interno").await,
    );
    let path = |comment: &Value| format!("/tickets/4711/comments/{}", id(&comment["id"]));
    assert_eq!(
        api.send(Method::DELETE, &path(&withdrawn), None)
            .await
            .status
            .as_u16(),
        204
    );
    let visibility = json!({ "visibility": "internal" });
    let patched = api.send(Method::PATCH, &path(&hidden), Some(&visibility)).await;
    assert_eq!(
        (patched.status.as_u16(), &patched.body["visibility"]),
        (200, &json!("internal")),
        "{patched:?}"
    );
    let comments = api.all("/tickets/4711/comments").await;
    assert_eq!(comments.len(), 1, "{comments:?}");
    api.wait_for_state(id(&withdrawn["deliveries"][0]["id"]), "cancelled")
        .await;
    // Tomás is the responsible: an internal comment is his to read.
    let kept = api
        .get(&format!("/deliveries/{}", id(&hidden["deliveries"][0]["id"])))
        .await;
    assert_eq!(kept["state"], "ready", "{kept:#}");
    let cancelled = api
        .send(
            Method::POST,
            &format!("/deliveries/{}/cancel", id(&kept["id"])),
            None,
        )
        .await;
    assert!(cancelled.status.is_success(), "{cancelled:?}");
    assert_eq!(server.connections(), 0);
}

async fn a_person_sees_what_is_theirs_alone(store: &Store) {
    let installation = Installation::new(store, "");
    let token = installation.administrator();
    let ana = installation.token("ana@example.com", "Ana Peña", "requester");
    let eva = installation.token("eva@example.com", "Eva", "requester");
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.ticket("4711").await;
    let comment = api.comment("4711", "Hola").await;
    let internal = json!({ "text": "Secreto", "visibility": "internal", "author": { "name": "T", "email": "tomas@example.com" } });
    api.post("/tickets/4711/comments", internal).await;
    let (ana, eva) = (api.with_token(&ana), api.with_token(&eva));
    assert_eq!(ana.all("/tickets/4711/comments").await.len(), 1);
    assert_eq!(api.all("/tickets/4711/comments").await.len(), 2);
    assert_eq!(ana.all("/tickets").await.len(), 1);
    assert_eq!(eva.all("/tickets").await.len(), 0);
    let one = format!("/tickets/4711/comments/{}", id(&comment["id"]));
    let text = json!({ "text": "x" });
    let hidden = json!({ "visibility": "internal" });
    let title = json!({ "title": "x" });
    for (method, path, body) in [
        (Method::GET, "/tickets/4711", None),
        (Method::PUT, "/tickets/4711", Some(&title)),
        (Method::GET, "/tickets/4711/comments", None),
        (Method::POST, "/tickets/4711/comments", Some(&text)),
        (Method::PATCH, one.as_str(), Some(&hidden)),
        (Method::DELETE, one.as_str(), None),
    ] {
        let answer = eva.send(method.clone(), path, body).await;
        assert_eq!(answer.status.as_u16(), 404, "{method} {path}: {answer:?}");
    }
    let forged = json!({ "text": "x", "author": { "name": "T", "email": "tomas@example.com" } });
    let answer = ana
        .send(Method::POST, "/tickets/4711/comments", Some(&forged))
        .await;
    assert_eq!(answer.status.as_u16(), 403, "{answer:?}");
    assert_eq!(
        api.with_token("wrong")
            .send(Method::GET, "/tickets", None)
            .await
            .status
            .as_u16(),
        401
    );
}

async fn sizes_have_limits_that_are_told(store: &Store) {
    let server = SmtpServer::start().await;
    let installation = Installation::new(store, "");
    let token = installation.administrator();
    let daemon = installation.serve();
    let api = daemon.api(&token);
    api.configure(server.port()).await;
    api.ticket("4711").await;
    let large = "una línea de texto que se repite\n".repeat(31_000);
    assert!(large.len() > 1_000_000);
    assert_eq!(api.comment("4711", &large).await["text"], large);
    let mails = server.wait_for(1).await;
    assert!(read(&mails[0]).text.contains(large.trim_end()));
    let body =
        json!({ "text": "x".repeat(10 << 20), "author": { "name": "Ana", "email": "ana@example.com" } });
    let answer = api
        .send(Method::POST, "/tickets/4711/comments", Some(&body))
        .await;
    assert_eq!(answer.status.as_u16(), 413, "{answer:?}");
    assert!(
        answer.body["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty()),
        "{answer:?}"
    );

    let data = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, [0_u8, 255, 10, 13, 46, 10]);
    let body = json!({ "text": "mira", "author": { "name": "Ana", "email": "ana@example.com" },
                       "attachments": [{ "name": "atasco ñ.bin", "content_type": "application/x-thing", "data": data }] });
    let comment = api.post("/tickets/4711/comments", body).await;
    let attachment = &comment["attachments"][0];
    let path = format!(
        "/tickets/4711/comments/{}/attachments/{}",
        id(&comment["id"]),
        id(&attachment["id"])
    );
    assert_eq!(api.bytes(&path).await.1, [0, 255, 10, 13, 46, 10]);
    let mails = server.wait_for(2).await;
    let message = MessageParser::default()
        .parse(&mails[1].raw)
        .expect("the mail is a message");
    let sent = message.attachments().next().expect("the file goes along");
    assert_eq!(
        (sent.attachment_name(), sent.contents()),
        (Some("atasco ñ.bin"), [0, 255, 10, 13, 46, 10].as_slice())
    );
}
