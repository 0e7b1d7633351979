//! Setting parameters, and reading them back.

use std::sync::Arc;

use recado_app::access::Refusal;
use recado_app::read_parameters::{ParameterState, ReadParameters};
use recado_app::set_parameter::SetParameter;
use recado_domain::parameter::Parameter;
use recado_domain::template::{Situation, StoredTemplate};
use recado_test_support::builders;

use crate::house::{House, administrator};

async fn set(
    house: &House,
    parameter: Parameter,
    value: Option<&str>,
) -> Result<(ParameterState, Vec<String>), Refusal> {
    let store = Arc::new(house.store.clone());
    SetParameter {
        parameters: store.clone(),
        templates: store,
        trail: house.trail(),
    }
    .run(&administrator(), parameter, value)
    .await
}

#[tokio::test]
async fn a_value_is_stored_in_its_normal_form_and_unset_again() {
    let house = House::bare();
    let (state, warnings) = set(&house, Parameter::MessageExchange, Some("Não"))
        .await
        .unwrap();
    assert_eq!(
        (state.value.as_deref(), state.is_set, state.is_pinned),
        (Some("N"), true, false)
    );
    assert_eq!(warnings, Vec::<String>::new());
    let (state, _) = set(&house, Parameter::MessageExchange, None).await.unwrap();
    assert_eq!((state.value, state.is_set), (None, false));
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_refused_with_its_cause() {
    let house = House::bare();
    let refused = set(&house, Parameter::FromAddress, Some("desk@@example.org")).await;
    let Err(Refusal::Invalid(faults)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(faults[0].field, "value");
    assert!(
        faults[0].message.contains("desk@@example.org"),
        "{}",
        faults[0].message
    );
}

#[tokio::test]
async fn a_pinned_parameter_is_the_configurations_alone() {
    let house = House::bare();
    house.store.pin(Parameter::SmtpHost, "smtp.example.org");
    let refused = set(&house, Parameter::SmtpHost, Some("other.example.org")).await;
    assert!(matches!(refused, Err(Refusal::Conflict(_))), "{refused:?}");
    let reading = ReadParameters {
        parameters: Arc::new(house.store.clone()),
    };
    let state = reading.find(&administrator(), Parameter::SmtpHost).await.unwrap();
    assert_eq!(
        (state.value.as_deref(), state.is_pinned),
        (Some("smtp.example.org"), true)
    );
}

#[tokio::test]
async fn a_template_number_that_leads_nowhere_is_stored_with_a_warning() {
    let house = House::bare();
    house.put_template(&builders::template(1)).await;
    house
        .put_template(&StoredTemplate {
            situation: Situation::Inactive,
            ..builders::template(2)
        })
        .await;
    for (value, warning) in [
        ("1", None),
        ("2", Some("inactive")),
        ("3", Some("does not exist")),
    ] {
        let (state, warnings) = set(&house, Parameter::MessagingTemplate, Some(value))
            .await
            .unwrap();
        assert_eq!(state.value.as_deref(), Some(value));
        assert_eq!(warnings.len(), usize::from(warning.is_some()), "{warnings:?}");
        assert!(
            warning.is_none_or(|word| warnings[0].contains(word)),
            "{warnings:?}"
        );
    }
}

#[tokio::test]
async fn a_secret_is_never_read_back() {
    let house = House::bare();
    let (state, _) = set(&house, Parameter::SmtpPassword, Some("hunter2"))
        .await
        .unwrap();
    assert_eq!((state.value, state.is_set), (None, true));
    let reading = ReadParameters {
        parameters: Arc::new(house.store.clone()),
    };
    let all = reading.list(&administrator()).await.unwrap();
    assert_eq!(all.len(), Parameter::ALL.len());
    assert!(!format!("{all:?}").contains("hunter2"));
}
