//! Lists in brackets, as in JSON.

use std::ops::Range;

use super::list::Section;
use super::splice::Splices;
use super::{Document, Fault};
use crate::Place;
use crate::yaml::{self, Layout, Node, Value, line_start, quote_double};

impl Document<'_> {
    /// Adds an item after the last one.
    pub(super) fn append_flow_item(&self, list: &Node, item: &Node, splices: &mut Splices<'_>) {
        let items = list.as_list().unwrap_or_default();
        match items.last() {
            None => {
                let at = list.span.start + 1;
                splices.replace(at..at, self.write_flow(item));
            }
            Some(previous) => {
                let separator = self.separator(previous, splices);
                let at = previous.span.end;
                splices.replace(at..at, format!("{separator}{}", self.write_flow(item)));
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
        self.new_flow_pair(
            section.key(),
            &format!("[{}]", self.write_flow(item)),
            splices,
        )
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
            let content = items[0].span.start..items[items.len() - 1].span.end;
            let inside = list.span.start + 1..list.span.end - 1;
            let comma = self.text[content.end..inside.end]
                .trim_start_matches(yaml::is_blank)
                .starts_with(',');
            let mut range = content.start..if comma { inside.end } else { content.end };
            // Our own first item follows its bracket. Before any other, a line break may stand, and
            // not all readers take one between brackets that hold nothing.
            if self.text[inside.start..content.start].contains('\n') {
                range = inside;
            }
            self.check_gap(range.start..content.start)?;
            self.check_gap(content.end..range.end)?;
            splices.replace(range, "");
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
            .all(|c| c == ',' || yaml::is_blank(c))
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
        if !indent.is_empty() && indent.chars().all(yaml::is_blank) {
            format!(",{}{indent}", splices.line_break(self.text.len()))
        } else {
            ", ".to_owned()
        }
    }

    /// Whether the document as a whole is in brackets.
    pub(super) fn is_flow(&self) -> bool {
        matches!(
            self.root.as_ref().map(|root| &root.value),
            Some(Value::Map(_, Layout::Flow))
        )
    }

    /// A node in one line: in a document in brackets as JSON, else with quotes only where needed.
    pub(super) fn write_flow(&self, node: &Node) -> String {
        match &node.value {
            Value::Scalar(text, _) if self.is_flow() => quote_double(text),
            Value::Scalar(text, _) => yaml::write(text),
            Value::List(items, _) => {
                let items: Vec<_> = items.iter().map(|item| self.write_flow(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Map(pairs, _) => {
                let pair = |(key, value): &(Node, Node)| {
                    format!("{}: {}", self.write_flow(key), self.write_flow(value))
                };
                format!(
                    "{{{}}}",
                    pairs.iter().map(pair).collect::<Vec<_>>().join(", ")
                )
            }
            Value::Alias(_) => String::new(),
        }
    }
}
