//! Saving, previewing and testing templates.

use std::sync::Arc;

use recado_app::access::Refusal;
use recado_app::preview_template::PreviewTemplate;
use recado_app::put_template::{NewTemplate, PutTemplate, PutTemplateError};
use recado_app::test_template::TestTemplate;
use recado_domain::outbox::State;
use recado_domain::template::{Field, Severity, Situation, TemplateId};
use recado_domain::token::Keyring;
use recado_ports::renderer::{MockRenderer, RenderError, Renderer};
use recado_ports::templates::{Templates, Written};
use recado_test_support::builders::{self, address};
use recado_test_support::fakes::{PlainComposer, PlainRenderer};

use crate::house::{House, administrator, number};

fn template_id(number: i64) -> TemplateId {
    TemplateId::new(number).unwrap()
}

fn new_template(subject: &str, html: &str) -> NewTemplate {
    NewTemplate {
        id: template_id(7),
        name: "Mensajería".to_owned(),
        subject: subject.to_owned(),
        html: html.to_owned(),
        text: None,
        situation: Situation::Active,
        locale: None,
    }
}

fn preview(house: &House, renderer: Arc<dyn Renderer>) -> PreviewTemplate {
    let store = Arc::new(house.store.clone());
    PreviewTemplate {
        templates: store.clone(),
        tickets: store,
        renderer,
        clock: house.clock.clone(),
        settings: Arc::new(house.messaging.clone()),
    }
}

#[tokio::test]
async fn all_faults_of_a_template_are_told_and_a_faulty_one_is_not_saved() {
    let house = House::bare();
    let put = PutTemplate {
        templates: Arc::new(house.store.clone()),
        images: Arc::new(house.store.clone()),
        clock: house.clock.clone(),
        trail: house.trail(),
    };
    let faulty = put
        .run(
            &administrator(),
            new_template("${USRNAME}", "<p>$ {COMMENTTEXT}</p>${"),
        )
        .await;
    let Err(PutTemplateError::Faulty(diagnostics)) = faulty else {
        panic!("{faulty:?}")
    };
    let fields: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.field).collect();
    assert!(
        fields.contains(&Field::Subject) && fields.contains(&Field::Html),
        "{diagnostics:?}"
    );
    assert!(
        diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    );
    assert_eq!(Templates::find(&house.store, template_id(7)).await.unwrap(), None);

    for written in [Written::Created, Written::Replaced] {
        let saved = put
            .run(
                &administrator(),
                new_template("${USERNAME}", "<p>${COMMENTTEXT}</p>"),
            )
            .await
            .unwrap();
        assert_eq!(saved, (written, vec![]));
    }
    let nul = put.run(&administrator(), new_template("a\0", "b\0")).await;
    let Err(PutTemplateError::Refused(Refusal::Invalid(fields))) = nul else {
        panic!("{nul:?}")
    };
    assert_eq!(
        fields
            .iter()
            .map(|fault| fault.field.as_str())
            .collect::<Vec<_>>(),
        ["subject", "html"]
    );
}

#[tokio::test]
async fn a_preview_shows_the_ticket_or_a_sample_and_sends_nothing() {
    let house = House::new().await;
    house
        .put_ticket(builders::ticket("9").requested_by("eva@example.com"))
        .await;
    let preview = preview(&house, Arc::new(PlainRenderer));
    let of_ticket = preview
        .run(&administrator(), template_id(1), Some(&number("9")), Some("<b>"))
        .await
        .unwrap();
    assert_eq!(of_ticket.subject, "Solicitud 9: eva@example.com");
    assert!(of_ticket.html.contains("&lt;b&gt;"), "{}", of_ticket.html);
    let sample = preview
        .run(&administrator(), template_id(1), None, None)
        .await
        .unwrap();
    assert_eq!(sample.subject, "Solicitud 4711: Ana Peña");
    assert_eq!(house.deliveries().await, []);

    for (id, ticket) in [(99, None), (1, Some(number("none")))] {
        let missing = preview
            .run(&administrator(), template_id(id), ticket.as_ref(), None)
            .await;
        assert!(matches!(missing, Err(Refusal::NotFound(_))), "{missing:?}");
    }
}

#[tokio::test]
async fn a_preview_tells_a_failure_that_a_comment_would_cover() {
    let house = House::new().await;
    let mut broken = MockRenderer::new();
    broken.expect_render().returning(|template, _| {
        Err(RenderError {
            id: template.id,
            source: "too large".into(),
        })
    });
    let refused = preview(&house, Arc::new(broken))
        .run(&administrator(), template_id(1), None, None)
        .await;
    let Err(Refusal::Invalid(faults)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(faults[0].message, "template 1 cannot be rendered: too large");
}

#[tokio::test]
async fn a_test_of_a_template_is_delivered_and_marked_as_a_programs() {
    let house = House::new().await;
    let store = Arc::new(house.store.clone());
    let test = TestTemplate {
        templates: store.clone(),
        images: store.clone(),
        parameters: store.clone(),
        outbox: store,
        renderer: Arc::new(PlainRenderer),
        composer: Arc::new(PlainComposer),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        keyring: Arc::new(Keyring::new(&[7; 32], &[]).unwrap()),
        settings: Arc::new(house.messaging.clone()),
    };
    let id = test
        .run(&administrator(), template_id(1), address("me@example.com"))
        .await
        .unwrap();
    house.worker().drain().await;
    assert_eq!(
        (house.state(id).await, house.recipients()),
        (State::Sent, vec!["me@example.com".to_owned()])
    );
    let mail = house.message(id).await;
    assert!(mail.contains("Auto-Submitted: auto-generated\r\n"), "{mail}");
    assert!(
        mail.contains("From: Mesa de ayuda <desk@example.org>\r\n"),
        "{mail}"
    );
}
