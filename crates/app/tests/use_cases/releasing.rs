//! The desk's word on a mail: released, refused, replayed; and who may read the ledger.

use std::sync::Arc;

use recado_app::access::Refusal;
use recado_app::read_mails::{MailQuery, ReadMails};
use recado_app::steer_mail::{AsWatcher, SteerMail};
use recado_domain::comment::Visibility;
use recado_domain::incoming::{AutomaticSign, From, OpenTickets};
use recado_domain::ledger::{LedgerEntry, MailId, Outcome};
use recado_domain::outbox::{Delivery, Outcome as DeliveryOutcome};
use recado_domain::person::Role;
use recado_domain::ticket::{Ticket, TicketStatus};
use recado_domain::token::Keyring;
use recado_ports::page::PageRequest;
use recado_ports::people::People;
use recado_test_support::builders::{self, address, user};

use crate::house::{House, ana, comment, number, tomas};
use crate::inbox::{Written, from};

const ANA: &str = "ana@example.com";
/// Ana's own mailbox at home.
const HOME: &str = "ana@home.example";

async fn asked() -> (House, Delivery) {
    let house = House::with_inbox().await;
    let posted = house.post(&tomas(), comment("¿Ya imprime?")).await;
    let told = house.mail_to(&posted, ANA).await;
    house.worker().drain().await;
    (house, told)
}

fn steer(house: &House) -> SteerMail {
    SteerMail {
        receive: Arc::new(house.receive_mail()),
        trail: house.trail(),
    }
}

async fn quarantined(house: &House, written: &Written) -> LedgerEntry {
    let entry = house.receive(written).await;
    assert_eq!(entry.outcome, Some(Outcome::Quarantined), "{entry:?}");
    entry
}

async fn release(house: &House, id: MailId) -> LedgerEntry {
    let released = steer(house).release(&tomas(), id, AsWatcher::No).await.unwrap();
    released.entry
}

#[tokio::test]
async fn a_released_answer_stands_in_the_senders_own_name_and_is_remembered() {
    let (house, told) = asked().await;
    let answer = from(HOME).vouched().answering(&told);
    let entry = quarantined(&house, &answer).await;
    assert_eq!((entry.ticket, entry.person), (told.ticket, Some(address(ANA))));
    let released = steer(&house)
        .release(&tomas(), entry.id, AsWatcher::No)
        .await
        .unwrap();
    assert_eq!(released.ticket, Some(number("4711")));
    let entry = released.entry;
    assert_eq!(entry.outcome, Some(Outcome::Attached));
    let reason = entry.reason.clone().unwrap();
    assert!(
        reason.starts_with("accepted by tomas@example.com, though it answers"),
        "{reason}"
    );
    let stored = house.comment_of(&entry).await;
    assert_eq!(
        (stored.author.email, stored.visibility),
        (address(HOME), Visibility::Public)
    );
    assert_eq!(
        house.delivery(told.id).await.outcome,
        Some(DeliveryOutcome::Answered)
    );
    house.worker().drain().await;
    assert_eq!(house.recipients(), [ANA, ANA, "tomas@example.com"]);
    assert!(house.ticket("4711").await.unwrap().watchers.is_empty());
    // From now on it answers for her, and for nobody else.
    let again = house.receive(&from(HOME).answering(&told)).await;
    assert_eq!(again.outcome, Some(Outcome::Attached));
    let posted = house.post(&ana(), comment("hola")).await;
    let to_tomas = house.mail_to(&posted, "tomas@example.com").await;
    quarantined(&house, &from(HOME).answering(&to_tomas)).await;
}

#[tokio::test]
async fn whoever_is_released_as_a_watcher_follows_the_ticket() {
    let (house, told) = asked().await;
    let entry = quarantined(&house, &from(HOME).vouched().answering(&told)).await;
    steer(&house)
        .release(&tomas(), entry.id, AsWatcher::Yes)
        .await
        .unwrap();
    let watchers = house.ticket("4711").await.unwrap().watchers;
    assert_eq!(watchers.len(), 1);
    assert_eq!(watchers[0].email, address(HOME));
    let posted = house.post(&tomas(), comment("Gracias")).await;
    house.mail_to(&posted, HOME).await;
}

