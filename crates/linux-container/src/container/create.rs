//! `create`, and the first half of `run`.

use std::collections::BTreeSet;
use std::fs;

use super::{Container, Record, boot_log, disk, log_file, netns_file, spec};
use crate::error::{Code, Context, Error, Result};
use crate::lock::Lock;
use crate::model::Configuration;
use crate::podman::Podman;
use crate::service_log;
use crate::store::Store;
use crate::world::World;

/// Creates a container. The caller keeps the lock until the container is in use or given up.
pub(crate) fn create(world: &World, record: &Record, lock: &Lock) -> Result<()> {
    let id = &record.configuration.id;
    let failed = |cause: Error| cause.wrapped(Code::Internal, "failed to create container");
    if Container::find(world, id)?.is_some() {
        let cause = Error::new(Code::Exists, format!("container already exists: {id}"));
        return Err(failed(cause));
    }
    let taken = taken_hostnames(world, &record.configuration)?;
    if !taken.is_empty() {
        let cause = Error::new(
            Code::Exists,
            format!("hostname(s) already exist: {taken:?}"),
        );
        return Err(failed(cause));
    }
    if Store::new(world).container(id)?.is_some() {
        // One whose record is lost.
        super::remove::discard(world, id, lock)?;
    }
    super::remove::clear(world, id, lock)?;
    prepare(world, record)?;
    let arguments = spec::arguments(world, record);
    if let Err(cause) = Podman::new(world).run_holding(lock, arguments) {
        super::remove::clear(world, id, lock)?;
        return Err(failed(cause));
    }
    let image = &record.configuration.image.reference;
    service_log::note(world, &format!("container {id}: created from {image}"));
    Ok(())
}

/// Hostnames of a new container that others have on their networks. They are made of names and DNS
/// domains, so two names can come to the same.
fn taken_hostnames(world: &World, config: &Configuration) -> Result<Vec<String>> {
    let all = Container::all(world)?;
    let networks = all.iter().flat_map(|c| &c.record.configuration.networks);
    let used: BTreeSet<&str> = networks.map(|n| n.options.hostname.as_str()).collect();
    let own = config.networks.iter().map(|n| &n.options.hostname);
    Ok(own
        .filter(|name| used.contains(name.as_str()))
        .cloned()
        .collect())
}

/// Everything that must be there before podman creates the container.
fn prepare(world: &World, record: &Record) -> Result<()> {
    let id = &record.configuration.id;
    let folder = world.container(id);
    fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
    if record.configuration.cap_add.iter().any(|c| c == "ALL") {
        let disk = disk(world, id);
        fs::create_dir_all(&disk).context(|| format!("cannot create {}", disk.display()))?;
    }
    // podman asks for the file at creation; a namespace is mounted on it at each start.
    super::files::touch(&netns_file(world, id))?;
    super::files::touch(&log_file(world, id))?;
    super::files::touch(&boot_log(world, id))?;
    record.write(world)
}
