//! From a Cluster YAML to a running cluster.
//!
//! Nodes boot together; the control plane initialises while workers prepare, and workers join
//! the moment it says so. Until the last step a creation is marked as under way, so that one
//! that was killed is told from a cluster and can be cleared away.

use std::path::PathBuf;
use std::time::Duration;

use container::Container;
use futures::future::try_join_all;
use kubeconfig::{CurrentContext, Entry};
use serde::Serialize;
use spec::{Cluster, Cni, KubeProxyMode, Role};
use tokio::sync::watch;

use crate::api::{self, Readiness};
use crate::error::{Error, ErrorCode, Result};
use crate::home::{ClusterDir, Creation};
use crate::host::{self, ApiPort};
use crate::inventory::{self, Inventory, NodeContainer};
use crate::limit::Limit;
use crate::lock::Work;
use crate::node::protocol::{JoinMaterial, Secret};
use crate::node::session::{Milestone, Session};
use crate::plan::{self, NodeDraft, Shared};
use crate::preflight::Prepared;
use crate::{Engine, Operation};

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
    /// Where published ports lead to nodes, as `127.0.0.1:8080 → demo-worker:80/tcp`.
    pub ports: Vec<String>,
    /// Version of Kubernetes.
    pub kubernetes_version: String,
}

impl Engine {
    /// Creates a cluster. On failure its nodes are removed (unless retained), their logs are kept
    /// in the folder that the error names, and no kubeconfig is touched.
    pub async fn create(&self, mut request: CreateRequest, op: &Operation) -> Result<Created> {
        let _held = self.home.lock(&request.cluster.name, Work::Create)?;
        let container = self.container.cancelled_by(op.cancel.clone());
        let step = op.steps.begin("preflight", None);
        let mut prepared = op
            .unless_cancelled(Box::pin(self.prepare(&mut request, &container)))
            .await?;
        let name = request.cluster.name.as_str();
        let dir = self.home.cluster(name);
        let creation = new_creation_id()?;
        dir.create()?;
        dir.begin_creation(&Creation {
            id: creation.clone(),
            nodes: prepared
                .drafts
                .iter()
                .map(|draft| draft.plan.name.clone())
                .collect(),
        })?;
        step.done();

        let made =
            op.unless_cancelled(self.make(&request, &mut prepared, &creation, &container, op));
        let known = match Box::pin(made).await {
            Ok(admin) => self.remember(&request, &prepared, &admin).map(|()| admin),
            Err(error) => Err(error),
        };
        match known {
            Ok(admin) => Self::give_access(&request, prepared, &admin),
            Err(error) => Err(self.abandon(&request, error, op).await),
        }
    }

    /// Runs all nodes and makes them one cluster. Gives the administrator's kubeconfig.
    async fn make(
        &self,
        request: &CreateRequest,
        prepared: &mut Prepared,
        creation: &str,
        container: &Container,
        op: &Operation,
    ) -> Result<Secret> {
        let cluster = &request.cluster;
        run_nodes(cluster, prepared, creation, container, op).await?;
        prepared.turn = None;

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

        let limit = request.wait.map(Limit::begin);
        let (joinable, may_join) = watch::channel(None);
        let (first, workers) = configs
            .split_first()
            .ok_or_else(|| Error::new(ErrorCode::Internal, "a cluster without nodes"))?;
        let control_plane = async {
            let mut session =
                Session::open_within(container, first, "init", limit, &op.steps).await?;
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
            Ok(admin)
        };
        let init = async {
            let late = "the control plane was not up";
            let admin = published(
                &Limit::bound(limit, late, control_plane).await?,
                &Self::context_name(&cluster.name),
                &server_of(nodes)?,
            )?;
            if let Some(limit) = limit {
                let client = api::client(&admin.render()).await?;
                api::wait_ready(&client, &readiness(cluster, nodes), &op.steps, limit).await?;
            }
            Ok(Secret(admin.render()))
        };
        let joins = try_join_all(workers.iter().map(async |config| {
            let mut session = Session::open(container, config, "join", &op.steps).await?;
            let mut may_join = may_join.clone();
            // Its progress, or its failure, comes while the control plane is being made.
            let material = tokio::select! {
                // The sender lives as long as `init`, whose failure ends this too.
                material = may_join.wait_for(Option::is_some) => material.ok().and_then(|m| m.clone()),
                ended = session.next() => return ended.map(drop),
            };
            session.send(&material).await?;
            while !matches!(session.next().await?, Milestone::Done { .. }) {}
            Ok::<_, Error>(())
        }));
        let joins = Limit::bound(limit, "workers did not join", joins);
        let (admin, _) = futures::try_join!(init, joins)?;
        Ok(admin)
    }

    /// Makes the cluster known: saved intent, own access. From here on it is one.
    fn remember(&self, request: &CreateRequest, prepared: &Prepared, admin: &Secret) -> Result<()> {
        let cluster = &request.cluster;
        let dir = self.home.cluster(&cluster.name);
        ClusterDir::write(&dir.kubeconfig_file(), &admin.0)?;
        dir.note_export(prepared.files.target())?;
        ClusterDir::write(&dir.spec_file(), &cluster.to_yaml())?;
        ClusterDir::remove(&dir.creation_file())
    }

