//! Signatures and footers at the end of what a person wrote.
//!
//! The delimiter of RFC 3676 section 4.3 is trusted, its shortened form `--` only above a few short lines, and the
//! footers of programs and devices by their wording. What is in doubt stays with the text.

use super::fold::fold;
use super::header::{Rule, rule};
use super::line::{Cue, Kind, Line, SIGNATURE_DELIMITER};
use super::phrases::{FOOTERS, NOTICE, NOTICE_HEADINGS, PLEAS, POSTSCRIPT};

/// Lines, blank ones aside, that may follow the exact delimiter.
const MOST_LINES: usize = 24;

/// Lines that may follow `--`, which people also type as a rule.
const MOST_LINES_AFTER_DASHES: usize = 8;

/// Octets of a line that may follow `--`.
const SHORT: usize = 90;

/// Octets of a footer.
const FOOTER_OCTETS: usize = 160;

/// Words that a footer may add to its phrase: the name of a device or program.
const FOOTER_WORDS: usize = 9;

/// Octets of a legal notice, at least and at most.
const NOTICE_OCTETS: usize = 160;
const MOST_NOTICE_OCTETS: usize = 6000;

/// Of what [`NOTICE`] lists, how much a notice says at least. Who reports a mail sent to the wrong person says five.
const NOTICE_POINTS: usize = 6;

