//! The decision, line by line: the author's own, or set aside.
//!
//! | the mail | what is kept |
//! |---|---|
//! | answer above the quote | the answer |
//! | answer below the quote | the answer |
//! | answers between quoted lines | the answers, and the quoted lines that they answer |
//! | passed on with a word above | everything: it is meant to be read |
//! | nothing but a quote | everything |
//!
//! Whatever else, a line with our reference is set aside.

use std::ops::Range;

use super::attribution;
use super::blocks::{Block, blocks};
use super::line::{self, Cue, Kind, Line};
use super::signature;
use super::{Purpose, Side};

/// Marked lines without an introduction that are too few to be a mail: a person typed or pasted them.
const MOST_TYPED_LINES: usize = 2;

/// The side of every line. Blank lines take the side of the line above.
pub(super) fn sides(lines: &[Line<'_>], purpose: Purpose) -> Vec<Side> {
    let kinds = line::kinds(lines);
    let references = line::references(lines);
    let mut blocks = blocks(lines, &kinds, &references);
    if purpose == Purpose::Forward && !references.contains(&true) {
        for block in &mut blocks {
            if let Block::Unmarked(range) = block {
                *block = Block::Forwarded(range.clone());
            }
        }
    }
    let mut arrangement = Arrangement {
        lines,
        kinds: &kinds,
        references: &references,
        sides: vec![Side::Written; lines.len()],
        signatures: Vec::new(),
    };
    arrangement.set_references_aside();
    arrangement.decide(&blocks);
    arrangement.keep_something();
    arrangement.set_references_aside();
    arrangement.sides
}

struct Arrangement<'a> {
    lines: &'a [Line<'a>],
    kinds: &'a [Kind],
    /// Lines that hold our reference.
    references: &'a [bool],
    sides: Vec<Side>,
    /// Lines that were set aside as signature: the first to come back if nothing else is left.
    signatures: Vec<usize>,
}

