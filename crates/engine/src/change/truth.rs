//! The cluster as it is at each moment of a change, saved after each step.

use spec::{Cluster, Node};

use crate::error::Result;
use crate::home::ClusterDir;

/// What is true of a cluster while it changes from one Cluster YAML to another. Both agree in
/// everything but the nodes.
#[derive(Debug)]
pub(super) struct Truth {
    wanted: Cluster,
    /// Each machine with its entry, in the order of machines.
    machines: Vec<(String, Node)>,
}

impl Truth {
    pub(super) fn new(saved: &Cluster, wanted: &Cluster) -> Self {
        Self {
            wanted: wanted.clone(),
            machines: machines(saved),
        }
    }

    /// A node is now as it is wanted, in labels and taints alone.
    pub(super) fn marked(&mut self, node: &str) {
        let wanted = self.wanted_node(node);
        if let (Some((_, is)), Some(wanted)) = (self.find(node), wanted) {
            is.labels = wanted.labels;
            is.taints = wanted.taints;
        }
    }

    /// A node is now as it is wanted.
    pub(super) fn made(&mut self, node: &str) {
        let Some(wanted) = self.wanted_node(node) else {
            return;
        };
        match self.find(node) {
            Some((_, is)) => *is = wanted,
            None => self.machines.push((node.to_owned(), wanted)),
        }
    }

    /// A node is gone.
    pub(super) fn removed(&mut self, node: &str) {
        self.machines.retain(|(name, _)| name != node);
    }

    /// Writes what is true now.
    pub(super) fn save(&self, dir: &ClusterDir) -> Result<()> {
        ClusterDir::write(&dir.spec_file(), &self.cluster().to_yaml())
    }

    fn cluster(&self) -> Cluster {
        if self.machines == machines(&self.wanted) {
            return self.wanted.clone();
        }
        let mut nodes: Vec<Node> = Vec::new();
        for (_, node) in &self.machines {
            match nodes.last_mut() {
                Some(last) if alike(last, node) => last.replicas += 1,
                _ => nodes.push(node.clone()),
            }
        }
        Cluster {
            nodes,
            ..self.wanted.clone()
        }
    }

    fn find(&mut self, node: &str) -> Option<&mut (String, Node)> {
        self.machines.iter_mut().find(|(name, _)| name == node)
    }

    fn wanted_node(&self, node: &str) -> Option<Node> {
        let found = machines(&self.wanted)
            .into_iter()
            .find(|(name, _)| name == node);
        found.map(|(_, node)| node)
    }
}

fn machines(cluster: &Cluster) -> Vec<(String, Node)> {
    let alone = |entry: usize| {
        Some(Node {
            replicas: 1,
            ..cluster.nodes.get(entry)?.clone()
        })
    };
    let machines = cluster.machines().into_iter();
    machines
        .filter_map(|machine| Some((machine.name, alone(machine.entry)?)))
        .collect()
}

fn alike(several: &Node, one: &Node) -> bool {
    *one == Node {
        replicas: 1,
        ..several.clone()
    }
}
