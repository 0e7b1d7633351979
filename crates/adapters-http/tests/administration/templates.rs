//! The template editor: faults at their line, and a preview that can do nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recado_domain::template::TemplateId;
use recado_ports::templates::{TemplateImages, Templates};
use sha2::{Digest, Sha256};

use crate::browser::{Browser, after, text};
use crate::harness::Desk;

const FAULTY: &str = "<p>Hola</p>\r\n<p>${COMENTTEXT}</p>";

#[tokio::test]
async fn a_fault_is_told_at_its_line_and_nothing_is_saved() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, "admin@example.org").await;
    let fields = [
        ("id", "1"),
        ("name", "Uno"),
        ("subject", "s"),
        ("html", FAULTY),
        ("active", "Y"),
    ];
    let checked = text(&admin.post("/administration/templates/check", &fields).await);
    assert!(
        checked.contains("data-field=\"html\" data-line=\"2\""),
        "{checked}"
    );
    assert!(
        checked.contains("no existe la clave COMENTTEXT")
            && checked.contains("data-replace=\"${COMMENTTEXT}\""),
        "{checked}"
    );
    assert!(!checked.contains("<html"));
    let before = Templates::find(&desk.store, TemplateId::new(1).unwrap())
        .await
        .unwrap()
        .unwrap();
    let answer = admin.post("/administration/templates/1", &fields).await;
    assert_eq!(answer.status.as_u16(), 422);
    let page = text(&answer);
    assert!(
        page.contains("No se guardó") && page.contains("${COMENTTEXT}"),
        "what was written stays"
    );
    let now = Templates::find(&desk.store, TemplateId::new(1).unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(before, now);
}

#[tokio::test]
async fn a_new_template_takes_a_free_number_alone() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, "admin@example.org").await;
    let fields = |id| {
        [
            ("id", id),
            ("name", "Dos"),
            ("subject", "s"),
            ("html", "<p>\r\n${COMMENTTEXT}</p>"),
            ("active", "Y"),
        ]
    };
    for taken in ["1", "0", "x"] {
        assert_eq!(
            admin
                .post("/administration/templates", &fields(taken))
                .await
                .status
                .as_u16(),
            422,
            "{taken}"
        );
    }
    let answer = admin.post("/administration/templates", &fields("2")).await;
    assert_eq!(answer.header("location"), "/administration/templates/2");
    let stored = Templates::find(&desk.store, TemplateId::new(2).unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        stored.html, "<p>\n${COMMENTTEXT}</p>",
        "lines end as everywhere else"
    );
}

#[tokio::test]
async fn the_preview_allows_its_own_styles_and_nothing_else() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, "admin@example.org").await;
    let html = "<style>p { color: red }</style><p style=\"margin: 0 &amp; 1\">${COMMENTTEXT}</p><script>alert(1)</script>\
                <img src=\"cid:logo.png\">";
    let fields = [
        ("id", "1"),
        ("name", "Uno"),
        ("subject", "s ${USERNAME}"),
        ("html", html),
        ("active", "Y"),
    ];
    assert_eq!(
        admin
            .post("/administration/templates/1", &fields)
            .await
            .status
            .as_u16(),
        303
    );
    let png = b"\x89PNG\r\n\x1a\n0000";
    let upload = admin
        .upload_as(
            "picture",
            "/administration/templates/1/images",
            ("logo.png", "text/html", png),
        )
        .await;
    assert_eq!(
        upload.header("location"),
        "/administration/templates/1#images",
        "{}",
        text(&upload)
    );
    let stored = admin.get("/administration/templates/1/preview").await;
    let draft = admin.post("/administration/templates/preview", &fields).await;
    for answer in [stored, draft] {
        assert_eq!(answer.status.as_u16(), 200);
        let policy = answer.header("content-security-policy");
        let hash = |style: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style)));
        assert!(policy.contains(&hash("p { color: red }")), "{policy}");
        assert!(policy.contains(&hash("margin: 0 & 1")), "{policy}");
        assert_eq!(policy.matches("sha256-").count(), 2, "{policy}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("script-src"),
            "{policy}"
        );
        assert!(
            policy.starts_with("default-src 'none'; img-src data:;"),
            "{policy}"
        );
        assert!(
            policy.contains("; sandbox;") && policy.ends_with("frame-ancestors 'self'"),
            "{policy}"
        );
        assert_eq!(answer.header("x-frame-options"), "SAMEORIGIN");
        assert!(
            text(&answer).contains("src=\"data:image/png;base64,"),
            "{}",
            text(&answer)
        );
    }
    let page = admin.page("/administration/templates/1").await;
    let frame = after(&page, "<iframe name=\"mail-html\" id=\"mail-html\" title=\"").unwrap();
    assert_eq!(frame, "Así llega");
    assert!(
        page.contains("sandbox src=\"/administration/templates/1/preview\""),
        "{page}"
    );
}

#[tokio::test]
async fn a_picture_is_what_its_octets_say_and_goes_after_a_question() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, "admin@example.org").await;
    let place = "/administration/templates/1/images";
    let svg = admin
        .upload_as(
            "picture",
            place,
            ("logo.png", "image/png", b"<svg onload=alert(1)>"),
        )
        .await;
    assert_eq!(svg.status.as_u16(), 422);
    admin
        .upload_as("picture", place, ("mi logo.gif", "image/png", b"GIF89a0000"))
        .await;
    let picture = admin.get(&format!("{place}/mi-logo.gif")).await;
    assert_eq!(picture.header("content-type"), "image/gif");
    assert_eq!(
        picture.header("content-security-policy"),
        "default-src 'none'; sandbox"
    );
    let remove = format!("{place}/mi-logo.gif/remove");
    assert!(text(&admin.post(&remove, &[]).await).contains("¿Quitar la imagen mi-logo.gif?"));
    let left = async || {
        desk.store
            .images(TemplateId::new(1).unwrap())
            .await
            .unwrap()
            .len()
    };
    assert_eq!(left().await, 1);
    admin.post(&remove, &[("sure", "Y")]).await;
    assert_eq!(left().await, 0);
}

#[tokio::test]
async fn a_preview_is_of_a_real_ticket_and_a_test_is_watched() {
    let desk = Desk::telling().await;
    let admin = Browser::of(&desk, "admin@example.org").await;
    let missing = admin.page("/administration/templates/1?ticket=nope").await;
    assert!(missing.contains("No existe ese ticket"), "{missing}");
    let page = admin.page("/administration/templates/1?ticket=4711").await;
    assert!(
        page.contains("/administration/templates/1/preview?ticket=4711"),
        "{page}"
    );
    let answer = admin
        .post("/administration/templates/1/test", &[("to", "eva@example.com")])
        .await;
    let place = answer.header("location").split('#').next().unwrap().to_owned();
    assert!(admin.page(&place).await.contains("a eva@example.com"));
    assert_eq!(
        admin
            .post("/administration/templates/1/test", &[("to", "eva")])
            .await
            .status
            .as_u16(),
        422
    );
}
