//! Lists in brackets, as in JSON.

use std::ops::Range;

use super::list::Section;
use super::splice::Splices;
use super::{Document, Fault};
use crate::Place;
use crate::yaml::{Layout, Node, Value, line_start, quote_double};

impl Document<'_> {
    /// Adds an item after the last one.
    pub(super) fn append_flow_item(&self, list: &Node, item: &Node, splices: &mut Splices<'_>) {
        let items = list.as_list().unwrap_or_default();
        match items.last() {
            None => {
                let at = list.span.start + 1;
                splices.replace(at..at, write(item));
            }
            Some(previous) => {
                let separator = self.separator(previous, splices);
                let at = previous.span.end;
                splices.replace(at..at, format!("{separator}{}", write(item)));
            }
        }
    }

    /// Adds the section's key and the item to a top mapping in brackets.
    pub(super) fn new_flow_list(
        &self,
        section: Section,
        item: &Node,
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        self.new_flow_pair(section.key(), &format!("[{}]", write(item)), splices)
    }

    /// Adds a key and its value to a top mapping in brackets.
    pub(super) fn new_flow_pair(
        &self,
        key: &str,
        value: &str,
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        let top = self.top()?;
        let pair = format!("{}: {value}", quote_double(key));
        match (top.pairs.last(), top.node) {
            (Some((key, value)), _) => {
                let at = value.span.end;
                let separator = self.separator(key, splices);
                splices.replace(at..at, format!("{separator}{pair}"));
            }
            (None, Some(root)) => {
                let at = root.span.start + 1;
                // The brackets were empty: all but the first new pair need a comma.
                let separator = if splices.touches(at) { ", " } else { "" };
                splices.replace(at..at, format!("{separator}{pair}"));
            }
            (None, None) => {}
        }
        Ok(())
    }

    pub(super) fn drop_flow_items(
        &self,
        list: &Node,
        items: &[Node],
        positions: &[usize],
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        let kept = |index: &usize| !positions.contains(index);
        let Some(first_kept) = (0..items.len()).find(kept) else {
            for pair in items.windows(2) {
                self.check_gap(pair[0].span.end..pair[1].span.start)?;
            }
            let inside = list.span.end.saturating_sub(1);
            let content = items[0].span.start..items[items.len() - 1].span.end;
            let comma = self.text[content.end..inside].trim_start().starts_with(',');
            let end = if comma { inside } else { content.end };
            self.check_gap(content.end..end)?;
            splices.replace(content.start..end, "");
            return Ok(());
        };
        for pair in items[..=first_kept].windows(2) {
            self.check_gap(pair[0].span.end..pair[1].span.start)?;
        }
        splices.replace(items[0].span.start..items[first_kept].span.start, "");
        for position in positions.iter().filter(|position| **position > first_kept) {
            let (previous, item) = (&items[position - 1], &items[*position]);
            self.check_gap(previous.span.end..item.span.start)?;
            splices.replace(previous.span.end..item.span.end, "");
        }
        Ok(())
    }

    /// Between items that go there must be nothing but a comma: a comment would go with them.
    fn check_gap(&self, gap: Range<usize>) -> Result<(), Fault> {
        let start = gap.start;
        if self.text[gap]
            .chars()
            .all(|c| c == ',' || c.is_whitespace())
        {
            return Ok(());
        }
        Err(Fault::unsupported(
            Place::of(self.text, start),
            "a comment stands between the brackets",
        ))
    }

    /// What goes between the last item and a new one: a new one gets a line of its own where the
    /// last one has.
    fn separator(&self, last: &Node, splices: &Splices<'_>) -> String {
        let indent = &self.text[line_start(self.text, last.span.start)..last.span.start];
        if !indent.is_empty() && indent.chars().all(char::is_whitespace) {
            format!(",{}{indent}", splices.line_break(self.text.len()))
        } else {
            ", ".to_owned()
        }
    }
}

/// A node in one line, as JSON.
pub(super) fn write(node: &Node) -> String {
    match &node.value {
        Value::Scalar(text, _) => quote_double(text),
        Value::List(items, _) => {
            format!(
                "[{}]",
                items.iter().map(write).collect::<Vec<_>>().join(", ")
            )
        }
        Value::Map(pairs, _) => {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(key, value)| format!("{}: {}", write(key), write(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Alias(_) => String::new(),
    }
}

impl Document<'_> {
    /// Whether the document as a whole is in brackets.
    pub(super) fn is_flow(&self) -> bool {
        matches!(
            self.root.as_ref().map(|root| &root.value),
            Some(Value::Map(_, Layout::Flow))
        )
    }
}
