//! Many workers, many mails, no mail twice; and chains at sizes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use recado_adapters_db::Database;
use recado_domain::channel::AccountId;
use recado_domain::outbox::DeliveryId;
use recado_ports::outbox::{Claim, Outbox, Settlement};
use recado_test_support::builders::{lease, test_delivery};
use recado_test_support::clock::START;

use crate::databases;

const WORKERS: usize = 8;
const MAILS: usize = 10_000;

/// Drains the outbox by several workers, one lease each round, and gives what each was given.
async fn drained(database: Arc<Database>) -> Vec<DeliveryId> {
    for _ in 0..MAILS / 500 {
        database
            .enqueue((0..500).map(|_| test_delivery().build()).collect())
            .await
            .unwrap();
    }
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let outbox = Arc::clone(&database);
            tokio::spawn(async move {
                let mut given = Vec::new();
                loop {
                    let claim = Claim {
                        account: AccountId::DEFAULT,
                        limit: 50,
                        lease: lease(),
                        lease_time: Duration::from_mins(1),
                        now: START,
                        blocked_after: Duration::from_mins(5),
                        under: None,
                    };
                    let claimed = outbox.claim(&claim).await.unwrap();
                    let ids: Vec<_> = claimed.iter().map(|claimed| claimed.delivery.id).collect();
                    if ids.is_empty() {
                        return given;
                    }
                    assert_eq!(
                        outbox.fence(claim.lease, &ids, START).await.unwrap().len(),
                        ids.len()
                    );
                    let sent = |id: &DeliveryId| {
                        (
                            *id,
                            Settlement::Sent {
                                reply: "250 ok".to_owned(),
                            },
                        )
                    };
                    let settlements: Vec<_> = ids.iter().map(sent).collect();
                    let settled = outbox.settle(claim.lease, &settlements, START).await.unwrap();
                    assert_eq!(settled.len(), ids.len());
                    given.extend(ids);
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    all
}

fn assert_each_once(given: &[DeliveryId]) {
    let distinct: BTreeSet<_> = given.iter().collect();
    assert_eq!((given.len(), distinct.len()), (MAILS, MAILS));
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_workers_share_ten_thousand_mails_on_sqlite() {
    let (database, _directory) = databases::sqlite(databases::clock()).await;
    assert_each_once(&drained(database).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_workers_share_ten_thousand_mails_on_postgres() {
    let Some((database, _url, _server)) = databases::postgres(databases::clock()).await else {
        return;
    };
    assert_each_once(&drained(database).await);
}
