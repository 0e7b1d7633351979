//! What a person wrote in a mail, and what is only quoted.
//!
//! [`separate`] parts a plain text; [`sides`] decides for lines of which markup tells more, as HTML does. Both are
//! linear in the size of the text, and neither loses a line: what is not [`Separated::written`] is
//! [`Separated::quoted`].
//!
//! There is no standard for quoting beyond `>` (RFC 3676 section 4.5) and the signature delimiter (section 4.3); the
//! rest is how programs really write, kept as tables in `phrases`. In doubt a line counts as written: a desk that
//! reads a quoted line once more loses a moment, one that misses an answer loses the person.

mod arrange;
mod attribution;
mod blocks;
mod flowed;
mod fold;
mod header;
mod line;
mod phrases;
mod purpose;
mod signature;

pub use self::flowed::{DelSp, unflow};
pub use self::line::{Cue, Line};
pub use self::purpose::Purpose;

/// A mail's text in two: what its author wrote, and what was set aside.
///
/// Every line of the mail is in one of the two, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Separated {
    /// The author's own words, with the quoted lines that they answer. Empty only if the mail shows nothing beside
    /// our reference.
    pub written: String,
    /// Quoted mails, signatures and reference lines; `None` where nothing was cut.
    pub quoted: Option<String>,
}

/// Where a line of a mail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// To the comment.
    Written,
    /// Behind the comment.
    Quoted,
}

/// Parts `text` into what its author wrote and what was set aside.
///
/// A mail of nothing but quoted text is kept whole. Our reference line (`[ref:…]`) is always set aside. Undo
/// `format=flowed` first ([`unflow`]).
///
/// ```
/// let mail = "Ya funciona, gracias.\n\nEl lun, 15 ene 2024 a las 10:30, Mesa (<mesa@example.com>)\nescribió:\n\n> ¿Funciona?\n";
/// let parts = recado_domain::quote::separate(mail);
/// assert_eq!(parts.written, "Ya funciona, gracias.");
/// assert!(parts.quoted.unwrap().ends_with("> ¿Funciona?"));
/// ```
pub fn separate(text: &str) -> Separated {
    separate_for(text, Purpose::Answer)
}

/// [`separate`], where the subject tells more ([`Purpose::of_subject`]).
pub fn separate_for(text: &str, purpose: Purpose) -> Separated {
    let lines: Vec<Line<'_>> = text.lines().map(Line::plain).collect();
    let sides = sides(&lines, purpose);
    Separated {
        written: gather(&lines, &sides, Side::Written),
        quoted: Some(gather(&lines, &sides, Side::Quoted)).filter(|quoted| !quoted.is_empty()),
    }
}

/// The side of every line, for callers who know more of the lines than their text.
pub fn sides(lines: &[Line<'_>], purpose: Purpose) -> Vec<Side> {
    arrange::sides(lines, purpose)
}

/// Whether the lines of `text`, taken together, are the line above a quote: "El lun, … escribió:".
pub fn introduces(text: &str) -> bool {
    let lines: Vec<Line<'_>> = text.lines().map(Line::plain).collect();
    let kinds = line::kinds(&lines);
    attribution::attributions(&lines, &kinds)
        .first()
        .is_some_and(|first| first.is_some_and(|found| found.lines == lines.len()))
}

/// The lines of one side, without blank lines at either end; a gap between them shows as one blank line.
pub fn gather(lines: &[Line<'_>], sides: &[Side], side: Side) -> String {
    let mut gathered = String::new();
    let mut gap = false;
    for (line, &of) in lines.iter().zip(sides) {
        let text = line.text.trim_end();
        if of == side && !line::is_blank(text) {
            if !gathered.is_empty() {
                gathered.push('\n');
                if gap {
                    gathered.push('\n');
                }
            }
            gathered.push_str(text);
            gap = false;
        } else {
            gap = true;
        }
    }
    gathered
}
