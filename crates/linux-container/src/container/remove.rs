//! `delete`, and the sweeping of what killed processes left.

use std::fs;

use super::{Container, attachments_file, netns_file};
use crate::error::{Code, Context, Error, Result};
use crate::lock::Lock;
use crate::podman::Podman;
use crate::service_log;
use crate::store::Store;
use crate::world::World;

/// Removes a container; a running one only by force.
pub(crate) fn remove(world: &World, id: &str, force: bool) -> Result<()> {
    let failed = |cause: Error| cause.wrapped(Code::Internal, "failed to delete container");
    let lock = Lock::container(world, id)?;
    super::start::settle(world, id);
    let Some(container) = Container::find(world, id)? else {
        clear(world, id, &lock)?;
        let cause = Error::not_found(format!("container with ID {id} not found"));
        return Err(failed(cause));
    };
    if container.is_running() && !force {
        let cause = Error::new(
            Code::InvalidState,
            format!("container {id} is running and can not be deleted"),
        );
        return Err(failed(cause));
    }
    super::stop::finish(world, &container);
    let discarded = discard(world, id, &lock).or_else(|_| {
        // A podman that was killed in a start may not have noted what it had mounted.
        super::files::unmount_below(&[&Store::new(world).folder(&container.stored.id)]);
        discard(world, id, &lock)
    });
    discarded.map_err(failed)?;
    service_log::note(world, &format!("container {id}: deleted"));
    clear(world, id, &lock)
}

/// Makes podman forget a container. By force, because one that podman was killed over is only in
/// its storage.
pub(super) fn discard(world: &World, id: &str, lock: &Lock) -> Result<()> {
    let args = [
        "rm",
        "--ignore",
        "--volumes=false",
        "--force",
        "--time",
        "0",
        id,
    ];
    Podman::new(world).run_holding(lock, args).map(drop)
}

/// Removes what belongs to an id that has no container (any more).
pub(crate) fn clear(world: &World, id: &str, _lock: &Lock) -> Result<()> {
    let netns = netns_file(world, id);
    super::files::unmount(&netns);
    let _ = fs::remove_file(&netns);
    crate::network::detach(world, id);
    let _ = fs::remove_file(attachments_file(world, id));
    let folder = world.container(id);
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Removes records of containers that are gone: `--rm` ones that ended, and what a killed process
/// left. Ids that another process is working on are skipped.
pub(crate) fn sweep(world: &World) -> Result<()> {
    Lock::sweep_containers(world);
    let Ok(entries) = fs::read_dir(world.containers()) else {
        return Ok(());
    };
    let names: Vec<String> = entries
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let known = Store::new(world).containers()?;
    for id in names.iter().filter(|name| !known.contains_key(*name)) {
        if let Some(lock) = Lock::try_container(world, id)
            && Store::new(world).container(id)?.is_none()
        {
            clear(world, id, &lock)?;
        }
    }
    Ok(())
}
