//! Who may do what, one table over all use cases; and who an actor is.

use std::collections::BTreeMap;
use std::sync::Arc;

use recado_app::access::{Actor, Refusal};
use recado_app::add_user::AddUser;
use recado_app::authenticate::Authenticate;
use recado_app::create_token::CreateToken;
use recado_app::follow_events::FollowEvents;
use recado_app::post_comment::{NewAttachment, NewComment, PostCommentError};
use recado_app::preview_template::PreviewTemplate;
use recado_app::put_group::PutGroup;
use recado_app::put_template::{NewTemplate, PutTemplate, PutTemplateError};
use recado_app::put_ticket::{PutTicket, TicketChange};
use recado_app::read_comments::ReadComments;
use recado_app::read_deliveries::{DeliveryQuery, ReadDeliveries};
use recado_app::read_parameters::ReadParameters;
use recado_app::read_templates::ReadTemplates;
use recado_app::read_tickets::ReadTickets;
use recado_app::retract_comment::RetractComment;
use recado_app::set_parameter::SetParameter;
use recado_app::steer_channel::SteerChannel;
use recado_app::steer_delivery::SteerDelivery;
use recado_app::steer_suppression::SteerSuppression;
use recado_app::test_template::TestTemplate;
use recado_domain::channel::AccountId;
use recado_domain::comment::Visibility;
use recado_domain::parameter::Parameter;
use recado_domain::person::{Role, Standing, User};
use recado_domain::template::{Situation, TemplateId};
use recado_domain::ticket::TicketNumber;
use recado_domain::token::Keyring;
use recado_ports::comments::Retraction;
use recado_ports::page::PageRequest;
use recado_ports::people::People;
use recado_ports::tickets::TicketFilter;
use recado_test_support::builders::{self, address, party};
use recado_test_support::fakes::{PlainComposer, PlainRenderer};

use crate::house::{House, administrator, ana, comment, number, person, tomas};

/// How a use case answers somebody.
fn told<T>(result: Result<T, Refusal>) -> &'static str {
    match result {
        Ok(_) => "yes",
        Err(Refusal::NotFound(_)) => "not found",
        Err(Refusal::Forbidden(_)) => "forbidden",
        Err(Refusal::Invalid(_)) => "invalid",
        Err(Refusal::Conflict(_)) => "conflict",
        Err(error @ (Refusal::Store(_) | Refusal::Internal(..))) => panic!("{error:?}"),
    }
}

fn unwrapped<T>(result: Result<T, PostCommentError>) -> Result<T, Refusal> {
    result.map_err(|error| match error {
        PostCommentError::Refused(refusal) => refusal,
        PostCommentError::KeyReused => panic!("there was no key"),
    })
}

