//! `format=flowed` undone (RFC 3676): lines that were broken for transport become paragraphs again.

use super::line;

/// The `DelSp` parameter of the content type (RFC 3676 section 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DelSp {
    /// A soft break keeps its space, as languages with spaces want it: the default.
    #[default]
    No,
    /// The space before a soft break was added with it.
    Yes,
}

/// Joins the soft-broken lines of a `text/plain; format=flowed` body.
///
/// Only lines of the same quote depth are joined, a signature delimiter never is (section 4.3), and the space that
/// stuffing added (section 4.4) is taken away, except before `>`: there it tells typed text from a quote.
///
/// ```
/// use recado_domain::quote::{DelSp, unflow};
/// assert_eq!(unflow("> How does \n> it go?\nQuite \nwell.\n-- \nAna", DelSp::No), "> How does it go?\nQuite well.\n-- \nAna");
/// ```
pub fn unflow(text: &str, del_sp: DelSp) -> String {
    let mut unflowed = String::with_capacity(text.len());
    // The depth of the paragraph that the next line may go on with.
    let mut open: Option<usize> = None;
    for (number, raw) in text.lines().enumerate() {
        let depth = raw.bytes().take_while(|&octet| octet == b'>').count();
        let (marks, rest) = raw.split_at(depth);
        let content = match rest.strip_prefix(' ') {
            Some(stuffed) if depth == 0 && stuffed.starts_with('>') => rest,
            Some(stuffed) => stuffed,
            None => rest,
        };
        let delimiter = content == line::SIGNATURE_DELIMITER;
        if open != Some(depth) || delimiter {
            if number > 0 {
                unflowed.push('\n');
            }
            unflowed.push_str(marks);
            if depth > 0 && !content.is_empty() {
                unflowed.push(' ');
            }
        }
        let soft = content.ends_with(' ') && !delimiter;
        unflowed.push_str(match del_sp {
            DelSp::Yes if soft => &content[..content.len() - 1],
            _ => content,
        });
        open = soft.then_some(depth);
    }
    unflowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_one_depth_are_joined() {
        assert_eq!(unflow("> soft \n>> deeper\n", DelSp::No), "> soft \n>> deeper");
        assert_eq!(unflow(">> a \n>> b\n> c", DelSp::No), ">> a b\n> c");
        assert_eq!(unflow("a \n> b", DelSp::No), "a \n> b");
    }

    #[test]
    fn delsp_takes_the_added_space_away() {
        assert_eq!(unflow("東 \n京", DelSp::Yes), "東京");
        assert_eq!(unflow("a \nb", DelSp::No), "a b");
    }

    #[test]
    fn a_typed_angle_keeps_the_space_that_tells_it_from_a_quote() {
        assert_eq!(
            unflow(" > 5 MB fails\n From here\n> quoted", DelSp::No),
            " > 5 MB fails\nFrom here\n> quoted"
        );
    }

    #[test]
    fn a_delimiter_is_never_joined() {
        assert_eq!(unflow("bye \n-- \nAna", DelSp::No), "bye \n-- \nAna");
    }
}
