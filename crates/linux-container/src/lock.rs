//! Locks between parallel calls. The kernel frees them when a process dies, however it dies.

use std::fs::{self, File};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::error::{Context, Result};
use crate::world::World;

/// A lock that is held as long as this value lives.
pub(crate) struct Lock(#[expect(dead_code, reason = "open file = held lock")] File);

impl Lock {
    /// Waits for the lock of a container.
    pub(crate) fn container(world: &World, id: &str) -> Result<Self> {
        Self::wait(&world.locks().join(format!("{id}.container")))
    }

    /// The lock of a container, unless another process has it.
    pub(crate) fn try_container(world: &World, id: &str) -> Option<Self> {
        let file = open(&world.locks().join(format!("{id}.container"))).ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Self(file))
    }

    /// Waits for the lock that guards networks and addresses.
    pub(crate) fn networks(world: &World) -> Result<Self> {
        Self::wait(&world.locks().join("networks"))
    }

    /// Waits for the lock that guards volumes.
    pub(crate) fn volumes(world: &World) -> Result<Self> {
        Self::wait(&world.locks().join("volumes"))
    }

    /// Waits for the lock of `system start` and `system stop`.
    pub(crate) fn service(world: &World) -> Result<Self> {
        Self::wait(&world.locks().join("service"))
    }

    /// Waits for the lock that all app roots of the host share.
    pub(crate) fn host() -> Result<Self> {
        Self::wait(&World::host_lock())
    }

    fn wait(path: &Path) -> Result<Self> {
        let file = open(path)?;
        flock(&file, FlockOperation::LockExclusive)
            .context(|| format!("cannot lock {}", path.display()))?;
        Ok(Self(file))
    }
}

fn open(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).context(|| format!("cannot create {}", folder.display()))?;
    }
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .context(|| format!("cannot open {}", path.display()))
}
