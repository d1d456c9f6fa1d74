//! From a Cluster YAML to a running cluster.
//!
//! Nodes boot together; the control plane initialises while workers prepare, and workers join
//! the moment it says so. Until the last step a creation is marked as under way, so that one
//! that was killed is told from a cluster and can be cleared away.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use container::Container;
use futures::future::try_join_all;
use ipnet::Ipv4Net;
use kubeconfig::{CurrentContext, Entry, Files};
use serde::Serialize;
use spec::{Cluster, Cni, Role};
use tokio::sync::watch;

use crate::api::{self, Readiness};
use crate::error::{Error, ErrorCode, Result};
use crate::home::{ClusterDir, ClusterLock};
use crate::host::{self, HostPort, Neighbour};
use crate::inventory::{Inventory, LABEL_CREATION, NodeContainer};
use crate::node::protocol::{JoinMaterial, Secret};
use crate::node::session::{Milestone, Session};
use crate::plan::{self, NodeDraft, Shared};
use crate::{Engine, Operation};

/// Label of a node image that says which Kubernetes it holds.
const LABEL_KUBERNETES: &str = "dev.apple-k8s.kubernetes-version";
/// Label of a node image that says which lines its node program speaks.
const LABEL_CONTRACT: &str = "dev.apple-k8s.node-contract";
/// The lines that this engine speaks.
const CONTRACT: &str = "1";

/// What to create.
#[derive(Debug, Clone)]
pub struct CreateRequest {
    /// The cluster.
    pub cluster: Cluster,
    /// How long to wait for it to be of use; none: not at all.
    pub wait: Option<Duration>,
    /// Keep the nodes when the creation fails, to look at them.
    pub retain: bool,
    /// The kubeconfig file to write to; none: as kubectl chooses.
    pub kubeconfig: Option<PathBuf>,
    /// Make the new context the current one.
    pub set_context: bool,
}

/// A cluster that was created.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// Its name.
    pub name: String,
    /// The context in the kubeconfig file.
    pub context: String,
    /// The kubeconfig file that has the context.
    pub kubeconfig: PathBuf,
    /// Whether the context is the current one.
    pub current_context: bool,
    /// Address of the API on this machine.
    pub server: String,
    /// Names of the nodes.
    pub nodes: Vec<String>,
    /// Version of Kubernetes.
    pub kubernetes_version: String,
}

/// All that was checked before anything is made.
struct Prepared {
    drafts: Vec<NodeDraft>,
    platform: String,
    api_port: u16,
    version: String,
    files: Files,
}

impl Engine {
    /// Creates a cluster. On failure its nodes are removed (unless retained), their logs are kept
    /// in the folder that the error names, and no kubeconfig is touched.
    pub async fn create(&self, request: CreateRequest, op: &Operation) -> Result<Created> {
        let name = request.cluster.name.as_str();
        let lock = self.home.lock(name, "create cluster")?;
        let container = self.container.cancelled_by(op.cancel.clone());
        let step = op.steps.begin("preflight", None);
        let prepared = op
            .unless_cancelled(Box::pin(self.prepare(&request, &container)))
            .await?;
        let dir = self.home.cluster(name);
        let creation = new_creation_id()?;
        dir.create()?;
        ClusterDir::write(&dir.creation_file(), &creation)?;
        step.done();

        let made = op.unless_cancelled(self.make(&request, &prepared, &creation, &container, op));
        match made.await {
            Ok(admin) => self.complete(&request, &prepared, &admin, &lock),
            Err(error) => Err(self.abandon(&request, error, op).await),
        }
    }

    /// Checks all that can be checked, changing nothing but the remains of a killed creation.
    async fn prepare(&self, request: &CreateRequest, container: &Container) -> Result<Prepared> {
        let cluster = &request.cluster;
        let (capabilities, status) = container.ready().await?;
        let files = Files::from_env(request.kubeconfig.as_deref())?;
        files.rehearse_add()?;
        let drafts = plan::nodes(cluster)?;
        check_mounts(&drafts)?;

        let (inventory, networks) = tokio::try_join!(Inventory::read(container), async {
            Ok(container.network_list().await?)
        },)?;
        tracing::debug!(version = %capabilities.version, "runtime");
        let inventory = self.clear_remains(cluster, inventory, container).await?;
        let version = self.check_images(&drafts, container).await?;
        if let Some(root) = &status.app_root {
            host::check_room(root, drafts.len())?;
        }

        let mut neighbours = host::interfaces();
        neighbours.extend(networks.iter().filter_map(|network| {
            let subnet = network.subnet.as_ref()?.parse::<Ipv4Net>().ok()?.trunc();
            Some(Neighbour {
                subnet,
                what: format!("the network \"{}\" of `container`", network.name),
            })
        }));
        let networking = &cluster.networking;
        host::check_subnets(
            &[
                ("podSubnet", networking.pod_subnet),
                ("serviceSubnet", networking.service_subnet),
                ("nodeSubnet", networking.node_subnet),
            ],
            &neighbours,
        )?;

        let api_port = choose_ports(cluster, &drafts, &inventory)?;
        Ok(Prepared {
            drafts,
            platform: host::platform(),
            api_port,
            version,
            files,
        })
    }

