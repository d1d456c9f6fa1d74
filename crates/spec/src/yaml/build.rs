//! Builds the tree from the parser's events.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{Content, Entry, Fault, Scalar, ScalarKind, Tree};
use crate::Place;
use crate::source::Source;

/// Deepest nesting that is read. A Cluster YAML has 6 levels.
const DEEPEST: usize = 32;

const TOO_DEEP: &str = "nested too deeply for a Cluster YAML";

/// Longest name of a field, in bytes: that of a label has 317 at most.
const LONGEST_KEY: usize = 320;

/// Most values that are read, what aliases repeat included: a text of a few lines could
/// otherwise grow without end.
const MOST_VALUES: usize = 20_000;

/// Most bytes of text in all values, what aliases repeat included.
const MOST_TEXT: usize = 4 << 20;

/// Reads a text of one document; `Ok(None)` when it is empty.
///
/// Duplicate keys and tags don't stop the reading: they are added to `faults`.
pub(crate) fn read(source: &Source, faults: &mut Vec<Fault>) -> Result<Option<Tree>, Fault> {
    let mut documents = read_all(source, faults)?.into_iter();
    let first = documents.next();
    match documents.next() {
        None => Ok(first),
        Some(second) => Err(Fault {
            place: second.place,
            message: "a second document begins here".into(),
            hint: Some("one file describes one cluster: put the other one into a file of its own"),
        }),
    }
}

/// Reads all documents of a text, empty ones left out. `faults` as with [`read`].
pub(crate) fn read_all(source: &Source, faults: &mut Vec<Fault>) -> Result<Vec<Tree>, Fault> {
    let mut builder = Builder {
        source,
        faults,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        values: 0,
        text: 0,
        documents: Vec::new(),
    };
    for event in Parser::new_from_str(source.text()) {
        let (event, span) = event.map_err(|error| syntax(&error, source))?;
        builder.event(event, span)?;
    }
    Ok(builder
        .documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect())
}

fn syntax(error: &ScanError, source: &Source) -> Fault {
    let mark = *error.marker();
    let indented_by_tab = source.line(mark.line()).is_some_and(|line| {
        line.chars()
            .take_while(|c| c.is_whitespace())
            .any(|c| c == '\t')
    });
    Fault {
        place: point(mark),
        message: format!("this is no valid YAML: {}", error.info()),
        hint: indented_by_tab.then_some("indent with spaces: YAML does not allow tabs there"),
    }
}

fn point(mark: Marker) -> Place {
    Place {
        line: mark.line().max(1),
        column: mark.col() + 1,
        length: 1,
    }
}

/// A list or mapping that has not ended yet.
enum Open {
    List {
        items: Vec<Tree>,
        place: Place,
        anchor: usize,
    },
    Map {
        entries: Vec<Entry>,
        key: Option<(String, Place)>,
        place: Place,
        anchor: usize,
    },
}

