//! Named volumes: folders of the app root in the place of Apple's disk images.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::container::Container;
use crate::error::{Code, Context, Error, Result};
use crate::lock::Lock;
use crate::model::{MountKind, Volume, VolumeConfiguration};
use crate::world::{World, write_atomic};

/// Capacity of a volume without `--size`, in bytes.
const CAPACITY: u64 = 512 << 30;

/// Where the contents of a volume are.
pub(crate) fn folder(world: &World, name: &str) -> PathBuf {
    world.volumes().join(name).join("volume")
}

pub(crate) fn all(world: &World) -> Vec<Volume> {
    let mut all: Vec<Volume> = fs::read_dir(world.volumes())
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| find(world, entry.file_name().to_str()?))
        .collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

pub(crate) fn find(world: &World, name: &str) -> Option<Volume> {
    let text = fs::read(world.volumes().join(name).join("entity.json")).ok()?;
    let configuration = serde_json::from_slice(&text).ok()?;
    Some(Volume {
        configuration,
        id: name.to_owned(),
    })
}

/// Creates a volume.
pub(crate) fn create(
    world: &World,
    name: &str,
    labels: BTreeMap<String, String>,
    options: BTreeMap<String, String>,
    size: Option<u64>,
) -> Result<Volume> {
    crate::parse::name::volume(name)?;
    let _lock = Lock::volumes(world)?;
    if find(world, name).is_some() {
        return Err(Error::new(
            Code::Exists,
            format!("volume '{name}' already exists"),
        ));
    }
    let contents = folder(world, name);
    // A new ext4 file system has this folder, and programs stumble over it.
    fs::create_dir_all(contents.join("lost+found"))
        .context(|| format!("cannot create {}", contents.display()))?;
    let configuration = VolumeConfiguration {
        creation_date: crate::model::now(),
        driver: "local".into(),
        format: "ext4".into(),
        labels,
        name: name.to_owned(),
        options,
        size_in_bytes: size.unwrap_or(CAPACITY),
        source: contents.to_string_lossy().into_owned(),
    };
    let text = serde_json::to_vec(&configuration).context(|| "cannot encode the volume".into())?;
    write_atomic(&world.volumes().join(name).join("entity.json"), &text)?;
    Ok(Volume {
        configuration,
        id: name.to_owned(),
    })
}

/// Removes a volume that no container is configured for.
pub(crate) fn remove(world: &World, name: &str) -> Result<()> {
    let _lock = Lock::volumes(world)?;
    if find(world, name).is_none() {
        return Err(Error::not_found(format!("volume '{name}' not found")));
    }
    if !users(world, name)?.is_empty() {
        return Err(in_use(name));
    }
    let folder = world.volumes().join(name);
    fs::remove_dir_all(&folder).context(|| format!("cannot remove {}", folder.display()))
}

/// Containers that are configured for a volume.
pub(crate) fn users(world: &World, name: &str) -> Result<Vec<Container>> {
    let uses = |c: &Container| {
        c.record.configuration.mounts.iter().any(
            |mount| matches!(&mount.kind, MountKind::Volume { name: used, .. } if used == name),
        )
    };
    Ok(Container::all(world)?.into_iter().filter(uses).collect())
}

/// A volume belongs to one running container at a time.
pub(crate) fn check_free(world: &World, name: &str, for_container: &str) -> Result<()> {
    if find(world, name).is_none() {
        return Err(Error::not_found(format!("volume '{name}' not found")));
    }
    let taken = users(world, name)?
        .iter()
        .any(|c| c.is_running() && c.id() != for_container);
    if taken { Err(in_use(name)) } else { Ok(()) }
}

fn in_use(name: &str) -> Error {
    Error::new(
        Code::InvalidState,
        format!(
            "volume '{name}' is currently in use and cannot be accessed by another container, or deleted"
        ),
    )
}
