//! Header blocks and rules: how Outlook, Notes, Zimbra, Samsung and others head the mail below, which bears no marks.

use super::fold::fold;
use super::line::{Kind, Line};
use super::phrases::{FORWARD_BEGINS, FORWARDED, Field, LABELS, ORIGINAL};

/// Lines of a header block: fields that wrap (recipients do) are counted.
const MOST_LINES: usize = 24;

/// Lines of one field.
const MOST_LINES_OF_A_FIELD: usize = 6;

/// Octets in which a label ends.
const LABEL_OCTETS: usize = 40;

/// A line longer than this is no rule.
const RULE_OCTETS: usize = 160;

/// What a rule announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Nothing: a row of dashes or underscores.
    Plain,
    /// Something in words that the tables do not know.
    Unknown,
    /// The mail that is answered: "-----Original Message-----".
    Original,
    /// A mail that is passed on: "---------- Forwarded message ---------".
    Forwarded,
}

/// The rule that `text` is, if it is one.
pub(super) fn rule(text: &str) -> Option<Rule> {
    let trimmed = text.trim();
    if trimmed.len() > RULE_OCTETS || trimmed.is_empty() {
        return None;
    }
    let is_stroke = |letter: char| matches!(letter, '-' | '_' | '=' | '*' | '–' | '—' | '―' | '─' | '#');
    let left = trimmed.chars().take_while(|&letter| is_stroke(letter)).count();
    let folded = fold(trimmed);
    let inner = folded.trim_matches(|letter: char| is_stroke(letter) || letter == ' ');
    if inner.is_empty() {
        return (left >= 3).then_some(Rule::Plain);
    }
    let announced = inner.trim_end_matches([':', ' ']);
    // Apple Mail draws no dashes.
    if FORWARD_BEGINS.contains(&announced) && folded.ends_with(':') {
        return Some(Rule::Forwarded);
    }
    if left < 3 {
        return None;
    }
    let holds = |phrases: &[&str]| phrases.iter().any(|phrase| inner.starts_with(phrase));
    if holds(FORWARDED) {
        Some(Rule::Forwarded)
    } else if holds(ORIGINAL) {
        Some(Rule::Original)
    } else {
        trimmed.ends_with("---").then_some(Rule::Unknown)
    }
}

