//! The text of one kubeconfig, and the changes to it.
//!
//! A change never writes a document anew: it splices the lines of our own entry into the text, or
//! out of it. Afterwards the new text is read again and must mean exactly what the old one meant
//! plus the change; if not, the change is refused.

mod block;
mod current;
mod fault;
mod flow;
mod list;
mod proof;
mod splice;

use std::collections::HashSet;

pub(crate) use block::write_item;
pub use fault::Fault;
pub(crate) use list::Section;

use crate::entry::Entry;
use crate::yaml::{self, Layout, Node, Value};

/// The text of a kubeconfig that has been read and understood.
#[derive(Debug)]
pub struct Document<'t> {
    /// What stands before the YAML: a byte order mark or nothing.
    prefix: &'t str,
    text: &'t str,
    /// `None`: nothing but comments.
    root: Option<Node>,
    /// Where the first key of an empty document goes.
    start: usize,
    /// Anchors that an alias refers to.
    referenced: HashSet<usize>,
}

/// One context of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DocumentContext {
    pub(crate) name: String,
    pub(crate) cluster: String,
    pub(crate) user: String,
    pub(crate) namespace: Option<String>,
}

impl<'t> Document<'t> {
    /// Reads a kubeconfig: YAML or JSON, one document. Text without any content is an empty
    /// kubeconfig, as for kubectl.
    ///
    /// # Errors
    /// What is wrong and where: no YAML, no kubeconfig, or a construct no edit can respect.
    pub fn parse(text: &'t str) -> Result<Self, Fault> {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        fault::check_line_breaks(body)?;
        let yaml::Parsed { root, start } = yaml::parse(body)?;
        let mut referenced = HashSet::new();
        if let Some(root) = &root {
            root.visit(&mut |node| {
                if let Value::Alias(anchor) = node.value {
                    referenced.insert(anchor);
                }
            });
        }
        let prefix = &text[..text.len() - body.len()];
        let document = Self {
            prefix,
            text: body,
            root,
            start,
            referenced,
        };
        document.check()?;
        Ok(document)
    }

    /// The current context; `None` where none is set.
    pub fn current_context(&self) -> Option<&str> {
        let value = self.root.as_ref()?.get("current-context")?;
        let value = self.resolve(value);
        let name = value.as_str().filter(|_| !value.is_null())?;
        (!name.is_empty()).then_some(name)
    }

    /// The text with `entry` in it: added, or in the place of those of its name.
    ///
    /// A context of that name which leads to the entry's cluster and user stays as it is, with its
    /// namespace. The current context is left alone.
    ///
    /// # Errors
    /// The construct that keeps the text from being edited.
    pub fn with_entry(&self, entry: &Entry) -> Result<String, Fault> {
        let mut splices = splice::Splices::new(self.text);
        for section in Section::ALL {
            self.put(section, &entry.item(section), entry.name(), &mut splices)?;
        }
        let expected = proof::with_entry(self, entry);
        self.finish(splices, &expected)
    }

