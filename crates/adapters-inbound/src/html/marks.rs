//! How mail programs mark quotes and signatures in HTML: the ids, classes and styles that their editors write.

use super::tokens::Tag;
use super::tree::{Event, plain_style};

/// What an element says of the text in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is quoted, to the element's end.
    Quote,
    /// It is set as a quote, as programs do and people with the button for it.
    SetAsQuote,
    /// It is quoted if a line that introduces a quote stands above, else indented.
    QuoteIfIntroduced,
    /// It introduces a quote.
    Introduction,
    /// From here to the end of the mail everything is quoted.
    QuoteBegins,
    Signature,
}

/// Ids by which Outlook (web, mobile, old and new) marks where the answered mail begins.
const QUOTE_BEGINS: &[&str] = &[
    "appendonsend",
    "divrplyfwdmsg",
    "stopspelling",
    "mail-editor-reference-message-container",
    "ms-outlook-mobile-body-separator-line",
];

/// Classes and ids of elements that hold a whole quoted mail: Yahoo, Outlook for Mac, Zoho, Proton, Notes.
const CONTAINERS: &[&str] = &[
    "yahoo_quoted",
    "olk_src_body_section",
    "zmail_extra",
    "protonmail_quote",
    "hcl-quote",
];

/// Classes and ids of signatures.
const SIGNATURES: &[&str] = &[
    "gmail_signature",
    "gmail_signature_prefix",
    "signature",
    "moz-signature",
    "protonmail_signature_block",
    "applemailsignature",
    "ms-outlook-mobile-signature",
    "zmail_signature",
];

/// The colours of the line that Outlook draws above the headers of the mail it answers.
const OUTLOOK_LINES: &[&str] = &["border-top:solid#e1e1e1", "border-top:solid#b5c4df"];

/// The mark of the element that `events[index]` opens.
pub(super) fn mark(events: &[Event], index: usize) -> Option<Mark> {
    let Event::Open { tag, close } = &events[index] else {
        return None;
    };
    let inside = &events[index + 1..*close];
    if tag.name == "blockquote" {
        return Some(blockquote(tag));
    }
    if let Some(mark) = void(tag) {
        return Some(mark);
    }
    if named(tag).any(|name| name == "moz-cite-prefix" || name == "gmail_attr") {
        // Gmail's line above a mail that is passed on has the same class; its dashes tell.
        return (!starts_with_dashes(inside)).then_some(Mark::Introduction);
    }
    if named(tag).any(|name| {
        CONTAINERS
            .iter()
            .any(|container| is_or_ends_with(&name, container))
    }) {
        // Answers may stand between the quotes in it.
        let holds_quotes = inside.iter().any(|event| {
            matches!(event, Event::Open { tag, .. } if tag.name == "blockquote" && blockquote(tag) != Mark::QuoteIfIntroduced)
        });
        return (!holds_quotes).then_some(Mark::Quote);
    }
    let is_signature = named(tag).any(|name| {
        SIGNATURES
            .iter()
            .any(|signature| is_or_ends_with(&name, signature))
    }) || tag.attribute("data-smartmail") == "gmail_signature";
    is_signature.then_some(Mark::Signature)
}

/// The mark of an element without content, or of one whose content does not matter.
pub(super) fn void(tag: &Tag) -> Option<Mark> {
    let begins = named(tag).any(|name| QUOTE_BEGINS.iter().any(|id| is_or_ends_with(&name, id)));
    let style = tag.attribute("style");
    let lined = tag.name == "div" && !style.is_empty() && {
        let style = plain_style(style);
        OUTLOOK_LINES.iter().any(|line| style.contains(line))
    };
    (begins || lined).then_some(Mark::QuoteBegins)
}

fn blockquote(tag: &Tag) -> Mark {
    if tag.attribute("type").eq_ignore_ascii_case("cite") {
        return Mark::Quote;
    }
    let is_set = named(tag).any(|name| name.contains("quote") || name.contains("cite"))
        || plain_style(tag.attribute("style")).contains("border-left");
    if is_set {
        Mark::SetAsQuote
    } else {
        Mark::QuoteIfIntroduced
    }
}

/// The id and the classes of an element, in small letters.
fn named(tag: &Tag) -> impl Iterator<Item = String> {
    std::iter::once(tag.attribute("id"))
        .chain(tag.attribute("class").split_ascii_whitespace())
        .filter(|name| !name.is_empty())
        .map(str::to_ascii_lowercase)
}

/// Programs put letters of their own before the ids of others: `x_divRplyFwdMsg`, `ydp1a2b3c_yahoo_quoted`,
/// `ydp1a2b3csignature`.
fn is_or_ends_with(name: &str, known: &str) -> bool {
    name.strip_suffix(known)
        .is_some_and(|before| before.is_empty() || before.ends_with('_') || before.starts_with("ydp"))
}

fn starts_with_dashes(events: &[Event]) -> bool {
    events
        .iter()
        .find_map(|event| match event {
            Event::Text { text, .. } if !text.trim().is_empty() => Some(text.trim_start().starts_with("---")),
            _ => None,
        })
        .unwrap_or(false)
}
