//! Subjects: the ticket tags in them, and what is left without tags and the marks of answering.

/// The numbers in `[#number]` tags, in order. A number is any text of 1 to 200 characters between `[#` and the next
/// `]`, since ticket numbers are opaque.
///
/// ```
/// use recado_domain::incoming::ticket_tags;
/// assert_eq!(ticket_tags("Re: Printer [#4711] [#INC-2]").collect::<Vec<_>>(), ["4711", "INC-2"]);
/// assert_eq!(ticket_tags("no [tag] #1 [#]").count(), 0);
/// ```
pub fn ticket_tags(subject: &str) -> impl Iterator<Item = &str> {
    subject.split("[#").skip(1).filter_map(|rest| {
        let number = rest.split_once(']')?.0.trim();
        (!number.is_empty() && number.chars().count() <= 200).then_some(number)
    })
}

/// Marks that mail programs put before the subject of an answer, in lower case.
const ANSWERS: [&str; 15] = [
    "re", "aw", "res", "rif", "sv", "vs", "antw", "odp", "ynt", "r", "bls", "ref", "vá", "回复", "回覆",
];

/// Marks of forwarding. Those that mean an answer in another language are left out: "VS" is both.
const FORWARDS: [&str; 22] = [
    "fw",
    "fwd",
    "wg",
    "rv",
    "enc",
    "tr",
    "vb",
    "vl",
    "doorst",
    "pd",
    "ilt",
    "i",
    "trs",
    "reenv",
    "továbbítás",
    "tovabbitas",
    "пересл",
    "转发",
    "轉寄",
    "转寄",
    "전달",
    "転送",
];

/// A subject without ticket tags and marks such as `Re:`, `RV:` and `AW[2]:`, in any number.
///
/// ```
/// use recado_domain::incoming::bare_subject;
/// assert_eq!(bare_subject("Re: RV: Impresora  [#4711]"), "Impresora");
/// assert_eq!(bare_subject("AW[2]: x"), "x");
/// assert_eq!(bare_subject("Regla: x"), "Regla: x");
/// ```
pub fn bare_subject(subject: &str) -> String {
    let mut text = subject.to_owned();
    while let Some(start) = text.find("[#") {
        let Some(length) = text[start..].find(']') else {
            break;
        };
        text.replace_range(start..=start + length, " ");
    }
    let mut rest = text.trim();
    while let Some((word, after)) = mark(rest) {
        if !ANSWERS.contains(&word.as_str()) && !FORWARDS.contains(&word.as_str()) {
            break;
        }
        rest = after.trim();
    }
    rest.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a mail program marked the subject as that of an answer.
///
/// ```
/// use recado_domain::incoming::is_answer;
/// assert!(is_answer("RES: Impresora") && is_answer("Re[2]: Impresora"));
/// assert!(!is_answer("Fwd: Re: Impresora") && !is_answer("Impresora: Re"));
/// ```
pub fn is_answer(subject: &str) -> bool {
    mark(subject.trim()).is_some_and(|(word, _)| ANSWERS.contains(&word.as_str()))
}

/// Whether a mail program marked the subject as that of a mail that is passed on.
///
/// ```
/// use recado_domain::incoming::is_forward;
/// assert!(is_forward("ENC: Impresora") && is_forward("转发：打印机"));
/// assert!(!is_forward("Re: Fwd: Impresora") && !is_forward("Forward motion: the plan"));
/// ```
pub fn is_forward(subject: &str) -> bool {
    mark(subject.trim()).is_some_and(|(word, _)| FORWARDS.contains(&word.as_str()))
}

/// Octets of a mark, at most: what is longer is part of the subject.
const MARK_OCTETS: usize = 64;

/// What may be a mark, in lower case and without a count such as `[2]`, and what follows it.
fn mark(subject: &str) -> Option<(String, &str)> {
    let (mark, after) = subject
        .split_once([':', '：'])
        .filter(|(mark, _)| mark.len() <= MARK_OCTETS)?;
    let word = mark
        .split(['[', '('])
        .next()
        .unwrap_or_default()
        .trim()
        .to_lowercase();
    Some((word, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_of_marks_and_tags_alone_is_empty() {
        for subject in ["", "Re:", "RE: [#1]", "Fwd: Re: ", "[#a b]"] {
            assert_eq!(bare_subject(subject), "", "{subject:?}");
        }
    }

    #[test]
    fn an_open_bracket_is_no_tag_and_ends_nothing() {
        assert_eq!(ticket_tags("[#4711").count(), 0);
        assert_eq!(bare_subject("[#4711 x"), "[#4711 x");
        assert_eq!(ticket_tags(&format!("[#{}]", "9".repeat(201))).count(), 0);
    }
}
