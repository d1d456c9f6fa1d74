//! Temporary folders that do not outlive their use, not even when the program is killed: each is
//! locked while it is used, and the next use removes those that nobody holds any more.

use std::fs::{self, File};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use crate::error::{Context, Result};
use crate::world::World;

const PREFIX: &str = "scratch-";

/// A folder in the app root, removed with this value.
pub(crate) struct Scratch {
    folder: TempDir,
    #[expect(dead_code, reason = "an open file holds the lock")]
    lock: File,
}

impl Scratch {
    pub(crate) fn new(world: &World) -> Result<Self> {
        let parent = world.temporary();
        sweep(&parent);
        let what = || "cannot create a temporary folder".to_owned();
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(&parent)
            .context(what)?;
        let lock = File::open(folder.path()).context(what)?;
        flock(&lock, FlockOperation::LockExclusive).context(what)?;
        Ok(Self { folder, lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(folder) = File::open(entry.path()) else {
            continue;
        };
        // One that was made this moment may not be locked yet.
        if flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok() && !is_new(&folder) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Made within the last minute.
fn is_new(folder: &File) -> bool {
    let made = folder.metadata().and_then(|meta| meta.modified());
    made.is_ok_and(|time| time.elapsed().is_ok_and(|age| age.as_secs() < 60))
}
