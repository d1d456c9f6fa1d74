//! What passes between a process in a container and the caller of this program.

use std::fs::File;
use std::io::{ErrorKind, Read, Result as IoResult, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::error::{Context, Result};

/// Signals handed on to the process.
const FORWARDED: [i32; 6] = [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH];

/// How long output may follow after the end of the process, as from its own children.
const LATE_OUTPUT: Duration = Duration::from_secs(3);

/// From here on signals wait to be handed on.
pub(super) fn catch_signals() -> Result<Signals> {
    Signals::new(FORWARDED).context(|| "cannot catch signals".into())
}

/// Hands signals on, in the background.
pub(super) fn hand_on(mut signals: Signals, deliver: impl Fn(i32) + Send + 'static) {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || told.into_iter().for_each(deliver));
    std::thread::spawn(move || {
        let mut endings = 0;
        for signal in &mut signals {
            let _ = tell.send(signal);
            endings += u32::from(signal == SIGTERM || signal == SIGINT);
            if endings == 3 {
                let text = "Received 3 SIGINT/SIGTERM's, forcefully exiting.\n";
                let _ = std::io::stderr().write_all(text.as_bytes());
                std::process::exit(1);
            }
        }
    });
}

/// What is passed on at once.
const PART: usize = 64 * 1024;

/// Copies all, each part as it comes. Fails when it cannot be written.
pub(super) fn copy(mut from: impl Read, mut to: File) -> IoResult<()> {
    let mut buffer = vec![0; PART];
    while pass(&mut from, &mut to, &mut buffer)? > 0 {}
    Ok(())
}

/// Copies what a process writes, each part as it comes. `ended` hangs up when the process has
/// ended: what it had written by then is copied however slow its reader is, and what its own
/// children write goes on for a moment. Fails when it cannot be written.
pub(super) fn copy_output(mut from: File, mut to: File, ended: impl AsFd) -> IoResult<()> {
    let mut buffer = vec![0; PART];
    while !is_ready(&[from.as_fd(), ended.as_fd()], None)?[1] {
        if pass(&mut from, &mut to, &mut buffer)? == 0 {
            return Ok(());
        }
    }
    let mut left = usize::try_from(ioctl_fionread(&from)?).unwrap_or(usize::MAX);
    while left > 0 {
        let most = left.min(PART);
        match pass(&mut from, &mut to, &mut buffer[..most])? {
            0 => return Ok(()),
            count => left -= count,
        }
    }
    let end = Instant::now() + LATE_OUTPUT;
    while is_ready(&[from.as_fd()], Some(end))?[0] {
        if pass(&mut from, &mut to, &mut buffer)? == 0 {
            break;
        }
    }
    Ok(())
}

/// Passes one part on and says how large it was: none at the end, and when it can't be read.
fn pass(from: &mut impl Read, to: &mut File, buffer: &mut [u8]) -> IoResult<usize> {
    loop {
        match from.read(buffer) {
            Ok(count) => {
                to.write_all(&buffer[..count])?;
                return Ok(count);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Ok(0),
        }
    }
}

/// Waits until one of these can be read from, or has ended; until `end` at most.
fn is_ready(streams: &[BorrowedFd<'_>], end: Option<Instant>) -> IoResult<Vec<bool>> {
    let mut polled: Vec<PollFd<'_>> = streams
        .iter()
        .map(|stream| PollFd::from_borrowed_fd(*stream, PollFlags::IN))
        .collect();
    loop {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let left = left.map(|left| Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        match poll(&mut polled, left.as_ref()) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let ready = polled.iter().map(|one| !one.revents().is_empty());
    Ok(ready.collect())
}
