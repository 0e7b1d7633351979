//! Signatures and footers at the end of what a person wrote.
//!
//! The delimiter of RFC 3676 section 4.3 is trusted, its shortened form `--` only above a few short lines, and the
//! footers of programs and devices by their wording. What is in doubt stays with the text.

use super::fold::fold;
use super::line::{Cue, Kind, Line, SIGNATURE_DELIMITER};
use super::phrases::{FOOTERS, POSTSCRIPT};

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

/// Where the author's words end in `lines`, which are one run of unquoted text: what follows is signature.
pub(super) fn start(lines: &[Line<'_>], kinds: &[Kind]) -> usize {
    let end = without_footers(lines, kinds, lines.len());
    let Some(delimiter) = delimiter(&lines[..end], &kinds[..end]) else {
        return end;
    };
    without_footers(lines, kinds, delimiter)
}

/// `end` moved up over blank lines, footers and lines that markup says are signature.
fn without_footers(lines: &[Line<'_>], kinds: &[Kind], mut end: usize) -> usize {
    let mut kept = end;
    while end > 0 {
        end -= 1;
        if kinds[end] == Kind::Blank {
            continue;
        }
        if lines[end].cue != Cue::Signature && !is_footer(lines[end].text) {
            break;
        }
        kept = end;
    }
    kept
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
    fn what_is_in_doubt_stays() {
        for text in [
            "Saludos,\nAna",
            "uno\n--\n¿dos o tres, o quizá los dos juntos?",
            "-- \nAna\n\nPD: no olvide la clave",
            "Enviado desde mi oficina, donde nada funciona; ¿qué hago?",
        ] {
            assert_eq!(written(text), text, "{text}");
        }
    }
}
