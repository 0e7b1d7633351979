//! What [`Parameters`](recado_ports::parameters::Parameters) promises. Pins come from a configuration and are its owner's to test.

use recado_domain::channel::AccountId;
use recado_domain::parameter::Parameter;

use super::Subject;

/// A valid value for every parameter.
fn value(parameter: Parameter) -> String {
    let candidates = [
        "Y",
        "1",
        "desk@example.org",
        "https://example.org",
        "imaps",
        "example.org",
    ];
    let valid = candidates
        .into_iter()
        .find(|candidate| parameter.normalize(candidate).is_ok());
    parameter
        .normalize(valid.expect("one of them fits every kind"))
        .unwrap()
}

async fn set(subject: &Subject, parameter: Parameter, value: Option<&str>) {
    subject
        .parameters
        .set(parameter, value.map(str::to_owned))
        .await
        .unwrap();
}

async fn nudges(subject: &Subject) -> i64 {
    subject.channels.find(AccountId::DEFAULT).await.unwrap().nudges
}

pub async fn a_value_is_read_back_until_it_is_removed(subject: &Subject) {
    for &parameter in Parameter::ALL {
        assert_eq!(
            subject
                .parameters
                .snapshot()
                .await
                .unwrap()
                .values
                .set_value(parameter),
            None,
            "{parameter}"
        );
        set(subject, parameter, Some(&value(parameter))).await;
    }
    set(subject, Parameter::SmtpPassword, Some(" ñ'\"\\ ")).await;
    let snapshot = subject.parameters.snapshot().await.unwrap();
    for &parameter in Parameter::ALL {
        let expected = if parameter == Parameter::SmtpPassword {
            " ñ'\"\\ ".to_owned()
        } else {
            value(parameter)
        };
        assert_eq!(
            snapshot.values.set_value(parameter),
            Some(expected.as_str()),
            "{parameter}"
        );
    }
    assert!(snapshot.pinned.is_empty());
    set(subject, Parameter::MessageExchange, None).await;
    let snapshot = subject.parameters.snapshot().await.unwrap();
    assert_eq!(snapshot.values.set_value(Parameter::MessageExchange), None);
    assert!(
        snapshot.values.is_on(Parameter::MessageExchange),
        "the default counts again"
    );
}

pub async fn writing_a_parameter_of_the_account_nudges_its_channel(subject: &Subject) {
    for &parameter in Parameter::ALL
        .iter()
        .filter(|parameter| parameter.belongs_to_outgoing_account())
    {
        let value = value(parameter);
        for write in [Some(value.as_str()), Some(value.as_str()), None] {
            let before = nudges(subject).await;
            set(subject, parameter, write).await;
            assert!(nudges(subject).await > before, "{parameter}");
        }
    }
}

pub async fn writing_any_other_parameter_nudges_nothing(subject: &Subject) {
    for &parameter in Parameter::ALL
        .iter()
        .filter(|parameter| !parameter.belongs_to_outgoing_account())
    {
        set(subject, parameter, Some(&value(parameter))).await;
        assert_eq!(nudges(subject).await, 0, "{parameter}");
    }
}
