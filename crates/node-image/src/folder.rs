//! Folders for making base images. They do not outlive their use, not even when this program is
//! killed: each is locked while it is used, and the next build removes those that nobody holds any
//! more, with the programs that still work in them.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use tempfile::TempDir;

use crate::error::{Error, Result};

const PREFIX: &str = "apple-k8s-base-";

/// How long killed programs may take to be gone.
const GRACE: Duration = Duration::from_secs(10);

/// A temporary folder, removed with this value.
pub(crate) struct Folder {
    folder: TempDir,
    #[expect(dead_code, reason = "an open file holds the lock")]
    lock: File,
}

impl Folder {
    pub(crate) fn new() -> Result<Self> {
        let io = |e| Error::io("make a folder in", &std::env::temp_dir(), e);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            // apt downloads as a user of its own.
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()
            .map_err(io)?;
        let lock = File::open(folder.path()).map_err(io)?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|e| io(e.into()))?;
        Ok(Self { folder, lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders of builds that were killed.
pub(crate) fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // Anybody may put a link of that name where temporary files are.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(folder) = rustix::fs::open(entry.path(), flags, Mode::empty()).map(File::from)
        else {
            continue;
        };
        // One that was made this moment may not be locked yet.
        if is_own(&folder)
            && !is_new(&folder)
            && flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            let path = entry.path();
            end_programs(&path);
            if let Err(error) = fs::remove_dir_all(&path) {
                tracing::warn!(%error, folder = %path.display(), "a killed build's folder stays");
            }
        }
    }
}

fn is_own(folder: &File) -> bool {
    let user = rustix::process::geteuid().as_raw();
    folder.metadata().is_ok_and(|meta| meta.uid() == user)
}

/// Changed within the last minute.
fn is_new(folder: &File) -> bool {
    let changed = folder.metadata().and_then(|meta| meta.modified());
    changed.is_ok_and(|time| time.elapsed().is_ok_and(|age| age.as_secs() < 60))
}

/// Kills the programs that work in a folder, and waits until they are gone. Their mounts go with
/// them: those are in namespaces of their own.
fn end_programs(folder: &Path) {
    let end = Instant::now() + GRACE;
    loop {
        let programs = programs(folder);
        if programs.is_empty() {
            return;
        }
        for program in &programs {
            kill(program);
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let left = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(0),
                tv_nsec: left.subsec_nanos().into(),
            };
            let _ = poll(&mut [PollFd::new(program, PollFlags::IN)], Some(&left));
        }
    }
}

#[cfg(target_os = "linux")]
fn kill(program: &OwnedFd) {
    let _ = rustix::process::pidfd_send_signal(program, rustix::process::Signal::KILL);
}

/// Processes whose folder or root is in this one, held so that none is taken for a later one.
#[cfg(target_os = "linux")]
fn programs(folder: &Path) -> Vec<OwnedFd> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    let works_here = |process: &Path| {
        let places = ["cwd", "root"].map(|name| fs::read_link(process.join(name)));
        places.into_iter().flatten().any(|p| p.starts_with(folder))
    };
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let id: i32 = entry.file_name().to_str()?.parse().ok()?;
            let program = pidfd_open(Pid::from_raw(id)?, PidfdFlags::empty()).ok()?;
            works_here(&entry.path()).then_some(program)
        })
        .collect()
}

// Base images are made from packages on Linux alone.
#[cfg(not(target_os = "linux"))]
fn kill(_: &OwnedFd) {}

#[cfg(not(target_os = "linux"))]
fn programs(_: &Path) -> Vec<OwnedFd> {
    Vec::new()
}
