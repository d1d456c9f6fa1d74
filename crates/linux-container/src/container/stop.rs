//! `stop`, `kill`, and waiting until podman has cleaned up.

use std::path::PathBuf;
use std::time::Duration;

use super::{Container, netns_file};
use crate::error::{Code, Error, Result};
use crate::lock::Lock;
use crate::monitor::{self, Monitor};
use crate::publish;
use crate::service_log;
use crate::world::World;

const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// How long the kernel may take to end a killed container, and podman to clean up after it.
pub(super) const CLEAN_UP: Duration = Duration::from_secs(30);

/// Stops a container: signal, wait, kill. One that is stopped already is no error.
pub(crate) fn stop(world: &World, id: &str, signal: Option<i32>, grace: Duration) -> Result<()> {
    let failed = |cause: Error| cause.wrapped(Code::Internal, "failed to stop container");
    let _lock = Lock::container(world, id)?;
    super::start::settle(world, id);
    let Some(container) = Container::find(world, id)? else {
        let cause = Error::not_found(format!("container with ID {id} not found"));
        return Err(failed(cause));
    };
    if let Some(init) = &container.init {
        let _mark = Mark::set(world, id)?;
        let configured = container.record.configuration.stop_signal.as_deref();
        let configured = configured.and_then(|s| crate::parse::signal::number(s).ok());
        init.signal(signal.or(configured).unwrap_or(SIGTERM))
            .map_err(failed)?;
        init.wait(Some(grace));
    }
    finish(world, &container);
    if container.is_running() {
        service_log::note(world, &format!("container {id}: stopped"));
    }
    Ok(())
}

/// There while a stop waits for the end of a container.
struct Mark(PathBuf);

impl Mark {
    fn set(world: &World, id: &str) -> Result<Self> {
        let path = mark_file(world, id);
        super::files::touch(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn mark_file(world: &World, id: &str) -> PathBuf {
    world.run().join("stopping").join(id)
}

/// Whether a call is stopping a running container. One that was killed left its mark, but not its
/// lock.
pub(super) fn is_under_way(world: &World, id: &str) -> bool {
    let mark = mark_file(world, id);
    if !mark.exists() {
        return false;
    }
    let Some(_lock) = Lock::try_container(world, id) else {
        return true;
    };
    let _ = std::fs::remove_file(mark);
    false
}

/// Sends a signal; SIGKILL is waited for.
pub(crate) fn kill(world: &World, id: &str, signal: i32) -> Result<()> {
    let failed = |cause: Error| cause.wrapped(Code::Internal, "failed to kill container");
    let container = Container::find(world, id)?.ok_or_else(|| {
        failed(Error::not_found(format!(
            "container with ID {id} not found"
        )))
    })?;
    let init = container.running().map_err(failed)?;
    init.signal(signal).map_err(failed)?;
    service_log::note(world, &format!("container {id}: sent signal {signal}"));
    if signal == SIGKILL {
        init.wait(Some(CLEAN_UP));
        // Another call may have started it again before this one gets the lock.
        let _lock = Lock::container(world, id)?;
        if let Some(container) = Container::find(world, id)?.filter(|c| !c.is_running()) {
            finish(world, &container);
        }
    }
    Ok(())
}

/// Ends what is left of a run and waits until podman and the publisher have cleaned up.
pub(super) fn finish(world: &World, container: &Container) {
    let podman_id = &container.stored.id;
    let monitor = Monitor::find(world, podman_id);
    let publisher = publish::find(world, container.id());
    if let Some(init) = &container.init
        && !init.wait(Some(Duration::ZERO))
    {
        let _ = init.signal(SIGKILL);
        init.wait(Some(CLEAN_UP));
    }
    if container.is_running()
        && let Some(monitor) = monitor
    {
        monitor.wait(CLEAN_UP);
    }
    if monitor::is_left(world, podman_id) {
        monitor::end(podman_id, CLEAN_UP);
    }
    if let Some(publisher) = publisher {
        publisher.end();
    }
    super::files::unmount(&netns_file(world, container.id()));
    // Its addresses stay known until it is deleted: the next start gives others.
    crate::network::detach(world, container.id());
}
