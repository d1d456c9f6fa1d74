//! Everything that is checked before a cluster is made, so that what can't work fails at once and
//! changes nothing.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

use container::{Container, ContainerInfo};
use kubeconfig::Files;
use spec::Cluster;

use crate::create::CreateRequest;
use crate::delete::{remove_containers, under_way};
use crate::error::{Error, ErrorCode, Result};
use crate::host::{self, ApiPort, HostPort};
use crate::inventory::{Inventory, LABEL_CLUSTER, LABEL_CREATION, NodeContainer};
use crate::lock::PortTurn;
use crate::open_ports;
use crate::plan::{self, NodeDraft};
use crate::standing::Standing;
use crate::{Engine, Operation};

/// Label of a node image that says which Kubernetes it holds.
const LABEL_KUBERNETES: &str = "dev.apple-k8s.kubernetes-version";
/// Label of a node image that says which lines its node program speaks.
const LABEL_CONTRACT: &str = "dev.apple-k8s.node-contract";
/// The lines that this engine speaks.
const CONTRACT: &str = "1";

/// All that was checked before anything is made.
pub(crate) struct Prepared {
    pub(crate) drafts: Vec<NodeDraft>,
    pub(crate) platform: String,
    pub(crate) api_port: ApiPort,
    pub(crate) version: String,
    pub(crate) files: Files,
    /// Held until the port of the API is taken.
    pub(crate) turn: Option<PortTurn>,
}

impl Engine {
    /// Checks all that can be checked, changing nothing but the remains of a killed creation. Ports
    /// that the request leaves to us are in it afterwards.
    pub(crate) async fn prepare(
        &self,
        request: &mut CreateRequest,
        container: &Container,
    ) -> Result<Prepared> {
        let (capabilities, status) = container.ready().await?;
        let files = Files::from_env(request.kubeconfig.as_deref())?;
        files.rehearse_add()?;
        let drafts = plan::nodes(&request.cluster)?;
        let mut problems = mount_problems(&drafts);
        let api_port = request.cluster.networking.api_server_port;
        let chooses = api_port.is_none() || !request.cluster.open_ports().is_empty();
        let turn = if chooses {
            Some(self.home.port_turn().await?)
        } else {
            None
        };

        let (inventory, networks) = tokio::try_join!(Inventory::read(container), async {
            Ok(container.network_list().await?)
        },)?;
        tracing::debug!(version = %capabilities.version, "runtime");
        let inventory = self.clear_remains(request, inventory, container).await?;
        open_ports::choose(&mut request.cluster, None, &inventory)?;
        let cluster = &request.cluster;
        let drafts = plan::nodes(cluster)?;
        let expected = Expected::of_cluster(cluster);
        let (version, images) = image_problems(&drafts, expected, container).await?;
        problems.extend(images);
        if let Some(root) = &status.app_root {
            problems.extend(host::check_room(root, drafts.len()).err());
        }

        let neighbours = host::neighbours(&networks);
        let networking = &cluster.networking;
        problems.extend(host::subnet_problems(
            &[
                ("podSubnet", networking.pod_subnet),
                ("serviceSubnet", networking.service_subnet),
                ("nodeSubnet", networking.node_subnet),
            ],
            &neighbours,
        ));
        let wanted = wanted_ports(cluster, &drafts);
        problems.extend(port_problems(&wanted, &inventory));
        Error::all(problems)?;

        let api_port = choose_port(cluster, &wanted, &inventory)?;
        Ok(Prepared {
            drafts,
            platform: host::platform(),
            api_port,
            version,
            files,
            turn,
        })
    }

