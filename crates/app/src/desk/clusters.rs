//! Clusters: made, started, stopped, deleted; and the runtime underneath.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::{CreateRequest, Engine, Error, ErrorCode, Operation, Result};
use node_image::{Build, NodeImage, Progress};
use spec::Cluster;

use super::work::Order;
use super::{Desk, blocking, locked};
use crate::settings::Follow;
use crate::snapshot::OperationKind;
use crate::wire::{ContextChoice, CreateSource, DeletePreview};

/// How long a cluster gets to be of use after its nodes run.
const WAIT: Duration = Duration::from_mins(5);

impl Desk {
    /// Makes a cluster, and the node image first where it is missing.
    pub fn cluster_create(
        self: &Arc<Self>,
        source: &CreateSource,
        choice: ContextChoice,
    ) -> Result<u64> {
        let mut settings = self.settings();
        let cluster = match source {
            CreateSource::Default => {
                settings.new_cluster.name = self.free_name(&settings.new_cluster.name);
                settings.new_cluster.cluster()?
            }
            CreateSource::Text { text } => parse(text)?,
        };
        let draft = match source {
            CreateSource::Default => None,
            CreateSource::Text { text } => Some(text.clone()),
        };
        let name = cluster.name.clone();
        self.refuse_twice(&name)?;
        let set_context = is_followed(choice, settings.follow);
        self.remember_answer(choice)?;
        let request = CreateRequest {
            cluster,
            wait: Some(WAIT),
            retain: false,
            kubeconfig: self.kubeconfig(),
            set_context,
        };
        let order = Order::on(OperationKind::Create, &name);
        Ok(self.begin(order, move |desk, engine, op| async move {
            build_missing_image(&engine, &request.cluster, &op).await?;
            if set_context {
                desk.note_switch(&request.cluster.name);
            }
            let created = engine.create(request, &op).await?;
            if let Some(draft) = draft {
                desk.draft_used(None, &draft);
            }
            Ok(Some(format!(
                "“{}” is ready: Kubernetes {}.",
                created.name, created.kubernetes_version
            )))
        }))
    }

    /// A name, or the next one where a cluster of another home has it. Our own are not counted:
    /// asked twice for the same, one is made.
    pub(super) fn free_name(&self, name: &str) -> String {
        let taken = locked(&self.foreign);
        let next = (2..).map(|number| format!("{name}-{number}"));
        std::iter::once(name.to_owned())
            .chain(next)
            .find(|name| !taken.contains(name))
            .unwrap_or_else(|| name.to_owned())
    }

    /// The first creation asks which context kubectl shall use; the answer is the rule from then.
    fn remember_answer(&self, choice: ContextChoice) -> Result<()> {
        let mut settings = self.settings();
        if settings.follow_asked || choice == ContextChoice::AsRule {
            return Ok(());
        }
        settings.follow_asked = true;
        settings.follow = match choice {
            ContextChoice::Use => Follow::WhenCreated,
            ContextChoice::Keep | ContextChoice::AsRule => settings.follow,
        };
        self.settings_set(settings).map(drop)
    }

    /// Two creations of one name would fail late; the second is refused at once.
    fn refuse_twice(&self, name: &str) -> Result<()> {
        let creating = self.snapshot().operations.iter().any(|one| {
            one.kind == OperationKind::Create
                && !one.state.is_over()
                && one.cluster.as_deref() == Some(name)
        });
        if creating {
            return Err(Error::new(
                ErrorCode::ClusterBusy,
                format!("“{name}” is being created already"),
            )
            .hint("wait for it, or choose another name"));
        }
        Ok(())
    }

    /// Starts a cluster, or what does not run of it. Done on a running one, it heals.
    pub fn cluster_start(self: &Arc<Self>, name: &str) -> u64 {
        let order = Order::on(OperationKind::Start, name);
        let name = name.to_owned();
        self.begin(order, move |desk, engine, op| async move {
            Box::pin(engine.start(&name, Some(WAIT), &op)).await?;
            desk.follow_started(&name).await;
            Ok(Some(format!("“{name}” runs.")))
        })
    }

    /// Stops a cluster. It stays stopped.
    pub fn cluster_stop(self: &Arc<Self>, name: &str) -> u64 {
        let order = Order::on(OperationKind::Stop, name);
        let name = name.to_owned();
        self.begin(order, move |_, engine, op| async move {
            engine.stop(&name, &op).await?;
            Ok(Some(format!("“{name}” is stopped.")))
        })
    }

