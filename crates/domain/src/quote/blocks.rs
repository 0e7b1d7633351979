//! The blocks of a mail's text: what stands unquoted, and the quotes with the lines that introduce them.

use std::ops::Range;

use super::attribution::{Attribution, Confidence, attributions};
use super::header::{self, Rule};
use super::line::{self, Cue, Kind, Line};

/// Marked lines at the head of a quote that may be its attribution.
const MARKED_INTRODUCTION_LINES: usize = 4;

/// A run of lines of one nature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// Unquoted: words, signatures, footers.
    Text(Range<usize>),
    /// Lines marked with `>`, and what introduces them (may be empty).
    Marked {
        introduction: Range<usize>,
        body: Range<usize>,
    },
    /// A quoted mail without marks, its introduction included.
    Unmarked(Range<usize>),
    /// A mail that is passed on.
    Forwarded(Range<usize>),
}

/// Parts the lines into blocks, in order and without gaps.
pub(super) fn blocks(lines: &[Line<'_>], kinds: &[Kind], references: &[bool]) -> Vec<Block> {
    Parser {
        lines,
        kinds,
        attributions: attributions(lines, kinds),
        last_reference: references.iter().rposition(|&holds| holds),
    }
    .parse()
}

struct Parser<'a> {
    lines: &'a [Line<'a>],
    kinds: &'a [Kind],
    attributions: Vec<Option<Attribution>>,
    last_reference: Option<usize>,
}

/// Lines that introduce a quote.
struct Introduction {
    end: usize,
    confidence: Confidence,
    forwards: bool,
}

