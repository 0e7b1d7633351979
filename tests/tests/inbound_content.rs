//! What a mail holds beside words: files, HTML, and things that are there to do harm.

use mail_parser::{MessageParser, MimeHeaders};
use recado_tests::desk::{ANA, DESK, LMTP, TOMAS, delivery};
use recado_tests::mail_programs::Program;
use recado_tests::scene::Scene;
use serde_json::{Value, json};

const TEXT: &str = "Adjunto la foto.";

#[tokio::test(flavor = "multi_thread")]
async fn files_are_kept_served_as_downloads_and_sent_on() {
    let scene = Scene::set(LMTP).await;
    let photo: Vec<u8> = (0..=255).cycle().take(20_000).collect();
    let page = b"<script>alert(1)</script>";
    let answer = Program::Gmail
        .answer(&scene.received, TEXT)
        .with_file("foto de la avería.jpg", "image/jpeg", &photo)
        .with_file("page.html", "text/html", page);
    let comment = scene.posted(&answer).await;
    let files = comment["attachments"].as_array().unwrap();
    let listed: Vec<_> = files.iter().map(|file| (&file["name"], &file["size"])).collect();
    let expected = [
        (&json!("foto de la avería.jpg"), &json!(photo.len())),
        (&json!("page.html"), &json!(page.len())),
    ];
    assert_eq!(listed, expected, "{comment:#}");

    let path = |file: &Value| {
        format!(
            "/tickets/4711/comments/{}/attachments/{}",
            comment["id"].as_str().unwrap(),
            file["id"].as_str().unwrap()
        )
    };
    for (file, content) in files.iter().zip([&photo[..], page]) {
        let (status, octets) = scene.desk.api.bytes(&path(file)).await;
        assert_eq!((status.as_u16(), octets.as_slice()), (200, content));
    }
    // Whoever may not see the comment sees no file of it.
    let stranger = scene
        .desk
        .installation
        .token("eva@elsewhere.test", "Eva", "requester");
    let (status, _) = scene.desk.api.with_token(&stranger).bytes(&path(&files[0])).await;
    assert_eq!(status.as_u16(), 404);

    scene.desk.api.wait_for_state(delivery(&comment), "sent").await;
    let mails = scene.server.wait_for(2).await;
    assert_eq!(mails[1].to, TOMAS);
    let message = MessageParser::default().parse(&mails[1].raw).unwrap();
    let sent: Vec<_> = message
        .attachments()
        .map(|part| (part.attachment_name().unwrap_or_default(), part.contents()))
        .collect();
    assert_eq!(sent, [("foto de la avería.jpg", &photo[..]), ("page.html", page)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn html_that_does_things_is_harmless_when_it_is_kept_and_sent_on() {
    let scene = Scene::set(LMTP).await;
    let html = "<div dir=\"ltr\">Pulse <b>aquí</b> <a href=\"javascript:alert(1)\">ya</a>\
        <img src=\"https://tracker.evil.test/1.gif\" onerror=\"alert(1)\"><script>alert(1)</script>\
        <form action=\"https://evil.test\"><input name=\"password\"></form>\
        <div style=\"position:fixed;top:0;left:0\">encima</div></div>\r\n";
    let answer = Program::Gmail
        .answer(&scene.received, TEXT)
        .with_body(html)
        .with("Content-Type", "text/html; charset=utf-8");
    let mail = scene.outcome_of(&answer).await;
    assert_eq!(mail["outcome"], "attached", "{mail:#}");
    let comments = scene.desk.mailed("4711").await;
    let text = comments[0]["text"].as_str().unwrap();
    assert!(
        text.contains("Pulse") && text.contains("aquí") && text.contains("encima"),
        "{text}"
    );
    let kept = comments[0]["html"].as_str().unwrap();
    let sent = scene.server.wait_for(2).await[1].text();
    assert!(kept.contains("<b>aquí</b>"), "{kept}");
    for harm in [
        "script", "onerror", "tracker", "<form", "<input", "position", "alert",
    ] {
        assert!(!kept.contains(harm), "{harm}: {kept}");
        assert!(!sent.contains(harm), "{harm}: {sent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_that_are_there_to_do_harm_are_settled_and_hold_up_nobody() {
    let scene = Scene::set(LMTP).await;
    let nested: String = (0..1000)
        .flat_map(|depth| {
            [
                format!("Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n"),
                format!("--b{depth}\r\n"),
            ]
        })
        .collect();
    let parts = "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n".repeat(20_000) + "--b--\r\n";
    let mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let many_lines = "\r\n".to_owned() + &"El dom, Ana escribió:\r\n".repeat(50_000);
    let bodies = [
        nested,
        format!("{mixed}{parts}"),
        format!("\r\n{}\r\n", ">".repeat(1 << 20)),
        many_lines,
        "Content-Type: text/html\r\n\r\n".to_owned() + &"<div>".repeat(100_000),
        "Content-Type: text/plain; charset=\"\0ñ\"\r\n\r\n\0\r\n".to_owned(),
    ];
    let to = &scene.received.reply_to.as_ref().unwrap().email;
    for (number, body) in bodies.iter().enumerate() {
        let mail = format!(
            "From: <{ANA}>\r\nTo: <{to}>\r\nSubject: Re: x [#4711]\r\nMessage-ID: <{number}@hostile.test>\r\n\
             In-Reply-To: {}\r\nMIME-Version: 1.0\r\n{body}",
            scene.received.message_id
        );
        scene.desk.take_raw(ANA, &[DESK], mail.as_bytes());
    }
    let ledger = scene.desk.ledger(bodies.len()).await;
    assert_eq!(ledger.len(), bodies.len());
    for mail in &ledger {
        let outcome = mail["outcome"].as_str().unwrap();
        assert!(["attached", "quarantined"].contains(&outcome), "{mail:#}");
    }
    scene.posted(&Program::Gmail.answer(&scene.received, TEXT)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_too_large_is_refused_before_and_after_it_is_sent() {
    use recado_tests::mail_client::{Connection, deliver};

    let scene = Scene::set(&format!("{LMTP}[limits]\nmail = \"100KiB\"\n")).await;
    let mut connection = Connection::open(scene.desk.daemon.lmtp());
    let offer = connection.say("LHLO client.recado.test");
    assert!(offer.0.contains("SIZE 102400"), "{offer:?}");
    let refused = connection.say("MAIL FROM:<ana@customer.test> SIZE=200000");
    assert_eq!(refused.code(), 552, "{refused:?}");

    let answer = Program::Gmail.answer(&scene.received, TEXT).with_file(
        "x.bin",
        "application/octet-stream",
        &vec![0; 200_000],
    );
    let replies = deliver(scene.desk.daemon.lmtp(), ANA, &[&answer.to[0]], &answer.raw());
    assert_eq!(replies[0].code(), 552, "{replies:?}");
    assert_eq!(scene.desk.api.all("/mails").await, Vec::<Value>::new());
    scene.posted(&Program::Gmail.answer(&scene.received, TEXT)).await;
}
