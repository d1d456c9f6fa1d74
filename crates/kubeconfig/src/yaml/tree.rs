//! Nodes of a YAML document, with their places.

use std::collections::HashMap;
use std::ops::Range;

use super::scalar::is_plain_text;
use crate::Place;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|` or `>`.
    Block,
}

/// How a list or mapping is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One item a line, indented by this many characters.
    Block { column: usize },
    /// In brackets.
    Flow,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Scalar(String, Style),
    List(Vec<Node>, Layout),
    Map(Vec<(Node, Node)>, Layout),
    /// Refers to the node with this anchor.
    Alias(usize),
}

/// A node and its place. Nodes made by the crate itself have an empty span.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// Bytes in the text, anchor and tag included, from the first character to the end of the last
    /// one that has meaning: no trailing comment, no blank line.
    pub(crate) span: Range<usize>,
    pub(crate) place: Place,
    /// Number of its anchor; 0 is none.
    pub(crate) anchor: usize,
    pub(crate) tag: Option<String>,
}

impl Node {
    /// A node that stands in no text yet.
    pub(crate) fn new(value: Value) -> Self {
        Self {
            value,
            span: 0..0,
            place: Place { line: 1, column: 1 },
            anchor: 0,
            tag: None,
        }
    }

    /// A text that stands in no file yet.
    pub(crate) fn text(text: &str) -> Self {
        Self::new(Value::Scalar(text.to_owned(), Style::DoubleQuoted))
    }

    /// A mapping that stands in no file yet.
    pub(crate) fn map(pairs: Vec<(&str, Node)>) -> Self {
        let pairs = pairs
            .into_iter()
            .map(|(key, value)| (Self::text(key), value))
            .collect();
        Self::new(Value::Map(pairs, Layout::Flow))
    }

    /// The scalar's text as written, whatever its type.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items, _) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_map(&self) -> Option<&[(Node, Node)]> {
        match &self.value {
            Value::Map(pairs, _) => Some(pairs),
            _ => None,
        }
    }

    /// Value of `key` in a mapping; of a repeated key, the first.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?
            .iter()
            .find(|(k, _)| k.as_str() == Some(key))
            .map(|(_, value)| value)
    }

    /// Whether it is a null, or nothing at all.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, Style::Plain)
            if self.tag.is_none() && super::is_null(text))
    }

    /// Calls `see` with this node and all nodes below it.
    pub(crate) fn visit<'n>(&'n self, see: &mut dyn FnMut(&'n Node)) {
        see(self);
        match &self.value {
            Value::List(items, _) => items.iter().for_each(|item| item.visit(see)),
            Value::Map(pairs, _) => pairs.iter().for_each(|(key, value)| {
                key.visit(see);
                value.visit(see);
            }),
            Value::Scalar(..) | Value::Alias(_) => {}
        }
    }
}

/// Whether two trees mean the same: same structure and order, same texts of the same type, same
/// anchors and aliases (by what they refer to, their numbers may differ), same tags.
/// Layout and quoting do not count.
pub(crate) fn same(a: &Node, b: &Node) -> bool {
    same_below(a, b, &mut HashMap::new())
}

fn same_below(a: &Node, b: &Node, anchors: &mut HashMap<usize, usize>) -> bool {
    if a.tag != b.tag || (a.anchor == 0) != (b.anchor == 0) {
        return false;
    }
    if a.anchor != 0 {
        anchors.insert(a.anchor, b.anchor);
    }
    match (&a.value, &b.value) {
        (Value::Scalar(x, x_style), Value::Scalar(y, y_style)) => {
            let text = |s: &str, style| style != Style::Plain || is_plain_text(s);
            x == y && text(x, *x_style) == text(y, *y_style)
        }
        (Value::List(x, _), Value::List(y, _)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same_below(x, y, anchors))
        }
        (Value::Map(x, _), Value::Map(y, _)) => {
            x.len() == y.len()
                && x.iter().zip(y).all(|((xk, xv), (yk, yv))| {
                    same_below(xk, yk, anchors) && same_below(xv, yv, anchors)
                })
        }
        (Value::Alias(x), Value::Alias(y)) => anchors.get(x) == Some(y),
        _ => false,
    }
}
