//! The text of a Cluster YAML and the places of its fields.

use std::ops::Range;

use crate::yaml::{Content, Tree};
use crate::{Place, SpecError};

/// Largest text that is read, in bytes. A Cluster YAML has a few thousand.
const LARGEST: usize = 1 << 20;

/// A text that can be YAML: UTF-8, of reasonable size.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    text: String,
    /// Where each line begins and ends, in bytes.
    lines: Vec<Range<usize>>,
}

impl Source {
    /// Takes bytes that were read from a file.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, SpecError> {
        if bytes.len() > LARGEST {
            let size = bytes.len() >> 10;
            return Err(SpecError::new(
                "",
                format!("the file has {size} KiB, that is no Cluster YAML"),
            )
            .expected(format!("at most {} KiB", LARGEST >> 10)));
        }
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(SpecError::new("", "the file is in UTF-16")
                .expected("UTF-8")
                .hint("save it as UTF-8"));
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(error) => return Err(not_utf8(bytes, error.valid_up_to())),
        };
        let source = Self {
            text: text.to_owned(),
            lines: lines(text).collect(),
        };
        match text.find(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            Some(at) => Err(source.control_character(at)),
            None => Ok(source),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A line, counted from 1, without its end.
    pub(crate) fn line(&self, number: usize) -> Option<&str> {
        self.text
            .get(self.lines.get(number.checked_sub(1)?)?.clone())
    }

    fn control_character(&self, at: usize) -> SpecError {
        let place = place_of(&self.text[..at]);
        let mut error = SpecError::new("", "a control character stands here, YAML has none")
            .expected("text")
            .hint("remove it, or write it as an escape in double quotes");
        error.place = Some(place);
        error
    }
}

fn not_utf8(bytes: &[u8], valid: usize) -> SpecError {
    let before = String::from_utf8_lossy(&bytes[..valid]);
    let byte = bytes.get(valid).copied().unwrap_or_default();
    let mut error = SpecError::new("", format!("the byte 0x{byte:02x} is not UTF-8"))
        .expected("UTF-8")
        .hint("save the file as UTF-8");
    error.place = Some(place_of(&before));
    error
}

/// The place right behind a text.
fn place_of(before: &str) -> Place {
    let line = lines(before).count().max(1);
    let column = lines(before)
        .last()
        .map_or(0, |last| before[last].chars().count())
        + 1;
    Place {
        line,
        column,
        length: 1,
    }
}

/// The lines of a text as YAML counts them, in bytes and without their ends: `\n`, `\r\n` and
/// `\r` end one.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let Some(length) = text[start..].find(['\n', '\r']) else {
            next = None;
            return Some(start..text.len());
        };
        let end = start + length;
        next = Some(
            end + if text[end..].starts_with("\r\n") {
                2
            } else {
                1
            },
        );
        Some(start..end)
    })
}

/// Where the field of a path stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldPlace {
    /// Its name; for an element of a list, its value.
    pub(crate) key: Place,
    /// Its value.
    pub(crate) value: Place,
    /// For a literal block (`|`), line and column of its first character.
    pub(crate) block: Option<(usize, usize)>,
}

/// Finds the places of fields by path.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    source: Source,
    tree: Option<Tree>,
}

impl Places {
    pub(crate) fn new(source: Source, tree: Option<Tree>) -> Self {
        Self { source, tree }
    }

    /// A line of the text, counted from 1.
    pub(crate) fn line(&self, number: usize) -> Option<&str> {
        self.source.line(number)
    }

    /// The field of a path.
    pub(crate) fn get(&self, path: &str) -> Option<FieldPlace> {
        let root = self.tree.as_ref()?;
        if path.is_empty() {
            return Some(self.place(root.place, root));
        }
        let mut tree = root;
        let mut at = String::new();
        loop {
            let (child, key, value) = child_towards(tree, &at, path)?;
            if child == path {
                return Some(self.place(key, value));
            }
            (tree, at) = (value, child);
        }
    }

