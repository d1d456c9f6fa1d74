//! podman's own process beside a container (conmon), and what the runtime remembers of a run.
//!
//! Both outlive a podman that is killed while it starts a container: the monitor goes on, has the
//! runtime prepare the process, and then waits for one that nobody will ever tell to start.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::process::wait;
use crate::world::World;

/// Between two looks at what is left of a run.
const LOOK: Duration = Duration::from_millis(100);

/// The process beside a container; it cleans up after it.
pub(crate) struct Monitor(OwnedFd);

impl Monitor {
    /// The monitor of the last run, if it is still there.
    pub(crate) fn find(world: &World, podman_id: &str) -> Option<Self> {
        let path = world
            .run()
            .join("storage/overlay-containers")
            .join(podman_id)
            .join("userdata/conmon.pid");
        let pid: i32 = fs::read_to_string(path).ok()?.trim().parse().ok()?;
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        if name.trim() != "conmon" {
            return None;
        }
        Some(Self(
            pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?,
        ))
    }

    /// Waits until podman has cleaned up.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        wait(&self.0, Some(limit))
    }
}

/// Where the runtime remembers a container from its preparation to its removal.
pub(crate) fn state(podman_id: &str) -> PathBuf {
    PathBuf::from("/run/runc").join(podman_id)
}

/// Whether the runtime has prepared a process that was not told to start yet.
pub(crate) fn is_prepared(podman_id: &str) -> bool {
    state(podman_id).join("exec.fifo").exists()
}

/// Waits until the runtime has told a prepared process to start: it then removes a file.
pub(crate) fn wait_for_start(podman_id: &str) {
    use rustix::fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init};
    let Ok(notify) = init(CreateFlags::CLOEXEC) else {
        return;
    };
    let flags = WatchFlags::DELETE | WatchFlags::DELETE_SELF;
    if add_watch(&notify, state(podman_id), flags).is_err() {
        return;
    }
    let mut space = [std::mem::MaybeUninit::uninit(); 4096];
    let mut reader = Reader::new(&notify, &mut space);
    while is_prepared(podman_id) {
        if reader.next().is_err() {
            return;
        }
    }
}

/// Whether anything of a run is left, going by the files that name it.
pub(crate) fn is_left(world: &World, podman_id: &str) -> bool {
    state(podman_id).exists() || Monitor::find(world, podman_id).is_some()
}

/// Ends what is left of a run that has no process (any more). A monitor that is cleaning up gets
/// the time to do so; one that waits for a process that was never told to start does not.
pub(crate) fn end(podman_id: &str, limit: Duration) {
    let deadline = Instant::now() + limit;
    loop {
        let left = Beside::all(podman_id);
        if left.is_empty() {
            break;
        }
        let time = deadline.saturating_duration_since(Instant::now());
        if time.is_zero() {
            left.iter().for_each(Beside::kill);
        } else if let Some(call) = left.iter().find(|process| process.is_call) {
            // In the middle of it, nothing is there yet that could be deleted.
            wait(&call.handle, Some(time));
            continue;
        } else if is_prepared(podman_id) {
            delete(podman_id);
        }
        wait(&left[0].handle, Some(LOOK));
    }
    if state(podman_id).exists() {
        delete(podman_id);
    }
}

/// Makes the runtime kill and forget a container.
fn delete(podman_id: &str) {
    // What it says matters less than what is there afterwards, which is looked at.
    let _ = Command::new("runc")
        .args(["delete", "--force", podman_id])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// A monitor, or a call of the runtime that prepares a process. They are known by their command
/// lines: a start that was cut may not have written down yet who they are.
struct Beside {
    handle: OwnedFd,
    is_call: bool,
}

impl Beside {
    fn all(podman_id: &str) -> Vec<Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| Self::of(entry.file_name().to_str()?.parse().ok()?, podman_id))
            .collect()
    }

    fn of(pid: i32, podman_id: &str) -> Option<Self> {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let (program, words) = words.split_first()?;
        let is_call = program.ends_with(b"runc") && words.contains(&b"create".as_slice());
        let is_monitor = program.ends_with(b"conmon");
        if !(is_call || is_monitor) || !words.contains(&podman_id.as_bytes()) {
            return None;
        }
        let handle = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
        Some(Self { handle, is_call })
    }

    fn kill(&self) {
        let _ = pidfd_send_signal(&self.handle, Signal::KILL);
    }
}