    /// Adds the cluster to the user's kubeconfig. What fails here leaves a cluster that runs.
    fn give_access(request: &CreateRequest, prepared: Prepared, admin: &Secret) -> Result<Created> {
        let cluster = &request.cluster;
        let name = cluster.name.clone();
        let published = cluster.networking.api_server_address.into();
        let server = inventory::server(published, prepared.api_port.number());
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
            ports: prepared.drafts.iter().flat_map(NodeDraft::ports).collect(),
            kubernetes_version: prepared.version,
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
        let error = with_outcome(error.logs(logs), name, request.retain);
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

/// What to do next after a failed creation: its nodes were removed, or are there to be looked at.
fn with_outcome(error: Error, name: &str, retained: bool) -> Error {
    match error.code {
        ErrorCode::NodeFailed | ErrorCode::NotReady if retained => error.hint(format!(
            "its nodes are there to be looked at; remove them with: apple-k8s delete cluster {name}"
        )),
        ErrorCode::NotReady => error.hint(
            "its nodes were removed: wait longer with --wait, or keep them with --retain to look at them",
        ),
        _ => error,
    }
}

/// Runs all nodes at once, the control plane on a port that may have to be another one than the
/// one prepared.
async fn run_nodes(
    cluster: &Cluster,
    prepared: &mut Prepared,
    creation: &str,
    container: &Container,
    op: &Operation,
) -> Result<()> {
    let shared = Shared {
        cluster,
        platform: &prepared.platform,
        creation,
        api_port: prepared.api_port.number(),
        host_cpus: host::cpus(),
    };
    let (first, workers) = prepared
        .drafts
        .split_first()
        .ok_or_else(|| Error::new(ErrorCode::Internal, "a cluster without nodes"))?;
    let control_plane = async {
        let step = op.steps.begin("run", Some(&first.plan.name));
        let port = run_control_plane(first, &shared, &prepared.api_port, container).await?;
        step.done();
        Ok(port)
    };
    let workers = try_join_all(workers.iter().map(async |draft| {
        let step = op.steps.begin("run", Some(&draft.plan.name));
        let run = container.run(&draft.run_spec(&shared)).await;
        run.map_err(|error| Error::from(error).on_node(&draft.plan.name))?;
        step.done();
        Ok::<_, Error>(())
    }));
    let (port, _) = futures::try_join!(control_plane, workers)?;
    prepared.api_port = port;
    Ok(())
}

/// Runs the control plane. A port that was chosen, not asked for, can be lost to another program
/// or user before it is bound; the next free one is taken then. Gives the port it has.
async fn run_control_plane(
    draft: &NodeDraft,
    shared: &Shared<'_>,
    chosen: &ApiPort,
    container: &Container,
) -> Result<ApiPort> {
    let mut port = chosen.clone();
    loop {
        let shared = Shared {
            api_port: port.number(),
            ..*shared
        };
        let lost = match container.run(&draft.run_spec(&shared)).await {
            Ok(_) => return Ok(port),
            Err(lost @ container::Error::PortInUse { .. }) => lost,
            Err(error) => return Err(Error::from(error).on_node(&draft.plan.name)),
        };
        // One of the node's other ports may be the one; those are what they are.
        host::check_ports(&draft.host_ports().collect::<Vec<_>>())?;
        let Some(next) = port.next() else {
            return Err(lost.into());
        };
        tracing::info!(port = port.number(), "the API's port was taken meanwhile");
        port = next?;
    }
}

/// Ready means this for a cluster whose nodes run.
pub(crate) fn readiness(cluster: &Cluster, nodes: &[NodeContainer]) -> Readiness {
    let network = cluster.networking.cni != Cni::None;
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
        network,
        dns: network && cluster.networking.kube_proxy_mode != KubeProxyMode::None,
    }
}

/// Where the API is published on this machine.
pub(crate) fn server_of(nodes: &[NodeContainer]) -> Result<String> {
    inventory::control_plane(nodes)
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

/// Sixteen random letters and digits: names one creation.
pub(crate) fn new_creation_id() -> Result<String> {
    random_word(16)
}

/// A bootstrap token in kubeadm's form.
pub(crate) fn new_bootstrap_token() -> Result<Secret> {
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
    fn a_failed_creation_says_what_became_of_its_nodes() {
        let hint = |code, retained| {
            let error = Error::new(code, "failed").hint("look with `apple-k8s status`");
            with_outcome(error, "dev", retained).hint.expect("a hint")
        };
        let removed = hint(ErrorCode::NotReady, false);
        assert!(
            removed.contains("--retain") && removed.contains("--wait"),
            "{removed}"
        );
        for code in [ErrorCode::NotReady, ErrorCode::NodeFailed] {
            let kept = hint(code, true);
            assert!(kept.contains("delete cluster dev"), "{kept}");
        }
        assert!(
            hint(ErrorCode::PortInUse, true).contains("status"),
            "its own hint helps more"
        );
    }

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