/// Every use case, tried by one actor on ticket 4711 in a house of its own.
#[expect(clippy::too_many_lines, reason = "one table, and what its rows are made from")]
async fn try_everything(actor: &Actor) -> Vec<(&'static str, &'static str)> {
    let house = House::new().await;
    let store = Arc::new(house.store.clone());
    let settings = Arc::new(house.messaging.clone());
    let keyring = Arc::new(Keyring::new(&[7; 32], &[]).unwrap());
    let ticket: TicketNumber = number("4711");
    let template = TemplateId::new(1).unwrap();
    let page = PageRequest::default();

    let file = NewAttachment {
        name: "a".to_owned(),
        content_type: "text/plain".to_owned(),
        content: vec![1],
    };
    let public = house
        .post(
            &tomas(),
            NewComment {
                attachments: vec![file],
                ..comment("público")
            },
        )
        .await;
    let internal = NewComment {
        visibility: Visibility::Internal,
        ..comment("interno")
    };
    let internal = house.post(&administrator(), internal).await.comment.id;
    let (public, file, mail) = (
        public.comment.id,
        public.comment.attachments[0].id,
        public.deliveries[0].id,
    );

    let post = house.post_comment();
    let read = ReadComments {
        tickets: store.clone(),
        comments: store.clone(),
    };
    let retract = RetractComment {
        tickets: store.clone(),
        comments: store.clone(),
        people: store.clone(),
        clock: house.clock.clone(),
        trail: house.trail(),
    };
    let put_ticket = PutTicket {
        tickets: store.clone(),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        desk: None,
    };
    let deliveries = ReadDeliveries {
        outbox: store.clone(),
        tickets: store.clone(),
        parameters: store.clone(),
        channels: store.clone(),
        trail: house.trail(),
    };
    let steer = SteerDelivery {
        outbox: store.clone(),
        clock: house.clock.clone(),
        trail: house.trail(),
    };
    let channel = SteerChannel {
        channels: store.clone(),
        trail: house.trail(),
    };
    let suppressions = SteerSuppression {
        suppressions: store.clone(),
        clock: house.clock.clone(),
        trail: house.trail(),
    };
    let templates = ReadTemplates {
        templates: store.clone(),
    };
    let preview = PreviewTemplate {
        templates: store.clone(),
        tickets: store.clone(),
        renderer: Arc::new(PlainRenderer),
        clock: house.clock.clone(),
        settings: settings.clone(),
    };
    let test = TestTemplate {
        templates: store.clone(),
        images: store.clone(),
        parameters: store.clone(),
        outbox: store.clone(),
        renderer: Arc::new(PlainRenderer),
        composer: Arc::new(PlainComposer),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        keyring,
        settings,
    };
    let new_template = NewTemplate {
        id: template,
        name: String::new(),
        subject: "x".to_owned(),
        html: "${COMMENTTEXT}".to_owned(),
        text: None,
        situation: Situation::Active,
        locale: None,
    };
    let put_template = PutTemplate {
        templates: store.clone(),
        images: store.clone(),
        clock: house.clock.clone(),
        trail: house.trail(),
    };
    let parameters = ReadParameters {
        parameters: store.clone(),
    };
    let set = SetParameter {
        parameters: store.clone(),
        templates: store.clone(),
        trail: house.trail(),
    };
    let add = AddUser {
        people: store.clone(),
        ids: house.ids.clone(),
        trail: house.trail(),
    };
    let token = CreateToken {
        people: store.clone(),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        trail: house.trail(),
    };
    let group = PutGroup {
        people: store.clone(),
        trail: house.trail(),
    };
    let on_behalf = NewComment {
        author: Some(party("Zoe", "zoe@example.com")),
        ..comment("x")
    };

    vec![
        (
            "see the ticket",
            told(
                ReadTickets {
                    tickets: store.clone(),
                }
                .find(actor, &ticket)
                .await,
            ),
        ),
        ("read its comments", told(read.list(actor, &ticket, &page).await)),
        (
            "read a public comment",
            told(read.find(actor, &ticket, public).await),
        ),
        (
            "read an internal comment",
            told(read.find(actor, &ticket, internal).await),
        ),
        (
            "fetch an attachment",
            told(read.attachment(actor, &ticket, public, file).await),
        ),
        (
            "name another author",
            told(unwrapped(post.run(actor, &ticket, on_behalf, None).await)),
        ),
        (
            "put a ticket",
            told(put_ticket.run(actor, &ticket, TicketChange::default()).await),
        ),
        (
            "list deliveries",
            told(deliveries.list(actor, &DeliveryQuery::default(), &page).await),
        ),
        ("see a delivery", told(deliveries.find(actor, mail).await)),
        ("read a mail", told(deliveries.message(actor, mail).await)),
        ("cancel a delivery", told(steer.cancel(actor, mail).await)),
        ("requeue a delivery", told(steer.requeue(actor, mail).await)),
        (
            "make a comment internal",
            told(
                retract
                    .run(actor, &ticket, public, Retraction::MakeInternal)
                    .await,
            ),
        ),
        ("list channels", told(channel.list(actor).await)),
        (
            "release a channel",
            told(channel.release(actor, AccountId::DEFAULT).await),
        ),
        ("list suppressions", told(suppressions.list(actor, &page).await)),
        (
            "lift a suppression",
            told(suppressions.lift(actor, &address("nobody@example.com")).await),
        ),
        ("list templates", told(templates.list(actor).await)),
        ("read a template", told(templates.find(actor, template).await)),
        (
            "preview a template",
            told(preview.run(actor, template, None, None).await),
        ),
        (
            "test a template",
            told(test.run(actor, template, address("x@example.com")).await),
        ),
        (
            "save a template",
            told(
                put_template
                    .run(actor, new_template)
                    .await
                    .map_err(|error| match error {
                        PutTemplateError::Refused(refusal) => refusal,
                        PutTemplateError::Faulty(faults) => panic!("{faults:?}"),
                    }),
            ),
        ),
        ("list parameters", told(parameters.list(actor).await)),
        (
            "read a parameter",
            told(parameters.find(actor, Parameter::SmtpHost).await),
        ),
        (
            "set a parameter",
            told(set.run(actor, Parameter::SmtpPort, Some("587")).await),
        ),
        (
            "add an account",
            told(
                add.run(actor, party("Zoe", "zoe@example.com"), Role::Requester, None)
                    .await,
            ),
        ),
        (
            "make a token",
            told(token.run(actor, &address("nobody@example.com"), "test").await),
        ),
        (
            "put a group",
            told(group.run(actor, &builders::group("mesa@example.com", &[])).await),
        ),
    ]
}

