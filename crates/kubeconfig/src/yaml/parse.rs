//! From text to tree.

use std::borrow::Cow;
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use super::tree::{Layout, Node, Style, Value};
use crate::Place;
use crate::document::Fault;

/// No kubeconfig is nested like this; an attack on the stack is.
const MAX_DEPTH: usize = 64;

/// What a text holds: one document, or none.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The document; `None` where there is nothing but comments.
    pub(crate) root: Option<Node>,
    /// Where the first key of an empty document goes.
    pub(crate) start: usize,
}

/// Reads a YAML text of one document.
///
/// # Errors
/// Text that is no YAML, several documents, or nesting beyond any kubeconfig.
pub(crate) fn parse(text: &str) -> Result<Parsed, Fault> {
    let places = Places::new(text);
    let mut open: Vec<Open> = Vec::new();
    let mut parsed = Parsed {
        root: None,
        start: text.len(),
    };
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            Fault::invalid(
                place(*error.marker()),
                format!("no valid YAML: {}", error.info()),
            )
        })?;
        let place = place(span.start);
        let range = places.range(span);
        if !places.agree(span.start, range.start) {
            return Err(Fault::unsupported(
                place,
                "the places in this file can't be told for sure",
            ));
        }
        let node = match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
            Event::DocumentStart(explicit) => {
                documents += 1;
                if documents > 1 {
                    return Err(Fault::unsupported(
                        place,
                        "a second YAML document begins here",
                    ));
                }
                parsed.start = if explicit {
                    line_end(text, range.end)
                } else {
                    text.len()
                };
                continue;
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= MAX_DEPTH => {
                return Err(Fault::unsupported(
                    place,
                    "nested too deeply for a kubeconfig",
                ));
            }
            Event::SequenceStart(anchor, tag) => {
                open.push(Open::new(text, Kind::List, range.start, place, anchor, tag));
                continue;
            }
            Event::MappingStart(anchor, tag) => {
                open.push(Open::new(text, Kind::Map, range.start, place, anchor, tag));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(open) => open.close(text, range.start),
                None => continue,
            },
            Event::Alias(anchor) => Node {
                value: Value::Alias(anchor),
                span: range,
                place,
                anchor: 0,
                tag: None,
            },
            Event::Scalar(value, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                let end = scalar_end(text, &range, &value, style);
                Node {
                    value: Value::Scalar(value.into_owned(), style),
                    span: range.start..end,
                    place,
                    anchor,
                    tag: tag_name(tag),
                }
            }
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => parsed.root = Some(node),
        }
    }
    // A document of comments is as good as none.
    if parsed.root.as_ref().is_some_and(|root| {
        matches!(&root.value, Value::Scalar(text, Style::Plain) if text.is_empty())
            && root.tag.is_none()
            && root.anchor == 0
    }) {
        parsed.root = None;
    }
    Ok(parsed)
}

#[derive(Clone, Copy)]
enum Kind {
    List,
    Map,
}

/// A list or mapping whose end is not reached yet.
struct Open {
    kind: Kind,
    layout: Layout,
    start: usize,
    place: Place,
    anchor: usize,
    tag: Option<String>,
    children: Vec<Node>,
}

impl Open {
    fn new(
        text: &str,
        kind: Kind,
        start: usize,
        place: Place,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
    ) -> Self {
        let content = after_properties(text, start);
        let layout = match (kind, text.as_bytes().get(content)) {
            (Kind::List, Some(b'[')) | (Kind::Map, Some(b'{')) => Layout::Flow,
            _ => Layout::Block {
                column: content - line_start(text, content),
            },
        };
        Self {
            kind,
            layout,
            start,
            place,
            anchor,
            tag: tag_name(tag),
            children: Vec::new(),
        }
    }

