//! The templates of the pages, parsed once when a page is first asked for, and what they can call.

mod format;
mod icons;

use std::sync::{Arc, OnceLock};

use fluent_bundle::{FluentArgs, FluentValue};
use recado_domain::locale::Locale;
use tera::{Context, Kwargs, State, Tera, TeraResult, Value};

use super::assets;
use super::strings::Strings;

/// Page files below `web/pages`, by their names there.
macro_rules! pages {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../web/pages/", $name)))),+]
    };
}

const SHELL: &[(&str, &str)] = pages![
    "shell/layout.html",
    "shell/bar.html",
    "shell/keys.html",
    "shell/error.html",
    "shell/sign_in.html",
    "shell/sign_in_sent.html",
    "shell/sign_in_link.html",
    "shell/set_up.html",
    "shell/settings.html",
];
const ADMINISTRATION: &[(&str, &str)] = pages![
    "administration/frame.html",
    "administration/pager.html",
    "administration/confirm.html",
    "administration/overview.html",
    "administration/watch.html",
    "administration/health.html",
    "administration/findings.html",
    "administration/accounts.html",
    "administration/trial.html",
    "administration/value.html",
    "administration/parameters.html",
    "administration/parameter.html",
    "administration/templates/list.html",
    "administration/templates/editor.html",
    "administration/templates/diagnostics.html",
    "administration/templates/images.html",
    "administration/templates/preview_parts.html",
    "administration/outbox.html",
    "administration/mails.html",
    "administration/mail_rows.html",
    "administration/people.html",
    "administration/person.html",
    "administration/groups.html",
    "administration/group.html",
    "administration/tokens.html",
    "administration/audit.html",
    "desk/confirm.html",
    "desk/deliveries.html",
    "desk/delivery.html",
    "desk/mail.html",
    "desk/quarantine.html",
    "desk/source.html",
];
const CONVERSATION: &[(&str, &str)] = pages![
    "conversation/found.html",
    "conversation/head.html",
    "conversation/item.html",
    "conversation/menu.html",
    "conversation/message.html",
    "conversation/messages.html",
    "conversation/mute.html",
    "conversation/one.html",
    "conversation/state.html",
    "conversation/talk.html",
    "conversation/ticket.html",
    "conversation/tickets.html",
    "conversation/tickets_list.html",
    "conversation/view.html",
    "conversation/write.html",
];
const DESK: &[(&str, &str)] = pages![
    "desk/desk.html",
    "desk/facts_pane.html",
    "desk/find.html",
    "desk/head_bar.html",
    "desk/list.html",
    "desk/views.html",
];
/// Every page, area by area.
const PAGES: &[&[(&str, &str)]] = &[SHELL, ADMINISTRATION, CONVERSATION, DESK];

/// Makes HTML.
pub(crate) struct Renderer {
    /// One for each language, in the order of [`Locale::ALL`]: what a template calls knows its language. A daemon that is
    /// asked for no page parses none, and starts the sooner.
    by_language: [OnceLock<Tera>; 3],
    pub(crate) strings: Arc<Strings>,
}

impl Renderer {
    pub(crate) fn new() -> Self {
        Self {
            by_language: Default::default(),
            strings: Arc::new(Strings::default()),
        }
    }

    /// A page or part of one.
    pub(crate) fn render(
        &self,
        language: Locale,
        template: &str,
        context: &Context,
    ) -> Result<String, tera::Error> {
        let index = Locale::ALL.iter().position(|known| *known == language);
        self.by_language[index.expect("every language is among all")]
            .get_or_init(|| parse(language, &self.strings))
            .render(template, context)
    }
}

