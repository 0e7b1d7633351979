//! A parameter as a field of a form: what it shows, and what a form's answer means to it. A secret goes in and never
//! comes out.

use recado_app::read_parameters::ParameterState;
use recado_domain::parameter::{Parameter, ValueKind};
use recado_domain::template::{Situation, StoredTemplate, TemplateId};
use serde::Serialize;

/// A parameter to show and edit.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact that the page tells")]
pub(super) struct ValueField {
    number: u16,
    kind: &'static str,
    /// The value set, or the one that was refused; never a secret's.
    value: Option<String>,
    default: Option<&'static str>,
    /// The value that counts; never a secret's.
    counts: Option<String>,
    is_set: bool,
    is_pinned: bool,
    is_secret: bool,
    choices: Vec<Choice>,
    /// Whether the value names a template that is not among the choices.
    is_stray: bool,
    /// The key of what is wrong with the value.
    error: Option<&'static str>,
    /// The keys of what to look at.
    warnings: Vec<&'static str>,
}

/// What a list offers.
#[derive(Serialize)]
#[serde(untagged)]
enum Choice {
    Word(&'static str),
    Template {
        id: String,
        name: String,
        is_active: bool,
    },
}

impl ValueField {
    /// A parameter as it stands.
    pub(super) fn of(state: &ParameterState, templates: &[StoredTemplate]) -> Self {
        let parameter = state.parameter;
        let default = parameter.default_value();
        let mut field = Self {
            number: parameter.number(),
            kind: kind(parameter),
            value: state.value.clone(),
            default,
            counts: state.value.clone().or_else(|| default.map(ToOwned::to_owned)),
            is_set: state.is_set,
            is_pinned: state.is_pinned,
            is_secret: parameter.is_secret(),
            choices: choices(parameter, templates),
            is_stray: false,
            error: None,
            warnings: Vec::new(),
        };
        if parameter.kind() == ValueKind::Template
            && let Some(id) = state
                .value
                .as_deref()
                .and_then(|value| TemplateId::parse(value).ok())
        {
            match templates.iter().find(|template| template.id == id) {
                None => {
                    field.is_stray = true;
                    field.warnings.push("parameter-template-missing");
                }
                Some(template) if template.situation == Situation::Inactive => {
                    field.warnings.push("parameter-template-inactive");
                }
                Some(_) => {}
            }
        }
        field
    }

    /// The same field with a value that was typed and is not stored.
    pub(super) fn typed(mut self, value: &str) -> Self {
        if !self.is_secret {
            self.value = Some(value.to_owned());
        }
        self
    }

    /// The same field with a value that was refused.
    pub(super) fn refused(self, value: &str) -> Self {
        let error = Some(complaint(self.kind));
        Self {
            error,
            ..self.typed(value)
        }
    }
}

/// What a form's answer means to a parameter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// It stays as it is.
    Keep,
    /// It gets this value, or its default.
    Set(Option<String>),
    /// The value cannot be taken.
    Refuse,
}

/// What a form's answer means to a parameter. An empty secret leaves the one that is set, which the form never held.
pub(super) fn wish(state: &ParameterState, given: Option<&str>, clears: bool) -> Wish {
    let Some(given) = given else { return Wish::Keep };
    let parameter = state.parameter;
    if given.is_empty() || !parameter.is_secret() && given.trim().is_empty() {
        let returns = state.is_set && (clears || !parameter.is_secret());
        return if returns { Wish::Set(None) } else { Wish::Keep };
    }
    match parameter.normalize(given) {
        Err(_) => Wish::Refuse,
        Ok(value) if state.value.as_ref() == Some(&value) => Wish::Keep,
        Ok(_) => Wish::Set(Some(given.to_owned())),
    }
}

fn kind(parameter: Parameter) -> &'static str {
    match parameter.kind() {
        ValueKind::YesNo => "yes-no",
        ValueKind::Address => "address",
        ValueKind::Host => "host",
        ValueKind::Port => "port",
        ValueKind::Number => "number",
        ValueKind::Text => "text",
        ValueKind::Secret => "secret",
        ValueKind::Url => "url",
        ValueKind::Template => "template",
        ValueKind::Choice(_) => "choice",
    }
}

/// The key of what a value of this kind should have been.
fn complaint(kind: &str) -> &'static str {
    match kind {
        "yes-no" => "value-yes-no",
        "address" => "value-address",
        "host" => "value-host",
        "port" => "value-port",
        "number" => "value-number",
        "secret" => "value-secret",
        "url" => "value-url",
        "template" => "value-template",
        "choice" => "value-choice",
        _ => "value-text",
    }
}

fn choices(parameter: Parameter, templates: &[StoredTemplate]) -> Vec<Choice> {
    match parameter.kind() {
        ValueKind::Choice(words) => words.iter().map(|word| Choice::Word(word)).collect(),
        ValueKind::Template => templates
            .iter()
            .map(|template| Choice::Template {
                id: template.id.to_string(),
                name: template.name.clone(),
                is_active: template.situation == Situation::Active,
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(parameter: Parameter, value: Option<&str>) -> ParameterState {
        ParameterState {
            parameter,
            is_set: value.is_some(),
            value: value.filter(|_| !parameter.is_secret()).map(ToOwned::to_owned),
            is_pinned: false,
        }
    }

    #[test]
    fn an_empty_secret_stays_and_anything_else_empty_returns_to_its_default() {
        let password = state(Parameter::SmtpPassword, Some("hunter2"));
        assert_eq!(wish(&password, Some(""), false), Wish::Keep);
        assert_eq!(wish(&password, Some(""), true), Wish::Set(None));
        assert_eq!(
            wish(&password, Some(" x "), false),
            Wish::Set(Some(" x ".to_owned()))
        );
        let port = state(Parameter::SmtpPort, Some("587"));
        assert_eq!(wish(&port, Some(" "), false), Wish::Set(None));
        assert_eq!(wish(&port, Some("587"), false), Wish::Keep);
        assert_eq!(wish(&port, Some("70000"), false), Wish::Refuse);
        assert_eq!(wish(&port, None, false), Wish::Keep);
        assert_eq!(
            wish(&state(Parameter::SmtpPort, None), Some(""), false),
            Wish::Keep
        );
    }

    #[test]
    fn a_refused_secret_is_not_given_back() {
        let field = ValueField::of(&state(Parameter::SmtpPassword, None), &[]).refused("hunter2");
        assert!(!serde_json::to_string(&field).unwrap().contains("hunter2"));
    }
}
