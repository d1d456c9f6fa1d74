//! What leaves a cluster: its kubeconfig and its logs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use container::{Container, ExecSpec, Log};
use futures::future::join_all;
use kubeconfig::{CurrentContext, Entry, Files};

use crate::error::{Error, Result};
use crate::home::ClusterDir;
use crate::inventory::{Inventory, NodeContainer};
use crate::lifecycle::incomplete;
use crate::lock::Work;
use crate::{Engine, Operation};

/// A node that does not answer must not keep a failed creation from ending.
const LOG_PATIENCE: Duration = Duration::from_secs(20);

/// What is asked of a running node: file, program, arguments.
const QUESTIONS: [(&str, &str, &[&str]); 7] = [
    ("journal.log", "/usr/bin/journalctl", &["--no-pager"]),
    (
        "kubelet.log",
        "/usr/bin/journalctl",
        &["--no-pager", "-u", "kubelet.service"],
    ),
    (
        "containerd.log",
        "/usr/bin/journalctl",
        &["--no-pager", "-u", "containerd.service"],
    ),
    ("images.log", "/usr/local/bin/crictl", &["images"]),
    ("containers.log", "/usr/local/bin/crictl", &["ps", "--all"]),
    ("network.log", "/usr/sbin/ip", &["address"]),
    (
        "pods.tar",
        "/usr/bin/tar",
        &["--create", "--dereference", "--directory=/var/log", "pods"],
    ),
];

impl Engine {
    /// A complete kubeconfig for a cluster, with its keys.
    pub async fn kubeconfig(&self, name: &str) -> Result<String> {
        Ok(self.access(name).await?.render())
    }

    /// Writes a cluster's entry to a kubeconfig file and gives that file.
    pub async fn export_kubeconfig(
        &self,
        name: &str,
        kubeconfig: Option<&Path>,
        set_context: bool,
    ) -> Result<PathBuf> {
        let _held = self.home.lock(name, Work::Export)?;
        let entry = self.access(name).await?;
        let files = Files::from_env(kubeconfig)?;
        // Noted first: a delete must find the entry even when this is killed in between.
        self.home.cluster(name).note_export(files.target())?;
        let current = if set_context {
            CurrentContext::Set
        } else {
            CurrentContext::Keep
        };
        Ok(files.add(&entry, current)?.file)
    }

    /// Writes the logs of all nodes to a folder, one folder a node, and gives the folder.
    /// A node that can't say something does not keep the others from doing so.
    pub async fn export_logs(&self, name: &str, folder: &Path, op: &Operation) -> Result<PathBuf> {
        let container = self.container.cancelled_by(op.cancel.clone());
        container.ready().await?;
        let inventory = Inventory::read(&container).await?;
        let nodes = self.own_nodes(name, &inventory)?;
        let work = join_all(nodes.iter().map(async |node| {
            let step = op.steps.begin("logs", Some(node.name()));
            logs_of(&container, node, &folder.join(node.name())).await?;
            step.done();
            Ok::<_, Error>(())
        }));
        op.unless_cancelled(async { work.await.into_iter().collect::<Result<Vec<()>>>() })
            .await?;
        Ok(folder.to_owned())
    }

    /// Keeps the logs of a failed creation; none when there is nothing to keep.
    pub(crate) async fn keep_logs(&self, name: &str) -> Option<PathBuf> {
        let inventory = Inventory::read(&self.container).await.ok()?;
        let nodes = inventory.nodes(name);
        if nodes.is_empty() {
            return None;
        }
        let folder = self.home.new_log_folder(name).ok()?;
        let kept = join_all(
            nodes
                .iter()
                .map(async |node| logs_of(&self.container, node, &folder.join(node.name())).await),
        )
        .await;
        for error in kept.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "some logs are lost");
        }
        Some(folder)
    }

    async fn access(&self, name: &str) -> Result<Entry> {
        self.container.ready().await?;
        let inventory = Inventory::read(&self.container).await?;
        let nodes = self.own_nodes(name, &inventory)?;
        let saved = ClusterDir::read(&self.home.cluster(name).kubeconfig_file())?;
        let saved = saved.ok_or_else(|| incomplete(name))?;
        let server = crate::create::server_of(nodes)?;
        Ok(Entry::from_admin(
            &saved,
            &Self::context_name(name),
            &server,
        )?)
    }
}

async fn logs_of(container: &Container, node: &NodeContainer, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Error::io("create the folder", folder, &error))?;
    let write = |file: &str, content: &[u8]| {
        let path = folder.join(file);
        fs::write(&path, content).map_err(|error| Error::io("write", &path, &error))
    };
    let container = container.with_limit(LOG_PATIENCE);
    let id = node.name();
    match container.logs(id, Log::Process, None).await {
        Ok(text) => write("serial.log", text.as_bytes())?,
        Err(error) => write("serial.log", error.to_string().as_bytes())?,
    }
    if !node.info.is_running() {
        return Ok(());
    }
    let answers = join_all(QUESTIONS.map(|(file, program, arguments)| {
        let container = &container;
        async move {
            let output = container
                .exec(id, &ExecSpec::new(program, arguments.iter().copied()))
                .await;
            (file, output)
        }
    }))
    .await;
    for (file, answer) in answers {
        match answer {
            Ok(output) => write(file, &output.stdout)?,
            Err(error) => write(file, error.to_string().as_bytes())?,
        }
    }
    Ok(())
}
