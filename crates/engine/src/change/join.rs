//! New workers for a running cluster: booted, connected, joined.

use futures::FutureExt;
use futures::future::{join_all, try_join_all};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret as SecretObject;
use kube::api::{DeleteParams, PostParams};
use kube::config::Kubeconfig;
use kube::{Api, Client};
use serde_json::json;

use super::carry_out::Site;
use super::images::Loaded;
use super::leave::forget;
use super::remains::containers_of;
use crate::api;
use crate::create::{new_bootstrap_token, new_creation_id, readiness};
use crate::delete::remove_containers;
use crate::error::{Error, ErrorCode, Result};
use crate::home::{ClusterDir, Creation};
use crate::host;
use crate::inventory::{Inventory, NodeContainer};
use crate::lifecycle::tell_peers;
use crate::limit::Limit;
use crate::node::protocol::{JoinMaterial, Secret};
use crate::node::session::{Milestone, Session};
use crate::plan::{self, NodeDraft, Shared};

/// The group of kubeadm's bootstrap tokens, to which kubeadm gave what a joining node needs.
const JOINING: &str = "system:bootstrappers:kubeadm:default-node-token";

/// How long a token is good for, should this program be killed before it removes it.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(15);

impl Site<'_> {
    /// Makes workers part of the cluster, all at once. When that fails none of them is left. Gives
    /// the images that they lack.
    pub(super) async fn add(&mut self, names: &[String], images: &Loaded) -> Result<Vec<String>> {
        let drafts: Vec<NodeDraft> = self
            .drafts
            .iter()
            .filter(|draft| names.contains(&draft.plan.name))
            .cloned()
            .collect();
        let change = Creation {
            id: new_creation_id()?,
            nodes: names.to_vec(),
        };
        self.dir.begin_change(&change)?;
        let made = self
            .op
            .unless_cancelled(self.make(&drafts, &change.id, images))
            .await;
        match made {
            Ok(lacking) => Ok(lacking),
            Err(error) => Err(self.abandon(&change, error).await),
        }
    }

    /// The nodes are part of the cluster: what is remembered of it says so.
    pub(super) fn added(&mut self, names: &[String]) -> Result<()> {
        for name in names {
            self.truth.made(name);
        }
        self.truth.save(&self.dir)?;
        ClusterDir::remove(&self.dir.change_file())
    }

    async fn make(
        &self,
        drafts: &[NodeDraft],
        creation: &str,
        images: &Loaded,
    ) -> Result<Vec<String>> {
        let shared = Shared {
            cluster: self.wanted,
            platform: &host::platform(),
            creation,
            // Only a control plane publishes one.
            api_port: 0,
            host_cpus: host::cpus(),
        };
        try_join_all(drafts.iter().map(async |draft| {
            // Kubernetes may know a node of this name from an earlier life.
            forget(&self.client, &draft.plan.name).await?;
            let step = self.op.steps.begin("run", Some(&draft.plan.name));
            self.container.run(&draft.run_spec(&shared)).await?;
            step.done();
            Ok::<_, Error>(())
        }))
        .await?;
        let token = Token::create(&self.client).await?;
        let joined = self.join(drafts, &token).await;
        token.remove(&self.client).await;
        joined?;
        let given: Vec<_> = drafts
            .iter()
            .map(|draft| self.give_images(&draft.plan.name, images))
            .collect();
        Ok(join_all(given).await.concat())
    }

    /// Lets nodes that run join, and waits until they are of use.
    async fn join(&self, drafts: &[NodeDraft], token: &Token) -> Result<()> {
        let is_new = |name: &str| drafts.iter().any(|draft| draft.plan.name == name);
        let inventory = Inventory::read(&self.container).await?;
        let mut nodes = inventory.existing(&self.wanted.name)?.to_vec();
        nodes.retain(|node| node.info.is_running() || is_new(node.name()));
        let control_plane = crate::inventory::control_plane(&nodes).map(|node| node.address);
        let mut configs = plan::node_configs(self.wanted, &nodes)?;
        for config in &mut configs {
            let draft = drafts.iter().find(|draft| draft.plan.name == config.node);
            config.kubernetes = draft
                .zip(control_plane)
                .map(|(draft, address)| draft.kubernetes(self.wanted, address, None));
        }
        let (new, old): (Vec<_>, Vec<_>) =
            configs.into_iter().partition(|config| is_new(&config.node));
        let material = JoinMaterial {
            ca_cert: authority(&self.kubeconfig)?,
            bootstrap_token: token.0.clone(),
        };
        // A node that joins must be reached by those that are there.
        let told = tell_peers(&self.container, old.iter(), self.op)
            .boxed()
            .shared();
        let limit = self.wait.map(Limit::begin);
        let joins = try_join_all(new.iter().map(async |config| {
            let mut session =
                Session::open(&self.container, config, "join", &self.op.steps).await?;
            tokio::select! {
                told = told.clone() => told?,
                ended = session.next() => return ended.map(drop),
            }
            session.send(&material).await?;
            while !matches!(session.next().await?, Milestone::Done { .. }) {}
            Ok::<_, Error>(())
        }));
        Limit::bound(limit, "workers did not join", joins).await?;
        let Some(limit) = limit else {
            return Ok(());
        };
        nodes.retain(|node| is_new(node.name()));
        let want = readiness(self.wanted, &nodes);
        api::wait_nodes(&self.client, &want, &self.op.steps, limit).await
    }

    /// Keeps the evidence of nodes that could not be added, and removes them.
    async fn abandon(&self, change: &Creation, error: Error) -> Error {
        let logs = if error.code == ErrorCode::Cancelled {
            None
        } else {
            let step = self.op.steps.begin("collect-logs", None);
            let kept = self.engine.keep_logs(&self.wanted.name).await;
            step.done();
            kept
        };
        let error = error.logs(logs);
        let step = self.op.steps.begin("clean-up", None);
        match self.clear(change).await {
            Ok(()) => {
                step.done();
                error
            }
            Err(left) => {
                tracing::warn!(%left, "clean-up failed");
                error.hint("some nodes are left; apply the Cluster YAML again to remove them")
            }
        }
    }

    /// Removes nodes that never came to belong to the cluster, and all traces of them.
    pub(super) async fn clear(&self, change: &Creation) -> Result<()> {
        let inventory = Inventory::read(&self.engine.container).await?;
        let containers = containers_of(change, &inventory);
        remove_containers(&self.engine.container, &containers).await?;
        for name in &change.nodes {
            forget(&self.client, name).await?;
        }
        self.reconnect().await?;
        ClusterDir::remove(&self.dir.change_file())
    }

    /// Tells all nodes who their peers are now.
    pub(super) async fn reconnect(&self) -> Result<()> {
        let inventory = Inventory::read(&self.engine.container).await?;
        let mut nodes = inventory.nodes(&self.wanted.name).to_vec();
        nodes.retain(|node| node.info.is_running());
        let configs = plan::node_configs(self.wanted, &nodes)?;
        tell_peers(&self.engine.container, configs.iter(), self.op).await
    }

    /// Whether a node's container runs.
    pub(super) async fn runs(&self, node: &str) -> Result<bool> {
        let inventory = Inventory::read(&self.container).await?;
        let mut nodes = inventory.nodes(&self.wanted.name).iter();
        let found = nodes.find(|one: &&NodeContainer| one.name() == node);
        Ok(found.is_some_and(|node| node.info.is_running()))
    }
}

