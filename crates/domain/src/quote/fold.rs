//! Folding: text in the form in which the tables of [`super::phrases`] are written, for comparing alone.
//!
//! Programs send "escribió" composed or decomposed, with a non-breaking space or a direction mark beside it, and in
//! any letter case. Folded, they are one: small letters without accents, one plain space between words.

/// What an accented letter is without its accent. Searched for letters outside ASCII alone.
const UNACCENTED: &[(&str, char)] = &[
    ("àáâãäåāăąạảấầẩẫậắằẳẵặ", 'a'),
    ("çćčĉ", 'c'),
    ("ďđð", 'd'),
    ("èéêëēėęěẹẻẽếềểễệ", 'e'),
    ("ğģ", 'g'),
    ("ìíîïīįıịỉĩ", 'i'),
    ("łĺľļ", 'l'),
    ("ñńňņ", 'n'),
    ("òóôõöøōőọỏốồổỗộớờởỡợơ", 'o'),
    ("ŕř", 'r'),
    ("śšşș", 's'),
    ("ťţț", 't'),
    ("ùúûüūůűųụủứừửữựưũ", 'u'),
    ("ýÿỳỵỷỹ", 'y'),
    ("źżž", 'z'),
    ("άἀἁ", 'α'),
    ("έ", 'ε'),
    ("ή", 'η'),
    ("ίϊΐ", 'ι'),
    ("ό", 'ο'),
    ("ύϋΰ", 'υ'),
    ("ώ", 'ω'),
    ("ς", 'σ'),
    ("й", 'и'),
    ("ё", 'е'),
    ("ї", 'і'),
    ("’‘ʼ´", '\''),
    ("：", ':'),
    ("，", ','),
    ("（", '('),
    ("）", ')'),
    ("–—―‐‑−", '-'),
];

/// Folds `text`. Linear, but not cheap: callers fold lines of bounded length.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        if is_unseen(letter) {
            continue;
        }
        if letter.is_whitespace() {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        } else if letter.is_ascii() {
            folded.push(letter);
        } else {
            folded.push(unaccented(letter));
        }
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
    folded
}

/// Whether `letter` shows nothing of its own: marks that combine, direction marks, joiners, the byte order mark.
pub(super) fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn unaccented(letter: char) -> char {
    UNACCENTED
        .iter()
        .find(|(accented, _)| accented.contains(letter))
        .map_or(letter, |&(_, plain)| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed_decomposed_and_spaced_spellings_are_one() {
        for spelling in ["escribió:", "escribio\u{301}:", "  ESCRIBIÓ\u{200e}:\u{a0}"] {
            assert_eq!(fold(spelling), "escribio:", "{spelling:?}");
        }
        assert_eq!(
            fold("Ana\u{a0}\u{3000}Peña  a\u{a0}\u{e9}crit\t:"),
            "ana pena a ecrit :"
        );
        assert_eq!(fold("2024年写道："), "2024年写道:");
        assert_eq!(fold("İstanbul ılık"), "istanbul ilik");
    }
}
