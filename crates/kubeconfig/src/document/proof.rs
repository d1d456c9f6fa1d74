//! What a document must mean after a change.

use super::Document;
use super::list::Section;
use crate::entry::Entry;
use crate::yaml::{self, Layout, Node, Value};

const CURRENT: &str = "current-context";

pub(super) fn with_entry(document: &Document<'_>, entry: &Entry) -> Node {
    let mut pairs = pairs_of(document);
    for section in Section::ALL {
        let wanted = entry.item(section);
        let mut items = items_of(document, &pairs, section);
        let found = document.positions(&items, entry.name());
        match found.split_first() {
            None => items.push(wanted),
            Some((first, others)) => {
                if !document.up_to_date(section, &items[*first], &wanted) {
                    items[*first] = wanted;
                }
                others
                    .iter()
                    .rev()
                    .for_each(|index| drop(items.remove(*index)));
            }
        }
        set(
            &mut pairs,
            section.key(),
            Node::new(Value::List(items, Layout::Flow)),
        );
    }
    rebuilt(document, pairs)
}

pub(super) fn without(document: &Document<'_>, name: &str) -> Node {
    let mut pairs = pairs_of(document);
    for section in Section::ALL {
        let mut items = items_of(document, &pairs, section);
        let found = document.positions(&items, name);
        if !found.is_empty() {
            found
                .iter()
                .rev()
                .for_each(|index| drop(items.remove(*index)));
            set(
                &mut pairs,
                section.key(),
                Node::new(Value::List(items, Layout::Flow)),
            );
        }
    }
    if document.current_context() == Some(name) {
        set(&mut pairs, CURRENT, Node::text(""));
    }
    rebuilt(document, pairs)
}

pub(super) fn with_current(document: &Document<'_>, name: &str) -> Node {
    let mut pairs = pairs_of(document);
    if document.current_context() != Some(name) {
        set(&mut pairs, CURRENT, Node::text(name));
    }
    rebuilt(document, pairs)
}

/// Whether `actual` means what `expected` means.
pub(super) fn proves(expected: &Node, actual: Option<Node>) -> bool {
    match (normal(expected.clone()), actual.and_then(normal)) {
        (None, None) => true,
        (Some(expected), Some(actual)) => yaml::same(&expected, &actual),
        _ => false,
    }
}

/// An empty list, a null and a missing key are the same here, as they are for kubectl.
fn normal(mut root: Node) -> Option<Node> {
    if let Value::Map(pairs, _) = &mut root.value {
        pairs.retain(|(key, value)| {
            let key = key.as_str().unwrap_or_default();
            let list = Section::ALL.iter().any(|section| section.key() == key);
            let empty = value.is_null()
                || list && value.as_list().is_some_and(<[Node]>::is_empty)
                || key == CURRENT && value.as_str() == Some("");
            !((list || key == CURRENT) && empty)
        });
        if pairs.is_empty() {
            return None;
        }
    }
    Some(root)
}

/// The top mapping with other pairs; anchor and tag stay.
fn rebuilt(document: &Document<'_>, pairs: Vec<(Node, Node)>) -> Node {
    let mut node = Node::new(Value::Map(pairs, Layout::Flow));
    if let Some(root) = &document.root {
        node.anchor = root.anchor;
        node.tag.clone_from(&root.tag);
    }
    node
}

fn pairs_of(document: &Document<'_>) -> Vec<(Node, Node)> {
    document
        .root
        .as_ref()
        .and_then(Node::as_map)
        .unwrap_or_default()
        .to_vec()
}

fn items_of(document: &Document<'_>, pairs: &[(Node, Node)], section: Section) -> Vec<Node> {
    let value = pairs
        .iter()
        .find(|(key, _)| key.as_str() == Some(section.key()));
    value
        .and_then(|(_, value)| document.resolve(value).as_list())
        .unwrap_or_default()
        .to_vec()
}

fn set(pairs: &mut Vec<(Node, Node)>, key: &str, value: Node) {
    match pairs.iter_mut().find(|(k, _)| k.as_str() == Some(key)) {
        Some((_, old)) => *old = value,
        None => pairs.push((Node::text(key), value)),
    }
}
