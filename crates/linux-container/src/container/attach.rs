//! The second half of `run` and `start --attach`: the first process with the caller's streams.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc;

use rustix::io::dup;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::{Container, streams};
use crate::error::{Context, Error, Result};
use crate::monitor;
use crate::podman::{Podman, unavailable};
use crate::process::Init;
use crate::world::World;

/// Status of a call whose output nobody reads any more: that of a program that writes to a pipe
/// without a reader.
const UNREAD: u8 = 128 + 13;

/// Attaches to a prepared container, which starts it, and returns the status of its process.
///
/// On a terminal podman takes the place of this program.
pub(crate) fn attach(world: &World, id: &str, interactive: bool) -> Result<u8> {
    let podman = Podman::new(world);
    // No key is podman's: all belong to the process.
    let mut words = vec!["start", "--attach", "--detach-keys", ""];
    if interactive {
        words.push("--interactive");
    }
    let container = Container::get(world, id)?;
    let terminal = container.record.configuration.init_process.terminal;
    words.push(if terminal {
        "--sig-proxy"
    } else {
        // One that comes before podman hands signals on would end podman.
        "--sig-proxy=false"
    });
    words.push(id);
    if terminal {
        let mut command = podman.command(words);
        if !interactive {
            command.stdin(Stdio::null());
        }
        return Err(unavailable(&command.exec()));
    }
    let signals = streams::catch_signals()?;
    let mut command = podman.mortal(words);
    let relayed = interactive && std::io::stdin().is_terminal();
    command.stdin(match (interactive, relayed) {
        (false, _) => Stdio::null(),
        (true, false) => Stdio::inherit(),
        (true, true) => Stdio::piped(),
    });
    // In a group of its own no key of a terminal reaches it but through this program, and so it
    // could not read from one.
    let child = command
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| unavailable(&e))?;
    let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())
        .context(|| "cannot wait for podman".into())?;
    let podman_id = container.stored.id;
    streams::hand_on(signals, move |signal| {
        monitor::wait_for_start(&podman_id);
        if let Some(init) = Init::find(&podman_id).filter(Init::begun) {
            let _ = init.signal(signal);
        }
    });
    passed(child, &handle)
}

/// What becomes of a call.
enum Event {
    /// One of the two streams is copied to its end, or cannot be.
    Copied(std::io::Result<()>),
    Ended(std::io::Result<ExitStatus>),
}

/// Passes the streams on until the process has ended, or nobody reads what it writes.
fn passed(mut child: Child, handle: &OwnedFd) -> Result<u8> {
    let what = || "cannot pass on the output".to_owned();
    if let Some(to) = child.stdin.take() {
        let to = File::from(OwnedFd::from(to));
        std::thread::spawn(move || streams::copy(std::io::stdin(), to));
    }
    let (tell, told) = mpsc::channel();
    let (ended, running) = std::io::pipe().context(what)?;
    let out = child.stdout.take().map(OwnedFd::from);
    let err = child.stderr.take().map(OwnedFd::from);
    for (from, to) in [(out, dup(std::io::stdout())), (err, dup(std::io::stderr()))] {
        let to = File::from(to.context(what)?);
        let ended = ended.try_clone().context(what)?;
        let tell = tell.clone();
        std::thread::spawn(move || {
            let copied = from.map_or(Ok(()), |from| {
                streams::copy_output(File::from(from), to, ended)
            });
            let _ = tell.send(Event::Copied(copied));
        });
    }
    std::thread::spawn(move || {
        let status = child.wait();
        drop(running);
        let _ = tell.send(Event::Ended(status));
    });
    let mut copied = 0;
    let status = loop {
        match told.recv().context(what)? {
            Event::Ended(status) => break status.context(what)?,
            Event::Copied(Ok(())) => copied += 1,
            Event::Copied(Err(error)) => {
                // The process in the container goes on; only this call ends.
                let _ = pidfd_send_signal(handle, Signal::KILL);
                return match error.kind() {
                    ErrorKind::BrokenPipe => Ok(UNREAD),
                    _ => Err(Error::internal(format!("cannot write the output: {error}"))),
                };
            }
        }
    };
    while copied < 2 && told.recv().is_ok() {
        copied += 1;
    }
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
