//! What a person wrote in a mail, and what is only quoted.

/// A mail's text in two: what its author wrote, and what was set aside.
///
/// Every line of the mail is in one of the two, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Separated {
    /// The author's own words, with the quoted lines that they answer.
    pub written: String,
    /// Quoted mails and signatures; `None` where nothing was cut.
    pub quoted: Option<String>,
}

/// Parts `text` into what its author wrote and what was set aside.
pub fn separate(text: &str) -> Separated {
    let (quoted, written): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('>'));
    let written = written.join("\n").trim().to_owned();
    if written.is_empty() || quoted.is_empty() {
        return Separated {
            written: text.trim().to_owned(),
            quoted: None,
        };
    }
    Separated {
        written,
        quoted: Some(quoted.join("\n")),
    }
}