#[tokio::test]
async fn everybody_may_do_what_their_role_allows_and_nothing_else() {
    let stranger = person(party("Zoe", "zoe@example.com"), Role::Requester);
    let technician = person(party("Leo", "leo@example.com"), Role::Technician);
    let actors = [stranger, ana(), technician, administrator(), Actor::Operator];
    let mut rows: Vec<(&str, Vec<&str>)> = Vec::new();
    for actor in &actors {
        for (index, (what, answer)) in try_everything(actor).await.into_iter().enumerate() {
            match rows.get_mut(index) {
                Some((_, answers)) => answers.push(answer),
                None => rows.push((what, vec![answer])),
            }
        }
    }
    let line = |what: &str, cells: &[&str]| {
        let cells = cells
            .iter()
            .map(|cell| format!("{cell:<12}"))
            .collect::<Vec<_>>()
            .concat();
        format!("{what:<26}{cells}").trim_end().to_owned()
    };
    let mut table = vec![line(
        "may",
        &["stranger", "requester", "technician", "admin", "operator"],
    )];
    table.extend(rows.iter().map(|(what, cells)| line(what, cells)));
    insta::assert_snapshot!(table.join("\n"), @"
    may                       stranger    requester   technician  admin       operator
    see the ticket            not found   yes         yes         yes         yes
    read its comments         not found   yes         yes         yes         yes
    read a public comment     not found   yes         yes         yes         yes
    read an internal comment  not found   not found   yes         yes         yes
    fetch an attachment       not found   yes         yes         yes         yes
    name another author       not found   forbidden   forbidden   yes         yes
    put a ticket              not found   forbidden   yes         yes         yes
    list deliveries           forbidden   forbidden   yes         yes         yes
    see a delivery            not found   not found   yes         yes         yes
    read a mail               not found   not found   yes         yes         yes
    cancel a delivery         not found   not found   yes         yes         yes
    requeue a delivery        not found   not found   yes         yes         yes
    make a comment internal   not found   forbidden   yes         yes         yes
    list channels             forbidden   forbidden   yes         yes         yes
    release a channel         forbidden   forbidden   forbidden   yes         yes
    list suppressions         forbidden   forbidden   yes         yes         yes
    lift a suppression        forbidden   forbidden   not found   not found   not found
    list templates            forbidden   forbidden   forbidden   yes         yes
    read a template           forbidden   forbidden   forbidden   yes         yes
    preview a template        forbidden   forbidden   forbidden   yes         yes
    test a template           forbidden   forbidden   forbidden   yes         yes
    save a template           forbidden   forbidden   forbidden   yes         yes
    list parameters           forbidden   forbidden   forbidden   yes         yes
    read a parameter          forbidden   forbidden   forbidden   yes         yes
    set a parameter           forbidden   forbidden   forbidden   yes         yes
    add an account            forbidden   forbidden   forbidden   yes         yes
    make a token              forbidden   forbidden   forbidden   not found   not found
    put a group               forbidden   forbidden   forbidden   yes         yes
    ");
}

#[tokio::test]
async fn a_list_of_tickets_shows_each_viewer_their_own() {
    let house = House::new().await;
    house
        .put_ticket(
            builders::ticket("1")
                .requested_by("eva@example.com")
                .watched_by("ana@example.com"),
        )
        .await;
    house
        .put_ticket(
            builders::ticket("2")
                .requested_by("eva@example.com")
                .group("mesa@example.com"),
        )
        .await;
    let read = ReadTickets {
        tickets: Arc::new(house.store.clone()),
    };
    let numbers = async |actor: &Actor| {
        let page = read
            .list(actor, TicketFilter::default(), &PageRequest::default())
            .await
            .unwrap();
        page.items
            .into_iter()
            .map(|ticket| ticket.number.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    let Actor::Person { user, token, .. } = person(party("Zoe", "zoe@example.com"), Role::Requester) else {
        unreachable!("a person is a person")
    };
    let member = Actor::Person {
        user,
        token,
        groups: vec![address("mesa@example.com")],
    };
    assert_eq!(numbers(&ana()).await, ["1", "4711"]);
    assert_eq!(numbers(&member).await, ["2"]);
    assert_eq!(numbers(&tomas()).await, ["2", "1", "4711"]);
    assert_eq!(numbers(&Actor::Operator).await, ["2", "1", "4711"]);
}

#[tokio::test]
async fn a_requester_learns_nothing_of_internal_comments_and_of_who_else_is_told() {
    let house = House::new().await;
    house.post(&ana(), comment("público")).await;
    let internal = NewComment {
        visibility: Visibility::Internal,
        ..comment("interno")
    };
    house.post(&administrator(), internal).await;
    house.worker().drain().await;
    let store = Arc::new(house.store.clone());
    let follow = FollowEvents {
        events: store.clone(),
        tickets: store.clone(),
        comments: store.clone(),
        outbox: store,
    };
    let seen = async |actor: &Actor| {
        let (events, cursor) = follow.after(actor, None).await.unwrap();
        let mut kinds = BTreeMap::new();
        for event in &events {
            *kinds.entry(event.event.kind.as_str()).or_insert(0) += 1;
        }
        assert_eq!(
            cursor,
            follow.newest().await.unwrap(),
            "the cursor stands behind what was passed over too"
        );
        kinds
    };
    assert_eq!(
        seen(&ana()).await,
        BTreeMap::from([("comment.created", 1), ("ticket.changed", 1)])
    );
    let all = BTreeMap::from([
        ("comment.created", 2),
        ("delivery.changed", 2),
        ("ticket.changed", 1),
    ]);
    assert_eq!(seen(&tomas()).await, all);
    let stranger = person(party("Zoe", "zoe@example.com"), Role::Requester);
    assert_eq!(seen(&stranger).await, BTreeMap::new());
}

#[tokio::test]
async fn a_token_opens_its_account_while_that_is_active() {
    let house = House::bare();
    let store = Arc::new(house.store.clone());
    let create = CreateToken {
        people: store.clone(),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        trail: house.trail(),
    };
    let authenticate = Authenticate {
        people: store.clone(),
        sessions: store.clone(),
        clock: house.clock.clone(),
    };
    for (email, standing) in [
        ("ana@example.com", Standing::Active),
        ("eva@example.com", Standing::Disabled),
    ] {
        let user = User {
            standing,
            ..builders::user(email, Role::Requester)
        };
        store.add_user(&user, None).await.unwrap();
        store
            .put_group(&builders::group(&format!("g-{email}"), &[email]))
            .await
            .unwrap();
        let token = create
            .run(&Actor::Operator, &address(email), "script")
            .await
            .unwrap();
        assert!(token.starts_with("recado_"), "{token}");
        let actor = authenticate.run(&token).await.unwrap();
        match (actor, standing) {
            (
                Some(Actor::Person {
                    user: found, groups, ..
                }),
                Standing::Active,
            ) => {
                assert_eq!((found, groups), (user, vec![address(&format!("g-{email}"))]));
            }
            (None, Standing::Disabled) => {}
            other => panic!("{other:?}"),
        }
        assert!(authenticate.run(&token.to_uppercase()).await.unwrap().is_none());
        assert!(authenticate.run("").await.unwrap().is_none());
    }
}
