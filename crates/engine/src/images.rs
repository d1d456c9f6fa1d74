//! Images on nodes: loaded from archives or from the runtime's store into all nodes at once,
//! skipping nodes that have them.

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;

use container::{Container, ExecSpec, ImageInfo, Output};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWriteExt};
use ts_rs::TS;

use crate::archive::{Archive, normalise};
use crate::error::{Error, ErrorCode, Result};
use crate::host;
use crate::inventory::{Inventory, NodeContainer};
use crate::lock::Work;
use crate::step::{RunningStep, percent};
use crate::{Engine, Operation};

/// The client of a node's container runtime.
const CRICTL: &str = "/usr/local/bin/crictl";

/// containerd's own client.
const CTR: &str = "/usr/local/bin/ctr";

/// Names by digest that `ctr` makes up for what it takes in, instead of a registry's.
const IMPORTED: &str = "import-";

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
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageOnNode {
    /// Digest of its configuration.
    pub id: String,
    /// Its names.
    pub repo_tags: Vec<String>,
    /// Size in bytes.
    pub size: u64,
    /// Whether it came with the node image and is never removed to gain space.
    pub pinned: bool,
    /// What it runs on, as `linux/arm64`; none when the node does not say.
    pub platform: Option<String>,
}

/// An image as a node lists it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed {
    id: String,
    #[serde(default)]
    repo_tags: Vec<String>,
    #[serde(default)]
    repo_digests: Vec<String>,
    #[serde(default, deserialize_with = "number_in_text")]
    size: u64,
    #[serde(default)]
    pinned: bool,
}