    /// Stops and starts a cluster.
    pub fn cluster_restart(self: &Arc<Self>, name: &str) -> u64 {
        let order = Order::on(OperationKind::Restart, name);
        let name = name.to_owned();
        self.begin(order, move |desk, engine, op| async move {
            Box::pin(engine.restart(&name, Some(WAIT), &op)).await?;
            desk.follow_started(&name).await;
            Ok(Some(format!("“{name}” runs again.")))
        })
    }

    /// Deletes a cluster. What waits to be done with it, or is done, is cancelled first.
    pub fn cluster_delete(self: &Arc<Self>, name: &str) -> u64 {
        for one in &self.snapshot().operations {
            if !one.state.is_over() && one.cluster.as_deref() == Some(name) && one.cancellable {
                // One that ends by itself meanwhile is as good.
                let _ = self.operation_cancel(one.id);
            }
        }
        let order = Order::on(OperationKind::Delete, name);
        let name = name.to_owned();
        let kubeconfig = self.kubeconfig();
        self.begin(order, move |desk, engine, op| async move {
            engine.delete(&name, kubeconfig.as_deref(), &op).await?;
            if let Err(error) = desk.draft_set(Some(&name), None) {
                tracing::warn!(%error, "the draft stays");
            }
            desk.forget_start(&name);
            Ok(Some(format!("“{name}” was deleted.")))
        })
    }

    /// A deleted cluster is not started with the app any more.
    fn forget_start(&self, name: &str) {
        let mut settings = self.settings();
        if settings.start_clusters.iter().any(|one| one == name) {
            settings.start_clusters.retain(|one| one != name);
            if let Err(error) = self.settings_set(settings) {
                tracing::warn!(%error, "the settings still name a deleted cluster");
            }
        }
    }