    /// Refuses a name that is taken; removes what a killed creation of that name left.
    async fn clear_remains(
        &self,
        cluster: &Cluster,
        inventory: Inventory,
        container: &Container,
    ) -> Result<Inventory> {
        let name = &cluster.name;
        let dir = self.home.cluster(name);
        let killed = ClusterDir::read(&dir.creation_file())?;
        let (remains, foreign): (Vec<&NodeContainer>, Vec<&NodeContainer>) =
            inventory.nodes(name).iter().partition(|node| {
                killed.is_some() && node.info.label(LABEL_CREATION) == killed.as_deref()
            });
        if !foreign.is_empty() || dir.spec_file().exists() {
            return Err(Error::new(
                ErrorCode::ClusterExists,
                format!("there is a cluster \"{name}\" already"),
            )
            .hint(format!(
                "choose another name, or delete it: apple-k8s delete cluster {name}"
            )));
        }
        let planned: BTreeSet<String> = cluster
            .machines()
            .into_iter()
            .map(|machine| machine.name)
            .collect();
        let ours: BTreeSet<&str> = remains.iter().map(|node| node.name()).collect();
        let taken = inventory
            .all
            .iter()
            .find(|other| planned.contains(&other.id) && !ours.contains(other.id.as_str()));
        if let Some(taken) = taken {
            return Err(Error::new(
                ErrorCode::ClusterExists,
                format!(
                    "a container \"{}\" exists that is no node of this cluster",
                    taken.id
                ),
            )
            .hint("choose another cluster name, or delete that container"));
        }
        if ours.is_empty() {
            return Ok(inventory);
        }
        tracing::info!(
            nodes = ours.len(),
            "removing what an interrupted creation left"
        );
        container
            .delete(&ours.into_iter().collect::<Vec<_>>(), true)
            .await?;
        Inventory::read(container).await
    }

    /// Checks that every node image is there, is a node image, and fits this machine. Gives the
    /// Kubernetes version.
    async fn check_images(&self, drafts: &[NodeDraft], container: &Container) -> Result<String> {
        let (platform, architecture) = (host::platform(), host::architecture());
        let wanted: BTreeSet<&str> = drafts.iter().map(|draft| draft.image.as_str()).collect();
        let mut versions = BTreeSet::new();
        for reference in wanted {
            let image = container.image_inspect(reference).await.map_err(|error| {
                let missing = matches!(error, container::Error::ImageNotFound { .. });
                let error = Error::from(error);
                if missing {
                    error.hint("build it: apple-k8s build node-image")
                } else {
                    error
                }
            })?;
            let Some(variant) = image.variant(&platform) else {
                return Err(Error::new(
                    ErrorCode::ImageWrongPlatform,
                    format!("node image {reference} is not for {architecture}, as this machine is"),
                )
                .hint(format!(
                    "build it: apple-k8s build node-image --arch {architecture}"
                )));
            };
            let label = |key: &str| variant.labels.get(key).map(String::as_str);
            match (label(LABEL_CONTRACT), label(LABEL_KUBERNETES)) {
                (Some(CONTRACT), Some(version)) => versions.insert(version.to_owned()),
                (Some(other), _) => {
                    return Err(Error::new(
                        ErrorCode::ImageInvalid,
                        format!("node image {reference} is of another generation ({other}, not {CONTRACT})"),
                    )
                    .hint("build it anew: apple-k8s build node-image"));
                }
                _ => {
                    return Err(Error::new(
                        ErrorCode::ImageInvalid,
                        format!("{reference} is not a node image"),
                    )
                    .hint("build one: apple-k8s build node-image"));
                }
            };
        }
        Ok(versions.pop_first().unwrap_or_default())
    }

