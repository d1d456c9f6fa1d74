//! The image store of `container`, as podman sees it: both contestants boot from it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::contestant::node_names;
use super::session::{Session, undisturbed};

/// The node image that both boot.
pub(super) fn node_image() -> String {
    engine::node_image(engine::DEFAULT_KUBERNETES_VERSION)
}

/// The environment that makes podman use the image store of `container`.
pub(super) fn environment() -> Result<Vec<(String, String)>> {
    let said =
        undisturbed(Command::new("container").args(["system", "status", "--format", "json"]))?;
    let status: serde_json::Value = serde_json::from_str(&said)?;
    let root = status
        .pointer("/paths/appRoot")
        .or_else(|| status.pointer("/appRoot"))
        .and_then(serde_json::Value::as_str)
        .context("`container system status` names no app root")?;
    let podman = Path::new(root).join("podman");
    let file = |name: &str| -> Result<String> {
        let path = podman.join(name);
        ensure!(path.exists(), "{} is missing", path.display());
        Ok(path.to_string_lossy().into_owned())
    };
    Ok(vec![
        ("CONTAINERS_CONF".into(), file("containers.conf")?),
        ("CONTAINERS_STORAGE_CONF".into(), file("storage.conf")?),
        (
            "CONTAINERS_REGISTRIES_CONF".into(),
            file("registries.conf")?,
        ),
    ])
}

/// What identifies the content of the node image.
pub(super) fn image_id() -> Result<String> {
    let mut command = Command::new("podman");
    command.envs(environment()?);
    command.args(["image", "inspect", "--format", "{{.Id}}", &node_image()]);
    Ok(undisturbed(&mut command)?.trim().to_owned())
}

/// Process ids of the nodes' first processes, by a podman of the contestant.
pub(super) fn roots(session: &Session, mut podman: Command, nodes: usize) -> Result<Vec<u32>> {
    podman
        .envs(environment()?)
        .args(["container", "inspect", "--format", "{{.State.Pid}}"])
        .args(node_names(nodes));
    let said = session.output(&mut podman)?;
    said.lines()
        .map(|line| line.trim().parse().context("a process id"))
        .collect()
}
