//! HTML to text, and made harmless.

use recado_domain::quote::separate;

/// What an HTML body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HtmlText {
    /// What its author wrote, as text.
    pub written: String,
    /// What was set aside, as text.
    pub quoted: Option<String>,
    /// The written part as harmless HTML.
    pub sanitised: String,
}

/// Reads an HTML body.
pub fn read(html: &str) -> HtmlText {
    let separated = separate(&mail_parser::decoders::html::html_to_text(html));
    let escaped = separated.written.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    HtmlText {
        sanitised: format!("<pre>{escaped}</pre>"),
        written: separated.written,
        quoted: separated.quoted,
    }
}
