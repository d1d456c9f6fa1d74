//! The three lists of a kubeconfig, and which of their items a change is about.

use super::splice::Splices;
use super::{Document, Fault};
use crate::yaml::{Layout, Node, Value};

/// One of the three lists of a kubeconfig.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Clusters,
    Contexts,
    Users,
}

impl Section {
    pub(crate) const ALL: [Self; 3] = [Self::Clusters, Self::Contexts, Self::Users];

    /// The list's key at the top of the document.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Clusters => "clusters",
            Self::Contexts => "contexts",
            Self::Users => "users",
        }
    }

    /// The key of an item's content, beside its `name`.
    pub(crate) fn content(self) -> &'static str {
        match self {
            Self::Clusters => "cluster",
            Self::Contexts => "context",
            Self::Users => "user",
        }
    }
}

impl Document<'_> {
    /// Adds `item` to a section, or puts it in the place of the first of its name and drops any
    /// other of that name.
    pub(super) fn put(
        &self,
        section: Section,
        item: &Node,
        name: &str,
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        let top = self.top()?;
        let Some((key, value)) = top.pair(section.key()) else {
            return match top.layout {
                Layout::Block { column } => self.new_block_list(section, item, column, splices),
                Layout::Flow => self.new_flow_list(section, item, splices),
            };
        };
        let items = Self::editable(value)?;
        let found = self.positions(items, name);
        let Some((first, others)) = found.split_first() else {
            return self.append(key, value, items, item, splices);
        };
        if !self.up_to_date(section, &items[*first], item) {
            self.guard(&items[*first])?;
            match &value.value {
                Value::List(_, Layout::Block { column }) => {
                    self.replace_block_item(items, *first, item, *column, splices)?;
                }
                _ => splices.replace(items[*first].span.clone(), self.write_flow(item)),
            }
        }
        self.drop_items(key, value, others, splices)
    }

    /// Removes all items of that name from a section.
    pub(super) fn remove(
        &self,
        section: Section,
        name: &str,
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        let Some(root) = &self.root else {
            return Ok(());
        };
        let Some(value) = root.get(section.key()) else {
            return Ok(());
        };
        if self.positions(self.items(section), name).is_empty() {
            return Ok(());
        }
        let top = self.top()?;
        let Some((key, _)) = top.pair(section.key()) else {
            return Ok(());
        };
        let found = self.positions(Self::editable(value)?, name);
        self.drop_items(key, value, &found, splices)
    }

    /// Whether `found` already says what `wanted` says.
    pub(super) fn up_to_date(&self, section: Section, found: &Node, wanted: &Node) -> bool {
        let fields = |item: &Node| {
            let content = self
                .resolve(self.resolve(item).get(section.content())?)
                .as_map()?;
            let mut fields: Vec<(String, String)> = content
                .iter()
                .map(|(key, value)| {
                    let value = self.resolve(value);
                    Some((key.as_str()?.to_owned(), value.as_str()?.to_owned()))
                })
                .collect::<Option<_>>()?;
            fields.sort();
            Some(fields)
        };
        if section == Section::Contexts {
            // The namespace and anything else in a context is its owner's choice.
            let part = |item: &Node, key: &str| {
                let context = self.resolve(self.resolve(item).get("context")?);
                self.resolve(context.get(key)?).as_str().map(str::to_owned)
            };
            return ["cluster", "user"]
                .iter()
                .all(|key| part(found, key) == part(wanted, key));
        }
        let repeated = found.as_map().is_some_and(|pairs| pairs.len() > 2);
        !repeated && fields(found).is_some_and(|fields_found| Some(fields_found) == fields(wanted))
    }

    /// Indices of the items of that name.
    pub(super) fn positions(&self, items: &[Node], name: &str) -> Vec<usize> {
        (0..items.len())
            .filter(|index| self.name_of(&items[*index]) == Some(name))
            .collect()
    }

    /// The items of a list that stands here and is nobody's alias.
    fn editable(value: &Node) -> Result<&[Node], Fault> {
        if matches!(value.value, Value::Alias(_)) {
            return Err(Fault::unsupported(
                value.place,
                "this list is an alias (*) of another",
            ));
        }
        if value.anchor != 0 || value.tag.is_some() {
            return Err(Fault::unsupported(
                value.place,
                "this list has an anchor (&) or a tag (!)",
            ));
        }
        Ok(value.as_list().unwrap_or_default())
    }

    fn append(
        &self,
        key: &Node,
        value: &Node,
        items: &[Node],
        item: &Node,
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        match (&value.value, self.top()?.layout) {
            (Value::List(_, Layout::Block { column }), _) => {
                self.append_block_item(items, item, *column, splices)
            }
            (Value::List(_, Layout::Flow), Layout::Flow) => {
                self.append_flow_item(value, item, splices);
                Ok(())
            }
            (Value::List(..), Layout::Block { column }) => {
                let one_line = !self.text[key.span.end..value.span.end].contains('\n');
                if items.is_empty() && one_line {
                    self.fill_block_list(key, value, item, column, splices)
                } else {
                    self.append_flow_item(value, item, splices);
                    Ok(())
                }
            }
            (_, Layout::Block { column }) => {
                self.fill_block_list(key, value, item, column, splices)
            }
            (_, Layout::Flow) => {
                splices.replace(value.span.clone(), format!("[{}]", self.write_flow(item)));
                Ok(())
            }
        }
    }

    fn drop_items(
        &self,
        key: &Node,
        value: &Node,
        positions: &[usize],
        splices: &mut Splices<'_>,
    ) -> Result<(), Fault> {
        let items = value.as_list().unwrap_or_default();
        for position in positions {
            self.guard(&items[*position])?;
        }
        match value.value {
            _ if positions.is_empty() => Ok(()),
            Value::List(_, Layout::Block { column }) => {
                self.drop_block_items(key, items, positions, column, splices)
            }
            _ => self.drop_flow_items(value, items, positions, splices),
        }
    }
}
