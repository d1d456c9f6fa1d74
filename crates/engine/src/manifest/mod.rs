//! Kubernetes manifests: what applying them would do, and applying them.
//!
//! Both go by server-side apply under one field manager, so that the server itself says what an
//! object would become.

mod apply;
mod read;
mod target;

use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};
use serde::Serialize;
use ts_rs::TS;

use crate::api;
use crate::error::{Error, ErrorCode, Result};
use crate::home::ClusterDir;
use crate::inventory::{self, Inventory};
use crate::lifecycle::incomplete;
use crate::{Engine, Operation};
use read::Manifest;
use target::Kinds;

/// Objects that are asked about at the same time.
const AT_ONCE: usize = 8;

/// A cluster that says nothing for so long is not asked further.
const PATIENCE: Duration = Duration::from_secs(10);

/// What applying manifests would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ManifestPreview {
    /// The objects, in the order of the text.
    pub objects: Vec<ManifestObject>,
    /// What is wrong with the text; as long as there is something, nothing can be applied.
    pub problems: Vec<ManifestProblem>,
}

/// An object of manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ManifestObject {
    /// Its kind.
    pub kind: String,
    /// Its API version.
    pub api_version: String,
    /// Its namespace; none for objects of the whole cluster, and where the kind is unknown.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The line on which it begins, from 1.
    pub line: u32,
    /// What applying does, or did, to it.
    pub change: ManifestChange,
    /// Why it can't be, or could not be, applied.
    pub problem: Option<String>,
    /// More to know: from whom fields are taken over, what has to come first.
    pub note: Option<String>,
}

/// What applying does to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ManifestChange {
    /// Makes it.
    New,
    /// Changes it.
    Changed,
    /// Nothing.
    Unchanged,
}

/// Something wrong with the text of manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ManifestProblem {
    /// Line, from 1; none when it is about the whole text.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "{line}:{column}: {}", self.message),
            (Some(line), None) => write!(f, "{line}: {}", self.message),
            _ => f.write_str(&self.message),
        }
    }
}

impl Engine {
    /// What applying manifests (YAML of any number of documents, or JSON) to a cluster would do,
    /// object by object. Nothing is changed: the server only rehearses.
    pub async fn preview_manifests(&self, name: &str, text: &str) -> Result<ManifestPreview> {
        let manifests = match read::read(text) {
            Ok(manifests) => manifests,
            Err(problems) => {
                return Ok(ManifestPreview {
                    objects: Vec::new(),
                    problems,
                });
            }
        };
        let client = self.client_of(name).await?;
        let kinds = Box::pin(Kinds::discover(&client, &manifests)).await?;
        // Boxed: of a future that borrows each in turn the compiler can't tell that it may move
        // between threads.
        let looks = manifests.iter().map(|one| kinds.preview(one).boxed());
        let looks: Vec<_> = looks.collect();
        let objects = stream::iter(looks).buffered(AT_ONCE).collect().await;
        Ok(ManifestPreview {
            objects,
            problems: Vec::new(),
        })
    }

    /// Applies manifests to a cluster: namespaces first, then definitions of kinds, then all else
    /// in the order of the text. An object that fails does not keep others from being applied;
    /// its problem says why.
    pub async fn apply_manifests(
        &self,
        name: &str,
        text: &str,
        op: &Operation,
    ) -> Result<Vec<ManifestObject>> {
        let manifests = read::read(text).map_err(|problems| unreadable(&problems))?;
        let work = async {
            let client = self.client_of(name).await?;
            apply::all(&client, manifests, op).await
        };
        op.unless_cancelled(Box::pin(work)).await
    }

    /// A client of a cluster whose control plane runs.
    async fn client_of(&self, name: &str) -> Result<kube::Client> {
        self.container.ready().await?;
        let inventory = Inventory::read(&self.container).await?;
        let nodes = self.complete_nodes(name, &inventory)?;
        let kubeconfig = ClusterDir::read(&self.home.cluster(name).kubeconfig_file())?
            .ok_or_else(|| incomplete(name))?;
        if !inventory::control_plane(nodes).is_some_and(|node| node.info.is_running()) {
            return Err(Error::new(
                ErrorCode::ClusterStopped,
                format!("cluster \"{name}\" is stopped"),
            )
            .hint(format!("apple-k8s start cluster {name}")));
        }
        api::client(&kubeconfig).await
    }
}

fn unreadable(problems: &[ManifestProblem]) -> Error {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Error::new(ErrorCode::ConfigInvalid, "the manifests can't be read").detail(lines.join("\n"))
}

/// The words of the cluster for why something failed.
fn reason(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        other => other.to_string(),
    }
}

impl ManifestObject {
    fn of(manifest: &Manifest) -> Self {
        Self {
            kind: manifest.kind.clone(),
            api_version: manifest.api_version.clone(),
            namespace: None,
            name: manifest.name.clone(),
            line: manifest.line,
            change: ManifestChange::New,
            problem: None,
            note: None,
        }
    }

    fn problem(mut self, problem: impl Into<String>) -> Self {
        self.problem = Some(problem.into());
        self
    }
}
