//! HTML bodies: what their author wrote as text and as harmless HTML, and what is only quoted.
//!
//! The document becomes lines of text (`lines`); what programs mark by ids and classes (`marks`) becomes `>` or a
//! cue; the rules of [`recado_domain::quote`] decide, the same as for plain text. No part recurses, compares
//! everything with everything, or keeps what is not needed: time and memory grow with the input alone.

mod entities;
mod lines;
mod links;
mod marks;
mod sanitise;
mod tokens;
mod tree;

use recado_domain::quote::{Line, Purpose, Side, gather, sides};

/// What an HTML body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HtmlText {
    /// What its author wrote, as text.
    pub written: String,
    /// What was set aside, as text.
    pub quoted: Option<String>,
    /// The written part as harmless HTML: no script, style, form or picture; links open nothing of ours. Pictures
    /// are noted as `[image: …]`.
    pub sanitised: String,
}

/// Reads an HTML body. Any text is one: browsers read everything.
pub fn read(html: &str) -> HtmlText {
    read_for(html, Purpose::Answer)
}

/// [`read`], where the subject tells more ([`Purpose::of_subject`]).
pub fn read_for(html: &str, purpose: Purpose) -> HtmlText {
    let events = tree::events(html);
    let rendered = lines::render(&events);
    let lines: Vec<Line<'_>> = rendered
        .lines
        .iter()
        .map(|line| Line {
            text: &line.text,
            cue: line.cue,
        })
        .collect();
    let sides = sides(&lines, purpose);
    let quoted = gather(&lines, &sides, Side::Quoted);
    HtmlText {
        written: gather(&lines, &sides, Side::Written),
        quoted: (!quoted.is_empty()).then_some(quoted),
        sanitised: sanitise::sanitise(&events, &rendered, &kept(&lines, &sides)),
    }
}

/// The lines that the sanitised HTML keeps: the written ones, and blank ones between two of them.
fn kept(lines: &[Line<'_>], sides: &[Side]) -> Vec<bool> {
    let shows = |index: usize| !lines[index].text.trim_matches(['>', ' ']).is_empty();
    let mut kept: Vec<bool> = (0..lines.len())
        .map(|index| sides[index] == Side::Written && shows(index))
        .collect();
    let mut above = None;
    for index in 0..lines.len() {
        if !shows(index) {
            continue;
        }
        if kept[index] {
            if let Some(above) = above {
                kept[above..index].fill(true);
            }
            above = Some(index);
        } else {
            above = None;
        }
    }
    kept
}

#[cfg(test)]
mod tests;
