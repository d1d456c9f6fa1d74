//! Fields of mappings and their values, with an error for each that is not as it should be.

use super::{Problems, did_you_mean};
use crate::SpecError;
use crate::source::{element, field};
use crate::yaml::{Content, Entry, Scalar, ScalarKind, Tree};

/// A value with one of a few names.
pub(crate) trait Keyword: Copy + 'static {
    /// What it is, for messages: "role".
    const WHAT: &'static str;
    /// All values.
    const ACCEPTED: &'static [Self];
    /// The name of a value.
    fn name(self) -> &'static str;
}

/// The fields of a mapping. Those that nobody asked for are errors in the end.
pub(crate) struct Fields<'a> {
    path: String,
    entries: &'a [Entry],
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The fields of a value; none when it is no mapping.
    pub(crate) fn of(path: String, tree: &'a Tree) -> Option<Self> {
        match &tree.content {
            Content::Map(entries) => Some(Self {
                path,
                entries,
                known: Vec::new(),
            }),
            _ => None,
        }
    }

    /// A field; none when it is missing or null.
    pub(crate) fn get(&mut self, name: &'static str) -> Option<Item<'a>> {
        self.known.push(name);
        let entry = self.entries.iter().find(|entry| entry.key == name)?;
        (!entry.value.is_null()).then(|| Item {
            path: field(&self.path, name),
            tree: &entry.value,
        })
    }

    /// A field that must be there; `expected` says what it takes.
    pub(crate) fn require(
        &mut self,
        name: &'static str,
        expected: &str,
        problems: &mut Problems,
    ) -> Option<Item<'a>> {
        let item = self.get(name);
        if item.is_none() {
            let error = SpecError::new(field(&self.path, name), "this field is missing");
            problems.error(error.expected(expected));
        }
        item
    }

    /// Reports the fields that nobody asked for. `elsewhere` knows where some of them belong.
    pub(crate) fn finish(
        self,
        problems: &mut Problems,
        elsewhere: impl Fn(&str) -> Option<&'static str>,
    ) {
        for entry in self.entries {
            let key = entry.key.as_str();
            if self.known.contains(&key) {
                continue;
            }
            let error = SpecError::new(field(&self.path, key), format!("unknown field {key:?}"))
                .value(key)
                .expected(format!("one of {}", self.known.join(", ")))
                .at_key();
            problems.error(match elsewhere(key) {
                Some(hint) => error.hint(hint),
                None => did_you_mean(error, key, &self.known),
            });
        }
    }
}

/// A value and its path.
#[derive(Debug, Clone)]
pub(crate) struct Item<'a> {
    pub(crate) path: String,
    pub(crate) tree: &'a Tree,
}

impl<'a> Item<'a> {
    /// An error at this value.
    pub(crate) fn error(&self, message: impl Into<String>) -> SpecError {
        SpecError::new(&self.path, message)
    }

