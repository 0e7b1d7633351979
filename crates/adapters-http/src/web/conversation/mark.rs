//! What a search found, marked in its text. Words compare as the search compares them: without letter case and accents,
//! the last one by its beginning.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::text::Segment;

/// Characters around the first hit.
const EXCERPT: usize = 220;

/// How many of them stand before it.
const BEFORE: usize = 60;

/// The part of a text around the first hit, with every hit in it marked.
pub(super) fn excerpt(text: &str, query: &str) -> Vec<Segment> {
    let wanted: Vec<String> = words(query).map(|(_, word)| fold(word)).collect();
    let is_hit = |word: &str| {
        let word = fold(word);
        match wanted.split_last() {
            None => false,
            Some((last, others)) => word.starts_with(last.as_str()) || others.contains(&word),
        }
    };
    let first = words(text).find(|(_, word)| is_hit(word)).map_or(0, |(at, _)| at);
    let start = beginning(text, first);
    let end = text[start..]
        .char_indices()
        .nth(EXCERPT)
        .map_or(text.len(), |(at, _)| start + at);
    let mut segments = Vec::new();
    let mut plain = if start > 0 {
        "…".to_owned()
    } else {
        String::new()
    };
    let mut from = start;
    for (at, word) in words(text).skip_while(|(at, _)| *at < start) {
        if at >= end {
            break;
        }
        if !is_hit(word) {
            continue;
        }
        plain.push_str(&text[from..at]);
        push(&mut segments, &mut plain, false);
        push(&mut segments, &mut word.to_owned(), true);
        from = at + word.len();
    }
    if from < end {
        plain.push_str(&text[from..end]);
    }
    if end < text.len() {
        plain.push('…');
    }
    push(&mut segments, &mut plain, false);
    segments
}

fn push(segments: &mut Vec<Segment>, text: &mut String, is_match: bool) {
    if text.is_empty() {
        return;
    }
    segments.push(Segment {
        text: std::mem::take(text),
        href: None,
        is_match,
    });
}

/// Where an excerpt begins so that the hit stands in it, at the beginning of a word.
fn beginning(text: &str, hit: usize) -> usize {
    let Some((start, _)) = text[..hit].char_indices().rev().nth(BEFORE - 1) else {
        return 0;
    };
    text[start..hit]
        .find(char::is_whitespace)
        .map_or(start, |at| start + at + 1)
        .min(hit)
}

/// A word as it is compared.
fn fold(word: &str) -> String {
    word.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The words of a text, each with its place.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || is_combining_mark(c);
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(is_part)?;
        let end = text[start..]
            .find(|c| !is_part(c))
            .map_or(text.len(), |at| start + at);
        rest = end;
        Some((start, &text[start..end]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, query: &str) -> String {
        excerpt(text, query)
            .into_iter()
            .map(|segment| {
                if segment.is_match {
                    format!("[{}]", segment.text)
                } else {
                    segment.text
                }
            })
            .collect()
    }

    #[test]
    fn hits_are_marked_without_case_and_accents_and_the_last_word_by_its_beginning() {
        assert_eq!(
            marked("La Conexión está caída; conexiones y está.", "ESTA conexio"),
            "La [Conexión] [está] caída; [conexiones] y [está]."
        );
        assert_eq!(marked("conexiones", "conexio esta"), "conexiones");
    }

    #[test]
    fn markup_is_text_like_any_other() {
        assert_eq!(marked("<mark>a</mark>", "mark"), "<[mark]>a</[mark]>");
        assert_eq!(marked("a", "\" * AND ("), "a");
        assert_eq!(marked("", "x"), "");
    }

    #[test]
    fn a_long_text_is_shown_around_the_hit() {
        let text = format!("{} aguja {}", "paja ".repeat(1_000), "paja ".repeat(1_000));
        let shown = marked(&text, "aguja");
        assert!(
            shown.starts_with("…paja") && shown.contains("[aguja]") && shown.ends_with('…'),
            "{shown}"
        );
        assert!(shown.chars().count() < EXCERPT + 10);
        let unbroken = format!("{}ñ{} aguja", "x".repeat(500), "x".repeat(500));
        assert!(marked(&unbroken, "aguja").contains("[aguja]"));
    }
}
