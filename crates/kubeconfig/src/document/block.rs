//! Lists written one item a line.
//!
//! A list that was empty keeps the text of its emptiness as a comment while it has items
//! (`clusters: #null`), so that taking the last one out again restores it.

use std::ops::Range;

use super::list::Section;
use super::splice::{Lines, Splices};
use super::{Document, Fault};
use crate::Place;
use crate::yaml::{self, Layout, Node, Value, line_end, line_start};

/// Stands for "there was no value" where a value was put.
pub(super) const EMPTY_MARK: &str = " #empty";

impl Document<'_> {
    pub(super) fn append_block_item(
        &self,
        items: &[Node],
        item: &Node,
        column: usize,
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        let end = items.last().map_or(0, |last| last.span.end);
        let at = self.content_line_end(end, column)?;
        splices.insert_lines(
            at,
            Lines::Items,
            write_item(item, column, splices.line_break(at)),
        );
        Ok(())
    }

    pub(super) fn replace_block_item(
        &self,
        items: &[Node],
        position: usize,
        item: &Node,
        column: usize,
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        let lines = self.item_lines(items, position, column)?;
        let written = write_item(item, column, splices.line_break(lines.end));
        splices.replace_lines(lines, &written);
        Ok(())
    }

    /// Adds the section's key and the item at the end of the top mapping.
    pub(super) fn new_block_list(
        &self,
        section: Section,
        item: &Node,
        column: usize,
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        let at = self.new_key_place(column)?;
        let line_break = splices.line_break(at);
        let key = format!("{:column$}{}:{line_break}", "", section.key());
        let items = write_item(item, self.list_column(column), line_break);
        splices.insert_lines(at, Lines::Key, key + &items);
        Ok(())
    }

    /// Puts the first item into a list that is null or `[]`.
    pub(super) fn fill_block_list(
        &self,
        key: &Node,
        value: &Node,
        item: &Node,
        column: usize,
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        let colon = self.colon_end(key)?;
        let last = if value.span.is_empty() {
            splices.replace(colon..colon, EMPTY_MARK);
            colon
        } else if self.text[colon..value.span.end].contains('\n') {
            return Err(Fault::unsupported(
                value.place,
                "this null stands on a line of its own",
            ));
        } else {
            splices.replace(value.span.start..value.span.start, "#");
            value.span.end
        };
        let at = self.content_line_end(last, column)?;
        let items = write_item(item, self.list_column(column), splices.line_break(at));
        splices.insert_lines(at, Lines::Items, items);
        Ok(())
    }

    pub(super) fn drop_block_items(
        &self,
        key: &Node,
        items: &[Node],
        positions: &[usize],
        column: usize,
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        for position in positions {
            splices.replace(self.item_lines(items, *position, column)?, "");
        }
        if positions.len() == items.len() {
            self.empty_block_list(key, &items[0], column, splices)?;
        }
        Ok(())
    }

    /// After its last item, a list is what its comment says it was; without one, and with nothing
    /// else on its line, it goes as a whole.
    fn empty_block_list(
        &self,
        key: &Node,
        first: &Node,
        column: usize,
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        let colon = self.colon_end(key)?;
        let head = &self.text[colon..self.dash_line(first, colon, column)?];
        if let Some(marked) = strip_mark(head, EMPTY_MARK) {
            splices.replace(colon..colon + marked, "");
        } else if let Some(at) = commented_emptiness(head) {
            splices.replace(colon + at..colon + at + 1, "");
        } else if !splices.keep_keys
            && head.trim_matches(yaml::is_blank).is_empty()
            && head.matches('\n').count() == 1
        {
            splices.replace(
                line_start(self.text, key.span.start)..colon + head.len(),
                "",
            );
        }
        Ok(())
    }

    /// Where a new key at the top of the document goes: after the last content.
    pub(super) fn new_key_place(&self, column: usize) -> Result<usize, Fault> {
        match &self.root {
            None => Ok(self.behind_comments(self.start, column)),
            Some(root) => self.content_line_end(root.span.end, column),
        }
    }

    /// The offset after the colon that follows a key.
    pub(super) fn colon_end(&self, key: &Node) -> Result<usize, Fault> {
        let rest = &self.text[key.span.end..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if rest[blanks..].starts_with(':') {
            Ok(key.span.end + blanks + 1)
        } else {
            Err(Fault::unsupported(
                key.place,
                "this key is written in an unusual way",
            ))
        }
    }

    /// Indentation of the dashes of a new list: that of the lists already there.
    fn list_column(&self, default: usize) -> usize {
        let lists = self
            .root
            .as_ref()
            .and_then(Node::as_map)
            .unwrap_or_default();
        lists
            .iter()
            .find_map(|(_, value)| match value.value {
                Value::List(_, Layout::Block { column }) => Some(column),
                _ => None,
            })
            .unwrap_or(default)
    }

    /// The lines of an item: from its dash to its last content, with the comments that are indented
    /// deeper than the dash.
    fn item_lines(
        &self,
        items: &[Node],
        position: usize,
        column: usize,
    ) -> Result<Range<usize>, Fault> {
        let item = &items[position];
        let from = position
            .checked_sub(1)
            .map_or(0, |previous| items[previous].span.end);
        let start = self.dash_line(item, from, column)?;
        Ok(start..self.content_line_end(item.span.end, column)?)
    }

    /// Start of the line with the item's dash.
    fn dash_line(&self, item: &Node, from: usize, column: usize) -> Result<usize, Fault> {
        let mut start = line_start(self.text, item.span.start);
        loop {
            let line = &self.text[start..line_end(self.text, start)];
            let dash = line.trim_start_matches(' ');
            let is_dash = line.len() - dash.len() == column
                && dash
                    .strip_prefix('-')
                    .is_some_and(|rest| rest.starts_with(yaml::is_blank));
            if is_dash {
                return Ok(start);
            }
            if start <= from {
                return Err(Fault::unsupported(
                    item.place,
                    "this list is written in an unusual way",
                ));
            }
            start = line_start(self.text, start - 1);
        }
    }

    /// The offset after the line on which content ends at `end`, and after the comments below it
    /// that are indented deeper than `column` and so belong to it.
    fn content_line_end(&self, end: usize, column: usize) -> Result<usize, Fault> {
        let mut at = end;
        if end == 0 || !self.text[..end].ends_with('\n') {
            at = line_end(self.text, end);
            let rest = &self.text[end..at];
            // A key without a value ends at its colon.
            let rest = rest
                .strip_prefix(':')
                .unwrap_or(rest)
                .trim_matches(yaml::is_blank);
            if !rest.is_empty() && !rest.starts_with('#') {
                let place = Place::of(self.text, end);
                return Err(Fault::unsupported(
                    place,
                    "something unusual stands on this line",
                ));
            }
        }
        Ok(self.behind_comments(at, column))
    }

    /// The offset after the comments from the line at `at` that are indented deeper than `column`.
    fn behind_comments(&self, mut at: usize, column: usize) -> usize {
        let mut next = at;
        while next < self.text.len() {
            let line = &self.text[next..line_end(self.text, next)];
            let content = line.trim_start_matches(' ');
            next += line.len();
            if content.starts_with('#') && line.len() - content.len() > column {
                at = next;
            } else if !content.trim_matches(yaml::is_blank).is_empty() {
                break;
            }
        }
        at
    }
}