impl Listed {
    /// Its names, when it came from an archive: no registry is known to have it.
    pub(crate) fn loaded(self) -> Vec<String> {
        let is_pulled = |digest: &String| !digest.starts_with(IMPORTED);
        if self.pinned || self.repo_digests.iter().any(is_pulled) {
            return Vec::new();
        }
        self.repo_tags
    }
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
        let _held = self.home.lock(name, Work::Load)?;
        let container = self.container.cancelled_by(op.cancel.clone());
        let chosen = self.running_nodes(name, nodes, &container).await?;
        let mut checked = Vec::new();
        for path in archives {
            let step = op.steps.begin("check-archive", None);
            let archive = op.unless_cancelled(open(path.clone())).await?;
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
        let _held = self.home.lock(name, Work::Load)?;
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
            let archive = op.unless_cancelled(open(file)).await?;
            let work = load_into_nodes(&container, reference, &archive, &chosen, op);
            outcome.push(op.unless_cancelled(work).await?);
        }
        Ok(outcome)
    }

    /// Gives an image that some nodes have to those that lack it, from node to node.
    pub async fn spread_image(
        &self,
        name: &str,
        reference: &str,
        op: &Operation,
    ) -> Result<LoadedImage> {
        let _held = self.home.lock(name, Work::Load)?;
        let container = self.container.cancelled_by(op.cancel.clone());
        let nodes = self.running_nodes(name, &[], &container).await?;
        let wanted = normalise(reference);
        let work = async {
            let has = try_join_all(nodes.iter().map(async |node| {
                let images = images_of(&container, node).await?;
                let mut names = images.iter().flat_map(|image| &image.repo_tags);
                Ok::<_, Error>(names.any(|name| normalise(name) == wanted))
            }));
            let has = has.await?;
            let which = |wanted: bool| {
                let nodes = nodes.iter().zip(&has);
                let nodes = nodes.filter(|(_, has)| **has == wanted);
                nodes.map(|(node, _)| node.clone()).collect::<Vec<String>>()
            };
            let (present, lacking) = (which(true), which(false));
            let Some(source) = present.first() else {
                let message = format!("no node of cluster \"{name}\" has {wanted}");
                return Err(Error::new(ErrorCode::ImageMissing, message)
                    .hint("load it from an archive, or from the images of `container`"));
            };
            try_join_all(lacking.iter().map(async |node| {
                let step = op.steps.begin("load", Some(node));
                hand_on(&container, source, node, std::slice::from_ref(&wanted)).await?;
                step.done_with(format!("from {source}"));
                Ok::<_, Error>(())
            }))
            .await?;
            Ok(LoadedImage {
                source: source.clone(),
                references: vec![wanted.clone()],
                loaded: lacking,
                present,
            })
        };
        op.unless_cancelled(work).await
    }

    /// The images on every running node of a cluster.
    pub async fn images(&self, name: &str) -> Result<Vec<NodeImages>> {
        let nodes = self.running_nodes(name, &[], &self.container).await?;
        try_join_all(nodes.into_iter().map(async |node| {
            let listed = images_of(&self.container, &node).await?;
            let mut platforms = platforms_of(&self.container, &node, &listed).await;
            let images = listed.into_iter().map(|image| ImageOnNode {
                platform: platforms.remove(&image.id),
                id: image.id,
                repo_tags: image.repo_tags,
                size: image.size,
                pinned: image.pinned,
            });
            Ok(NodeImages {
                images: images.collect(),
                node,
            })
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
        import(container, node, archive, &step).await?;
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
fn archive_is_there(archive: &Archive, there: &[Listed], architecture: &str) -> bool {
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
async fn import(
    container: &Container,
    node: &str,
    archive: &Archive,
    step: &RunningStep,
) -> Result<()> {
    let mut reader = archive.reader()?;
    let (mut into, from) = tokio::io::duplex(PIPE);
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
    let feed = async move {
        let (all, mut sent, mut told) = (archive.length(), 0, 0);
        while let Some(chunk) = received.recv().await {
            let chunk = chunk.map_err(|error| Error::io("read", &archive.path, &error))?;
            if chunk.is_empty() || into.write_all(&chunk).await.is_err() {
                break;
            }
            sent += chunk.len() as u64;
            let now = percent(sent, all);
            if now > told {
                told = now;
                step.counted(sent, all, format!("{} of {} Mi", sent >> 20, all >> 20));
            }
        }
        Ok::<_, Error>(())
    };
    // A node that refuses takes no more: the first failure ends both.
    let ended = futures::try_join!(feed, take_in(container, node, from));
    // A panic of the unpacking thread shows as a short stream, which the import refuses.
    let _ = unpack.await;
    ended.map(drop)
}

/// Has a node take the images of an uncompressed archive in.
async fn take_in(
    container: &Container,
    node: &str,
    mut archive: impl AsyncRead + Unpin + Send,
) -> Result<()> {
    let words = ["import", "--digests", "--snapshotter=overlayfs", "-"];
    let output = container
        .exec_with_input(node, &ctr(words), &mut archive)
        .await?;
    if output.success() {
        return Ok(());
    }
    let code = if output.stderr.contains("no space left") {
        ErrorCode::NoSpace
    } else {
        ErrorCode::ImageInvalid
    };
    Err(Error::new(code, format!("node {node} did not take the image")).detail(output.stderr))
}

/// Gives images that one node has to another, for the platform that both are.
pub(crate) async fn hand_on(
    container: &Container,
    from: &str,
    to: &str,
    names: &[String],
) -> Result<()> {
    let (mut into, out) = tokio::io::duplex(PIPE);
    // Through containerd's transfer service `ctr` may end before it has written all.
    let words = ["export", "--local", "-"].into_iter();
    let spec = ctr(words.chain(names.iter().map(String::as_str)));
    let give = async move {
        // The other end waits for more as long as this one is open.
        let given = container.exec_with_output(from, &spec, &mut into).await;
        Ok::<_, Error>(given?.ok()?)
    };
    futures::try_join!(give, take_in(container, to, out)).map(drop)
}

/// A call of `ctr images` for what Kubernetes sees.
fn ctr<'a>(words: impl IntoIterator<Item = &'a str>) -> ExecSpec {
    let fixed = ["--namespace=k8s.io", "images"];
    ExecSpec::new(CTR, fixed.into_iter().chain(words))
}

/// All images of a running node.
pub(crate) async fn images_of(container: &Container, node: &str) -> Result<Vec<Listed>> {
    #[derive(Deserialize)]
    struct Answer {
        images: Vec<Listed>,
    }
    let spec = ExecSpec::new(CRICTL, ["images", "--output", "json"]);
    let output = container.exec(node, &spec).await?.ok()?;
    let answer: Answer = serde_json::from_slice(&output.stdout).map_err(|error| {
        Error::new(
            ErrorCode::NodeFailed,
            format!("node {node} lists its images unreadably: {error}"),
        )
    })?;
    Ok(answer.images)
}

/// The platform of each image by its id. What a node does not tell is left out: an image may go
/// while it is asked about.
async fn platforms_of(
    container: &Container,
    node: &str,
    images: &[Listed],
) -> HashMap<String, String> {
    if images.is_empty() {
        return HashMap::new();
    }
    let words = ["inspecti", "--output", "json"].into_iter();
    let ids = images.iter().map(|image| image.id.as_str());
    let spec = ExecSpec::new(CRICTL, words.chain(ids));
    let told = match container.exec(node, &spec).await.and_then(Output::ok) {
        Ok(output) => output.stdout,
        Err(error) => {
            tracing::debug!(node, %error, "it does not tell the platforms of its images");
            return HashMap::new();
        }
    };
    platforms(&told)
}

/// What `crictl inspecti` says of images: an object for one, a list for several.
fn platforms(told: &[u8]) -> HashMap<String, String> {
    let answers = serde_json::Deserializer::from_slice(told).into_iter::<Value>();
    let mut platforms = HashMap::new();
    for answer in answers.map_while(std::result::Result::ok) {
        let images = match answer {
            Value::Array(images) => images,
            one => vec![one],
        };
        for image in images {
            let spec = &image["info"]["imageSpec"];
            let word = |value: &Value| value.as_str().map(str::to_owned);
            if let Some(id) = word(&image["status"]["id"])
                && let Some(os) = word(&spec["os"])
                && let Some(architecture) = word(&spec["architecture"])
            {
                platforms.insert(id, format!("{os}/{architecture}"));
            }
        }
    }
    platforms
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
    use serde_json::json;

    #[test]
    fn crictl_is_read() {
        let text = r#"{"id":"sha256:aa","repoTags":["docker.io/library/web:1"],"size":"123","pinned":false,"uid":null}"#;
        let image: Listed = serde_json::from_str(text).expect("readable");
        assert_eq!((image.size, image.repo_tags.len()), (123, 1));
    }

    #[test]
    fn images_from_archives_are_told_from_pulled_ones_and_our_own() {
        let loaded = |digests: Value, pinned: bool| {
            let image = json!({"id": "sha256:aa", "repoTags": ["docker.io/library/web:1"],
                "repoDigests": digests, "pinned": pinned});
            let image: Listed = serde_json::from_value(image).expect("readable");
            !image.loaded().is_empty()
        };
        assert!(loaded(json!(["import-2026-01-01@sha256:00"]), false));
        assert!(loaded(json!([]), false));
        assert!(!loaded(json!(["docker.io/library/web@sha256:00"]), false));
        assert!(!loaded(json!([]), true), "it came with the node");
    }

    #[test]
    fn platforms_are_read_of_one_image_and_of_several() {
        let image = |id: &str, architecture: &str| {
            json!({"status": {"id": id}, "info": {"chainID": "x",
                "imageSpec": {"os": "linux", "architecture": architecture}}})
        };
        let one = image("sha256:aa", "arm64").to_string();
        assert_eq!(platforms(one.as_bytes())["sha256:aa"], "linux/arm64");
        let several = json!([
            image("sha256:aa", "arm64"),
            image("sha256:bb", "amd64"),
            {"status": {"id": "sha256:cc"}, "info": {}}
        ]);
        let found = platforms(several.to_string().as_bytes());
        assert_eq!(found["sha256:bb"], "linux/amd64");
        assert_eq!(found.len(), 2, "unknown is not guessed: {found:?}");
        assert!(platforms(b"no such image").is_empty());
    }
}
