//! Attributions: the line, wrapped or not, by which a mail program says whose words follow.
//!
//! "El lun, 15 ene 2024 a las 10:30, Ana (<ana@…>) escribió:" and its kin in some forty languages. The words differ,
//! the parts do not: a date, a time, an address, a verb, a colon at the end. Enough of them together make an
//! attribution; how many there must be depends on what follows.

use super::fold::fold;
use super::line::{Kind, Line};
use super::phrases::{OPENING, WROTE, WROTE_WITHIN};

/// Lines over which programs wrap an attribution: Gmail breaks at 76 columns, names and addresses are long.
const MOST_LINES: usize = 4;

/// Octets of an attribution; a longer paragraph is prose that ends with a colon.
const MOST_OCTETS: usize = 420;

/// How sure an attribution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Confidence {
    /// Enough above lines that are marked as quoted.
    Likely,
    /// Enough where a reference to one of our mails follows.
    Probable,
    /// Enough by itself: an unmarked mail may follow.
    Certain,
}

/// An attribution that begins at the line under whose index it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribution {
    pub(super) lines: usize,
    pub(super) confidence: Confidence,
}

/// The attributions of a mail, each under the line that it begins at.
///
/// They are sought from their end, which is plain to see, upwards: the shortest that has all its parts wins, so that a
/// person's own words right above one are not taken for its beginning.
pub(super) fn attributions(lines: &[Line<'_>], kinds: &[Kind]) -> Vec<Option<Attribution>> {
    let mut found = vec![None; lines.len()];
    // The parts of the lines looked at last; ends lie close together only in lists and in attacks.
    let mut known: Vec<Option<Parts>> = vec![None; lines.len()];
    for end in 0..lines.len() {
        if kinds[end] != Kind::Text || !may_end(lines[end].text) {
            continue;
        }
        let mut whole: Option<Parts> = None;
        let mut octets = 0;
        let mut best: Option<(usize, Confidence)> = None;
        for start in (0..=end).rev().take(MOST_LINES) {
            octets += lines[start].text.len();
            if kinds[start] != Kind::Text || lines[start].cue != lines[end].cue || octets > MOST_OCTETS {
                break;
            }
            let parts = *known[start].get_or_insert_with(|| Parts::of(lines[start].text));
            let joined = whole.map_or(parts, |below| parts.followed_by(below));
            whole = Some(joined);
            if let Some(confidence) = joined.confidence()
                && best.is_none_or(|(_, known)| confidence > known)
            {
                best = Some((start, confidence));
            }
        }
        if let Some((start, confidence)) = best {
            found[start] = Some(Attribution {
                lines: end - start + 1,
                confidence,
            });
        }
    }
    found
}

/// Whether the line ends in an attribution, whatever stands before it.
pub(super) fn ends_in_one(text: &str) -> bool {
    text.len() <= MOST_OCTETS && may_end(text) && {
        let parts = Parts::of(text);
        parts.wrote && parts.ends_with_colon && (parts.address || parts.date && parts.time)
    }
}

/// Whether the line ends as attributions do. Cheap, since every line is asked.
fn may_end(text: &str) -> bool {
    let end = text.trim_end_matches(|letter: char| {
        letter.is_whitespace() || matches!(letter, '*' | '_') || super::fold::is_unseen(letter)
    });
    end.ends_with([':', '：']) || end.ends_with("--")
}

/// The parts of a would-be attribution, or of one line of it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a checklist: each is one independent observation"
)]
#[derive(Debug, Clone, Copy)]
struct Parts {
    /// It begins as attributions do: "On", a day's name, a digit.
    opening: bool,
    wrote: bool,
    date: bool,
    time: bool,
    address: bool,
    /// Somebody speaks: a question, an exclamation.
    speech: bool,
    dashes_before: bool,
    dashes_behind: bool,
    ends_with_colon: bool,
    /// What stands before the colon is, or closes, an address.
    ends_with_address: bool,
    words: usize,
    /// Words before the first digit or address: what the author of a mail may have written on the same line.
    lead: usize,
    /// Address or verb come before every digit: languages that begin with the name.
    name_first: bool,
}

/// Words that may stand before the first digit or address: a long name.
const MOST_LEAD: usize = 12;

