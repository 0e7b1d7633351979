//! What our mails bear so that answers and reports come back: Reply-To, reference line, return path, reports asked for.

use recado_app::settings::WayBack;
use recado_domain::parameter::Parameter;
use recado_domain::token::{Keyring, ReplyToken, ReturnToken, Subject, reference_tokens};
use recado_ports::mail::Reports;

use crate::house::{House, ana, comment};

const LMTP: WayBack = WayBack {
    lmtp: true,
    plus_address: true,
    verp: false,
};

/// The value of a header of the one mail that Ana's comment owes, its whole text, and its envelope sender.
async fn mail(house: &House) -> (Option<String>, String, String) {
    let posted = house.post(&ana(), comment("hola")).await;
    let id = posted.deliveries[0].id;
    let text = house.message(id).await;
    let reply_to = text
        .lines()
        .find_map(|line| line.strip_prefix("Reply-To: "))
        .map(str::to_owned);
    (reply_to, text, house.delivery(id).await.sender.to_string())
}

#[tokio::test]
async fn without_incoming_mail_there_is_no_way_back() {
    let house = House::new().await;
    let (reply_to, text, sender) = mail(&house).await;
    assert_eq!(reply_to, None);
    assert!(reference_tokens(&text).is_empty(), "{text}");
    assert_eq!(sender, "desk@example.org");
    house.worker().drain().await;
    assert_eq!(house.server.sent()[0].envelope.reports, Reports::Failure);
}

#[tokio::test]
async fn a_mail_bears_a_token_of_its_recipient_in_reply_to_and_at_its_end() {
    for by_parameter in [true, false] {
        let mut house = House::new().await;
        if by_parameter {
            house.set(Parameter::ReadMail, Some("Y")).await;
        } else {
            house.messaging.way_back = LMTP;
            house.delivery.way_back = LMTP;
        }
        let posted = house.post(&ana(), comment("hola")).await;
        let delivery = house.delivery(posted.deliveries[0].id).await;
        let text = house.message(delivery.id).await;
        let reply_to = text
            .lines()
            .find_map(|line| line.strip_prefix("Reply-To: "))
            .unwrap();
        let (name, address) = reply_to.split_once(" <").unwrap();
        assert_eq!(name, "Ana Peña (Mesa de ayuda)");
        let token = address
            .strip_prefix("desk+")
            .and_then(|rest| rest.strip_suffix("@example.org>"))
            .unwrap_or_else(|| panic!("{reply_to}"));
        let token = ReplyToken::parse(token).unwrap();
        let subject = Subject {
            ticket: delivery.ticket,
            recipient: &delivery.recipient,
            delivery: delivery.id,
        };
        let keys = Keyring::new(&[7; 32], &[]).unwrap();
        assert!(keys.proves(&token.carrier().unwrap(), &subject));
        assert_eq!(reference_tokens(&text), std::slice::from_ref(&token));
        assert_eq!(
            text.matches(token.as_str()).count(),
            3,
            "Reply-To, text and HTML: {text}"
        );
        assert_eq!(delivery.sender.as_str(), "desk@example.org");
        house.worker().drain().await;
        assert_eq!(house.server.sent()[0].envelope.reports, Reports::All);
    }
}

#[tokio::test]
async fn a_server_that_takes_no_plus_addresses_gets_none_and_the_reference_line_stays() {
    let mut house = House::new().await;
    house.messaging.way_back = WayBack {
        plus_address: false,
        ..LMTP
    };
    let (reply_to, text, _) = mail(&house).await;
    assert_eq!(reply_to, None);
    assert_eq!(reference_tokens(&text).len(), 1);

    house.messaging.way_back = LMTP;
    let long = format!("{}@example.org", "d".repeat(20));
    house.set(Parameter::FromAddress, Some(&long)).await;
    let (reply_to, text, _) = mail(&house).await;
    assert_eq!(reply_to, None, "a local part of more than 64 octets is nobody's");
    assert_eq!(reference_tokens(&text).len(), 1);
}

#[tokio::test]
async fn a_mail_may_have_a_return_path_of_its_own() {
    let mut house = House::new().await;
    house.messaging.way_back = WayBack { verp: true, ..LMTP };
    let (_, text, sender) = mail(&house).await;
    let token = sender
        .strip_prefix("desk+")
        .and_then(|rest| rest.strip_suffix("@example.org"))
        .unwrap_or_else(|| panic!("{sender}"));
    assert!(ReturnToken::parse(token).is_some());
    assert!(
        text.contains("From: Ana Peña (Mesa de ayuda) <desk@example.org>"),
        "{text}"
    );
}

#[tokio::test]
async fn a_mail_composed_without_an_address_of_ours_has_no_reply_to() {
    let mut house = House::new().await;
    house.messaging.way_back = WayBack { verp: true, ..LMTP };
    house.set(Parameter::FromAddress, None).await;
    let (reply_to, _, sender) = mail(&house).await;
    assert_eq!(reply_to, None);
    assert_eq!(sender, "sender-unset@recado.invalid");
}