    pub(crate) fn fields(&self, problems: &mut Problems) -> Option<Fields<'a>> {
        let fields = Fields::of(self.path.clone(), self.tree);
        if fields.is_none() {
            problems.error(self.wrong_type("a mapping of fields"));
        }
        fields
    }

    /// The elements of a list.
    pub(crate) fn list(&self, problems: &mut Problems) -> Vec<Item<'a>> {
        let Content::List(items) = &self.tree.content else {
            problems.error(self.wrong_type("a list"));
            return Vec::new();
        };
        let item = |(index, tree)| Item {
            path: element(&self.path, index),
            tree,
        };
        items.iter().enumerate().map(item).collect()
    }

    /// The entries of a mapping with free names, such as labels.
    pub(crate) fn pairs(&self, problems: &mut Problems) -> Vec<(String, Item<'a>)> {
        let Content::Map(entries) = &self.tree.content else {
            problems.error(self.wrong_type("a mapping of names to values"));
            return Vec::new();
        };
        let pair = |entry: &'a Entry| {
            let path = field(&self.path, &entry.key);
            (
                entry.key.clone(),
                Item {
                    path,
                    tree: &entry.value,
                },
            )
        };
        entries.iter().map(pair).collect()
    }

    pub(crate) fn text(&self, problems: &mut Problems) -> Option<String> {
        match &self.tree.content {
            Content::Scalar(Scalar {
                written,
                kind: ScalarKind::Text,
            }) => Some(written.clone()),
            Content::Scalar(Scalar { written, .. }) => {
                let hint = format!("write {written:?}, with quotes");
                problems.error(self.wrong_type("text").hint(hint));
                None
            }
            _ => {
                problems.error(self.wrong_type("text"));
                None
            }
        }
    }

    pub(crate) fn flag(&self, problems: &mut Problems) -> Option<bool> {
        let Content::Scalar(scalar) = &self.tree.content else {
            problems.error(self.wrong_type("true or false"));
            return None;
        };
        if let ScalarKind::Bool(flag) = scalar.kind {
            return Some(flag);
        }
        let error = self.wrong_type("true or false");
        problems.error(match scalar.written.to_ascii_lowercase().as_str() {
            "yes" | "on" | "1" => error.hint("write true"),
            "no" | "off" | "0" => error.hint("write false"),
            "true" | "false" => error.hint("write it without quotes"),
            _ => error,
        });
        None
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn integer(&self, least: i64, most: i64, problems: &mut Problems) -> Option<i64> {
        let expected = format!("a whole number from {least} to {most}");
        let Content::Scalar(Scalar { written, kind }) = &self.tree.content else {
            problems.error(self.wrong_type(&expected));
            return None;
        };
        match kind {
            ScalarKind::Integer(Some(number)) if (least..=most).contains(number) => {
                return Some(*number);
            }
            ScalarKind::Integer(_) => {
                let message = format!("{written} is out of range");
                problems.error(self.error(message).value(written).expected(expected));
            }
            ScalarKind::Text if written.parse::<i64>().is_ok() => {
                let hint = format!("write {written}, without quotes");
                problems.error(self.wrong_type(&expected).hint(hint));
            }
            _ => problems.error(self.wrong_type(&expected)),
        }
        None
    }

    pub(crate) fn keyword<K: Keyword>(&self, problems: &mut Problems) -> Option<K> {
        let text = self.text(problems)?;
        let known = K::ACCEPTED
            .iter()
            .copied()
            .find(|keyword| keyword.name() == text);
        if known.is_none() {
            let names: Vec<_> = K::ACCEPTED.iter().map(|keyword| keyword.name()).collect();
            let error = self
                .error(format!("unknown {} {text:?}", K::WHAT))
                .value(&text)
                .expected(alternatives(&names));
            problems.error(did_you_mean(error, &text, &names));
        }
        known
    }

    /// Text that something can be parsed from.
    pub(crate) fn parsed<T>(
        &self,
        problems: &mut Problems,
        parse: impl FnOnce(&str) -> Result<T, SpecError>,
    ) -> Option<T> {
        let text = self.text(problems)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                problems.error(
                    SpecError {
                        path: self.path.clone(),
                        ..error
                    }
                    .value(&text),
                );
                None
            }
        }
    }

    /// The texts of a list. A stand-in for what is no text keeps the positions of those behind it.
    pub(crate) fn texts(&self, problems: &mut Problems) -> Vec<String> {
        let items = self.list(problems);
        let text = |item: &Item<'_>| {
            if let Content::Map(_) = item.tree.content {
                let hint = "put \"|\" behind the hyphen, and the fields in the lines below it";
                problems.error(item.wrong_type("text").hint(hint));
                return String::new();
            }
            item.text(problems).unwrap_or_default()
        };
        items.iter().map(text).collect()
    }

    pub(crate) fn wrong_type(&self, expected: &str) -> SpecError {
        let (found, value) = match &self.tree.content {
            Content::List(_) => ("a list".to_owned(), None),
            Content::Map(_) => ("a mapping".to_owned(), None),
            Content::Scalar(Scalar { written, kind }) => {
                let what = match kind {
                    ScalarKind::Null => "nothing",
                    ScalarKind::Bool(_) => "the truth value",
                    ScalarKind::Integer(_) | ScalarKind::Float => "the number",
                    ScalarKind::Text => "the text",
                };
                let short: String = written.chars().take(40).collect();
                let shown = match kind {
                    ScalarKind::Null => what.to_owned(),
                    ScalarKind::Text => format!("{what} {short:?}"),
                    _ => format!("{what} {short}"),
                };
                (shown, Some(written))
            }
        };
        let error = self
            .error(format!("wrong type, found {found}"))
            .expected(expected);
        match value {
            Some(value) => error.value(value),
            None => error,
        }
    }
}

/// "a", "a or b", "a, b or c".
pub(crate) fn alternatives(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
