//! "Did you mean …?"

use crate::SpecError;

/// Adds the accepted word that is nearest to what was written, if one is near enough.
pub(crate) fn did_you_mean(error: SpecError, written: &str, accepted: &[&str]) -> SpecError {
    match nearest(written, accepted) {
        Some(word) => error.hint(format!("did you mean {word:?}?")),
        None => error,
    }
}

/// The word nearest to what was written: the same but for case, hyphens and underscores, or with
/// few letters changed.
pub(crate) fn nearest<'a>(written: &str, accepted: &[&'a str]) -> Option<&'a str> {
    let folded = fold(written);
    let allowed = (folded.len() / 3).clamp(1, 4);
    accepted
        .iter()
        .map(|word| {
            let other = fold(word);
            (
                if is_stem(&folded, &other) {
                    1
                } else {
                    distance(&folded, &other)
                },
                *word,
            )
        })
        .filter(|(distance, word)| *distance <= allowed && *distance < word.chars().count().max(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Whether one word is the other with something behind it: network, networking.
fn is_stem(one: &[char], other: &[char]) -> bool {
    one.len().min(other.len()) >= 4 && (one.starts_with(other) || other.starts_with(one))
}

/// Letters and digits alone, in lower case; of long words the first 64.
fn fold(word: &str) -> Vec<char> {
    word.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(64)
        .collect()
}

/// Least number of letters to insert, remove, change or swap with a neighbour.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, a) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in to.iter().enumerate() {
            let change = above[column] + usize::from(a != b);
            let mut best = change.min(above[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0 && column > 0 && *a == to[column - 1] && from[row - 1] == *b;
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_that_was_meant() {
        let fields = [
            "role",
            "replicas",
            "image",
            "extraMounts",
            "extraPortMappings",
            "cpus",
        ];
        let cases = [
            ("rolle", Some("role")),
            ("Role", Some("role")),
            ("extra_mounts", Some("extraMounts")),
            ("extraMount", Some("extraMounts")),
            ("extraPortMapings", Some("extraPortMappings")),
            ("replciaz", Some("replicas")),
            ("cpu", Some("cpus")),
            ("extraMountsAndMore", Some("extraMounts")),
            ("repl", Some("replicas")),
            ("volumes", None),
            ("x", None),
            ("", None),
        ];
        for (written, meant) in cases {
            assert_eq!(nearest(written, &fields), meant, "{written:?}");
        }
    }
}
