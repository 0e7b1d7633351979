//! A path on our own pages: where to go after signing in, and nowhere else.

/// A text that leads elsewhere, or nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no path on these pages")]
pub struct NotLocal;

/// A path with its query that a browser stays on our pages with.
///
/// ```
/// use recado_app::local_path::LocalPath;
/// assert_eq!(LocalPath::parse("/tickets/4711?q=a%20b").unwrap().as_str(), "/tickets/4711?q=a%20b");
/// assert!(LocalPath::parse("//evil.example").is_err());
/// assert!(LocalPath::parse("/\\evil.example").is_err());
/// assert!(LocalPath::parse("https://evil.example").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Longest path, in octets.
    pub const MAX_OCTETS: usize = 2_000;

    /// Takes a path that begins with one slash. Browsers read a backslash as a slash, and leave out tabs and line
    /// breaks (WHATWG URL Standard §4.4): a text with any of these is refused, as is one that is not percent-encoded.
    pub fn parse(text: &str) -> Result<Self, NotLocal> {
        let is_local = text.starts_with('/') && !text.starts_with("//");
        let is_plain = text.chars().all(|c| c.is_ascii_graphic() && c != '\\');
        if is_local && is_plain && text.len() <= Self::MAX_OCTETS {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotLocal)
        }
    }

    /// The path with its query.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<LocalPath> for String {
    fn from(path: LocalPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_could_read_as_another_host_is_refused() {
        for text in [
            "",
            "tickets",
            "//evil.example/",
            "///evil.example/",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\u{1}/tickets",
            " /tickets",
            "/tickets\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
            "/número",
        ] {
            assert_eq!(LocalPath::parse(text), Err(NotLocal), "{text:?}");
        }
        assert_eq!(
            LocalPath::parse(&format!("/{}", "a".repeat(2_000))),
            Err(NotLocal)
        );
        for text in ["/", "/tickets/a%2Fb", "/desk?view=mine&q=a+b#top", "/view/..//x"] {
            assert_eq!(LocalPath::parse(text).unwrap().as_str(), text);
        }
    }
}
