//! Images on nodes: loaded from archives or from the runtime's store into all nodes at once,
//! skipping nodes that have them.

use std::io::Read;
use std::path::PathBuf;

use container::{Container, ExecSpec, ImageInfo};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use ts_rs::TS;

use crate::archive::{Archive, normalise};
use crate::error::{Error, ErrorCode, Result};
use crate::host;
use crate::inventory::{Inventory, NodeContainer};
use crate::{Engine, Operation};

/// Bytes on the way from the archive to a node.
const PIPE: usize = 1 << 20;

/// What loading one image did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadedImage {
    /// The archive or image that was asked for.
    pub source: String,
    /// Names of the images in it.
    pub references: Vec<String>,
    /// Nodes that got it now.
    pub loaded: Vec<String>,
    /// Nodes that had it already.
    pub present: Vec<String>,
}

/// The images of one node.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeImages {
    /// The node.
    pub node: String,
    /// Its images.
    pub images: Vec<ImageOnNode>,
}

/// An image that a node has.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageOnNode {
    /// Digest of its configuration.
    pub id: String,
    /// Its names.
    #[serde(default)]
    pub repo_tags: Vec<String>,
    /// Size in bytes.
    #[serde(default, deserialize_with = "number_in_text")]
    pub size: u64,
    /// Whether it came with the node image and is never removed to gain space.
    #[serde(default)]
    pub pinned: bool,
}

impl Engine {
    /// Loads image archives into the named nodes, or all nodes. Every archive is checked before
    /// any node sees one.
    pub async fn load_archives(
        &self,
        name: &str,
        archives: &[PathBuf],
        nodes: &[String],
        op: &Operation,
    ) -> Result<Vec<LoadedImage>> {
        let _held = self.home.lock(name, "load image")?;
        let container = self.container.cancelled_by(op.cancel.clone());
        let chosen = self.running_nodes(name, nodes, &container).await?;
        let mut checked = Vec::new();
        for path in archives {
            let step = op.steps.begin("check-archive", None);
            let archive = open(path.clone()).await?;
            archive.check_architecture(host::architecture())?;
            step.done_with(path.display().to_string());
            checked.push((path.display().to_string(), archive));
        }
        let mut outcome = Vec::new();
        for (source, archive) in checked {
            let work = load_into_nodes(&container, &source, &archive, &chosen, op);
            outcome.push(op.unless_cancelled(work).await?);
        }
        Ok(outcome)
    }

    /// Loads images of the runtime's own store into the named nodes, or all nodes.
    pub async fn load_images(
        &self,
        name: &str,
        references: &[String],
        nodes: &[String],
        op: &Operation,
    ) -> Result<Vec<LoadedImage>> {
        let _held = self.home.lock(name, "load image")?;
        let container = self.container.cancelled_by(op.cancel.clone());
        let chosen = self.running_nodes(name, nodes, &container).await?;
        let platform = host::platform();
        for reference in references {
            let image = container.image_inspect(reference).await?;
            if image.variant(&platform).is_none() {
                return Err(foreign(reference, &image, &platform));
            }
        }
        let mut outcome = Vec::new();
        for reference in references {
            let step = op.steps.begin("save-image", None);
            let folder = tempfile::tempdir().map_err(|error| {
                Error::io("make a temporary folder in", &std::env::temp_dir(), &error)
            })?;
            let file = folder.path().join("image.tar");
            container.image_save(&[reference], &platform, &file).await?;
            step.done_with(reference);
            let archive = open(file).await?;
            let work = load_into_nodes(&container, reference, &archive, &chosen, op);
            outcome.push(op.unless_cancelled(work).await?);
        }
        Ok(outcome)
    }

    /// The images on every running node of a cluster.
    pub async fn images(&self, name: &str) -> Result<Vec<NodeImages>> {
        let nodes = self.running_nodes(name, &[], &self.container).await?;
        try_join_all(nodes.into_iter().map(async |node| {
            let images = images_of(&self.container, &node).await?;
            Ok(NodeImages { node, images })
        }))
        .await
    }

    async fn running_nodes(
        &self,
        name: &str,
        wanted: &[String],
        container: &Container,
    ) -> Result<Vec<String>> {
        container.ready().await?;
        let inventory = Inventory::read(container).await?;
        let nodes = self.own_nodes(name, &inventory)?;
        let known: Vec<&str> = nodes.iter().map(NodeContainer::name).collect();
        if let Some(unknown) = wanted.iter().find(|node| !known.contains(&node.as_str())) {
            return Err(Error::new(
                ErrorCode::Usage,
                format!("cluster \"{name}\" has no node \"{unknown}\""),
            )
            .hint(format!("its nodes are: {}", known.join(", "))));
        }
        let chosen: Vec<&NodeContainer> = nodes
            .iter()
            .filter(|node| wanted.is_empty() || wanted.iter().any(|one| one == node.name()))
            .collect();
        if let Some(stopped) = chosen.iter().find(|node| !node.info.is_running()) {
            return Err(Error::new(
                ErrorCode::ClusterStopped,
                format!("node {} is stopped", stopped.name()),
            )
            .hint(format!("start the cluster: apple-k8s start cluster {name}")));
        }
        Ok(chosen
            .into_iter()
            .map(|node| node.name().to_owned())
            .collect())
    }
}

