//! What passes between a process in a container and the caller of this program.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::mpsc;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::error::{Context, Result};

/// Signals handed on to the process.
const FORWARDED: [i32; 6] = [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH];

/// How long output may follow after the end of the process, as from its own children.
pub(super) const LATE_OUTPUT: Duration = Duration::from_secs(3);

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

/// Copies all, each part as it comes. Fails when it cannot be written.
pub(super) fn copy(mut from: impl Read, mut to: File) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(&buffer[..count])?,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Ok(()),
        }
    }
}
