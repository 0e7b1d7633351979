//! The defences that every route has, on every route.

use axum::body::Body;
use axum::http::{Method, header};
use recado_adapters_http::page_routes;

use crate::harness::Desk;
use crate::visitor::{SESSION, Visitor, encoded, text};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; frame-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A route with something in each of its places.
fn filled(route: &str) -> String {
    let segments = route.split('/').map(|segment| {
        if segment.starts_with('{') {
            "00000000-0000-7000-8000-000000000001"
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn routes(wanted: &Method) -> Vec<&'static str> {
    let routes = page_routes();
    let routes: Vec<_> = routes
        .into_iter()
        .filter(|(method, path)| method == wanted && *path != "/events")
        .map(|(_, path)| path)
        .collect();
    assert!(routes.len() > 5, "{routes:?}");
    routes
}

#[tokio::test]
async fn no_page_can_be_framed_or_load_anything_foreign_whoever_visits() {
    let desk = Desk::telling().await;
    for email in [None, Some("ana@example.com"), Some("admin@example.org")] {
        let mut visitor = match email {
            None => Visitor::new(&desk),
            Some(email) => Visitor::signed_in(&desk, email).await,
        };
        let mut paths: Vec<_> = routes(&Method::GET).iter().map(|route| filled(route)).collect();
        paths.push("/there/is/nothing".to_owned());
        for path in paths {
            let answer = visitor.get(&path).await;
            assert_ne!(answer.status.as_u16(), 500, "{path}: {}", text(&answer));
            let expected = [
                ("content-security-policy", POLICY),
                ("x-frame-options", "DENY"),
                ("x-content-type-options", "nosniff"),
                ("cross-origin-opener-policy", "same-origin"),
            ];
            for (name, value) in expected {
                assert_eq!(answer.header(name), value, "{path} for {email:?}");
            }
            assert!(
                ["same-origin", "strict-origin", "no-referrer"].contains(&answer.header("referrer-policy")),
                "{path}"
            );
            if !path.starts_with("/assets") {
                assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            }
        }
    }
}

#[tokio::test]
async fn no_form_is_taken_that_is_not_from_our_page() {
    let desk = Desk::telling().await;
    let mut admin = Visitor::signed_in(&desk, "admin@example.org").await;
    let mut eva = Visitor::signed_in(&desk, "eva@example.com").await;
    let (token, foreign) = (admin.token().await, eva.token().await);
    assert_ne!(token, foreign);
    let multipart = |token: &str| {
        format!("--b\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--b--\r\n")
    };
    for route in routes(&Method::POST) {
        let path = filled(route);
        let cases = [
            (
                "application/x-www-form-urlencoded",
                encoded("", &[]),
                "same-origin",
            ),
            (
                "application/x-www-form-urlencoded",
                encoded(&foreign, &[]),
                "same-origin",
            ),
            (
                "application/x-www-form-urlencoded",
                encoded(&token, &[]),
                "cross-site",
            ),
            ("multipart/form-data; boundary=b", multipart(""), "same-origin"),
            (
                "multipart/form-data; boundary=b",
                multipart(&foreign),
                "same-origin",
            ),
            ("multipart/form-data; boundary=b", multipart(&token), "cross-site"),
            ("text/plain", encoded(&token, &[]), "same-origin"),
        ];
        for (content_type, body, site) in cases {
            let request = admin
                .request(Method::POST, &path)
                .header(header::CONTENT_TYPE, content_type)
                .header("sec-fetch-site", site);
            let answer = admin.send(request.body(Body::from(body)).unwrap()).await;
            let status = answer.status.as_u16();
            assert!(
                [400, 403, 404].contains(&status),
                "{path} answers {status} to {content_type} from {site}: {}",
                text(&answer)
            );
            if !route.contains('{') {
                assert_eq!(status, 403, "{path} {content_type} {site}");
            }
        }
    }
    assert!(admin.cookies.contains_key(SESSION), "nobody was signed out");
}

#[tokio::test]
async fn a_form_of_another_origin_is_refused_where_the_browser_says_only_that() {
    let desk = Desk::open().await;
    let mut ana = Visitor::signed_in(&desk, "ana@example.com").await;
    let token = ana.token().await;
    for (origin, status) in [
        ("https://evil.example", 403),
        ("null", 403),
        ("https://recado.example.org", 303),
    ] {
        let request = ana
            .request(Method::POST, "/settings")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, origin);
        let answer = ana
            .send(request.body(Body::from(encoded(&token, &[]))).unwrap())
            .await;
        assert_eq!(answer.status.as_u16(), status, "{origin}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_in_the_visitors_language_and_a_line_for_the_script() {
    let desk = Desk::open().await;
    let mut visitor = Visitor::new(&desk);
    let request = visitor
        .request(Method::GET, "/nothing")
        .header(header::ACCEPT_LANGUAGE, "pt-BR");
    let answer = visitor.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status.as_u16(), 404);
    assert!(text(&answer).contains("<html lang=\"pt\">") && text(&answer).contains("Não há nada aqui."));
    let request = visitor
        .request(Method::GET, "/nothing")
        .header("x-recado-fragment", "1");
    let answer = visitor.send(request.body(Body::empty()).unwrap()).await;
    assert!(!text(&answer).contains('<'), "{}", text(&answer));
    let answer = visitor.get("/sign-out").await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
    assert!(text(&answer).contains("<html"));
    let answer = visitor.get("/api/v1/nothing").await;
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn who_has_not_signed_in_is_asked_to_and_comes_back() {
    let desk = Desk::open().await;
    let mut visitor = Visitor::new(&desk);
    let answer = visitor.get("/settings?a=b").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/sign-in?next=%2Fsettings%3Fa%3Db")
    );
    let request = visitor
        .request(Method::GET, "/settings")
        .header("x-recado-fragment", "1");
    let answer = visitor.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status.as_u16(), 401);
}

#[tokio::test]
async fn a_session_that_ended_or_was_planted_is_nobodys() {
    let desk = Desk::open().await;
    let mut ana = Visitor::signed_in(&desk, "ana@example.com").await;
    assert_eq!(ana.get("/settings").await.status.as_u16(), 200);
    let secret = ana.cookies[SESSION].clone();
    // Twice: one of the two somebody else put there.
    let request = ana
        .request(Method::GET, "/settings")
        .header(header::COOKIE, format!("{SESSION}=planted"));
    assert_eq!(
        ana.send(request.body(Body::empty()).unwrap())
            .await
            .status
            .as_u16(),
        303
    );
    // Under the name that plain http has, over https.
    ana.cookies.clear();
    ana.cookies.insert("recado".to_owned(), secret);
    assert_eq!(ana.get("/settings").await.status.as_u16(), 303);
}