/// The error of an image that no node of this machine could run.
fn foreign(reference: &str, image: &ImageInfo, platform: &str) -> Error {
    let there: Vec<String> = image
        .variants
        .iter()
        .map(|variant| format!("{}/{}", variant.platform.os, variant.platform.architecture))
        .collect();
    let there = if there.is_empty() {
        "no platform".to_owned()
    } else {
        there.join(", ")
    };
    Error::new(
        ErrorCode::ImageWrongPlatform,
        format!("image {reference} is for {there}, the nodes need {platform}"),
    )
    .hint(format!("build or pull it for {platform}"))
}

/// Opens and checks an archive; reading all of it takes a while.
async fn open(path: PathBuf) -> Result<Archive> {
    let opened = tokio::task::spawn_blocking(move || Archive::open(&path)).await;
    opened.map_err(|error| {
        Error::new(
            ErrorCode::Internal,
            format!("checking the archive failed: {error}"),
        )
    })?
}

async fn load_into_nodes(
    container: &Container,
    source: &str,
    archive: &Archive,
    nodes: &[String],
    op: &Operation,
) -> Result<LoadedImage> {
    let architecture = host::architecture();
    let outcome = try_join_all(nodes.iter().map(async |node| {
        let step = op.steps.begin("load", Some(node));
        let there = images_of(container, node).await?;
        if archive_is_there(archive, &there, architecture) {
            step.done_with("already there");
            return Ok::<_, Error>((node.clone(), false));
        }
        import(container, node, archive).await?;
        step.done();
        Ok((node.clone(), true))
    }))
    .await?;
    let of = |wanted: bool| {
        outcome
            .iter()
            .filter(|(_, loaded)| *loaded == wanted)
            .map(|(node, _)| node.clone())
            .collect()
    };
    Ok(LoadedImage {
        source: source.to_owned(),
        references: archive
            .images
            .iter()
            .filter_map(|image| image.reference.clone())
            .collect(),
        loaded: of(true),
        present: of(false),
    })
}

/// Whether a node has every image of the archive under its name already.
fn archive_is_there(archive: &Archive, there: &[ImageOnNode], architecture: &str) -> bool {
    archive.images.iter().all(|image| {
        let id = image
            .platforms
            .iter()
            .find(|(found, _)| found == architecture)
            .map(|(_, id)| id);
        let Some(reference) = &image.reference else {
            return false;
        };
        there.iter().any(|one| {
            Some(&one.id) == id && one.repo_tags.iter().any(|tag| normalise(tag) == *reference)
        })
    })
}

/// Streams an archive into a node's image store. One platform only, as an archive often holds
/// no more of a multi-platform image.
async fn import(container: &Container, node: &str, archive: &Archive) -> Result<()> {
    let mut reader = archive.reader()?;
    let (mut into, mut from) = tokio::io::duplex(PIPE);
    let (chunks, mut received) = tokio::sync::mpsc::channel::<std::io::Result<Vec<u8>>>(2);
    let unpack = tokio::task::spawn_blocking(move || {
        loop {
            let mut chunk = vec![0; PIPE];
            let read = reader.read(&mut chunk).map(|read| {
                chunk.truncate(read);
                chunk
            });
            let last = !matches!(&read, Ok(chunk) if !chunk.is_empty());
            if chunks.blocking_send(read).is_err() || last {
                return;
            }
        }
    });
    let feed = async {
        while let Some(chunk) = received.recv().await {
            let chunk = chunk.map_err(|error| Error::io("read", &archive.path, &error))?;
            if chunk.is_empty() || into.write_all(&chunk).await.is_err() {
                break;
            }
        }
        drop(into);
        Ok::<_, Error>(())
    };
    let spec = ExecSpec::new(
        "/usr/local/bin/ctr",
        [
            "--namespace=k8s.io",
            "images",
            "import",
            "--digests",
            "--snapshotter=overlayfs",
            "-",
        ],
    );
    let run = async {
        let output = container.exec_with_input(node, &spec, &mut from).await?;
        if output.success() {
            return Ok(());
        }
        let code = if output.stderr.contains("no space left") {
            ErrorCode::NoSpace
        } else {
            ErrorCode::ImageInvalid
        };
        Err(Error::new(code, format!("node {node} did not take the image")).detail(output.stderr))
    };
    let (sent, taken) = futures::join!(feed, run);
    // A panic of the unpacking thread shows as a short stream, which the import refuses.
    let _ = unpack.await;
    taken.and(sent)
}

async fn images_of(container: &Container, node: &str) -> Result<Vec<ImageOnNode>> {
    #[derive(Deserialize)]
    struct Answer {
        images: Vec<ImageOnNode>,
    }
    let spec = ExecSpec::new("/usr/local/bin/crictl", ["images", "--output", "json"]);
    let output = container.exec(node, &spec).await?.ok()?;
    let answer: Answer = serde_json::from_slice(&output.stdout).map_err(|error| {
        Error::new(
            ErrorCode::NodeFailed,
            format!("node {node} lists its images unreadably: {error}"),
        )
    })?;
    Ok(answer.images)
}

/// `crictl` writes numbers of 64 bits as text.
fn number_in_text<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Text(String),
        Plain(u64),
    }
    match Number::deserialize(from)? {
        Number::Plain(number) => Ok(number),
        Number::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crictl_is_read() {
        let text = r#"{"id":"sha256:aa","repoTags":["docker.io/library/web:1"],"size":"123","pinned":false,"uid":null}"#;
        let image: ImageOnNode = serde_json::from_str(text).expect("readable");
        assert_eq!((image.size, image.repo_tags.len()), (123, 1));
    }
}