impl Parts {
    fn of(line: &str) -> Self {
        let folded = fold(line);
        let bare = folded.trim_matches(['*', '_', ' ']);
        let inner = bare.trim_matches(['-', ' ']);
        let before_colon = inner.trim_end_matches([':', ' ']);
        let mut parts = Self {
            opening: false,
            wrote: WROTE_WITHIN.iter().any(|phrase| inner.contains(phrase)),
            date: false,
            time: false,
            address: false,
            speech: inner.contains(['?', '!', '¿', '¡']),
            dashes_before: bare.starts_with("--"),
            dashes_behind: bare.ends_with("--"),
            ends_with_colon: inner.ends_with(':'),
            ends_with_address: before_colon.ends_with(['>', ')', ']']),
            words: 0,
            lead: 0,
            name_first: false,
        };
        let mut leads = true;
        let words = before_colon
            .split([' ', ',', '\'', '"'])
            .filter(|word| !word.is_empty());
        for word in words {
            let bare = word.trim_matches(['(', ')', '<', '>', '[', ']', '.', ';', '*']);
            if parts.words == 0 {
                parts.opening =
                    OPENING.contains(&bare) || bare.starts_with(|first: char| first.is_ascii_digit());
            }
            parts.words += 1;
            if leads && (is_address(bare) || bare.contains(|letter: char| letter.is_ascii_digit())) {
                leads = false;
                parts.name_first = parts.wrote || is_address(bare);
            }
            parts.lead += usize::from(leads);
            parts.wrote |= WROTE.contains(&bare) || word.len() > bare.len() && WROTE.contains(&word);
            parts.address |= is_address(bare);
            parts.time |= holds_time(bare);
            parts.date |= holds_date(bare);
        }
        parts
    }

    /// The parts of this line and those below it as one.
    fn followed_by(self, below: Self) -> Self {
        Self {
            opening: self.opening,
            wrote: self.wrote || below.wrote,
            date: self.date || below.date,
            time: self.time || below.time,
            address: self.address || below.address,
            speech: self.speech || below.speech,
            dashes_before: self.dashes_before,
            dashes_behind: below.dashes_behind,
            ends_with_colon: below.ends_with_colon,
            ends_with_address: below.ends_with_address,
            words: self.words + below.words,
            lead: if self.lead < self.words {
                self.lead
            } else {
                self.words + below.lead
            },
            name_first: if self.lead < self.words {
                self.name_first
            } else {
                self.wrote || below.name_first
            },
        }
    }

    fn confidence(&self) -> Option<Confidence> {
        // Zoho and Notes draw dashes on both sides, and need no colon.
        let dashed = self.dashes_before && self.dashes_behind;
        if self.speech || !dashed && (!self.ends_with_colon || self.dashes_behind) {
            return None;
        }
        // "reply On Wed, Apr 4": words of the author stand before, and the line is theirs.
        let begins = self.opening || self.name_first || self.lead <= 1 || self.lead == self.words;
        if !begins || self.lead > MOST_LEAD {
            return None;
        }
        let dated = self.date || self.time;
        if self.wrote && self.address && dated && (self.opening || self.date && self.time) {
            return Some(Confidence::Certain);
        }
        // Without a verb: Gmail in Russian and Japanese, mail.ru.
        if self.address && self.date && self.time && self.opening && self.ends_with_address {
            return Some(Confidence::Certain);
        }
        if self.wrote && dashed && (self.address || dated) {
            return Some(Confidence::Certain);
        }
        if self.wrote && (self.address || self.opening && self.date && self.time) {
            return Some(Confidence::Probable);
        }
        let told = self.wrote && (self.address || dated || self.words <= 6);
        // A language that the tables do not know still writes dates and addresses.
        let unknown = self.address && (dated || self.words <= 8) || self.date && self.time;
        (told || unknown).then_some(Confidence::Likely)
    }
}

fn is_address(word: &str) -> bool {
    word.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.len() >= 3 && (domain.contains('.') || domain.contains(':'))
    })
}

/// `10:30`, `10.30`, `10h30`, `10:30:00`, and the same between letters of scripts without spaces.
fn holds_time(word: &str) -> bool {
    let octets = word.as_bytes();
    (1..octets.len()).any(|at| {
        matches!(octets[at], b':' | b'.' | b'h')
            && octets[at - 1].is_ascii_digit()
            && octets
                .get(at + 1..at + 3)
                .is_some_and(|minutes| minutes.iter().all(u8::is_ascii_digit))
            && !octets.get(at + 3).is_some_and(u8::is_ascii_digit)
    }) || word.contains('時')
        || word.contains('시')
}

/// A year of four digits, or day and month with a mark between.
fn holds_date(word: &str) -> bool {
    let octets = word.as_bytes();
    let digits_at = |at: usize| {
        octets[at..]
            .iter()
            .take(5)
            .take_while(|octet| octet.is_ascii_digit())
            .count()
    };
    (0..octets.len()).any(|at| {
        if at > 0 && octets[at - 1].is_ascii_digit() {
            return false;
        }
        let digits = digits_at(at);
        let year = digits == 4 && matches!(&octets[at..at + 2], b"19" | b"20" | b"25");
        let marked = (1..=2).contains(&digits)
            && matches!(octets.get(at + digits), Some(b'/' | b'-' | b'.'))
            && (1..=2).contains(&digits_at(at + digits + 1))
            && octets
                .get(at + digits + 1 + digits_at(at + digits + 1))
                .is_some_and(|octet| matches!(octet, b'/' | b'-' | b'.'));
        year || marked
    })
}

