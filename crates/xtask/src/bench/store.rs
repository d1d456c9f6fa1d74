//! The image store of `container`, as podman sees it: both contestants boot from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::contestant::node_names;
use super::session::{Session, undisturbed};

/// Where a podman has its settings.
pub(super) type Environment = Vec<(&'static str, PathBuf)>;

/// The node image that both boot, named so that podman takes no other of that name.
pub(super) fn node_image() -> String {
    let image = engine::node_image(engine::DEFAULT_KUBERNETES_VERSION);
    if image.contains('/') {
        image
    } else {
        format!("docker.io/library/{image}")
    }
}

/// The folder of podman's files below that of `container`.
fn folder() -> Result<PathBuf> {
    Ok(app_root()?.join("podman"))
}

/// Where `container` keeps everything.
pub(super) fn app_root() -> Result<PathBuf> {
    let said =
        undisturbed(Command::new("container").args(["system", "status", "--format", "json"]))?;
    let status: serde_json::Value = serde_json::from_str(&said)?;
    let root = status
        .pointer("/paths/appRoot")
        .or_else(|| status.pointer("/appRoot"))
        .and_then(serde_json::Value::as_str)
        .context("`container system status` names no app root")?;
    Ok(root.into())
}

fn environment(folder: &Path, registries: &Path) -> Environment {
    vec![
        ("CONTAINERS_CONF", folder.join("containers.conf")),
        ("CONTAINERS_STORAGE_CONF", folder.join("storage.conf")),
        (
            "CONTAINERS_REGISTRIES_CONF",
            registries.join("registries.conf"),
        ),
    ]
}

/// The environment in which podman is that of `container`.
pub(super) fn own() -> Result<Environment> {
    let folder = folder()?;
    Ok(environment(&folder, &folder))
}

/// The environment of another podman with the same settings and the same images, which keeps
/// everything else in `own`; what need not outlive a process goes to `own`/run.
pub(super) fn beside(own: &Path) -> Result<Environment> {
    let original = folder()?;
    let read = |name: &str| -> Result<Table> {
        let file = original.join(name);
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Ok(text.parse()?)
    };
    let mut settings = read("containers.conf")?;
    let mut storage = read("storage.conf")?;
    let images = storage
        .get("storage")
        .and_then(|storage| storage.get("graphroot"))
        .context("storage.conf names no graphroot")?
        .clone();
    let places = [
        (&mut settings, "engine", "static_dir", "storage/libpod"),
        (&mut storage, "storage", "graphroot", "storage"),
    ];
    for (file, section, key, place) in places {
        set(file, section, key, path(own, place));
    }
    for (section, key, place) in [
        ("engine", "tmp_dir", "run/libpod"),
        ("engine", "volume_path", "volumes"),
        ("engine", "image_copy_tmp_dir", "tmp"),
        ("network", "network_config_dir", "networks"),
    ] {
        set(&mut settings, section, key, path(own, place));
    }
    set(&mut storage, "storage", "runroot", path(own, "run/storage"));
    let options = Table::from_iter([(
        "additionalimagestores".to_owned(),
        Value::Array(vec![images]),
    )]);
    set(&mut storage, "storage", "options", Value::Table(options));
    fs::create_dir_all(own.join("tmp"))?;
    fs::write(own.join("containers.conf"), settings.to_string())?;
    fs::write(own.join("storage.conf"), storage.to_string())?;
    Ok(environment(own, &original))
}

fn path(folder: &Path, name: &str) -> Value {
    Value::String(folder.join(name).to_string_lossy().into_owned())
}

fn set(file: &mut Table, section: &str, key: &str, value: Value) {
    let section = file
        .entry(section)
        .or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = section {
        section.insert(key.to_owned(), value);
    }
}

/// What identifies the content of the node image.
pub(super) fn image_id() -> Result<String> {
    let mut command = Command::new("podman");
    command.envs(own()?);
    command.args(["image", "inspect", "--format", "{{.Id}}", &node_image()]);
    Ok(undisturbed(&mut command)?.trim().to_owned())
}

/// Process ids of the nodes' first processes, as this podman numbers them.
pub(super) fn roots(session: &Session, mut podman: Command, nodes: usize) -> Result<Vec<u32>> {
    podman
        .args(["container", "inspect", "--format", "{{.State.Pid}}"])
        .args(node_names(nodes));
    let said = session.output(&mut podman)?;
    said.lines()
        .map(|line| line.trim().parse().context("a process id"))
        .collect()
}
