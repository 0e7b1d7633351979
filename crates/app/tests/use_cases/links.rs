//! Links in mails: to the ticket's page, and signed ones that open one ticket for a while.

use std::sync::Arc;
use std::time::Duration;

use recado_app::post_comment::{NewComment, PostedComment};
use recado_app::view_link::ViewTicket;
use recado_domain::comment::{Origin, Visibility};
use recado_domain::parameter::Parameter;
use recado_domain::template::StoredTemplate;
use recado_domain::token::Keyring;
use recado_test_support::builders;

use crate::house::{House, ana, comment, tomas};

async fn house(html: &str) -> House {
    let house = House::new().await;
    let template = StoredTemplate {
        html: html.to_owned(),
        ..builders::template(1)
    };
    house.put_template(&template).await;
    house
}

/// The address in the mail to the comment's one recipient.
async fn address_in(house: &House, posted: &PostedComment) -> String {
    let mail = house.message(posted.deliveries[0].id).await;
    let (_, from) = mail.split_once("href=\"").unwrap();
    from.split_once('"').unwrap().0.to_owned()
}

fn view(house: &House) -> ViewTicket {
    ViewTicket {
        tickets: Arc::new(house.store.clone()),
        comments: Arc::new(house.store.clone()),
        keyring: Arc::new(house.keyring()),
        clock: house.clock.clone(),
    }
}

const SIGNED: &str =
    "<p>${COMMENTTEXT}</p><a href=\"{TOKEN(serviceRequestIncident, ${IDSERVICEREQUEST}, VIEW, 50)}\">ver</a>";

#[tokio::test]
async fn a_signed_link_opens_its_ticket_until_it_expires() {
    let house = house(SIGNED).await;
    let posted = house.post(&ana(), comment("hola")).await;
    let url = address_in(&house, &posted).await;
    let token = url
        .strip_prefix("https://recado.example.org/view/")
        .unwrap_or_else(|| panic!("{url}"));
    let (ticket, conversation) = view(&house).run(token, None).await.unwrap().unwrap();
    assert_eq!(ticket.number.as_str(), "4711");
    assert_eq!(conversation.comments.len(), 1);
    house.clock.advance(Duration::from_mins(50));
    assert_eq!(view(&house).run(token, None).await.unwrap(), None);
    let forged = Keyring::new(&[8; 32], &[]).unwrap();
    let strange = ViewTicket {
        keyring: Arc::new(forged),
        ..view(&house)
    };
    assert_eq!(strange.run(token, None).await.unwrap(), None);
}

#[tokio::test]
async fn its_holder_reads_public_comments_alone_and_of_no_mail() {
    let house = house(SIGNED).await;
    let posted = house.post(&ana(), comment("para todos")).await;
    let internal = NewComment {
        visibility: Visibility::Internal,
        ..comment("para la mesa")
    };
    house.post(&tomas(), internal).await;
    let held = NewComment {
        origin: Origin::Portal,
        ..comment("todavía no")
    };
    house.post(&ana(), held).await;
    let url = address_in(&house, &posted).await;
    let token = url.rsplit('/').next().unwrap();
    let (_, conversation) = view(&house).run(token, None).await.unwrap().unwrap();
    let [found] = conversation.comments.as_slice() else {
        panic!("{conversation:?}")
    };
    assert_eq!(found.comment.text.as_str(), "para todos");
    assert_eq!(found.deliveries, []);
}

#[tokio::test]
async fn the_tickets_link_leads_to_its_page_unless_the_ticket_brings_one() {
    let link = "<p>${COMMENTTEXT}</p><a href=\"${LINKSOLICITACAOSERVICO}\">ver</a>";
    let house = house(link).await;
    house.put_ticket(builders::ticket("R/1 ñ")).await;
    let posted = house.post_on("R/1 ñ", &ana(), comment("hola")).await;
    assert_eq!(
        address_in(&house, &posted).await,
        "https://recado.example.org/tickets/R%2F1%20%C3%B1"
    );
    house
        .set(Parameter::SystemUrl, Some("https://mesa.example.org/recado/"))
        .await;
    let posted = house.post(&ana(), comment("hola")).await;
    assert_eq!(
        address_in(&house, &posted).await,
        "https://mesa.example.org/recado/tickets/4711"
    );
    house
        .put_ticket(builders::ticket("4711").attribute("LINKSERVICEREQUEST", "https://itsm.example.org/4711"))
        .await;
    let posted = house.post(&ana(), comment("hola")).await;
    assert_eq!(address_in(&house, &posted).await, "https://itsm.example.org/4711");
}

#[tokio::test]
async fn a_mail_under_hold_has_no_less_time_to_be_followed() {
    let house = house(SIGNED).await;
    let held = NewComment {
        origin: Origin::Portal,
        ..comment("hola")
    };
    let posted = house.post(&ana(), held).await;
    let url = address_in(&house, &posted).await;
    let token = url.rsplit('/').next().unwrap();
    house.clock.advance(Duration::from_secs(50 * 60 + 9));
    assert!(view(&house).run(token, None).await.unwrap().is_some());
}
