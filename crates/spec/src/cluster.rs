//! The cluster that a Cluster YAML describes: checked, with every default filled in.

use std::path::Path;

use crate::check;
use crate::name::{node_name, validate_name};
use crate::read::{self, Problems};
use crate::schema::Document;
use crate::{
    ErrorList, KubernetesVersion, Networking, Node, NodePlan, PortMapping, Role, SpecError,
};

/// A cluster as it was asked for: checked, with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Name of the cluster.
    pub name: String,
    /// Kubernetes version; none for the newest that is known.
    pub kubernetes_version: Option<KubernetesVersion>,
    /// The nodes, exactly one of them a control plane.
    pub nodes: Vec<Node>,
    /// Addresses and network programs.
    pub networking: Networking,
    /// Merge patches (YAML, each with a `kind`) for kubeadm's configuration of all nodes.
    pub kubeadm_config_patches: Vec<String>,
    /// Merge patches (TOML) for containerd's configuration of all nodes.
    pub containerd_config_patches: Vec<String>,
}

/// What was read from a Cluster YAML.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The cluster.
    pub cluster: Cluster,
    /// What is doubtful, but no error.
    pub warnings: Vec<SpecError>,
    origin: String,
    // Knows where the fields stand.
    text: Problems,
}

impl Parsed {
    /// Checks that the folders and files to mount exist on this machine.
    pub fn check_host_paths(&self) -> Result<(), ErrorList> {
        let errors = check::host_paths(&self.cluster);
        if errors.is_empty() {
            Ok(())
        } else {
            Err(self.located(errors))
        }
    }

    /// An error that shows only while the cluster is made, at the place of its field:
    /// `spec.nodes[0].extraPortMappings[1].hostPort` and "port 80 is taken".
    pub fn error(&self, path: &str, message: &str, hint: Option<&str>) -> ErrorList {
        let mut error = SpecError::new(path, message);
        error.hint = hint.map(str::to_owned);
        self.located(vec![error])
    }

    fn located(&self, errors: Vec<SpecError>) -> ErrorList {
        let mut problems = self.text.clone();
        for error in errors {
            problems.error(error);
        }
        problems.into_errors(&self.origin)
    }
}

impl Cluster {
    /// Reads a Cluster YAML of our own format or kind's.
    ///
    /// `origin` names the text in errors (a file, `-`); a relative `hostPath` starts at
    /// `base_dir`. Fails with everything that is wrong, each with line and column.
    pub fn parse(
        text: impl AsRef<[u8]>,
        origin: &str,
        base_dir: &Path,
    ) -> Result<Parsed, ErrorList> {
        let (cluster, mut problems) = read::read(text.as_ref(), base_dir);
        if let Some(cluster) = &cluster {
            check::cluster(cluster, &mut problems);
        }
        match cluster {
            Some(cluster) if !problems.has_errors() => Ok(Parsed {
                cluster,
                warnings: problems.take_warnings(),
                origin: origin.to_owned(),
                text: problems,
            }),
            _ => Err(problems.into_errors(origin)),
        }
    }

    /// Checks a cluster that comes from no text, such as a form, by the same rules; answers with
    /// the warnings.
    pub fn check(&self) -> Result<Vec<SpecError>, ErrorList> {
        let mut problems = Problems::without_text();
        check::cluster(self, &mut problems);
        if problems.has_errors() {
            return Err(problems.into_errors("the cluster"));
        }
        Ok(problems.take_warnings())
    }

    /// A cluster of one control plane and so many workers, all else left to defaults.
    pub fn simple(name: &str, workers: u32) -> Result<Self, SpecError> {
        validate_name(name)?;
        let mut nodes = vec![Node::new(Role::ControlPlane)];
        if workers > 0 {
            nodes.push(Node {
                replicas: workers,
                ..Node::new(Role::Worker)
            });
        }
        Ok(Self {
            name: name.to_owned(),
            kubernetes_version: None,
            nodes,
            networking: Networking::default(),
            kubeadm_config_patches: Vec::new(),
            containerd_config_patches: Vec::new(),
        })
    }

    /// The cluster as YAML of our own format; reading it again gives the same cluster.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "text in memory takes any of our types"
    )]
    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(&Document::of(self)).expect("a cluster can be written")
    }

    /// The same cluster under another name.
    pub fn renamed(self, name: &str) -> Result<Self, SpecError> {
        validate_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            ..self
        })
    }

    /// The published ports whose port of this machine is left to whoever makes the nodes, each with
    /// the name of its node. They are in entries without replicas.
    pub fn open_ports(&mut self) -> Vec<(String, &mut PortMapping)> {
        let machines = self.machines();
        let name = |entry| machines.iter().find(|machine| machine.entry == entry);
        let mut open = Vec::new();
        for (entry, node) in self.nodes.iter_mut().enumerate() {
            let Some(machine) = name(entry) else { continue };
            let ports = node.extra_port_mappings.iter_mut();
            let ports = ports.filter(|mapping| mapping.host_port == 0);
            open.extend(ports.map(|mapping| (machine.name.clone(), mapping)));
        }
        open
    }

    /// The machines to make, the control plane first, workers in the order of the file.
    pub fn machines(&self) -> Vec<NodePlan> {
        let mut machines = Vec::new();
        for role in Role::ALL {
            let entries = self
                .nodes
                .iter()
                .enumerate()
                .filter(|(_, node)| node.role == role);
            let of_role = entries.flat_map(|(entry, node)| {
                std::iter::repeat_n((entry, node), usize::try_from(node.replicas).unwrap_or(0))
            });
            for (index, (entry, node)) in of_role.enumerate() {
                machines.push(self.machine(entry, node, node_name(&self.name, role, index + 1)));
            }
        }
        machines
    }

    fn machine(&self, entry: usize, node: &Node, name: String) -> NodePlan {
        let own = node.kubeadm_config_patches.iter();
        NodePlan {
            name,
            role: node.role,
            entry,
            image: node.image.clone(),
            cpus: node.cpus,
            memory: node.memory,
            labels: node.labels.clone(),
            taints: node.taints.clone(),
            extra_mounts: node.extra_mounts.clone(),
            port_mappings: node.extra_port_mappings.clone(),
            kubeadm_config_patches: self
                .kubeadm_config_patches
                .iter()
                .chain(own)
                .cloned()
                .collect(),
        }
    }
}