struct Builder<'a> {
    source: &'a Source,
    faults: &'a mut Vec<Fault>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Tree>,
    values: usize,
    text: usize,
    documents: Vec<Tree>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let place = self.place(span);
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = self.scalar(text.into_owned(), style, tag.as_deref(), place);
                let block = style == ScalarStyle::Literal;
                self.spend(1, scalar.written.len(), place)?;
                self.value(
                    Tree {
                        content: Content::Scalar(scalar),
                        place,
                        block,
                    },
                    anchor,
                )
            }
            Event::Alias(anchor) => {
                let Some(tree) = self.anchors.get(&anchor).cloned() else {
                    return Err(fault(
                        place,
                        "this alias stands inside of what it refers to",
                    ));
                };
                let (values, text) = size(&tree);
                self.spend(values, text, place)?;
                if self.open.len() + depth(&tree) > DEEPEST {
                    return Err(fault(place, TOO_DEEP));
                }
                self.value(tree, 0)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", place);
                self.begin(
                    Open::List {
                        items: Vec::new(),
                        place,
                        anchor,
                    },
                    place,
                )
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", place);
                let entries = Vec::new();
                self.begin(
                    Open::Map {
                        entries,
                        key: None,
                        place,
                        anchor,
                    },
                    place,
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    /// Counts values and text against what may be read.
    fn spend(&mut self, values: usize, text: usize, place: Place) -> Result<(), Fault> {
        self.values = self.values.saturating_add(values);
        self.text = self.text.saturating_add(text);
        if self.values > MOST_VALUES || self.text > MOST_TEXT {
            return Err(Fault {
                place,
                message: format!(
                    "too much for a Cluster YAML: more than {MOST_VALUES} values or {} MiB of text",
                    MOST_TEXT >> 20
                ),
                hint: Some("aliases repeat what they refer to"),
            });
        }
        Ok(())
    }

    fn begin(&mut self, open: Open, place: Place) -> Result<(), Fault> {
        self.spend(1, 0, place)?;
        if self.open.len() == DEEPEST {
            return Err(fault(place, TOO_DEEP));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.open.pop() {
            Some(Open::List {
                items,
                place,
                anchor,
            }) => self.value(
                Tree {
                    content: Content::List(items),
                    place,
                    block: false,
                },
                anchor,
            ),
            Some(Open::Map {
                entries,
                place,
                anchor,
                ..
            }) => {
                let entries = merged(entries)?;
                self.value(
                    Tree {
                        content: Content::Map(entries),
                        place,
                        block: false,
                    },
                    anchor,
                )
            }
            None => Ok(()),
        }
    }

    /// Puts a complete value where it belongs.
    fn value(&mut self, tree: Tree, anchor: usize) -> Result<(), Fault> {
        if anchor > 0 {
            self.anchors.insert(anchor, tree.clone());
        }
        match self.open.last_mut() {
            None => self.documents.push(tree),
            Some(Open::List { items, .. }) => items.push(tree),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                None => *key = Some((key_text(&tree)?, tree.place)),
                Some((key, key_place)) => {
                    let value = with_visible_place(tree, key_place);
                    if key != "<<" && entries.iter().any(|entry| entry.key == key) {
                        self.faults.push(Fault {
                            place: key_place,
                            message: format!("the field {key:?} stands here twice"),
                            hint: Some("keep one of them"),
                        });
                    } else {
                        entries.push(Entry {
                            key,
                            key_place,
                            value,
                        });
                    }
                }
            },
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        written: String,
        style: ScalarStyle,
        tag: Option<&Tag>,
        place: Place,
    ) -> Scalar {
        match tag {
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Scalar::text(written),
            None if style == ScalarStyle::Plain => Scalar::plain(written),
            None => Scalar::text(written),
            Some(tag) => {
                let scalar = Scalar::plain(written);
                let suffix = match scalar.kind {
                    ScalarKind::Null => "null",
                    ScalarKind::Bool(_) => "bool",
                    ScalarKind::Integer(_) => "int",
                    ScalarKind::Float => "float",
                    ScalarKind::Text => "str",
                };
                self.check_tag(Some(tag), suffix, place);
                scalar
            }
        }
    }

    /// A tag is fine when it says what the value is anyway.
    fn check_tag(&mut self, tag: Option<&Tag>, suffix: &str, place: Place) {
        let Some(tag) = tag else { return };
        if !(tag.is_yaml_core_schema() && tag.suffix == suffix) {
            self.faults.push(Fault {
                place,
                message: format!("the tag {} does not fit this value", tag_name(tag)),
                hint: Some("remove it"),
            });
        }
    }

    /// The part of a span that can be underlined: it ends with its first line.
    fn place(&self, span: Span) -> Place {
        let start = point(span.start);
        let length = if span.start.line() == span.end.line() {
            span.len()
        } else {
            let line = self.source.line(start.line).unwrap_or_default();
            line.trim_end()
                .chars()
                .count()
                .saturating_sub(span.start.col())
        };
        Place {
            length: length.max(1),
            ..start
        }
    }
}

/// The fields of a mapping with those of its `<<` behind its own.
fn merged(entries: Vec<Entry>) -> Result<Vec<Entry>, Fault> {
    let (merges, mut own): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.key == "<<");
    for merge in merges {
        let sources = match merge.value.content {
            Content::List(items) => items,
            content => vec![Tree {
                content,
                ..merge.value
            }],
        };
        for source in sources {
            let Content::Map(fields) = source.content else {
                return Err(fault(
                    merge.key_place,
                    "\"<<\" takes a mapping or a list of them",
                ));
            };
            for field in fields {
                if !own.iter().any(|entry| entry.key == field.key) {
                    own.push(field);
                }
            }
        }
    }
    Ok(own)
}

/// A tag as it is written.
fn tag_name(tag: &Tag) -> String {
    if tag.is_yaml_core_schema() {
        format!("!!{}", tag.suffix)
    } else {
        tag.to_string()
    }
}

fn fault(place: Place, message: &str) -> Fault {
    Fault {
        place,
        message: message.into(),
        hint: None,
    }
}

fn key_text(tree: &Tree) -> Result<String, Fault> {
    match &tree.content {
        Content::Scalar(scalar) if scalar.written.len() > LONGEST_KEY => Err(fault(
            tree.place,
            "this is too long for the name of a field",
        )),
        Content::Scalar(scalar) if scalar.kind != ScalarKind::Null => Ok(scalar.written.clone()),
        _ => Err(fault(tree.place, "a field needs a name")),
    }
}

/// A value that was left out has no place worth showing; its key's is.
fn with_visible_place(tree: Tree, key_place: Place) -> Tree {
    match &tree.content {
        Content::Scalar(scalar) if scalar.written.is_empty() && tree.is_null() => Tree {
            place: key_place,
            ..tree
        },
        _ => tree,
    }
}

/// Number of values, and bytes of text in them.
fn size(tree: &Tree) -> (usize, usize) {
    let add = |(values, text): (usize, usize), tree: &Tree| {
        let (more_values, more_text) = size(tree);
        (values + more_values, text + more_text)
    };
    match &tree.content {
        Content::Scalar(scalar) => (1, scalar.written.len()),
        Content::List(items) => items.iter().fold((1, 0), add),
        Content::Map(entries) => entries.iter().fold((1, 0), |sum, entry| {
            let (values, text) = add(sum, &entry.value);
            (values + 1, text + entry.key.len())
        }),
    }
}

/// Levels of lists and mappings.
fn depth(tree: &Tree) -> usize {
    match &tree.content {
        Content::Scalar(_) => 0,
        Content::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Content::Map(entries) => {
            1 + entries
                .iter()
                .map(|entry| depth(&entry.value))
                .max()
                .unwrap_or(0)
        }
    }
}