/// A bootstrap token of this change alone.
struct Token(Secret);

impl Token {
    async fn create(client: &Client) -> Result<Self> {
        let Secret(token) = new_bootstrap_token()?;
        let (id, secret) = token.split_once('.').unwrap_or_default();
        let expires = Timestamp::now() + TOKEN_LIFE;
        let object: SecretObject = serde_json::from_value(json!({
            "metadata": {"name": Self::object_name(&token)},
            "type": "bootstrap.kubernetes.io/token",
            "stringData": {
                "description": "workers that are added to the cluster",
                "token-id": id, "token-secret": secret,
                "expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "usage-bootstrap-authentication": "true",
                "auth-extra-groups": JOINING,
            },
        }))
        .map_err(|error| refused(&error.to_string()))?;
        let secrets = Api::namespaced(client.clone(), "kube-system");
        let created = secrets.create(&PostParams::default(), &object).await;
        created.map_err(|error| refused(&error.to_string()))?;
        Ok(Self(Secret(token)))
    }

    /// Removes it; should that fail, it is good for a few minutes only.
    async fn remove(&self, client: &Client) {
        let secrets = Api::<SecretObject>::namespaced(client.clone(), "kube-system");
        let name = Self::object_name(&self.0.0);
        if let Err(error) = secrets.delete(&name, &DeleteParams::default()).await {
            tracing::warn!(%error, "a bootstrap token stays until it expires");
        }
    }

    fn object_name(token: &str) -> String {
        let id = token.split('.').next().unwrap_or_default();
        format!("bootstrap-token-{id}")
    }
}

fn refused(reason: &str) -> Error {
    Error::new(
        ErrorCode::Internal,
        format!("the cluster gave no token for joining nodes: {reason}"),
    )
}

/// The certificate authority that the saved access trusts, as PEM.
fn authority(kubeconfig: &str) -> Result<String> {
    use base64::Engine as _;
    let unusable = || {
        Error::new(
            ErrorCode::Internal,
            "the saved access to the cluster names no certificate authority",
        )
        .hint("delete the cluster and create it again")
    };
    let parsed = Kubeconfig::from_yaml(kubeconfig).map_err(|_| unusable())?;
    let cluster = parsed.clusters.into_iter().find_map(|named| named.cluster);
    let data = cluster.and_then(|cluster| cluster.certificate_authority_data);
    let pem = base64::engine::general_purpose::STANDARD.decode(data.ok_or_else(unusable)?);
    String::from_utf8(pem.map_err(|_| unusable())?).map_err(|_| unusable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_comes_from_the_saved_access() {
        let text = "apiVersion: v1\nkind: Config\nclusters:\n- name: k\n  cluster:\n    server: https://127.0.0.1:1\n    certificate-authority-data: UEVN\n";
        assert_eq!(authority(text).expect("there"), "PEM");
        let error = authority("apiVersion: v1\nkind: Config\n").expect_err("none");
        assert!(error.message.contains("certificate authority"), "{error}");
    }

    #[test]
    fn a_token_is_named_as_kubernetes_wants() {
        assert_eq!(
            Token::object_name("abcdef.0123456789abcdef"),
            "bootstrap-token-abcdef"
        );
    }
}