#[cfg(test)]
mod tests {
    use super::super::line::Cue;
    use super::*;
    use Confidence::{Certain, Likely, Probable};

    fn found(text: &str) -> Vec<(usize, usize, Confidence)> {
        let lines: Vec<_> = text.lines().map(|text| Line { text, cue: Cue::None }).collect();
        attributions(&lines, &super::super::line::kinds(&lines))
            .into_iter()
            .enumerate()
            .filter_map(|(start, found)| found.map(|found| (start, found.lines, found.confidence)))
            .collect()
    }

    #[test]
    fn programs_and_languages_are_known() {
        for text in [
            "On Mon, Jan 15, 2024 at 10:30 AM Help Desk <desk@example.com> wrote:",
            "El lun, 15 ene 2024 a las 10:30, Mesa de ayuda (<mesa@example.com>) escribió:",
            "El 15 ene 2024, a las 10:30, Mesa <mesa@example.com> escribió:",
            "Em seg., 15 de jan. de 2024 às 10:30, Suporte <suporte@example.com> escreveu:",
            "Suporte <suporte@example.com> escreveu no dia segunda, 15/01/2024 à(s) 10:30:",
            "Am Mo., 15. Jan. 2024 um 10:30 Uhr schrieb Hilfe <hilfe@example.com>:",
            "Le lun. 15 janv. 2024 à 10:30, Aide <aide@example.com> a écrit :",
            "Il giorno lun 15 gen 2024 alle ore 10:30 Aiuto <aiuto@example.com> ha scritto:",
            "Op ma 15 jan 2024 om 10:30 schreef Hulp <hulp@example.com>:",
            "Den mån 15 jan. 2024 kl 10:30 skrev Hjälp <hjalp@example.com>:",
            "man. 15. jan. 2024 kl. 10:30 skrev Hjelp <hjelp@example.com>:",
            "ma 15. tammik. 2024 klo 10.30 Apu <apu@example.com> kirjoitti:",
            "pon., 15 sty 2024 o 10:30 Pomoc <pomoc@example.com> napisał(a):",
            "пн, 15 янв. 2024 г. в 10:30, Помощь <help@example.com>:",
            "po 15. 1. 2024 v 10:30 odesílatel Pomoc <pomoc@example.com> napsal:",
            "Yardım <yardim@example.com>, 15 Oca 2024 Pzt, 10:30 tarihinde şunu yazdı:",
            "2024年1月15日(月) 10:30 ヘルプ <help@example.com>:",
            "Help <help@example.com> 于2024年1月15日周一 10:30写道：",
            "2024년 1월 15일 (월) 오전 10:30, 지원 <help@example.com>님이 작성:",
            "Missatge de Ajuda <ajuda@example.com> del dia dl., 15 de gen. 2024 a les 10:30:",
            "O luns, 15 de xan. de 2024 ás 10:30, Axuda <axuda@example.com> escribiu:",
            "---- On Mon, 15 Jan 2024 10:30:00 +0100 Desk <desk@example.com> wrote ----",
            "-----Desk <desk@example.com> escribió: -----",
            "În lun., 15 ian. 2024 la 10:30, Ajutor <ajutor@example.com> a scris:",
            "Ajuda <a@example.com> ezt írta (időpont: 2024. jan. 15., H, 10:30):",
        ] {
            assert_eq!(found(text), [(0, 1, Certain)], "{text}");
        }
    }

    #[test]
    fn without_an_address_an_attribution_is_not_certain() {
        assert_eq!(found("On 1/15/24 10:30, Help Desk wrote:"), [(0, 1, Probable)]);
        assert_eq!(found("Ana Peña escribió:"), [(0, 1, Likely)]);
        assert_eq!(found("Quoting Ana <ana@example.com>:"), [(0, 1, Likely)]);
        assert_eq!(found("Ana <ana@example.com> escribió:"), [(0, 1, Probable)]);
    }

    #[test]
    fn wrapped_lines_are_one() {
        assert_eq!(
            found(
                "El lun, 15 ene 2024 a las 10:30, Mesa de ayuda de la casa\n(<mesa@example.com>)\nescribió:"
            ),
            [(0, 3, Certain)]
        );
    }

    #[test]
    fn words_right_above_are_left_out() {
        assert_eq!(
            found("ya funciona, gracias\nOn Mon, Jan 15, 2024 at 10:30 AM Desk\n<desk@example.com> wrote:"),
            [(1, 2, Certain)]
        );
    }

    #[test]
    fn people_who_write_colons_are_not_programs() {
        for text in [
            "Estos son los errores:",
            "reply On Wed, Apr 4, 2012 at 3:59 PM, bob@example.com wrote:",
            "ya funciona todo, gracias. El lun, 15 ene 2024 a las 10:30, Mesa <m@example.com> escribió:",
            "On Monday the whole system said:",
            "¿Qué escribió:",
            "-- ",
            "Did she write on 2024-01-15 at 10:30 <a@example.com> wrote?:",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