#[tokio::test]
async fn a_released_mail_of_no_ticket_opens_one() {
    let mut house = House::with_inbox().await;
    house.incoming.policy.open_tickets = OpenTickets::Nobody;
    let entry = quarantined(&house, &from(HOME).subject("Hola")).await;
    let opened = release(&house, entry.id).await;
    assert_eq!(opened.outcome, Some(Outcome::Opened));
    assert_eq!(house.comment_of(&opened).await.author.email, address(HOME));
}

#[tokio::test]
async fn a_released_answer_is_as_private_as_what_it_answers() {
    let house = House::with_inbox().await;
    house
        .put_ticket(builders::ticket("4711").watched_by("rosa@example.org"))
        .await;
    People::add_user(&house.store, &user("rosa@example.org", Role::Technician), None)
        .await
        .unwrap();
    let mut internal = comment("No le digas.");
    internal.visibility = Visibility::Internal;
    let posted = house.post(&tomas(), internal).await;
    let told = house.mail_to(&posted, "rosa@example.org").await;
    let several = from(HOME).sent_by(HOME).answering(&told).authors(From::Several);
    for written in [from(HOME).vouched().answering(&told), several] {
        let entry = quarantined(&house, &written).await;
        let released = release(&house, entry.id).await;
        assert_eq!(house.comment_of(&released).await.visibility, Visibility::Internal);
    }
    house.clock.advance(std::time::Duration::from_hours(181 * 24));
    let aged = quarantined(&house, &from("rosa@example.org").answering(&told)).await;
    let released = release(&house, aged.id).await;
    assert_eq!(house.comment_of(&released).await.visibility, Visibility::Internal);
}

#[tokio::test]
async fn what_a_given_up_secret_proves_no_more_is_the_desks_when_it_is_released() {
    let (house, told) = asked().await;
    let entry = quarantined(&house, &from(HOME).vouched().subject("[#4711]").answering(&told)).await;
    let mut receive = house.receive_mail();
    receive.keyring = Arc::new(Keyring::new(&[9; 32], &[]).unwrap());
    let steer = SteerMail {
        receive: Arc::new(receive),
        trail: house.trail(),
    };
    steer.release(&tomas(), entry.id, AsWatcher::No).await.unwrap();
    let released = house.mail(entry.id).await;
    assert_eq!(house.comment_of(&released).await.visibility, Visibility::Internal);
}

#[tokio::test]
async fn a_released_answer_opens_a_ticket_again_that_was_closed_lately() {
    let (house, told) = asked().await;
    let entry = quarantined(&house, &from(HOME).vouched().answering(&told)).await;
    let ticket = house.ticket("4711").await.unwrap();
    house
        .put(Ticket {
            status: TicketStatus::Closed,
            closed_at: Some(ticket.created_at),
            ..ticket
        })
        .await;
    release(&house, entry.id).await;
    assert_eq!(house.ticket("4711").await.unwrap().status, TicketStatus::Open);
}

