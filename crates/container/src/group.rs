//! A running program and everything it started, ended together.
//!
//! Every call runs in a process group of its own, so a Ctrl-C at the terminal reaches only our
//! own program, which then decides; and ending a call ends its children too.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long a program may take to end after SIGTERM. `container` forwards the signal into the
/// guest for `exec`, so this is time for the guest program too.
pub(crate) const GRACE: Duration = Duration::from_secs(3);

/// A running program, leader of its process group. Dropping it ends the whole group.
#[derive(Debug)]
pub(crate) struct Group {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    id: Option<Pid>,
}

impl Group {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let id = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        Ok(Self {
            running: Some(Running { child, id }),
        })
    }

    pub(crate) fn child(&mut self) -> Option<&mut Child> {
        self.running.as_mut().map(|running| &mut running.child)
    }

    /// Waits for the program. Its children may go on: a call that ended by itself may have
    /// started something that is meant to stay.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let Some(running) = self.running.as_mut() else {
            return Err(io::Error::other("the program was waited for already"));
        };
        let status = running.child.wait().await?;
        self.running = None;
        Ok(status)
    }

    /// Ends the whole group: SIGTERM, some time, SIGKILL.
    pub(crate) async fn end(&mut self) {
        if let Some(running) = self.running.take() {
            Condemned(running).end().await;
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        let mut condemned = Condemned(running);
        // Without a runtime there is nobody to wait: `Condemned` then kills at once.
        if let Ok(runtime) = Handle::try_current() {
            condemned.0.signal(Signal::TERM);
            runtime.spawn(async move { condemned.end().await });
        }
    }
}

impl Running {
    fn signal(&self, signal: Signal) {
        if let Some(id) = self.id {
            // The group may be gone by now, and that is what is wanted.
            let _ = kill_process_group(id, signal);
        }
    }
}

/// A group on its way out. When dropped, also in the middle because the runtime shuts down,
/// what is left of it is killed.
struct Condemned(Running);

impl Condemned {
    async fn end(&mut self) {
        self.0.signal(Signal::TERM);
        if timeout(GRACE, self.0.child.wait()).await.is_err() {
            self.0.signal(Signal::KILL);
            let _ = self.0.child.wait().await;
        }
    }
}

impl Drop for Condemned {
    fn drop(&mut self) {
        self.0.signal(Signal::KILL);
    }
}
