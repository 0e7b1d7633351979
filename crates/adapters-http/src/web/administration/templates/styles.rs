//! The styles of a document, so that a policy can allow them one by one.

use std::cell::RefCell;
use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use sha2::{Digest, Sha256};

/// So many styles are allowed; a header has an end somewhere. What goes beyond shows unstyled.
const MOST: usize = 1_000;

/// `'sha256-…'` of every `style` attribute and element, as a browser hashes them (CSP 3 §6.7.3.3): decoded, in UTF-8.
pub(super) fn hashes(html: &str) -> BTreeSet<String> {
    let sink = Collector::default();
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let styles = tokenizer.sink.styles.take();
    styles
        .iter()
        .take(MOST)
        .map(|style| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style))))
        .collect()
}

#[derive(Default)]
struct Collector {
    styles: RefCell<BTreeSet<String>>,
    /// The content of the `style` element that is being read.
    element: RefCell<Option<String>>,
}

impl TokenSink for Collector {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                for attribute in &tag.attrs {
                    if &*attribute.name.local == "style" {
                        self.styles.borrow_mut().insert(attribute.value.to_string());
                    }
                }
                match &*tag.name {
                    "style" => {
                        self.element.replace(Some(String::new()));
                        return TokenSinkResult::RawData(RawKind::Rawtext);
                    }
                    "title" | "textarea" => return TokenSinkResult::RawData(RawKind::Rcdata),
                    "xmp" | "iframe" | "noembed" | "noframes" => {
                        return TokenSinkResult::RawData(RawKind::Rawtext);
                    }
                    "script" => return TokenSinkResult::RawData(RawKind::ScriptData),
                    "plaintext" => return TokenSinkResult::Plaintext,
                    _ => {}
                }
            }
            Token::TagToken(tag) if &*tag.name == "style" => {
                if let Some(content) = self.element.take() {
                    self.styles.borrow_mut().insert(content);
                }
            }
            Token::CharacterTokens(text) => {
                if let Some(content) = self.element.borrow_mut().as_mut() {
                    content.push_str(&text);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(style: &str) -> String {
        format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style)))
    }

    #[test]
    fn attributes_are_hashed_decoded_and_elements_as_they_stand() {
        let html = "<style>p { color: red }</style><p style=\"color: red; font: 'A&amp;B'\">\
                    <b STYLE=color:blue>&lt;i style=\"no\"&gt;</b><!-- <u style=\"no\"> -->";
        let expected = BTreeSet::from([
            hash("p { color: red }"),
            hash("color: red; font: 'A&B'"),
            hash("color:blue"),
        ]);
        assert_eq!(hashes(html), expected);
    }

    #[test]
    fn what_is_no_markup_has_no_style() {
        assert_eq!(hashes("<textarea><p style=\"a\"></textarea>"), BTreeSet::new());
        assert_eq!(hashes("<title><p style='a'></title>"), BTreeSet::new());
    }
}
