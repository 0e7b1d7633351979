//! Nothing of another's ticket is there, whatever the verb; nothing at all without signing in.

use crate::browser::{Browser, after, text};
use crate::harness::Desk;

#[tokio::test]
async fn anothers_ticket_does_not_exist_on_any_page() {
    let desk = Desk::telling().await;
    let (ana, eva) = (
        Browser::of(&desk, "ana@example.com").await,
        Browser::of(&desk, "eva@example.com").await,
    );
    let file = [("a.txt", "text/plain", b"hola".as_slice())];
    ana.upload("/tickets/4711/messages", &[("text", "secreto")], &file)
        .await;
    let page = ana.page("/tickets/4711").await;
    let comment = after(&page, "data-id=\"").unwrap();
    let file = page
        .split("href=\"")
        .find(|part| part.contains("/files/"))
        .and_then(|part| part.split('"').next())
        .unwrap();
    assert_eq!(ana.get(file).await.status.as_u16(), 200);
    for face in ["tickets", "desk"] {
        for number in ["4711", "9999"] {
            let base = format!("/{face}/{number}");
            let file = file.replace("/tickets/4711", &base);
            for path in [
                base.clone(),
                format!("{base}/head"),
                format!("{base}/comments/{comment}"),
                file,
            ] {
                for answer in [eva.get(&path).await, eva.fragment(&path).await] {
                    assert_eq!(answer.status.as_u16(), 404, "GET {path}");
                    assert!(!text(&answer).contains("secreto"));
                }
            }
            let answer = eva
                .upload(&format!("{base}/messages"), &[("text", "x")], &[])
                .await;
            assert_eq!(answer.status.as_u16(), 404, "POST {base}/messages");
            let mut actions = vec![
                format!("{base}/comments/{comment}/undo"),
                format!("{base}/comments/{comment}/withdraw"),
                format!("{base}/comments/{comment}/internal"),
                format!("{base}/mute"),
                format!("{base}/unmute"),
            ];
            if face == "desk" {
                let more = ["assign", "close", "reopen", "watchers"];
                actions.extend(more.map(|action| format!("{base}/{action}")));
            }
            for path in actions {
                let answer = eva.post(&path, &[("to", "me"), ("add", "eva@example.com")]).await;
                assert_eq!(answer.status.as_u16(), 404, "POST {path}");
            }
        }
    }
    assert!(
        ana.page("/tickets/4711").await.contains("secreto"),
        "nothing was done to it"
    );
}

#[tokio::test]
async fn the_desk_is_not_there_for_requesters_even_on_their_own_ticket() {
    let desk = Desk::telling().await;
    let ana = Browser::of(&desk, "ana@example.com").await;
    ana.write("/tickets/4711", "hola").await;
    for path in ["/desk", "/desk/search?q=hola", "/desk/4711", "/desk/4711/facts"] {
        assert_eq!(ana.get(path).await.status.as_u16(), 404, "{path}");
    }
    for path in ["/desk/4711/close", "/desk/4711/assign", "/desk/4711/mute"] {
        assert_eq!(
            ana.post(path, &[("to", "me")]).await.status.as_u16(),
            404,
            "{path}"
        );
    }
    let answer = ana.upload("/desk/4711/messages", &[("text", "x")], &[]).await;
    assert_eq!(answer.status.as_u16(), 404);
}

#[tokio::test]
async fn whoever_has_not_signed_in_is_asked_to() {
    let desk = Desk::telling().await;
    let nobody = Browser::of_nobody(&desk);
    for path in ["/tickets", "/tickets/4711", "/desk", "/desk/4711"] {
        let answer = nobody.get(path).await;
        assert_eq!(answer.status.as_u16(), 303, "{path}");
        assert!(answer.header("location").starts_with("/sign-in?next="), "{path}");
    }
    assert_eq!(nobody.get("/view/nonsense").await.status.as_u16(), 404);
}

#[tokio::test]
async fn a_technician_who_follows_a_mails_link_comes_to_the_desk() {
    let desk = Desk::telling().await;
    let tomas = Browser::of(&desk, "tomas@example.com").await;
    let answer = tomas.get("/tickets/4711").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/desk/4711")
    );
}