impl Arrangement<'_> {
    fn decide(&mut self, blocks: &[Block]) {
        for block in blocks {
            if let Block::Text(range) = block {
                self.set_signature_aside(range.clone());
            }
        }
        let is_answer = |block: Option<&Block>| matches!(block, Some(Block::Text(range)) if self.has_words(range.clone()));
        let answered: Vec<bool> = (0..blocks.len())
            .map(|index| is_answer(blocks.get(index + 1)))
            .collect();
        let preceded: Vec<bool> = (0..blocks.len())
            .scan(false, |words, index| {
                let before = *words;
                *words |= is_answer(blocks.get(index));
                Some(before)
            })
            .collect();
        let quotes = blocks
            .iter()
            .filter(|block| matches!(block, Block::Marked { .. } | Block::Unmarked(_)))
            .count();
        let mut is_first = true;
        // Whether all quotes so far were typed or pasted by the author.
        let mut only_typed = true;
        for (index, block) in blocks.iter().enumerate() {
            match block {
                Block::Text(_) | Block::Forwarded(_) => {}
                Block::Unmarked(range) => self.set_aside(range.clone()),
                Block::Marked { introduction, body } => {
                    let is_unmistakable =
                        !introduction.is_empty() || self.lines[body.start].cue == Cue::Quoted;
                    only_typed &= !is_unmistakable && preceded[index];
                    let quote = Quote {
                        introduction: introduction.clone(),
                        body: body.clone(),
                        is_answered: answered[index],
                        is_only: quotes == 1,
                        is_first,
                        is_typed: only_typed,
                    };
                    self.decide_quote(&quote);
                    is_first &= only_typed;
                }
            }
        }
    }

    fn decide_quote(&mut self, quote: &Quote) {
        self.set_aside(quote.introduction.clone());
        if !quote.is_answered {
            if !(quote.is_typed && self.is_pasted(quote.body.clone())) {
                self.set_aside(quote.body.clone());
            }
            return;
        }
        // The answer to the whole mail stands below it.
        if self.ends_with_reference(quote.body.clone()) || quote.is_only && !quote.is_typed {
            self.set_aside(quote.body.clone());
            return;
        }
        if quote.is_first && !quote.is_typed {
            self.set_aside(quote.body.start..self.last_paragraph(quote.body.clone()));
        }
        self.trim(quote.body.clone());
    }

    fn set_signature_aside(&mut self, text: Range<usize>) {
        let end = text.start + signature::start(&self.lines[text.clone()], &self.kinds[text.clone()]);
        for index in text {
            let is_signature = index >= end || self.lines[index].cue == Cue::Signature;
            if is_signature && self.kinds[index] != Kind::Blank {
                self.sides[index] = Side::Quoted;
                self.signatures.push(index);
            }
        }
    }

    fn has_words(&self, range: Range<usize>) -> bool {
        range.into_iter().any(|index| {
            self.sides[index] == Side::Written && matches!(self.kinds[index], Kind::Text | Kind::Marked)
        })
    }

    /// Whether unintroduced marked lines were typed or pasted: few, or announced by a line with a colon.
    fn is_pasted(&self, body: Range<usize>) -> bool {
        if self.references[body.clone()].contains(&true) {
            return false;
        }
        let above = if body.start > 0 {
            self.lines[body.start - 1].text
        } else {
            ""
        };
        // An attribution behind words on the same line: the line is their author's, the quote is not.
        if attribution::ends_in_one(above) {
            return false;
        }
        let is_formatted = self.lines[body.start].cue == Cue::SetAsQuote;
        is_formatted || above.trim_end().ends_with(':') || body.len() <= MOST_TYPED_LINES
    }

    /// Whether the quoted mail is there to its end: among its last lines is our reference.
    fn ends_with_reference(&self, body: Range<usize>) -> bool {
        body.rev()
            .filter(|&index| self.kinds[index] == Kind::Marked)
            .take(3)
            .any(|index| self.references[index])
    }

    /// Where the last quoted paragraph of `body` begins: what stands above it, nobody answers.
    fn last_paragraph(&self, body: Range<usize>) -> usize {
        let end = body
            .clone()
            .rev()
            .find(|&index| self.kinds[index] == Kind::Marked)
            .unwrap_or(body.start);
        (body.start..end)
            .rev()
            .find(|&index| matches!(self.kinds[index], Kind::MarkedBlank | Kind::Blank))
            .map_or(body.start, |gap| gap + 1)
    }

    /// Sets marked blank lines at either end of a kept quote aside: they parted it from lines that are gone.
    fn trim(&mut self, body: Range<usize>) {
        let shows = |&index: &usize| self.kinds[index] == Kind::Marked && self.sides[index] == Side::Written;
        let first = body.clone().find(shows).unwrap_or(body.end);
        let last = body.clone().rev().find(shows).unwrap_or(body.start);
        self.set_aside(body.start..first);
        self.set_aside((last + 1).min(body.end)..body.end);
    }

    fn set_aside(&mut self, range: Range<usize>) {
        self.sides[range].fill(Side::Quoted);
    }

    /// Where everything was set aside, brings the signatures back, and if there are none, everything.
    fn keep_something(&mut self) {
        let all = 0..self.lines.len();
        if self.has_words(all.clone()) {
            return;
        }
        for index in std::mem::take(&mut self.signatures) {
            self.sides[index] = Side::Written;
        }
        self.set_references_aside();
        if !self.has_words(all) {
            self.sides.fill(Side::Written);
        }
    }

    fn set_references_aside(&mut self) {
        for (&holds, side) in self.references.iter().zip(&mut self.sides) {
            if holds {
                *side = Side::Quoted;
            }
        }
    }
}

/// A marked quote, and what stands around it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a checklist: each is one independent observation"
)]
struct Quote {
    introduction: Range<usize>,
    body: Range<usize>,
    /// Words follow right below.
    is_answered: bool,
    /// There is no other quote in the mail.
    is_only: bool,
    /// It is the first that a program made.
    is_first: bool,
    /// Its author may have typed or pasted it: words stand above, and no quote that a program made.
    is_typed: bool,
}
