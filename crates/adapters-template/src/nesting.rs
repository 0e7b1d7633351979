//! How deeply elements nest in an HTML source: a bound that holds for the tree which a parser makes of it.
//!
//! Laying out a document takes time that grows with the square of its depth, so a source that nests without end is told apart
//! first. Mail bodies nest tens of levels, tables in tables included.

use std::collections::HashMap;

/// The most elements that are open at once. May be too high for HTML with missing end tags, and is never much too low.
pub(crate) fn depth(html: &str) -> usize {
    let lower = html.to_ascii_lowercase();
    // In drawings and formulas a tag stays open whatever its name is.
    let closes_by_itself = !(lower.contains("<svg") || lower.contains("<math"));
    let mut open: HashMap<&str, usize> = HashMap::new();
    let (mut depth, mut deepest) = (0, 0);
    for tag in lower.split('<').skip(1) {
        let (name, is_end) = tag.strip_prefix('/').map_or((tag, false), |end| (end, true));
        let name = &name[..name
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .unwrap_or(name.len())];
        if name.is_empty() || closes_by_itself && NEVER_NESTED.contains(&name) {
            continue;
        }
        let of_name = open.entry(name).or_default();
        if !is_end {
            *of_name += 1;
            depth += 1;
            deepest = deepest.max(depth);
        } else if *of_name > 0 {
            *of_name -= 1;
            depth -= 1;
        }
    }
    deepest
}

/// Elements without content, and those that end where the next of their kind begins.
const NEVER_NESTED: [&str; 25] = [
    "area", "base", "br", "col", "colgroup", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
    "option", "p", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_elements_are_counted_and_closed_ones_are_not() {
        assert_eq!(depth("no tags, 1 < 2"), 0);
        assert_eq!(depth("<div><b>x</b></div><div><i>y</i></div>"), 2);
        assert_eq!(depth(&"<p>a<br><li>b".repeat(500)), 0);
        assert_eq!(depth(&"<DIV class='a'></span>".repeat(500)), 500);
        assert_eq!(depth(&format!("<math>{}", "<td>".repeat(500))), 501);
    }
}
