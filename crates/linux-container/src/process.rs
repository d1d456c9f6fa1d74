//! Processes of running containers: found by the runtime's own state, held by descriptors.

use std::fs;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::Deserialize;

use crate::error::{Context, Result};
use crate::monitor;
use crate::world::World;

/// The command line of the runtime's program before it becomes the container's.
const RUNTIME: &[u8] = b"runc\0init\0";

/// How long that may take on a busy host.
const BEGIN: Duration = Duration::from_secs(10);

/// How often the runtime is told that a container runs which it takes for a stopped one, as it does
/// while another thread than the first executes a program. A first process executes few.
pub(crate) const MISTAKES: usize = 5;

/// The first process of a running container.
#[derive(Debug)]
pub(crate) struct Init {
    pub(crate) pid: i32,
    podman_id: String,
    handle: OwnedFd,
}

#[derive(Deserialize)]
struct RuntimeState {
    init_process_pid: i32,
    /// Clock ticks after boot; tells a process from a later one with its number.
    init_process_start: u64,
}

impl Init {
    /// The first process of a container by podman's id; none when it does not run.
    pub(crate) fn find(podman_id: &str) -> Option<Self> {
        let text = fs::read(monitor::state(podman_id).join("state.json")).ok()?;
        if monitor::is_prepared(podman_id) {
            return None;
        }
        let state: RuntimeState = serde_json::from_slice(&text).ok()?;
        Self::of(podman_id, &state)
    }

    fn of(podman_id: &str, state: &RuntimeState) -> Option<Self> {
        let handle =
            pidfd_open(Pid::from_raw(state.init_process_pid)?, PidfdFlags::empty()).ok()?;
        let init = Self {
            pid: state.init_process_pid,
            podman_id: podman_id.to_owned(),
            handle,
        };
        let same = started(init.pid)? == state.init_process_start;
        (same && !init.wait(Some(Duration::ZERO))).then_some(init)
    }

    /// Sends a signal. That the process has gone meanwhile is no error: callers wanted that.
    pub(crate) fn signal(&self, number: i32) -> Result<()> {
        if let Some(signal) = Signal::from_named_raw(number) {
            let _ = pidfd_send_signal(&self.handle, signal);
            return Ok(());
        }
        // The safe interface of the system knows named signals only, not SIGRTMIN+3.
        for _ in 0..=MISTAKES {
            if !self.begun() {
                break;
            }
            let status = Command::new("runc")
                .args(["kill", &self.podman_id, &number.to_string()])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .context(|| "cannot run runc".into())?;
            if status.success() {
                break;
            }
        }
        Ok(())
    }

    /// Waits until the container's own program runs in the process; false when it has ended.
    ///
    /// A start is told done when the runtime's program is about to become the container's. While it
    /// does, the process has no root that could be opened, and the runtime takes it for a dead one.
    pub(crate) fn begun(&self) -> bool {
        let end = Instant::now() + BEGIN;
        loop {
            let line = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
            if self.wait(Some(Duration::ZERO)) {
                return false;
            }
            let becoming = line.is_empty() || line == RUNTIME;
            if !becoming || Instant::now() > end {
                return true;
            }
            // Nothing tells of it: looked for again at once, or told of the end.
            if self.wait(Some(Duration::from_millis(1))) {
                return false;
            }
        }
    }

    /// Whether the process is past its last instruction. It has no memory then, but lasts until all
    /// others of its container are gone.
    pub(crate) fn is_ending(&self) -> bool {
        let pages = fs::read_to_string(format!("/proc/{}/statm", self.pid)).unwrap_or_default();
        pages.split_whitespace().all(|count| count == "0")
    }

    /// Waits for the end of the process; false when the time is over first.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> bool {
        wait(&self.handle, limit)
    }

    /// A descriptor that becomes readable when the process ends.
    pub(crate) fn handle(&self) -> &OwnedFd {
        &self.handle
    }
}

/// Waits for the end of any process; one that is gone has ended.
pub(crate) fn wait_for(pid: i32, limit: Duration) {
    if let Some(pid) = Pid::from_raw(pid)
        && let Ok(handle) = pidfd_open(pid, PidfdFlags::empty())
    {
        wait(&handle, Some(limit));
    }
}

