//! What a cluster is to this home: going by its containers, and by what is remembered of it.

use std::collections::BTreeSet;

use crate::Engine;
use crate::error::{Error, ErrorCode, Result};
use crate::home::ClusterDir;
use crate::inventory::{Inventory, LABEL_CREATION, NodeContainer, not_found};
use crate::lifecycle::incomplete;

/// What a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing of it is there.
    Unknown,
    /// It was completely created.
    Complete,
    /// Its creation or its deletion did not end, or somebody removed its nodes.
    Incomplete,
    /// Its nodes are there, but were not made with this home.
    Foreign,
}

impl Engine {
    pub(crate) fn standing(&self, name: &str, inventory: &Inventory) -> Result<Standing> {
        let (dir, nodes) = (self.home.cluster(name), inventory.nodes(name));
        let standing = if nodes.is_empty() {
            if dir.exists() {
                Standing::Incomplete
            } else {
                Standing::Unknown
            }
        } else if !owns(&dir, nodes)? {
            Standing::Foreign
        } else if dir.spec_file().exists() && !dir.deletion_file().exists() {
            Standing::Complete
        } else {
            Standing::Incomplete
        };
        Ok(standing)
    }

    /// The nodes of a cluster of this home, be it complete or not; there is one at least.
    pub(crate) fn own_nodes<'i>(
        &self,
        name: &str,
        inventory: &'i Inventory,
    ) -> Result<&'i [NodeContainer]> {
        let nodes = inventory.nodes(name);
        match self.standing(name, inventory)? {
            Standing::Unknown => {
                let mut known: BTreeSet<String> = inventory.names().map(str::to_owned).collect();
                known.extend(self.home.known_names()?);
                Err(not_found(name, known.iter().map(String::as_str)))
            }
            Standing::Foreign => Err(foreign(name, nodes)),
            Standing::Incomplete if nodes.is_empty() => Err(self.half(name)),
            Standing::Incomplete | Standing::Complete => Ok(nodes),
        }
    }

    /// The nodes of a cluster of this home that was completely created.
    pub(crate) fn complete_nodes<'i>(
        &self,
        name: &str,
        inventory: &'i Inventory,
    ) -> Result<&'i [NodeContainer]> {
        let nodes = self.own_nodes(name, inventory)?;
        match self.standing(name, inventory)? {
            Standing::Complete => Ok(nodes),
            _ => Err(self.half(name)),
        }
    }

    /// The error for a cluster that is not complete.
    pub(crate) fn half(&self, name: &str) -> Error {
        let dir = self.home.cluster(name);
        let (what, hint) = if dir.deletion_file().exists() {
            ("was only half deleted", "finish that")
        } else if dir.spec_file().exists() {
            ("has lost its nodes", "clear away what is left of it")
        } else {
            return incomplete(name);
        };
        Error::new(
            ErrorCode::ClusterIncomplete,
            format!("cluster \"{name}\" {what}"),
        )
        .hint(format!("{hint}: apple-k8s delete cluster {name}"))
    }
}

/// Whether nodes were made by creations or changes that this home knows.
fn owns(dir: &ClusterDir, nodes: &[NodeContainer]) -> Result<bool> {
    let known = dir.creations()?;
    // Before creations were remembered for good, a complete cluster was known by name alone.
    if known.is_empty() && dir.spec_file().exists() {
        return Ok(true);
    }
    let ours = |node: &NodeContainer| {
        let made_by = node.info.label(LABEL_CREATION);
        made_by.is_some_and(|id| known.iter().any(|known| known == id))
    };
    Ok(nodes.iter().all(ours))
}

/// The error for a cluster of another home.
pub(crate) fn foreign(name: &str, nodes: &[NodeContainer]) -> Error {
    let containers: Vec<&str> = nodes.iter().map(NodeContainer::name).collect();
    Error::new(
        ErrorCode::ClusterForeign,
        format!("cluster \"{name}\" was not made with this APPLE_K8S_HOME"),
    )
    .hint(format!(
        "use the APPLE_K8S_HOME that it was made with; when that is lost, remove its containers: \
         container delete --force {}",
        containers.join(" ")
    ))
}
