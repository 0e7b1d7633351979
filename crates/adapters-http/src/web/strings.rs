//! The words of the pages, from Fluent files in three languages.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use recado_domain::locale::Locale;
use unic_langid::LanguageIdentifier;

/// The files of each language, area by area.
macro_rules! strings {
    ($($area:literal),+ $(,)?) => {
        /// What the areas are called.
        #[cfg(test)]
        const AREAS: &[&str] = &[$($area),+];
        const ES: &[&str] = &[$(include_str!(concat!("../../web/strings/es/", $area, ".ftl"))),+];
        const PT: &[&str] = &[$(include_str!(concat!("../../web/strings/pt/", $area, ".ftl"))),+];
        const EN: &[&str] = &[$(include_str!(concat!("../../web/strings/en/", $area, ".ftl"))),+];
    };
}

strings!(
    "shell",
    "conversation",
    "desk",
    "administration",
    "templates",
    "people"
);

/// Words for a title or a notice.
#[derive(Debug, Clone)]
pub(crate) enum Words {
    /// A key of the Fluent files.
    Key(&'static str),
    /// A key and what goes into it.
    With(&'static str, Vec<(&'static str, String)>),
    /// Somebody's own words: a ticket's title, a name.
    Text(String),
}

impl From<&'static str> for Words {
    fn from(key: &'static str) -> Self {
        Self::Key(key)
    }
}

/// The words of all languages, each read when it is first spoken.
#[derive(Default)]
pub(crate) struct Strings([OnceLock<FluentBundle<FluentResource>>; 3]);

impl Strings {
    fn of(&self, language: Locale) -> &FluentBundle<FluentResource> {
        let (index, files) = match language {
            Locale::Es => (0, ES),
            Locale::Pt => (1, PT),
            Locale::En => (2, EN),
        };
        self.0[index].get_or_init(|| bundle(language, files))
    }

    /// Whether the key exists in a language.
    pub(crate) fn has(&self, language: Locale, key: &str) -> bool {
        self.of(language)
            .get_message(key)
            .is_some_and(|message| message.value().is_some())
    }

    /// The words for a key; the Spanish ones where a language has none, the key itself where none has. Plain text: who
    /// puts it into HTML escapes it.
    pub(crate) fn text(&self, language: Locale, key: &str, arguments: Option<&FluentArgs<'_>>) -> String {
        for language in [language, Locale::Es] {
            let bundle = self.of(language);
            let pattern = bundle.get_message(key).and_then(|message| message.value());
            let Some(pattern) = pattern else { continue };
            let mut errors = Vec::new();
            let text = bundle
                .format_pattern(pattern, arguments, &mut errors)
                .into_owned();
            if !errors.is_empty() {
                tracing::error!(
                    key,
                    language = language.as_str(),
                    ?errors,
                    "a string lacks an argument"
                );
            }
            return text;
        }
        tracing::error!(key, language = language.as_str(), "there is no such string");
        key.to_owned()
    }

    pub(crate) fn words(&self, language: Locale, words: &Words) -> String {
        match words {
            Words::Key(key) => self.text(language, key, None),
            Words::With(key, arguments) => {
                let arguments = arguments
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                self.text(language, key, Some(&arguments))
            }
            Words::Text(text) => text.clone(),
        }
    }
}

fn bundle(language: Locale, files: &[&str]) -> FluentBundle<FluentResource> {
    let id: LanguageIdentifier = language.as_str().parse().expect("two letters name a language");
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Names in right-to-left scripts are isolated by the markup (`dir=auto`, `<bdi>`), not by invisible characters.
    bundle.set_use_isolating(false);
    for file in files {
        let resource = FluentResource::try_new((*file).to_owned())
            .unwrap_or_else(|(_, errors)| panic!("the strings in {language} cannot be read: {errors:?}"));
        bundle
            .add_resource(resource)
            .unwrap_or_else(|errors| panic!("a string in {language} is there twice: {errors:?}"));
    }
    bundle
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use fluent_bundle::FluentValue;

    use super::*;

    /// The keys of a language, each with its area.
    fn keys(files: &[&str]) -> BTreeMap<String, &'static str> {
        let mut keys = BTreeMap::new();
        for (area, file) in AREAS.iter().zip(files) {
            for line in file.lines() {
                if let Some((key, _)) = line.split_once(" =")
                    && key.starts_with(|c: char| c.is_ascii_lowercase())
                {
                    keys.insert(key.to_owned(), *area);
                }
            }
        }
        keys
    }

    #[test]
    fn every_language_has_the_same_keys_in_the_same_areas() {
        let spanish = keys(ES);
        assert!(spanish.len() > 10);
        assert_eq!(spanish, keys(PT), "pt");
        assert_eq!(spanish, keys(EN), "en");
        let strings = Strings::default();
        for key in spanish.keys() {
            for language in Locale::ALL {
                assert!(strings.has(language, key), "{key} has no value in {language}");
            }
        }
    }

    #[test]
    fn plurals_follow_the_number_and_names_stay_as_they_are() {
        let strings = Strings::default();
        let months: Vec<_> = (1..=12)
            .map(|month| {
                let arguments = [("month", FluentValue::from(month))].into_iter().collect();
                strings.text(Locale::Es, "date-month", Some(&arguments))
            })
            .collect();
        assert_eq!((months[0].as_str(), months[11].as_str()), ("enero", "diciembre"));
    }

    #[test]
    fn a_key_that_is_nowhere_shows_itself() {
        assert_eq!(
            Strings::default().text(Locale::En, "no-such-key", None),
            "no-such-key"
        );
    }
}
