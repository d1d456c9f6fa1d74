//! Ctrl-C and SIGTERM: the first cancels what goes on, the second ends the program at once.

use std::io::{self, Write};

use engine::{Error, ErrorCode, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::progress::screen::RESTORE;

/// Listens from now on; the token is cancelled by the first signal.
pub(crate) fn listen(paints: bool) -> Result<CancellationToken> {
    let listen = |kind| {
        signal(kind).map_err(|error| {
            Error::new(
                ErrorCode::Internal,
                format!("signals can't be received: {error}"),
            )
        })
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    let token = CancellationToken::new();
    let cancel = token.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => (),
                _ = terminate.recv() => (),
                _ = hang_up.recv() => (),
            }
            if cancel.is_cancelled() {
                if paints {
                    let _ = io::stderr().write_all(RESTORE.as_bytes());
                }
                std::process::exit(ErrorCode::Cancelled.exit_status().into());
            }
            cancel.cancel();
        }
    });
    Ok(token)
}