    /// The text without context, cluster and user called `name`; where `name` was the current
    /// context, none is. Removing what was added gives the text from before.
    ///
    /// # Errors
    /// The construct that keeps the text from being edited.
    pub fn without(&self, name: &str) -> Result<String, Fault> {
        let expected = proof::without(self, name);
        let remove = |mut splices: splice::Splices<'_>| {
            for section in Section::ALL {
                self.remove(section, name, &mut splices)?;
            }
            if self.current_context() == Some(name) {
                self.clear_current(&mut splices)?;
            }
            self.finish(splices, &expected)
        };
        // A key that goes as a whole may have kept blank lines below from being part of a text
        // above (`|+`): then it stays, without a value.
        remove(splice::Splices::new(self.text))
            .or_else(|_| remove(splice::Splices::keeping_keys(self.text)))
    }

    /// The text with `name` as the current context. Whether there is such a context is not checked:
    /// it may stand in another file.
    ///
    /// # Errors
    /// The construct that keeps the text from being edited.
    pub fn with_current_context(&self, name: &str) -> Result<String, Fault> {
        let mut splices = splice::Splices::new(self.text);
        if self.current_context() != Some(name) {
            self.set_current(name, &mut splices)?;
        }
        let expected = proof::with_current(self, name);
        self.finish(splices, &expected)
    }

    /// Whether a context, cluster or user is called `name`, or the current context is.
    pub fn mentions(&self, name: &str) -> bool {
        self.current_context() == Some(name)
            || Section::ALL.iter().any(|section| {
                self.items(*section)
                    .iter()
                    .any(|item| self.name_of(item) == Some(name))
            })
    }

    /// Whether a context, cluster or user is called `name`.
    pub(crate) fn holds(&self, name: &str) -> bool {
        Section::ALL.iter().any(|section| {
            self.items(*section)
                .iter()
                .any(|item| self.name_of(item) == Some(name))
        })
    }

    pub(crate) fn contexts(&self) -> Vec<DocumentContext> {
        let part = |context: Option<&Node>, key: &str| {
            let value = self.resolve(context?.get(key)?);
            value
                .as_str()
                .filter(|text| !value.is_null() && !text.is_empty())
                .map(str::to_owned)
        };
        self.items(Section::Contexts)
            .iter()
            .filter_map(|item| {
                let name = self.name_of(item)?.to_owned();
                let context = self
                    .resolve(item)
                    .get("context")
                    .map(|node| self.resolve(node));
                Some(DocumentContext {
                    name,
                    cluster: part(context, "cluster").unwrap_or_default(),
                    user: part(context, "user").unwrap_or_default(),
                    namespace: part(context, "namespace"),
                })
            })
            .collect()
    }

    /// Names and servers of the clusters.
    pub(crate) fn servers(&self) -> Vec<(String, String)> {
        self.items(Section::Clusters)
            .iter()
            .filter_map(|item| {
                let name = self.name_of(item)?.to_owned();
                let cluster = self.resolve(self.resolve(item).get("cluster")?);
                let server = self.resolve(cluster.get("server")?).as_str()?.to_owned();
                Some((name, server))
            })
            .collect()
    }

    /// Refuses what kubectl would refuse too, and what no edit could respect.
    fn check(&self) -> Result<(), Fault> {
        let Some(root) = &self.root else {
            return Ok(());
        };
        let Value::Map(pairs, _) = &root.value else {
            return Err(Fault::invalid(
                root.place,
                "a kubeconfig is a mapping, with keys like clusters and contexts",
            ));
        };
        let mut seen = HashSet::new();
        for (key, value) in pairs {
            let name = key.as_str().unwrap_or_default();
            if !seen.insert(name) {
                return Err(Fault::unsupported(
                    key.place,
                    format!("the key {name:?} is there twice"),
                ));
            }
            match name {
                "<<" => {
                    return Err(Fault::unsupported(
                        key.place,
                        "a merge (<<) at the top of a kubeconfig",
                    ));
                }
                "kind" if value.as_str() != Some("Config") => {
                    return Err(Fault::invalid(
                        value.place,
                        "no kubeconfig: its kind is not Config",
                    ));
                }
                "apiVersion" if value.as_str() != Some("v1") => {
                    return Err(Fault::invalid(
                        value.place,
                        "no kubeconfig: its apiVersion is not v1",
                    ));
                }
                "current-context" if self.resolve(value).as_str().is_none() => {
                    return Err(Fault::invalid(
                        value.place,
                        "current-context must be a name",
                    ));
                }
                _ => {}
            }
        }
        Section::ALL
            .iter()
            .try_for_each(|section| self.check_section(*section))
    }

    fn check_section(&self, section: Section) -> Result<(), Fault> {
        let Some(value) = self.root.as_ref().and_then(|root| root.get(section.key())) else {
            return Ok(());
        };
        let value = self.resolve(value);
        let key = section.key();
        let Some(items) = value.as_list() else {
            return if value.is_null() {
                Ok(())
            } else {
                Err(Fault::invalid(value.place, format!("{key} must be a list")))
            };
        };
        for item in items {
            let resolved = self.resolve(item);
            if resolved.as_map().is_none() {
                return Err(Fault::invalid(
                    item.place,
                    format!("each of {key} must be a mapping with a name"),
                ));
            }
            if self.name_of(item).is_none() && resolved.get("<<").is_some() {
                return Err(Fault::unsupported(
                    item.place,
                    "its name comes from a merge (<<)",
                ));
            }
        }
        Ok(())
    }

    /// The items of a section, an alias for the whole list followed.
    fn items(&self, section: Section) -> &[Node] {
        self.root
            .as_ref()
            .and_then(|root| root.get(section.key()))
            .and_then(|value| self.resolve(value).as_list())
            .unwrap_or_default()
    }

    fn name_of<'n>(&'n self, item: &'n Node) -> Option<&'n str> {
        self.resolve(self.resolve(item).get("name")?).as_str()
    }

    /// Follows an alias.
    fn resolve<'n>(&'n self, node: &'n Node) -> &'n Node {
        let Value::Alias(anchor) = node.value else {
            return node;
        };
        let mut target = node;
        if let Some(root) = &self.root {
            root.visit(&mut |candidate| {
                if candidate.anchor == anchor {
                    target = candidate;
                }
            });
        }
        target
    }

    /// Refuses to change or remove a node when an alias elsewhere would change with it.
    fn guard(&self, node: &Node) -> Result<(), Fault> {
        let mut fault = Ok(());
        node.visit(&mut |below| {
            if below.anchor != 0 && self.referenced.contains(&below.anchor) && fault.is_ok() {
                fault = Err(Fault::unsupported(
                    below.place,
                    "an alias (*) refers to this anchor (&)",
                ));
            }
        });
        fault
    }

    /// Applies the splices and proves that the result means what it should.
    fn finish(&self, splices: splice::Splices<'_>, expected: &Node) -> Result<String, Fault> {
        let proven = splices.candidates().into_iter().find(|text| {
            let actual = yaml::parse(text).map(|parsed| parsed.root);
            actual.is_ok_and(|actual| proof::proves(expected, actual))
        });
        let text = proven.ok_or_else(|| {
            let place = crate::Place { line: 1, column: 1 };
            let reason = "this file is written in a way that can't be edited with certainty";
            Fault::unsupported(place, reason)
        })?;
        Ok(format!("{}{text}", self.prefix))
    }

    /// The mapping at the top, and how it is written.
    fn top(&self) -> Result<Top<'_>, Fault> {
        match &self.root {
            None => Ok(Top {
                pairs: &[],
                layout: Layout::Block { column: 0 },
                node: None,
            }),
            Some(node) => {
                if node.anchor != 0 && self.referenced.contains(&node.anchor) {
                    return Err(Fault::unsupported(
                        node.place,
                        "an alias (*) refers to the whole file",
                    ));
                }
                match &node.value {
                    Value::Map(pairs, layout) => Ok(Top {
                        pairs,
                        layout: *layout,
                        node: Some(node),
                    }),
                    _ => Err(Fault::invalid(node.place, "a kubeconfig is a mapping")),
                }
            }
        }
    }
}

/// The mapping at the top of a document.
struct Top<'d> {
    pairs: &'d [(Node, Node)],
    layout: Layout,
    node: Option<&'d Node>,
}

impl<'d> Top<'d> {
    fn pair(&self, key: &str) -> Option<&'d (Node, Node)> {
        self.pairs.iter().find(|(k, _)| k.as_str() == Some(key))
    }
}