    /// `at`: where the reader found the end. It counts a comment behind a bracket to the list.
    fn close(mut self, text: &str, at: usize) -> Node {
        // The reader places some lists at their first dash, some behind it.
        if let (Kind::List, Layout::Block { column }, Some(first)) =
            (self.kind, &mut self.layout, self.children.first())
        {
            *column = dash_column(text, first.span.start).unwrap_or(*column);
        }
        let end = match self.layout {
            Layout::Flow => (at + 1).min(text.len()),
            // The reader ends a block only where the next thing begins; we end it with its content.
            Layout::Block { .. } => self
                .children
                .iter()
                .map(|child| child.span.end)
                .max()
                .unwrap_or(self.start),
        };
        let value = match self.kind {
            Kind::List => Value::List(self.children, self.layout),
            Kind::Map => {
                let mut pairs = Vec::with_capacity(self.children.len() / 2);
                let mut children = self.children.into_iter();
                while let (Some(key), Some(value)) = (children.next(), children.next()) {
                    pairs.push((key, value));
                }
                Value::Map(pairs, self.layout)
            }
        };
        Node {
            value,
            span: self.start..end,
            place: self.place,
            anchor: self.anchor,
            tag: self.tag,
        }
    }
}

fn tag_name(tag: Option<Cow<'_, Tag>>) -> Option<String> {
    tag.map(|tag| format!("{}{}", tag.handle, tag.suffix))
}

/// Where a scalar's meaning ends: the reader counts blank lines after a block scalar to it.
fn scalar_end(text: &str, range: &Range<usize>, value: &str, style: Style) -> usize {
    let raw = text.get(range.clone()).unwrap_or_default();
    match style {
        Style::Block if value.is_empty() => range.start,
        // `|+`: trailing blank lines have meaning.
        Style::Block if value.ends_with("\n\n") || value == "\n" => {
            range.start + raw.rfind('\n').map_or(raw.len(), |newline| newline + 1)
        }
        Style::SingleQuoted | Style::DoubleQuoted => quoted_end(text, range),
        Style::Plain if value.is_empty() && !raw.starts_with(['&', '!']) => range.start,
        _ => range.start + raw.trim_end_matches(is_blank).len(),
    }
}

/// The offset after the closing quote: the reader counts a comment behind it to the scalar.
fn quoted_end(text: &str, range: &Range<usize>) -> usize {
    let open = after_properties(text, range.start);
    let mut rest = text[open..range.end.max(open)].char_indices();
    let Some((_, quote)) = rest.next() else {
        return range.end;
    };
    while let Some((at, c)) = rest.next() {
        let after = open + at + c.len_utf8();
        if c == '\\' && quote == '"' {
            rest.next();
        } else if c == quote {
            // In single quotes, two of them are one.
            if quote == '"' || !text[after..].starts_with(quote) {
                return after;
            }
            rest.next();
        }
    }
    range.end
}

/// Indentation of the dash of the item whose content is at `at`: on its line, or above it.
fn dash_column(text: &str, at: usize) -> Option<usize> {
    let mut start = line_start(text, at);
    loop {
        let line = &text[start..line_end(text, start)];
        let content = line.trim_start_matches(' ');
        if content
            .strip_prefix('-')
            .is_some_and(|rest| rest.starts_with(is_blank))
        {
            return Some(line.len() - content.len());
        }
        start = line_start(text, start.checked_sub(1)?);
    }
}

/// Skips anchor, tag, blanks and comments.
fn after_properties(text: &str, start: usize) -> usize {
    let mut at = start;
    loop {
        let rest = &text[at..];
        let trimmed = rest.trim_start_matches(is_blank);
        at += rest.len() - trimmed.len();
        at += match trimmed.as_bytes().first() {
            Some(b'&' | b'!') => trimmed.find(is_blank).unwrap_or(trimmed.len()),
            Some(b'#') if at > start => trimmed.find('\n').unwrap_or(trimmed.len()),
            _ => return at,
        };
    }
}