#[tokio::test]
async fn of_several_authors_the_one_who_sent_the_mail_is_the_author() {
    let (house, told) = asked().await;
    let several = from(HOME).answering(&told).authors(From::Several);
    let mut without = several.clone();
    without.envelope.from = Some(String::new());
    let mut named = without.clone();
    named = named.sent_by("secretaria@home.example");
    for (mut written, author) in [
        (several, Some(HOME)),
        (named, Some("secretaria@home.example")),
        (without, None),
    ] {
        written.mail.message_id = None;
        let entry = quarantined(&house, &written).await;
        let released = steer(&house).release(&tomas(), entry.id, AsWatcher::No).await;
        match author {
            Some(author) => {
                let entry = released.unwrap().entry;
                assert_eq!(house.comment_of(&entry).await.author.email, address(author));
            }
            None => {
                assert!(matches!(released, Err(Refusal::Conflict(why)) if why.contains("no single sender")));
            }
        }
    }
    // Nobody's address was remembered: which of them answered is not known.
    assert_eq!(
        recado_ports::ledger::Ledger::answers_for(&house.store, &address(HOME))
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn a_refused_mail_stays_and_can_still_be_released() {
    let (house, told) = asked().await;
    let entry = quarantined(&house, &from(HOME).vouched().answering(&told)).await;
    let refused = steer(&house).refuse(&tomas(), entry.id).await.unwrap().entry;
    assert_eq!(refused.outcome, Some(Outcome::Refused));
    assert!(
        refused
            .reason
            .unwrap()
            .starts_with("turned down by tomas@example.com; it answers")
    );
    assert_eq!(house.comments("4711").await.len(), 1);
    let released = release(&house, entry.id).await;
    assert_eq!(
        (released.outcome, released.ticket),
        (Some(Outcome::Attached), told.ticket)
    );
}

#[tokio::test]
async fn a_persons_answer_through_a_list_is_a_comment_when_the_desk_says_so() {
    let (house, told) = asked().await;
    let through_a_list = from(ANA)
        .answering(&told)
        .automatic(AutomaticSign::MailingList("List-Id".to_owned()));
    let entry = house.receive(&through_a_list).await;
    assert_eq!((entry.outcome, entry.comment), (Some(Outcome::Automatic), None));
    let released = release(&house, entry.id).await;
    assert_eq!(released.outcome, Some(Outcome::Attached));
    assert_eq!(house.comment_of(&released).await.author.email, address(ANA));
}

#[tokio::test]
async fn each_wish_is_granted_for_its_outcomes_alone() {
    let mut house = House::with_inbox().await;
    house.incoming.policy.open_tickets = OpenTickets::Anyone;
    let posted = house.post(&tomas(), comment("hola")).await;
    let told = house.mail_to(&posted, ANA).await;
    let attached = from(ANA).answering(&told);
    let receive = house.receive_mail();
    let mut entries = vec![
        house.receive(&attached).await,
        house.receive(&attached).await,
        house.receive(&from(ANA).subject("Otra cosa")).await,
        house
            .receive(&from(ANA).automatic(AutomaticSign::NullSender))
            .await,
        quarantined(&house, &from(HOME).answering(&told)).await,
    ];
    let refused = quarantined(&house, &from(HOME).answering(&told)).await;
    entries.push(steer(&house).refuse(&tomas(), refused.id).await.unwrap().entry);
    let unreadable = from(ANA).with_octets(house.reader.unreadable());
    entries.push(house.mail(receive.run(unreadable).await.unwrap().id()).await);
    for entry in entries {
        let outcome = entry.outcome.unwrap();
        let steer = steer(&house);
        // What is granted is undone by nothing, so only the refusals are asked for here.
        let wishes = [
            (outcome.can_be_released(), "released"),
            (outcome.can_be_refused(), "refused"),
            (outcome.can_be_replayed(), "replayed"),
        ];
        for (granted, wish) in wishes {
            if granted {
                continue;
            }
            let answer = match wish {
                "released" => steer.release(&tomas(), entry.id, AsWatcher::No).await,
                "refused" => steer.refuse(&tomas(), entry.id).await,
                _ => steer.replay(&tomas(), entry.id).await,
            };
            let Err(Refusal::Conflict(why)) = answer else {
                panic!("{outcome:?} {wish}: {answer:?}")
            };
            assert!(
                why.contains(outcome.as_str()) && why.contains(wish),
                "{outcome:?} {wish}: {why}"
            );
        }
        assert_eq!(house.mail(entry.id).await, entry);
    }
}

#[tokio::test]
async fn a_mail_that_failed_is_replayed_once_the_fault_is_mended() {
    for fault in ["unreadable", "panic"] {
        let (house, told) = asked().await;
        let written = from(ANA).answering(&told);
        let raw = match fault {
            "panic" => house.reader.panicking(),
            _ => house.reader.unreadable(),
        };
        let receipt = house.receive_mail().run(written.with_octets(raw)).await.unwrap();
        assert_eq!(
            house.mail(receipt.id()).await.outcome,
            Some(Outcome::Failed),
            "{fault}"
        );
        // Still broken: it fails again, and can be replayed again.
        let again = steer(&house).replay(&tomas(), receipt.id()).await.unwrap();
        assert_eq!(again.entry.outcome, Some(Outcome::Failed), "{fault}");
        house.reader.mend(&written.mail);
        let replayed = steer(&house).replay(&tomas(), receipt.id()).await.unwrap();
        assert_eq!(replayed.entry.outcome, Some(Outcome::Attached), "{fault}");
        assert_eq!(house.comments("4711").await.len(), 2, "{fault}");
        let twice = steer(&house).replay(&tomas(), receipt.id()).await;
        assert!(matches!(twice, Err(Refusal::Conflict(_))), "{fault}");
        assert_eq!(house.comments("4711").await.len(), 2, "{fault}");
    }
}

#[tokio::test]
async fn a_quarantined_mail_is_judged_anew_by_what_is_known_now() {
    let (house, told) = asked().await;
    let entry = quarantined(&house, &from(HOME).vouched().answering(&told)).await;
    let same = steer(&house).replay(&tomas(), entry.id).await.unwrap();
    assert_eq!(same.entry.outcome, Some(Outcome::Quarantined));
    house.put_ticket(builders::ticket("4711").watched_by(HOME)).await;
    let replayed = steer(&house).replay(&tomas(), entry.id).await.unwrap();
    assert_eq!(replayed.entry.outcome, Some(Outcome::Attached));
}

#[tokio::test]
async fn a_mail_whose_copy_became_a_comment_is_a_duplicate_when_it_is_released() {
    let (house, told) = asked().await;
    let answer = from(HOME).vouched().answering(&told);
    let first = quarantined(&house, &answer).await;
    let second = quarantined(&house, &answer).await;
    assert_eq!(release(&house, first.id).await.outcome, Some(Outcome::Attached));
    assert_eq!(release(&house, second.id).await.outcome, Some(Outcome::Duplicate));
    assert_eq!(house.comments("4711").await.len(), 2);
}

#[tokio::test]
async fn the_ledger_is_the_desks_alone() {
    let (house, told) = asked().await;
    let waiting = quarantined(&house, &from(HOME).answering(&told)).await;
    let answer = house.receive(&from(ANA).answering(&told)).await;
    let store = Arc::new(house.store.clone());
    let read = ReadMails {
        ledger: store.clone(),
        tickets: store.clone(),
        outbox: store,
        trail: house.trail(),
    };
    let all = PageRequest::default();
    let ids = async |query: MailQuery| {
        let page = read.list(&tomas(), &query, &all).await.unwrap();
        page.items.iter().map(|mail| mail.entry.id).collect::<Vec<_>>()
    };
    let query = |outcome, ticket: Option<&str>| MailQuery {
        outcome,
        ticket: ticket.map(number),
    };
    assert_eq!(ids(query(None, None)).await, [answer.id, waiting.id]);
    assert_eq!(ids(query(Some(Outcome::Quarantined), None)).await, [waiting.id]);
    assert_eq!(
        ids(query(Some(Outcome::Attached), Some("4711"))).await,
        [answer.id]
    );
    assert_eq!(ids(query(None, Some("4712"))).await, []);
    let found = read.find(&tomas(), answer.id).await.unwrap();
    assert_eq!((found.entry.id, found.ticket), (answer.id, Some(number("4711"))));
    assert_eq!(read.raw(&tomas(), waiting.id).await.unwrap(), b"0");

    let steer = steer(&house);
    let refusals = [
        read.list(&ana(), &MailQuery::default(), &all).await.err(),
        read.find(&ana(), answer.id).await.err(),
        read.raw(&ana(), answer.id).await.err(),
        steer.release(&ana(), waiting.id, AsWatcher::No).await.err(),
        steer.refuse(&ana(), waiting.id).await.err(),
        steer.replay(&ana(), waiting.id).await.err(),
        steer.replay(&tomas(), MailId(builders::id())).await.err(),
        read.find(&tomas(), MailId(builders::id())).await.err(),
    ];
    for (number, refusal) in refusals.into_iter().enumerate() {
        assert!(
            matches!(refusal, Some(Refusal::NotFound(_))),
            "{number}: {refusal:?}"
        );
    }
}