impl Parser<'_> {
    fn parse(&self) -> Vec<Block> {
        let total = self.lines.len();
        let mut blocks = Vec::new();
        let mut text = 0;
        let mut at = 0;
        while at < total {
            let (block, next) = if matches!(self.kinds[at], Kind::Marked | Kind::MarkedBlank) {
                let end = self.marked_until(at);
                let body = self.past_marked_introduction(at..end);
                (
                    Block::Marked {
                        introduction: at..body,
                        body: body..end,
                    },
                    end,
                )
            } else if let Some(introduction) = self.introduction(at) {
                let Some(found) = self.introduced(at, &introduction) else {
                    at = introduction.end;
                    continue;
                };
                found
            } else {
                at += 1;
                continue;
            };
            if text < at {
                blocks.push(Block::Text(text..at));
            }
            blocks.push(block);
            text = next;
            at = next;
        }
        if text < total {
            blocks.push(Block::Text(text..total));
        }
        blocks
    }

    /// The block that `introduction` at `start` opens, and where it ends; `None` if it proves to be text.
    fn introduced(&self, start: usize, introduction: &Introduction) -> Option<(Block, usize)> {
        let total = self.lines.len();
        if introduction.forwards {
            return Some((Block::Forwarded(start..total), total));
        }
        let body = self.past_blanks(introduction.end);
        if body < total && matches!(self.kinds[body], Kind::Marked | Kind::MarkedBlank) {
            let end = self.marked_until(body);
            return Some((
                Block::Marked {
                    introduction: start..body,
                    body: body..end,
                },
                end,
            ));
        }
        let reference = self
            .last_reference
            .filter(|&reference| reference >= introduction.end);
        let opens = match introduction.confidence {
            Confidence::Certain => true,
            Confidence::Probable => reference.is_some() || body == total,
            Confidence::Likely => false,
        };
        if !opens {
            return None;
        }
        // Our own mails end with their reference: what stands below it was written below the quote.
        let end = reference.map_or(total, |reference| self.past_marked(reference + 1));
        Some((Block::Unmarked(start..end), end))
    }

    /// The introduction that begins at `start`: rules, header blocks and attributions, one after the other.
    fn introduction(&self, start: usize) -> Option<Introduction> {
        let mut whole: Option<Introduction> = None;
        let mut at = start;
        // Old Proton mails have three: a rule, an attribution and, in forwards of forwards, a header block.
        for _ in 0..4 {
            let Some(next) = self.one_introduction(at) else {
                break;
            };
            let end = next.end;
            whole = Some(match whole {
                None => next,
                Some(known) => Introduction {
                    end,
                    confidence: known.confidence.max(next.confidence),
                    forwards: known.forwards,
                },
            });
            at = self.past_blanks(end);
            if at >= self.lines.len() {
                break;
            }
        }
        whole
    }

    fn one_introduction(&self, at: usize) -> Option<Introduction> {
        let certain = |end| {
            Some(Introduction {
                end,
                confidence: Confidence::Certain,
                forwards: false,
            })
        };
        if self.kinds[at] != Kind::Text {
            return (self.lines[at].cue == Cue::QuoteBegins)
                .then_some(())
                .and_then(|()| certain(at + 1));
        }
        let rule = header::rule(self.lines[at].text);
        if rule == Some(Rule::Forwarded) {
            return Some(Introduction {
                end: at + 1,
                confidence: Confidence::Certain,
                forwards: true,
            });
        }
        // Before attributions: "From: … [mailto:" ends like one.
        if let Some(length) = header::block(self.lines, self.kinds, at) {
            return certain(at + length);
        }
        if let Some(found) = self.attributions[at] {
            let cued = self.lines[at].cue == Cue::Introduction;
            let confidence = if cued {
                Confidence::Certain
            } else {
                found.confidence
            };
            return Some(Introduction {
                end: at + found.lines,
                confidence,
                forwards: false,
            });
        }
        match self.lines[at].cue {
            Cue::QuoteBegins => return certain(at + 1),
            Cue::Introduction => {
                let run = self.lines[at..]
                    .iter()
                    .take_while(|line| line.cue == Cue::Introduction)
                    .count();
                return certain(at + run);
            }
            Cue::None | Cue::Quoted | Cue::SetAsQuote | Cue::Signature => {}
        }
        match rule {
            Some(Rule::Original) => certain(at + 1),
            Some(Rule::Plain | Rule::Unknown) => {
                // A row of strokes counts with the header block or rule right below.
                let below = self.past_blanks(at + 1);
                if below >= self.lines.len() || below > at + 2 || self.kinds[below] != Kind::Text {
                    return None;
                }
                let cued = self.lines[below].cue == Cue::QuoteBegins && rule == Some(Rule::Plain);
                let headed = header::block(self.lines, self.kinds, below).map(|length| below + length);
                headed.or(cued.then_some(below + 1)).and_then(certain)
            }
            _ => None,
        }
    }

    /// The first line from `at` that is not blank.
    fn past_blanks(&self, at: usize) -> usize {
        let blanks = self.kinds[at..]
            .iter()
            .take_while(|&&kind| kind == Kind::Blank)
            .count();
        at + blanks
    }

    /// Marked lines right after an unmarked quote's end belong to it.
    fn past_marked(&self, at: usize) -> usize {
        let next = self.past_blanks(at);
        if next < self.lines.len() && self.kinds[next] != Kind::Text {
            self.marked_until(next)
        } else {
            at
        }
    }

    /// Where the quoted words begin in marked lines: Apple Mail marks the attribution with them.
    fn past_marked_introduction(&self, marked: Range<usize>) -> usize {
        let first = (marked.start..marked.end)
            .find(|&index| self.kinds[index] == Kind::Marked)
            .unwrap_or(marked.start);
        let head: Vec<Line<'_>> = self.lines[first..marked.end.min(first + MARKED_INTRODUCTION_LINES)]
            .iter()
            .map(|line| Line::plain(line::unmarked(line.text)))
            .collect();
        attributions(&head, &line::kinds(&head))[..1]
            .iter()
            .flatten()
            .map(|attribution| first + attribution.lines)
            .find(|&end| end < marked.end)
            .unwrap_or(marked.start)
    }

    /// The end of the marked lines that begin at `start`; blank lines and the ends of badly wrapped lines between
    /// them do not end them.
    fn marked_until(&self, start: usize) -> usize {
        let mut end = start;
        let mut at = start;
        while at < self.lines.len() {
            match self.kinds[at] {
                Kind::Marked | Kind::MarkedBlank => end = at + 1,
                Kind::Blank => {}
                Kind::Text if end == at && self.is_wrapped_end(at) => {}
                Kind::Text => break,
            }
            at += 1;
        }
        end
    }

    /// Whether the line is what a program that wrapped marked lines left over: the few words of a sentence that the
    /// marked line above breaks off, and the marked line below goes on with the quote.
    fn is_wrapped_end(&self, at: usize) -> bool {
        let above = self.lines[at - 1].text.trim_end();
        let text = self.lines[at].text.trim();
        let below_is_marked = matches!(self.kinds.get(at + 1), Some(Kind::Marked | Kind::MarkedBlank));
        let columns = |text: &str| text.chars().take(200).count();
        if !below_is_marked || self.kinds[at - 1] != Kind::Marked {
            return false;
        }
        // Of an address, which nobody answers in its middle.
        let opened = above.rfind("(http").max(above.rfind("<http"));
        if opened.is_some_and(|opened| !above[opened..].contains([')', '>'])) && !text.contains(' ') {
            return true;
        }
        (60..=100).contains(&columns(above))
            && columns(text) <= 30
            && text.starts_with(char::is_lowercase)
            && above.ends_with(|last: char| last.is_alphanumeric() || last == ',')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks_of(text: &str) -> Vec<Block> {
        let lines: Vec<_> = text.lines().map(Line::plain).collect();
        blocks(&lines, &line::kinds(&lines), &line::references(&lines))
    }

    #[test]
    fn quotes_are_parted_with_their_introductions() {
        assert_eq!(
            blocks_of(
                "hola\n\nEl lun, 15 ene 2024 a las 10:30, X\n(<x@example.com>) escribió:\n\n> a\n\n> b\nadiós"
            ),
            [
                Block::Text(0..2),
                Block::Marked {
                    introduction: 2..5,
                    body: 5..8
                },
                Block::Text(8..9)
            ]
        );
    }

    #[test]
    fn a_rule_with_headers_and_attribution_is_one_introduction() {
        assert_eq!(
            blocks_of(
                "ok\n------- Original Message -------\nOn Monday, January 15th, 2024 at 10:30 AM, X <x@example.com> wrote:\n\n> a"
            ),
            [
                Block::Text(0..1),
                Block::Marked {
                    introduction: 1..4,
                    body: 4..5
                }
            ]
        );
    }

    #[test]
    fn an_unmarked_mail_ends_with_our_reference() {
        let token = "a".repeat(44);
        let text = format!(
            "-----Mensaje original-----\nDe: Mesa <mesa@example.com>\nEnviado: hoy\nAsunto: x\n\nhola\n[ref:{token}]\n\nmi respuesta"
        );
        assert_eq!(blocks_of(&text), [Block::Unmarked(0..7), Block::Text(7..9)]);
    }

    #[test]
    fn the_left_over_end_of_an_address_does_not_split_a_quote() {
        assert_eq!(
            blocks_of("> see (http://example.com/a\n_b=c)\n> bye").last(),
            Some(&Block::Marked {
                introduction: 0..0,
                body: 0..3
            })
        );
    }

    #[test]
    fn the_left_over_end_of_a_wrapped_line_does_not_split_a_quote() {
        let text =
            "> una línea citada que era muy larga y que el programa del remitente partió\nen dos\n> y sigue";
        assert_eq!(
            blocks_of(text),
            [Block::Marked {
                introduction: 0..0,
                body: 0..3
            }]
        );
    }
}
