//! Which of some names a mistyped one most likely means.

/// The name that is nearest to a mistyped one without regard to case, unless none is near enough to be a slip.
pub(super) fn nearest<'n>(mistyped: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let mistyped: Vec<char> = mistyped
        .to_uppercase()
        .chars()
        .take(LONGEST_MISTYPED + 1)
        .collect();
    if mistyped.is_empty() || mistyped.len() > LONGEST_MISTYPED {
        return None;
    }
    names
        .filter_map(|known| nearness(&mistyped, known).map(|rank| (rank, known)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, known)| known)
}

/// Longer names than this mean no key, and are not compared with each.
const LONGEST_MISTYPED: usize = 40;

/// How many mistakes lead from one name to the other, unless they are too many to be a slip.
fn nearness(mistyped: &[char], known: &str) -> Option<usize> {
    let known: Vec<char> = known.chars().collect();
    let distance = edit_distance(mistyped, &known);
    let is_slip = distance <= (known.len() / 3).clamp(1, 3);
    let is_cut_short = mistyped.len() >= 5
        && (known.starts_with(mistyped) || known.len() >= 5 && mistyped.starts_with(&known));
    (is_slip || is_cut_short).then_some(distance)
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn edit_distance(left: &[char], right: &[char]) -> usize {
    let mut before_previous = vec![0; right.len() + 1];
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    let mut current = vec![0; right.len() + 1];
    for i in 1..=left.len() {
        current[0] = i;
        for j in 1..=right.len() {
            let replaced = previous[j - 1] + usize::from(left[i - 1] != right[j - 1]);
            current[j] = replaced.min(previous[j] + 1).min(current[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                current[j] = current[j].min(before_previous[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before_previous, &mut previous);
        std::mem::swap(&mut previous, &mut current);
    }
    previous[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_single_mistakes() {
        let distance = |left: &str, right: &str| {
            edit_distance(
                &left.chars().collect::<Vec<_>>(),
                &right.chars().collect::<Vec<_>>(),
            )
        };
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
        assert_eq!(distance("abc", "acb"), 1);
        assert_eq!(distance("abc", "xbcd"), 2);
    }
}