/// What YAML calls white space: less than Unicode does.
pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The offset just after the line that `at` is in, its line break included.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline + 1)
}

/// The offset of the start of the line that `at` is in.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// From the reader's count of characters to bytes.
struct Places<'t> {
    text: &'t str,
    /// Byte offset of each character, where they differ.
    offsets: Option<Vec<usize>>,
    /// Where lines begin.
    lines: Vec<usize>,
}

impl<'t> Places<'t> {
    fn new(text: &'t str) -> Self {
        let offsets =
            (!text.is_ascii()).then(|| text.char_indices().map(|(offset, _)| offset).collect());
        let breaks = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Self {
            text,
            offsets,
            lines: std::iter::once(0).chain(breaks).collect(),
        }
    }

    fn offset(&self, marker: Marker) -> usize {
        let offset = match &self.offsets {
            None => marker.index(),
            Some(offsets) => offsets
                .get(marker.index())
                .copied()
                .unwrap_or(self.text.len()),
        };
        offset.min(self.text.len())
    }

    /// Whether line and column lead to the same byte as the count of characters: behind some odd
    /// constructs the reader loses count.
    fn agree(&self, marker: Marker, offset: usize) -> bool {
        if self.offsets.is_none() || offset == self.text.len() {
            return true;
        }
        let start = line_start(self.text, offset);
        self.lines.get(marker.line() - 1) == Some(&start)
            && self.text[start..offset].chars().count() == marker.col()
    }

    fn range(&self, span: Span) -> Range<usize> {
        let start = self.offset(span.start);
        start..self.offset(span.end).max(start)
    }
}

fn place(marker: Marker) -> Place {
    Place {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of each node's span, in order of their starts.
    fn spans(text: &str) -> Vec<String> {
        let root = parse(text).unwrap().root.unwrap();
        let mut spans = Vec::new();
        root.visit(&mut |node| spans.push(text[node.span.clone()].to_owned()));
        spans
    }

    #[test]
    fn spans_hold_no_comment_behind_and_no_blank_line() {
        assert_eq!(spans("'a'  # c\n"), ["'a'"]);
        assert_eq!(spans("\"a\\\"#\" # c\n"), ["\"a\\\"#\""]);
        assert_eq!(spans("'it''s' # c\n"), ["'it''s'"]);
        assert_eq!(spans("&x !!str 'a' # c\n"), ["&x !!str 'a'"]);
        assert_eq!(spans("[ a ] # c\n"), ["[ a ]", "a"]);
        assert_eq!(
            spans("{é: \"b\" # c\n } # d\n"),
            ["{é: \"b\" # c\n }", "é", "\"b\""]
        );
        assert_eq!(
            spans("- a # c\n- b\n\n# d\n").first().unwrap().as_str(),
            "- a # c\n- b"
        );
        assert_eq!(spans("a: |\n x\n\n# c\n").last().unwrap(), "x");
        assert_eq!(spans("a: |+\n x\n\n# c\n").last().unwrap(), "x\n\n");
    }

    #[test]
    fn dashes_are_found_wherever_the_reader_puts_the_list() {
        for (text, column) in [
            ("a:\n- b: c\n", 0),
            ("a:\n  - b: c\n", 2),
            ("a:\n-\n  b: c\n", 0),
            ("a:\n  - # x\n\n    b: c\n", 2),
            ("a: # é\n - &x\n   b: c\n", 1),
        ] {
            let root = parse(text).unwrap().root.unwrap();
            let Some(Value::List(_, layout)) = root.get("a").map(|list| &list.value) else {
                panic!("{text:?}: no list");
            };
            assert_eq!(*layout, Layout::Block { column }, "{text:?}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"- ".repeat(MAX_DEPTH)).is_ok());
        assert!(parse(&"- ".repeat(MAX_DEPTH + 1)).unwrap_err().unsupported);
        assert!(parse(&"- ".repeat(100_000)).unwrap_err().unsupported);
    }
}