    /// The field of a path, or else the nearest one that it would be in.
    pub(crate) fn nearest(&self, path: &str) -> Option<FieldPlace> {
        let mut path = path;
        loop {
            if let Some(place) = self.get(path) {
                return Some(place);
            }
            path = parent(path)?;
        }
    }

    fn place(&self, key: Place, value: &Tree) -> FieldPlace {
        let block = value
            .block
            .then(|| block_start(value.place, &self.source))
            .flatten();
        FieldPlace {
            key,
            value: value.place,
            block,
        }
    }
}

/// The child of the value at a path which is, or holds, what another path means.
fn child_towards<'a>(tree: &'a Tree, at: &str, path: &str) -> Option<(String, Place, &'a Tree)> {
    let leads = |child: &String| {
        path.strip_prefix(child.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    match &tree.content {
        Content::Scalar(_) => None,
        Content::List(items) => items.iter().enumerate().find_map(|(index, item)| {
            Some(element(at, index))
                .filter(leads)
                .map(|child| (child, item.place, item))
        }),
        Content::Map(entries) => entries.iter().find_map(|entry| {
            let child = Some(field(at, &entry.key)).filter(leads);
            child.map(|child| (child, entry.key_place, &entry.value))
        }),
    }
}

/// Line and column of the first character of a literal block, whose place begins there.
fn block_start(place: Place, source: &Source) -> Option<(usize, usize)> {
    let indent = source
        .line(place.line)?
        .chars()
        .take_while(|&c| c == ' ')
        .count();
    (indent + 1 == place.column).then_some((place.line, place.column))
}

/// Path of a field of the mapping at a path.
pub(crate) fn field(path: &str, key: &str) -> String {
    let plain = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    match (path, plain) {
        ("", true) => key.to_owned(),
        (_, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{key:?}]"),
    }
}

/// Path of an element of the list at a path.
pub(crate) fn element(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// Path of what the field of a path is in.
fn parent(path: &str) -> Option<&str> {
    if path.is_empty() {
        return None;
    }
    // A quoted key may contain dots and brackets; it always ends the path.
    let cut = match path.find("[\"") {
        Some(quoted) => Some(quoted),
        None => path.rfind(['.', '[']),
    };
    Some(&path[..cut.unwrap_or(0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_yaml() {
        let split = |text| lines(text).map(|line| &text[line]).collect::<Vec<&str>>();
        assert_eq!(split("a\nb\r\nc\rd"), ["a", "b", "c", "d"]);
        assert_eq!(split("a\n"), ["a", ""]);
        assert_eq!(split(""), [""]);
    }

    #[test]
    fn parents_of_paths() {
        assert_eq!(parent("spec.nodes[0].role"), Some("spec.nodes[0]"));
        assert_eq!(parent("spec.nodes[0]"), Some("spec.nodes"));
        assert_eq!(parent("a.labels[\"x.y/[z]\"]"), Some("a.labels"));
        assert_eq!(parent("spec"), Some(""));
        assert_eq!(parent(""), None);
    }

    #[test]
    fn the_place_of_a_bad_byte() {
        let error = Source::new(b"a: b\nc: \xff").err();
        let place = error.and_then(|error| error.place);
        assert_eq!(
            place,
            Some(Place {
                line: 2,
                column: 4,
                length: 1
            })
        );
    }

    #[test]
    fn refuses_what_is_no_text() {
        for bytes in [&b"a: \0"[..], b"\xff\xfea\0", b"a: \x1b[31m"] {
            assert!(Source::new(bytes).is_err(), "{bytes:?}");
        }
        assert!(Source::new(&vec![b' '; LARGEST + 1]).is_err());
        assert!(Source::new("\u{feff}a: b".as_bytes()).is_ok_and(|source| source.text() == "a: b"));
    }
}