/// Running podman processes of a world that were called for a container.
pub(crate) fn podmen(world: &World, id: &str) -> Vec<OwnedFd> {
    let configuration = format!(
        "CONTAINERS_CONF={}",
        world.podman().join("containers.conf").display()
    );
    let ours = |pid: i32| -> Option<OwnedFd> {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let podman = words.first()?.ends_with(b"podman") && words.contains(&id.as_bytes());
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let here = environment
            .split(|byte| *byte == 0)
            .any(|v| v == configuration.as_bytes());
        if !(podman && here) {
            return None;
        }
        pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()
    };
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| ours(entry.file_name().to_str()?.parse().ok()?))
        .collect()
}

pub(crate) fn wait(handle: &OwnedFd, limit: Option<Duration>) -> bool {
    let end = limit.map(|limit| Instant::now() + limit);
    loop {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let left = left.map(|left| Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        let mut fds = [PollFd::new(handle, PollFlags::IN)];
        match poll(&mut fds, left.as_ref()) {
            Ok(0) => return false,
            Ok(_) => return true,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// When a process started, in clock ticks after boot.
///
/// Its state stands there, too, but is that of its first thread. While the runtime's own program,
/// which has several, becomes the container's, that one is a zombie for a moment.
fn started(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may itself contain blanks and parentheses.
    let mut fields = text[text.rfind(')')? + 1..].split_whitespace();
    fields.nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process whose first thread has ended, as it is for a moment when another thread executes
    /// a program.
    const HEADLESS: &str = "import ctypes, threading, time\n\
        threading.Thread(target=time.sleep, args=(1000,)).start()\n\
        ctypes.CDLL(None).pthread_exit(None)";

    fn init(child: &std::process::Child) -> Init {
        let pid = i32::try_from(child.id()).expect("a number");
        let state = RuntimeState {
            init_process_pid: pid,
            init_process_start: started(pid).expect("it is there"),
        };
        Init::of("id", &state).expect("it runs")
    }

    #[test]
    fn a_process_has_begun_when_the_runtime_has_become_it() {
        use std::io::{Read, Write};
        use std::os::unix::process::CommandExt;

        let folder = tempfile::tempdir().expect("a folder");
        let script = "echo; read line; exec sleep 1000";
        fs::write(folder.path().join("init"), script).expect("written");
        let mut child = Command::new("sh")
            .arg0("runc")
            .arg("init")
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh runs");
        let mut stdout = child.stdout.take().expect("piped");
        stdout.read_exact(&mut [0]).expect("it reads on");
        let init = init(&child);
        let mut stdin = child.stdin.take().expect("piped");
        std::thread::scope(|scope| {
            let begun = scope.spawn(|| init.begun());
            std::thread::sleep(Duration::from_millis(50));
            assert!(!begun.is_finished(), "it is still the runtime");
            stdin.write_all(b"\n").expect("it reads");
            assert!(begun.join().expect("no panic"));
        });
        let line = fs::read(format!("/proc/{}/cmdline", init.pid)).expect("it runs");
        assert_eq!(line, b"sleep\x001000\0");
        assert!(!init.is_ending());
        init.signal(9).expect("killed");
        assert!(init.wait(Some(Duration::from_secs(20))));
        assert!(!init.begun());
        assert!(init.is_ending());
        child.wait().expect("it ended");
    }

    #[test]
    fn a_process_lives_as_long_as_one_of_its_threads() {
        let mut child = Command::new("python3")
            .args(["-c", HEADLESS])
            .spawn()
            .expect("python3 runs");
        let pid = i32::try_from(child.id()).expect("a number");
        let stat = format!("/proc/{pid}/stat");
        let end = Instant::now() + Duration::from_secs(20);
        while !fs::read_to_string(&stat).is_ok_and(|text| text.contains(") Z ")) {
            assert!(Instant::now() < end, "its first thread does not end");
            std::thread::yield_now();
        }
        let state = RuntimeState {
            init_process_pid: pid,
            init_process_start: started(pid).expect("it is there"),
        };
        let init = Init::of("id", &state).expect("it runs");
        init.signal(9).expect("killed");
        assert!(init.wait(Some(Duration::from_secs(20))));
        // Not waited for yet: a zombie altogether.
        assert!(Init::of("id", &state).is_none());
        child.wait().expect("it ended");
        assert!(Init::of("id", &state).is_none());
    }
}