    /// Runs all nodes and makes them one cluster. Gives the administrator's kubeconfig.
    async fn make(
        &self,
        request: &CreateRequest,
        prepared: &Prepared,
        creation: &str,
        container: &Container,
        op: &Operation,
    ) -> Result<Secret> {
        let cluster = &request.cluster;
        let shared = Shared {
            cluster,
            platform: &prepared.platform,
            creation,
            api_port: prepared.api_port,
            host_cpus: host::cpus(),
        };
        try_join_all(prepared.drafts.iter().map(async |draft| {
            let step = op.steps.begin("boot", Some(&draft.plan.name));
            container.run(&draft.run_spec(&shared)).await?;
            step.done();
            Ok::<_, Error>(())
        }))
        .await?;

        let inventory = Inventory::read(container).await?;
        let nodes = inventory.existing(&cluster.name)?;
        let mut configs = plan::node_configs(cluster, nodes)?;
        let token = new_bootstrap_token()?;
        let address = prepared.drafts[0].address;
        for config in &mut configs {
            let draft = prepared
                .drafts
                .iter()
                .find(|draft| draft.plan.name == config.node);
            let own_token = (config.role == Role::ControlPlane.as_str()).then(|| token.clone());
            config.kubernetes = draft.map(|draft| draft.kubernetes(cluster, address, own_token));
        }

        let (joinable, may_join) = watch::channel(None);
        let (first, workers) = configs
            .split_first()
            .ok_or_else(|| Error::new(ErrorCode::Internal, "a cluster without nodes"))?;
        let init = async {
            let mut session = Session::open(container, first, "init", &op.steps).await?;
            let admin = loop {
                match session.next().await? {
                    Milestone::Joinable { ca_cert } => {
                        let material = JoinMaterial {
                            ca_cert,
                            bootstrap_token: token.clone(),
                        };
                        joinable.send_replace(Some(material));
                    }
                    Milestone::Done {
                        kubeconfig: Some(admin),
                    } => break admin,
                    Milestone::Done { kubeconfig: None } => {
                        return Err(Error::new(
                            ErrorCode::NodeFailed,
                            "the control plane is up but gave no kubeconfig",
                        ));
                    }
                }
            };
            let admin = published(
                &admin,
                &Self::context_name(&cluster.name),
                &server_of(nodes)?,
            )?;
            if let Some(limit) = request.wait {
                let client = api::client(&admin.render()).await?;
                api::wait_ready(&client, &readiness(cluster, nodes), &op.steps, limit).await?;
            }
            Ok(Secret(admin.render()))
        };
        let joins = try_join_all(workers.iter().map(async |config| {
            let mut session = Session::open(container, config, "join", &op.steps).await?;
            let mut may_join = may_join.clone();
            // The sender lives as long as `init`, whose failure ends this too.
            if let Ok(material) = may_join.wait_for(Option::is_some).await {
                session.send(&*material).await?;
            }
            while !matches!(session.next().await?, Milestone::Done { .. }) {}
            Ok::<_, Error>(())
        }));
        let (admin, _) = futures::try_join!(init, joins)?;
        Ok(admin)
    }

    /// Makes the cluster known: saved intent, own access, the user's kubeconfig.
    fn complete(
        &self,
        request: &CreateRequest,
        prepared: &Prepared,
        admin: &Secret,
        _held: &ClusterLock,
    ) -> Result<Created> {
        let cluster = &request.cluster;
        let name = cluster.name.clone();
        let dir = self.home.cluster(&name);
        let server = format!(
            "https://{}:{}",
            cluster.networking.api_server_address, prepared.api_port
        );
        ClusterDir::write(&dir.kubeconfig_file(), &admin.0)?;
        ClusterDir::write(
            &dir.exports_file(),
            &format!("{}\n", prepared.files.target().display()),
        )?;
        ClusterDir::write(&dir.spec_file(), &cluster.to_yaml())?;
        ClusterDir::remove(&dir.creation_file())?;

        let context = Self::context_name(&name);
        let entry = Entry::from_admin(&admin.0, &context, &server)?;
        let current = if request.set_context {
            CurrentContext::Set
        } else {
            CurrentContext::Keep
        };
        let added = prepared.files.add(&entry, current).map_err(|error| {
            Error::from(error).hint(format!(
                "the cluster runs; get access with: apple-k8s export kubeconfig {name}"
            ))
        })?;
        Ok(Created {
            context,
            kubeconfig: added.file,
            current_context: added.current,
            server,
            nodes: prepared
                .drafts
                .iter()
                .map(|draft| draft.plan.name.clone())
                .collect(),
            kubernetes_version: prepared.version.clone(),
            name,
        })
    }