/// Where the author's words end in `lines`, which are one run of unquoted text: what follows is signature.
pub(super) fn start(lines: &[Line<'_>], kinds: &[Kind]) -> usize {
    let end = without_footers(lines, kinds, lines.len());
    let Some(delimiter) = delimiter(&lines[..end], &kinds[..end]) else {
        return end;
    };
    without_footers(lines, kinds, delimiter)
}

/// `end` moved up over blank lines, footers, legal notices with the rules above them, and lines that markup says are
/// signature.
fn without_footers(lines: &[Line<'_>], kinds: &[Kind], mut end: usize) -> usize {
    let mut kept = end;
    while end > 0 {
        end -= 1;
        if kinds[end] == Kind::Blank {
            continue;
        }
        // A rule, or the heading of a notice, goes with what was cut below it.
        let goes_along =
            kept < lines.len() && (rule(lines[end].text) == Some(Rule::Plain) || is_heading(lines[end].text));
        if goes_along || lines[end].cue == Cue::Signature || is_footer(lines[end].text) {
            kept = end;
            continue;
        }
        let paragraph = end
            - kinds[..end]
                .iter()
                .rev()
                .take_while(|&&kind| kind == Kind::Text)
                .count();
        if !is_notice(&lines[paragraph..=end]) {
            break;
        }
        end = paragraph;
        kept = paragraph;
    }
    kept
}

fn is_heading(text: &str) -> bool {
    text.len() <= SHORT && {
        let folded = fold(text);
        let bare = folded.trim_start_matches(|letter: char| !letter.is_alphanumeric());
        NOTICE_HEADINGS.iter().any(|phrase| bare.starts_with(phrase))
    }
}

/// Whether the paragraph is a legal notice: long, and with several of the words that only such have together.
fn is_notice(paragraph: &[Line<'_>]) -> bool {
    let octets: usize = paragraph.iter().map(|line| line.text.len()).sum();
    if !(NOTICE_OCTETS..=MOST_NOTICE_OCTETS).contains(&octets) {
        return false;
    }
    let text = paragraph
        .iter()
        .map(|line| fold(line.text))
        .collect::<Vec<_>>()
        .join(" ");
    let says = |stems: &&&[&str]| stems.iter().any(|stem| text.contains(stem));
    !text.contains('?') && NOTICE.iter().filter(says).count() >= NOTICE_POINTS
}

fn delimiter(lines: &[Line<'_>], kinds: &[Kind]) -> Option<usize> {
    let mut below = 0;
    let mut all_short = true;
    let mut found = None;
    for index in (0..lines.len()).rev() {
        let text = lines[index].text;
        if kinds[index] == Kind::Blank {
            continue;
        }
        if text == SIGNATURE_DELIMITER || text == "--\u{a0}" {
            found = Some(index);
        } else if text.trim_end() == "--" {
            if below > 0 && below <= MOST_LINES_AFTER_DASHES && all_short {
                found = Some(index);
            }
        } else {
            below += 1;
            all_short &= text.len() <= SHORT && !text.trim_end().ends_with('?');
        }
        if below > MOST_LINES || is_postscript(text) {
            break;
        }
    }
    found
}

/// "P.S.: …" below a signature is the author's again.
fn is_postscript(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(8).collect();
    fold(&start)
        .split_once([':', ' '])
        .is_some_and(|(word, _)| POSTSCRIPT.contains(&word))
}

/// Whether the line is one that a program or device adds: "Enviado desde mi iPhone".
fn is_footer(text: &str) -> bool {
    if text.len() > FOOTER_OCTETS {
        return false;
    }
    // Proton links a word of its footer in Markdown, with brackets around.
    let folded = fold(&text.replace(['[', ']'], ""));
    let phrase = folded.trim_start_matches(['*', '_', '-', ' ', '<', '(']);
    if PLEAS
        .iter()
        .any(|(paper, cause)| folded.contains(paper) && folded.contains(cause))
    {
        return true;
    }
    FOOTERS.iter().any(|footer| {
        phrase.strip_prefix(footer).is_some_and(|device| {
            let device = device.split(['<', '(']).next().unwrap_or_default();
            device.split(' ').count() <= FOOTER_WORDS && !device.contains(['?', '!', ';', ','])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::line::kinds;
    use super::*;

    fn written(text: &str) -> String {
        let lines: Vec<_> = text.lines().map(Line::plain).collect();
        let end = start(&lines, &kinds(&lines));
        lines[..end]
            .iter()
            .map(|line| line.text)
            .collect::<Vec<_>>()
            .join("\n")
            .trim_end()
            .to_owned()
    }

    #[test]
    fn delimiters_and_footers_end_the_text() {
        for text in [
            "Ya está.\n-- \nAna Peña\nTel. 123",
            "Ya está.\n\n--\nAna Peña\nEjemplo S.A.",
            "Ya está.\n\nEnviado desde mi iPhone",
            "Ya está.\n\nObtener Outlook para Android<https://aka.ms/AAb9ysg>",
            "Ya está.\n\nSent from my Android device with K-9 Mail. Please excuse my brevity.",
            "Ya está.\n\nSent with [Proton Mail](https://proton.me/mail/home) secure email.",
            "Ya está.\n\nEnviado desde mi Galaxy\n\n-- \nAna\n",
            "Ya está.\n-- \nAna\n\nEnviado desde mi iPad",
        ] {
            assert_eq!(written(text), "Ya está.", "{text}");
        }
    }

    #[test]
    fn a_legal_notice_is_no_text() {
        let notice = "Este mensaje y sus adjuntos son confidenciales y se dirigen a su destinatario. Si lo recibe por error, \
                      notifíquelo y elimínelo; queda prohibida su divulgación.";
        assert_eq!(
            written(&format!("Ya está.\n\n_____________\nAVISO LEGAL\n\n{notice}")),
            "Ya está."
        );
        assert_eq!(
            written(&format!(
                "Ya está.\n\n*****\n{notice}\n\nAntes de imprimir este mensaje, piense en el medio ambiente."
            )),
            "Ya está."
        );
        let asked = "Envié por error un fichero confidencial a un destinatario equivocado, al que no debía llegar de ningún modo. \
                     Por favor, elimínenlo del servidor cuanto antes y notifíquenmelo. Es el mensaje de las 10:30.";
        assert_eq!(written(asked), asked);
    }

    #[test]
    fn what_is_in_doubt_stays() {
        for text in [
            "Saludos,\nAna",
            "El error sale\nantes de imprimir",
            "Falta un apartado:\n\nProtección de datos",
            "uno\n--\n¿dos o tres, o quizá los dos juntos?",
            "-- \nAna\n\nPD: no olvide la clave",
            "Enviado desde mi oficina, donde nada funciona; ¿qué hago?",
        ] {
            assert_eq!(written(text), text, "{text}");
        }
    }
}