    /// Refuses a name that is taken; removes what a killed creation or deletion of that name left.
    async fn clear_remains(
        &self,
        request: &CreateRequest,
        mut inventory: Inventory,
        container: &Container,
    ) -> Result<Inventory> {
        let cluster = &request.cluster;
        let name = &cluster.name;
        let dir = self.home.cluster(name);
        if dir.deletion_file().exists() && self.standing(name, &inventory)? == Standing::Incomplete
        {
            tracing::info!("finishing an interrupted deletion");
            let (file, op) = (request.kubeconfig.as_deref(), Operation::silent());
            self.delete_held(name, file, &inventory, container, &op)
                .await?;
            inventory = Inventory::read(container).await?;
        }
        let killed = dir.creation()?;
        let label = killed.as_ref().map(|creation| creation.id.as_str());
        let (remains, foreign): (Vec<&NodeContainer>, Vec<&NodeContainer>) = inventory
            .nodes(name)
            .iter()
            .partition(|node| label.is_some() && node.info.label(LABEL_CREATION) == label);
        if dir.spec_file().exists() && inventory.nodes(name).is_empty() {
            return Err(self.half(name));
        }
        if !foreign.is_empty() || dir.spec_file().exists() {
            return Err(Error::new(
                ErrorCode::ClusterExists,
                format!("there is a cluster \"{name}\" already"),
            )
            .hint(format!(
                "choose another name, or delete it: apple-k8s delete cluster {name}; to use it: apple-k8s export kubeconfig {name}"
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
        let Some(killed) = killed else {
            return Ok(inventory);
        };
        tracing::info!(
            nodes = ours.len(),
            "removing what an interrupted creation left"
        );
        let mut names: BTreeSet<String> = ours.into_iter().map(str::to_owned).collect();
        names.extend(under_way(&killed, &inventory));
        remove_containers(container, &Vec::from_iter(names)).await?;
        Inventory::read(container).await
    }

    /// Checks that every node image is there, is a node image, fits this machine, and that all
    /// hold the same Kubernetes: the one that is `expected`, when there is one. Gives its version.
    pub(crate) async fn check_images(
        &self,
        drafts: &[NodeDraft],
        expected: Option<Expected>,
        container: &Container,
    ) -> Result<String> {
        let (version, problems) = image_problems(drafts, expected, container).await?;
        Error::all(problems)?;
        Ok(version)
    }
}

/// The version that all node images hold, and what is wrong with them. Fails when the runtime can't
/// be asked.
async fn image_problems(
    drafts: &[NodeDraft],
    mut expected: Option<Expected>,
    container: &Container,
) -> Result<(String, Vec<Error>)> {
    let (mut seen, mut problems) = (BTreeSet::new(), Vec::new());
    for draft in drafts {
        if !seen.insert(&draft.image) {
            continue;
        }
        let version = match image_version(&draft.image, container).await {
            Ok(version) => version,
            Err(error) => match error.code {
                ErrorCode::ImageMissing
                | ErrorCode::ImageWrongPlatform
                | ErrorCode::ImageInvalid => {
                    problems.push(error);
                    continue;
                }
                _ => return Err(error),
            },
        };
        if let Some(expected) = &expected {
            problems.extend(expected.compare(draft, &version).err());
        } else {
            let whose = format!("node {} has", draft.plan.name);
            expected = Some(Expected { version, whose });
        }
    }
    let version = expected.map_or_else(String::new, |expected| expected.version);
    Ok((version, problems))
}

/// The Kubernetes version that a node image must hold.
pub(crate) struct Expected {
    version: String,
    /// Who says so, before the version.
    whose: String,
}

impl Expected {
    /// What the Cluster YAML says, if anything.
    pub(crate) fn of_cluster(cluster: &Cluster) -> Option<Self> {
        cluster.kubernetes_version.as_ref().map(|version| Self {
            version: version.to_string(),
            whose: "kubernetesVersion is".into(),
        })
    }

    /// What a cluster that runs has.
    pub(crate) fn of_running(version: String) -> Self {
        Self {
            version,
            whose: "the cluster runs".into(),
        }
    }

    fn compare(&self, draft: &NodeDraft, version: &str) -> Result<()> {
        if version == self.version {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::ConfigInvalid,
            format!(
                "node {}: image {} holds Kubernetes {version}, but {} {}",
                draft.plan.name, draft.image, self.whose, self.version
            ),
        )
        .hint("all nodes of a cluster have one version of Kubernetes: correct image or kubernetesVersion"))
    }
}

/// The Kubernetes version of a node image, which must be one and fit this machine.
async fn image_version(reference: &str, container: &Container) -> Result<String> {
    let (platform, architecture) = (host::platform(), host::architecture());
    let image = container.image_inspect(reference).await.map_err(|error| {
        let missing = matches!(error, container::Error::ImageNotFound { .. });
        let error = Error::from(error);
        match kinds_version(reference) {
            _ if !missing => error,
            Some(version) => of_kind(error, version),
            None => error.hint(how_to_build(reference)),
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
        (Some(CONTRACT), Some(version)) => Ok(version.to_owned()),
        (Some(other), _) if other != CONTRACT => Err(Error::new(
            ErrorCode::ImageInvalid,
            format!("node image {reference} is of another generation ({other}, not {CONTRACT})"),
        )
        .hint("build it anew: apple-k8s build node-image")),
        _ => {
            let message = format!("{reference} is not a node image");
            let error = Error::new(ErrorCode::ImageInvalid, message);
            Err(match kinds_version(reference) {
                Some(version) => of_kind(error, version),
                None => error.hint("build one: apple-k8s build node-image"),
            })
        }
    }
}

/// The tag of one of kind's published node images, `kindest/node:v1.37.1@sha256:…`.
fn kinds_version(reference: &str) -> Option<&str> {
    let name = reference.split('@').next()?;
    let (repository, tag) = name.rsplit_once(':').unwrap_or((name, ""));
    let path = repository.strip_suffix("kindest/node")?;
    (path.is_empty() || path.ends_with('/')).then_some(tag)
}

/// What to do about a node image of kind, which many files of kind name.
fn of_kind(error: Error, tag: &str) -> Error {
    let version = tag.parse::<spec::KubernetesVersion>();
    let version = version.map_or_else(
        |_| plan::DEFAULT_KUBERNETES_VERSION.to_owned(),
        |version| version.to_string(),
    );
    error.hint(format!(
        "nodes here are made from our own image, not from kind's: remove `image` from the nodes of the file, or write `image: {}` ({})",
        plan::node_image(&version),
        how_to_build(&plan::node_image(&version))
    ))
}

/// How to get a node image that is not there.
fn how_to_build(reference: &str) -> String {
    let ours = reference.strip_prefix(plan::NODE_IMAGE_NAME);
    let tag = ours.and_then(|rest| rest.strip_prefix(':'));
    if ours.is_none() {
        return format!(
            "get it: container image pull {reference}, or build it: apple-k8s build node-image --image {reference}"
        );
    }
    let version = tag.and_then(|tag| tag.parse::<spec::KubernetesVersion>().ok());
    match version {
        Some(version) if version.to_string() != plan::DEFAULT_KUBERNETES_VERSION => {
            format!("build it: apple-k8s build node-image --kubernetes-version {version}")
        }
        _ => "build it: apple-k8s build node-image".into(),
    }
}

pub(crate) fn check_mounts(drafts: &[NodeDraft]) -> Result<()> {
    Error::all(mount_problems(drafts))
}

fn mount_problems(drafts: &[NodeDraft]) -> Vec<Error> {
    let mounts = drafts.iter().flat_map(|draft| &draft.plan.extra_mounts);
    let missing: BTreeSet<&Path> = mounts
        .map(|mount| mount.host_path.as_path())
        .filter(|path| !path.exists())
        .collect();
    let problem = |path: &Path| {
        let message = format!("extraMounts: hostPath {} does not exist", path.display());
        Error::new(ErrorCode::MountSourceMissing, message)
            .hint("create it, or correct the path in the Cluster YAML")
    };
    missing.into_iter().map(problem).collect()
}

/// Checks ports that nodes ask for: no other container may need them, now or when it is started
/// again, and they must be free.
pub(crate) fn check_ports(wanted: &[HostPort], inventory: &Inventory) -> Result<()> {
    Error::all(port_problems(wanted, inventory))
}

fn port_problems(wanted: &[HostPort], inventory: &Inventory) -> Vec<Error> {
    let problem = |port: &HostPort| {
        let needs = |one: &&ContainerInfo| one.published.iter().any(|other| port.meets(other));
        let Some(holder) = inventory.all.iter().find(needs) else {
            return port.problem();
        };
        let (whose, other) = match holder.label(LABEL_CLUSTER) {
            Some(cluster) => (
                format!("cluster \"{cluster}\""),
                format!("delete that cluster: apple-k8s delete cluster {cluster}"),
            ),
            None => (
                format!("container {}", holder.id),
                format!("delete that container: container delete {}", holder.id),
            ),
        };
        let running = if holder.is_running() {
            ""
        } else {
            ", which is stopped"
        };
        let message = format!("{port} belongs to {whose}{running}");
        let error = Error::new(ErrorCode::PortInUse, message);
        Some(error.hint(format!("choose another port, or {other}")))
    };
    wanted.iter().filter_map(problem).collect()
}

/// The ports that a Cluster YAML names.
fn wanted_ports(cluster: &Cluster, drafts: &[NodeDraft]) -> Vec<HostPort> {
    let mut wanted: Vec<HostPort> = drafts.iter().flat_map(NodeDraft::host_ports).collect();
    wanted.extend(cluster.networking.api_server_port.map(|port| HostPort {
        address: IpAddr::V4(cluster.networking.api_server_address),
        port,
        udp: false,
    }));
    wanted
}

/// The port of the API: the one that is asked for, or one that nobody needs.
fn choose_port(cluster: &Cluster, wanted: &[HostPort], inventory: &Inventory) -> Result<ApiPort> {
    let address = IpAddr::V4(cluster.networking.api_server_address);
    if let Some(port) = cluster.networking.api_server_port {
        return Ok(ApiPort::asked(address, port));
    }
    // A stopped cluster's port is free now and needed again at its next start.
    let published = inventory
        .all
        .iter()
        .flat_map(|container| &container.published);
    let mut taken: BTreeSet<u16> = published.map(|port| port.host_port).collect();
    taken.extend(wanted.iter().map(|port| port.port));
    ApiPort::choose(address, taken)
}
