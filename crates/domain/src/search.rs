//! Searching in texts: which words a text has, and which words somebody looks for. Whoever stores texts indexes
//! [`Words`]; the rule is here, so that every store finds alike.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The words of a text: runs of letters and digits, in lower case and without accents.
///
/// ```
/// use recado_domain::search::Words;
/// let words = Words::of("La IMPRESIÓN de «Peña» (nº 12) falló: ana@example.com");
/// let words: Vec<_> = words.iter().collect();
/// assert_eq!(words, ["12", "ana", "com", "de", "example", "fallo", "impresion", "la", "no", "pena"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(BTreeSet<String>);

impl Words {
    /// Characters of a text that are looked at; what comes behind is not found.
    pub const TEXT_CHARS: usize = 100_000;

    /// Characters of a word that count.
    pub const WORD_CHARS: usize = 64;

    /// Octets of all the words together; more are left out.
    pub const OCTETS: usize = 512 * 1024;

    /// The words of a text.
    pub fn of(text: &str) -> Self {
        let mut words = BTreeSet::new();
        let mut octets = 0;
        for word in words_in_order(text) {
            let size = word.len();
            if octets + size > Self::OCTETS {
                break;
            }
            if words.insert(word) {
                octets += size;
            }
        }
        Self(words)
    }

    /// Each word once, in the order of their octets.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// What somebody looks for: every word of what they typed, the last one by its beginning.
///
/// ```
/// use recado_domain::search::{Sought, Words};
/// let sought = Sought::parse(r#"peña "impre*" AND"#).expect("there are words");
/// assert!(sought.is_in(&Words::of("¿Y la impresora? No… impre, Andrés Peña.")));
/// assert!(!sought.is_in(&Words::of("La impresora de Andrés Peña")));
/// assert!(Sought::parse("\" * ' -").is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    whole: BTreeSet<String>,
    beginning: Option<String>,
}

impl Sought {
    /// Words that are looked for; what is typed beyond is passed over.
    pub const MOST: usize = 16;

    /// A last word of fewer characters counts as a whole one: too many words begin with a single letter.
    pub const BEGINNING_CHARS: usize = 2;

    /// Reads what somebody typed; `None` when no word is in it. No sign has a meaning, so nothing is a wrong query.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words: Vec<_> = words_in_order(text).take(Self::MOST).collect();
        let last = words.pop()?;
        let mut sought = Self {
            whole: words.into_iter().collect(),
            beginning: None,
        };
        if last.chars().count() >= Self::BEGINNING_CHARS {
            sought.beginning = Some(last);
        } else {
            sought.whole.insert(last);
        }
        Some(sought)
    }

    /// Words to be there as they are.
    pub fn whole(&self) -> impl Iterator<Item = &str> {
        self.whole.iter().map(String::as_str)
    }

    /// What a word must begin with.
    pub fn beginning(&self) -> Option<&str> {
        self.beginning.as_deref()
    }

    /// Whether a text with these words is what is looked for.
    pub fn is_in(&self, words: &Words) -> bool {
        let begins = |beginning: &String| {
            let mut behind = words.0.range(beginning.clone()..);
            behind.next().is_some_and(|word| word.starts_with(beginning))
        };
        self.whole.is_subset(&words.0) && self.beginning.as_ref().is_none_or(begins)
    }
}

fn words_in_order(text: &str) -> impl Iterator<Item = String> {
    let mut letters = text
        .chars()
        .take(Words::TEXT_CHARS)
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .peekable();
    std::iter::from_fn(move || {
        while letters.next_if(|c| !c.is_alphanumeric()).is_some() {}
        let mut word = String::new();
        let mut chars = 0;
        while let Some(letter) = letters.next_if(|c| c.is_alphanumeric()) {
            if chars < Words::WORD_CHARS {
                word.push(letter);
                chars += 1;
            }
        }
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        Words::of(text).iter().map(str::to_owned).collect()
    }

    #[test]
    fn letter_case_accents_and_width_make_no_difference() {
        for text in ["Ñandú ÉL ﬁn Ⅷ", "nandu el fin viii", "ñandú él FIN ⅷ"] {
            assert_eq!(words(text), ["el", "fin", "nandu", "viii"], "{text}");
        }
        assert_eq!(words("İstanbul ＡＢＣ １２"), ["12", "abc", "istanbul"]);
        assert_eq!(words("日本語 привет"), ["привет", "日本語"]);
    }

    #[test]
    fn a_text_is_looked_at_up_to_its_limits() {
        assert_eq!(words(&"x".repeat(1_000)), ["x".repeat(Words::WORD_CHARS)]);
        let late = format!("{} tarde", "a ".repeat(Words::TEXT_CHARS / 2));
        assert_eq!(words(&late), ["a"]);
        // Each of these becomes eighteen characters.
        let wide = "\u{FDFA} ".repeat(Words::TEXT_CHARS);
        let octets: usize = Words::of(&wide).iter().map(str::len).sum();
        assert!(octets > 0 && octets <= Words::OCTETS);
        let many: Vec<_> = (0..14_000).map(|number| format!("\u{10400}{number}")).collect();
        assert!(Words::of(&many.join(" ")).iter().map(str::len).sum::<usize>() <= Words::OCTETS);
    }

    #[test]
    fn the_last_word_is_sought_by_its_beginning() {
        for (typed, text, found) in [
            ("impre", "la impresora", true),
            ("impre la", "la impresora", false),
            ("la impre", "la impresora", true),
            ("l", "la impresora", false),
            ("l", "plan l", true),
            ("IMPRESION", "impresión", true),
            ("im", "ia imz", true),
            ("im", "il in", false),
        ] {
            let sought = Sought::parse(typed).unwrap();
            assert_eq!(sought.is_in(&Words::of(text)), found, "{typed:?} in {text:?}");
        }
    }

    #[test]
    fn no_more_words_are_sought_than_a_person_types() {
        let typed: Vec<_> = (0..100).map(|number| format!("w{number}")).collect();
        let sought = Sought::parse(&typed.join(" ")).unwrap();
        assert_eq!(sought.whole().count(), Sought::MOST - 1);
        assert_eq!(sought.beginning(), Some("w15"));
    }

    proptest! {
        #[test]
        fn words_are_of_letters_and_digits_alone(text in "\\PC{0,40}") {
            for word in words(&text) {
                prop_assert!(!word.is_empty() && word.chars().all(char::is_alphanumeric), "{word:?}");
            }
        }

        #[test]
        fn whoever_types_a_text_finds_it(text in "\\PC{0,30}") {
            if let Some(sought) = Sought::parse(&text) {
                prop_assert!(sought.is_in(&Words::of(&text)));
            }
        }
    }
}