/// Length of `mark` if `text` begins with it.
pub(super) fn strip_mark(text: &str, mark: &str) -> Option<usize> {
    is_behind_mark(text.strip_prefix(mark)?).then_some(mark.len())
}

/// Whether this can stand behind a mark: nothing, or the comment that was there before. With
/// anything else the mark is just the beginning of somebody's comment.
fn is_behind_mark(text: &str) -> bool {
    let line = text.split('\n').next().unwrap_or_default();
    let rest = line.trim_start_matches(yaml::is_blank);
    rest.is_empty() || rest.len() < line.len() && rest.starts_with('#')
}

/// Offset of the `#` if the comment behind a key's colon is a commented-out null or `[]`.
fn commented_emptiness(head: &str) -> Option<usize> {
    let at = head.len() - head.trim_start_matches([' ', '\t']).len();
    let comment = head[at..].strip_prefix('#')?;
    let word = comment.split(['\r', '\n']).next()?;
    let brackets = word
        .strip_prefix('[')
        .and_then(|rest| rest.trim_start_matches([' ', '\t']).strip_prefix(']'))
        .map(|after| word.len() - after.len());
    let nulls = ["~", "null", "Null", "NULL"];
    let length = brackets.or_else(|| {
        nulls
            .iter()
            .find(|null| word.starts_with(**null))
            .map(|null| null.len())
    })?;
    is_behind_mark(&word[length..]).then_some(at)
}

/// An item as lines, its dash at `column`.
pub(crate) fn write_item(item: &Node, column: usize, line_break: &str) -> String {
    let indent = " ".repeat(column);
    let mut lines = String::new();
    for (index, (key, value)) in item.as_map().unwrap_or_default().iter().enumerate() {
        let lead = if index == 0 { "- " } else { "  " };
        lines.extend([&indent, lead, key.as_str().unwrap_or_default(), ":"]);
        match value.as_map() {
            None => write_value(&mut lines, value, line_break),
            Some(fields) => {
                lines.push_str(line_break);
                for (key, value) in fields {
                    lines.extend([&indent, "    ", key.as_str().unwrap_or_default(), ":"]);
                    write_value(&mut lines, value, line_break);
                }
            }
        }
    }
    lines
}

fn write_value(lines: &mut String, value: &Node, line_break: &str) {
    lines.extend([
        " ",
        &yaml::write(value.as_str().unwrap_or_default()),
        line_break,
    ]);
}