    /// Keeps the evidence of a failed creation and removes its nodes.
    async fn abandon(&self, request: &CreateRequest, error: Error, op: &Operation) -> Error {
        let name = &request.cluster.name;
        let logs = if error.code == ErrorCode::Cancelled {
            None
        } else {
            let step = op.steps.begin("collect-logs", None);
            let kept = self.keep_logs(name).await;
            step.done();
            kept
        };
        let error = error.logs(logs);
        if request.retain {
            return error;
        }
        let step = op.steps.begin("clean-up", None);
        match self
            .remove_nodes(name)
            .await
            .and_then(|()| self.home.cluster(name).remove_all())
        {
            Ok(()) => {
                step.done();
                error
            }
            Err(left) => {
                tracing::warn!(%left, "clean-up failed");
                let hint = format!("some nodes are left: apple-k8s delete cluster {name}");
                error.hint(hint)
            }
        }
    }
}

/// Ready means this for a cluster whose nodes run.
pub(crate) fn readiness(cluster: &Cluster, nodes: &[NodeContainer]) -> Readiness {
    Readiness {
        nodes: nodes
            .iter()
            .map(|node| {
                (
                    node.name().to_owned(),
                    node.info.started.unwrap_or(jiff::Timestamp::MIN),
                )
            })
            .collect(),
        network: cluster.networking.cni != Cni::None,
    }
}

/// Where the API is published on this machine.
pub(crate) fn server_of(nodes: &[NodeContainer]) -> Result<String> {
    crate::inventory::control_plane(nodes)
        .and_then(NodeContainer::api_server)
        .ok_or_else(|| {
            Error::new(
                ErrorCode::ClusterIncomplete,
                "the cluster's control plane publishes no API",
            )
            .hint("delete the cluster and create it again")
        })
}

/// The administrator's access through the published port. What the node wrote is untrusted:
/// only addresses and keys are taken from it.
fn published(admin: &Secret, context: &str, server: &str) -> Result<Entry> {
    Ok(Entry::from_admin(&admin.0, context, server)?)
}

fn check_mounts(drafts: &[NodeDraft]) -> Result<()> {
    for mount in drafts.iter().flat_map(|draft| &draft.plan.extra_mounts) {
        if !mount.host_path.exists() {
            return Err(Error::new(
                ErrorCode::MountSourceMissing,
                format!(
                    "extraMounts: hostPath {} does not exist",
                    mount.host_path.display()
                ),
            )
            .hint("create it, or correct the path in the Cluster YAML"));
        }
    }
    Ok(())
}

fn choose_ports(cluster: &Cluster, drafts: &[NodeDraft], inventory: &Inventory) -> Result<u16> {
    let address = IpAddr::V4(cluster.networking.api_server_address);
    let mut wanted: Vec<HostPort> = drafts
        .iter()
        .flat_map(|draft| &draft.plan.port_mappings)
        .map(|mapping| HostPort {
            address: mapping.listen_address,
            port: mapping.host_port,
            udp: mapping.protocol == spec::Protocol::Udp,
        })
        .collect();
    // A stopped cluster's port is free now and needed again at its next start.
    let published = inventory
        .all
        .iter()
        .flat_map(|container| &container.published);
    let mut taken: BTreeSet<u16> = published.map(|port| port.host_port).collect();
    if let Some(port) = cluster.networking.api_server_port {
        wanted.push(HostPort {
            address,
            port,
            udp: false,
        });
        host::check_ports(&wanted)?;
        return Ok(port);
    }
    host::check_ports(&wanted)?;
    taken.extend(wanted.iter().map(|port| port.port));
    host::choose_api_port(address, &taken)
}

/// Sixteen random letters and digits: names one creation.
fn new_creation_id() -> Result<String> {
    random_word(16)
}

/// A bootstrap token in kubeadm's form.
fn new_bootstrap_token() -> Result<Secret> {
    Ok(Secret(format!("{}.{}", random_word(6)?, random_word(16)?)))
}

/// Random lower-case letters and digits from the operating system.
fn random_word(length: usize) -> Result<String> {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(
            ErrorCode::Internal,
            format!("no random numbers from the system: {error}"),
        )
    })?;
    Ok(bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_form_kubeadm_wants() {
        let Secret(token) = new_bootstrap_token().expect("random");
        let (id, secret) = token.split_once('.').expect("two parts");
        assert_eq!((id.len(), secret.len()), (6, 16));
        assert!(
            token
                .chars()
                .all(|c| c == '.' || c.is_ascii_lowercase() || c.is_ascii_digit())
        );
        assert_ne!(token, new_bootstrap_token().expect("random").0);
    }
}