    /// What would be lost with a cluster. Pods and volumes are unknown when its API does not
    /// answer.
    pub async fn cluster_delete_preview(&self, name: &str) -> Result<DeletePreview> {
        let engine = self.engine()?;
        let nodes = engine.nodes(Some(name)).await;
        let nodes = match nodes {
            Ok(nodes) => nodes,
            // Its containers may be gone while its files are still there.
            Err(error) if error.code == ErrorCode::ClusterNotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let view = self.glance(&engine, name).await;
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let context = Engine::context_name(name);
        let explicit = self.kubeconfig();
        let kubeconfig = blocking(move || Ok(files_with(&context, explicit.as_deref()))).await?;
        Ok(DeletePreview {
            nodes: count(nodes.len()),
            pods: view
                .as_ref()
                .map(|view| count(view.pods.iter().filter(|pod| !pod.system).count())),
            volumes: view.as_ref().map(|view| count(view.volumes.len())),
            volume_bytes: view
                .as_ref()
                .map(|view| view.volumes.iter().filter_map(|volume| volume.bytes).sum()),
            kubeconfig,
        })
    }

    /// After a start at login: starts the clusters that the user wants to have then, as far as they
    /// are stopped.
    pub async fn start_chosen(self: &Arc<Self>) {
        let settings = self.settings();
        let chosen = settings.start_clusters;
        if chosen.is_empty() || !settings.start_at_login {
            return;
        }
        let mut snapshots = self.snapshots();
        let known = |snapshot: &Arc<crate::snapshot::Snapshot>| {
            snapshot.runtime.state != crate::snapshot::RuntimeState::Checking
        };
        if snapshots.wait_for(known).await.is_err() {
            return;
        }
        let snapshot = self.snapshot();
        if snapshot.runtime.state == crate::snapshot::RuntimeState::Stopped {
            self.runtime_start();
            let ready = |snapshot: &Arc<crate::snapshot::Snapshot>| {
                snapshot.runtime.state == crate::snapshot::RuntimeState::Ready
            };
            let waited = tokio::time::timeout(WAIT, snapshots.wait_for(ready)).await;
            if !matches!(waited, Ok(Ok(_))) {
                return;
            }
        }
        let snapshot = self.snapshot();
        let stopped = snapshot
            .clusters
            .iter()
            .filter(|one| one.state == crate::snapshot::ClusterState::Stopped);
        for cluster in stopped.filter(|one| chosen.contains(&one.name)) {
            self.cluster_start(&cluster.name);
        }
    }

    /// Starts the runtime's service.
    pub fn runtime_start(self: &Arc<Self>) -> u64 {
        let order = Order::on_runtime(OperationKind::Fix, "Starting the container service");
        self.begin(order, |_, engine, op| async move {
            engine.start_runtime(&op).await?;
            Ok(Some("The container service runs.".into()))
        })
    }

    /// Stops every cluster in order, then the runtime's service.
    pub fn runtime_stop(self: &Arc<Self>) -> u64 {
        let order = Order::on_runtime(OperationKind::Fix, "Stopping the container service");
        self.begin(order, |_, engine, op| async move {
            // A large future, and rarely needed.
            Box::pin(engine.stop_runtime(&op)).await?;
            Ok(Some("The container service is stopped.".into()))
        })
    }
}

/// Reads a Cluster YAML that comes from a window.
pub(super) fn parse(text: &str) -> Result<Cluster> {
    let parsed = Cluster::parse(text, "the configuration", &base_folder())
        .map_err(|errors| invalid(&errors))?;
    parsed
        .check_host_paths()
        .map_err(|errors| invalid(&errors))?;
    Ok(parsed.cluster)
}

/// Whether kubectl uses a new cluster from then on.
fn is_followed(choice: ContextChoice, rule: Follow) -> bool {
    match choice {
        ContextChoice::Use => true,
        ContextChoice::Keep => false,
        ContextChoice::AsRule => rule != Follow::Never,
    }
}

/// Relative paths in a text without a file start at the user's home.
pub(super) fn base_folder() -> PathBuf {
    std::env::home_dir().unwrap_or_else(|| PathBuf::from("/"))
}

pub(super) fn invalid(errors: &spec::ErrorList) -> Error {
    let first = errors.errors.first();
    let message = first.map_or_else(|| errors.to_string(), ToString::to_string);
    Error::new(ErrorCode::ConfigInvalid, message).detail(errors.to_string())
}

fn files_with(context: &str, explicit: Option<&Path>) -> Vec<String> {
    let Ok(files) = kubeconfig::Files::from_env(explicit) else {
        return Vec::new();
    };
    let has = |path: &&PathBuf| {
        kubeconfig::Files::from_env(Some(path))
            .and_then(|file| file.contexts())
            .is_ok_and(|contexts| contexts.iter().any(|one| one.name == context))
    };
    files
        .paths()
        .iter()
        .filter(has)
        .map(|path| path.display().to_string())
        .collect()
}

/// Builds a node image, unless it is up to date.
pub(super) async fn build_image(
    engine: &Engine,
    version: Option<&str>,
    op: &Operation,
) -> Result<()> {
    let image = NodeImage::new(version, None).map_err(unbuilt)?;
    let build = Build::new(engine.container()).cancelled_by(op.cancel.clone());
    let mut step = op.steps.begin("node-image", None);
    build
        .run(&image, |progress| {
            if let Progress::Step { name, text } = progress {
                let next = op.steps.begin(&name, None);
                next.progress(text);
                std::mem::replace(&mut step, next).done();
            }
        })
        .await
        .map_err(unbuilt)?;
    step.done();
    Ok(())
}

/// Builds the node image of a cluster when the runtime has none; other images are the user's.
async fn build_missing_image(engine: &Engine, cluster: &Cluster, op: &Operation) -> Result<()> {
    let version = cluster.kubernetes_version.as_ref().map_or_else(
        || engine::DEFAULT_KUBERNETES_VERSION.to_owned(),
        ToString::to_string,
    );
    let own = cluster.nodes.iter().all(|node| node.image.is_some());
    if own {
        return Ok(());
    }
    let container = engine.container().cancelled_by(op.cancel.clone());
    container.ready().await.map_err(Error::from)?;
    let reference = engine::node_image(&version);
    match container.image_inspect(&reference).await {
        Err(container::Error::ImageNotFound { .. }) => {}
        _ => return Ok(()),
    }
    build_image(engine, Some(&version), op).await
}

fn unbuilt(error: node_image::Error) -> Error {
    match error {
        node_image::Error::Container(error) => error.into(),
        error => Error::new(ErrorCode::ImageMissing, error.to_string())
            .hint("the log of this operation has the last lines of the build"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_before_the_rule() {
        let rules = [Follow::Never, Follow::WhenCreated, Follow::Always];
        for (choice, followed) in [
            (ContextChoice::AsRule, [false, true, true]),
            (ContextChoice::Use, [true; 3]),
            (ContextChoice::Keep, [false; 3]),
        ] {
            assert_eq!(rules.map(|rule| is_followed(choice, rule)), followed);
        }
    }
}
