//! `start`, `stop`, `kill`, `delete`, `prune`, `list`, `inspect`, `clean`.

use std::time::Duration;

use super::{ended, for_each, inspected, print, several, show, show_list, warn};
use crate::cli::Matches;
use crate::container::{self, Attach, Container};
use crate::error::{Error, Outcome, Result};
use crate::lock::Lock;
use crate::model::{Snapshot, State};
use crate::output;
use crate::parse::signal;
use crate::store::Store;
use crate::world::World;

pub(super) fn start(world: &World, matches: &Matches) -> Outcome {
    let id = &matches.positional[0];
    let attached = matches.has("attach") || matches.has("interactive");
    let lock = Lock::container(world, id)?;
    let container = Container::get(world, id)?;
    if container.is_running() {
        if attached {
            return Err(Error::invalid(
                "attach is currently unsupported on already running containers",
            )
            .into());
        }
        print(id);
        return Ok(());
    }
    if attached {
        container::start(world, id, Attach::Later, &lock)?;
        drop(lock);
        return ended(container::attach(world, id, matches.has("interactive"))?);
    }
    container::start(world, id, Attach::Detached, &lock)?;
    print(id);
    Ok(())
}

fn running(world: &World) -> Result<Vec<String>> {
    let all = Container::all(world)?;
    Ok(all
        .iter()
        .filter(|c| c.is_running())
        .map(|c| c.id().to_owned())
        .collect())
}

pub(super) fn stop(world: &World, matches: &Matches) -> Outcome {
    let seconds: u64 = matches.number("time")?.unwrap_or(5);
    let signal = matches.value("signal").map(signal::number).transpose()?;
    let ids = several(matches, "container", || running(world))?;
    let outcome = for_each(&ids, |id| {
        container::stop(world, id, signal, Duration::from_secs(seconds))
    });
    container::sweep(world)?;
    outcome
}

pub(super) fn kill(world: &World, matches: &Matches) -> Outcome {
    let signal = signal::number(matches.value("signal").unwrap_or("KILL"))?;
    let ids = several(matches, "container", || running(world))?;
    for_each(&ids, |id| container::kill(world, id, signal))
}

pub(super) fn delete(world: &World, matches: &Matches) -> Outcome {
    let force = matches.has("force");
    let ids = several(matches, "container", || {
        let all = Container::all(world)?;
        let wanted = all.iter().filter(|c| force || !c.is_running());
        Ok(wanted.map(|c| c.id().to_owned()).collect())
    })?;
    let outcome = for_each(&ids, |id| container::remove(world, id, force));
    container::sweep(world)?;
    outcome
}

pub(super) fn prune(world: &World) -> Result<()> {
    let mut freed = 0;
    for container in Container::all(world)?.iter().filter(|c| !c.is_running()) {
        let id = container.id();
        let size = super::system::folder_size(&Store::new(world).upper(&container.stored));
        match container::remove(world, id, false) {
            Ok(()) => {
                freed += size;
                print(id);
            }
            Err(error) => warn(&format!("failed to prune container {id}: {error}")),
        }
    }
    container::sweep(world)?;
    warn(&format!("Reclaimed {} in disk space", output::size(freed)));
    Ok(())
}

pub(super) fn list(world: &World, matches: &Matches) -> Outcome {
    let snapshots: Vec<Snapshot> = Container::all(world)?
        .iter()
        .filter(|c| matches.has("all") || c.is_running())
        .map(|c| c.snapshot(world))
        .collect();
    let header = [
        "ID", "IMAGE", "OS", "ARCH", "STATE", "IP", "CPUS", "MEMORY", "STARTED",
    ];
    show_list(world, matches, &snapshots, &header, row, |s| s.id.clone())
}

fn row(snapshot: &Snapshot) -> Vec<String> {
    let config = &snapshot.configuration;
    let addresses: Vec<String> = snapshot
        .status
        .networks
        .iter()
        .map(|n| n.ipv4_address.to_string())
        .collect();
    vec![
        snapshot.id.clone(),
        crate::parse::reference::short(&config.image.reference, "docker.io").to_owned(),
        config.platform.os.clone(),
        config.platform.architecture.clone(),
        snapshot.status.state.word().to_owned(),
        addresses.join(","),
        config.resources.cpus.to_string(),
        format!("{} MB", config.resources.memory_in_bytes >> 20),
        match snapshot.status.state {
            State::Running | State::Stopping => {
                snapshot.status.started_date.clone().unwrap_or_default()
            }
            State::Stopped => String::new(),
        },
    ]
}

pub(super) fn inspect(world: &World, matches: &Matches) -> Result<()> {
    let all = Container::all(world)?;
    let find = |id: &str| all.iter().find(|c| c.id() == id).map(|c| c.snapshot(world));
    let found = inspected(&matches.positional, find, "container")?;
    show(world, &found)
}

/// Trimming is for disk images; a container here gives blocks back by itself.
pub(super) fn clean(world: &World, matches: &Matches) -> Result<()> {
    for id in &matches.positional {
        let container = Container::get(world, id)?;
        container.running()?;
        print(id);
    }
    Ok(())
}
