//! The loop that shows what was written on a page to everybody, when its hold ends.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use recado_app::release_held::ReleaseHeld;
use recado_app::stop::Stop;
use recado_ports::events::{Events, Topic};
use tokio::time::sleep;

/// A net under the wake-ups that tell of new comments.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// After a wake-up: the same ones tell of every comment and every mail, and a hold takes seconds.
const CALM: Duration = Duration::from_millis(100);

/// After a fault of the database.
const AFTER_FAULT: Duration = Duration::from_secs(1);

/// Sleeps until the next hold ends, or until there may be a new one.
pub(super) async fn releasing(release: Arc<ReleaseHeld>, events: Arc<dyn Events>, stop: Stop) {
    while !stop.is_requested() {
        // The wait begins before the look: a comment that is accepted in between ends it.
        let mut news = pin!(events.wait(Topic::Outbox, LONGEST_WAIT));
        let changed = poll_fn(|context| Poll::Ready(news.as_mut().poll(context).is_ready())).await;
        let wait = match release.run().await {
            Ok(None) => LONGEST_WAIT,
            Ok(Some(next)) => {
                let left = next.duration_since(release.clock.now());
                Duration::try_from(left).unwrap_or_default().min(LONGEST_WAIT)
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "comments under hold cannot be looked at; they stay unseen meanwhile"
                );
                AFTER_FAULT
            }
        };
        if changed {
            pause(CALM.min(wait), &stop).await;
            continue;
        }
        tokio::select! {
            () = news => pause(CALM, &stop).await,
            () = sleep(wait) => {}
            () = stop.requested() => {}
        }
    }
}

async fn pause(time: Duration, stop: &Stop) {
    tokio::select! {
        () = sleep(time) => {}
        () = stop.requested() => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use recado_app::access::Actor;
    use recado_app::post_comment::{NewComment, Posted};
    use recado_app::put_ticket::TicketChange;
    use recado_domain::comment::{CommentId, Kind, Origin, Visibility};
    use recado_domain::person::Party;
    use recado_domain::ticket::TicketNumber;
    use recado_ports::comments::Comments as _;
    use recado_ports::events::EventKind;

    use super::super::{Daemon, api};
    use crate::config::{Configuration, Sources};
    use crate::ids::SystemIds;
    use crate::wiring::House;

    use super::*;

    fn configuration(directory: &Path) -> Arc<Configuration> {
        let path = |name: &str| directory.join(name).display().to_string();
        let variables = [
            ("DATABASE__URL", format!("sqlite://{}", path("recado.db"))),
            ("SECURITY__SECRET_FILE", path("secret")),
            ("HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("DELIVERY__HOLD_PAGES", "300ms".to_owned()),
        ];
        let environment: BTreeMap<_, _> = variables
            .into_iter()
            .map(|(name, value)| (format!("RECADO_{name}"), value))
            .collect();
        let sources = Sources {
            file: None,
            environment,
        };
        Arc::new(Configuration::load(&sources).unwrap())
    }

    async fn post(house: &House, origin: Origin) -> CommentId {
        let keyring = house.configuration.keyring(&SystemIds::default()).unwrap();
        let number = TicketNumber::parse("4711").unwrap();
        let party = |name, email| Party::parse(name, email).unwrap();
        let change = TicketChange {
            title: Some("Impresora atascada".to_owned()),
            requester: Some(party("Ana", "ana@example.org")),
            ..TicketChange::default()
        };
        house
            .put_ticket()
            .run(&Actor::Operator, &number, change)
            .await
            .unwrap();
        let new = NewComment {
            text: "Sigue atascada.".to_owned(),
            author: Some(party("Ana", "ana@example.org")),
            visibility: Visibility::Public,
            kind: Kind::Message,
            origin,
            attachments: Vec::new(),
        };
        let posted = api::post_comment(house, &keyring)
            .run(&Actor::Operator, &number, new, None)
            .await
            .unwrap();
        match posted {
            Posted::New(posted) => posted.comment.id,
            Posted::Repeated { .. } => unreachable!("no idempotency key was given"),
        }
    }

    /// Reads the log until it tells of the comment so many times.
    async fn until_told(house: &House, comment: CommentId, times: usize) {
        let told = async {
            loop {
                let wait = house.database.wait(Topic::Log, Duration::from_secs(1));
                let events = house.database.after(None, 500).await.unwrap();
                let count = events
                    .iter()
                    .filter(|event| event.kind == EventKind::CommentCreated && event.subject == comment.0)
                    .count();
                if count == times {
                    return;
                }
                wait.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), told)
            .await
            .expect("the hold ends and is told");
    }

    #[tokio::test]
    async fn a_comment_under_hold_is_shown_when_its_time_is_up_whoever_took_it_in() {
        let directory = tempfile::tempdir().unwrap();
        // No daemon runs: as if the one that took it in had died.
        let house = House::open(configuration(directory.path())).await.unwrap();
        let orphan = post(&house, Origin::Portal).await;
        assert!(house.database.next_held().await.unwrap().is_some());
        let keyring = house.configuration.keyring(&SystemIds::default()).unwrap();
        let daemon = Daemon::start(house, keyring).await.unwrap();
        until_told(&daemon.house, orphan, 2).await;
        // And one that comes while the loop sleeps.
        let fresh = post(&daemon.house, Origin::Desk).await;
        until_told(&daemon.house, fresh, 2).await;
        let at_once = post(&daemon.house, Origin::Api).await;
        until_told(&daemon.house, at_once, 1).await;
        assert_eq!(daemon.house.database.next_held().await.unwrap(), None);
        daemon.stop().await;
    }
}
