//! Locks between parallel calls. The kernel frees them when a process dies, however it dies.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::fs::{FlockOperation, flock};

use crate::error::{Context, Result};
use crate::world::World;

/// What the file of a container's lock ends with.
const SUFFIX: &str = ".container";

/// A lock that is held as long as this value lives.
pub(crate) struct Lock {
    file: File,
    /// The lock's own file, and the folder without which nobody needs it any more.
    lasts_with: Option<(PathBuf, PathBuf)>,
}

impl Lock {
    /// Waits for the lock of a container.
    pub(crate) fn container(world: &World, id: &str) -> Result<Self> {
        let path = container_path(world, id);
        let mut lock = Self::wait(&path)?;
        lock.lasts_with = Some((path, world.container(id)));
        Ok(lock)
    }

    /// The lock of a container, unless another process has it.
    pub(crate) fn try_container(world: &World, id: &str) -> Option<Self> {
        Self::attempt(container_path(world, id), world.container(id))
    }

    /// The lock of a network that is made or removed, unless another process has it.
    pub(crate) fn try_network(world: &World, name: &str) -> Option<Self> {
        let path = world.locks().join(format!("{name}.network"));
        Self::attempt(path, world.networks().join(name))
    }

    fn attempt(path: PathBuf, folder: PathBuf) -> Option<Self> {
        loop {
            let file = open(&path).ok()?;
            flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
            // As in `wait`.
            if is_at(&file, &path) {
                let lasts_with = Some((path, folder));
                return Some(Self { file, lasts_with });
            }
        }
    }

    /// Removes the lock files of killed processes whose containers never came to be, or are gone.
    pub(crate) fn sweep_containers(world: &World) {
        let entries = fs::read_dir(world.locks()).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            if let Some(id) = id.filter(|id| !world.container(id).exists()) {
                // Dropped at once, and with it the file, unless a process holds it.
                drop(Self::try_container(world, id));
            }
        }
    }

    /// Waits for the lock that guards networks and addresses.
    pub(crate) fn networks(world: &World) -> Result<Self> {
        Self::wait(&world.locks().join("networks"))
    }

    /// Waits for the lock that guards volumes.
    pub(crate) fn volumes(world: &World) -> Result<Self> {
        Self::wait(&world.locks().join("volumes"))
    }

    /// For work on the image store, beside other such work: waits only for who wants to be alone.
    pub(crate) fn images(world: &World) -> Result<Self> {
        let path = images_path(world);
        let file = open(&path)?;
        flock(&file, FlockOperation::LockShared)
            .context(|| format!("cannot lock {}", path.display()))?;
        Ok(Self {
            file,
            lasts_with: None,
        })
    }

    /// The image store for this call alone, unless other work on it goes on.
    pub(crate) fn try_images_alone(world: &World) -> Option<Self> {
        let file = open(&images_path(world)).ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Self {
            file,
            lasts_with: None,
        })
    }

    /// Waits for the lock of `system start` and `system stop`.
    pub(crate) fn service(world: &World) -> Result<Self> {
        Self::wait(&world.locks().join("service"))
    }

    /// Waits for the lock that all app roots of the host share.
    pub(crate) fn host() -> Result<Self> {
        Self::wait(&World::host_lock())
    }

    /// The same lock for a child process as its stdin: should this process be killed, the lock is
    /// held until the child has ended too.
    pub(crate) fn for_child(&self) -> Result<Stdio> {
        let file = self.file.try_clone();
        Ok(Stdio::from(
            file.context(|| "cannot hand on a lock".into())?,
        ))
    }

    fn wait(path: &Path) -> Result<Self> {
        loop {
            let file = open(path)?;
            flock(&file, FlockOperation::LockExclusive)
                .context(|| format!("cannot lock {}", path.display()))?;
            // The holder before may have removed the file while this call waited for it.
            if is_at(&file, path) {
                return Ok(Self {
                    file,
                    lasts_with: None,
                });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Still held: whoever waits for this very file sees that it is gone, and opens a new one.
        if let Some((path, folder)) = &self.lasts_with
            && !folder.exists()
        {
            let _ = fs::remove_file(path);
        }
    }
}

fn images_path(world: &World) -> PathBuf {
    world.locks().join("images")
}

fn container_path(world: &World, id: &str) -> PathBuf {
    world.locks().join(format!("{id}{SUFFIX}"))
}

/// Whether the file at `path` is this very one.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(file), Ok(named)) => (file.dev(), file.ino()) == (named.dev(), named.ino()),
        _ => false,
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