fn parse(language: Locale, strings: &Arc<Strings>) -> Tera {
    let mut tera = Tera::new();
    // The default, made explicit: every page escapes every value.
    tera.autoescape_on([".html"]);
    let words = strings.clone();
    tera.register_function("t", move |arguments: Kwargs, _: &State<'_>| {
        let key = arguments.must_get::<&str>("key")?;
        Ok::<_, tera::Error>(words.text(language, key, Some(&fluent(&arguments))))
    });
    tera.register_function("path", path);
    tera.register_function("asset", |arguments: Kwargs, _: &State<'_>| {
        let name = arguments.must_get::<&str>("name")?;
        assets::url(name)
            .map(ToOwned::to_owned)
            .ok_or_else(|| tera::Error::message(format!("there is no asset {name:?}")))
    });
    tera.register_function("icon", |arguments: Kwargs, _: &State<'_>| {
        let name = arguments.must_get::<&str>("name")?;
        icons::svg(name)
            .map(|svg| Value::safe_string(&svg))
            .ok_or_else(|| tera::Error::message(format!("there is no icon {name:?}")))
    });
    tera.register_filter(
        "segment",
        |text: std::borrow::Cow<'_, str>, _: Kwargs, _: &State<'_>| super::page::segment(&text),
    );
    format::register(&mut tera, language, strings);
    tera.add_raw_templates(PAGES.iter().flat_map(|area| area.iter().copied()))
        .unwrap_or_else(|error| panic!("the pages cannot be read: {error}"));
    tera
}

/// The arguments of a string: numbers stay numbers, so that plurals work.
fn fluent(arguments: &Kwargs) -> FluentArgs<'static> {
    let mut given = FluentArgs::new();
    for (name, value) in arguments.iter() {
        let Some(name) = name.as_str().filter(|name| *name != "key") else {
            continue;
        };
        let value = match value.as_i64() {
            Some(number) => FluentValue::from(number),
            None => FluentValue::from(value.to_string()),
        };
        given.set(name.to_owned(), value);
    }
    given
}

/// `path(to="/tickets/{number}/comments/{id}", number=…, id=…)`: each value percent-encoded into its place.
#[expect(clippy::needless_pass_by_value, reason = "the signature is tera's")]
fn path(arguments: Kwargs, _: &State<'_>) -> TeraResult<String> {
    let pattern = arguments.must_get::<&str>("to")?;
    let mut built = String::with_capacity(pattern.len() + 40);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| tera::Error::message(format!("{pattern:?} lacks a closing brace")))?;
        let value = arguments.must_get::<Value>(name)?;
        built.push_str(before);
        built.push_str(&super::page::segment(&value.to_string()));
        rest = after;
    }
    built.push_str(rest);
    Ok(built)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn rendered(template: &str, context: &Context) -> String {
        let mut tera = parse(Locale::Es, &Arc::new(Strings::default()));
        tera.add_raw_template("test.html", template).unwrap();
        tera.render("test.html", context).unwrap()
    }

    #[test]
    fn every_page_can_be_parsed_in_every_language() {
        let renderer = Renderer::new();
        for language in Locale::ALL {
            let answer = renderer.render(language, "no such page", &Context::new());
            assert!(answer.is_err_and(|error| error.to_string().contains("no such page")));
        }
    }

    #[test]
    fn every_page_file_is_embedded() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/pages");
        let mut files = BTreeSet::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        let embedded: BTreeSet<_> = PAGES
            .iter()
            .flat_map(|area| area.iter().map(|(name, _)| (*name).to_owned()))
            .collect();
        assert_eq!(embedded, files);
    }

    #[test]
    fn pages_hold_nothing_that_the_policy_forbids() {
        for (name, source) in PAGES.iter().flat_map(|area| area.iter()) {
            for word in [
                " style=",
                "<style",
                " onclick=",
                " onsubmit=",
                "javascript:",
                "| safe",
                "|safe",
                "autoescape",
            ] {
                assert!(!source.contains(word), "{name} holds {word}");
            }
            assert!(
                source
                    .match_indices("<script")
                    .all(|(at, _)| source[at..].starts_with("<script type=\"module\" src=")),
                "{name} holds a script of its own"
            );
        }
    }

    #[test]
    fn values_are_escaped_in_text_and_attributes() {
        let mut context = Context::new();
        context.insert("value", "<b onmouseover='x'>\"&");
        assert_eq!(
            rendered("<p title=\"{{ value }}\">{{ value }}", &context),
            "<p title=\"&lt;b onmouseover=&#39;x&#39;&gt;&quot;&amp;\">&lt;b onmouseover=&#39;x&#39;&gt;&quot;&amp;"
        );
    }

    #[test]
    fn a_path_takes_any_number() {
        let mut context = Context::new();
        context.insert("number", "a/b ?%ñ");
        assert_eq!(
            rendered(
                "{{ path(to=\"/desk/{number}/assign\", number=number) }}",
                &context
            ),
            "/desk/a%2Fb%20%3F%25%C3%B1/assign"
        );
    }
}
