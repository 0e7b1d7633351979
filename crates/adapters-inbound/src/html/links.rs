//! Links in the text: their address is shown where their words do not say it.

/// An open link.
#[derive(Debug, Default)]
pub(super) struct Link {
    address: String,
    words: String,
}

/// Octets of a link's words that are compared with its address.
const MOST_WORDS: usize = 2048;

impl Link {
    pub(super) fn to(address: &str) -> Self {
        Self {
            address: address.trim().to_owned(),
            words: String::new(),
        }
    }

    pub(super) fn add(&mut self, text: &str) {
        if self.words.len() < MOST_WORDS {
            self.words.push_str(text);
        }
    }

    /// The address, if it tells the reader more than the words did.
    pub(super) fn into_shown(self) -> Option<String> {
        let lower = self.address.to_ascii_lowercase();
        let is_shown = ["http://", "https://", "ftp://", "mailto:"]
            .iter()
            .any(|scheme| lower.starts_with(scheme));
        let words = bare(&self.words);
        (is_shown && !words.is_empty() && words != bare(&self.address)).then_some(self.address)
    }
}

/// What two spellings of one address share.
fn bare(address: &str) -> String {
    let lower = address.trim().to_lowercase();
    let after_scheme = ["https://", "http://", "ftp://", "mailto:"]
        .iter()
        .find_map(|scheme| lower.strip_prefix(scheme))
        .unwrap_or(&lower);
    let address = if lower.starts_with("mailto:") {
        after_scheme.split('?').next().unwrap_or_default()
    } else {
        after_scheme
    };
    address
        .trim_start_matches("www.")
        .trim_end_matches('/')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_where_the_words_hide_it() {
        for (address, words, shown) in [
            ("https://example.com/a", "here", true),
            ("https://example.com/", "example.com", false),
            ("http://www.example.com", "https://www.example.com/", false),
            ("https://evil.example", "https://bank.example", true),
            ("mailto:ana@example.com?subject=x", "ana@example.com", false),
            ("mailto:ana@example.com", "Ana", true),
            ("javascript:alert(1)", "here", false),
            ("#top", "here", false),
            ("https://example.com", " ", false),
        ] {
            let mut link = Link::to(address);
            link.add(words);
            assert_eq!(link.into_shown().is_some(), shown, "{address} {words}");
        }
    }
}