/// Lines of the header block that begins at `start`, if one does.
///
/// A sender and two further fields make one, if one of them is a subject or a "sent", or the sender has an address:
/// "From: Madrid, To: Barcelona, Date: Monday" is a journey.
pub(super) fn block(lines: &[Line<'_>], kinds: &[Kind], start: usize) -> Option<usize> {
    label(lines[start].text)?;
    let mut fields: Vec<Field> = Vec::new();
    let mut addressed = false;
    let mut end = start;
    let mut wrapped = 0;
    for index in start..lines.len().min(start + MOST_LINES) {
        match kinds[index] {
            Kind::Text => {}
            // Fields that were paragraphs in HTML have blank lines between.
            Kind::Blank
                if index + 1 < lines.len()
                    && label(lines[index + 1].text).is_some_and(|field| !fields.contains(&field)) =>
            {
                continue;
            }
            Kind::Blank | Kind::Marked | Kind::MarkedBlank => break,
        }
        match label(lines[index].text) {
            Some(field) => {
                wrapped = 0;
                addressed |= field == Field::From && lines[index].text.contains('@');
                if !fields.contains(&field) {
                    fields.push(field);
                }
                end = index + 1;
            }
            // A label that the tables do not know, between others that they do.
            None if fields.contains(&Field::From) && is_labelled(lines[index].text) => wrapped += 1,
            None if wrapped < MOST_LINES_OF_A_FIELD && continues(lines[index].text, fields.last()) => {
                wrapped += 1;
                addressed |= fields == [Field::From] && lines[index].text.contains('@');
                end = index + 1;
            }
            None => break,
        }
    }
    let has = |field| fields.contains(&field);
    let enough =
        fields.len() >= 3 && has(Field::From) && (has(Field::Subject) || has(Field::Sent) || addressed);
    enough.then_some(end - start)
}

/// Whether a line without a label goes on with the field above: recipients do, over lines that hold addresses or
/// end in a separator, and so does whatever is indented.
fn continues(text: &str, field: Option<&Field>) -> bool {
    let indented = text.starts_with([' ', '\t']);
    let listed = text.contains('@')
        || text.trim_end().ends_with([';', ',', '>'])
        || text.trim_start().starts_with('<');
    match field {
        Some(Field::To | Field::Copy | Field::From) => indented || listed,
        Some(Field::Subject) => indented,
        _ => false,
    }
}

/// Whether the line begins with a few words and a colon.
fn is_labelled(text: &str) -> bool {
    let label = text.split_once([':', '：']).map(|(label, _)| label.trim());
    label.is_some_and(|label| {
        !label.is_empty() && label.len() <= LABEL_OCTETS && label.split(' ').count() <= 3
    })
}

/// The field that `text` gives, if it is a line of a header block. Bold may show as `*From:*`.
fn label(text: &str) -> Option<Field> {
    let text = text.trim_start_matches(['*', '_', ' ', '\t', '\u{a0}']);
    let colon = text
        .char_indices()
        .take(LABEL_OCTETS)
        .find(|(_, letter)| matches!(letter, ':' | '：'))?
        .0;
    let name = fold(text[..colon].trim_end_matches(['*', '_', ' ']));
    LABELS
        .iter()
        .find(|(_, names)| names.contains(&name.as_str()))
        .map(|&(field, _)| field)
}

#[cfg(test)]
mod tests {
    use super::super::line::kinds;
    use super::*;

    fn block_of(text: &str) -> Option<usize> {
        let lines: Vec<_> = text.lines().map(Line::plain).collect();
        block(&lines, &kinds(&lines), 0)
    }

    #[test]
    fn rules_say_what_they_announce() {
        for (text, announced) in [
            ("________________________________", Some(Rule::Plain)),
            ("-----Original Message-----", Some(Rule::Original)),
            ("-------- Mensaje original --------", Some(Rule::Original)),
            ("----- Mensagem original -----", Some(Rule::Original)),
            ("-----Ursprüngliche Nachricht-----", Some(Rule::Original)),
            ("---------- Forwarded message ---------", Some(Rule::Forwarded)),
            (
                "============ Forwarded message ============",
                Some(Rule::Forwarded),
            ),
            ("Inicio del mensaje reenviado:", Some(Rule::Forwarded)),
            (
                "----- Reenviado por Ana Peña el 15/01/2024 -----",
                Some(Rule::Forwarded),
            ),
            ("----- Ilmoitus -----", Some(Rule::Unknown)),
            ("Original message", None),
            ("- original message lost", None),
            ("--", None),
        ] {
            assert_eq!(rule(text), announced, "{text}");
        }
    }

    #[test]
    fn header_blocks_are_known_in_many_languages() {
        for text in [
            "From: Desk <desk@example.com>\nSent: Monday, January 15, 2024 10:30 AM\nTo: Ana <ana@example.com>\nSubject: RE: VPN",
            "De: Mesa <mesa@example.com>\nEnviado: lunes, 15 de enero de 2024 10:30\nPara: Ana\nAsunto: RE: VPN",
            "De: Suporte\nEnviada em: segunda-feira, 15 de janeiro de 2024 10:30\nPara: Ana\nAssunto: RES: VPN",
            "*Von:* Hilfe\n*Gesendet:* Montag, 15. Januar 2024 10:30\n*An:* Ana\n*Betreff:* AW: VPN",
            "发件人: Help\n发送时间: 2024年1月15日 10:30\n收件人: Ana\n主题: VPN",
            "De : Aide <a@example.com>\nEnvoyé : lundi 15 janvier 2024 10:30\nÀ : Ana\nObjet : VPN",
        ] {
            assert_eq!(block_of(text), Some(4), "{text}");
        }
    }

    #[test]
    fn recipients_wrap() {
        assert_eq!(
            block_of(
                "From: a@example.com\nTo: Ana <ana@example.com>,\n Luis <luis@example.com>\nSubject: x\n\nBody"
            ),
            Some(4)
        );
    }

    #[test]
    fn an_unknown_label_between_known_ones_ends_nothing() {
        assert_eq!(
            block_of("De: Mesa\nXyz abc: hoy\nPara: Ana\nAsunto: VPN\nNota: hola\n"),
            Some(4)
        );
    }

    #[test]
    fn a_journey_is_no_mail() {
        assert_eq!(block_of("De: Madrid\nA: Barcelona\nFecha: 15/01/2024"), None);
        assert_eq!(block_of("From: Madrid\nthe train left late"), None);
    }
}
