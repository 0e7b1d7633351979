//! What [`Suppressions`](recado_ports::suppressions::Suppressions) promises.

use jiff::{SignedDuration, Timestamp};
use recado_ports::suppressions::Suppression;

use super::Subject;
use super::arrange::{all_pages, page};
use crate::builders::address;
use crate::clock::START;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn days(days: i64) -> SignedDuration {
    hours(24 * days)
}

async fn bounce(subject: &Subject, email: &str, at: Timestamp) -> bool {
    let reason = format!("550 5.1.1 at {at}");
    subject
        .suppressions
        .record_hard_bounce(&address(email), &reason, at)
        .await
        .unwrap()
}

pub async fn the_second_hard_bounce_a_day_later_suppresses(subject: &Subject) {
    for (email, apart) in [("day@example.com", days(1)), ("month@example.com", days(30))] {
        assert!(!bounce(subject, email, START).await);
        assert!(!subject.is_suppressed(email, START).await);
        assert!(bounce(subject, email, START + apart).await, "{apart}");
        assert!(subject.is_suppressed(email, START + apart).await, "{apart}");
    }
    let listed = subject
        .suppressions
        .list(START + days(1), &page(1, None))
        .await
        .unwrap();
    let since = START + days(1);
    let reason = format!("550 5.1.1 at {since}");
    let expected = Suppression {
        address: address("day@example.com"),
        reason,
        since,
        until: since + days(30),
    };
    assert_eq!(listed.items, [expected]);
}

pub async fn bounces_too_close_or_too_far_apart_do_not_suppress(subject: &Subject) {
    let close = "close@example.com";
    for at in [START, START + hours(12), START + days(1) - SECOND] {
        assert!(!bounce(subject, close, at).await, "{at}");
    }
    assert!(
        bounce(subject, close, START + days(1)).await,
        "a day after the first of them"
    );

    let far = "far@example.com";
    assert!(!bounce(subject, far, START).await);
    let again = START + days(30) + SECOND;
    assert!(!bounce(subject, far, again).await);
    assert!(!subject.is_suppressed(far, again).await);
    assert!(
        bounce(subject, far, again + days(1)).await,
        "the later one counts as the first"
    );
}

pub async fn a_suppression_lapses_after_thirty_days(subject: &Subject) {
    let email = "ana@example.com";
    bounce(subject, email, START).await;
    let since = START + days(1);
    assert!(bounce(subject, email, since).await);
    assert!(subject.is_suppressed(email, since + days(30) - SECOND).await);
    assert!(!subject.is_suppressed(email, since + days(30)).await);
    let listed = subject
        .suppressions
        .list(since + days(30), &page(10, None))
        .await
        .unwrap();
    assert_eq!(listed.items, []);
}

pub async fn a_lifted_address_begins_anew(subject: &Subject) {
    let email = "ana@example.com";
    assert!(
        !subject.suppressions.lift(&address(email)).await.unwrap(),
        "nothing to forget"
    );
    bounce(subject, email, START).await;
    assert!(bounce(subject, email, START + days(1)).await);
    assert!(subject.suppressions.lift(&address(email)).await.unwrap());
    assert!(!subject.is_suppressed(email, START + days(1)).await);
    assert!(
        !bounce(subject, email, START + days(2)).await,
        "the bounces before are forgotten"
    );
    assert!(
        subject.suppressions.lift(&address(email)).await.unwrap(),
        "a single bounce is something to forget"
    );
    assert!(!subject.suppressions.lift(&address(email)).await.unwrap());
}

pub async fn suppressions_are_listed_by_address_in_pages(subject: &Subject) {
    let suppress = async |email: &str| {
        bounce(subject, email, START).await;
        assert!(bounce(subject, email, START + days(1)).await);
    };
    for email in ["c@example.com", "a@example.com", "b@example.com"] {
        suppress(email).await;
    }
    bounce(subject, "once@example.com", START).await;
    let now = START + days(1);
    let listed = all_pages(
        2,
        |request| async move { subject.suppressions.list(now, &request).await.unwrap() },
        || async { suppress("aa@example.com").await },
    )
    .await;
    let listed: Vec<_> = listed
        .iter()
        .map(|suppression| suppression.address.as_str())
        .collect();
    assert_eq!(listed, ["a@example.com", "b@example.com", "c@example.com"]);
}
